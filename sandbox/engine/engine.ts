import { createHash } from "node:crypto";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { cacheDir, isComplete, makeEntry, withLock } from "../cache.ts";
import { findTerraformProvider } from "./machine.ts";
import { awsPart, cliPart, commandPart, pinnedVersion, programsIn, type Found, type Part } from "./parts.ts";

/** A Pulumi engine that is ready to run. */
export interface Engine {
    /** Folder that holds the `pulumi` CLI and the language host, to be put first on PATH. */
    readonly binDir: string;
    /** A complete `plugins` folder, to be linked or bind-mounted as `<PULUMI_HOME>/plugins`. */
    readonly pluginsDir: string;
    /** Variables that the sandbox's own plugins need in the environment of `pulumi`. */
    readonly env: Readonly<Record<string, string>>;
    /** Names of the plugins that are the sandbox's own. */
    readonly ownPlugins: readonly ("aws" | "command")[];
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
    return assemble(
        folder,
        { cli, aws, command },
        parts.map((part, i) => `${part.title}: ${found[i]?.origin ?? ""}`),
        log,
    );
}

/** A part without any work: of the machine, or already in the cache. */
async function find(folder: string, part: Part): Promise<Found | undefined> {
    const vendor = join(folder, part.vendor.entry);
    const own = join(folder, part.own.entry);
    return (
        (await part.onMachine()) ??
        (isComplete(vendor)
            ? { dir: join(vendor, part.vendor.sub), origin: "the vendor's download", own: false }
            : undefined) ??
        (isComplete(own) ? { dir: own, origin: part.own.origin, own: true } : undefined)
    );
}

/** Downloads or builds the parts that are missing. */
async function obtain(folder: string, parts: readonly Part[], log: Log): Promise<Found[]> {
    const missing: Part[] = [];
    let pulumi = "pulumi";
    for (const [index, part] of parts.entries()) {
        // All parts come from one vendor: where one can't be had, the others aren't asked for.
        const found =
            (await find(folder, part)) ??
            (missing.length === 0 ? await download(folder, part, pulumi, log) : undefined);
        if (!found) {
            missing.push(part);
        } else if (index === 0) {
            pulumi = join(found.dir, "pulumi");
        }
    }
    const lacks = new Set(missing.flatMap((part) => part.own.lacks()));
    if (lacks.size > 0) {
        const list = [...lacks].map((line) => `\n- ${line}`).join("");
        throw new Error(
            `${missing.map(({ title }) => title).join(", ")}: neither on this machine nor to be downloaded. To be made here, it needs:${list}`,
        );
    }
    // Compiling uses all cores, downloading and linking one: side by side they fill each other's gaps.
    await Promise.all(missing.map((part) => makeEntry(join(folder, part.own.entry), (dir) => part.own.make(dir, log))));
    return Promise.all(
        parts.map(async (part) => {
            const found = await find(folder, part);
            if (!found) {
                throw new Error(`${part.title} was made and is not there: does something else empty ${folder}?`);
            }
            return found;
        }),
    );
}

async function download(folder: string, part: Part, pulumi: string, log: Log): Promise<Found | undefined> {
    log(`Downloading ${part.title}.`);
    try {
        await makeEntry(join(folder, part.vendor.entry), (dir) => part.vendor.download(dir, pulumi));
    } catch {
        log(`${part.title} can't be downloaded here.`);
        return undefined;
    }
    return find(folder, part);
}

/** Brings the parts together in a folder of links, named after where they lead, so that runs never change each other's. */
async function assemble(
    folder: string,
    found: { cli: Found; aws: Found; command: Found },
    summary: string[],
    log: Log,
): Promise<Engine> {
    const plugins = [
        { name: "aws", ...found.aws },
        { name: "command", ...found.command },
    ] as const;
    const links = [
        ...programsIn(found.cli.dir).map((file) => ({ from: `bin/${file}`, to: join(found.cli.dir, file) })),
        ...plugins.map(({ name, dir }) => ({
            from: `plugins/resource-${name}-v${pinnedVersion(name)}/pulumi-resource-${name}`,
            to: join(dir, `pulumi-resource-${name}`),
        })),
    ];
    const name = createHash("sha256").update(JSON.stringify(links)).digest("hex").slice(0, 12);
    const set = join(folder, `set-${name}`);
    if (!isComplete(set)) {
        await withLock(folder, log, () =>
            makeEntry(set, (dir) => {
                for (const { from, to } of links) {
                    mkdirSync(join(dir, from, ".."), { recursive: true });
                    symlinkSync(to, join(dir, from));
                }
                return Promise.resolve();
            }),
        );
    }
    return {
        binDir: join(set, "bin"),
        pluginsDir: join(set, "plugins"),
        env: {
            VPC_PEERING_LAB_NODE: process.execPath,
            VPC_PEERING_LAB_ENGINE: import.meta.dirname,
            VPC_PEERING_LAB_BRIDGE: join(found.aws.dir, "pulumi-resource-terraform-provider"),
            VPC_PEERING_LAB_TERRAFORM_PROVIDER: findTerraformProvider()?.path ?? "",
        },
        ownPlugins: plugins.filter(({ own }) => own).map(({ name }) => name),
        summary,
    };
}
