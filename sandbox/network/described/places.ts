import { Reader } from "./read.ts";
import type { Peering, State } from "./state.ts";

/** Whoever calls the EC2 API, and in which region. */
export interface Caller {
    readonly accessKeyId: string;
    readonly region: string;
}

/** A region of an account. */
interface Place {
    readonly reader: Reader;
    /** What it had when it was last read; undefined when it may have something else by now. */
    state: Omit<State, "peerings"> | undefined;
    /** How often something may have changed. */
    changes: number;
}

/**
 * All regions of all accounts in which anybody has changed anything: what they have together is one network. They are
 * learned from the calls, since nobody can ask an EC2 API which accounts there are.
 */
export class Places {
    readonly #endpoint: string;
    readonly #places = new Map<string, Place>();
    readonly #accounts = new Map<string, Promise<string>>();

    constructor(endpoint: string) {
        this.#endpoint = endpoint;
    }

    /** Notes that a caller has changed something by an action. */
    async changedBy({ accessKeyId, region }: Caller, action: string): Promise<void> {
        const account = this.#accounts.get(accessKeyId) ?? this.#accountOf(accessKeyId);
        this.#accounts.set(accessKeyId, account);
        account.catch(() => this.#accounts.delete(accessKeyId));
        const name = `${await account} ${region}`;
        const place = this.#places.get(name) ?? {
            reader: new Reader(this.#endpoint, region, accessKeyId),
            state: undefined,
            changes: 0,
        };
        this.#places.set(name, place);
        noteChange(place);
        if (action === "ModifyVpcAttribute") {
            place.reader.forgetDns();
        }
    }

    /** Notes that anything may have changed anywhere. */
    changed(): void {
        for (const place of this.#places.values()) {
            noteChange(place);
            place.reader.forgetDns();
        }
    }

    /**
     * What all places have together. Only those that may have changed are read, but every one's peering connections: what one
     * side does to a connection changes what the other has.
     */
    async read(): Promise<State> {
        const places = [...this.#places.values()];
        const [states, peerings] = await Promise.all([
            Promise.all(places.map(stateOf)),
            Promise.all(places.map(({ reader }) => reader.readPeerings())),
        ]);
        const all = <Key extends keyof Omit<State, "peerings">>(key: Key): State[Key] =>
            states.flatMap((state): readonly unknown[] => state[key]) as unknown as State[Key];
        return {
            vpcs: all("vpcs"),
            subnets: all("subnets"),
            routeTables: all("routeTables"),
            internetGateways: all("internetGateways"),
            peerings: oneOfEach(peerings.flat()),
            securityGroups: all("securityGroups"),
            instances: all("instances"),
        };
    }

    async #accountOf(accessKeyId: string): Promise<string> {
        const scope = `${accessKeyId}/20260101/us-east-1/sts/aws4_request`;
        const answer = await fetch(this.#endpoint, {
            method: "POST",
            headers: { authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=any` },
            body: new URLSearchParams({ Action: "GetCallerIdentity", Version: "2011-06-15" }),
        });
        return /<Account>(.+?)<\/Account>/.exec(await answer.text())?.[1] ?? accessKeyId;
    }
}

function noteChange(place: Place): void {
    place.state = undefined;
    place.changes++;
}

async function stateOf(place: Place): Promise<Omit<State, "peerings">> {
    if (place.state) {
        return place.state;
    }
    const { changes } = place;
    const state = await place.reader.read();
    // What has changed while it was being read may be in it or not.
    if (place.changes === changes) {
        place.state = state;
    }
    return state;
}

/** Both sides of a connection have it. */
function oneOfEach(peerings: readonly Peering[]): Peering[] {
    return [...new Map(peerings.map((peering) => [peering.id, peering])).values()];
}
