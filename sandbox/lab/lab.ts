import { writeFileSync } from "node:fs";
import type { SandboxContext } from "../context.ts";
import type { Act } from "./act.ts";
import { actsNamed } from "./acts/acts.ts";
import type { LabCommand } from "./command.ts";
import { playActs, type Stage } from "./play.ts";
import { describeReport, summarize } from "./report.ts";
import { Scene } from "./scene.ts";
import { Stacks } from "./stacks.ts";

/** Plays acts and reports what came of them; gives the exit code, 0 only when everything held. */
export async function runLab({ acts: names, report: file }: LabCommand, context: SandboxContext): Promise<number> {
    const { log, ending, engine } = context;
    engine.forEach(log);
    const acts = actsNamed(names);
    const stacks = new Stacks(context);
    bringUpAhead(acts, stacks, log);
    const stage: Stage = (act, actLog) => {
        const scene = new Scene(act, context, stacks, actLog);
        return {
            prepare: () => scene.prepare(),
            play: () => act.play(scene),
            cleanUp: () => scene.cleanUp(),
            changes: () => scene.changes,
        };
    };
    const reports = await playActs(acts, stage, { log, ending });

    const report = summarize(reports, engine);
    console.log(`\n${describeReport(report)}\n`);
    for (const { name, error } of reports) {
        if (error !== undefined) {
            console.log(`act ${name} broke off:\n${error}\n`);
        }
    }
    if (file !== undefined) {
        writeFileSync(file, `${JSON.stringify(report, undefined, 2)}\n`);
    }
    console.log(`${report.passed} passed, ${report.failed} failed`);
    return report.ok ? 0 : 1;
}

/** Begins to bring up the stacks of acts that have one of their own, while the acts before them are played. */
function bringUpAhead(acts: readonly Act[], stacks: Stacks, log: (line: string) => void): void {
    for (const { name, stack = "lab", settings } of acts) {
        if (settings && stack !== "lab") {
            log(`act ${name} has a stack of its own, which is brought up meanwhile`);
            void stacks.stack(stack).then(
                (opened) => {
                    opened.begin(settings, () => undefined);
                },
                // The act itself reports it, when it needs the stack.
                () => undefined,
            );
        }
    }
}
