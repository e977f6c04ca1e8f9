/** A run of the lab on AWS, and the folder that has its state until the account is seen empty. */
import { execFileSync } from "child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "fs";
import { dirname, join } from "path";

/** Items of EC2's answers by their kind, such as `Vpcs`. */
export type Described = Readonly<Record<string, readonly object[]>>;

/** What the check saw in a direction: see `DirectionResult` of the package. */
export interface Checked {
    readonly direction: string;
    readonly expected: object;
    readonly seen: object;
    readonly [more: string]: unknown;
}

/** An act, as far as it has come. */
export interface Act {
    readonly name: string;
    /** When it began, in UTC. */
    readonly started: string;
    /** How long it took; undefined while it goes on, and if it was killed. */
    seconds?: number;
    /** How many resources were created, deleted and so on. */
    changes?: Readonly<Record<string, number>>;
    /** What the reachability check saw. */
    checks?: readonly Checked[];
    /** What the run has in the account, as EC2 describes it afterwards. */
    described?: Described;
    /** EC2's error codes for calls that it has to refuse, tried while the VPCs are peered. */
    refusals?: Readonly<Record<string, string>>;
    /** Errors of the CLI, the check and EC2. */
    readonly errors: string[];
}

/** Bad input: the exit code is 2 then. */
export class InputError extends Error {}

/** A run. All of it is kept in `run.json`, so that another run can go on where this one was killed. */
export interface Run {
    /** The value of its tag, by which what it made is known. */
    readonly id: string;
    /** The process that plays it. */
    pid: number;
    readonly started: string;
    readonly region: string;
    readonly account: string;
    readonly sshCidr: string;
    /** Where the calls go if not to AWS. */
    readonly endpoint?: string | undefined;
    versions: Readonly<Record<string, string>>;
    readonly acts: Act[];
    /** IDs of all that was seen of it. */
    ids: readonly string[];
    /** What `pulumi destroy` left, and was deleted by its ID. */
    swept: string[];
    /** What was left at the last look; undefined if nobody has looked since. */
    left?: readonly string[];
}

/** The folder of a run. It appears and disappears in one step, with its `run.json`. */
export class RunFolder {
    readonly path: string;

    constructor(path: string) {
        this.path = path;
    }

    get exists(): boolean {
        return existsSync(this.path);
    }

    /** A file in it. */
    file(name: string): string {
        return join(this.path, name);
    }

    /** Makes it for a run; throws if it is there. */
    create(run: Run): void {
        mkdirSync(dirname(this.path), { recursive: true });
        const fresh = mkdtempSync(`${this.path}-new-`);
        writeFileSync(join(fresh, "run.json"), JSON.stringify(run));
        renameSync(fresh, this.path);
    }

    /** Reads the run that it has; throws an InputError if it has none. */
    load(): Run {
        const file = this.file("run.json");
        if (!existsSync(file)) {
            throw new InputError(
                `--folder ${this.path}: is there, and is not of a run, because it has no run.json; give another one, or 'rmdir ${this.path}' if it is empty`,
            );
        }
        return JSON.parse(readFileSync(file, "utf8")) as Run;
    }

    save(run: Run): void {
        writeFileSync(this.file("run.json.new"), JSON.stringify(run));
        renameSync(this.file("run.json.new"), this.file("run.json"));
    }

    remove(): void {
        const old = mkdtempSync(`${this.path}-old-`);
        renameSync(this.path, old);
        rmSync(old, { recursive: true });
    }
}

/** Whether a process that has this text in its command line is running. */
export function isRunning(pid: number, text: string): boolean {
    try {
        return execFileSync("ps", ["-o", "args=", "-p", String(pid)], { encoding: "utf8" }).includes(text);
    } catch {
        return false;
    }
}

/** What an error says, whatever was thrown. */
export function messageOf(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}
