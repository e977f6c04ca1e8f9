import { spawn, type ChildProcess } from "node:child_process";

/** How to run a program. */
export interface RunOptions {
    /** Working folder; the current one by default. */
    readonly cwd?: string;
    /** Variables added to this process's environment. */
    readonly env?: Readonly<Record<string, string>>;
    /** Its standard input; empty by default. */
    readonly input?: string;
    /** Ends the program, with all that it started, after so many seconds; no limit by default. */
    readonly timeout?: number;
}

/**
 * Runs a program to its end and gives its standard output; an error carries the end of what it printed. The program ends
 * when this process does, even by kill -9.
 */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
    const { cwd, env, input = "", timeout } = options;
    const child = spawn("setpriv", ["--pdeathsig", "KILL", command, ...args], {
        cwd,
        env: { ...process.env, ...env },
        // A group of its own, so that what the program started ends with it. Without a limit, Ctrl-C ends all of them.
        detached: timeout !== undefined,
    });
    const limit = timeout === undefined ? undefined : AbortSignal.timeout(timeout * 1000);
    const end = () => {
        endGroup(child);
    };
    limit?.addEventListener("abort", end);
    // A program need not read its input.
    child.stdin.on("error", () => undefined).end(input);
    let stdout = "";
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
        stdout += chunk.toString();
        output += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
        output += chunk.toString();
    });
    const code = await new Promise<number | string | null>((resolve, reject) => {
        child.once("error", reject);
        child.once("close", (code, signal) => {
            resolve(code ?? signal);
        });
    }).finally(() => {
        limit?.removeEventListener("abort", end);
    });
    if (code !== 0) {
        const how = limit?.aborted ? `took longer than ${String(timeout)} s` : `ended with ${String(code)}`;
        throw new Error(`${command} ${args.join(" ")} ${how}:\n${output.trim().slice(-2000)}`);
    }
    return stdout;
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}

/** Ends a program that was started `detached`, with everything that it started. */
export function endGroup(child: ChildProcess): void {
    try {
        process.kill(-(child.pid ?? NaN), "SIGKILL");
    } catch {
        // It ended by itself, or never started.
    }
}
