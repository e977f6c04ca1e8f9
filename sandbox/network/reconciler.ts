import { isDeepStrictEqual } from "node:util";
import type { Caller } from "../api/client/caller.ts";
import type { ServerSpec } from "../serverSpec.ts";
import { apply, empty, emptyNetwork } from "./applied/apply.ts";
import { startNameServers, type UpdateNameServers } from "./applied/nameServers.ts";
import { Places } from "./described/places.ts";
import type { State } from "./described/state.ts";
import { FlowLogs, type FlowLogOptions } from "./flowLogs/flowLogs.ts";
import { nameServerOf } from "./planned/addresses.ts";
import { lookupsIn, searchDomainOf } from "./planned/names.ts";
import type { Network } from "./planned/network.ts";
import { plan } from "./planned/plan.ts";
import { sitesOf, type Site } from "./planned/sites.ts";

/** Options of a reconciler. */
export interface ReconcilerOptions {
    /** Address of the EC2 API. */
    readonly endpoint: string;
    /** The initial account and region; others are learned from callers. */
    readonly home: Caller;
    /** Called with all running instances after each pass that found a change. */
    readonly onServers: (servers: readonly ServerSpec[]) => void;
    /** Called with the error if a change failed and the network has been rebuilt from nothing. */
    readonly onRebuilt: (error: unknown) => void;
    readonly flowLogs: FlowLogOptions;
}

/**
 * Updates the kernel's network to match the EC2 API. Resolves when the network reflects all changes that the API had
 * completed before the call. The arguments are the caller, the action and the parameters of the change.
 */
export type Reconcile = (
    caller?: Caller,
    action?: string,
    parameters?: Readonly<Record<string, string>>,
) => Promise<void>;

/** Creates the reconciler. The caller must run the first pass. */
export function createReconciler(options: ReconcilerOptions): Reconcile {
    const { endpoint, home, onServers, onRebuilt } = options;
    const places = new Places(endpoint);
    const flowLogs = new FlowLogs(endpoint, options.flowLogs);
    let state: State | undefined;
    /** What the kernel has; undefined after a change that failed. */
    let network: Network | undefined = emptyNetwork;
    let nameServers: UpdateNameServers | undefined;
    let current: Promise<void> = Promise.resolve();
    let next: Promise<void> | undefined;

    /** Changes the kernel's network; after a failure, it builds the network from nothing. */
    const change = async (planned: Network): Promise<void> => {
        const before = network;
        network = undefined;
        const failed = before && (await apply(before, planned).catch((error: unknown) => ({ error })));
        if (!before || failed) {
            flowLogs.reset();
            await apply(await empty(), planned);
        }
        network = planned;
        if (failed) {
            onRebuilt(failed.error);
        }
    };

    const pass = async (): Promise<void> => {
        const read = await places.read();
        if (isDeepStrictEqual(read, state)) {
            return;
        }
        // If the update fails, the next pass tries again.
        state = undefined;
        const sites = sitesOf(read);
        await change(plan(sites));
        await flowLogs.update(sites);
        // Their address is part of the network.
        nameServers ??= await startNameServers();
        nameServers(lookupsIn(sites));
        onServers(sites.flatMap(serversOf));
        state = read;
    };

    return async (caller = home, action = "", parameters = {}) => {
        await places.changedBy(caller, action, parameters);
        // Calls during a pass share the next pass, which reads their changes.
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

function serversOf({ vpc, ports }: Site): ServerSpec[] {
    const dns = { nameServer: nameServerOf(vpc), searchDomain: searchDomainOf(vpc.region) };
    return ports.map(({ id, privateIp, publicKey, userData }) => ({ id, privateIp, publicKey, userData, ...dns }));
}
