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

/**
 * The stack's state before this update. What the program calls a route may change while the route stays, and only the state tells
 * by which name it is managed.
 *
 * @param wasThere whether this component was there before: the engine answers of a stack without any state by a crash.
 */
export function stackState(wasThere: () => Promise<boolean>): StackState {
    return async () => {
        // Mocks have no state.
        if (!runsHooks()) {
            return undefined;
        }
        try {
            const name = `${getOrganization()}/${getProject()}/${getStack()}`;
            const hasOutputs = () =>
                ask<object>("readStackOutputs", { name }).then((found) => Object.keys(found).length > 0);
            const read = async () => {
                const found = await ask<Record<string, Omit<StackResource, "urn">>>("readStackResourceOutputs", {
                    stackName: name,
                });
                return Object.entries(found).map(([urn, { type, outputs }]) => ({ urn, type, outputs }));
            };
            return (await wasThere()) || (await oncePerRun("has outputs", hasOutputs))
                ? await oncePerRun("state", read)
                : [];
        } catch {
            return undefined;
        }
    };
}

/** Asks the engine about a stack. */
async function ask<Answer>(what: string, about: Record<string, string>): Promise<Answer> {
    const { outputs } = (await runtime.invoke(`pulumi:pulumi:${what}`, about)) as { outputs: Answer };
    return outputs;
}

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
