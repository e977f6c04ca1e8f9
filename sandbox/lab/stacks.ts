import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../cache/process.ts";
import type { SandboxContext } from "../context.ts";
import { pulumi, type Outputs, type StackLocation, type Told } from "./pulumi.ts";
import { withSettings, type Settings } from "./settings.ts";

/** The stacks of a run: the lab's own, and those that are brought up beside it in the background. */
export type StackName = "lab" | "other-region" | "other-account";

type Log = (line: string) => void;

/** A stack of the program, and the settings that it is up with. */
export class LabStack {
    readonly #location: StackLocation;
    readonly #project: string;
    /** The settings file as it was at first. */
    readonly #first: string;
    #upWith: string | undefined;
    #ahead: Promise<Told> | undefined;
    #outputs: Outputs = {};

    constructor(location: StackLocation, project: string) {
        this.#location = location;
        this.#project = project;
        this.#first = readFileSync(settingsFile(location), "utf8");
    }

    get outputs(): Outputs {
        return this.#outputs;
    }

    /** Begins to bring the stack up; whoever then ensures that it is up waits for this, and gets what it changed. */
    begin(settings: Settings, log: Log): void {
        this.#ahead = this.up(settings, log);
        this.#ahead.catch(() => undefined);
    }

    /** Brings the stack up with the checkout's settings and these; throws when that fails. */
    async up(settings: Settings, log: Log): Promise<Told> {
        this.#upWith = undefined;
        writeFileSync(settingsFile(this.#location), withSettings(this.#first, this.#project, settings));
        const told = await pulumi("up", this.#location, log);
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

    /** Tries settings that the program refuses, and gives the reason; undefined when it accepts them. The stack stays as it is. */
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
        return pulumi("destroy", this.#location, log);
    }
}

function settingsFile({ cwd, stack }: Omit<StackLocation, "env">): string {
    return join(cwd, `Pulumi.${stack}.yaml`);
}

/** The stacks of a run. */
export class Stacks {
    readonly #context: SandboxContext;
    readonly #opened = new Map<StackName, Promise<LabStack>>();
    #overlay: Promise<string> | undefined;

    constructor(context: SandboxContext) {
        this.#context = context;
    }

    /** A stack of that name, which begins as the lab's own does. */
    stack(name: StackName): Promise<LabStack> {
        const opened = this.#opened.get(name) ?? this.#open(name);
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

    async #open(name: StackName): Promise<LabStack> {
        const { checkout, project, stack: own, env } = this.#context;
        if (name === "lab") {
            return new LabStack({ stack: own, cwd: checkout, env }, project);
        }
        this.#overlay ??= this.#makeOverlay();
        const cwd = await this.#overlay;
        copyFileSync(settingsFile({ cwd: checkout, stack: own }), settingsFile({ cwd, stack: name }));
        await run("pulumi", ["stack", "init", name, "--no-select", "--non-interactive"], { cwd, env });
        return new LabStack({ stack: name, cwd, env }, project);
    }

    /** The checkout, under a layer to which settings files are written: the checkout itself stays as it is. */
    async #makeOverlay(): Promise<string> {
        const { checkout, runDir } = this.#context;
        const [upper = "", work = "", merged = ""] = ["upper", "work", "merged"].map((name) => {
            const dir = join(runDir, "tour", name);
            mkdirSync(dir, { recursive: true });
            return dir;
        });
        const layers = `lowerdir=${checkout},upperdir=${upper},workdir=${work}`;
        await run("mount", ["-t", "overlay", "overlay", "-o", layers, merged]);
        return merged;
    }
}
