import fc from "fast-check";

/** Where a VPC is. */
export interface Place {
    readonly region: "ap-northeast-2" | "us-east-1";
    readonly account: "home" | "other";
}

/** What a rule or a network ACL entry is about; `ephemeral` are the ports from which clients ask. */
export type Traffic = "all" | "ping" | "http" | "ssh" | "ephemeral";

/** A source or destination: a block, or the security group of the VPC with that number. */
export type Peer = { readonly block: string } | { readonly groupOf: number };

/** An entry of a network ACL. Each has a number of its own, by its position. */
export interface Entry {
    readonly direction: "in" | "out";
    readonly action: "allow" | "deny";
    readonly traffic: Traffic;
    readonly block: string;
}

/** A VPC with a subnet, a route table, a security group and a server. */
export interface Vpc {
    readonly place: Place;
    /** Its block is 10.`net`.0.0/16; several VPCs may have the same. */
    readonly net: number;
    readonly internet: boolean;
    /** Entries of the subnet's own network ACL; undefined for the default one. */
    readonly acl: readonly Entry[] | undefined;
    readonly ingress: readonly { readonly traffic: Traffic; readonly from: Peer }[];
    readonly egress: readonly { readonly traffic: Traffic; readonly to: string }[];
}

/** A peering connection of two VPCs, by their numbers, and what became of the request. */
export interface Connection {
    readonly requester: number;
    readonly accepter: number;
    readonly status: "active" | "pending" | "rejected" | "deleted";
}

/** A route of a VPC to a peering connection, by its number. */
export interface Route {
    readonly vpc: number;
    readonly destination: string;
    readonly connection: number;
}

/** VPCs and what connects them. */
export interface Topology {
    readonly vpcs: readonly Vpc[];
    readonly connections: readonly Connection[];
    readonly routes: readonly Route[];
}

/** A change of a topology that stands. Those that find nothing to change change nothing. */
export type Change =
    | { readonly kind: "delete connection" | "delete route"; readonly index: number }
    | { readonly kind: "close group" | "default acl"; readonly index: number };

/** The block of a VPC, and that of its subnet. */
export const blockOf = ({ net }: Vpc): string => `10.${net}.0.0/16`;
export const subnetOf = ({ net }: Vpc): string => `10.${net}.1.0/24`;

/** The address of the server of VPC number `index`; no two VPCs' servers have the same, even if the VPCs share a block. */
export const addressOf = ({ net }: Vpc, index: number): string => `10.${net}.1.${10 + index}`;

const NETS = [1, 2, 3];
const everywhere = "0.0.0.0/0";
const block = fc.constantFrom(
    everywhere,
    everywhere,
    "10.0.0.0/8",
    ...NETS.map((net) => `10.${net}.0.0/16`),
    "10.1.1.10/32",
);
const traffic = fc.constantFrom<Traffic>("all", "all", "ping", "http", "ssh");
const count = 4;
const number = fc.nat(count - 1);

const entry: fc.Arbitrary<Entry> = fc.record({
    direction: fc.constantFrom("in", "out"),
    action: fc.constantFrom("allow", "allow", "deny"),
    traffic: fc.oneof(traffic, fc.constant<Traffic>("ephemeral")),
    block,
});

const open: readonly Entry[] = (["in", "out"] as const).map((direction) => ({
    direction,
    action: "allow",
    traffic: "all",
    block: everywhere,
}));

const vpc: fc.Arbitrary<Vpc> = fc.record({
    place: fc.record({
        region: fc.constantFrom("ap-northeast-2", "ap-northeast-2", "us-east-1"),
        account: fc.constantFrom("home", "home", "other"),
    }),
    net: fc.constantFrom(...NETS),
    internet: fc.boolean(),
    acl: fc.option(
        fc.oneof(
            fc.array(entry, { maxLength: 5 }),
            // Mostly open, so that a single entry decides.
            fc.array(entry, { maxLength: 2 }).map((first) => [...first, ...open]),
        ),
        { nil: undefined, freq: 2 },
    ),
    ingress: fc.array(
        fc.record({
            traffic,
            from: fc.oneof(
                { weight: 3, arbitrary: fc.record({ block }) },
                { weight: 1, arbitrary: fc.record({ groupOf: number }) },
            ),
        }),
        { maxLength: 3 },
    ),
    egress: fc.oneof(
        { weight: 3, arbitrary: fc.constant([{ traffic: "all" as const, to: everywhere }]) },
        { weight: 1, arbitrary: fc.array(fc.record({ traffic, to: block }), { maxLength: 2 }) },
    ),
});

const connection: fc.Arbitrary<Connection> = fc.record({
    requester: number,
    accepter: number,
    status: fc.constantFrom("active", "active", "active", "active", "pending", "rejected", "deleted"),
});

/** A route of an end of a connection, by how much of the peer it is for. */
interface Way {
    readonly end: "requester" | "accepter";
    readonly connection: number;
    readonly width: "block" | "subnet" | "server" | "all private";
}

