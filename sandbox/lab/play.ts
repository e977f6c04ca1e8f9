import { LAST, type Act } from "./act.ts";
import type { ActReport, Verdict } from "./report.ts";

/** What a run of acts does with each of them. */
export interface Played {
    /** Brings the act's stack up as the act needs it. */
    readonly prepare: () => Promise<void>;
    readonly play: () => Promise<Verdict[]>;
    /** Undoes what the act changed; throws when that fails, after everything was tried. */
    readonly cleanUp: () => Promise<void>;
    /** How many resources the program created, deleted and so on. */
    readonly changes: () => ActReport["changes"];
}

type Log = (line: string) => void;

/** Makes an act ready to be played; `log` says what happens in it. */
export type Stage = (act: Act, log: Log) => Played;

/**
 * Plays acts one after another; whatever goes wrong in one becomes part of its report. After an act that broke off, or could
 * not be undone, those on the same stack are left out, but never the last, which destroys. When the whole run is to end, not
 * even that is played: the account ends with it.
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
            log(`\nact ${index + 1}, ${name}: left out, since an act before it broke off`);
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
            errors.push(error instanceof Error ? error.message : String(error));
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
