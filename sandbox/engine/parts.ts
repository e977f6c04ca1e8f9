import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fingerprint, goBuild, languageHost, pulumiCli, terraformBridge, type GoProgram } from "./goBuild.ts";
import { findPlugin, findPulumi, findTerraformProvider, onPath, terraformPluginDirs } from "./machine.ts";
import { downloadPlugin, downloadPulumi } from "./vendor.ts";

/** A part of the engine in the place it was found in. */
export interface Found {
    /** Folder that holds the part's programs. */
    readonly dir: string;
    /** Where it came from, for people. */
    readonly origin: string;
    /** True for the sandbox's own plugin. */
    readonly own: boolean;
}

/** A part of the engine and the ways to come by it, best first: the machine, the vendor, made here. */
export interface Part {
    /** What it is and its version, for people. */
    readonly title: string;
    readonly onMachine: () => Promise<Found | undefined>;
    readonly vendor: {
        readonly entry: string;
        /** Folder inside the entry that holds the programs. */
        readonly sub: string;
        readonly download: (dir: string, pulumi: string) => Promise<void>;
    };
    readonly own: {
        readonly entry: string;
        readonly origin: string;
        /** What the machine lacks to make it here, each with its remedy. */
        readonly lacks: () => string[];
        readonly make: (dir: string, log: (line: string) => void) => Promise<void>;
    };
}

/** Versions that the checkout's package.json pins. */
export function pinnedVersion(name: "pulumi" | "aws" | "command"): string {
    const file = join(import.meta.dirname, "../../package.json");
    const { dependencies } = JSON.parse(readFileSync(file, "utf8")) as { dependencies: Record<string, string> };
    const version = dependencies[`@pulumi/${name}`];
    if (!version) {
        throw new Error(`${file} does not name @pulumi/${name}.`);
    }
    return version;
}

/** The Pulumi CLI with its Node language host. */
export function cliPart(): Part {
    const version = pinnedVersion("pulumi");
    const programs = [pulumiCli, languageHost];
    return {
        title: `Pulumi CLI ${version}`,
        onMachine: async () => {
            const found = await findPulumi(version);
            return found && { dir: found.dir, origin: `${found.version} of this machine, ${found.dir}`, own: false };
        },
        vendor: { entry: `pulumi-${version}`, sub: "bin", download: downloadPulumi },
        own: {
            entry: `pulumi-${version}-built-${programs.map(fingerprint).join("-")}`,
            origin: "built from Go modules",
            lacks: lacksGo,
            make: async (dir, log) => {
                await buildAll(programs, dir, log);
            },
        },
    };
}

/** The plugin behind `@pulumi/aws`; the sandbox's own one runs the Terraform provider through Pulumi's Terraform bridge. */
export function awsPart(): Part {
    const terraform = findTerraformProvider();
    const part = pluginPart("aws", `terraform-provider-aws ${terraform?.version ?? ""} behind the Terraform bridge`);
    return {
        ...part,
        own: {
            ...part.own,
            entry: `${part.own.entry}-${fingerprint(terraformBridge)}`,
            lacks: () => [...lacksGo(), ...(terraform ? [] : [lacksTerraformProvider()])],
            make: async (dir, log) => {
                await part.own.make(dir, log);
                await buildAll([terraformBridge], dir, log);
            },
        },
    };
}

/** The plugin behind `@pulumi/command`. */
export function commandPart(): Part {
    return pluginPart("command", "the sandbox's own");
}

function pluginPart(name: "aws" | "command", origin: string): Part {
    const version = pinnedVersion(name);
    const plugin = `resource-${name}-v${version}`;
    const launcher = launcherOf(name);
    return {
        title: `${name} plugin ${version}`,
        onMachine: () => {
            const dir = findPlugin(name, version);
            return Promise.resolve(dir ? { dir, origin: `of this machine, ${dir}`, own: false } : undefined);
        },
        vendor: {
            entry: plugin,
            sub: join("plugins", plugin),
            download: (dir, pulumi) => downloadPlugin(dir, pulumi, name, version),
        },
        own: {
            entry: `${plugin}-own-${createHash("sha256").update(launcher).digest("hex").slice(0, 12)}`,
            origin,
            lacks: () => [],
            make: (dir) => {
                writeFileSync(join(dir, `pulumi-resource-${name}`), launcher, { mode: 0o755 });
                return Promise.resolve();
            },
        },
    };
}

/**
 * What the engine starts as the plugin. The cache serves several checkouts, so the launcher names none: the environment says
 * which checkout's sandbox is running.
 */
function launcherOf(name: string): string {
    const message = "is set inside the sandbox only";
    return `#!/bin/sh
exec "\${VPC_PEERING_LAB_NODE:?${message}}" "\${VPC_PEERING_LAB_ENGINE:?${message}}/${name}Plugin.ts" "$@"
`;
}

async function buildAll(programs: readonly GoProgram[], dir: string, log: (line: string) => void): Promise<void> {
    // One after the other: each build uses every core by itself.
    for (const program of programs) {
        await goBuild(program, dir, log);
    }
}

function lacksGo(): string[] {
    return onPath("go")
        ? []
        : ["Go 1.25 or later, to build Pulumi: install it and put `go` on PATH, or install Pulumi itself."];
}

function lacksTerraformProvider(): string {
    return (
        `terraform-provider-aws, looked for in ${terraformPluginDirs().join(", ")}: \`terraform providers mirror DIR\` fetches it; ` +
        "name DIR in VPC_PEERING_LAB_TERRAFORM_PLUGINS."
    );
}

/** The programs of a found part: files whose name begins with `pulumi`. */
export function programsIn(dir: string): string[] {
    return readdirSync(dir).filter((file) => file.startsWith("pulumi"));
}
