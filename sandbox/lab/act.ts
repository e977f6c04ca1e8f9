import type { Described, LateVerdict, Verdict } from "./report.ts";
import type { Needs, Scene } from "./scene.ts";

/** One demonstration of the lab. */
export interface Act<Stage = Scene> extends Described, Needs {
    /** Whether it runs the AWS CLI. */
    readonly awsCli?: true;
    /** Plays the act and returns its verdicts. It registers with the scene how to undo each change. */
    readonly play: (stage: Stage) => Promise<readonly (Verdict | LateVerdict)[]>;
}

/** Name of the last act of every run. */
export const LAST = "destroy";
