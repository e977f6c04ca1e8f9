/** The part inside the namespaces: starts the world, runs the command and exits; then the kernel removes everything else. */
import { fork } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { messageOf } from "../cache/process.ts";
import type { SandboxContext } from "../context.ts";
import { say as log } from "../cache/tool.mjs";
import { saveContext } from "./contextFile.ts";
import { obeyEndSignals } from "./lifeline.ts";
import type { Message, Run } from "./run.ts";
import { openShell, openShellAside, runShell } from "./shell.ts";

/** Starts the sandbox's world; resolves when it is ready, and calls `onFailure` if it fails later. */
function startWorld(run: Run, ending: AbortSignal, onFailure: () => void): Promise<SandboxContext> {
    const world = fork(join(import.meta.dirname, "world.ts"), { detached: true });
    return new Promise((resolve, reject) => {
        ending.addEventListener("abort", () => {
            reject(new Error("ended before the sandbox was ready"));
        });
        world.on("error", reject).on("exit", (code, signal) => {
            log(`The sandbox itself failed (${code ?? signal ?? ""}).`);
            process.exit(1);
        });
        world.on("message", (message: Message) => {
            if ("ready" in message) {
                resolve({ ...message.ready, ending, log });
            } else if (message.fatal) {
                reject(new Error(message.failed));
            } else {
                log(message.failed);
                onFailure();
            }
        });
        world.send(run);
    });
}

/** The function that runs the task. The lab takes a moment to load, so it loads while the sandbox starts. */
async function loadTask({ task }: Run): Promise<(context: SandboxContext) => Promise<number>> {
    if ("shell" in task) {
        return (context) => runShell(task.shell, context);
    }
    if ("puzzle" in task) {
        const { playPuzzle } = await import("../lab/puzzle/play.ts");
        return (context) => playPuzzle(task.puzzle, context, openShell);
    }
    const { runLab } = await import("../lab/lab.ts");
    return (context) => runLab(task.lab, context, openShellAside);
}

async function main(run: Run): Promise<number> {
    const ending = obeyEndSignals();
    const network = { failed: false };
    let code = 1;
    try {
        const world = startWorld(run, ending, () => (network.failed = true));
        const [context, task] = await Promise.all([world, loadTask(run)]);
        saveContext(context);
        Object.assign(process.env, context.env);
        code = await task(context);
    } catch (error) {
        log(messageOf(error));
    }
    if (network.failed && code === 0) {
        return 1;
    }
    // A command that fails after the signal failed because of it.
    return ending.aborted && code !== 0 ? 128 + constants.signals[ending.reason as NodeJS.Signals] : code;
}

process.exit(await main(JSON.parse(process.argv[2] ?? "") as Run));
