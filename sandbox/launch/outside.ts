/** The part outside the namespaces: prepares what the run needs, enters them, and passes the exit code on. */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { prepareMoto } from "../api/moto.ts";
import { prepareAwsCli } from "../cache/awsCli.ts";
import { messageOf } from "../cache/process.ts";
import { say } from "../cache/tool.mjs";
import { prepareEngine } from "../engine/engine.ts";
import { attach } from "./attach.ts";
import { readArguments } from "./command.ts";
import { endSignals, holdLifeline } from "./lifeline.ts";
import { namespaceOptions } from "./preflight.mjs";
import type { Run } from "./run.ts";

async function main(args: readonly string[]): Promise<number> {
    const command = readArguments(args);
    if ("says" in command) {
        (command.code === 0 ? console.log : console.error)(command.says);
        return command.code;
    }
    if ("attach" in command) {
        return attach(command.attach);
    }
    const parts = await Promise.allSettled([
        command.pulumi ? prepareEngine(say, command.languages) : undefined,
        prepareMoto(say),
        command.awsCli ? prepareAwsCli(say) : undefined,
    ]);
    const [engine, moto, awsCli] = parts;
    if (engine.status === "rejected" || moto.status === "rejected" || awsCli.status === "rejected") {
        for (const part of parts) {
            if (part.status === "rejected") {
                say(messageOf(part.reason));
            }
        }
        return 1;
    }
    return enter({ task: command.task, engine: engine.value, moto: moto.value, awsCli: awsCli.value });
}

/** Runs inside.ts in its own namespaces; everything in them ends with it. */
function enter(run: Run): Promise<number> {
    const inside = [process.execPath, ...process.execArgv, join(import.meta.dirname, "inside.ts"), JSON.stringify(run)];
    // The shell reaps orphans, as the first process of a PID namespace must.
    const first = ["sh", "-c", '"$@"; exit $?', "sh", ...inside];
    const child = spawn("unshare", [...namespaceOptions, ...first], {
        stdio: ["inherit", "inherit", "inherit", "pipe"],
        env: withoutPersonal(process.env),
    });
    const lifeline = child.stdio[3] as NodeJS.WritableStream;
    lifeline.on("error", () => undefined);
    for (const signal of endSignals) {
        process.on(signal, () => lifeline.write(`${signal}\n`));
    }
    return new Promise((resolve, reject) => {
        child.on("error", reject);
        child.on("exit", (code, signal) => {
            resolve(signal ? 128 + constants.signals[signal] : (code ?? 1));
        });
    });
}

/** The environment without access to real accounts, and without proxies, which are unreachable inside. */
function withoutPersonal(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(AWS|PULUMI)_|_proxy$/i.test(name)));
}

holdLifeline(
    () => undefined,
    () => process.exit(1),
);
process.exit(await main(process.argv.slice(2)));
