/** The part inside the namespaces: has a world made, runs the verb in it, and ends; the kernel clears the rest away. */
import { fork, spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import type { SandboxContext } from "../context.ts";
import { obeyEndSignals } from "./lifeline.ts";
import type { Run } from "./outside.ts";
import type { Message } from "./world.ts";

function log(line: string): void {
    console.error(line);
}

/** Starts the sandbox's world; resolves when it is ready, and tells `onFailure` what goes wrong in it from then on. */
function startWorld(run: Run, ending: AbortSignal, onFailure: () => void): Promise<SandboxContext> {
    const world = fork(join(import.meta.dirname, "world.ts"), { detached: true });
    return new Promise((resolve, reject) => {
        ending.addEventListener("abort", () => {
            reject(new Error("ended before the sandbox was ready"));
        });
        world.on("error", reject).on("exit", (code, signal) => {
            log(`The sandbox itself broke down (${code ?? signal ?? ""}).`);
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

/** Runs a command, or a shell for a person, to its end. */
function shell(args: readonly string[], { env, endpoint, privateKeyPath, engine }: SandboxContext): Promise<number> {
    const [command = env["SHELL"] ?? "bash", ...rest] = args;
    if (args.length === 0) {
        const pulumi = `
  pulumi up                            the two VPCs, apart
  pulumi config set peering true       and \`pulumi up\` again: peered`;
        log(`A fresh sandbox: EC2 at ${endpoint}, SSH key ${privateKeyPath}. All of it is gone when this shell ends. Try:${
            engine.length > 0 ? pulumi : ""
        }
  aws ec2 describe-vpcs                or any other tool that speaks to EC2
  ssh ec2-user@ADDRESS                 a server, by its public address`);
    }
    return new Promise((resolve) => {
        const child = spawn(command, rest, { env, stdio: "inherit" });
        child.on("error", (error) => {
            log(`${command}: ${error.message}`);
            resolve(127);
        });
        child.on("exit", (code, signal) => {
            resolve(signal ? 128 + constants.signals[signal] : (code ?? 1));
        });
    });
}

type Verb = (args: readonly string[], context: SandboxContext) => Promise<number>;

/** What each verb runs; the lab takes a moment to load, which it does while the sandbox starts. */
const verbs: Record<Run["verb"], () => Promise<Verb>> = {
    lab: async () => (await import("../lab/lab.ts")).runLab,
    shell: () => Promise.resolve(shell),
};

async function main(run: Run): Promise<number> {
    const ending = obeyEndSignals();
    const network = { broken: false };
    let code = 1;
    try {
        const [context, verb] = await Promise.all([
            startWorld(run, ending, () => (network.broken = true)),
            verbs[run.verb](),
        ]);
        Object.assign(process.env, context.env);
        code = await verb(run.args, context);
    } catch (error) {
        log(error instanceof Error ? error.message : String(error));
    }
    if (network.broken && code === 0) {
        return 1;
    }
    // A command that was asked to end and says that it failed, failed for that.
    return ending.aborted && code !== 0 ? 128 + constants.signals[ending.reason as NodeJS.Signals] : code;
}

process.exit(await main(JSON.parse(process.argv[2] ?? "") as Run));
