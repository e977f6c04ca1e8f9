import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import { groupedBy, kinds, type Kinds, type Place } from "./state.ts";

/** Writes places as `accounts/ID/REGION/KIND.json`, each in the form of EC2's response. */
export function savePlaces(dir: string, places: readonly Place[]): void {
    for (const place of places) {
        const folder = join(dir, "accounts", place.account, place.region);
        mkdirSync(folder, { recursive: true });
        for (const kind of kinds) {
            if (place[kind]) {
                writeFileSync(
                    join(folder, `${kind}.json`),
                    `${JSON.stringify({ [kind]: place[kind] }, undefined, 2)}\n`,
                );
            }
        }
    }
}

/**
 * Reads the places that a folder has: `[accounts/ID/][REGION/]KIND.json`. Without such folders, the account is the owner of its
 * VPCs, and the region is unknown. Throws if it has none.
 */
export function loadPlaces(dir: string): Place[] {
    const files = readdirSync(dir, { recursive: true, encoding: "utf8" }).filter((file) =>
        kinds.some((kind) => basename(file) === `${kind}.json`),
    );
    if (files.length === 0) {
        throw new Error(`${dir} has no file like ${join("accounts", "ID", "REGION", "Vpcs.json")}.`);
    }
    return [...groupedBy(files, dirname)].map(([folder, names]) => {
        const parts = folder.split(sep);
        const account = parts[0] === "accounts" ? parts[1] : undefined;
        const region = (parts[0] === "accounts" ? parts[2] : parts[0]) ?? "";
        const found = Object.assign(
            {},
            ...names.map((name) => parse(join(dir, name), basename(name, ".json"))),
        ) as Partial<Kinds>;
        return {
            account: account ?? found.Vpcs?.[0]?.OwnerId ?? "unknown",
            region: region === "" || region === "." ? "unknown" : region,
            ...found,
        };
    });
}

function parse(file: string, kind: string): object {
    let content: unknown;
    try {
        content = JSON.parse(readFileSync(file, "utf8"));
    } catch (error) {
        throw new Error(`${file} is not JSON: ${error instanceof Error ? error.message : String(error)}`, {
            cause: error,
        });
    }
    const items: unknown = (content as Record<string, unknown> | null)?.[kind];
    if (!Array.isArray(items)) {
        throw new Error(`${file} has no list '${kind}', which 'aws ec2 describe-…' gives.`);
    }
    return { [kind]: items };
}
