import type { Moto } from "../api/moto.ts";
import type { SandboxContext } from "../context.ts";
import type { Engine } from "../engine/engine.ts";
import type { LabCommand } from "../lab/command.ts";

/** What the part inside the namespaces is told. */
export interface Run {
    /** What to do there: a command of the lab, or a program with its arguments, which is a shell where there are none. */
    readonly task: { readonly lab: LabCommand } | { readonly shell: readonly string[] };
    /** Undefined where the command needs no Pulumi. */
    readonly engine: Engine | undefined;
    readonly moto: Moto;
    /** Folder of an AWS CLI for the PATH; undefined where the machine has one or nothing needs it. */
    readonly awsCli: string | undefined;
}

/** What a world tells the process that it is for: that it is ready, or what went wrong in it. */
export type Message =
    { readonly ready: Omit<SandboxContext, "ending" | "log"> } | { readonly failed: string; readonly fatal: boolean };
