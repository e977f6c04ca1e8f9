import type { Verdict } from "./report.ts";
import type { Needs, Scene } from "./scene.ts";

/** Something that the lab shows. */
export interface Act extends Needs {
    readonly name: string;
    /** What it shows, in a line. */
    readonly shows: string;
    /** The AWS page that it is about. */
    readonly rule: string;
    /** Whether it runs commands of the AWS CLI. */
    readonly awsCli?: true;
    /** Plays it, and gives everything that must hold with what was seen. It tells the scene how to undo what it changes. */
    readonly play: (scene: Scene) => Promise<Verdict[]>;
}

/** Name of the act that every run ends with. */
export const LAST = "destroy";
