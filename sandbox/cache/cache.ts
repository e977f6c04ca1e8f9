import { spawn } from "node:child_process";
import {
    existsSync,
    mkdirSync,
    mkdtempSync,
    readFileSync,
    readdirSync,
    renameSync,
    rmSync,
    statSync,
    writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";

const STAMP = ".complete.json";
const UNFINISHED = ".making-";

/**
 * Folder outside the checkout for what is built or downloaded once and kept between runs:
 * `$VPC_PEERING_LAB_CACHE`, else `$XDG_CACHE_HOME/vpc-peering-lab`, else `~/.cache/vpc-peering-lab`.
 */
export function cacheDir(): string {
    const { VPC_PEERING_LAB_CACHE, XDG_CACHE_HOME } = process.env;
    const base = XDG_CACHE_HOME ? XDG_CACHE_HOME : join(homedir(), ".cache");
    const dir = VPC_PEERING_LAB_CACHE ? VPC_PEERING_LAB_CACHE : join(base, "vpc-peering-lab");
    mkdirSync(dir, { recursive: true });
    return dir;
}

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

/** True when `entry` was finished by `makeEntry` and each of its files still has the size it had then. */
export function isComplete(entry: string): boolean {
    try {
        const sizes = JSON.parse(readFileSync(join(entry, STAMP), "utf8")) as Record<string, number>;
        return Object.entries(sizes).every(([file, size]) => statSync(join(entry, file)).size === size);
    } catch {
        return false;
    }
}

/**
 * Fills the folder `entry` in one step: `make` works in a temporary folder beside it, which is stamped and renamed once
 * it succeeded, so that an entry is never seen half made. Call it with the lock of the folder around it held.
 */
export async function makeEntry(entry: string, make: (dir: string) => Promise<void>): Promise<void> {
    const parent = dirname(entry);
    mkdirSync(parent, { recursive: true });
    const dir = mkdtempSync(join(parent, `${UNFINISHED}${basename(entry)}-`));
    try {
        await make(dir);
        writeFileSync(join(dir, STAMP), JSON.stringify(fileSizes(dir)));
        rmSync(entry, { recursive: true, force: true });
        renameSync(dir, entry);
    } finally {
        if (existsSync(dir)) {
            rmSync(dir, { recursive: true, force: true });
        }
    }
}

function fileSizes(dir: string): Record<string, number> {
    const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    return Object.fromEntries(
        files.map((file) => {
            const path = join(file.parentPath, file.name);
            return [path.slice(dir.length + 1), statSync(path).size];
        }),
    );
}
