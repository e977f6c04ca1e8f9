import type { Moto } from "../api/moto.ts";
import type { SandboxContext } from "../context.ts";
import type { Engine } from "../engine/engine.ts";
import type { LabCommand } from "../lab/command.ts";
import type { PuzzleCommand } from "../lab/puzzle/command.ts";

/** The instructions for the part inside the namespaces. */
export interface Run {
    /** A command of the lab, a puzzle, or a program with its arguments; an empty list means a shell. */
    readonly task:
        | { readonly lab: LabCommand }
        | { readonly puzzle: PuzzleCommand }
        | { readonly shell: readonly string[] };
    /** Undefined if the command needs no Pulumi. */
    readonly engine: Engine | undefined;
    readonly moto: Moto;
    /** Folder of an AWS CLI for the PATH; undefined where the machine has one or nothing needs it. */
    readonly awsCli: string | undefined;
}

/** A message from the world to inside.ts: it is ready, or it failed. */
export type Message =
    | { readonly ready: Omit<SandboxContext, "ending" | "log"> }
    | { readonly failed: string; readonly fatal: boolean };
