import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";

const UNFINISHED = ".making-";

/**
 * Runs `work` while it holds the lock of `folder`, and logs a line if another process has the lock. util-linux's `flock`
 * holds the lock for as long as this process keeps a pipe open, so the lock is released however this process ends. Removes
 * unfinished entries that killed runs left in `folder` first.
 */
export async function withLock<T>(folder: string, log: (line: string) => void, work: () => Promise<T>): Promise<T> {
    mkdirSync(folder, { recursive: true });
    const holder = spawn("flock", [join(folder, ".lock"), "sh", "-c", "echo held; exec cat >/dev/null"], {
        stdio: ["pipe", "pipe", "inherit"],
    });
    const ended = new Promise<never>((_, reject) => {
        holder.once("error", (error) => {
            reject(new Error(`The cache requires flock (Debian package util-linux): ${error.message}`));
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
        log(`Another run is using ${folder}; waiting for it to finish.`);
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

/** Whether `entry` exists. An entry that exists is complete, because `makeEntry` renames it into place. */
export function isComplete(entry: string): boolean {
    return existsSync(entry);
}

/**
 * Creates the folder `entry` atomically: `make` fills a temporary folder beside it, which is renamed on success. Keeps an entry
 * that exists: another run may have created it while this one waited. Call it while holding the lock of the parent folder.
 */
export async function makeEntry(entry: string, make: (dir: string) => Promise<void>): Promise<void> {
    if (isComplete(entry)) {
        return;
    }
    const parent = dirname(entry);
    const dir = mkdtempSync(join(parent, `${UNFINISHED}${basename(entry)}-`));
    try {
        await make(dir);
        renameSync(dir, entry);
    } finally {
        rmSync(dir, { recursive: true, force: true });
    }
}
