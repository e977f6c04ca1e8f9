import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The version of a Pulumi package that the checkout's package.json pins. Throws if there is none. */
export function pinnedVersion(name: "pulumi" | "aws" | "command"): string {
    const file = join(import.meta.dirname, "../../package.json");
    const { dependencies } = JSON.parse(readFileSync(file, "utf8")) as { dependencies: Record<string, string> };
    const version = dependencies[`@pulumi/${name}`];
    if (!version) {
        throw new Error(`${file} does not list @pulumi/${name}.`);
    }
    return version;
}
