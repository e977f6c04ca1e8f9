import type { ActReport, Verdict } from "./report.ts";
import { LAST, stackOf, type Act } from "./act.ts";

/** What a run of acts needs of the scene of one act. */
export interface Played {
    /** Brings the act's stack up as the act needs it. */
    readonly prepare: () => Promise<void>;
    /** Plays the act. */
    readonly play: () => Promise<Verdict[]>;
    /** Mends what the act broke; throws when that fails, after all was tried. */
    readonly mend: () => Promise<void>;
    /** How many resources the program created, deleted and so on. */
    readonly changes: () => Readonly<Record<string, number>>;
}

/**
 * Plays acts one after another; whatever goes wrong in one becomes part of its report. After an act that broke off, or that
 * left something broken, those on the same stack are left out, but never the last, which destroys. When the whole run is to
 * end, not even that is played: the account ends with it.
 */
export async function playActs(
    acts: readonly Act[],
    sceneOf: (act: Act, log: (line: string) => void) => Played,
    { log, ending }: { log: (line: string) => void; ending: AbortSignal },
): Promise<ActReport[]> {
    const reports: ActReport[] = [];
    const broken = new Set<string>();
    for (const [index, act] of acts.entries()) {
        if (ending.aborted) {
            break;
        }
        if (act.name !== LAST && broken.has(stackOf(act))) {
            log(`\nact ${index + 1}, ${act.name}: left out, since an act before it broke off`);
            continue;
        }
        log(`\nact ${index + 1}, ${act.name}: ${act.shows}\n  ${act.rule}`);
        const report = await playOne(act, sceneOf, log);
        reports.push(report);
        if (report.error !== undefined) {
            broken.add(stackOf(act));
        }
    }
    return reports;
}

async function playOne(
    act: Act,
    sceneOf: Parameters<typeof playActs>[1],
    log: (line: string) => void,
): Promise<ActReport> {
    const { name, shows, rule } = act;
    const start = performance.now();
    const seconds = (): number => (performance.now() - start) / 1000;
    const scene = sceneOf(act, (line) => {
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
        await scene.prepare();
        verdicts = await scene.play();
    });
    await attempt(scene.mend);
    const report = { name, shows, rule, seconds: seconds(), changes: scene.changes(), verdicts };
    return errors.length === 0 ? report : { ...report, error: errors.join("\n") };
}
