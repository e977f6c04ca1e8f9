import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A command's exit code and output. */
export interface Result {
    readonly code: number | null;
    readonly text: string;
}

/** Variables of the environment that differ from the sandbox's. */
type Environment = Readonly<Record<string, string>>;

/** Runs a program to completion, in the checkout or in another folder. */
export function run(program: string, args: readonly string[], cwd?: string, more: Environment = {}): Promise<Result> {
    return new Promise((resolve, reject) => {
        const env = { ...process.env, ...more };
        const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env, ...(cwd && { cwd }) });
        let text = "";
        for (const stream of [child.stdout, child.stderr]) {
            stream.on("data", (data: Buffer) => (text += data.toString()));
        }
        child.on("error", reject);
        child.on("close", (code) => {
            resolve({ code, text });
        });
    });
}

/** The stack of a project folder in the sandbox, controlled by the Pulumi CLI. */
export class Stack {
    readonly #folder: string | undefined;

    readonly #env: Environment;

    constructor(folder?: string, env: Environment = {}) {
        this.#folder = folder;
        this.#env = env;
    }

    /** The project's folder. */
    get folder(): string {
        return this.#folder ?? process.cwd();
    }

    pulumi(...args: string[]): Promise<Result> {
        return run("pulumi", [...args, "--stack", "dev", "--non-interactive"], this.#folder, this.#env);
    }

    up(): Promise<Result> {
        return this.pulumi("up", "--yes", "--skip-preview");
    }

    /** Runs an update that must succeed; returns the outputs. */
    async updated<Outputs>(): Promise<Outputs> {
        const { code, text } = await this.up();
        assert.equal(code, 0, text);
        return JSON.parse((await this.pulumi("stack", "output", "--json")).text) as Outputs;
    }

    async set(settings: Readonly<Record<string, string>>): Promise<void> {
        for (const [key, value] of Object.entries(settings)) {
            assert.equal((await this.pulumi("config", "set", "--path", key, value)).code, 0);
        }
    }

    async destroy(): Promise<void> {
        const { code, text } = await this.pulumi("destroy", "--yes", "--skip-preview");
        assert.equal(code, 0, text);
    }

    /** The changes that an update would make, by resource type and name. */
    async plan(): Promise<string[]> {
        const { code, text } = await this.pulumi("preview", "--json");
        assert.equal(code, 0, text);
        const { steps } = JSON.parse(text.slice(text.indexOf("{"))) as { steps: { op: string; urn: string }[] };
        return steps
            .filter(({ op }) => op !== "same" && op !== "read")
            .map(({ op, urn }) => `${op} ${urn.split("::").slice(2).join(" ").split("$").at(-1) ?? ""}`);
    }
}

/** Makes the folder of a project, which has the package by its name; returns its path. */
export function projectFolder(name: string, files: Readonly<Record<string, string>>): string {
    const folder = mkdtempSync(join(tmpdir(), `${name}-`));
    cpSync("tsconfig.json", join(folder, "tsconfig.json"));
    symlinkSync(join(process.cwd(), "node_modules"), join(folder, "node_modules"));
    for (const [file, text] of Object.entries(files)) {
        writeFileSync(join(folder, file), text);
    }
    return folder;
}

/** Creates a project of a program that uses the package; returns its stack. */
export async function project(
    name: string,
    program: string,
    settings: Record<string, string>,
    env: Environment = {},
): Promise<Stack> {
    const folder = projectFolder(name, {
        "index.ts": program,
        "Pulumi.yaml": `name: ${name}\nruntime: nodejs\nmain: index.ts\n`,
    });
    const stack = new Stack(folder, env);
    const init = await run("pulumi", ["stack", "init", "dev", "--non-interactive"], folder, env);
    assert.equal(init.code, 0, init.text);
    await stack.set({ "aws:region": process.env["AWS_REGION"] ?? "", ...settings });
    return stack;
}
