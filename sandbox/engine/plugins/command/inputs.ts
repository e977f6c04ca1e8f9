import { isDeepStrictEqual } from "node:util";
import { isObject, SIGNATURE, tokenOf, type Wire, type WireObject } from "../wire.ts";

/** An invalid input. */
export interface Failure {
    readonly property: string;
    readonly reason: string;
}

/** How an input changed, in the provider protocol's words; `_REPLACE` if that requires replacement of the resource. */
type Change = `${"ADD" | "DELETE" | "UPDATE"}${"" | "_REPLACE"}`;

/** Placeholder for a value that is not known until another resource is deployed. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUTS = ["stdout", "stderr"];

/** The value with its secrets unwrapped. */
export function revealed(value: Wire): Wire {
    if (!isObject(value)) {
        return Array.isArray(value) ? (value as readonly Wire[]).map(revealed) : value;
    }
    if (value[SIGNATURE] === SECRET) {
        return revealed(value["value"] ?? null);
    }
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, revealed(each)]));
}

/** Marks a value as a secret. */
export function secret(value: Wire): Wire {
    return { [SIGNATURE]: SECRET, value };
}

/** The inputs of a resource that are not supported. Throws for other resources than local commands. */
export function failuresOf(urn: string, inputs: WireObject): Failure[] {
    const type = tokenOf(urn);
    if (type !== "command:local:Command") {
        throw new Error(`The sandbox's own command plugin supports local.Command, not ${type}.`);
    }
    return ["assetPaths", "archivePaths"]
        .filter((key) => key in inputs)
        .map((property) => ({
            property,
            reason: `the sandbox's own command plugin does not support ${property}; the vendor's does.`,
        }));
}

/** The inputs that changed. As in the vendor's plugin, changed triggers replace the resource and all other changes update it. */
export function changedInputs(olds: WireObject, news: WireObject): ReadonlyMap<string, Change> {
    const changes = new Map<string, Change>();
    const keys = [...new Set([...Object.keys(olds), ...Object.keys(news)])].sort();
    for (const key of keys.filter((key) => !key.startsWith("__") && !OUTPUTS.includes(key))) {
        const [before, after] = [olds[key] ?? null, news[key] ?? null];
        if (!isDeepStrictEqual(revealed(before), revealed(after))) {
            const kind = before === null ? "ADD" : after === null ? "DELETE" : "UPDATE";
            changes.set(key, key === "triggers" ? `${kind}_REPLACE` : kind);
        }
    }
    return changes;
}

/** The state of a command: its inputs and its outputs. The outputs are secret if an input is. */
export function stateOf(inputs: WireObject, outputs: { stdout: string; stderr: string }): WireObject {
    const isSecret = JSON.stringify(inputs).includes(SECRET);
    const mark = (text: string) => (isSecret ? secret(text) : text);
    return { ...inputs, stdout: mark(outputs.stdout), stderr: mark(outputs.stderr) };
}
