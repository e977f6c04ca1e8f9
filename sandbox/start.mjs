/**
 * The entry point: `node sandbox/start.mjs lab|shell …`. Plain JavaScript for Node 20 or later; it prepares the checkout
 * and starts outside.ts with the project's own Node 22.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { setInterval } from "node:timers";
import { cachePath, runTool, showWork } from "./cache/tool.mjs";
import { checkout, isInstalled, node } from "./launch/install.mjs";
import { preflight } from "./launch/preflight.mjs";

try {
    await preflight();
    if (!isInstalled()) {
        // The lock is on the folder itself, so that no lock file is left behind.
        const locked = ["flock", "--no-fork", checkout, process.execPath, join(checkout, "sandbox/launch/install.mjs")];
        await showWork("installing the project's npm packages", 25, () => runTool("npm", locked));
    }
} catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
}

// outside.ts reads the extra pipe: it closes when this process ends, for any reason.
const main = spawn(
    node,
    ["--disable-warning=ExperimentalWarning", join(checkout, "sandbox/launch/outside.ts"), ...process.argv.slice(2)],
    {
        stdio: ["inherit", "inherit", "inherit", "pipe"],
        // For every Node in the sandbox: each loads AWS's SDK or Pulumi's, which is quicker with their code compiled.
        env: { ...process.env, NODE_COMPILE_CACHE: join(cachePath(), "node") },
    },
);
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
    process.on(signal, () => {
        main.kill(signal);
    });
}
main.on("exit", (code, signal) => {
    process.exit(signal ? 128 + constants.signals[signal] : (code ?? 1));
});

// npm forwards signals, but not if it is killed. It is the parent process, or the grandparent if a shell is in between.
if (process.env["npm_execpath"]) {
    const npm = above().find((pid) => statusOf(pid, "Name")?.startsWith("npm"));
    setInterval(() => {
        if (npm !== undefined && !above().includes(npm)) {
            process.exit(1);
        }
    }, 500);
}

/** The PIDs of the parent and the grandparent process. */
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
