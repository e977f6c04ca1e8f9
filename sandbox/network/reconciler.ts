import { isDeepStrictEqual } from "node:util";
import { apply, emptyNetwork } from "./apply.ts";
import { plan } from "./plan.ts";
import { Reader } from "./read.ts";
import type { ServerSpec, State } from "./state.ts";

/** What a reconciler works with. */
export interface ReconcilerOptions {
    /** Address of the EC2 API. */
    readonly endpoint: string;
    readonly region: string;
    /** Told of every running instance after each pass that found something new. */
    readonly onServers: (servers: readonly ServerSpec[]) => void;
    /** Told of what went wrong in a pass that nobody waits for. */
    readonly onError: (error: unknown) => void;
}

/** Keeps the kernel's network what the EC2 API describes. */
export interface Reconciler {
    /** Resolves when the network obeys everything that the API had answered before the call. */
    readonly reconcile: () => Promise<void>;
    /** Ends the looking that goes on in the background. */
    readonly stop: () => void;
}

/** How often the API is looked at for changes that came past the gateway, in milliseconds. */
const pollInterval = 2000;

/** Starts to keep the network; the first pass is the caller's. */
export function createReconciler({ endpoint, region, onServers, onError }: ReconcilerOptions): Reconciler {
    const reader = new Reader(endpoint, region);
    let state: State | undefined;
    let network = emptyNetwork;
    let current: Promise<void> = Promise.resolve();
    let next: Promise<void> | undefined;

    const pass = async (): Promise<void> => {
        const read = await reader.read();
        if (isDeepStrictEqual(read, state)) {
            return;
        }
        // First of all, so that what the kernel refuses is complained of once, not every time that the poll comes by.
        state = read;
        const planned = plan(read);
        await apply(network, planned);
        network = planned;
        onServers(
            read.instances.map(({ id, privateIp, publicKey, userData }) => ({ id, privateIp, publicKey, userData })),
        );
    };

    /** Calls that come while a pass is under way share the one after it, which reads what they are about. */
    const reconcile = (): Promise<void> => {
        next ??= current
            .catch(() => undefined)
            .then(() => {
                current = next ?? Promise.resolve();
                next = undefined;
                return pass();
            });
        return next;
    };

    const timer = setInterval(() => {
        reconcile().catch(onError);
    }, pollInterval);
    timer.unref();
    return {
        reconcile,
        stop: () => {
            clearInterval(timer);
        },
    };
}
