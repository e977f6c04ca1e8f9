import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LocalWorkspace, type Stack } from "@pulumi/pulumi/automation/index.js";
import { parse, stringify } from "yaml";
import type { SandboxContext } from "../context.ts";
import type { Settings, StackName } from "./act.ts";
import { listen, type Outputs, type Told } from "./events.ts";

type Log = (line: string) => void;

/** A stack of the program, and the settings that it is up with. */
export class LabStack {
    readonly #stack: Stack;
    readonly #settingsFile: string;
    /** The file's settings as they were at first. */
    readonly #first: string;
    #upWith: string | undefined;
    #ahead: Promise<Told> | undefined;
    #outputs: Outputs = {};

    constructor(stack: Stack, settingsFile: string) {
        this.#stack = stack;
        this.#settingsFile = settingsFile;
        this.#first = readFileSync(settingsFile, "utf8");
        // Of an update it would ask two things more, by three commands that decrypt the state; the events have told already.
        stack.outputs = () => Promise.resolve({});
        stack.info = () => Promise.resolve(undefined);
    }

    get outputs(): Outputs {
        return this.#outputs;
    }

    /** Begins to bring the stack up; whoever then ensures that it is up waits for this, and is told what came of it. */
    begin(settings: Settings, log: Log): void {
        this.#ahead = this.up(settings, log);
        this.#ahead.catch(() => undefined);
    }

    /** Brings the stack up with the checkout's settings and these; throws when that fails. */
    async up(settings: Settings, log: Log): Promise<Told> {
        this.#upWith = undefined;
        await this.#set(settings);
        const told = await listen(log, (onEvent) => this.#stack.up({ onEvent }));
        this.#outputs = told.outputs;
        this.#upWith = JSON.stringify(settings);
        return told;
    }

    /** The same where it is not up with just these settings; undefined where it is. */
    async ensure(settings: Settings, log: Log): Promise<Told | undefined> {
        const ahead = this.#ahead;
        this.#ahead = undefined;
        await ahead;
        if (this.#upWith === JSON.stringify(settings)) {
            return ahead;
        }
        return this.up(settings, log);
    }

    /** Tries settings that the program refuses, and gives why it does; undefined when it does not. The stack stays as it is. */
    async refusal(settings: Settings, log: Log): Promise<string | undefined> {
        const before = this.#upWith;
        try {
            await this.up(settings, log);
            return undefined;
        } catch (error) {
            this.#upWith = before;
            return error instanceof Error ? error.message : String(error);
        }
    }

    async destroy(log: Log): Promise<Told> {
        // Whatever is still being made has to be there first.
        await this.#ahead?.catch(() => undefined);
        this.#upWith = undefined;
        return listen(log, (onEvent) => this.#stack.destroy({ onEvent }));
    }

    async #set(settings: Settings): Promise<void> {
        const { name } = await this.#stack.workspace.projectSettings();
        const file = parse(this.#first) as { config: Record<string, unknown> };
        for (const [key, value] of Object.entries(settings)) {
            file.config[`${name}:${key}`] = value;
        }
        writeFileSync(this.#settingsFile, stringify(file));
    }
}

/** The stacks of a run. */
export class Stacks {
    readonly #context: SandboxContext;
    readonly #opened = new Map<StackName, Promise<LabStack>>();
    #overlay: string | undefined;

    constructor(context: SandboxContext) {
        this.#context = context;
    }

    /** A stack of that name, which begins as the lab's own does. */
    stack(name: StackName): Promise<LabStack> {
        const opened = this.#opened.get(name) ?? (name === "lab" ? this.#own() : this.#further(name));
        this.#opened.set(name, opened);
        return opened;
    }

    /** All that were asked for and could be opened. */
    async opened(): Promise<readonly (readonly [StackName, LabStack])[]> {
        const all = await Promise.allSettled(
            [...this.#opened].map(async ([name, stack]) => [name, await stack] as const),
        );
        return all.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    }

    async #own(): Promise<LabStack> {
        const { checkout, stack: stackName, env: envVars } = this.#context;
        const stack = await LocalWorkspace.selectStack({ stackName, workDir: checkout }, { envVars });
        return new LabStack(stack, this.#settingsFile(checkout, stackName));
    }

    async #further(stackName: StackName): Promise<LabStack> {
        const { checkout, stack: own, env: envVars } = this.#context;
        this.#overlay ??= this.#makeOverlay();
        const workDir = this.#overlay;
        const settingsFile = this.#settingsFile(workDir, stackName);
        copyFileSync(this.#settingsFile(checkout, own), settingsFile);
        const stack = await LocalWorkspace.createStack({ stackName, workDir }, { envVars });
        return new LabStack(stack, settingsFile);
    }

    #settingsFile(dir: string, stack: string): string {
        return join(dir, `Pulumi.${stack}.yaml`);
    }

    /** The checkout, under a layer that the engine may write settings files to: the checkout itself stays as it is. */
    #makeOverlay(): string {
        const { checkout, runDir } = this.#context;
        const [upper = "", work = "", merged = ""] = ["upper", "work", "merged"].map((name) => {
            const dir = join(runDir, "tour", name);
            mkdirSync(dir, { recursive: true });
            return dir;
        });
        const layers = `lowerdir=${checkout},upperdir=${upper},workdir=${work}`;
        execFileSync("mount", ["-t", "overlay", "overlay", "-o", layers, merged]);
        return merged;
    }
}
