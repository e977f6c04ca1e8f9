import { isDeepStrictEqual } from "node:util";
import { isObject, SIGNATURE, tokenOf, type Wire, type WireObject } from "../wire.ts";

/** The supported kinds of command. */
export type CommandKind = "local" | "remote";

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
const CONNECTION_DEFAULTS = { user: "root", port: 22, dialErrorLimit: 10, perDialTimeout: 15 };
const OUTPUTS = ["stdout", "stderr"];

/** The kind of command that a URN names. Throws for other resource types. */
export function kindOf(urn: string): CommandKind {
    const type = tokenOf(urn);
    const kind = /^command:(local|remote):Command$/.exec(type)?.[1];
    if (!kind) {
        throw new Error(`The sandbox's own command plugin supports local.Command and remote.Command, not ${type}.`);
    }
    return kind as CommandKind;
}

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

/** Adds the vendor plugin's defaults to the inputs and reports those that are missing or not supported. */
export function checkInputs(kind: CommandKind, inputs: WireObject): { inputs: WireObject; failures: Failure[] } {
    const unsupported = (property: string) => ({
        property,
        reason: `the sandbox's own command plugin does not support ${property}; the vendor's does.`,
    });
    if (kind === "local") {
        return { inputs, failures: ["assetPaths", "archivePaths"].filter((key) => key in inputs).map(unsupported) };
    }
    const connection = revealed(inputs["connection"] ?? {});
    if (!isObject(connection)) {
        return { inputs, failures: [] };
    }
    const failures = "proxy" in connection ? [unsupported("connection.proxy")] : [];
    if (!("host" in connection)) {
        failures.push({
            property: "connection.host",
            reason: "connection.host is missing: the address to connect to.",
        });
    }
    return { inputs: { ...inputs, connection: secret({ ...CONNECTION_DEFAULTS, ...connection }) }, failures };
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
    // The connection is always a secret, but does not appear in what the command prints.
    const isSecret = JSON.stringify({ ...inputs, connection: null }).includes(SECRET);
    const mark = (text: string) => (isSecret ? secret(text) : text);
    return { ...inputs, stdout: mark(outputs.stdout), stderr: mark(outputs.stderr) };
}
