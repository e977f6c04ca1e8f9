import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { run } from "../../cache/process.ts";

/** A program built from Go modules; `go/<module>/` pins everything that goes into it. */
export interface GoProgram {
    /** Folder in `go/` that holds go.mod and go.sum. */
    readonly module: string;
    /** File name of the built program. */
    readonly file: string;
    /** Extra flags for the linker, given the version of the module that holds the package. */
    readonly linkerFlags?: (version: string) => string;
    /** Throws when the built program does not work. */
    readonly verify: (path: string, version: string) => Promise<void>;
}

/** The Pulumi CLI. */
export const pulumiCli: GoProgram = {
    module: "pulumi",
    file: "pulumi",
    linkerFlags: (version) => `-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${version}`,
    verify: async (path, version) => {
        const said = (await run(path, ["version"], { env: { PULUMI_SKIP_UPDATE_CHECK: "true" } })).trim();
        if (said !== version) {
            throw new Error(`The Pulumi CLI built as ${version} says it is ${said}.`);
        }
    },
};

/** What runs Node programs for the CLI. */
export const languageHost: GoProgram = {
    module: "language",
    file: "pulumi-language-nodejs",
    verify: servesPort,
};

/** What runs any Terraform provider as a Pulumi plugin. */
export const terraformBridge: GoProgram = {
    module: "bridge",
    file: "pulumi-resource-terraform-provider",
    verify: servesPort,
};

/** Changes whenever the program would be built differently. */
export function fingerprint(program: GoProgram): string {
    const hash = createHash("sha256");
    for (const file of ["go.mod", "go.sum"]) {
        hash.update(readFileSync(join(moduleDir(program), file)));
    }
    hash.update(`${program.linkerFlags?.("") ?? ""} ${process.platform} ${process.arch}`);
    return hash.digest("hex").slice(0, 12);
}

/** Builds the program into `dir` and verifies it, with a line at the start, at the end and every 15 seconds between. */
export async function goBuild(program: GoProgram, dir: string, log: (line: string) => void): Promise<void> {
    const { pkg, version } = pinned(program);
    const source = join(dir, `.src-${program.module}`);
    mkdirSync(source);
    for (const file of ["go.mod", "go.sum"]) {
        copyFileSync(join(moduleDir(program), file), join(source, file));
    }
    const start = Date.now();
    const elapsed = () => `${((Date.now() - start) / 1000).toFixed(0)} s`;
    log(`Building ${program.file} ${version} from Go modules.`);
    const ticker = setInterval(() => {
        log(`Still building ${program.file}: ${elapsed()}.`);
    }, 15_000);
    try {
        const flags = `-s -w ${program.linkerFlags?.(version) ?? ""}`.trim();
        const out = join(dir, program.file);
        // The checkout's or the cache's own version control and workspace have no say in it.
        const args = ["build", "-buildvcs=false", "-ldflags", flags, "-o", out, pkg];
        await run("go", args, { cwd: source, env: { GOWORK: "off" } });
        await program.verify(out, version);
    } finally {
        clearInterval(ticker);
        rmSync(source, { recursive: true, force: true });
    }
    log(`Built ${program.file} in ${elapsed()}.`);
}

function moduleDir(program: GoProgram): string {
    return join(import.meta.dirname, "go", program.module);
}

/** The package that go.mod names as its tool, and the version of the module it is in. */
function pinned(program: GoProgram): { pkg: string; version: string } {
    const text = readFileSync(join(moduleDir(program), "go.mod"), "utf8");
    const pkg = /^tool (\S+)$/m.exec(text)?.[1] ?? "";
    const required = [...text.matchAll(/^\s*(?:require )?(\S+) (v\S+)/gm)].filter(([, path = ""]) =>
        pkg.startsWith(`${path}/`),
    );
    const version = required[0]?.[2];
    if (!version) {
        throw new Error(`${moduleDir(program)}/go.mod names no tool.`);
    }
    return { pkg, version };
}

/** Starts a plugin that announces the port it serves as its first line. */
async function servesPort(path: string): Promise<void> {
    // The address of an engine is a required argument; nothing is asked of it before the first request.
    const child = spawn(path, ["127.0.0.1:1"], { stdio: ["ignore", "pipe", "ignore"] });
    try {
        const line = await new Promise<string>((resolve, reject) => {
            child.once("error", reject);
            createInterface(child.stdout)
                .once("line", resolve)
                .once("close", () => {
                    resolve("");
                });
            setTimeout(() => {
                resolve("");
            }, 20_000).unref();
        });
        if (!/^\d+$/.test(line)) {
            throw new Error(`${path} announced no port.`);
        }
    } finally {
        child.kill("SIGKILL");
    }
}
