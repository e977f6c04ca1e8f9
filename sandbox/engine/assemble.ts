import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { isComplete, makeEntry, withLock } from "../cache/cache.ts";
import type { Found } from "./parts.ts";
import { pinnedVersion } from "./versions.ts";

/** A plugin and its location. */
export interface Plugin extends Found {
    readonly name: "aws" | "command";
}

/**
 * Links the parts into one folder with `bin` and `plugins`, and returns the folder. Its name is a hash of its contents, so
 * runs with other parts do not change it.
 */
export async function assemble(
    folder: string,
    cli: Found,
    plugins: readonly Plugin[],
    log: (line: string) => void,
): Promise<string> {
    const links = readdirSync(cli.dir)
        .filter((file) => file.startsWith("pulumi"))
        .map((file) => ({ at: `bin/${file}`, to: join(cli.dir, file) }));
    const files: { at: string; text: string }[] = [];
    for (const { name, dir, own } of plugins) {
        const program = `pulumi-resource-${name}`;
        const at = `plugins/resource-${name}-v${pinnedVersion(name)}/${program}`;
        if (own) {
            files.push({ at, text: launcherOf(name) });
        } else {
            links.push({ at, to: join(dir, program) });
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
                links.forEach(({ at, to }) => {
                    symlinkSync(to, join(dir, at));
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
