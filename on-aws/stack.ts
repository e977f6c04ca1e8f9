/** The lab's own program as a stack with a state and settings of its own, run by the Pulumi CLI. */
import { spawn, type ChildProcess } from "child_process";
import { once } from "events";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from "fs";
import { join } from "path";
import { createInterface } from "readline";
import { text } from "stream/consumers";
import { setTimeout as sleep } from "timers/promises";
import { pathToFileURL } from "url";
import type { EngineEvent } from "@pulumi/pulumi/automation";
import { isRunning, type Checked, type RunFolder } from "./run";

/** The name of the stack, which is in a backend of its own. */
const stackName = "on-aws";

/** How long an interrupted CLI may take to end what it has begun, in milliseconds. */
const patience = 180_000;

const checkout = join(__dirname, "..");

/** What a command did. */
export interface Done {
    readonly changes: Readonly<Record<string, number>>;
    readonly checks: readonly Checked[];
}

/** The CLI was not found. */
export class NoPulumiError extends Error {}

/** The version of the CLI on PATH. */
export async function pulumiVersion(): Promise<string> {
    return (await said(start(["version"], checkout, process.env))).trim().replace(/^v/, "");
}

export class Stack {
    readonly #folder: RunFolder;
    readonly #say: (line: string) => void;
    readonly #env: NodeJS.ProcessEnv;
    #running: ChildProcess | undefined;

