import type { Map as ProtoMap, Message } from "google-protobuf";
import struct, { type Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import protocol from "@pulumi/pulumi/proto/provider_pb.js";
import { isObject, SIGNATURE, tokenOf, type Wire } from "../wire.ts";
import { bridgeToken, bridgeUrn, RENAMED_PROPERTIES } from "./tokens.ts";

/** Provider settings that are a single block in `@pulumi/aws` and a list of at most one block in the bridge. */
const SINGLE_BLOCKS = ["defaultTags", "ignoreTags"];

/**
 * Blocks, by the bridge's token, that are empty sets where the program leaves them out, as Terraform passes them. The bridge passes
 * null, over which terraform-provider-aws 5.100.0 crashes when it updates an instance with a volume that the program does not name.
 */
const EMPTY_BLOCKS: Readonly<Record<string, readonly string[]>> = {
    "aws:index/instance:Instance": ["ebsBlockDevices"],
};

/** Fields of the messages that hold properties, and those that hold property paths. */
const STRUCTS = ["Args", "Return", "Olds", "News", "OldInputs", "Inputs", "Properties"] as const;
const PATHS = ["IgnorechangesList", "DiffsList", "ReplacesList"] as const;

type Getters<Name extends string, Value> = { [Key in Name as `get${Key}`]?: () => Value };
type Setters<Name extends string, Value> = { [Key in Name as `set${Key}`]?: (value: Value) => unknown };
type Accessors<Name extends string, Value> = Getters<Name, Value> & Setters<Name, Value>;

/** Accessors that requests and responses of the provider protocol share; each message has some of them. */
type Fields = Accessors<"Urn" | "Type" | "Tok", string> &
    Accessors<(typeof PATHS)[number], string[]> &
    Getters<(typeof STRUCTS)[number], Struct | undefined> &
    Getters<"DetaileddiffMap", ProtoMap<string, unknown>>;

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
    if (request instanceof protocol.UpdateRequest) {
        for (const name of EMPTY_BLOCKS[tokenOf(bridged)] ?? []) {
            const news = request.getNews()?.getFieldsMap();
            if (!news?.has(name)) {
                news?.set(name, struct.Value.fromJavaScript([]));
            }
        }
    }
    const names = Object.entries(RENAMED_PROPERTIES[token || tokenOf(bridged)] ?? {});
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
        const maps = STRUCTS.map((name) => message[`get${name}`]?.()?.getFieldsMap());
        for (const map of [...maps, message.getDetaileddiffMap?.()]) {
            moveKeys(map, path);
        }
        for (const name of PATHS) {
            message[`set${name}`]?.((message[`get${name}`]?.() ?? []).map(path));
        }
    }
}

function moveKeys<T>(map: ProtoMap<string, T> | undefined, renamed: (key: string) => string): void {
    for (const [key, value] of [...(map?.entries() ?? [])]) {
        const name = renamed(key);
        if (name !== key) {
            map?.del(key);
            map?.set(name, value);
        }
    }
}
