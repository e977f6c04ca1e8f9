import { join } from "node:path";
import { run } from "../cache/process.ts";
import {
    checkVersion,
    completeLanguageHost,
    fingerprint,
    goBuild,
    languageHost,
    pulumiCli,
    terraformBridge,
} from "./find/goBuild.ts";
import { findPlugin, findPulumi, findTerraformProvider, onPath, terraformPluginDirs } from "./find/machine.ts";
import { pinnedVersion } from "./versions.ts";

/**
 * Time limit for a download. A build takes about as long, so a slower download is not worth the wait: the largest part, of
 * 200 MB, needs 6 Mbit/s. A site that refuses connections fails at once.
 */
export const DOWNLOAD_SECONDS = 300;

/** A part's location and source. */
export interface Found {
    /** Folder with the part's executables. */
    readonly dir: string;
    /** Description of the source, for people. */
    readonly origin: string;
    /** Whether it is the sandbox's own. */
    readonly own: boolean;
}

/** A part of the engine and its possible sources, in order of preference: the machine, the vendor, a build of our own. */
export interface Part {
    /** Name and version, for people. */
    readonly title: string;
    /** Looks for an installed one. */
    readonly onMachine: () => Promise<Found | undefined>;
    readonly vendor: {
        /** Name of the download's cache entry. */
        readonly entry: string;
        /** Folder inside the download with the executables. */
        readonly sub: string;
        /** The executable without which the download is of no use. */
        readonly program: string;
        readonly download: (dir: string, pulumi: string) => Promise<void>;
    };
    readonly own: {
        /** Name of the build's cache entry, which also records that the vendor could not be reached. */
        readonly entry: string;
        readonly origin: string;
        /** False if something that it needs at run time is missing. */
        readonly usable: boolean;
        /** What the machine lacks to build it, each with its remedy. */
        readonly lacks: () => string[];
        readonly make: (dir: string) => Promise<void>;
    };
}

/** The Pulumi CLI with its language hosts; `limit` is the time limit for its download in seconds. */
export function cliPart(limit: number): Part {
    const version = pinnedVersion("pulumi");
    return {
        title: `Pulumi CLI ${version}`,
        onMachine: async () => {
            const found = await findPulumi(version);
            return found && { dir: found.dir, origin: `${found.version} on this machine, ${found.dir}`, own: false };
        },
        vendor: {
            entry: `pulumi-${version}`,
            sub: "bin",
            program: "pulumi-language-nodejs",
            // The Automation API's installer can't be interrupted, so it runs in a process that can.
            download: (dir) => {
                const script = `import { PulumiCommand } from "@pulumi/pulumi/automation/cmd.js";
                    await PulumiCommand.install({ root: process.argv[1] }).catch(({ message, cause }) => {
                        console.error("error: " + [message, cause?.message].filter(Boolean).join(": "));
                        process.exitCode = 1;
                    });`;
                return download(dir, limit, process.execPath, ["--input-type=module", "--eval", script, dir]);
            },
        },
        own: {
            entry: `pulumi-own-${fingerprint(pulumiCli, languageHost)}`,
            origin: "built from Go modules",
            usable: true,
            lacks: lacksGo,
            make: async (dir) => {
                await goBuild(pulumiCli, dir);
                await checkVersion(dir);
                await goBuild(languageHost, dir);
                await completeLanguageHost(dir);
            },
        },
    };
}

/** The plugin for `@pulumi/aws`; the sandbox's own runs the Terraform provider behind Pulumi's Terraform bridge. */
export function awsPart(limit: number): Part {
    const terraform = findTerraformProvider();
    return pluginPart("aws", limit, {
        entry: `aws-own-${fingerprint(terraformBridge)}`,
        origin: `terraform-provider-aws ${terraform?.version ?? ""} behind the Terraform bridge`,
        usable: terraform !== undefined,
        lacks: () => {
            const remedy =
                `terraform-provider-aws, not found in ${terraformPluginDirs().join(", ")}: let \`terraform init\` download it ` +
                "to a folder that TF_PLUGIN_CACHE_DIR names, and set TF_PLUGIN_CACHE_DIR here too.";
            return terraform ? lacksGo() : [...lacksGo(), remedy];
        },
        make: (dir) => goBuild(terraformBridge, dir),
    });
}

/** The plugin for `@pulumi/command`; the sandbox's own needs no build. */
export function commandPart(limit: number): Part {
    return pluginPart("command", limit, {
        entry: "command-own",
        origin: "the sandbox's own",
        usable: true,
        lacks: () => [],
        make: () => Promise.resolve(),
    });
}

function pluginPart(name: "aws" | "command", limit: number, own: Part["own"]): Part {
    const version = pinnedVersion(name);
    const plugin = `resource-${name}-v${version}`;
    return {
        title: `${name} plugin ${version}`,
        onMachine: () => {
            const dir = findPlugin(name, version);
            return Promise.resolve(dir ? { dir, origin: `on this machine, ${dir}`, own: false } : undefined);
        },
        vendor: {
            entry: plugin,
            sub: join("plugins", plugin),
            program: `pulumi-resource-${name}`,
            download: (dir, pulumi) =>
                download(dir, limit, pulumi, ["plugin", "install", "resource", name, version], {
                    PULUMI_HOME: dir,
                    PULUMI_SKIP_UPDATE_CHECK: "true",
                }),
        },
        own,
    };
}

/** Runs an installer whose temporary files are deleted with `dir`. */
async function download(
    dir: string,
    limit: number,
    command: string,
    args: string[],
    env: Record<string, string> = {},
): Promise<void> {
    await run(command, args, { cwd: import.meta.dirname, env: { ...env, TMPDIR: dir }, timeout: limit });
}

/** What the machine lacks to build a Go program, with its remedy. */
export function lacksGo(): string[] {
    return onPath("go")
        ? []
        : ["Go 1.25 or later, to build Pulumi: install it and put `go` on PATH, or install Pulumi itself."];
}