const route: fc.Arbitrary<Way> = fc.record({
    end: fc.constantFrom("requester", "accepter"),
    connection: fc.nat(3),
    // The peer's block, its subnet or its server, or a block that holds more than the peer has.
    width: fc.constantFrom("block", "block", "block", "subnet", "server", "all private"),
});

const change: fc.Arbitrary<Change> = fc.record({
    kind: fc.constantFrom<Change["kind"]>("delete connection", "delete route", "close group", "default acl"),
    index: number,
});

/** Topologies of two to four VPCs, each with changes to make afterwards. Shrinks to fewer parts. */
export const topologies: fc.Arbitrary<{ topology: Topology; changes: readonly Change[] }> = fc
    .record({
        vpcs: fc.array(vpc, { minLength: 2, maxLength: count }),
        connections: fc.array(connection, { minLength: 1, maxLength: 4 }),
        routes: fc.array(route, { maxLength: 8 }),
        changes: fc.array(change, { maxLength: 3 }),
        isOpen: fc.boolean(),
    })
    .map(({ vpcs, connections, routes, changes, isOpen }) => ({
        // Chance alone opens one way in five hundred.
        topology: isOpen
            ? possible(vpcs.map(opened), connections.map(between(vpcs.length)), [...routesOf(connections), ...routes])
            : possible(vpcs, connections, routes),
        changes,
    }));

/** The VPC with rules for all traffic behind its own, so that only a denial closes it. */
function opened(vpc: Vpc): Vpc {
    return {
        ...vpc,
        acl: vpc.acl && [...vpc.acl, ...open],
        ingress: [...vpc.ingress, { traffic: "all", from: { block: everywhere } }],
    };
}

/** Has a connection join two of so many VPCs. */
function between(length: number): (connection: Connection) => Connection {
    return ({ requester, accepter, status }) => {
        const [one, other] = [requester % length, accepter % length];
        return { requester: one, accepter: one === other ? (one + 1) % length : other, status };
    };
}

/** Routes to both ends' blocks, which longer routes and other connections to the same block may lead elsewhere. */
function routesOf(connections: readonly Connection[]): readonly Way[] {
    return connections.flatMap((_, connection) =>
        (["requester", "accepter"] as const).map((end) => ({ end, connection, width: "block" as const })),
    );
}

/** The topology without what AWS refuses, which other tests are about. */
function possible(vpcs: readonly Vpc[], wanted: readonly Connection[], ways: readonly Way[]): Topology {
    const connections: Connection[] = [];
    for (const one of wanted) {
        const ends = [vpcs[one.requester], vpcs[one.accepter]];
        const known = connections.some((other) => join(other, one.requester, one.accepter));
        if (ends[0] && ends[1] && ends[0].net !== ends[1].net && !known) {
            connections.push(one);
        }
    }
    const routes = new Map<string, Route>();
    for (const { end, connection: index, width } of ways) {
        const found = connections[index];
        if (!found) continue;
        const own = found[end];
        const other = end === "requester" ? found.accepter : found.requester;
        const peer = vpcs[other];
        const self = vpcs[own];
        if (!peer || !self) continue;
        const destination = {
            block: blockOf(peer),
            subnet: subnetOf(peer),
            server: `${addressOf(peer, other)}/32`,
            "all private": "10.0.0.0/8",
        }[width];
        routes.set(`${own} ${destination}`, { vpc: own, destination, connection: index });
    }
    return {
        vpcs: vpcs.map((one, index) => ({ ...one, ingress: referable(vpcs, connections, one, index) })),
        connections,
        routes: [...routes.values()],
    };
}

/** The inbound rules without those that name a group which AWS does not let the VPC name, and each once. */
function referable(vpcs: readonly Vpc[], connections: readonly Connection[], self: Vpc, index: number): Vpc["ingress"] {
    const rules = self.ingress.filter(({ from }) => {
        if ("block" in from) return true;
        const other = vpcs[from.groupOf];
        // A rule by group is made while the connection is active, and becomes stale with it.
        const peered = connections.some(
            (one) => (one.status === "active" || one.status === "deleted") && join(one, index, from.groupOf),
        );
        return other !== undefined && other.place.region === self.place.region && (from.groupOf === index || peered);
    });
    return [...new Map(rules.map((rule) => [JSON.stringify(rule), rule])).values()];
}

/** Whether the connection is between these two VPCs. */
function join({ requester, accepter }: Connection, one: number, other: number): boolean {
    return (requester === one && accepter === other) || (requester === other && accepter === one);
}

/** The topology after a change. */
export function changed(topology: Topology, { kind, index }: Change): Topology {
    const vpcs = (change: Partial<Vpc>): Topology => ({
        ...topology,
        vpcs: topology.vpcs.map((vpc, at) => (at === index ? { ...vpc, ...change } : vpc)),
    });
    switch (kind) {
        case "delete connection":
            return {
                ...topology,
                connections: topology.connections.map((one, at) =>
                    at === index && one.status === "active" ? { ...one, status: "deleted" } : one,
                ),
            };
        case "delete route":
            return { ...topology, routes: topology.routes.filter((_, at) => at !== index) };
        case "close group":
            return vpcs({ ingress: [] });
        case "default acl":
            return vpcs({ acl: undefined });
    }
}
