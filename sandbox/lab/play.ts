import { messageOf } from "../cache/process.ts";
import type { SandboxContext } from "../context.ts";
import { LAST, type Act } from "./act.ts";
import type { Predictions } from "./predict.ts";
import { verdictLine, type ActReport, type LateVerdict, type Verdict } from "./report.ts";

/** Where an act is played. */
export interface Stage {
    /** Brings the act's stack up with the act's settings. */
    prepare(): Promise<void>;
    /** Undoes the act's changes; throws after it has tried all of them, if any failed. */
    cleanUp(): Promise<void>;
    /** How many resources were created, deleted and so on. */
    readonly changes: ActReport["changes"];
}

/** Returns the stage of an act, which writes its progress to `log`. */
type StageOf<S> = (act: Act<S>, log: (line: string) => void) => S;

/**
 * Plays acts one after another; an act's errors become part of its report. After an act that failed or could not be undone,
 * the other acts on the same stack are skipped, except the last one, which destroys. An aborted run skips that one too: the
 * account ends with the sandbox. Verdicts that can wait are asked for beside the last act. With predictions, what an act shows
 * is told after them.
 */
export async function playActs<S extends Stage>(
    acts: readonly Act<S>[],
    stageOf: StageOf<S>,
    { log, ending }: Pick<SandboxContext, "log" | "ending">,
    predictions?: Pick<Predictions, "ask">,
): Promise<ActReport[]> {
    const played: Played[] = [];
    let beforeLast: Promise<ActReport[]> | undefined;
    const broken = new Set<string>();
    for (const [index, act] of acts.entries()) {
        const { name, stack = "lab", shows, rule } = act;
        if (ending.aborted) {
            break;
        }
        if (name !== LAST && broken.has(stack)) {
            log(`\nact ${index + 1}, ${name}: skipped, because an earlier act on the same stack failed`);
            continue;
        }
        log(`\nact ${index + 1}, ${name}${predictions ? "" : `: ${shows}`}\n  ${rule}`);
        if (name === LAST) {
            beforeLast = reportsOf(played.splice(0), ending);
        }
        const one = await playOne(act, stageOf, log, predictions);
        played.push(one);
        if (one.errors.length > 0) {
            broken.add(stack);
        }
    }
    return [...((await beforeLast) ?? []), ...(await reportsOf(played, ending))];
}

/** An act that was played. */
interface Played {
    readonly told: Omit<ActReport, "error">;
    /** Verdicts that are yet to be given. */
    readonly late: readonly LateVerdict[];
    readonly errors: readonly string[];
}

/** The reports of acts. Asks for the verdicts that could wait, one after another, so as not to be in the way. */
async function reportsOf(played: readonly Played[], ending: AbortSignal): Promise<ActReport[]> {
    const reports = [];
    for (const one of played) {
        reports.push(await reportOf(one, ending));
    }
    return reports;
}

async function reportOf({ told, late, errors: before }: Played, ending: AbortSignal): Promise<ActReport> {
    const errors = [...before];
    const verdicts = [...told.verdicts];
    for (const verdict of late) {
        try {
            if (ending.aborted) {
                throw new Error("the run ended before all of its verdicts were in");
            }
            verdicts.push(await verdict());
        } catch (error) {
            errors.push(messageOf(error));
        }
    }
    return { ...told, verdicts, error: errors.join("\n") || undefined };
}

async function playOne<S extends Stage>(
    act: Act<S>,
    stageOf: StageOf<S>,
    log: SandboxContext["log"],
    predictions: Pick<Predictions, "ask"> | undefined,
): Promise<Played> {
    const { name, shows, rule } = act;
    let start = performance.now();
    const seconds = (): number => (performance.now() - start) / 1000;
    const actLog = (line: string): void => {
        log(`  ${seconds().toFixed(1).padStart(5)} s  ${line}`);
    };
    const stage = stageOf(act, actLog);
    const errors: string[] = [];
    const failed = (error: unknown): [] => {
        errors.push(messageOf(error));
        return [];
    };
    const played: readonly (Verdict | LateVerdict)[] = await stage
        .prepare()
        .then(() => act.play(stage))
        .catch(failed);
    const verdicts = played.filter((one): one is Verdict => typeof one !== "function");
    const late = played.filter((one) => typeof one === "function");
    if (predictions) {
        const asked = performance.now();
        await predictions.ask(verdicts);
        // The act's time is without the person's.
        start += performance.now() - asked;
        log(`\n  ${shows}`);
    }
    for (const verdict of verdicts) {
        actLog(verdictLine(verdict));
    }
    await stage.cleanUp().catch(failed);
    return { told: { name, shows, rule, seconds: seconds(), changes: stage.changes, verdicts }, late, errors };
}
