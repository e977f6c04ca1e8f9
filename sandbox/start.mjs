/**
 * The way in: `node sandbox/start.mjs lab|shell …`. Plain JavaScript for Node 20 or later; it makes the checkout ready
 * and hands over to outside.ts on the project's own Node 22.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { setInterval } from "node:timers";
import { runTool, showWork } from "./cache/tool.mjs";
import { checkout, isInstalled, node } from "./launch/install.mjs";
import { preflight } from "./launch/preflight.mjs";

try {
    await preflight();
    if (!isInstalled()) {
        // The lock is on the folder itself, so that it leaves no file.
        const locked = ["flock", "--no-fork", checkout, process.execPath, join(checkout, "sandbox/launch/install.mjs")];
        await showWork("installing the project's npm packages", 25, () => runTool("npm", locked));
    }
} catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
}

// The extra pipe is a lifeline: its end tells outside.ts that this process is gone, whatever ended it.
const main = spawn(
    node,
    ["--disable-warning=ExperimentalWarning", join(checkout, "sandbox/launch/outside.ts"), ...process.argv.slice(2)],
    { stdio: ["inherit", "inherit", "inherit", "pipe"] },
);
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
    process.on(signal, () => {
        main.kill(signal);
    });
}
main.on("exit", (code, signal) => {
    process.exit(signal ? 128 + constants.signals[signal] : (code ?? 1));
});

// npm passes signals on, but a killed npm can't. It is the parent, or, with a shell in between, that one's.
if (process.env["npm_execpath"]) {
    const npm = above().find((pid) => statusOf(pid, "Name")?.startsWith("npm"));
    setInterval(() => {
        if (npm !== undefined && !above().includes(npm)) {
            process.exit(1);
        }
    }, 500);
}

/** The process above this one, and the one above that. */
function above() {
    return [process.ppid, Number(statusOf(process.ppid, "PPid"))];
}

/**
 * @param {number} pid
 * @param {string} field
 */
function statusOf(pid, field) {
    try {
        const lines = readFileSync(`/proc/${pid}/status`, "utf8").split("\n");
        return lines.find((line) => line.startsWith(`${field}:`))?.split("\t")[1];
    } catch {
        return undefined;
    }
}
