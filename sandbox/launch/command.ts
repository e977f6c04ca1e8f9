import { readCommand, type Reply } from "../lab/command.ts";
import type { Run } from "./run.ts";

const usage = `usage: npm run sandbox [-- [--no-pulumi] [PROGRAM ARG …]]

Runs a program, or a shell where none is given, in a fresh sandbox: EC2 and the network behind it, on this machine only.
  --no-pulumi   without Pulumi, which takes minutes to build where it can't be downloaded

npm run lab -- --help tells of the lab's acts.`;

/** What a run is to do, and what it needs for that. */
export interface Command {
    readonly task: Run["task"];
    readonly pulumi: boolean;
    readonly awsCli: boolean;
}

/** Reads the arguments: a verb, `lab` or `shell`, and what belongs to it. */
export function readArguments([verb, ...args]: readonly string[]): Command | Reply {
    if (verb === "lab") {
        const lab = readCommand(args);
        return "says" in lab ? lab : { task: { lab }, pulumi: true, awsCli: lab.awsCli };
    }
    // What comes after the program is the program's own.
    const program = args.findIndex((arg) => !arg.startsWith("-"));
    const options = program < 0 ? args : args.slice(0, program);
    const unknown = options.find((option) => !["--no-pulumi", "--help", "-h"].includes(option));
    if (verb !== "shell" || unknown !== undefined) {
        return { says: `${unknown === undefined ? "" : `unknown option ${unknown}\n\n`}${usage}`, code: 2 };
    }
    if (options.some((option) => option === "--help" || option === "-h")) {
        return { says: usage, code: 0 };
    }
    return { task: { shell: args.slice(options.length) }, pulumi: options.length === 0, awsCli: false };
}
