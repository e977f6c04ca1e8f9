import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import type { SandboxContext } from "../context.ts";
import type { Act } from "./act.ts";
import { actsNamed } from "./acts/acts.ts";
import type { Album } from "./album.ts";
import type { LabCommand } from "./command.ts";
import { playActs } from "./play.ts";
import { Predictions, scoreLine } from "./predict.ts";
import { describeReport, summarize } from "./report.ts";
import { Scene } from "./scene.ts";
import { Stacks } from "./stacks.ts";
import { waitForPerson, type OpenShell } from "./step.ts";
import type { Telling } from "./telling.ts";

/** Plays acts and prints their report; returns the exit code, which is 0 only if all verdicts hold. */
export async function runLab(
    { acts: names, report: file, html, predict, step, verbose: isVerbose }: LabCommand,
    context: SandboxContext,
    openShell: OpenShell,
): Promise<number> {
    const { log, engine } = context;
    engine.forEach(log);
    const acts = actsNamed(names);
    const stacks = new Stacks(context);
    bringUpAhead(acts, stacks, log);
    // Loaded only where there is something to draw.
    const pictures = html === undefined ? undefined : await import("./album.ts");
    const albums = new Map<string, Album>();
    const stageOf = (act: Act, telling: Telling) => {
        const album = pictures && new pictures.Album();
        if (album) {
            albums.set(act.name, album);
        }
        return new Scene(act, context, stacks, telling, album);
    };
    const terminal = { input: process.stdin, output: process.stderr };
    const predictions = predict ? new Predictions(terminal, context.ending) : undefined;
    const reports = await playActs(acts, stageOf, context, {
        predictions,
        step: step ? () => waitForPerson(context, openShell) : undefined,
        isVerbose,
    });
    predictions?.close();

    const report = { ...summarize(reports, engine), ...(predictions && { predictions: predictions.score }) };
    console.log(`\n${describeReport(report)}\n`);
    for (const { name, error } of reports) {
        if (error !== undefined) {
            console.log(`act ${name} failed:\n${error}\n`);
        }
    }
    if (file !== undefined) {
        writeFileSync(file, `${JSON.stringify(report, undefined, 2)}\n`);
    }
    if (html !== undefined && pictures) {
        writeFileSync(html, pictures.labPage(report, albums));
        console.log(`pictures of all acts: ${resolve(html)}`);
    }
    console.log(`${report.passed} passed, ${report.failed} failed`);
    if (predictions) {
        console.log(scoreLine(predictions.score));
    }
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
