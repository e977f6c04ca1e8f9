import { addressOf, blockOf, type Entry, type Topology, type Traffic, type Vpc } from "./topology.ts";

/**
 * What AWS's rules say of a topology: which of ping, HTTP and SSH one server gets an answer for from another. Shares no code with
 * the sandbox's network, whose packets it judges.
 */

/** A packet: a request, or its answer. */
interface Packet {
    readonly kind: Kind;
    readonly from: string;
    readonly to: string;
    readonly answer: boolean;
}

export const kinds = ["ping", "http", "ssh"] as const;
export type Kind = (typeof kinds)[number];

/** The protocols of `ping http ssh` for which server `from` gets an answer from server `to` at its private address. */
export function privately(topology: Topology, from: number, to: number): string {
    return kinds.filter((kind) => answers(topology, from, to, kind)).join(" ");
}

/** The same from a machine on the internet, at `outside`, to the server's public address. */
export function fromInternet(topology: Topology, to: number, outside: string): string {
    const vpc = topology.vpcs[to];
    if (!vpc?.internet) return "";
    const own = addressOf(vpc, to);
    return kinds
        .filter((kind) => {
            const request = { kind, from: outside, to: own, answer: false };
            const answer = { kind, from: own, to: outside, answer: true };
            return (
                passesAcl(vpc, "in", request) &&
                vpc.ingress.some(
                    ({ traffic, from }) => "block" in from && holds(from.block, outside) && covers(traffic, request),
                ) &&
                passesAcl(vpc, "out", answer)
            );
        })
        .join(" ");
}

function answers(topology: Topology, from: number, to: number, kind: Kind): boolean {
    const [client, server] = [topology.vpcs[from], topology.vpcs[to]];
    if (!client || !server) return false;
    const [here, there] = [addressOf(client, from), addressOf(server, to)];
    const request: Packet = { kind, from: here, to: there, answer: false };
    const answer: Packet = { kind, from: there, to: here, answer: true };
    return (
        client.egress.some(({ traffic, to: block }) => holds(block, there) && covers(traffic, request)) &&
        passesAcl(client, "out", request) &&
        next(topology, from, there) === to &&
        passesAcl(server, "in", request) &&
        server.ingress.some(
            ({ traffic, from: peer }) =>
                covers(traffic, request) && ("block" in peer ? holds(peer.block, here) : peer.groupOf === from),
        ) &&
        // Security groups are stateful; network ACLs and route tables judge the answer too.
        passesAcl(server, "out", answer) &&
        next(topology, to, here) === from &&
        passesAcl(client, "in", answer)
    );
}

/** The VPC whose server gets a packet that a VPC's server sends; undefined if none does. */
function next({ vpcs, connections, routes }: Topology, from: number, to: string): number | undefined {
    const vpc = vpcs[from];
    if (!vpc) return undefined;
    const ways = [
        { destination: blockOf(vpc), peer: from },
        ...routes
            .filter((route) => route.vpc === from)
            .map(({ destination, connection }) => {
                const { requester, accepter, status } = connections[connection] ?? {};
                // A route to a connection that is not active is a blackhole, not absent.
                return {
                    destination,
                    peer: status === "active" ? (requester === from ? accepter : requester) : undefined,
                };
            }),
    ].filter(({ destination }) => holds(destination, to));
    // Longest prefix match.
    const peer = ways.sort((a, b) => lengthOf(b.destination) - lengthOf(a.destination))[0]?.peer;
    // Peering is not transitive: the peer delivers to its own addresses only.
    return peer !== undefined && vpcs[peer] && addressOf(vpcs[peer], peer) === to ? peer : undefined;
}

/** By number, the first entry that matches decides; none denies. The default network ACL allows everything. */
function passesAcl({ acl }: Vpc, direction: Entry["direction"], packet: Packet): boolean {
    if (!acl) return true;
    const other = direction === "in" ? packet.from : packet.to;
    const match = acl.find(
        (entry) => entry.direction === direction && holds(entry.block, other) && covers(entry.traffic, packet),
    );
    return match?.action === "allow";
}

/** Whether a rule's protocol and ports are those of the packet; an answer goes to the port from which the client asked. */
function covers(traffic: Traffic, { kind, answer }: Packet): boolean {
    if (traffic === "all") return true;
    if (traffic === "ephemeral") return answer && kind !== "ping";
    return traffic === "ping" ? kind === "ping" : traffic === kind && !answer;
}

function holds(block: string, address: string): boolean {
    const length = lengthOf(block);
    const bits = (dotted: string): number => dotted.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
    const size = 2 ** (32 - length);
    return Math.floor(bits(block.replace(/\/.*/, "")) / size) === Math.floor(bits(address) / size);
}

function lengthOf(block: string): number {
    return Number(block.split("/")[1]);
}
