import { LANGUAGES, type Language } from "../engine/languages.ts";
import { readCommand, type Reply } from "../lab/command.ts";
import type { Run } from "./run.ts";

const usage = `usage: npm run sandbox [-- [--languages LIST | --no-pulumi] [PROGRAM ARG …]]
       npm run sandbox -- --attach [PID]

Runs a program, by default a shell, in a fresh sandbox: EC2 and the network behind it, on this machine only.
  --languages   makes ready for component packages and for programs in other languages than Node's: a list with commas of
                nodejs, python, yaml, dotnet
  --no-pulumi   leaves out Pulumi, which takes minutes to build if it can't be downloaded
  --attach      opens another shell in a sandbox of this checkout that is running, such as the lab's

npm run lab -- --help describes the lab.`;

/** The task of a run, and the parts that it needs. */
export interface Command {
    readonly task: Run["task"];
    readonly pulumi: boolean;
    /** Languages to make ready for; none by default. */
    readonly languages?: readonly Language[];
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
    if (verb !== "shell") {
        return { says: usage, code: 2 };
    }
    return readShell(args);
}

/** Reads the arguments of `npm run sandbox`. Everything after the program's name belongs to the program. */
function readShell(args: readonly string[]): Command | Reply {
    const rest = [...args];
    let pulumi = true;
    let languages: readonly string[] = [];
    while (rest[0]?.startsWith("-")) {
        const option = rest.shift();
        if (option === "--help" || option === "-h") {
            return { says: usage, code: 0 };
        } else if (option === "--no-pulumi") {
            pulumi = false;
        } else if (option === "--languages") {
            languages = rest.shift()?.split(",") ?? [""];
        } else {
            return { says: `unknown option ${option ?? ""}\n\n${usage}`, code: 2 };
        }
    }
    if (!languages.every(isLanguage)) {
        return { says: `--languages takes a list of ${LANGUAGES.join(", ")}\n\n${usage}`, code: 2 };
    }
    if (!pulumi && languages.length > 0) {
        return { says: `--languages needs Pulumi, which --no-pulumi leaves out\n\n${usage}`, code: 2 };
    }
    return { task: { shell: rest }, pulumi, ...(languages.length > 0 && { languages }), awsCli: false };
}

function isLanguage(name: string): name is Language {
    return (LANGUAGES as readonly string[]).includes(name);
}
