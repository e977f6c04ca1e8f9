import { writeFileSync } from "node:fs";
import type { SandboxContext } from "../context.ts";
import { describeReport, summarize } from "./report.ts";
import { stackOf, type Act } from "./act.ts";
import { readCommand } from "./command.ts";
import { playActs } from "./play.ts";
import { Scene } from "./scene.ts";
import { Stacks } from "./stacks.ts";

/** Plays the lab's acts, or those of the tour, and reports what came of them; gives the exit code, 0 only when everything held. */
export async function runLab(args: readonly string[], context: SandboxContext): Promise<number> {
    const command = readCommand(args);
    if ("says" in command) {
        console.log(command.says);
        return command.code;
    }
    const { log, ending } = context;
    for (const line of context.engine) {
        log(line);
    }
    const stacks = new Stacks(context);
    bringUpAhead(command.acts, stacks, log);
    const sceneOf = (act: Act, actLog: (line: string) => void): Scene => new Scene(act, context, stacks, actLog);
    const reports = await playActs(command.acts, sceneOf, { log, ending });

    const report = summarize(reports, context.engine);
    console.log(`\n${describeReport(report)}\n`);
    for (const { name, error } of reports) {
        if (error !== undefined) {
            console.log(`act ${name} broke off:\n${error}\n`);
        }
    }
    if (command.report !== undefined) {
        writeFileSync(command.report, `${JSON.stringify(report, undefined, 2)}\n`);
    }
    console.log(`${report.passed} passed, ${report.failed} failed`);
    return report.ok ? 0 : 1;
}

/** Begins to bring up the stacks of acts that have one of their own, while the acts before them are played. */
function bringUpAhead(acts: readonly Act[], stacks: Stacks, log: (line: string) => void): void {
    for (const act of acts) {
        const { settings } = act;
        const name = stackOf(act);
        if (settings && name !== "lab") {
            log(`act ${act.name} has a stack of its own, which is brought up meanwhile`);
            void stacks.stack(name).then(
                (stack) => {
                    stack.begin(settings, () => undefined);
                },
                // The act itself tells, when it needs the stack.
                () => undefined,
            );
        }
    }
}