    constructor(folder: RunFolder, say: (line: string) => void) {
        this.#folder = folder;
        this.#say = say;
        this.#env = {
            ...process.env,
            PULUMI_BACKEND_URL: pathToFileURL(folder.file("backend")).href,
            // It protects nothing: the private key is in the same folder, which only its owner may read.
            PULUMI_CONFIG_PASSPHRASE: stackName,
            PULUMI_CONFIG_PASSPHRASE_FILE: undefined,
        };
    }

    get #settings(): string {
        return this.#folder.file(`Pulumi.${stackName}.yaml`);
    }

    /** Creates the stack. */
    async create(): Promise<void> {
        mkdirSync(this.#folder.file("backend"), { recursive: true });
        // The CLI writes a settings file beside the project's, and the checkout is the user's.
        copyFileSync(join(checkout, "Pulumi.yaml"), this.#folder.file("Pulumi.yaml"));
        await said(start(["stack", "init", stackName, "--no-select"], this.#folder.path, this.#env));
    }

    /** Whether there is a stack that may have something. */
    get exists(): boolean {
        return existsSync(this.#settings) && this.#files("stacks").length > 0;
    }

    /** Sets settings of the program; lists and objects are given as JSON. */
    async set(settings: Readonly<Record<string, string>>): Promise<void> {
        const pairs = Object.entries(settings).flatMap(([key, value]) => ["--plaintext", `${key}=${value}`]);
        await said(this.#start(["config", "set-all", ...pairs]));
    }

    up(): Promise<Done> {
        return this.#change(["up"]);
    }

    destroy(...options: readonly string[]): Promise<Done> {
        return this.#change(["destroy", ...options]);
    }

    /** The IDs of all that the state knows. */
    async ids(): Promise<Set<string>> {
        const state = await said(this.#start(["stack", "export"], false));
        return new Set(state.match(/\b[a-z]+(?:-[a-z]+)*-[0-9a-f]{8,}\b/g));
    }

    /** The versions of the plugins that the state's providers run, by name. */
    async plugins(): Promise<Record<string, string>> {
        const state = JSON.parse(await said(this.#start(["stack", "export"], false))) as {
            readonly deployment: {
                readonly resources?: readonly {
                    readonly type: string;
                    readonly inputs?: { readonly version?: string };
                }[];
            };
        };
        const versions: Record<string, string> = {};
        for (const { type, inputs } of state.deployment.resources ?? []) {
            const [, name] = /^pulumi:providers:(.+)$/.exec(type) ?? [];
            if (name !== undefined) versions[`${name} plugin`] = inputs?.version ?? "";
        }
        return versions;
    }

    /** Ends the command that is running in good order, if there is one: what it has begun at AWS is waited for. */
    async interrupt(): Promise<void> {
        const child = this.#running;
        if (child?.pid !== undefined) {
            await end(child.pid, () => child.exitCode === null && child.signalCode === null);
        }
    }

    /** Takes over from a CLI that was cut off: ends it if it goes on all the same, and removes its lock. */
    async takeOver(): Promise<void> {
        const locks = this.#files("locks");
        for (const lock of locks) {
            const { pid } = JSON.parse(readFileSync(lock, "utf8")) as { readonly pid: number };
            const goesOn = () => isRunning(pid, this.#folder.path);
            if (goesOn()) {
                this.#say(`  the Pulumi CLI goes on, pid ${pid}; ending it`);
                await end(pid, goesOn);
            }
        }
        if (this.#files("locks").length > 0) {
            await said(this.#start(["cancel", "--yes"], false));
        }
    }

    #files(kind: "locks" | "stacks"): string[] {
        const folder = join(this.#folder.file("backend"), ".pulumi", kind);
        const names = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: "utf8" }) : [];
        return names.filter((name) => name.endsWith(".json")).map((name) => join(folder, name));
    }

    #start(args: readonly string[], hasSettings = true): ChildProcess {
        const own = hasSettings ? ["--config-file", this.#settings] : [];
        return start([...args, "--stack", stackName, ...own], checkout, this.#env);
    }

    /** Runs a command that changes something, and says what happens to each resource. Throws the errors of a failed one. */
    async #change(args: readonly string[]): Promise<Done> {
        const child = this.#start([...args, "--yes", "--skip-preview", "--json"]);
        this.#running = child;
        const ended = exitOf(child);
        const stderr = text(streamOf(child.stderr));
        const errors: string[] = [];
        let changes = {};
        let checks: readonly Checked[] = [];
        for await (const line of createInterface(streamOf(child.stdout))) {
            if (!line.startsWith("{")) continue;
            const event = JSON.parse(line) as EngineEvent;
            const { resOutputsEvent, resOpFailedEvent, diagnosticEvent, summaryEvent } = event;
            const done = resOutputsEvent?.metadata ?? resOpFailedEvent?.metadata;
            if (done && !["same", "read"].includes(done.op)) {
                const name = done.urn.split("::").at(-1) ?? done.urn;
                this.#say(`  ${(resOpFailedEvent ? "FAILED" : done.op).padEnd(18)} ${name}`);
            }
            if (diagnosticEvent?.severity === "error") errors.push(diagnosticEvent.message.trim());
            if (summaryEvent) changes = summaryEvent.resourceChanges;
            if (resOutputsEvent?.metadata.type === "pulumi:pulumi:Stack") {
                const outputs = resOutputsEvent.metadata.new?.outputs as { checkResults?: Checked[] } | undefined;
                checks = outputs?.checkResults ?? [];
            }
        }
        const code = await ended;
        this.#running = undefined;
        if (code !== 0) {
            const message = errors.length > 0 ? errors.join("\n") : (await stderr).trim();
            throw new Error(message === "" ? `pulumi ${args.join(" ")} ended with ${code}` : message);
        }
        return { changes, checks };
    }
}

/** Ends a CLI: it is interrupted once, which lets it finish what it has begun, and killed if that takes too long. */
async function end(pid: number, goesOn: () => boolean): Promise<void> {
    const limit = Date.now() + patience;
    for (let signal: NodeJS.Signals | 0 = "SIGINT"; goesOn(); signal = Date.now() > limit ? "SIGKILL" : 0) {
        try {
            process.kill(pid, signal);
        } catch {
            // It has ended meanwhile.
        }
        await sleep(200);
    }
}

/** Starts the CLI in a process group of its own, which the terminal's Ctrl-C does not reach: twice would cut it off. */
function start(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): ChildProcess {
    const options = { cwd, env: { ...env, PULUMI_SKIP_UPDATE_CHECK: "true" }, detached: true };
    return spawn("pulumi", [...args, "--non-interactive"], { ...options, stdio: ["ignore", "pipe", "pipe"] });
}

/** Resolves to the exit code, or the signal. */
async function exitOf(child: ChildProcess): Promise<number | string> {
    try {
        const [code, signal] = (await once(child, "close")) as [number | null, string | null];
        return code ?? signal ?? "";
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
        throw new NoPulumiError(
            "The Pulumi CLI was not found on PATH: install it, https://www.pulumi.com/docs/iac/download-install/",
            { cause: error },
        );
    }
}

function streamOf(stream: ChildProcess["stdout"]): NonNullable<ChildProcess["stdout"]> {
    if (!stream) throw new Error("the CLI's output is not a pipe");
    return stream;
}

/** What a command printed; throws what it printed as errors if it failed. */
async function said(child: ChildProcess): Promise<string> {
    const output = Promise.all([text(streamOf(child.stdout)), text(streamOf(child.stderr))]);
    const code = await exitOf(child);
    const [stdout, stderr] = await output;
    if (code !== 0) throw new Error(stderr.trim() || stdout.trim());
    return stdout;
}
