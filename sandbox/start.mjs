/**
 * The way in: `node sandbox/start.mjs lab|shell …`. Plain JavaScript for any Node from 18 on; it makes the checkout ready
 * and hands over to main.ts on the project's own Node.
 */
import { spawn, spawnSync } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { setInterval } from "node:timers";
import { checkout, isInstalled, node } from "./install.mjs";
import { preflight } from "./preflight.mjs";

const log = (/** @type {string} */ line) => {
    console.error(line);
};

try {
    preflight(log);
} catch (error) {
    log(error instanceof Error ? error.message : String(error));
    process.exit(1);
}

if (!isInstalled()) {
    log("Installing the project's npm packages.");
    // The lock is on the folder itself, so that it leaves no file.
    const locked = ["--no-fork", checkout, process.execPath, join(checkout, "sandbox/install.mjs")];
    const { status } = spawnSync("setpriv", ["--pdeathsig", "TERM", "flock", ...locked], { stdio: ["ignore", 2, 2] });
    if (status !== 0) {
        log(`The project's npm packages could not be installed: run \`npm ci\` in ${checkout} to see why.`);
        process.exit(1);
    }
}

// The extra pipe is a lifeline: its end tells main.ts that this process is gone, whatever ended it.
const main = spawn(
    node,
    ["--disable-warning=ExperimentalWarning", join(checkout, "sandbox/main.ts"), ...process.argv.slice(2)],
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

// npm passes signals on, but a killed npm can't; then this process gets another parent.
if (process.env["npm_execpath"]) {
    const npm = process.ppid;
    setInterval(() => {
        if (process.ppid !== npm) {
            process.exit(1);
        }
    }, 500);
}
