import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { freemem } from "node:os";
import { join } from "node:path";
import { run } from "../../cache/process.ts";
import { runTool, showWork } from "../../cache/tool.mjs";
import { pinnedVersion } from "../versions.ts";

/** A program built from Go modules. */
interface GoProgram {
    /** What it is, for people. */
    readonly title: string;
    /**
     * Folder in `go/` whose go.mod and go.sum pin everything that goes into it. The CLI and the bridge share one, so that what
     * both need is compiled once.
     */
    readonly module: "engine" | "language";
    readonly package: string;
    /** File name of the built program. */
    readonly file: string;
    /** Seconds that it takes on two cores, in the order in which the programs are built. */
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

/** What runs Node programs for the CLI. */
export const languageHost: GoProgram = {
    title: "Pulumi's language host for Node",
    module: "language",
    package: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
    file: "pulumi-language-nodejs",
    seconds: 15,
};

/** What runs any Terraform provider as a Pulumi plugin. */
export const terraformBridge: GoProgram = {
    title: "Pulumi's Terraform bridge",
    module: "engine",
    package: "github.com/pulumi/pulumi-terraform-bridge/v3/dynamic",
    file: "pulumi-resource-terraform-provider",
    seconds: 75,
};

const CLI_VERSION = `v${pinnedVersion("pulumi")}`;

/** The CLI learns its version from the linker; the other programs have no such variable, and the linker ignores it. */
const LINKER_FLAGS = `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${CLI_VERSION}`;

/** With this much free memory, in bytes, a compiler may let garbage grow, which saves a sixth of its time. */
const AMPLE_MEMORY = 8 * 2 ** 30;

/** Changes whenever the program would be built differently. */
export function fingerprint({ module }: GoProgram): string {
    const hash = createHash("sha256");
    for (const file of ["go.mod", "go.sum"]) {
        hash.update(readFileSync(join(moduleDir(module), file)));
    }
    return hash.update(`${LINKER_FLAGS} ${process.platform} ${process.arch}`).digest("hex").slice(0, 12);
}

/** Builds the program into `dir`. */
export async function goBuild(
    { title, module, package: source, file, seconds }: GoProgram,
    dir: string,
): Promise<void> {
    // A copy, so that no build writes into the checkout.
    const cwd = join(dir, `.src-${module}`);
    mkdirSync(cwd);
    for (const name of ["go.mod", "go.sum"]) {
        copyFileSync(join(moduleDir(module), name), join(cwd, name));
    }
    // The checkout's or the cache's own version control and workspace have no say in it.
    const command = ["go", "build", "-buildvcs=false", "-ldflags", LINKER_FLAGS, "-o", join(dir, file), source];
    const env = { GOWORK: "off", ...(freemem() > AMPLE_MEMORY && { GOGC: "800" }) };
    await showWork(`building ${title}`, seconds, () => runTool(file, command, { cwd, env }));
    rmSync(cwd, { recursive: true });
}

/** Throws unless the CLI in `dir` says that it is the version that the checkout pins. */
export async function checkVersion(dir: string): Promise<void> {
    const said = (await run(join(dir, "pulumi"), ["version"], { env: { PULUMI_SKIP_UPDATE_CHECK: "true" } })).trim();
    if (said !== CLI_VERSION) {
        throw new Error(`The Pulumi CLI built as ${CLI_VERSION} says it is ${said}.`);
    }
}

function moduleDir(module: GoProgram["module"]): string {
    return join(import.meta.dirname, "go", module);
}
