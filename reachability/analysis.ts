import type { NetworkInterface, VpcPeeringConnection } from "@aws-sdk/client-ec2";
import {
    aclHop,
    connectionHop,
    destinationHop,
    gatewayHop,
    groupHop,
    instanceHop,
    instanceOf,
    interfaceHop,
    routeHop,
    type Wanted,
} from "./hops.ts";
import { echo, ephemeral, holds, isAddress, matchingRoutes, privateRangeOf, targetOf, type Packet } from "./rules.ts";
import { addressesOf, endsOf, isAlive, publicAddressOf, type Located, type State } from "./state.ts";
import { QuestionError, type Analysis, type Direction, type End, type Hop, type Question } from "./types.ts";

/** An end that was found: an interface, or an address that no interface of the state has. */
interface Found {
    readonly interface?: Located<NetworkInterface>;
    /** The address that was asked for. */
    readonly address?: string;
}

/** How a packet is meant to go from one end to the other. */
type Way =
    | { readonly kind: "host" | "local" | "internet" }
    | {
          readonly kind: "peering";
          /** The other end's VPC; undefined if no VPC is known that has the address. */
          readonly vpcs: readonly [string, string | undefined];
          readonly connection: VpcPeeringConnection | undefined;
      };

/**
 * Follows a request and its answer in AWS's order, and goes on behind each blocker as if it were not there.
 * Throws {@link QuestionError} if an end is not found or is ambiguous.
 */
export function analyze(state: State, question: Question): Analysis {
    const [from, to] = [findEnd(state, question.from), findEnd(state, question.to)];
    if (!from.interface && !(from.address !== undefined && isPublic(from.address) && to.interface)) {
        throw new QuestionError(
            from.address !== undefined && isPublic(from.address)
                ? `Of ${question.from} and ${question.to}, one has to be an interface that was read.`
                : `No interface that was read has '${question.from}' as its ID, its instance's ID, an address or a Name.`,
        );
    }
    const way = wayBetween(state, from, to);
    const [client, server] = [partyOf(state, from, way), partyOf(state, to, way)];
    const between = hopsBetween(state, way, client, server);
    const walk = { state, question, way, between };
    const forward = follow(walk, client, server, "forward");
    const back = way.kind === "host" ? [] : follow(walk, server, client, "back");
    const hops = [...forward, ...back];
    const blockers = [...new Set(hops.flatMap(({ blocker }) => blocker ?? []))];
    const unknown = [...new Set(hops.flatMap((hop) => hop.unknown ?? []))];
    return {
        question,
        from: client,
        to: server,
        verdict: blockers.length > 0 ? "not reachable" : unknown.length > 0 ? "unknown" : "reachable",
        forward,
        back,
        blockers,
        unknown,
    };
}

function isPublic(address: string): boolean {
    return isAddress(address) && privateRangeOf(address) === undefined;
}

function findEnd(state: State, name: string): Found {
    const found = state.interfacesNamed(name);
    const [first, second] = found;
    // An instance may have several interfaces, and then the first one is meant.
    const main = found.find(({ item }) => item.Attachment?.DeviceIndex === 0) ?? first;
    const instances = new Set(found.map(({ item }) => item.Attachment?.InstanceId ?? item.NetworkInterfaceId));
    if (main && instances.size === 1) {
        return { interface: main, ...(isAddress(name) && { address: name }) };
    }
    if (second) {
        const ids = found.map(({ item }) => `${item.NetworkInterfaceId ?? ""} in ${item.VpcId ?? ""}`);
        throw new QuestionError(`'${name}' is more than one interface; say which by its ID: ${ids.join(", ")}.`);
    }
    if (!isAddress(name)) {
        throw new QuestionError(
            `No interface that was read has '${name}' as its ID, its instance's ID, an address or a Name.`,
        );
    }
    return { address: name };
}

function wayBetween(state: State, from: Found, to: Found): Way {
    const [one, other] = [from.interface?.item, to.interface?.item];
    if (!one || [from, to].some(({ address }) => address !== undefined && isOutside(state, address, one))) {
        return { kind: "internet" };
    }
    if (one.NetworkInterfaceId === other?.NetworkInterfaceId) {
        return { kind: "host" };
    }
    const here = one.VpcId ?? "";
    const there = other?.VpcId ?? vpcWith(state, one, to.address ?? "");
    if (here === there) {
        return { kind: "local" };
    }
    const connections = there === undefined ? [] : state.connectionsBetween(here, there);
    // Of several that are gone, the one that a route still names.
    const named = [from, to].flatMap((end) => targetsAt(state, end));
    const connection = connections.find((one) => isAlive(one) || named.includes(one.VpcPeeringConnectionId ?? ""));
    return { kind: "peering", vpcs: [here, there], connection: connection ?? connections[0] };
}

/** Whether an address is the internet's: a public one that no VPC nearby has among its blocks. */
function isOutside(state: State, address: string, { VpcId = "" }: NetworkInterface): boolean {
    const nearby = [VpcId, ...state.connectionsOf(VpcId).flatMap(endsOf)];
    return isPublic(address) && !nearby.some((id) => state.blocksOf(id).some((block) => holds(block, address)));
}

