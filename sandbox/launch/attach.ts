/** Another terminal in a running sandbox: finds it among the processes, and enters its namespaces. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import type { Run } from "./run.ts";

/** A sandbox that runs. */
export interface Running {
    /** The PID of its first program, as this machine counts. */
    readonly pid: number;
    /** Its command: `lab tour`. */
    readonly command: string;
}

/** The sandboxes of this checkout that the user may enter. */
export function runningSandboxes(proc = "/proc"): Running[] {
    const program = join(import.meta.dirname, "inside.ts");
    return readdirSync(proc).flatMap((name) => {
        if (!/^\d+$/.test(name)) {
            return [];
        }
        try {
            const args = readFileSync(join(proc, name, "cmdline"), "utf8").split("\0");
            // The shell above it has the program among its arguments, too.
            const isProgram = args[0] === process.execPath && args.includes(program);
            const isOwn = statSync(join(proc, name)).uid === process.getuid?.();
            const run = isProgram && isOwn ? args[args.indexOf(program) + 1] : undefined;
            return run === undefined ? [] : [{ pid: Number(name), command: commandOf(run) }];
        } catch {
            // It has ended meanwhile.
            return [];
        }
    });
}

/** The command of a run, from its instructions. */
function commandOf(run: string): string {
    const { task } = JSON.parse(run) as Pick<Run, "task">;
    if ("lab" in task) {
        return ["lab", ...task.lab.acts].join(" ");
    }
    return "puzzle" in task ? "puzzle" : ["shell", ...task.shell].join(" ");
}

/** The sandbox with the PID, or the only one; otherwise what to type instead. */
export function chosenOf(running: readonly Running[], pid: string | undefined): Running | string {
    const [only, ...others] = running;
    if (!only) {
        return "no sandbox of this checkout is running: start one with 'npm run sandbox'";
    }
    const found = running.find((one) => String(one.pid) === pid);
    if (found ?? (pid === undefined && others.length === 0)) {
        return found ?? only;
    }
    const list = running.map((one) => `  npm run sandbox -- --attach ${one.pid}   ${one.command}`);
    return [
        pid === undefined ? "several sandboxes are running:" : `no sandbox has the PID ${pid}; running:`,
        ...list,
    ].join("\n");
}

/** Opens a shell in the sandbox with the PID, or in the only one that runs; returns the exit code. */
export function attach(pid: string | undefined): number {
    const chosen = chosenOf(runningSandboxes(), pid);
    if (typeof chosen === "string") {
        console.error(chosen);
        return 2;
    }
    const isRoot = process.getuid?.() === 0;
    const namespaces = ["--mount", "--net", "--ipc", "--pid", ...(isRoot ? [] : ["--user", "--preserve-credentials"])];
    const program = [process.execPath, ...process.execArgv, join(import.meta.dirname, "attached.ts")];
    const { status } = spawnSync("nsenter", ["--target", String(chosen.pid), ...namespaces, ...program], {
        stdio: "inherit",
    });
    // Everything in a sandbox is killed when it ends.
    if (status === null || status === 128 + constants.signals.SIGKILL) {
        console.error("\nThe sandbox has ended.");
        return 0;
    }
    return status;
}
