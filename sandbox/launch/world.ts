/**
 * Everything that a command finds in the sandbox: the EC2 API, the network and the servers behind it, Pulumi and its stack.
 * The process is not in the terminal's session: Ctrl-C reaches the command in the foreground, but nothing that the command
 * still needs for an orderly exit.
 */
import { mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { startMoto } from "../api/moto.ts";
import { messageOf, run } from "../cache/process.ts";
import { startProviders } from "../engine/plugins/attach.ts";
import {
    awsEnvironment,
    makeCommands,
    makeKeyPair,
    makeStack,
    projectName,
    pulumiEnvironment,
    STACK,
} from "./environment.ts";
import { RUN_DIR } from "./contextFile.ts";
import { checkout } from "./install.mjs";
import type { Message, Run } from "./run.ts";

const REGION = "ap-northeast-2";

/** The EC2 API's port, which nothing else in the sandbox's own network uses. */
const PORT = 6687;

/** Everything that the run writes is on this tmpfs: `ip netns` needs its folder there, the rest is the run's own. */
async function makeRunDir(): Promise<string> {
    await run("mount", ["-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"]);
    const runDir = RUN_DIR;
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

    const endpoint = `http://127.0.0.1:${PORT}`;
    const aws = awsEnvironment(endpoint, REGION);

    const cloud = async () => {
        // Loading takes as long as moto's start.
        const [{ endpoint: upstream }, { startCloud }] = await Promise.all([
            startMoto(moto, join(runDir, "log", "moto.log")),
            import("./cloud.ts"),
        ]);
        // Acts need no names, nor the API calls that keep them up to date. A person in a shell does.
        const kept = "lab" in task && !task.lab.step ? undefined : names;
        const [python = ""] = moto;
        await startCloud(upstream, { port: PORT, region: REGION, runDir, python, names: kept, onError });
    };
    const plugins = async () => engine && startProviders(engine, { ...process.env, ...pulumiEnv, ...aws });
    const person = async () => {
        const key = await makeKeyPair(runDir, names.hosts);
        if (engine) {
            await makeStack(checkout, runDir, key, pulumiEnv);
        }
        return key;
    };
    const [, providers, { privateKeyPath }] = await Promise.all([cloud(), plugins(), person()]);
    const env = {
        ...process.env,
        ...pulumiEnv,
        ...aws,
        ...providers?.env,
        VPC_PEERING_LAB_NAMES: names.variables,
    } as Record<string, string>;
    const known = {
        env,
        runDir,
        endpoint,
        region: REGION,
        privateKeyPath,
        checkout,
        project: projectName(checkout),
        stack: STACK,
    };
    return { ready: { ...known, engine: engine?.summary ?? [] } };
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
