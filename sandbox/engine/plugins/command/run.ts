import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import ssh from "ssh2";
import { endGroup, messageOf } from "../../../cache/process.ts";

/** A command to run, with handlers for its output. */
export interface Task {
    readonly command: string;
    readonly environment: Readonly<Record<string, string>>;
    readonly stdin: string;
    readonly onStdout: (text: string) => void;
    readonly onStderr: (text: string) => void;
    /** Shows progress to the user. */
    readonly status: (message: string) => void;
    /** Ends the command. */
    readonly signal: AbortSignal;
}

/** How to run a command on this machine. */
export interface LocalOptions {
    readonly interpreter?: readonly string[];
    readonly dir?: string;
}

/** How to reach the host of a remote command. */
export interface Connection {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly password?: string;
    readonly privateKey?: string;
    readonly privateKeyPassword?: string;
    readonly agentSocketPath?: string;
    readonly hostKey?: string;
    /** Number of failed attempts that are retried; -1 for no limit. */
    readonly dialErrorLimit: number;
    /** Time limit for one attempt, in seconds; 0 for no limit. */
    readonly perDialTimeout: number;
}

/** Runs a command on this machine. Throws if it fails. */
export async function runLocal(options: LocalOptions, task: Task): Promise<void> {
    const [program = "", ...args] = options.interpreter?.length ? options.interpreter : ["/bin/sh", "-c"];
    const child = spawn(program, [...args, task.command], {
        cwd: options.dir,
        env: { ...process.env, ...task.environment },
        // A process group of its own, so that the command's children end with it.
        detached: true,
    });
    const end = () => {
        endGroup(child);
    };
    task.signal.addEventListener("abort", end);
    child.stdout.setEncoding("utf8").on("data", task.onStdout);
    child.stderr.setEncoding("utf8").on("data", task.onStderr);
    // A command may exit without reading its input.
    child.stdin.on("error", () => undefined).end(task.stdin);
    const [code, signal] = (await once(child, "close").finally(() => {
        task.signal.removeEventListener("abort", end);
    })) as [number | null, string | null];
    if (code !== 0) {
        throw new Error(signal ? `signal: ${signal}` : `exit status ${code ?? ""}`);
    }
}

/** Runs a command over SSH. Throws if it fails. */
export async function runRemote(connection: Connection, task: Task): Promise<void> {
    const client = await dial(connection, task);
    try {
        await new Promise<void>((resolve, reject) => {
            client.once("error", reject);
            client.once("close", () => {
                reject(new Error("The connection ended before the command did."));
            });
            client.exec(task.command, { env: { ...task.environment } }, (error, channel) => {
                if (error) {
                    reject(error);
                    return;
                }
                let status = "without exit status or exit signal";
                channel.on("exit", (code: number | null, signal?: string) => {
                    status = `with status ${code ?? ""}${signal ? ` from signal ${signal}` : ""}`;
                });
                channel.on("close", () => {
                    if (status === "with status 0") {
                        resolve();
                    } else {
                        reject(new Error(`Process exited ${status}`));
                    }
                });
                channel.setEncoding("utf8").on("data", task.onStdout);
                channel.stderr.setEncoding("utf8").on("data", task.onStderr);
                channel.end(task.stdin);
            });
        });
    } finally {
        client.end();
    }
}

/** Connects, with the vendor plugin's retries: increasing pauses of at most five seconds. */
async function dial(connection: Connection, task: Task): Promise<ssh.Client> {
    const { dialErrorLimit } = connection;
    const key = connection.privateKey && ssh.utils.parseKey(connection.privateKey, connection.privateKeyPassword);
    if (key instanceof Error) {
        throw key;
    }
    for (let failed = 0, pause = 100; ; pause = Math.min(pause * 1.5, 5000)) {
        try {
            return await connect(connection, task.signal);
        } catch (error) {
            task.signal.throwIfAborted();
            failed++;
            if (dialErrorLimit >= 0 && failed > dialErrorLimit) {
                throw new Error(`after ${dialErrorLimit} failed attempts: ${messageOf(error)}`, { cause: error });
            }
            task.status(`Dial ${failed}/${dialErrorLimit < 0 ? "inf" : dialErrorLimit} failed: retrying`);
        }
        await sleep(pause, undefined, { signal: task.signal });
    }
}

/** Connects; the connection ends when the engine cancels. */
function connect(connection: Connection, signal: AbortSignal): Promise<ssh.Client> {
    const { host, port, user, password, privateKey, privateKeyPassword, hostKey } = connection;
    const agent = connection.agentSocketPath ?? process.env["SSH_AUTH_SOCK"];
    const client = new ssh.Client();
    const end = () => {
        client.destroy();
    };
    signal.addEventListener("abort", end);
    return new Promise<ssh.Client>((resolve, reject) => {
        client.once("connect", () => {
            // SSH exchanges many small messages, each of which would wait for a delayed acknowledgement.
            client.setNoDelay(true);
        });
        client.once("ready", () => {
            resolve(client);
        });
        client.on("error", reject);
        client.once("close", () => {
            signal.removeEventListener("abort", end);
            reject(new Error("The connection ended before the login."));
        });
        client.on("keyboard-interactive", (_name, _instructions, _language, prompts, answer) => {
            answer(prompts.map(() => password ?? ""));
        });
        client.connect({
            host,
            port,
            username: user,
            readyTimeout: connection.perDialTimeout * 1000,
            ...(password !== undefined && { password, tryKeyboard: true }),
            ...(privateKey !== undefined && { privateKey }),
            ...(privateKeyPassword !== undefined && { passphrase: privateKeyPassword }),
            ...(agent && { agent }),
            ...(hostKey !== undefined && {
                hostVerifier: (offered: Buffer) => hostKey.split(" ").includes(offered.toString("base64")),
            }),
        });
    });
}
