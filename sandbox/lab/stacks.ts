import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { messageOf, run } from "../cache/process.ts";
import type { SandboxContext } from "../context.ts";
import { pulumi, type Changes, type Outputs, type StackLocation, type Told } from "./pulumi.ts";
import { withSettings, type Settings } from "./settings.ts";
import { silent, type Telling } from "./telling.ts";

/** The stacks of a run: the lab's own, and those that are brought up in the background. */
export type StackName = "lab" | "other-region" | "other-account";

/** A stack of the program, and the settings that it was last updated with. */
export class LabStack {
    readonly #location: StackLocation;
    readonly #project: string;
    /** The settings file's original text. */
    readonly #first: string;
    #upWith: Settings | undefined;
    #ahead: Promise<Told> | undefined;
    #outputs: Outputs = {};

    constructor(location: StackLocation, project: string) {
        this.#location = location;
        this.#project = project;
        this.#first = readFileSync(location.settingsFile, "utf8");
    }

    get outputs(): Outputs {
        return this.#outputs;
    }

    /** Starts to bring the stack up, and tells nothing. The next `ensure` waits for it and returns its changes. */
    begin(settings: Settings): void {
        this.#ahead = this.up(settings, silent);
        this.#ahead.catch(() => undefined);
    }

    /** Brings the stack up with the checkout's settings and these; throws if the update fails. */
    async up(settings: Settings, telling: Telling): Promise<Told> {
        this.#upWith = undefined;
        writeFileSync(this.#location.settingsFile, withSettings(this.#first, this.#project, settings));
        const told = await pulumi("up", this.#location, telling);
        this.#outputs = told.outputs;
        this.#upWith = settings;
        return told;
    }

    /** Brings the stack up unless it already has these settings; returns undefined if it does. */
    async ensure(settings: Settings, telling: Telling): Promise<Told | undefined> {
        const ahead = this.#ahead;
        this.#ahead = undefined;
        await ahead;
        return isDeepStrictEqual(this.#upWith, settings) ? ahead : this.up(settings, telling);
    }

    /** Tries settings that the program should reject; returns the error, or undefined if it accepts them. */
    async refusal(settings: Settings, telling: Telling): Promise<string | undefined> {
        const before = this.#upWith;
        try {
            await this.up(settings, telling);
            return undefined;
        } catch (error) {
            this.#upWith = before;
            return messageOf(error);
        }
    }

    /** Keeps the stack as it is now; the function that it returns asks what an update of that would change. */
    keep(): () => Promise<Changes> {
        const { stack, settingsFile, backend, ...location } = this.#location;
        const copy = mkdtempSync(join(tmpdir(), "stack-"));
        for (const file of ["meta.yaml", join("stacks", this.#project, `${stack}.json`)]) {
            cpSync(join(fileURLToPath(backend), ".pulumi", file), join(copy, ".pulumi", file));
        }
        const kept = {
            ...location,
            stack,
            settingsFile: join(copy, "settings.yaml"),
            backend: pathToFileURL(copy).href,
        };
        copyFileSync(settingsFile, kept.settingsFile);
        return async () => (await pulumi("preview", kept, silent)).changes;
    }

    async destroy(telling: Telling): Promise<Told> {
        // Wait for an update in the background, which may still be creating resources.
        await this.#ahead?.catch(() => undefined);
        this.#upWith = undefined;
        return pulumi("destroy", this.#location, telling);
    }
}

/** The stacks of a run. */
export class Stacks {
    readonly #context: SandboxContext;
    readonly #opened = new Map<StackName, Promise<LabStack>>();

    constructor(context: SandboxContext) {
        this.#context = context;
    }

    /** Opens a stack; a new one starts with the lab's own settings. */
    stack(name: StackName): Promise<LabStack> {
        const opened = this.#opened.get(name) ?? this.#open(name);
        this.#opened.set(name, opened);
        return opened;
    }

    /** All stacks that have been opened successfully. */
    async opened(): Promise<readonly (readonly [StackName, LabStack])[]> {
        const all = await Promise.allSettled(
            [...this.#opened].map(async ([name, stack]) => [name, await stack] as const),
        );
        return all.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    }

    async #open(name: StackName): Promise<LabStack> {
        const { checkout: cwd, project, stack, runDir, env } = this.#context;
        const backend = env["PULUMI_BACKEND_URL"] ?? "";
        const own = { stack, cwd, backend, settingsFile: join(cwd, `Pulumi.${stack}.yaml`) };
        if (name === "lab") {
            return new LabStack(own, project);
        }
        // `pulumi stack init` writes a settings file to the project's folder, which should not be the checkout.
        const folder = join(runDir, "stacks", name);
        const settingsFile = join(folder, `Pulumi.${name}.yaml`);
        mkdirSync(folder, { recursive: true });
        copyFileSync(join(cwd, "Pulumi.yaml"), join(folder, "Pulumi.yaml"));
        copyFileSync(own.settingsFile, settingsFile);
        await run("pulumi", ["stack", "init", name, "--no-select", "--non-interactive"], { cwd: folder });
        return new LabStack({ stack: name, cwd, backend, settingsFile }, project);
    }
}
