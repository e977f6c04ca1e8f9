/** The network that the kernel is to have. */
export interface Network {
    /** Every network namespace by its name: the sandbox's own, `inet`, a router for each VPC, one for each instance. */
    readonly namespaces: ReadonlyMap<string, Namespace>;
    readonly links: readonly Link[];
}

/** What a network namespace is to hold, besides its ends of links. */
export interface Namespace {
    /** Whether it passes packets on between its interfaces. */
    readonly router: boolean;
    readonly config: readonly Setting[];
    /** Its nft ruleset, whole; empty for none. */
    readonly firewall: string;
}

/** One address, neighbor, rule or route, as `ip OBJECT add ARGS` makes it and `ip OBJECT delete ARGS` removes it. */
export interface Setting {
    readonly object: "address" | "neighbor" | "rule" | "route";
    readonly args: string;
    /** The interface that it goes with when that is removed; undefined for what stays. */
    readonly dev?: string | undefined;
}

/** A veth pair. */
export interface Link {
    readonly ends: readonly [LinkEnd, LinkEnd];
    /** The largest packet that it takes, in bytes. */
    readonly mtu: number;
}

export interface LinkEnd {
    readonly namespace: string;
    readonly dev: string;
    readonly mac: string;
    /** Whether this end answers ARP for others: instances of a subnet find one another through their router. */
    readonly proxyArp?: boolean;
}

/** The sandbox's own namespace, where the person, the check and the name servers are: it is there already, and has no name. */
export const own = "";

/** The internet, and on it the address of the person's and the check's own end. */
export const internet = { name: "inet", address: "198.51.100.1", operator: "198.51.100.2", prefix: 30 } as const;
