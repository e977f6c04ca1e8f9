import { messageOf } from "../cache/process.ts";
import type { SandboxContext } from "../context.ts";
import { LAST, type Act } from "./act.ts";
import type { Predictions } from "./predict.ts";
import { ActTelling, type Telling } from "./telling.ts";
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

/** Returns the stage of an act, which tells what happens there. */
type StageOf<S> = (act: Act<S>, telling: Telling) => S;

/** What comes between what an act does and what is undone. */
export interface Interludes {
    /** Asks the person to predict verdicts, before the act prints them. */
    readonly predictions?: Pick<Predictions, "ask"> | undefined;
    /** Waits for the person, while all that the act has made stands. */
    readonly step?: (() => Promise<void>) | undefined;
    /** Whether the act prints each change of a resource as it happens. */
    readonly isVerbose?: boolean;
}

/**
 * Plays acts one after another; an act's errors become part of its report. After an act that failed or could not be undone,
 * the other acts on the same stack are skipped, except the last one, which destroys. An aborted run skips that one too: the
 * account ends with the sandbox. Verdicts that can wait are asked for beside the last act. With predictions, the
 * description of an act follows them.
 */
export async function playActs<S extends Stage>(
    acts: readonly Act<S>[],
    stageOf: StageOf<S>,
    { log, ending }: Pick<SandboxContext, "log" | "ending">,
    interludes: Interludes = {},
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
        log(`\nact ${index + 1}, ${name}${interludes.predictions ? "" : `: ${shows}`}\n  ${rule}`);
        if (name === LAST) {
            beforeLast = reportsOf(played.splice(0), ending);
        }
        const one = await playOne(act, stageOf, { log, ending }, interludes);
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
    { log, ending }: Pick<SandboxContext, "log" | "ending">,
    { predictions, step, isVerbose = false }: Interludes,
): Promise<Played> {
    const { name, shows, rule } = act;
    const telling = new ActTelling(name, log, isVerbose);
    const stage = stageOf(act, telling);
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
        await telling.pause(() => predictions.ask(verdicts));
        log(`\n  ${shows}`);
    }
    for (const verdict of verdicts) {
        telling.say(verdictLine(verdict));
    }
    if (step && name !== LAST) {
        await telling.pause(step);
    }
    await stage.cleanUp().catch(failed);
    telling.end(errors.length > 0 && !ending.aborted);
    return { told: { name, shows, rule, seconds: telling.seconds, changes: stage.changes, verdicts }, late, errors };
}