/** The VPC that is meant by an address that no interface has: the own one, the one that the route leads to, or a peer. */
function vpcWith(state: State, { VpcId = "", SubnetId }: NetworkInterface, address: string): string | undefined {
    if (state.blocksOf(VpcId).some((block) => holds(block, address))) {
        return VpcId;
    }
    const across = (connection: VpcPeeringConnection | undefined) =>
        connection && endsOf(connection).find((id) => id !== VpcId);
    const subnet = state.subnet(SubnetId)?.item;
    const matches = subnet && matchingRoutes(state, state.tableOf(subnet)?.item.Routes ?? [], address);
    const routed = matches && !("unknown" in matches) ? matches[0]?.route.VpcPeeringConnectionId : undefined;
    const holding = state
        .connectionsOf(VpcId)
        .find((one) => state.blocksOf(across(one)).some((block) => holds(block, address)));
    return across(state.connection(routed)) ?? across(holding);
}

/** The targets of the routes that an end's subnet has. */
function targetsAt(state: State, { interface: own }: Found): string[] {
    const subnet = state.subnet(own?.item.SubnetId)?.item;
    return (subnet && state.tableOf(subnet)?.item.Routes?.map(targetOf)) ?? [];
}

/** An end with the address that it has inside its VPC. An internet gateway translates between this and the one that is seen. */
interface Party extends End {
    readonly inside: string;
    readonly own: Located<NetworkInterface> | undefined;
}

function partyOf(state: State, { interface: own, address = "" }: Found, way: Way): Party {
    if (!own) {
        return { address, inside: address, component: { kind: "destination", id: address }, vpcId: undefined, own };
    }
    const { item } = own;
    const all = addressesOf(item);
    const inside = all.includes(address) ? address : (all[0] ?? "");
    return {
        address: way.kind === "internet" ? (publicAddressOf(item) ?? inside) : inside,
        inside,
        component: instanceOf(state, own) ?? interfaceHop(own).component,
        vpcId: item.VpcId,
        own,
    };
}

/** What a packet meets between the two ends' VPCs. It is the same in both directions, so each blocker counts once. */
function hopsBetween(state: State, way: Way, { own: client }: Party, { own: server }: Party): readonly Hop[] {
    switch (way.kind) {
        case "peering":
            return [connectionHop(state, ...way.vpcs, way.connection)];
        case "internet":
            return [
                ...(client ? [gatewayHop(state, client, "EGRESS")] : []),
                ...(server ? [gatewayHop(state, server, "INGRESS")] : []),
            ];
        default:
            return [];
    }
}

/** A question on its way. */
interface Walk {
    readonly state: State;
    readonly question: Question;
    readonly way: Way;
    readonly between: readonly Hop[];
}

/**
 * The hops of a request, or of its answer. Security groups keep state, so they don't judge the answer; network ACLs and route
 * tables do, but not within a subnet. Source: Amazon VPC User Guide, "Compare security groups and network ACLs".
 */
function follow({ state, question, way, between }: Walk, start: Party, end: Party, direction: Direction): Hop[] {
    const isRequest = direction === "forward";
    const isInternet = way.kind === "internet";
    const crosses =
        way.kind !== "host" && (way.kind !== "local" || start.own?.item.SubnetId !== end.own?.item.SubnetId);
    const { protocol, port = 80 } = question;
    const [type, asked] = [isRequest ? echo.request : echo.reply, isRequest ? ([port, port] as const) : ephemeral];
    const packet = { protocol, ports: protocol === "icmp" ? ([type, type] as const) : asked };
    const leaving: Packet = { ...packet, source: start.inside, destination: end.address };
    const arriving: Packet = { ...packet, source: start.address, destination: end.inside };
    const hops: Hop[] = [];
    const { own } = start;
    if (own) {
        if (isRequest) hops.push(...instanceHop(state, own));
        hops.push(interfaceHop(own));
        if (way.kind === "host") return hops;
        if (isRequest) hops.push(groupHop(state, own, end.own, isInternet, "egress", leaving));
        if (crosses) {
            hops.push(aclHop(state, own, "egress", leaving, direction));
            hops.push(routeHop(state, own, end.address, wantedBy(state, way, own), direction));
        }
    }
    hops.push(...(isRequest ? between : between.toReversed()));
    const { own: other } = end;
    if (other) {
        if (crosses) hops.push(aclHop(state, other, "ingress", arriving, direction));
        if (isRequest) hops.push(groupHop(state, other, own, isInternet, "ingress", arriving));
        hops.push(interfaceHop(other));
        if (isRequest) hops.push(...instanceHop(state, other));
    } else {
        const vpcId = way.kind === "peering" ? way.vpcs[1] : start.vpcId;
        hops.push(destinationHop(state, end.address, isInternet ? "internet" : vpcId));
    }
    return hops;
}

/** The route that an interface's table needs. */
function wantedBy(state: State, way: Way, { item: { VpcId } }: Located<NetworkInterface>): Wanted {
    switch (way.kind) {
        case "peering": {
            const other = way.vpcs.find((id) => id !== VpcId);
            const id = way.connection && isAlive(way.connection) ? way.connection.VpcPeeringConnectionId : undefined;
            return { target: { kind: "connection", id }, blocks: state.blocksOf(other), fixable: other !== undefined };
        }
        case "internet": {
            const id = state.gatewayOf(VpcId)?.item.InternetGatewayId;
            return { target: { kind: "gateway", id }, blocks: ["0.0.0.0/0"], fixable: true };
        }
        default:
            return { target: { kind: "gateway", id: "local" }, blocks: [], fixable: false };
    }
}
