import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { credentialsOf } from "../api/client/caller.ts";
import type { Engine } from "../engine/engine.ts";
import { run } from "../cache/process.ts";
import { generateKeyPair } from "../servers/keys.ts";

/** The stack that is ready in every sandbox, and the settings by which the program is given the run's key pair. */
export const STACK = "dev";
const keySettings = { publicKey: "sshPublicKey", privateKeyPath: "sshPrivateKeyPath" } as const;

/** The run's key pair. */
export interface KeyPair {
    /** OpenSSH public key, one line. */
    readonly publicKey: string;
    /** File that holds the private key. */
    readonly privateKeyPath: string;
}

/** Makes a fresh key pair, and has every SSH client in the sandbox use it, whether it is typed, or called by scp or rsync. */
export function makeKeyPair(runDir: string): KeyPair {
    const pair = generateKeyPair("vpc-peering-lab");
    const privateKeyPath = join(runDir, "id_ed25519");
    writeFileSync(privateKeyPath, pair.private, { mode: 0o600 });
    const config = join(runDir, "ssh_config");
    // Addresses come back with other servers behind them: to remember their host keys would only be in the way.
    writeFileSync(
        config,
        `User ec2-user
IdentityFile ${privateKeyPath}
StrictHostKeyChecking no
UserKnownHostsFile /dev/null
LogLevel ERROR
`,
    );
    if (existsSync("/etc/ssh/ssh_config")) {
        mount(config, "/etc/ssh/ssh_config");
    }
    return { publicKey: pair.public, privateKeyPath };
}

/** The environment of AWS clients: the sandbox's endpoint, and credentials that are good for nothing else. */
export function awsEnvironment(endpoint: string, region: string): Record<string, string> {
    const { accessKeyId, secretAccessKey } = credentialsOf();
    return {
        AWS_ENDPOINT_URL: endpoint,
        AWS_REGION: region,
        AWS_DEFAULT_REGION: region,
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        AWS_EC2_METADATA_DISABLED: "true",
        AWS_CONFIG_FILE: "/dev/null",
        AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
        AWS_PAGER: "",
    };
}

/** The environment of Pulumi: a home, a backend and a passphrase of this run. */
export function pulumiEnvironment(engine: Engine, runDir: string): Record<string, string> {
    const home = join(runDir, "pulumi");
    const backend = join(runDir, "backend");
    mkdirSync(home);
    mkdirSync(backend);
    symlinkSync(engine.pluginsDir, join(home, "plugins"));
    return {
        ...engine.env,
        PATH: [engine.binDir, process.env["PATH"]].join(delimiter),
        PULUMI_HOME: home,
        PULUMI_BACKEND_URL: `file://${backend}`,
        PULUMI_CONFIG_PASSPHRASE: randomBytes(16).toString("hex"),
        PULUMI_SKIP_UPDATE_CHECK: "true",
    };
}

/**
 * Makes the stack. Its settings begin as the checkout's and are the run's own from then on: a copy lies over the
 * checkout's file, in this sandbox only.
 */
export async function makeStack(
    checkout: string,
    runDir: string,
    key: KeyPair,
    env: Record<string, string>,
): Promise<void> {
    const settings = join(checkout, `Pulumi.${STACK}.yaml`);
    const copy = join(runDir, `Pulumi.${STACK}.yaml`);
    copyFileSync(settings, copy);
    mount(copy, settings);
    const pulumi = (...args: string[]) => run("pulumi", args, { cwd: checkout, env });
    await pulumi("stack", "init", STACK);
    const keys = Object.entries(keySettings).flatMap(([field, setting]) => [
        "--plaintext",
        `${setting}=${key[field as keyof KeyPair]}`,
    ]);
    await pulumi("config", "set-all", "--stack", STACK, ...keys);
}

function mount(file: string, over: string): void {
    const { status, stderr } = spawnSync("mount", ["--bind", file, over], { encoding: "utf8" });
    if (status !== 0) {
        throw new Error(`${file} can't be laid over ${over}: ${stderr.trim()}`);
    }
}
