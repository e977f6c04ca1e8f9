import { createHash } from "node:crypto";
import { copyFileSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { freemem } from "node:os";
import { dirname, join } from "node:path";
import { run } from "../../cache/process.ts";
import { runTool, showWork } from "../../cache/tool.mjs";
import { pinnedVersion } from "../versions.ts";

/** A program built from Go modules. `go/go.mod` pins those of all programs, so that common dependencies are compiled once. */
export interface GoProgram {
    /** Name for people. */
    readonly title: string;
    /** A package of a module, or `./` and a folder in `go/` for one of our own. */
    readonly package: string;
    /** File name of the executable. */
    readonly file: string;
    /** Expected build time in seconds on two cores, after the builds of the programs before it. */
    readonly seconds: number;
}

/** The Pulumi CLI. */
export const pulumiCli: GoProgram = {
    title: "the Pulumi CLI",
    package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    file: "pulumi",
    seconds: 210,
};

/** Runs Node and Python programs for the CLI and generates SDKs; Pulumi's own are in Go modules that proxies do not serve. */
export const languageHost: GoProgram = {
    title: "the language host",
    package: "./host",
    file: "pulumi-language-nodejs",
    seconds: 15,
};

/** Pulumi's language host for YAML programs. */
export const yamlHost: GoProgram = {
    title: "Pulumi's language host for YAML",
    package: "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml",
    file: "pulumi-language-yaml",
    seconds: 15,
};

/** Pulumi's language host for .NET. */
export const dotnetHost: GoProgram = {
    title: "Pulumi's language host for .NET",
    package: "github.com/pulumi/pulumi-dotnet/pulumi-language-dotnet/v3",
    file: "pulumi-language-dotnet",
    seconds: 15,
};

/** Runs any Terraform provider as a Pulumi plugin. */
export const terraformBridge: GoProgram = {
    title: "Pulumi's Terraform bridge",
    package: "github.com/pulumi/pulumi-terraform-bridge/v3/dynamic",
    file: "pulumi-resource-terraform-provider",
    seconds: 75,
};

const FOLDER = join(import.meta.dirname, "go");
const MODULE_FILES = ["go.mod", "go.sum"];

const CLI_VERSION = `v${pinnedVersion("pulumi")}`;

/**
 * Nothing is made for a debugger: the linker would drop it. Inlining stays on: without it the builds take half a minute less,
 * once, and every run takes a second more. The linker sets the CLI's version; the other programs lack this variable, and it
 * ignores the flag.
 */
const FLAGS = [
    "-buildvcs=false",
    "-gcflags=all=-dwarf=false",
    `-ldflags=-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${CLI_VERSION}`,
];

/** Free memory in bytes above which the compiler collects garbage less often, which saves a sixth of its time. */
const AMPLE_MEMORY = 8 * 2 ** 30;

/** A hash of the programs' dependencies, own source, build flags and platform. */
export function fingerprint(...programs: readonly GoProgram[]): string {
    const hash = createHash("sha256");
    for (const file of [...MODULE_FILES, ...programs.flatMap(sourceOf)]) {
        hash.update(readFileSync(join(FOLDER, file)));
    }
    return hash
        .update([...FLAGS, process.platform, process.arch].join(" "))
        .digest("hex")
        .slice(0, 12);
}

/** Builds the program into `dir`. */
export async function goBuild(program: GoProgram, dir: string): Promise<void> {
    const { title, package: source, file, seconds } = program;
    // A copy, so that builds never write to the checkout.
    const cwd = join(dir, ".src");
    for (const name of [...MODULE_FILES, ...sourceOf(program)]) {
        mkdirSync(dirname(join(cwd, name)), { recursive: true });
        copyFileSync(join(FOLDER, name), join(cwd, name));
    }
    // Independent of a Go workspace around the cache, as -buildvcs=false is of version control.
    const env = { GOWORK: "off", ...(freemem() > AMPLE_MEMORY && { GOGC: "800" }) };
    const command = ["go", "build", ...FLAGS, "-o", join(dir, file), source];
    await showWork(`building ${title}`, seconds, () => runTool(file, command, { cwd, env }));
    rmSync(cwd, { recursive: true });
}

/** Makes the language host's names for other languages in `dir`, where it is built, and the script that it runs Python with. */
export async function completeLanguageHost(dir: string): Promise<void> {
    for (const language of ["python", "go"]) {
        // Not symbolic links: the CLI warns of hosts whose real path has another name.
        linkSync(join(dir, languageHost.file), join(dir, `pulumi-language-${language}`));
    }
    const module = ["list", "-m", "-f", "{{.Dir}}", "github.com/pulumi/pulumi/sdk/v3"];
    const sdk = (await run("go", module, { cwd: FOLDER, env: { GOWORK: "off" } })).trim();
    const script = "pulumi-language-python-exec";
    copyFileSync(join(sdk, "python/cmd", script), join(dir, script));
}

/** The files of a package of our own, in `go/`. */
function sourceOf({ package: source }: GoProgram): string[] {
    return source.startsWith("./") ? readdirSync(join(FOLDER, source)).map((name) => join(source, name)) : [];
}

/** Throws unless the CLI in `dir` reports the version that the checkout pins. */
export async function checkVersion(dir: string): Promise<void> {
    const version = (await run(join(dir, "pulumi"), ["version"], { env: { PULUMI_SKIP_UPDATE_CHECK: "true" } })).trim();
    if (version !== CLI_VERSION) {
        throw new Error(`The Pulumi CLI built as ${CLI_VERSION} reports version ${version}.`);
    }
}
