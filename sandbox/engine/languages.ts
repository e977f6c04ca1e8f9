import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isComplete, makeEntry, withLock } from "../cache/cache.ts";
import { run } from "../cache/process.ts";
import { cacheDir, runTool, showWork } from "../cache/tool.mjs";
import { dotnetHost, fingerprint, goBuild, yamlHost, type GoProgram } from "./find/goBuild.ts";
import { isExecutable } from "./find/machine.ts";
import { lacksGo, type Found } from "./parts.ts";
import { pinnedVersion } from "./versions.ts";

/**
 * Languages that a run is prepared for only when it is asked to be: for `nodejs` that programs take SDKs of component packages
 * (others run always), for `dotnet` that SDKs are generated. SDKs for Go need nothing.
 */
export const LANGUAGES = ["nodejs", "python", "yaml", "dotnet"] as const;

export type Language = (typeof LANGUAGES)[number];

type Log = (line: string) => void;

/** Builds of the language hosts that the CLI has none of beside it. */
const hosts: Partial<Record<Language, GoProgram>> = { yaml: yamlHost, dotnet: dotnetHost };

/**
 * The folders of the language hosts for `languages` that are not beside the CLI; builds them if need be. Pulumi's own, beside
 * a CLI of the machine or of the vendor's download, are preferred. Throws if one has to be built and Go is missing.
 */
export async function prepareHosts(
    cli: Found,
    languages: readonly Language[],
    log: Log,
): Promise<Pick<Found, "dir" | "own">[]> {
    const folder = join(cacheDir(), "engine");
    const missing = languages
        .map((language) => hosts[language])
        .filter((host) => host !== undefined)
        .filter(({ file }) => !isExecutable(join(cli.dir, file)))
        .map((host) => ({ host, entry: join(folder, `${host.file}-${fingerprint(host)}`) }));
    if (missing.some(({ entry }) => !isComplete(entry))) {
        const [lack] = lacksGo();
        if (lack !== undefined) {
            throw new Error(
                `The language hosts for ${languages.join(", ")} are built here. This machine needs:\n- ${lack}`,
            );
        }
        await withLock(folder, log, async () => {
            for (const { host, entry } of missing) {
                await makeEntry(entry, (dir) => goBuild(host, dir));
            }
        });
    }
    return missing.map(({ entry }) => ({ dir: entry, own: true }));
}

/** Puts what the SDK of a component package needs into npm's own cache, for programs that install one without a network. */
export async function prepareNode(): Promise<void> {
    const dir = mkdtempSync(join(tmpdir(), "npm-"));
    // What the SDKs that Pulumi generates ask for.
    const wanted = ["typescript@^4.7.0", "@types/node@^20"];
    try {
        await showWork("downloading what SDKs for Node are compiled with", 5, () =>
            runTool("npm-cache", ["npm", "install", "--prefer-offline", "--no-audit", "--prefix", dir, ...wanted]),
        );
    } finally {
        rmSync(dir, { recursive: true });
    }
}

/**
 * The environment in which pip finds Pulumi's SDK for Python, and what it takes to build the SDK of a component package, without
 * a network. Downloads them from the Python Package Index into the cache.
 */
export async function preparePython(log: Log): Promise<Record<string, string>> {
    const version = pinnedVersion("pulumi");
    const folder = join(cacheDir(), "wheels");
    // Wheels are of a Python version.
    const python = (await run("python3", ["-c", "import sys; print('%d.%d' % sys.version_info[:2])"])).trim();
    const entry = join(folder, `pulumi-${version}-python${python}`);
    await withLock(folder, log, async () => {
        if (!isComplete(entry)) {
            const wanted = [`pulumi==${version}`, "parver", "semver", "pip", "setuptools", "wheel"];
            const command = ["python3", "-m", "pip", "download", "--only-binary", ":all:", ...wanted];
            await showWork(`downloading Pulumi ${version} for Python`, 10, () =>
                makeEntry(entry, (dir) => runTool("pip-download", [...command, "--dest", dir])),
            );
        }
    });
    return { PIP_NO_INDEX: "1", PIP_FIND_LINKS: entry, PIP_DISABLE_PIP_VERSION_CHECK: "1" };
}
