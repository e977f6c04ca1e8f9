import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";

/** How to run a program. */
interface RunOptions {
    /** Working folder; the current one by default. */
    readonly cwd?: string;
    /** Variables to add to this process's environment. */
    readonly env?: Readonly<Record<string, string>>;
    /** Text for its standard input; empty by default. */
    readonly input?: string;
    /** Time limit in seconds, after which the program and all processes that it started are killed; none by default. */
    readonly timeout?: number;
}

/**
 * Runs a program to completion and returns its standard output. If it fails, the error includes the end of its output. The
 * program is killed when this process ends, even by kill -9.
 */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
    const { cwd, env, input = "", timeout } = options;
    const child = spawn("setpriv", ["--pdeathsig", "KILL", command, ...args], {
        cwd,
        env: { ...process.env, ...env },
        // A process group of its own, so that the time limit also ends its children. Without a limit, Ctrl-C ends them all.
        detached: timeout !== undefined,
    });
    const limit = timeout === undefined ? undefined : AbortSignal.timeout(timeout * 1000);
    const end = () => {
        endGroup(child);
    };
    limit?.addEventListener("abort", end);
    // A program may exit without reading its input.
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

/** Waits for the first line that a program prints, such as the port of a plugin. `what` names the program in the error. */
export function firstLineOf(child: ChildProcess, what: string): Promise<string> {
    return new Promise((resolve, reject) => {
        child.once("error", reject);
        child.once("close", () => {
            reject(new Error(`${what} ended before it was ready.`));
        });
        if (child.stdout) {
            createInterface(child.stdout).once("line", resolve);
        }
    });
}

/** Kills a program that was started `detached`, with its process group. */
export function endGroup(child: ChildProcess): void {
    try {
        process.kill(-(child.pid ?? NaN), "SIGKILL");
    } catch {
        // It has already ended, or never started.
    }
}
