import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";

const UNFINISHED = ".making-";

/**
 * Runs `work` while no other process of this machine holds the lock of `folder`; says so once when it has to wait.
 * The lock goes with its holder, whatever ends it: util-linux's `flock` holds it for as long as this process keeps a pipe
 * open. What killed runs left half made in `folder` is cleared away first.
 */
export async function withLock<T>(folder: string, log: (line: string) => void, work: () => Promise<T>): Promise<T> {
    mkdirSync(folder, { recursive: true });
    const holder = spawn("flock", [join(folder, ".lock"), "sh", "-c", "echo held; exec cat >/dev/null"], {
        stdio: ["pipe", "pipe", "inherit"],
    });
    const ended = new Promise<never>((_, reject) => {
        holder.once("error", (error) => {
            reject(new Error(`The cache needs the program flock (Debian package util-linux): ${error.message}`));
        });
        holder.once("exit", (code) => {
            reject(new Error(`flock on ${folder} ended with exit code ${String(code)}`));
        });
    });
    const held = new Promise<void>((resolve) =>
        createInterface(holder.stdout).once("line", () => {
            resolve();
        }),
    );
    const patience = setTimeout(() => {
        log(`Another run is busy in ${folder}; waiting for it to finish.`);
    }, 500);
    try {
        await Promise.race([held, ended]);
        clearTimeout(patience);
        for (const name of readdirSync(folder).filter((name) => name.startsWith(UNFINISHED))) {
            rmSync(join(folder, name), { recursive: true, force: true });
        }
        return await work();
    } finally {
        clearTimeout(patience);
        ended.catch(() => undefined);
        holder.stdin.end();
    }
}

/** Whether `entry` is there: `makeEntry` puts it in its place in one step, so it is whole then. */
export function isComplete(entry: string): boolean {
    return existsSync(entry);
}

/**
 * Fills the folder `entry` in one step: `make` works in a temporary folder beside it, which is renamed once it
 * succeeded, so that an entry is never seen half made. Call it with the lock of the folder around it held.
 */
export async function makeEntry(entry: string, make: (dir: string) => Promise<void>): Promise<void> {
    const parent = dirname(entry);
    mkdirSync(parent, { recursive: true });
    const dir = mkdtempSync(join(parent, `${UNFINISHED}${basename(entry)}-`));
    try {
        await make(dir);
        renameSync(dir, entry);
    } finally {
        rmSync(dir, { recursive: true, force: true });
    }
}
