import type { Map as ProtoMap, Message } from "google-protobuf";
import struct, { type Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import protocol from "@pulumi/pulumi/proto/provider_pb.js";
import { isObject, SIGNATURE, tokenOf, type Wire } from "../wire.ts";
import { bridgeToken, bridgeUrn, renamedProperties } from "./tokens.ts";

/** Provider settings that are a single block in `@pulumi/aws` and a list of at most one block in the bridge. */
const SINGLE_BLOCKS = ["defaultTags", "ignoreTags"];

/** Accessors of the messages' property maps. */
const STRUCTS = ["getArgs", "getReturn", "getOlds", "getNews", "getOldInputs", "getInputs", "getProperties"] as const;

/** Accessors that requests and responses of the provider protocol share; each message has some of them. */
interface Fields extends Partial<Record<(typeof STRUCTS)[number], () => Struct | undefined>> {
    getUrn?: () => string;
    setUrn?: (urn: string) => unknown;
    getType?: () => string;
    setType?: (type: string) => unknown;
    getTok?: () => string;
    setTok?: (token: string) => unknown;
    getIgnorechangesList?: () => string[];
    setIgnorechangesList?: (names: string[]) => unknown;
    getDiffsList?: () => string[];
    setDiffsList?: (names: string[]) => unknown;
    getReplacesList?: () => string[];
    setReplacesList?: (names: string[]) => unknown;
    getDetaileddiffMap?: () => ProtoMap<string, unknown>;
}

/** A request that was rewritten for the bridge. */
interface Rewritten {
    /** URN of the resource; "" if the request has none. */
    readonly urn: string;
    /** URN of the same resource in the bridge. */
    readonly bridged: string;
    /** Rewrites the bridge's response for `@pulumi/aws`, in place. */
    readonly back: (answer: Message) => Message;
}

/** Rewrites a request from `@pulumi/aws` for the bridge, in place. */
export function rewriteForBridge(request: Message): Rewritten {
    const fields = request as Fields;
    const urn = fields.getUrn?.() ?? "";
    const bridged = bridgeUrn(urn);
    const token = bridgeToken(fields.getTok?.() ?? "");
    fields.setUrn?.(bridged);
    fields.setType?.(bridgeToken(fields.getType?.() ?? ""));
    fields.setTok?.(token);
    if (request instanceof protocol.ConfigureRequest || tokenOf(urn) === "pulumi:providers:aws") {
        [fields.getArgs?.(), fields.getOlds?.(), fields.getNews?.(), fields.getOldInputs?.()].forEach(wrapSingleBlocks);
    }
    const names = Object.entries(renamedProperties(token || tokenOf(bridged)));
    rename(fields, names);
    const back = (answer: Message) => {
        rename(
            answer as Fields,
            names.map(([sdk, bridge]) => [bridge, sdk]),
        );
        return answer;
    };
    return { urn, bridged, back };
}

function wrapSingleBlocks(settings: Struct | undefined): void {
    const map = settings?.getFieldsMap();
    for (const name of SINGLE_BLOCKS) {
        const value = map?.get(name);
        if (value) {
            map?.set(name, struct.Value.fromJavaScript(wrapped(value.toJavaScript() as Wire)));
        }
    }
}

/** Wraps a block in a list. The block is JSON text, as `@pulumi/aws` sends it, a value, or a secret that holds either. */
function wrapped(value: Wire): Wire {
    if (typeof value === "string") {
        return value.startsWith("{") ? `[${value}]` : value;
    }
    if (!isObject(value)) {
        return value;
    }
    return SIGNATURE in value ? { ...value, value: wrapped(value["value"] ?? null) } : [value];
}

function rename(message: Fields, names: readonly (readonly [string, string])[]): void {
    for (const [from, to] of names) {
        const path = (name: string) => name.replace(new RegExp(`^${from}(?=$|[.[])`), to);
        for (const get of STRUCTS) {
            move(message[get]?.()?.getFieldsMap(), () => to, [from]);
        }
        const detailed = message.getDetaileddiffMap?.();
        move(detailed, path, [...(detailed?.keys() ?? [])]);
        message.setIgnorechangesList?.((message.getIgnorechangesList?.() ?? []).map(path));
        message.setDiffsList?.((message.getDiffsList?.() ?? []).map(path));
        message.setReplacesList?.((message.getReplacesList?.() ?? []).map(path));
    }
}

function move<T>(
    map: ProtoMap<string, T> | undefined,
    renamed: (key: string) => string,
    keys: readonly string[],
): void {
    for (const key of keys) {
        const value = map?.get(key);
        const name = renamed(key);
        if (value !== undefined && name !== key) {
            map?.del(key);
            map?.set(name, value);
        }
    }
}
