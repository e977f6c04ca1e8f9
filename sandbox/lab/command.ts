import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { messageOf } from "../cache/process.ts";
import { LAST } from "./act.ts";
import { lab, tour } from "./acts/acts.ts";
import { readPuzzle, type PuzzleCommand } from "./puzzle/command.ts";
import { puzzles } from "./puzzle/puzzles.ts";
import { table } from "./report.ts";

/** The lab's arguments, once read. */
export interface LabCommand {
    /** Names of the acts to play, in order. */
    readonly acts: readonly string[];
    /** Whether any of these acts runs the AWS CLI. */
    readonly awsCli: boolean;
    /** File for the report, as JSON; none by default. */
    readonly report?: string | undefined;
    /** File for the report with pictures, as HTML; none by default. */
    readonly html?: string | undefined;
    /** Whether each act waits for the person before its changes are undone. */
    readonly step: boolean;
    /** Whether acts print each change of a resource. */
    readonly verbose: boolean;
    /** Whether the person is asked what will come of packets, before each act shows it. */
    readonly predict: boolean;
}

/** A text to print instead of running anything, such as the usage, and the exit code. */
export interface Reply {
    readonly says: string;
    readonly code: 0 | 2;
}

const usage = `usage: npm run lab [-- [tour | ACT …] [--list] [--step | --predict] [--verbose] [--report FILE] [--html FILE]]
       npm run lab -- puzzle [NAME | --seed N] [--list] [--report FILE] [--html FILE]

Plays the lab in a sandbox: base (isolated), peering (reachable), destroy (nothing left).
  tour            plays the whole tour instead
  ACT …           plays these acts of the tour, and destroys everything at the end
  --list          lists the acts of the tour
  --predict       asks before each act shows it which packets are answered, and keeps the score
  --step          waits after each act, while all that it made stands, with a shell for who wants to look
  --verbose       prints each change of a resource; otherwise only an act that fails does
  --report FILE   also writes the results to FILE, as JSON
  --html FILE     also writes them with pictures of what stood, as a page for a browser

With puzzle: brings the two VPCs up peered, breaks something, says what users complain of, and opens
a shell in which to find the cause and to repair it. It says at the end whether packets pass again.
  NAME            plays this puzzle; without it, any one, whose name is said at the end
  --seed N        plays two to four faults at once, always the same ones for the same N
  --list          lists the puzzles, with what users complain of
  --report FILE   also writes to FILE how it went, as JSON
  --html FILE     also writes that with pictures of what was broken and of how it was left, as a page`;

/** Reads the lab's arguments. */
export function readCommand(
    args: readonly string[],
    isTerminal = process.stdin.isTTY,
): LabCommand | { readonly puzzle: PuzzleCommand } | Reply {
    let parsed;
    try {
        parsed = parseArgs({
            args: [...args],
            allowPositionals: true,
            options: {
                report: { type: "string" },
                html: { type: "string" },
                seed: { type: "string" },
                predict: { type: "boolean" },
                step: { type: "boolean" },
                verbose: { type: "boolean" },
                list: { type: "boolean" },
                help: { type: "boolean", short: "h" },
            },
        });
    } catch (error) {
        return { says: `${messageOf(error)}\n\n${usage}`, code: 2 };
    }
    const { values, positionals: names } = parsed;
    if (values.help) {
        return { says: usage, code: 0 };
    }
    const unwritable = (["report", "html"] as const).flatMap((option) => fileProblem(option, values[option]));
    if (unwritable.length > 0) {
        return { says: unwritable.join("\n"), code: 2 };
    }
    if (names[0] === "puzzle") {
        if (values.list) {
            return { says: table(puzzles.map(({ name, complaint }) => [name, complaint])), code: 0 };
        }
        const ofActs = (["predict", "step", "verbose"] as const).find((option) => values[option]);
        if (ofActs) {
            return { says: `--${ofActs} is for acts, and a puzzle has none: leave it out`, code: 2 };
        }
        const puzzle = readPuzzle(names.slice(1), values);
        return typeof puzzle === "string" ? { says: puzzle, code: 2 } : { puzzle };
    }
    if (values.seed !== undefined) {
        return { says: `--seed is for puzzles: npm run lab -- puzzle --seed ${values.seed}`, code: 2 };
    }
    if (values.list) {
        return { says: table(tour.map(({ name, shows }) => [name, shows])), code: 0 };
    }
    const known = tour.map(({ name }) => name);
    const unknown = names.filter((name) => name !== "tour" && !known.includes(name));
    if (unknown.length > 0) {
        return { says: `there is no act ${unknown.join(", ")}; there are: tour, ${known.join(", ")}`, code: 2 };
    }
    const [asking, other] = (["predict", "step"] as const).filter((option) => values[option]);
    if (other) {
        return { says: `--${asking} and --${other} both ask after an act: leave one of them out`, code: 2 };
    }
    if (asking && !isTerminal) {
        return { says: `--${asking} asks on a terminal, and standard input is none: run it without a pipe`, code: 2 };
    }
    const acts = chosen(names);
    return {
        acts: acts.map(({ name }) => name),
        awsCli: acts.some(({ awsCli }) => awsCli),
        report: values.report,
        html: values.html,
        predict: values.predict === true,
        step: values.step === true,
        verbose: values.verbose === true,
    };
}

/** What keeps a file from being written at the end of a run, as far as it can be known before. */
function fileProblem(option: string, file: string | undefined): string[] {
    const isFolder = (path: string) => existsSync(path) && statSync(path).isDirectory();
    if (file === undefined || (file !== "" && !isFolder(file) && isFolder(dirname(file)))) {
        return [];
    }
    return [`--${option} ${file}: give the path of a file in a folder that exists, seen from ${process.cwd()}`];
}

/** The acts that these names select, in the tour's order. */
function chosen(names: readonly string[]): typeof tour {
    if (names.length === 0) {
        return lab;
    }
    if (names.includes("tour")) {
        return tour;
    }
    // `destroy` alone needs something to destroy.
    const wanted = names.every((name) => name === LAST) ? ["base"] : names;
    return tour.filter(({ name }) => name === LAST || wanted.includes(name));
}
