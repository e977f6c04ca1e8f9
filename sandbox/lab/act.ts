import type { Verdict } from "./report.ts";
import type { Scene } from "./scene.ts";

/** The program's settings that differ from the checkout's, by key. */
export type Settings = Readonly<Record<string, string | boolean | readonly string[]>>;

/** The stacks of a tour: the lab's own, and those that are brought up beside it in the background. */
export type StackName = "lab" | "other-region" | "other-account";

/** Something that the tour shows. */
export interface Act {
    readonly name: string;
    /** What it shows, in a line. */
    readonly shows: string;
    /** AWS's page that it is about. */
    readonly rule: string;
    /** The stack that it is played on, the lab's by default. */
    readonly stack?: StackName;
    /** What the stack is up with when the act begins; undefined where the act needs none. */
    readonly settings?: Settings;
    /** Whether it runs commands of the AWS CLI. */
    readonly awsCli?: true;
    /** Does it, and gives everything that must hold with what was seen. What it breaks, it has the scene mend. */
    readonly play: (scene: Scene) => Promise<Verdict[]>;
}

/** Name of the act that every run ends with. */
export const LAST = "destroy";

/** The stack that an act is played on. */
export function stackOf({ stack = "lab" }: Act): StackName {
    return stack;
}
