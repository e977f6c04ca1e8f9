import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Message } from "google-protobuf";
import struct, { type Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import protocol from "@pulumi/pulumi/proto/provider_pb.js";
import { isObject, tokenOf, type Wire } from "../wire.ts";

// What `region` is to the vendor's plugin since version 7, which terraform-provider-aws 5.100 behind the bridge does not know: an
// argument of every regional resource and question. It says where each call goes, and the bridge never sees it. Sources:
// terraform-provider-aws 6, internal/provider/sdkv2/region.go and internal/provider/framework/region.go; pulumi-aws 7,
// provider/region.go, which fills the input before the check. That a change of a provider's own region replaces no resource by
// itself is read there too (provider/resources.go, no `ForcesProviderReplace`), and is not run here.

const sdk = dirname(createRequire(import.meta.url).resolve("@pulumi/aws/package.json"));
const known = new Map<string, boolean>();

/** Whether `@pulumi/aws` has a `region` argument for this type or question, except for `getRegion`, which the bridge answers. */
export function isRegional(token: string): boolean {
    const [, module = "", name = ""] = /^aws:(\w+)\/(\w+):/.exec(token) ?? [];
    if (name === "" || name === "getRegion") {
        return false;
    }
    const found = known.get(token) ?? hasRegion(join(sdk, module === "index" ? "" : module, `${name}.js`));
    known.set(token, found);
    return found;
}

function hasRegion(file: string): boolean {
    try {
        return /\["region"\] = args\?\.region|"region": args\.region/.test(readFileSync(file, "utf8"));
    } catch {
        return false;
    }
}

/** A call that goes to one region. */
interface Routed {
    /** The region; undefined for calls that have none. */
    readonly region: string | undefined;
    /** Puts the region into the answer, in place. */
    readonly back: (answer: Message) => Message;
}

/** The text that stands for a value that is not known before an update. */
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Takes the region out of a request, in place. `own` is the provider's region. */
export function routeByRegion(request: Message, own: string): Routed {
    const token = request instanceof protocol.InvokeRequest ? request.getTok() : tokenOf(urnOf(request));
    if (!isRegional(token)) {
        return { region: undefined, back: (answer) => answer };
    }
    if (request instanceof protocol.CheckRequest) {
        const region = take(request.getNews()) ?? own;
        take(request.getOlds());
        return routed(own, (answer) => {
            if (answer instanceof protocol.CheckResponse) {
                put(answer.getInputs(), region);
                for (const reason of region === UNKNOWN ? [] : outside(region, own)) {
                    answer.addFailures(new protocol.CheckFailure().setProperty("region").setReason(reason));
                }
            }
        });
    }
    if (request instanceof protocol.DiffRequest) {
        const [inputs, state] = [take(request.getOldInputs()), take(request.getOlds())];
        const before = state ?? inputs;
        const after = take(request.getNews()) ?? own;
        request.setIgnorechangesList(request.getIgnorechangesList().filter((path) => path !== "region"));
        return routed(before ?? own, (answer) => {
            // A state from before version 7 has none, and is where the provider is.
            if (answer instanceof protocol.DiffResponse && after !== (before ?? own)) {
                replace(answer);
            }
        });
    }
    if (request instanceof protocol.CreateRequest) {
        const region = take(request.getProperties()) ?? own;
        return routed(region, (answer) => {
            put((answer as protocol.CreateResponse).getProperties(), region);
        });
    }
    if (request instanceof protocol.ReadRequest) {
        const [, id, named] = /^(.+)@([a-z]{2}(?:-[a-z]+)+-\d{1,2})$/.exec(request.getId()) ?? [];
        const [inputs, state] = [take(request.getInputs()), take(request.getProperties())];
        const region = named ?? state ?? inputs ?? own;
        request.setId(id ?? request.getId());
        return routed(region, (answer) => {
            // What is gone has no id.
            if (answer instanceof protocol.ReadResponse && answer.getId() !== "") {
                put(answer.getProperties(), region);
                put(answer.getInputs(), region);
            }
        });
    }
    if (request instanceof protocol.UpdateRequest) {
        take(request.getOldInputs());
        const state = take(request.getOlds());
        const region = take(request.getNews()) ?? state ?? own;
        request.setIgnorechangesList(request.getIgnorechangesList().filter((path) => path !== "region"));
        return routed(region, (answer) => {
            put((answer as protocol.UpdateResponse).getProperties(), region);
        });
    }
    if (request instanceof protocol.DeleteRequest) {
        const inputs = take(request.getOldInputs());
        return routed(take(request.getProperties()) ?? inputs ?? own, () => undefined);
    }
    if (request instanceof protocol.InvokeRequest) {
        const region = take(request.getArgs()) ?? own;
        const [refusal] = outside(region, own);
        if (refusal !== undefined) {
            throw Object.assign(new Error(refusal), { details: refusal });
        }
        return routed(region, (answer) => {
            put((answer as protocol.InvokeResponse).getReturn(), region);
        });
    }
    return { region: undefined, back: (answer) => answer };
}

function routed(region: string, change: (answer: Message) => void): Routed {
    const back = (answer: Message) => {
        change(answer);
        return answer;
    };
    return { region: region === UNKNOWN ? undefined : region, back };
}

function urnOf(request: Message): string {
    return (request as { getUrn?: () => string }).getUrn?.() ?? "";
}

/** Removes the region of some properties and returns it. */
function take(properties: Struct | undefined): string | undefined {
    const fields = properties?.getFieldsMap();
    const value = fields?.get("region")?.toJavaScript() as Wire | undefined;
    fields?.del("region");
    const plain = value !== undefined && isObject(value) ? value["value"] : value;
    return typeof plain === "string" && plain !== "" ? plain : undefined;
}

function put(properties: Struct | undefined, region: string): void {
    properties?.getFieldsMap().set("region", struct.Value.fromJavaScript(region));
}

/** Makes a replacement of a difference. */
function replace(answer: protocol.DiffResponse): void {
    const kind = new protocol.PropertyDiff().setKind(protocol.PropertyDiff.Kind.UPDATE_REPLACE);
    answer.setChanges(protocol.DiffResponse.DiffChanges.DIFF_SOME);
    answer.addReplaces("region");
    answer.addDiffs("region");
    answer.setHasdetaileddiff(true);
    answer.getDetaileddiffMap().set("region", kind);
}

/** Why a region can't be asked with a provider's credentials: they are of another partition. */
function outside(region: string, own: string): string[] {
    const [there, here] = [partitionOf(region), partitionOf(own)];
    const reason = `partition (${there}) for per-resource Region (${region}) is not the provider's configured partition (${here})`;
    return there === here ? [] : [reason];
}

/** The partition of a region. Source: AWS General Reference, "ARNs". */
function partitionOf(region: string): string {
    const [, named] = /^(cn|us-gov|us-iso|us-isob|us-isof|eu-isoe|eusc)-/.exec(region) ?? [];
    return named === undefined ? "aws" : `aws-${named}`;
}
