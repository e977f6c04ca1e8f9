import { isDeepStrictEqual } from "node:util";
import type { Caller } from "../api/client/caller.ts";
import type { ServerSpec } from "../serverSpec.ts";
import { apply, emptyNetwork } from "./applied/apply.ts";
import { startNameServers, type NameServers } from "./applied/nameServers.ts";
import { Places } from "./described/places.ts";
import type { Instance, State } from "./described/state.ts";
import { nameServerOf } from "./planned/addresses.ts";
import { lookupsIn, searchDomainOf } from "./planned/names.ts";
import { plan } from "./planned/plan.ts";

/** What a reconciler works with. */
export interface ReconcilerOptions {
    /** Address of the EC2 API. */
    readonly endpoint: string;
    /** The account and region that are there from the start; others are learned from the callers. */
    readonly home: Caller;
    /** Told of every running instance after each pass that found something new. */
    readonly onServers: (servers: readonly ServerSpec[]) => void;
}

/**
 * Makes the kernel's network what the EC2 API describes: resolves when the network obeys everything that the API had
 * answered before the call. Its arguments say who has changed something, and by which action.
 */
export type Reconcile = (caller?: Caller, action?: string) => Promise<void>;

/** Gives what keeps the network; the first pass is the caller's. */
export function createReconciler({ endpoint, home, onServers }: ReconcilerOptions): Reconcile {
    const places = new Places(endpoint);
    let state: State | undefined;
    let network = emptyNetwork;
    let nameServers: NameServers | undefined;
    let current: Promise<void> = Promise.resolve();
    let next: Promise<void> | undefined;

    const pass = async (): Promise<void> => {
        const read = await places.read();
        if (isDeepStrictEqual(read, state)) {
            return;
        }
        // Noted before the kernel follows, so that what it refuses is reported once.
        state = read;
        const planned = plan(read);
        await apply(network, planned);
        network = planned;
        // The address that they listen at is a part of the network.
        nameServers ??= await startNameServers();
        nameServers.update(lookupsIn(read));
        onServers(read.instances.map((instance) => serverOf(instance, read)));
    };

    return async (caller = home, action = "") => {
        await places.changedBy(caller, action);
        // Calls that come while a pass is under way share the one after it, which reads what they have changed.
        next ??= current
            .catch(() => undefined)
            .then(() => {
                current = next ?? Promise.resolve();
                next = undefined;
                return pass();
            });
        await next;
    };
}

function serverOf({ id, vpcId, privateIp, publicKey, userData }: Instance, { vpcs }: State): ServerSpec {
    const vpc = vpcs.find((one) => one.id === vpcId);
    return {
        id,
        privateIp,
        publicKey,
        userData,
        nameServer: vpc ? nameServerOf(vpc) : "",
        searchDomain: vpc ? searchDomainOf(vpc.region) : "",
    };
}
