import { join } from "node:path";
import { checkVersion, fingerprint, goBuild, languageHost, pulumiCli, terraformBridge } from "./find/goBuild.ts";
import { findPlugin, findPulumi, findTerraformProvider, onPath, terraformPluginDirs } from "./find/machine.ts";
import { downloadPlugin, downloadPulumi } from "./find/vendor.ts";
import { pinnedVersion } from "./versions.ts";

/** A part of the engine in the place where it was found. */
export interface Found {
    /** Folder that holds the part's programs. */
    readonly dir: string;
    /** Where it came from, for people. */
    readonly origin: string;
    /** True for what was made here. */
    readonly own: boolean;
}

/** A part of the engine and the ways to come by it, best first: the machine, the vendor, made here. */
export interface Part {
    /** What it is and its version, for people. */
    readonly title: string;
    /** Looks for it on the machine. */
    readonly onMachine: () => Promise<Found | undefined>;
    readonly vendor: {
        /** Name of the download in the cache. */
        readonly entry: string;
        /** Folder inside the download that holds the programs. */
        readonly sub: string;
        readonly download: (dir: string, pulumi: string) => Promise<void>;
    };
    readonly own: {
        /** Name of what was made in the cache. It also records that the vendor could not be reached. */
        readonly entry: string;
        readonly origin: string;
        /** False when it lacks what it needs to run. */
        readonly usable: boolean;
        /** What the machine lacks to make it, each with its remedy. */
        readonly lacks: () => string[];
        readonly make: (dir: string) => Promise<void>;
    };
}

/** The Pulumi CLI with its Node language host. */
export function cliPart(): Part {
    const version = pinnedVersion("pulumi");
    return {
        title: `Pulumi CLI ${version}`,
        onMachine: async () => {
            const found = await findPulumi(version);
            return found && { dir: found.dir, origin: `${found.version} of this machine, ${found.dir}`, own: false };
        },
        vendor: { entry: `pulumi-${version}`, sub: "bin", download: downloadPulumi },
        own: {
            entry: `pulumi-own-${fingerprint(pulumiCli)}-${fingerprint(languageHost)}`,
            origin: "built from Go modules",
            usable: true,
            lacks: lacksGo,
            make: async (dir) => {
                await goBuild(pulumiCli, dir);
                await checkVersion(dir);
                await goBuild(languageHost, dir);
            },
        },
    };
}

/** The plugin behind `@pulumi/aws`; the sandbox's own one runs the Terraform provider through Pulumi's Terraform bridge. */
export function awsPart(): Part {
    const terraform = findTerraformProvider();
    return pluginPart("aws", {
        entry: `aws-own-${fingerprint(terraformBridge)}`,
        origin: `terraform-provider-aws ${terraform?.version ?? ""} behind the Terraform bridge`,
        usable: terraform !== undefined,
        lacks: () => [...lacksGo(), ...(terraform ? [] : [lacksTerraformProvider()])],
        make: (dir) => goBuild(terraformBridge, dir),
    });
}

/** The plugin behind `@pulumi/command`; nothing of the sandbox's own one has to be built. */
export function commandPart(): Part {
    return pluginPart("command", {
        entry: "command-own",
        origin: "the sandbox's own",
        usable: true,
        lacks: () => [],
        make: () => Promise.resolve(),
    });
}

function pluginPart(name: "aws" | "command", own: Part["own"]): Part {
    const version = pinnedVersion(name);
    const plugin = `resource-${name}-v${version}`;
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
        own,
    };
}

function lacksGo(): string[] {
    return onPath("go")
        ? []
        : ["Go 1.25 or later, to build Pulumi: install it and put `go` on PATH, or install Pulumi itself."];
}

function lacksTerraformProvider(): string {
    return (
        `terraform-provider-aws, looked for in ${terraformPluginDirs().join(", ")}: have \`terraform init\` fetch it into ` +
        "a folder that TF_PLUGIN_CACHE_DIR names, and name the folder here too."
    );
}
