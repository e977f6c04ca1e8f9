import type { Caller } from "../../api/client/caller.ts";
import { Clients } from "../../api/client/clients.ts";
import { Place } from "./place.ts";
import type { State } from "./state.ts";

/**
 * All regions of all accounts in which a change was made; together they form one network. They are learned from the calls,
 * because the EC2 API does not list accounts.
 */
export class Places {
    readonly #clients: Clients;
    readonly #places = new Map<string, Place>();

    constructor(endpoint: string) {
        this.#clients = new Clients(endpoint);
    }

    /** Invalidates the state of the caller's place after an action. */
    async changedBy(caller: Caller, action: string): Promise<void> {
        const name = `${await this.#clients.accountOf(caller.accessKeyId)} ${caller.region}`;
        const place = this.#places.get(name) ?? new Place(this.#clients, caller);
        this.#places.set(name, place);
        place.changedBy(action);
    }

    /**
     * The combined state of all places. Only places that may have changed are read, but peering connections are read in all
     * places, because a change by one side also affects the other.
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
            // Both sides describe the same connection.
            peerings: [...new Map(peerings.flat().map((peering) => [peering.id, peering])).values()],
            securityGroups: states.flatMap(({ securityGroups }) => securityGroups),
            instances: states.flatMap(({ instances }) => instances),
        };
    }
}
