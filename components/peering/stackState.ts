import { createRequire } from "module";
import {
    getOrganization,
    getProject,
    getStack,
    output,
    runtime,
    type Input,
    type Output,
    type Resource,
} from "@pulumi/pulumi";
import { ResourceInvokeRequest } from "@pulumi/pulumi/proto/resource_pb";
import type { InvokeResponse } from "@pulumi/pulumi/proto/provider_pb";
import type * as protobuf from "google-protobuf/google/protobuf/struct_pb";
import { known, runsHooks } from "../ordering";
import { oncePerRun } from "./oncePerRun";

/** A resource of this stack, as the update before left it. */
export interface StackResource {
    readonly urn: string;
    readonly type: string;
    readonly outputs: Readonly<Record<string, unknown>>;
}

/** Asks for the resources that this stack has had before; undefined where the engine does not tell. */
export type StackState = () => Promise<readonly StackResource[] | undefined>;

/** The oldest CLI that is tested to answer about a stack that has never had a resource. An older one is not asked: it may crash. */
const answersOfNewStacks = ">=3.259.0";

/**
 * The stack's state before this update. What the program calls a route may change while the route stays, and only the state tells
 * by which name it is managed.
 *
 * @param wasThere tells whether this component was there before, and so the stack had resources.
 */
export function stackState(wasThere: () => Promise<boolean>): StackState {
    return async () => {
        // Mocks have no state.
        if (!runsHooks()) {
            return undefined;
        }
        try {
            const isSafe = (await wasThere()) || (await oncePerRun("CLI", isNewEnough));
            return isSafe ? await oncePerRun("state", readState) : undefined;
        } catch {
            return undefined;
        }
    };
}

async function isNewEnough(): Promise<boolean> {
    return runtime.requirePulumiVersion(answersOfNewStacks).then(
        () => true,
        () => false,
    );
}

async function readState(): Promise<StackResource[]> {
    const stackName = `${getOrganization()}/${getProject()}/${getStack()}`;
    const { outputs: found } = (await ask("pulumi:pulumi:readStackResourceOutputs", { stackName })) as {
        outputs: Record<string, Omit<StackResource, "urn">>;
    };
    // Nothing else that the stack has is any of this package's business.
    const isNetwork = (type: string) => /^aws:(ec2|vpc)\//.test(type);
    return Object.entries(found).map(([urn, { type, outputs }]) => ({
        urn,
        type,
        outputs: isNetwork(type) ? plain(outputs) : {},
    }));
}

/**
 * Asks the engine, and takes its answer as it is. Pulumi's own way of asking would make an object of each resource that an output of
 * the state refers to, and fails where this update does not have that resource yet.
 */
function ask(token: string, args: Record<string, string>): Promise<unknown> {
    // The one that Pulumi itself has, wherever that is installed.
    const { Struct } = createRequire(require.resolve("@pulumi/pulumi"))(
        "google-protobuf/google/protobuf/struct_pb.js",
    ) as typeof protobuf;
    const request = new ResourceInvokeRequest();
    request.setTok(token);
    request.setArgs(Struct.fromJavaScript(args));
    request.setAcceptresources(false);
    return new Promise((resolve, reject) => {
        runtime.getMonitor()?.invoke(request, (error: Error | null, answer: InvokeResponse) => {
            if (error) {
                reject(error);
            } else {
                resolve(answer.getReturn()?.toJavaScript());
            }
        });
    });
}

/** Outputs as they are, where some are secrets, which come wrapped. */
function plain(outputs: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const unwrapped = (value: unknown) =>
        typeof value === "object" && value !== null && specialSignature in value && "value" in value
            ? value.value
            : value;
    return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, unwrapped(value)]));
}

/** The key by which the engine marks values that are no plain ones. */
const specialSignature = "4dabf18193072939515e22adb298388d";

/** A value as a preview may have it: undefined where it is not known yet. */
export async function valueIfKnown<Value>(input: Input<Value>): Promise<Value | undefined> {
    const all = output(input) as unknown as { isKnown: Promise<boolean> };
    return (await all.isKnown) ? known(output(input) as Output<Value>) : undefined;
}

/** URNs of the resources of some types that a value comes from. */
export async function urnsOf(input: Input<unknown>, types: RegExp): Promise<string[]> {
    const all = output(input) as unknown as { allResources: () => Promise<Set<Resource>> };
    const urns = await Promise.all([...(await all.allResources())].map(({ urn }) => known(urn)));
    return urns.filter((urn) => types.test(urn.split("::")[2] ?? ""));
}
