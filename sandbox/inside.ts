/** The part inside the namespaces: starts everything, runs the verb, and ends; the kernel clears the rest away. */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { constants } from "node:os";
import { delimiter, join } from "node:path";
import type { SandboxContext } from "./context.ts";
import { startGateway } from "./control/gateway.ts";
import { startMoto } from "./control/moto.ts";
import { startProviders } from "./engine/attach.ts";
import { awsEnvironment, makeKeyPair, makeStack, pulumiEnvironment, STACK } from "./environment.ts";
import { checkout } from "./install.mjs";
import { obeyEndSignals } from "./lifeline.ts";
import type { Run } from "./main.ts";
import { createReconciler } from "./network/reconciler.ts";
import { createServers } from "./servers/servers.ts";

const REGION = "ap-northeast-2";

/** Where the servers find the package repositories of the internet: the person's own end of the sandbox's internet. */
const REPOSITORY = { host: "198.51.100.2", port: 443 } as const;

function log(line: string): void {
    console.error(line);
}

/** All that the run writes is on this tmpfs: `ip netns` wants its folder there, the rest is the run's own. */
function makeRunDir(): string {
    execFileSync("mount", ["-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"]);
    const runDir = "/run/vpc-peering-lab";
    for (const dir of ["/run/netns", runDir, join(runDir, "tmp")]) {
        mkdirSync(dir);
    }
    process.env["TMPDIR"] = join(runDir, "tmp");
    return runDir;
}

async function start(
    { engine, moto }: Run,
    ending: AbortSignal,
    onError: (error: unknown) => void,
): Promise<SandboxContext> {
    const runDir = makeRunDir();
    execFileSync("ip", ["link", "set", "lo", "up"]);
    process.env["PATH"] = [join(checkout, "node_modules/.bin"), process.env["PATH"]].join(delimiter);
    const key = makeKeyPair(runDir);
    const pulumiEnv = engine ? pulumiEnvironment(engine, runDir) : {};

    const control = async (): Promise<Record<string, string>> => {
        const { endpoint: upstream } = await startMoto(moto, join(runDir, "moto.log"));
        const servers = createServers({ dir: join(runDir, "servers"), logDir: join(runDir, "log"), log });
        const network = createReconciler({
            endpoint: upstream,
            region: REGION,
            onServers: (specs) => {
                servers.reconcile(specs);
            },
            onError,
        });
        const { endpoint } = await startGateway({ upstream, onChange: network.reconcile, onError });
        // The first pass makes the internet, and with it the address of the package repositories.
        await network.reconcile();
        await listen();
        const env = awsEnvironment(endpoint, REGION);
        const providers = engine && (await startProviders(engine, { ...process.env, ...pulumiEnv, ...env }));
        return { ...env, ...providers?.env };
    };
    const [controlEnv] = await Promise.all([control(), engine && makeStack(checkout, runDir, key, pulumiEnv)]);
    const env = { ...process.env, ...pulumiEnv, ...controlEnv } as Record<string, string>;
    const endpoint = env["AWS_ENDPOINT_URL"] ?? "";
    return {
        env,
        runDir,
        endpoint,
        region: REGION,
        ...key,
        checkout,
        stack: STACK,
        engine: engine?.summary ?? [],
        ending,
        log,
    };
}

/** Accepts and closes: that a server gets through to it is all that counts. */
function listen(): Promise<void> {
    const repository = createServer((socket) => socket.on("error", () => undefined).end());
    return new Promise((resolve, reject) => {
        repository.on("error", reject).listen(REPOSITORY, resolve);
    });
}

/** Runs a command, or a shell for a person, to its end. */
function shell(args: readonly string[], { env, endpoint, privateKeyPath }: SandboxContext): Promise<number> {
    const [command = process.env["SHELL"] ?? "bash", ...rest] = args;
    if (args.length === 0) {
        log(`A fresh sandbox: EC2 at ${endpoint}, SSH key ${privateKeyPath}. All of it is gone when this shell ends. Try:
  pulumi up                            the two VPCs, apart
  pulumi config set peering true       and \`pulumi up\` again: peered
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

const verbs: Record<Run["verb"], (args: readonly string[], context: SandboxContext) => Promise<number>> = {
    lab: async (args, context) => (await import("./lab.ts")).runLab(args, context),
    shell,
};

async function main(run: Run): Promise<number> {
    const ending = obeyEndSignals();
    const broken: unknown[] = [];
    const context = await start(run, ending, (error) => {
        log(`The network is not what the API says: ${error instanceof Error ? error.message : String(error)}`);
        broken.push(error);
    });
    const result = ending.aborted ? 1 : await verbs[run.verb](run.args, context);
    const code = broken.length > 0 ? Math.max(result, 1) : result;
    // A command that was interrupted and says that it failed, failed for that.
    return ending.aborted && code !== 0 ? 128 + constants.signals[ending.reason as NodeJS.Signals] : code;
}

process.exit(await main(JSON.parse(process.argv[2] ?? "") as Run));
