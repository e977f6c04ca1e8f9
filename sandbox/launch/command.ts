import { readCommand, type Reply } from "../lab/command.ts";
import type { Run } from "./run.ts";

const usage = `usage: npm run sandbox [-- [--no-pulumi] [PROGRAM ARG …]]
       npm run sandbox -- --attach [PID]

Runs a program, by default a shell, in a fresh sandbox: EC2 and the network behind it, on this machine only.
  --no-pulumi   leaves out Pulumi, which takes minutes to build if it can't be downloaded
  --attach      opens another shell in a sandbox of this checkout that is running, such as the lab's

npm run lab -- --help describes the lab.`;

/** The task of a run, and the parts that it needs. */
export interface Command {
    readonly task: Run["task"];
    readonly pulumi: boolean;
    readonly awsCli: boolean;
}

/** Another terminal in a running sandbox, by the PID that the user gave. */
export interface Attach {
    readonly attach: string | undefined;
}

/** Reads the arguments: `lab` or `shell`, followed by its own arguments. */
export function readArguments([verb, ...args]: readonly string[]): Command | Attach | Reply {
    if (verb === "lab") {
        const lab = readCommand(args);
        if ("says" in lab) {
            return lab;
        }
        // A puzzle is repaired by the AWS CLI.
        return "puzzle" in lab
            ? { task: lab, pulumi: true, awsCli: true }
            : { task: { lab }, pulumi: true, awsCli: lab.awsCli };
    }
    if (verb === "shell" && args[0] === "--attach") {
        const [pid, ...rest] = args.slice(1);
        const isRight = rest.length === 0 && (pid === undefined || /^\d+$/.test(pid));
        return isRight ? { attach: pid } : { says: `--attach takes a PID or nothing\n\n${usage}`, code: 2 };
    }
    // Everything after the program's name belongs to the program.
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
