import type { Caller } from "../../api/client/caller.ts";
import { Clients } from "../../api/client/clients.ts";
import { Place } from "./place.ts";
import type { State } from "./state.ts";

/**
 * All regions of all accounts in which anybody has changed anything: what they have together is one network. They are
 * learned from the calls, since an EC2 API does not say which accounts there are.
 */
export class Places {
    readonly #clients: Clients;
    readonly #places = new Map<string, Place>();

    constructor(endpoint: string) {
        this.#clients = new Clients(endpoint);
    }

    /** Notes that a caller has changed something by an action. */
    async changedBy(caller: Caller, action: string): Promise<void> {
        const name = `${await this.#clients.accountOf(caller.accessKeyId)} ${caller.region}`;
        const place = this.#places.get(name) ?? new Place(this.#clients, caller);
        this.#places.set(name, place);
        place.changedBy(action);
    }

    /**
     * What all places have together. Only those that may have changed are read, but the peering connections of all: what one
     * side does to a connection changes what the other has.
     */
    async read(): Promise<State> {
        const places = [...this.#places.values()];
        const [states, peerings] = await Promise.all([
            Promise.all(places.map((place) => place.state())),
            Promise.all(places.map((place) => place.peerings())),
        ]);
        return {
            vpcs: states.flatMap(({ vpcs }) => vpcs),
            subnets: states.flatMap(({ subnets }) => subnets),
            routeTables: states.flatMap(({ routeTables }) => routeTables),
            internetGateways: states.flatMap(({ internetGateways }) => internetGateways),
            // Both sides of a connection have it.
            peerings: [...new Map(peerings.flat().map((peering) => [peering.id, peering])).values()],
            securityGroups: states.flatMap(({ securityGroups }) => securityGroups),
            instances: states.flatMap(({ instances }) => instances),
        };
    }
}
