import { messageOf } from "../cache/process.ts";
import { LAST, type Act } from "./act.ts";
import type { ActReport, Verdict } from "./report.ts";

/** The steps of one act. */
export interface Played {
    /** Brings the act's stack up with the act's settings. */
    readonly prepare: () => Promise<void>;
    readonly play: () => Promise<Verdict[]>;
    /** Undoes the act's changes; throws after it has tried all of them, if any failed. */
    readonly cleanUp: () => Promise<void>;
    /** How many resources were created, deleted and so on. */
    readonly changes: () => ActReport["changes"];
}

type Log = (line: string) => void;

/** Returns the steps of an act; they write their progress to `log`. */
export type Stage = (act: Act, log: Log) => Played;

/**
 * Plays acts one after another; an act's errors become part of its report. After an act that failed or could not be undone,
 * the other acts on the same stack are skipped, except the last one, which destroys. An aborted run skips that one too: the
 * account ends with the sandbox.
 */
export async function playActs(
    acts: readonly Act[],
    stage: Stage,
    { log, ending }: { readonly log: Log; readonly ending: AbortSignal },
): Promise<ActReport[]> {
    const reports: ActReport[] = [];
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
        log(`\nact ${index + 1}, ${name}: ${shows}\n  ${rule}`);
        const report = await playOne(act, stage, log);
        reports.push(report);
        if (report.error !== undefined) {
            broken.add(stack);
        }
    }
    return reports;
}

async function playOne(act: Act, stage: Stage, log: Log): Promise<ActReport> {
    const { name, shows, rule } = act;
    const start = performance.now();
    const seconds = (): number => (performance.now() - start) / 1000;
    const played = stage(act, (line) => {
        log(`  ${seconds().toFixed(1).padStart(5)} s  ${line}`);
    });
    let verdicts: Verdict[] = [];
    const errors: string[] = [];
    const attempt = async (step: () => Promise<void>): Promise<void> => {
        try {
            await step();
        } catch (error) {
            errors.push(messageOf(error));
        }
    };
    await attempt(async () => {
        await played.prepare();
        verdicts = await played.play();
    });
    await attempt(played.cleanUp);
    const report = { name, shows, rule, seconds: seconds(), changes: played.changes(), verdicts };
    return errors.length === 0 ? report : { ...report, error: errors.join("\n") };
}
