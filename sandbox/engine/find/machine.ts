import { accessSync, constants, existsSync, readdirSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join, sep } from "node:path";
import { cacheDir } from "../../cache/tool.mjs";

/** Path of an executable on PATH; undefined if there is none. */
export function onPath(program: string): string | undefined {
    return (process.env["PATH"] ?? "")
        .split(delimiter)
        .map((dir) => join(dir, program))
        .find(isExecutable);
}

/** A Pulumi CLI on PATH of at least version `minimum` with the Node language host beside it. */
export async function findPulumi(minimum: string): Promise<{ dir: string; version: string } | undefined> {
    const found = onPath("pulumi");
    if (!found) {
        return undefined;
    }
    const dir = dirname(realpathSync(found));
    if (isOfCache(dir) || !isExecutable(join(dir, "pulumi-language-nodejs"))) {
        return undefined;
    }
    const { PulumiCommand } = await import("@pulumi/pulumi/automation/cmd.js");
    try {
        const { version } = await PulumiCommand.get();
        return version && version.compare(minimum) >= 0 ? { dir, version: version.version } : undefined;
    } catch {
        return undefined;
    }
}

/** The folder of an installed plugin in `$PULUMI_HOME/plugins` or `~/.pulumi/plugins`. */
export function findPlugin(name: string, version: string): string | undefined {
    const homes = [process.env["PULUMI_HOME"], join(homedir(), ".pulumi")];
    return homes
        .filter((home) => home !== undefined)
        .map((home) => join(home, "plugins", `resource-${name}-v${version}`))
        .find((dir) => {
            const program = join(dir, `pulumi-resource-${name}`);
            return isExecutable(program) && !isOfCache(realpathSync(program)) && !existsSync(`${dir}.partial`);
        });
}

/** The folder that `VPC_PEERING_LAB_TERRAFORM_PLUGINS` names, then those in which Terraform looks for plugins. */
export function terraformPluginDirs(): string[] {
    const { VPC_PEERING_LAB_TERRAFORM_PLUGINS, TF_PLUGIN_CACHE_DIR, XDG_DATA_HOME, XDG_DATA_DIRS } = process.env;
    const data = [
        XDG_DATA_HOME ?? join(homedir(), ".local/share"),
        ...(XDG_DATA_DIRS ?? "/usr/local/share:/usr/share").split(":"),
    ];
    return [
        VPC_PEERING_LAB_TERRAFORM_PLUGINS,
        TF_PLUGIN_CACHE_DIR,
        join(homedir(), ".terraform.d/plugins"),
        ...data.map((dir) => join(dir, "terraform/plugins")),
        // Images for machines without a network keep plugins in a folder of /opt.
        ...list("/opt")
            .map((name) => join("/opt", name))
            .filter((dir) => existsSync(join(dir, "registry.terraform.io"))),
    ].filter((dir): dir is string => dir !== undefined && dir !== "");
}

/** The latest version of the Terraform AWS provider in the plugin folders. */
export function findTerraformProvider(): { path: string; version: string } | undefined {
    const platform = `${process.platform}_${process.arch === "x64" ? "amd64" : process.arch}`;
    return terraformPluginDirs()
        .flatMap((dir) => list(dir).map((host) => join(dir, host, "hashicorp", "aws")))
        .flatMap((dir) => list(dir).map((version) => ({ version, dir: join(dir, version, platform) })))
        .flatMap(({ version, dir }) => list(dir).map((file) => ({ version, file, path: join(dir, file) })))
        .filter(({ file, path }) => file.startsWith("terraform-provider-aws") && isExecutable(path))
        .sort((a, b) => b.version.localeCompare(a.version, "en", { numeric: true }))[0];
}

/** Whether the path is in the sandbox's cache, which a nested sandbox finds on PATH and in PULUMI_HOME. */
function isOfCache(path: string): boolean {
    return path.startsWith(realpathSync(cacheDir()) + sep);
}

function list(dir: string): string[] {
    try {
        return readdirSync(dir);
    } catch {
        return [];
    }
}

/** Whether the file exists and may be run. */
export function isExecutable(path: string): boolean {
    try {
        accessSync(path, constants.X_OK);
        return true;
    } catch {
        return false;
    }
}
