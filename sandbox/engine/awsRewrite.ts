import type { Map as ProtoMap, Message } from "google-protobuf";
import struct, { type Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import protocol from "@pulumi/pulumi/proto/provider_pb.js";
import { bridgeToken, bridgeUrn, renamedProperties } from "./awsTokens.ts";

/** Settings of the provider that are one block in `@pulumi/aws` and a list of at most one to the bridge. */
const SINGLE_BLOCKS = ["defaultTags", "ignoreTags"];

/** The key that marks a secret on the wire. */
const SECRET = "4dabf18193072939515e22adb298388d";

/** What requests and answers of the provider protocol have in common, each some of it. */
interface Fields {
    getUrn?: () => string;
    setUrn?: (urn: string) => unknown;
    getType?: () => string;
    setType?: (type: string) => unknown;
    getTok?: () => string;
    setTok?: (token: string) => unknown;
    getArgs?: () => Struct | undefined;
    getOlds?: () => Struct | undefined;
    getNews?: () => Struct | undefined;
    getOldInputs?: () => Struct | undefined;
    getInputs?: () => Struct | undefined;
    getProperties?: () => Struct | undefined;
    getIgnorechangesList?: () => string[];
    setIgnorechangesList?: (names: string[]) => unknown;
    getDiffsList?: () => string[];
    setDiffsList?: (names: string[]) => unknown;
    getReplacesList?: () => string[];
    setReplacesList?: (names: string[]) => unknown;
    getDetaileddiffMap?: () => ProtoMap<string, unknown>;
}

/** Makes a request of `@pulumi/aws` one of the bridge, and gives the way back for its answer. */
export function rewriteForBridge(request: Message): (answer: Message) => Message {
    const fields = request as Fields;
    fields.setUrn?.(bridgeUrn(fields.getUrn?.() ?? ""));
    fields.setType?.(bridgeToken(fields.getType?.() ?? ""));
    fields.setTok?.(bridgeToken(fields.getTok?.() ?? ""));
    if (request instanceof protocol.ConfigureRequest || fields.getUrn?.().includes("::pulumi:providers:aws::")) {
        for (const get of ["getArgs", "getOlds", "getNews", "getOldInputs"] as const) {
            wrapSingleBlocks(fields[get]?.());
        }
    }
    const names = Object.entries(renamedProperties(fields.getUrn?.() ?? ""));
    rename(fields, names);
    return (answer) => {
        rename(
            answer as Fields,
            names.map(([sdk, bridge]) => [bridge, sdk]),
        );
        return answer;
    };
}

function wrapSingleBlocks(settings: Struct | undefined): void {
    const map = settings?.getFieldsMap();
    for (const name of SINGLE_BLOCKS) {
        const value = map?.get(name);
        if (value) {
            map?.set(name, wrapped(value));
        }
    }
}

/** A block as a list of one, whether it is JSON text, as `@pulumi/aws` sends it, a value, or a secret around either. */
function wrapped(value: struct.Value): struct.Value {
    const fields = value.getStructValue()?.getFieldsMap();
    const secret = fields?.get(SECRET) && fields.get("value");
    if (fields && secret) {
        fields.set("value", wrapped(secret));
    } else if (fields) {
        const list = new struct.ListValue();
        list.addValues(value);
        return new struct.Value().setListValue(list);
    } else if (value.getStringValue().startsWith("{")) {
        value.setStringValue(`[${value.getStringValue()}]`);
    }
    return value;
}

function rename(message: Fields, names: readonly (readonly [string, string])[]): void {
    for (const [from, to] of names) {
        const path = (name: string) => name.replace(new RegExp(`^${from}(?=$|[.[])`), to);
        for (const get of ["getOlds", "getNews", "getOldInputs", "getInputs", "getProperties"] as const) {
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
