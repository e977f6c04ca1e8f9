/**
 * All that a command finds in the sandbox: the EC2 API, the network and the servers behind it, Pulumi and its stack. Its
 * process is not of the terminal's session, so that Ctrl-C reaches the command in front and nothing that this one still
 * needs to finish in an orderly way.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";
import type { SandboxContext } from "../context.ts";
import { HOME_KEY } from "../api/client/caller.ts";
import { startGateway } from "../api/gateway.ts";
import { startMoto } from "../api/moto.ts";
import { startProviders } from "../engine/plugins/attach.ts";
import { awsEnvironment, makeKeyPair, makeStack, pulumiEnvironment, STACK } from "./environment.ts";
import { checkout } from "./install.mjs";
import type { Run } from "./outside.ts";
import { createReconciler } from "../network/reconciler.ts";
import { createServers } from "../servers/servers.ts";

/** What a world tells the process that it is for: that it is ready, or what went wrong in it. */
export type Message =
    { readonly ready: Omit<SandboxContext, "ending" | "log"> } | { readonly failed: string; readonly fatal: boolean };

const REGION = "ap-northeast-2";

/** Where the servers find the package repositories of the internet: the person's own end of the sandbox's internet. */
const REPOSITORY = { host: "198.51.100.2", port: 443 } as const;

/** All that the run writes is on this tmpfs: `ip netns` wants its folder there, the rest is the run's own. */
function makeRunDir(): string {
    execFileSync("mount", ["-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"]);
    const runDir = "/run/vpc-peering-lab";
    for (const dir of ["/run/netns", runDir, join(runDir, "tmp"), join(runDir, "log")]) {
        mkdirSync(dir);
    }
    return runDir;
}

async function start({ engine, moto, awsCli }: Run): Promise<Message> {
    const runDir = makeRunDir();
    execFileSync("ip", ["link", "set", "lo", "up"]);
    process.env["TMPDIR"] = join(runDir, "tmp");
    process.env["PATH"] = [join(checkout, "node_modules/.bin"), awsCli ?? [], process.env["PATH"]]
        .flat()
        .join(delimiter);
    const key = makeKeyPair(runDir);
    const pulumiEnv = engine ? pulumiEnvironment(engine, runDir) : {};

    const control = async () => {
        const { endpoint, ready } = await startCloud(moto, join(runDir, "log"), join(runDir, "servers"));
        const aws = awsEnvironment(endpoint, REGION);
        // Nobody waits for it: moto takes seconds over its first answer, and whoever changes something waits anyway.
        ready.then(listen).catch(onError);
        const providers = engine && (await startProviders(engine, { ...process.env, ...pulumiEnv, ...aws }));
        return { endpoint, env: { ...aws, ...providers?.env } };
    };
    const [{ endpoint, env: controlEnv }] = await Promise.all([
        control(),
        engine && makeStack(checkout, runDir, key, pulumiEnv),
    ]);
    const env = { ...process.env, ...pulumiEnv, ...controlEnv } as Record<string, string>;
    const summary = engine?.summary ?? [];
    return { ready: { env, runDir, endpoint, region: REGION, ...key, checkout, stack: STACK, engine: summary } };
}

/** Starts the EC2 API, and the network and the servers that follow what it describes: `ready` is when they first do. */
async function startCloud(
    moto: Run["moto"],
    logDir: string,
    serversDir: string,
): Promise<{ endpoint: string; ready: Promise<void> }> {
    const { endpoint: upstream } = await startMoto(moto, join(logDir, "moto.log"));
    const servers = createServers({ dir: serversDir, logDir, log: console.error });
    const reconcile = createReconciler({
        endpoint: upstream,
        home: { accessKeyId: HOME_KEY, region: REGION },
        onServers: (specs) => {
            servers.reconcile(specs);
        },
    });
    const { endpoint } = await startGateway({ upstream, onChange: reconcile, onError });
    return { endpoint, ready: reconcile() };
}

/** Accepts and closes: that a server gets through to it is all that counts. The network has to have its internet by then. */
function listen(): Promise<void> {
    const repository = createServer((socket) => socket.on("error", () => undefined).end());
    return new Promise((resolve, reject) => {
        repository.on("error", reject).listen(REPOSITORY, resolve);
    });
}

function onError(error: unknown): void {
    tell({ failed: `The network is not what the API says: ${textOf(error)}`, fatal: false });
}

function textOf(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}

function tell(message: Message): void {
    process.send?.(message);
}

process.once("message", (run: Run) => {
    start(run).then(tell, (error: unknown) => {
        tell({ failed: textOf(error), fatal: true });
    });
});
