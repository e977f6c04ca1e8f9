import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { freemem } from "node:os";
import { join } from "node:path";
import { run } from "../../cache/process.ts";
import { runTool, showWork } from "../../cache/tool.mjs";
import { pinnedVersion } from "../versions.ts";

/** A program built from Go modules. */
interface GoProgram {
    /** Name for people. */
    readonly title: string;
    /**
     * Folder in `go/` whose go.mod and go.sum pin its dependencies. The CLI and the bridge share one, so that common
     * dependencies are compiled once.
     */
    readonly module: "engine" | "language";
    readonly package: string;
    /** File name of the executable. */
    readonly file: string;
    /** Expected build time in seconds on two cores, after the builds of the programs before it. */
    readonly seconds: number;
}

/** The Pulumi CLI. */
export const pulumiCli: GoProgram = {
    title: "the Pulumi CLI",
    module: "engine",
    package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    file: "pulumi",
    seconds: 210,
};

/** Runs Node programs for the CLI. */
export const languageHost: GoProgram = {
    title: "Pulumi's language host for Node",
    module: "language",
    package: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
    file: "pulumi-language-nodejs",
    seconds: 15,
};

/** Runs any Terraform provider as a Pulumi plugin. */
export const terraformBridge: GoProgram = {
    title: "Pulumi's Terraform bridge",
    module: "engine",
    package: "github.com/pulumi/pulumi-terraform-bridge/v3/dynamic",
    file: "pulumi-resource-terraform-provider",
    seconds: 75,
};

const CLI_VERSION = `v${pinnedVersion("pulumi")}`;

/**
 * Inlining is off, which saves a quarter of the compiler's time, and nothing is made for a debugger: the linker would drop it.
 * The linker sets the CLI's version; the other programs lack this variable, and it ignores the flag.
 */
const FLAGS = [
    "-buildvcs=false",
    "-gcflags=all=-l -dwarf=false",
    `-ldflags=-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${CLI_VERSION}`,
];

/** Free memory in bytes above which the compiler collects garbage less often, which saves a sixth of its time. */
const AMPLE_MEMORY = 8 * 2 ** 30;

/** A hash of the program's dependencies, build flags and platform. */
export function fingerprint({ module }: GoProgram): string {
    const hash = createHash("sha256");
    for (const file of ["go.mod", "go.sum"]) {
        hash.update(readFileSync(join(moduleDir(module), file)));
    }
    return hash
        .update([...FLAGS, process.platform, process.arch].join(" "))
        .digest("hex")
        .slice(0, 12);
}

/** Builds the program into `dir`. */
export async function goBuild(
    { title, module, package: source, file, seconds }: GoProgram,
    dir: string,
): Promise<void> {
    // A copy, so that builds never write to the checkout.
    const cwd = join(dir, `.src-${module}`);
    mkdirSync(cwd);
    for (const name of ["go.mod", "go.sum"]) {
        copyFileSync(join(moduleDir(module), name), join(cwd, name));
    }
    const command = ["go", "build", ...FLAGS, "-o", join(dir, file), source];
    // Independent of a Go workspace around the cache, as -buildvcs=false is of version control.
    const env = { GOWORK: "off", ...(freemem() > AMPLE_MEMORY && { GOGC: "800" }) };
    await showWork(`building ${title}`, seconds, () => runTool(file, command, { cwd, env }));
    rmSync(cwd, { recursive: true });
}

/** Throws unless the CLI in `dir` reports the version that the checkout pins. */
export async function checkVersion(dir: string): Promise<void> {
    const version = (await run(join(dir, "pulumi"), ["version"], { env: { PULUMI_SKIP_UPDATE_CHECK: "true" } })).trim();
    if (version !== CLI_VERSION) {
        throw new Error(`The Pulumi CLI built as ${CLI_VERSION} reports version ${version}.`);
    }
}

function moduleDir(module: GoProgram["module"]): string {
    return join(import.meta.dirname, "go", module);
}
