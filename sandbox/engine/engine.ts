import { join } from "node:path";
import { isComplete, makeEntry, withLock } from "../cache/cache.ts";
import { cacheDir } from "../cache/tool.mjs";
import { assemble, type Plugin } from "./assemble.ts";
import { terraformBridge } from "./find/goBuild.ts";
import { findTerraformProvider } from "./find/machine.ts";
import { awsPart, cliPart, commandPart, type Found, type Part } from "./parts.ts";

/** A Pulumi engine that is ready to run. */
export interface Engine {
    /** Folder that holds the `pulumi` CLI and the language host, to be put first on PATH. */
    readonly binDir: string;
    /** A complete `plugins` folder, to be linked or bind-mounted as `<PULUMI_HOME>/plugins`. */
    readonly pluginsDir: string;
    /** Variables for the environment of `pulumi`: what the sandbox's own plugins need, and what makes Node start quicker. */
    readonly env: Readonly<Record<string, string>>;
    /** Names of the plugins that are the sandbox's own. */
    readonly ownPlugins: readonly Plugin["name"][];
    /** One line a part: which is used and where it came from, for people. */
    readonly summary: readonly string[];
}

type Log = (line: string) => void;

/**
 * Finds, downloads or builds the Pulumi CLI and its plugins, and keeps what it made in the cache. Takes minutes the first
 * time and then a moment, without the network. Throws one error that lists everything the machine lacks.
 */
export async function prepareEngine(log: Log): Promise<Engine> {
    const folder = join(cacheDir(), "engine");
    const parts = [cliPart(), awsPart(), commandPart()] as const;
    const known = await Promise.all(parts.map((part) => find(folder, part)));
    const found = known.every((each) => each !== undefined)
        ? known
        : await withLock(folder, log, () => obtain(folder, parts, log));
    const [cli, aws, command] = found as [Found, Found, Found];
    const plugins: Plugin[] = [
        { name: "aws", ...aws },
        { name: "command", ...command },
    ];
    const set = await assemble(folder, cli, plugins, log);
    return {
        binDir: join(set, "bin"),
        pluginsDir: join(set, "plugins"),
        env: {
            VPC_PEERING_LAB_NODE: process.execPath,
            VPC_PEERING_LAB_ENGINE: join(import.meta.dirname, "plugins"),
            VPC_PEERING_LAB_BRIDGE: join(aws.dir, terraformBridge.file),
            VPC_PEERING_LAB_TERRAFORM_PROVIDER: findTerraformProvider()?.path ?? "",
            NODE_COMPILE_CACHE: join(folder, "node"),
        },
        ownPlugins: plugins.filter(({ own }) => own).map(({ name }) => name),
        summary: parts.map(({ title }, index) => `${title}: ${found[index]?.origin ?? ""}`),
    };
}

/** A part without any work: of the machine, or already in the cache. */
async function find(folder: string, { onMachine, vendor, own }: Part): Promise<Found | undefined> {
    const downloaded = join(folder, vendor.entry);
    const made = join(folder, own.entry);
    return (
        (await onMachine()) ??
        (isComplete(downloaded)
            ? { dir: join(downloaded, vendor.sub), origin: "the vendor's download", own: false }
            : undefined) ??
        (isComplete(made) && own.usable ? { dir: made, origin: own.origin, own: true } : undefined)
    );
}

/** Downloads or builds the parts that are missing. */
async function obtain(folder: string, parts: readonly Part[], log: Log): Promise<(Found | undefined)[]> {
    const had: Found[] = [];
    const missing: Part[] = [];
    for (const part of parts) {
        // All come from one vendor: where one can't be had, the others aren't asked for. So the CLI, which is the first, is
        // there when a plugin is.
        const found =
            (await find(folder, part)) ??
            (missing.length === 0 ? await download(folder, part, join(had[0]?.dir ?? "", "pulumi"), log) : undefined);
        if (found) {
            had.push(found);
        } else {
            missing.push(part);
        }
    }
    const lacks = new Set(missing.flatMap((part) => part.own.lacks()));
    if (lacks.size > 0) {
        throw new Error(
            `${missing.map(({ title }) => title).join(", ")}: neither on this machine nor to be downloaded. ` +
                `To be made here, it needs:${[...lacks].map((line) => `\n- ${line}`).join("")}`,
        );
    }
    // One after the other: each build uses every core, and what one has compiled the next need not.
    for (const { own } of missing) {
        await makeEntry(join(folder, own.entry), own.make);
    }
    return Promise.all(parts.map((part) => find(folder, part)));
}

async function download(folder: string, part: Part, pulumi: string, log: Log): Promise<Found | undefined> {
    log(`Downloading ${part.title}.`);
    try {
        await makeEntry(join(folder, part.vendor.entry), (dir) => part.vendor.download(dir, pulumi));
        return await find(folder, part);
    } catch (error) {
        const said = error instanceof Error ? error.message : String(error);
        const reason = /(?<=^\s*error: ).*$|took longer than .* s/im.exec(said)?.[0] ?? said;
        log(`${part.title} can't be downloaded here: ${reason}`);
        return undefined;
    }
}
