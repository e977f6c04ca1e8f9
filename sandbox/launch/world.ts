/**
 * Everything that a command finds in the sandbox: the EC2 API, the network and the servers behind it, Pulumi and its stack.
 * The process is not in the terminal's session: Ctrl-C reaches the command in the foreground, but nothing that the command
 * still needs for an orderly exit.
 */
import { appendFileSync, mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";
import { HOME_KEY } from "../api/client/caller.ts";
import { startGateway } from "../api/gateway.ts";
import { startMoto } from "../api/moto.ts";
import { messageOf, run } from "../cache/process.ts";
import { startProviders } from "../engine/plugins/attach.ts";
import { createReconciler } from "../network/reconciler.ts";
import { createServers } from "../servers/servers.ts";
import {
    awsEnvironment,
    makeCommands,
    makeKeyPair,
    makeStack,
    PROJECT,
    pulumiEnvironment,
    STACK,
} from "./environment.ts";
import { checkout } from "./install.mjs";
import { keepNames, type NameFiles } from "./names.ts";
import type { Message, Run } from "./run.ts";

const REGION = "ap-northeast-2";

/** Where the servers find the package repositories of the internet: at this machine's end of the sandbox's internet. */
const REPOSITORY = { host: "198.51.100.2", port: 443 } as const;

/** Everything that the run writes is on this tmpfs: `ip netns` needs its folder there, the rest is the run's own. */
async function makeRunDir(): Promise<string> {
    await run("mount", ["-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"]);
    const runDir = `/run/${PROJECT}`;
    for (const dir of ["/run/netns", runDir, join(runDir, "tmp"), join(runDir, "log")]) {
        mkdirSync(dir);
    }
    return runDir;
}

async function start({ task, engine, moto, awsCli }: Run): Promise<Message> {
    const runDir = await makeRunDir();
    await run("ip", ["link", "set", "lo", "up"]);
    process.env["TMPDIR"] = join(runDir, "tmp");
    const own = [makeCommands(checkout, runDir), join(checkout, "node_modules/.bin"), awsCli ?? []];
    process.env["PATH"] = [...own, process.env["PATH"]].flat().join(delimiter);
    const names = { hosts: join(runDir, "ssh_hosts"), variables: join(runDir, "variables.sh") };
    const pulumiEnv = engine ? pulumiEnvironment(engine, runDir) : {};

    const control = async () => {
        // The lab needs no names, nor the API calls that keep them up to date.
        const { endpoint, ready } = await startCloud(moto, runDir, "shell" in task ? names : undefined);
        const aws = awsEnvironment(endpoint, REGION);
        // The command does not wait for this: moto's first answer takes seconds, and each change waits for the network anyway.
        ready.then(listen).catch(onError);
        const providers = engine && (await startProviders(engine, { ...process.env, ...pulumiEnv, ...aws }));
        return { endpoint, env: { ...aws, ...providers?.env } };
    };
    const person = async () => {
        const key = await makeKeyPair(runDir, names.hosts);
        if (engine) {
            await makeStack(checkout, runDir, key, pulumiEnv);
        }
        return key;
    };
    const [{ endpoint, env: controlEnv }, { privateKeyPath }] = await Promise.all([control(), person()]);
    const env = {
        ...process.env,
        ...pulumiEnv,
        ...controlEnv,
        VPC_PEERING_LAB_NAMES: names.variables,
    } as Record<string, string>;
    const known = { env, runDir, endpoint, region: REGION, privateKeyPath, checkout, project: PROJECT, stack: STACK };
    return { ready: { ...known, engine: engine?.summary ?? [] } };
}

/** Starts the EC2 API, and the network and the servers that follow what it describes: `ready` is when they first do. */
async function startCloud(
    moto: Run["moto"],
    runDir: string,
    names: NameFiles | undefined,
): Promise<{ endpoint: string; ready: Promise<void> }> {
    const logDir = join(runDir, "log");
    const { endpoint: upstream } = await startMoto(moto, join(logDir, "moto.log"));
    const servers = createServers({ dir: join(runDir, "servers"), logDir, log: console.error });
    const reconcile = createReconciler({
        endpoint: upstream,
        home: { accessKeyId: HOME_KEY, region: REGION },
        onServers: (specs) => {
            servers.reconcile(specs);
        },
        onRebuilt: (error) => {
            console.error(`The network was rebuilt from nothing, because a change of it failed: ${messageOf(error)}`);
        },
    });
    const updateNames = names && keepNames(upstream, names);
    const { endpoint } = await startGateway({
        upstream,
        onChange: async (caller, action, parameters) => {
            await reconcile(caller, action, parameters);
            updateNames?.(caller).catch(onError);
        },
        onCall: logCalls(join(logDir, "calls")),
        onError,
    });
    return { endpoint, ready: reconcile() };
}

/** Returns a function that writes each distinct call to a file: the IAM action, a tab, and the caller's user agent. */
function logCalls(file: string): (action: string, userAgent: string) => void {
    const logged = new Set<string>();
    return (action, userAgent) => {
        const line = `${action}\t${userAgent}\n`;
        if (!logged.has(line)) {
            logged.add(line);
            appendFileSync(file, line);
        }
    };
}

/** Accepts connections and closes them: servers only need to reach the address. The sandbox's internet must exist by then. */
function listen(): Promise<void> {
    const repository = createServer((socket) => socket.on("error", () => undefined).end());
    return new Promise((resolve, reject) => {
        repository.on("error", reject).listen(REPOSITORY, resolve);
    });
}

function onError(error: unknown): void {
    tell({ failed: `The network does not match the API: ${messageOf(error)}`, fatal: false });
}

function tell(message: Message): void {
    process.send?.(message);
}

process.once("message", (wanted: Run) => {
    start(wanted).then(tell, (error: unknown) => {
        tell({ failed: messageOf(error), fatal: true });
    });
});
