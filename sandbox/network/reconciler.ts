import { isDeepStrictEqual } from "node:util";
import { nameServerOf } from "./planned/addresses.ts";
import { apply, emptyNetwork } from "./applied/apply.ts";
import { searchDomainOf } from "./planned/names.ts";
import { plan } from "./planned/plan.ts";
import { startNameServers, type NameServers } from "./applied/nameServers.ts";
import { Places, type Caller } from "./described/places.ts";
import type { Instance, ServerSpec, State } from "./described/state.ts";

/** What a reconciler works with. */
export interface ReconcilerOptions {
    /** Address of the EC2 API. */
    readonly endpoint: string;
    /** Whose account and region is there from the start; others are learned from the callers. */
    readonly home: Caller;
    /** Told of every running instance after each pass that found something new. */
    readonly onServers: (servers: readonly ServerSpec[]) => void;
    /** Told of what went wrong in a pass that nobody waits for. */
    readonly onError: (error: unknown) => void;
}

/** Keeps the kernel's network what the EC2 API describes. */
export interface Reconciler {
    /** Resolves when the network obeys everything that the API had answered before the call. A caller has changed something. */
    readonly reconcile: (caller?: Caller, action?: string) => Promise<void>;
    /** Ends the looking that goes on in the background. */
    readonly stop: () => void;
}

/** How often the API is looked at for changes that came past the gateway, in milliseconds. */
const pollInterval = 2000;

/** Starts to keep the network; the first pass is the caller's. */
export function createReconciler({ endpoint, home, onServers, onError }: ReconcilerOptions): Reconciler {
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
        // First of all, so that what the kernel refuses is complained of once, not every time that the poll comes by.
        state = read;
        const planned = plan(read);
        await apply(network, planned);
        network = planned;
        // The address that they listen at is a part of the network.
        nameServers ??= await startNameServers();
        nameServers.update(read);
        onServers(read.instances.map((instance) => serverOf(instance, read)));
    };

    /** Calls that come while a pass is under way share the one after it, which reads what they are about. */
    const soon = (): Promise<void> => {
        next ??= current
            .catch(() => undefined)
            .then(() => {
                current = next ?? Promise.resolve();
                next = undefined;
                return pass();
            });
        return next;
    };

    const reconcile = async (caller: Caller = home, action = ""): Promise<void> => {
        await places.changedBy(caller, action);
        await soon();
    };

    const timer = setInterval(() => {
        places.changed();
        soon().catch(onError);
    }, pollInterval);
    timer.unref();
    return {
        reconcile,
        stop: () => {
            clearInterval(timer);
        },
    };
}

/** A server as those see it who run it. */
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
