import { createHash } from "node:crypto";
import { linkSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { isComplete, makeEntry, withLock } from "../cache/cache.ts";
import type { Found } from "./parts.ts";
import { pinnedVersion } from "./versions.ts";

/** A plugin and its location. */
export interface Plugin extends Found {
    readonly name: "aws" | "command";
}

/**
 * Links the programs of some folders and the plugins into one folder with `bin` and `plugins`, and returns the folder. Its name is a hash of its contents, so
 * runs with other parts do not change it.
 */
export async function assemble(
    folder: string,
    programs: readonly Pick<Found, "dir" | "own">[],
    plugins: readonly Plugin[],
    log: (line: string) => void,
): Promise<string> {
    // The CLI warns of language hosts that are not beside its own real path. What is our own is in the cache, as the links are.
    const links = programs.flatMap(({ dir, own }) =>
        readdirSync(dir)
            .filter((file) => file.startsWith("pulumi"))
            .map((file) => ({ at: `bin/${file}`, to: join(dir, file), hard: own })),
    );
    const files: { at: string; text: string }[] = [];
    for (const { name, dir, own } of plugins) {
        const program = `pulumi-resource-${name}`;
        const at = `plugins/resource-${name}-v${pinnedVersion(name)}/${program}`;
        if (own) {
            files.push({ at, text: launcherOf(name) });
        } else {
            links.push({ at, to: join(dir, program), hard: false });
        }
    }
    const name = createHash("sha256")
        .update(JSON.stringify([links, files]))
        .digest("hex")
        .slice(0, 12);
    const set = join(folder, `set-${name}`);
    if (!isComplete(set)) {
        await withLock(folder, log, () =>
            makeEntry(set, (dir) => {
                for (const { at } of [...links, ...files]) {
                    mkdirSync(dirname(join(dir, at)), { recursive: true });
                }
                links.forEach(({ at, to, hard }) => {
                    (hard ? linkSync : symlinkSync)(to, join(dir, at));
                });
                files.forEach(({ at, text }) => {
                    writeFileSync(join(dir, at), text, { mode: 0o755 });
                });
                return Promise.resolve();
            }),
        );
    }
    return set;
}

/**
 * The script that the engine starts as the plugin. Several checkouts share the cache, so the script takes the checkout's
 * path from the environment.
 */
function launcherOf(name: string): string {
    const message = "is set inside the sandbox only";
    return `#!/bin/sh
exec "\${VPC_PEERING_LAB_NODE:?${message}}" "\${VPC_PEERING_LAB_ENGINE:?${message}}/${name}/plugin.ts" "$@"
`;
}
