/** The desired network of the kernel. */
export interface Network {
    /** All network namespaces by name: the sandbox's own, `inet`, one for each VPC's router and one for each instance. */
    readonly namespaces: ReadonlyMap<string, Namespace>;
    readonly links: readonly Link[];
}

/** The desired configuration of a network namespace, without its link ends. */
export interface Namespace {
    /** Whether it forwards packets between its interfaces; false by default. */
    readonly router?: boolean;
    readonly config: readonly Setting[];
    /** Its complete nft ruleset; none by default. */
    readonly firewall?: string;
}

/**
 * `OBJECT ARGS`, in the syntax of `ip OBJECT add ARGS` and `ip OBJECT delete ARGS`. The kernel deletes a setting together with
 * the interface that follows `dev`.
 */
export type Setting = `${"address" | "neighbor" | "rule" | "route"} ${string}`;

/** A veth pair. */
export interface Link {
    readonly ends: readonly [LinkEnd, LinkEnd];
    /** MTU in bytes. */
    readonly mtu: number;
}

export interface LinkEnd {
    readonly namespace: string;
    readonly dev: string;
    readonly mac: string;
    /** Whether this end answers ARP for other addresses, so that instances of a subnet reach one another through the router. */
    readonly proxyArp?: boolean;
}

/** The sandbox's own namespace, with the user's shell, the check and the name servers. It already exists and has no name. */
export const own = "";

/** The internet's namespace. `operator` is the address of the sandbox's own namespace on the internet. */
export const internet = { name: "inet", address: "198.51.100.1", operator: "198.51.100.2", prefix: 30 } as const;
