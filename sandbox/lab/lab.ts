import { writeFileSync } from "node:fs";
import type { SandboxContext } from "../context.ts";
import type { Act } from "./act.ts";
import { actsNamed } from "./acts/acts.ts";
import type { LabCommand } from "./command.ts";
import { playActs } from "./play.ts";
import { describeReport, summarize } from "./report.ts";
import { Scene } from "./scene.ts";
import { Stacks } from "./stacks.ts";

/** Plays acts and prints their report; returns the exit code, which is 0 only if all verdicts hold. */
export async function runLab({ acts: names, report: file }: LabCommand, context: SandboxContext): Promise<number> {
    const { log, engine } = context;
    engine.forEach(log);
    const acts = actsNamed(names);
    const stacks = new Stacks(context);
    bringUpAhead(acts, stacks, log);
    const reports = await playActs(acts, (act, actLog) => new Scene(act, context, stacks, actLog), context);

    const report = summarize(reports, engine);
    console.log(`\n${describeReport(report)}\n`);
    for (const { name, error } of reports) {
        if (error !== undefined) {
            console.log(`act ${name} failed:\n${error}\n`);
        }
    }
    if (file !== undefined) {
        writeFileSync(file, `${JSON.stringify(report, undefined, 2)}\n`);
    }
    console.log(`${report.passed} passed, ${report.failed} failed`);
    return report.ok ? 0 : 1;
}

/** Starts to bring up the stacks of acts that don't use the lab's stack, while earlier acts are played. */
function bringUpAhead(acts: readonly Act[], stacks: Stacks, log: (line: string) => void): void {
    for (const { name, stack = "lab", settings } of acts) {
        if (settings && stack !== "lab") {
            log(`act ${name} has its own stack, which is brought up in the background`);
            void stacks.stack(stack).then(
                (opened) => {
                    opened.begin(settings);
                },
                // The act reports the error when it needs the stack.
                () => undefined,
            );
        }
    }
}
