/** Installs the checkout's npm packages if they are missing or differ from the lockfile. Run it while holding the checkout's lock. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The project's folder. */
export const checkout = fileURLToPath(new URL("../..", import.meta.url));

/** The Node 22 that is installed as an npm package. */
export const node = join(checkout, "node_modules/.bin/node");

/** Whether node_modules has the versions that package-lock.json lists. */
export function isInstalled() {
    try {
        const wanted = packagesIn("package-lock.json");
        const found = packagesIn("node_modules/.package-lock.json");
        return (
            existsSync(node) &&
            Object.entries(wanted).every(
                ([path, { version, optional }]) =>
                    path === "" || (optional && !found[path]) || found[path]?.version === version,
            )
        );
    } catch {
        return false;
    }
}

/**
 * @param {string} lockfile
 * @returns {Record<string, { version: string, optional?: boolean }>}
 */
function packagesIn(lockfile) {
    const parsed = /** @type {unknown} */ (JSON.parse(readFileSync(join(checkout, lockfile), "utf8")));
    return /** @type {{ packages: Record<string, { version: string, optional?: boolean }> }} */ (parsed).packages;
}

// Another run may have installed them while this one waited for the lock.
if (process.argv[1] === fileURLToPath(import.meta.url) && !isInstalled()) {
    const { status } = spawnSync("setpriv", ["--pdeathsig", "TERM", "npm", "ci", "--no-audit", "--no-fund"], {
        cwd: checkout,
        stdio: "inherit",
    });
    process.exit(status ?? 1);
}
