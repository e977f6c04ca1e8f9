/**
 * The way of a packet from one end to the other and back, which goes on behind each blocker as if it were not there, and ends
 * where it is not known where the packet goes.
 */
import { made } from "./fixes.ts";
import {
    aclHop,
    connectionHop,
    destinationHop,
    gatewayHop,
    groupHop,
    instanceHop,
    instanceOf,
    interfaceHop,
} from "./hops.ts";
import { routeHop, unfollowed, type Wanted } from "./routes.ts";
import { echo, ephemeral, holds, isAddress, matchingRoutes, privateRangeOf, targetOf, type Flow } from "./rules.ts";
import {
    addressesOf,
    endsOf,
    isAlive,
    publicAddressOf,
    type Located,
    type NetworkInterface,
    type State,
    type VpcPeeringConnection,
} from "./state.ts";
import { isBlocker, QuestionError, type Analysis, type Direction, type End, type Hop, type Question } from "./types.ts";

/** An end that was found: an interface, or an address that no interface of the state has. */
interface Found {
    readonly own?: Located<NetworkInterface>;
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
          /** What the answer leaves by instead, if it is not followed. */
          readonly via?: string | undefined;
      };

/** An end with the address that it has inside its VPC. An internet gateway translates between this and the one that is seen. */
interface Party extends End {
    readonly inside: string;
    readonly own: Located<NetworkInterface> | undefined;
}

/**
 * Throws {@link QuestionError} if an end is not found or is ambiguous. Analyses whose fixes are to be made together share the
 * `numbers` of the new entries of network ACLs.
 */
export function analyze(state: State, question: Question, numbers = new Set<string>()): Analysis {
    const [found, sought] = [findEnd(state, question.from), findEnd(state, question.to)];
    const fromInternet = isPublic(found.address);
    if (!found.own && !(fromInternet && sought.own)) {
        throw fromInternet
            ? new QuestionError(`Of ${question.from} and ${question.to}, one has to be an interface that was read.`)
            : notFound(question.from);
    }
    const meant = wayBetween(state, found, sought);
    const [from, to] = [partyOf(state, found, meant), partyOf(state, sought, meant)];
    const way = wayInstead(state, meant, from, to);
    const between = hopsBetween(state, way, from, to);
    const follow = (direction: Direction) =>
        untilLast(hopsOf({ state, question, way, from, to, between, numbers }, direction));
    const forward = follow("forward");
    const back = way.kind === "host" || forward.at(-1)?.isLast === true ? [] : follow("back");
    const hops = [...forward, ...back];
    const blockers = [...new Set(hops.filter(isBlocker))];
    const unknown = [...new Set(hops.flatMap(({ isUnknown, text }) => (isUnknown ? [text] : [])))];
    const verdict = blockers.length > 0 ? "not reachable" : unknown.length > 0 ? "unknown" : "reachable";
    return { question, from, to, verdict, forward, back, blockers, unknown };
}

function isPublic(address: string | undefined): address is string {
    return address !== undefined && privateRangeOf(address) === undefined;
}

function notFound(name: string): QuestionError {
    return new QuestionError(
        `No interface that was read has '${name}' as its ID, its instance's ID, an address or a Name.`,
    );
}

function findEnd(state: State, name: string): Found {
    const found = state.interfacesNamed(name);
    // An instance may have several interfaces, and then the first one is meant.
    const own = found.find(({ item }) => item.Attachment?.DeviceIndex === 0) ?? found[0];
    const instances = new Set(found.map(({ item }) => item.Attachment?.InstanceId ?? item.NetworkInterfaceId));
    if (instances.size > 1) {
        const ids = found.map(({ item }) => `${item.NetworkInterfaceId} in ${item.VpcId}`);
        throw new QuestionError(`'${name}' is more than one interface; say which by its ID: ${ids.join(", ")}.`);
    }
    if (!own && !isAddress(name)) throw notFound(name);
    return { ...(own && { own }), ...(isAddress(name) && { address: name }) };
}

function wayBetween(state: State, from: Found, to: Found): Way {
    const [one, other] = [from.own?.item, to.own?.item];
    if (!one || [from, to].some(({ address }) => isOutside(state, address, one))) {
        return { kind: "internet" };
    }
    if (one.NetworkInterfaceId === other?.NetworkInterfaceId) {
        return { kind: "host" };
    }
    const here = one.VpcId;
    const there = other?.VpcId ?? vpcWith(state, one, to.address);
    if (here === there) {
        return { kind: "local" };
    }
    const connections = there === undefined ? [] : state.connectionsBetween(here, there);
    // Of several that are gone, the one that a route still names.
    const named = [from, to].flatMap((end) => targetsAt(state, end));
    const connection = connections.find((one) => isAlive(one) || named.includes(one.VpcPeeringConnectionId));
    return { kind: "peering", vpcs: [here, there], connection: connection ?? connections[0] };
}

/** Whether an address is the internet's: a public one that no VPC nearby has among its blocks. */
function isOutside(state: State, address: string | undefined, { VpcId }: NetworkInterface): boolean {
    const nearby = [VpcId, ...state.connectionsOf(VpcId).flatMap(endsOf)];
    return isPublic(address) && !nearby.some((id) => state.blocksOf(id).some((block) => holds(block, address)));
}

