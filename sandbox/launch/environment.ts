import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { parse } from "yaml";
import { credentialsOf } from "../api/client/caller.ts";
import { run } from "../cache/process.ts";
import type { Engine } from "../engine/engine.ts";
import { withoutSecrets, withSettings } from "../lab/settings.ts";
import { internet } from "../network/planned/network.ts";
import { generateKeyPair } from "../servers/keys.ts";

/** The stack that every sandbox has. */
export const STACK = "dev";

/**
 * Encrypts the secrets of stacks in a sandbox. It is the same in all of them, so that the settings file of one's own project,
 * which stays when a sandbox ends, can be read in the next one. Anybody can know it: it protects nothing.
 */
const PASSPHRASE = "sandbox";

/** The name of a Pulumi project, which is also the namespace of its settings. */
export function projectName(folder: string): string {
    return (parse(readFileSync(join(folder, "Pulumi.yaml"), "utf8")) as { readonly name: string }).name;
}

/** The run's key pair. */
interface KeyPair {
    /** OpenSSH public key, one line. */
    readonly publicKey: string;
    /** File that holds the private key. */
    readonly privateKeyPath: string;
}

/** Creates a key pair, and configures every SSH client in the sandbox, including scp and rsync, to use it. */
export async function makeKeyPair(runDir: string, hostsFile: string): Promise<KeyPair> {
    const pair = generateKeyPair("sandbox");
    const privateKeyPath = join(runDir, "id_ed25519");
    writeFileSync(privateKeyPath, pair.private, { mode: 0o600 });
    const config = join(runDir, "ssh_config");
    // Addresses are reused by other servers, so host keys are not stored.
    writeFileSync(
        config,
        `Include ${hostsFile}
User ec2-user
IdentityFile ${privateKeyPath}
StrictHostKeyChecking no
UserKnownHostsFile /dev/null
LogLevel ERROR
`,
    );
    if (existsSync("/etc/ssh/ssh_config")) {
        await layOver("/etc/ssh/ssh_config", config);
    }
    return { publicKey: pair.public, privateKeyPath };
}

/** Makes the project's own commands, `check` and `explain`, and returns their folder. */
export function makeCommands(checkout: string, runDir: string): string {
    const folder = join(runDir, "bin");
    mkdirSync(folder);
    for (const name of ["check", "explain"]) {
        const script = join(checkout, "commands", `${name}.ts`);
        writeFileSync(join(folder, name), `#!/bin/sh\nexec ts-node '${script}' "$@"\n`, { mode: 0o755 });
    }
    return folder;
}

/** The environment of AWS clients: the sandbox's endpoint, and credentials that are valid only there. */
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

/** Makes a `pulumi` that refuses to open a stack whose secrets can't be read, and returns its folder. */
function makePulumi(engine: Engine, runDir: string): string {
    const folder = join(runDir, "pulumi-bin");
    mkdirSync(folder);
    const check = `'${process.execPath}' --disable-warning=ExperimentalWarning '${join(import.meta.dirname, "checkSecrets.ts")}'`;
    const script = `case "$1 $2" in "stack init" | "stack select") ${check} "$@" || exit ;; esac`;
    writeFileSync(join(folder, "pulumi"), `#!/bin/sh\n${script}\nexec '${join(engine.binDir, "pulumi")}' "$@"\n`, {
        mode: 0o755,
    });
    return folder;
}

/** The environment of Pulumi: this run's own home and backend. */
export function pulumiEnvironment(engine: Engine, runDir: string): Record<string, string> {
    const home = join(runDir, "pulumi");
    const backend = join(runDir, "backend");
    mkdirSync(home);
    mkdirSync(backend);
    // A copy, which is small, because what the run installs is its own. The engine takes no links to folders.
    cpSync(engine.pluginsDir, join(home, "plugins"), { recursive: true, verbatimSymlinks: true });
    return {
        ...engine.env,
        PATH: [makePulumi(engine, runDir), engine.binDir, process.env["PATH"]].join(delimiter),
        PULUMI_HOME: home,
        PULUMI_BACKEND_URL: `file://${backend}`,
        PULUMI_CONFIG_PASSPHRASE: PASSPHRASE,
        PULUMI_SKIP_UPDATE_CHECK: "true",
        // npm, which the engine installs SDKs with, would wait minutes for a registry.
        npm_config_offline: "true",
    };
}

/**
 * Creates the stack. A copy of its settings file with the run's key pair and address is mounted over the checkout's. Secrets are left out:
 * where the checkout's stack is used on AWS too, they are encrypted with something that is not in the sandbox.
 */
export async function makeStack(
    checkout: string,
    runDir: string,
    { publicKey, privateKeyPath }: KeyPair,
    env: Record<string, string>,
): Promise<void> {
    const file = `Pulumi.${STACK}.yaml`;
    const [settings, own] = [join(checkout, file), join(runDir, file)];
    const access = {
        sshPublicKey: publicKey,
        sshPrivateKeyPath: privateKeyPath,
        sshCidrs: [`${internet.operator}/32`],
    };
    writeFileSync(own, withSettings(withoutSecrets(readFileSync(settings, "utf8")), projectName(checkout), access));
    await layOver(settings, own);
    await run("pulumi", ["stack", "init", STACK], { cwd: checkout, env });
}

/** Bind-mounts a file over another one, in this sandbox only. */
async function layOver(covered: string, file: string): Promise<void> {
    await run("mount", ["--bind", file, covered]);
}
