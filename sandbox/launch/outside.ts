/** The part outside the namespaces: prepares what the run needs, enters them, and passes the exit code on. */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { prepareAwsCli } from "../cache/awsCli.ts";
import { say } from "../cache/tool.mjs";
import { prepareMoto, type Moto } from "../api/moto.ts";
import { prepareEngine, type Engine } from "../engine/engine.ts";
import { endSignals, holdLifeline } from "./lifeline.ts";
import { namespaceOptions } from "./preflight.mjs";

/** What the part inside the namespaces is told. */
export interface Run {
    readonly verb: "lab" | "shell";
    readonly args: readonly string[];
    /** None where the command needs no Pulumi. */
    readonly engine: Engine | undefined;
    readonly moto: Moto;
    /** Folder of an AWS CLI for the PATH; undefined where the machine has one or nobody needs it. */
    readonly awsCli: string | undefined;
}

const usage = `usage: npm run lab [-- tour | ACT …] [-- OPTIONS]   the lab's three acts, or the tour's; --help tells more
       npm run sandbox [-- [--no-pulumi] CMD ARG …]  CMD, or a shell, in a fresh sandbox
  --no-pulumi   without Pulumi, which takes minutes to build where it can't be had otherwise`;

async function main([verb, ...args]: readonly string[]): Promise<number> {
    if (verb !== "lab" && verb !== "shell") {
        console.error(usage);
        return 2;
    }
    let needsAwsCli = false;
    if (verb === "lab" && args.length > 0) {
        // What needs no sandbox is answered without one; acts take a moment to load, which the plain lab does inside.
        const command = (await import("../lab/command.ts")).readCommand(args);
        if ("says" in command) {
            (command.code === 0 ? console.log : console.error)(command.says);
            return command.code;
        }
        needsAwsCli = command.acts.some(({ awsCli }) => awsCli);
    }
    const withPulumi = verb === "lab" || args[0] !== "--no-pulumi";
    const [engine, moto, awsCli] = await Promise.allSettled([
        withPulumi ? prepareEngine(say) : undefined,
        prepareMoto(say),
        needsAwsCli ? prepareAwsCli(say) : undefined,
    ]);
    if (engine.status === "rejected" || moto.status === "rejected" || awsCli.status === "rejected") {
        for (const part of [engine, moto, awsCli]) {
            if (part.status === "rejected") {
                say(part.reason instanceof Error ? part.reason.message : String(part.reason));
            }
        }
        return 1;
    }
    const given = withPulumi ? args : args.slice(1);
    return enter({ verb, args: given, engine: engine.value, moto: moto.value, awsCli: awsCli.value });
}

/** Runs inside.ts in namespaces of its own to its end, with which everything in them ends. */
function enter(run: Run): Promise<number> {
    const inside = [process.execPath, ...process.execArgv, join(import.meta.dirname, "inside.ts"), JSON.stringify(run)];
    // The shell is there to wait for orphans, as the first process of a process namespace has to.
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

/** The environment without what leads to somebody's real accounts, and without proxies, which are out of reach inside. */
function withoutPersonal(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(AWS|PULUMI)_|_proxy$/i.test(name)));
}

holdLifeline(
    () => undefined,
    () => process.exit(1),
);
process.exit(await main(process.argv.slice(2)));