/** The VPC that is meant by an address that no interface has: the own one, the one that the route leads to, or a peer. */
function vpcWith(state: State, { VpcId, SubnetId }: NetworkInterface, address = ""): string | undefined {
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
function targetsAt(state: State, { own }: Found): string[] {
    const subnet = state.subnet(own?.item.SubnetId)?.item;
    return (subnet && state.tableOf(subnet)?.item.Routes?.map(targetOf)) ?? [];
}

function partyOf(state: State, { own, address = "" }: Found, way: Way): Party {
    if (!own) {
        const component = { kind: "destination", id: address } as const;
        return { address, inside: address, component, vpcId: undefined, interfaceId: undefined, own };
    }
    const all = addressesOf(own.item);
    const inside = all.includes(address) ? address : (all[0] ?? "");
    return {
        address: way.kind === "internet" ? (publicAddressOf(own.item) ?? inside) : inside,
        inside,
        component: instanceOf(state, own) ?? interfaceHop(own).component,
        vpcId: own.item.VpcId,
        interfaceId: own.item.NetworkInterfaceId,
        own,
    };
}

/** Where no connection is or can become active, the two may be connected by what the answer leaves by. */
function wayInstead(state: State, way: Way, from: Party, to: Party): Way {
    if (way.kind !== "peering" || !to.own || (way.connection && isAlive(way.connection))) return way;
    return { ...way, via: unfollowed(state, to.own, from.address) };
}

/** What a packet meets between the two ends' VPCs. It is the same in both directions, so each blocker counts once. */
function hopsBetween(state: State, way: Way, from: Party, to: Party): readonly Hop[] {
    if (way.kind === "peering") return [connectionHop(state, ...way.vpcs, way.connection, way.via)];
    if (way.kind !== "internet") return [];
    return [
        ...(from.own ? [gatewayHop(state, from.own, "EGRESS", unfollowed(state, from.own, to.address))] : []),
        ...(to.own ? [gatewayHop(state, to.own, "INGRESS", unfollowed(state, to.own, from.address))] : []),
    ];
}

/** Hops as far as it is known where a packet goes. */
function untilLast(hops: Iterable<Hop>): Hop[] {
    const followed: Hop[] = [];
    for (const hop of hops) {
        followed.push(hop);
        if (hop.isLast === true) break;
    }
    return followed;
}

/** A question on its way. */
interface Walk {
    readonly state: State;
    readonly question: Question;
    readonly way: Way;
    readonly from: Party;
    readonly to: Party;
    readonly between: readonly Hop[];
    readonly numbers: Set<string>;
}

/**
 * The hops of a request, or of its answer. Security groups keep state, so they don't judge the answer; network ACLs and route
 * tables do, but not within a subnet. Source: Amazon VPC User Guide, "Compare security groups and network ACLs".
 */
function* hopsOf({ state, question, way, from, to, between, numbers }: Walk, direction: Direction): Generator<Hop> {
    const isRequest = direction === "forward";
    const [start, end] = isRequest ? [from, to] : [to, from];
    const [own, other] = [start.own, end.own];
    const isInternet = way.kind === "internet";
    const crosses = way.kind !== "local" || own?.item.SubnetId !== other?.item.SubnetId;
    const { protocol, port = 80 } = question;
    const type = isRequest ? echo.request : echo.reply;
    const ports = protocol === "icmp" ? ([type, type] as const) : isRequest ? ([port, port] as const) : ephemeral;
    const passage = (at: Located<NetworkInterface>, peer: typeof other, flow: Flow) => {
        const addresses =
            flow === "egress"
                ? { source: start.inside, destination: end.address }
                : { source: start.address, destination: end.inside };
        return {
            state,
            own: at,
            other: peer,
            isInternet,
            packet: { protocol, ports, ...addresses },
            flow,
            direction,
            numbers,
        };
    };
    if (own) {
        const leaving = passage(own, other, "egress");
        if (isRequest) yield* instanceHop(state, own);
        yield interfaceHop(own);
        if (way.kind === "host") return;
        if (isRequest) yield groupHop(leaving);
        if (crosses) {
            yield aclHop(leaving);
            yield routeHop(leaving, wantedBy(state, way, own));
        }
    }
    yield* isRequest ? between : between.toReversed();
    if (other) {
        const arriving = passage(other, own, "ingress");
        if (crosses) yield aclHop(arriving);
        if (isRequest) yield groupHop(arriving);
        yield interfaceHop(other);
        if (isRequest) yield* instanceHop(state, other);
    } else {
        const vpcId = way.kind === "peering" ? way.vpcs[1] : start.vpcId;
        yield destinationHop(state, end.address, isInternet ? "internet" : vpcId);
    }
}

/** The route that an interface's table needs. */
function wantedBy(state: State, way: Way, { item: { VpcId }, place }: Located<NetworkInterface>): Wanted {
    if (way.kind === "peering") {
        const other = way.vpcs.find((one) => one !== VpcId);
        const id = way.connection && isAlive(way.connection) ? way.connection.VpcPeeringConnectionId : undefined;
        const isKnown = way.via === undefined && (way.connection !== undefined || state.knowsConnections(...way.vpcs));
        const option = other && isKnown ? `--vpc-peering-connection-id ${id ?? made.connection}` : undefined;
        return { id, blocks: state.blocksOf(other), option };
    }
    if (way.kind === "internet") {
        const id = state.gatewayOf(VpcId)?.item.InternetGatewayId;
        const option = place.InternetGateways && `--gateway-id ${id ?? made.gateway(VpcId)}`;
        return { id, blocks: ["0.0.0.0/0"], option };
    }
    return { id: "local", blocks: [], option: undefined };
}
