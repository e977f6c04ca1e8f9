import { join } from "node:path";
import { isComplete, makeEntry, withLock } from "../cache/cache.ts";
import { messageOf } from "../cache/process.ts";
import { cacheDir } from "../cache/tool.mjs";
import { assemble, type Plugin } from "./assemble.ts";
import { terraformBridge } from "./find/goBuild.ts";
import { findTerraformProvider, isExecutable } from "./find/machine.ts";
import { prepareHosts, prepareNode, preparePython, type Language } from "./languages.ts";
import { awsPart, cliPart, commandPart, DOWNLOAD_SECONDS, type Found, type Part } from "./parts.ts";

/** A Pulumi engine that is ready to run. */
export interface Engine {
    /** Folder with the `pulumi` CLI and the language hosts; put it first on PATH. */
    readonly binDir: string;
    /** A folder of plugins, small enough to copy it to `<PULUMI_HOME>/plugins`. */
    readonly pluginsDir: string;
    /** Environment variables for `pulumi` and its plugins. */
    readonly env: Readonly<Record<string, string>>;
    /** Names of the sandbox's own plugins. */
    readonly ownPlugins: readonly Plugin["name"][];
    /** One line for each part, for people: its version and its source. */
    readonly summary: readonly string[];
}

type Log = (line: string) => void;

/** Set to anything, it has the sandbox take nothing but the vendor's own CLI and plugins. */
const VENDOR_ONLY = "VPC_PEERING_LAB_VENDOR_ONLY";

const isVendorOnly = (): boolean => (process.env[VENDOR_ONLY] ?? "") !== "";

/**
 * Finds, downloads or builds the Pulumi CLI and its plugins. Downloads and builds are kept in the cache, so that later runs
 * need neither time nor the network. `languages` are those of the programs that will run, besides Node. `limit` is the time
 * limit for each download in seconds. Throws one error that lists everything the machine lacks.
 */
export async function prepareEngine(
    log: Log,
    languages: readonly Language[] = [],
    limit = DOWNLOAD_SECONDS,
): Promise<Engine> {
    const folder = join(cacheDir(), "engine");
    const parts = [cliPart(limit), awsPart(limit), commandPart(limit)] as const;
    const known = await Promise.all(parts.map((part) => find(folder, part)));
    const found = known.every((each) => each !== undefined)
        ? known
        : await withLock(folder, log, () => obtain(folder, parts, log));
    const [cli, aws, command] = found as [Found, Found, Found];
    const plugins: Plugin[] = [
        { name: "aws", ...aws },
        { name: "command", ...command },
    ];
    const hosts = await prepareHosts(cli, languages, log);
    if (languages.includes("nodejs")) {
        await prepareNode();
    }
    const set = await assemble(folder, [cli, ...hosts], plugins, log);
    return {
        binDir: join(set, "bin"),
        pluginsDir: join(set, "plugins"),
        env: {
            VPC_PEERING_LAB_NODE: process.execPath,
            VPC_PEERING_LAB_ENGINE: join(import.meta.dirname, "plugins"),
            VPC_PEERING_LAB_BRIDGE: join(aws.dir, terraformBridge.file),
            VPC_PEERING_LAB_TERRAFORM_PROVIDER: findTerraformProvider()?.path ?? "",
            // The CLI, the bridge and the Terraform provider live for seconds; collecting garbage seldom is a tenth of them.
            GOGC: "400",
            ...(languages.includes("python") && (await preparePython(log))),
        },
        ownPlugins: plugins.filter(({ own }) => own).map(({ name }) => name),
        summary: parts.map(({ title }, index) => `${title}: ${found[index]?.origin ?? ""}`),
    };
}

/** Finds a part on the machine or in the cache. */
async function find(folder: string, { onMachine, vendor, own }: Part): Promise<Found | undefined> {
    const found = await onMachine();
    if (found) {
        return found;
    }
    const downloaded = join(folder, vendor.entry);
    if (isComplete(downloaded)) {
        return { dir: join(downloaded, vendor.sub), origin: "the vendor's download", own: false };
    }
    if (isVendorOnly()) {
        return undefined;
    }
    const dir = join(folder, own.entry);
    return isComplete(dir) && own.usable ? { dir, origin: own.origin, own: true } : undefined;
}

/** Downloads or builds the parts that are missing. */
async function obtain(folder: string, parts: readonly Part[], log: Log): Promise<(Found | undefined)[]> {
    const had: Found[] = [];
    const missing: Part[] = [];
    for (const part of parts) {
        // If one download fails, the others are not tried, because all come from one vendor. Plugins are downloaded by the
        // CLI, which is the first part.
        const found =
            (await find(folder, part)) ??
            (missing.length === 0 ? await download(folder, part, join(had[0]?.dir ?? "", "pulumi"), log) : undefined);
        if (found) {
            had.push(found);
        } else {
            missing.push(part);
        }
    }
    const titles = missing.map(({ title }) => title).join(", ");
    if (missing.length > 0 && isVendorOnly()) {
        throw new Error(
            `${titles}: not found on this machine, and the download failed. ${VENDOR_ONLY} is set, so nothing is built in its place: 'unset ${VENDOR_ONLY}' allows that.`,
        );
    }
    const lacks = new Set(missing.flatMap((part) => part.own.lacks()));
    if (lacks.size > 0) {
        throw new Error(
            `${titles}: not found on this machine, and the download failed. ` +
                `To build it here, this machine needs:${[...lacks].map((line) => `\n- ${line}`).join("")}`,
        );
    }
    // One after another: each build uses every core, and reuses what the previous one has compiled.
    for (const { own } of missing) {
        await makeEntry(join(folder, own.entry), own.make);
    }
    return Promise.all(parts.map((part) => find(folder, part)));
}

async function download(folder: string, part: Part, pulumi: string, log: Log): Promise<Found | undefined> {
    log(`Downloading ${part.title}.`);
    try {
        await makeEntry(join(folder, part.vendor.entry), async (dir) => {
            await part.vendor.download(dir, pulumi);
            if (!isExecutable(join(dir, part.vendor.sub, part.vendor.program))) {
                throw new Error(`there is no ${part.vendor.program} in the archive`);
            }
        });
        return await find(folder, part);
    } catch (error) {
        log(`${part.title} can't be downloaded: ${reasonOf(messageOf(error))}`);
        return undefined;
    }
}

/** The time limit that ended an installer, or what the installer and its programs say of errors, each once. */
function reasonOf(message: string): string {
    const [limit] = /took longer than .* s/.exec(message) ?? [];
    const errors = message.matchAll(
        /^\s*(?:(?:warning|error): (?!code: )(?:.* from : )?|(?=(?:curl|gzip|tar): ))(.+)$/gim,
    );
    return limit ?? ([...new Set([...errors].map(([, error]) => error))].join("; ") || message);
}
