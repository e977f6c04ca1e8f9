import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
    /** A Go file to add to the package, and the text of a file of its own that is replaced to make use of it; none by default. */
    readonly patch?: { readonly add: string; readonly file: string; readonly from: string; readonly to: string };
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

/**
 * Runs Node programs for the CLI. Later versions are no Go module of their own, and this one's proxy of the engine's resource
 * monitor lacks what came after it, so it is made to pass unknown calls on.
 */
export const languageHost: GoProgram = {
    title: "Pulumi's language host for Node",
    module: "language",
    package: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
    file: "pulumi-language-nodejs",
    patch: {
        add: "passOn.go",
        file: "main.go",
        from: "Options: rpcutil.OpenTracingServerInterceptorOptions(tracingSpan),",
        to: "Options: append(rpcutil.OpenTracingServerInterceptorOptions(tracingSpan), passOn(conn)),",
    },
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

/** A hash of the program's dependencies, patch, build flags and platform. */
export function fingerprint({ module, patch }: GoProgram): string {
    const hash = createHash("sha256");
    for (const file of ["go.mod", "go.sum", patch?.add ?? []].flat()) {
        hash.update(readFileSync(join(moduleDir(module), file)));
    }
    return hash
        .update([...FLAGS, patch?.to ?? [], process.platform, process.arch].join(" "))
        .digest("hex")
        .slice(0, 12);
}

/** Builds the program into `dir`. */
export async function goBuild(
    { title, module, package: source, file, patch, seconds }: GoProgram,
    dir: string,
): Promise<void> {
    // A copy, so that builds never write to the checkout.
    const cwd = join(dir, `.src-${module}`);
    mkdirSync(cwd);
    for (const name of ["go.mod", "go.sum"]) {
        copyFileSync(join(moduleDir(module), name), join(cwd, name));
    }
    // Independent of a Go workspace around the cache, as -buildvcs=false is of version control.
    const env = { GOWORK: "off", ...(freemem() > AMPLE_MEMORY && { GOGC: "800" }) };
    const built = patch ? await patchedCopy(patch, { module, source, cwd, env }) : source;
    const command = ["go", "build", ...FLAGS, "-o", join(dir, file), built];
    await showWork(`building ${title}`, seconds, () => runTool(file, command, { cwd, env }));
    rmSync(cwd, { recursive: true });
}

/** Copies a package into the build's folder and patches it there; returns the copy's path for `go build`. */
async function patchedCopy(
    { add, file, from, to }: NonNullable<GoProgram["patch"]>,
    build: { module: GoProgram["module"]; source: string; cwd: string; env: Readonly<Record<string, string>> },
): Promise<string> {
    const { module, source, cwd, env } = build;
    const folder = (await run("go", ["list", "-f", "{{.Dir}}", source], { cwd, env })).trim();
    const copy = join(cwd, "patched");
    mkdirSync(copy);
    for (const name of readdirSync(folder).filter((name) => name.endsWith(".go") && !name.endsWith("_test.go"))) {
        writeFileSync(join(copy, name), readFileSync(join(folder, name)));
    }
    const parts = readFileSync(join(folder, file), "utf8").split(from);
    if (parts.length !== 2) {
        throw new Error(`${file} of ${source} has ${parts.length - 1} lines to replace, not one.`);
    }
    writeFileSync(join(copy, file), parts.join(to));
    copyFileSync(join(moduleDir(module), add), join(copy, add));
    return "./patched";
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
