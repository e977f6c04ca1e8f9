import { spawn, type ChildProcess } from "node:child_process";
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** How to run a program. */
export interface RunOptions {
    /** Working folder; the current one by default. */
    readonly cwd?: string;
    /** Variables added to this process's environment. */
    readonly env?: Readonly<Record<string, string>>;
    /** Its standard input; empty by default. */
    readonly input?: string;
    /** Ends the program, with what it started, when this folder did not grow for so many seconds. */
    readonly stall?: { readonly folder: string; readonly seconds: number };
}

/**
 * Runs a program to its end and gives its standard output; an error carries the end of what it printed. The program ends
 * when this process does, even by kill -9.
 */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
    const child = spawn("setpriv", ["--pdeathsig", "KILL", command, ...args], {
        cwd: options.cwd,
        env: { ...process.env, ...options.env },
        stdio: ["pipe", "pipe", "pipe"],
        // A group of its own, so that a stalled download's grandchildren end with it.
        detached: options.stall !== undefined,
    });
    // A program need not read its input.
    child.stdin.on("error", () => undefined).end(options.input ?? "");
    let stdout = "";
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
        stdout += chunk.toString();
        output += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
        output += chunk.toString();
    });
    const unwatch =
        options.stall &&
        watchGrowth(options.stall.folder, options.stall.seconds, () => {
            endGroup(child);
        });
    try {
        const code = await new Promise<number | string | null>((resolve, reject) => {
            child.once("error", reject);
            child.once("close", (code, signal) => {
                resolve(code ?? signal);
            });
        });
        if (code !== 0) {
            throw new Error(`${command} ${args.join(" ")} ended with ${String(code)}:\n${output.trim().slice(-2000)}`);
        }
        return stdout;
    } finally {
        unwatch?.();
    }
}

/** Ends a program that was started `detached`, with everything that it started. */
export function endGroup(child: ChildProcess): void {
    try {
        process.kill(-(child.pid ?? NaN), "SIGKILL");
    } catch {
        // It ended by itself, or never started.
    }
}

function watchGrowth(folder: string, seconds: number, onStall: () => void): () => void {
    let size = -1;
    let grew = Date.now();
    const timer = setInterval(() => {
        const now = folderSize(folder);
        if (now !== size) {
            size = now;
            grew = Date.now();
        } else if (Date.now() - grew > seconds * 1000) {
            clearInterval(timer);
            onStall();
        }
    }, 1000);
    return () => {
        clearInterval(timer);
    };
}

function folderSize(folder: string): number {
    try {
        const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
        return entries.reduce((size, entry) => size + lstatSync(join(entry.parentPath, entry.name)).size, 0);
    } catch {
        // The program moved or removed a file while it was being looked at: a sign of life.
        return Date.now();
    }
}
