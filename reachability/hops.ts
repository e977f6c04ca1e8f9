/** The steps of a packet: what each component does with it, and what would open the way there. */
import type { PortRange, Tag } from "@aws-sdk/client-ec2";
import { accept, allow, allowBefore, attachGateway, connect, giveAddress, route as makeRoute, start } from "./fixes.ts";
import {
    allowingRule,
    decidingEntry,
    echo,
    holds,
    lengthOf,
    matchingRoutes,
    peerOf,
    privateRangeOf,
    rulesIn,
    shownRoute,
    targetOf,
    type Flow,
    type GroupRule,
    type Match,
    type Packet,
} from "./rules.ts";
import {
    addressesOf,
    endsOf,
    isAlive,
    nameOf,
    publicAddressOf,
    type Kinds,
    type Located,
    type NetworkInterface,
    type State,
    type VpcPeeringConnection,
} from "./state.ts";
import type { Blocker, Code, Component, Direction, Hop } from "./types.ts";

/** A packet at an interface's security groups, network ACL and route table, on its way out of there or in. */
export interface Passage {
    readonly state: State;
    readonly own: Located<NetworkInterface>;
    /** The interface at the other end; undefined for the internet, and if it is not known. */
    readonly other: Located<NetworkInterface> | undefined;
    readonly isInternet: boolean;
    readonly packet: Packet;
    readonly flow: Flow;
    readonly direction: Direction;
    /** Numbers of the new entries of network ACLs. */
    readonly numbers: Set<string>;
}

/** The route that leads to the other end. */
export interface Wanted {
    /** Its target's ID, if there is one. */
    readonly id: string | undefined;
    readonly blocks: readonly string[];
    /** The target as an option of `aws ec2 create-route`; undefined if there can't be such a route. */
    readonly option: string | undefined;
}

/** A component that an interface's packets meet in its VPC. */
function componentOf(
    { item: { VpcId: vpcId }, place }: Located<NetworkInterface>,
    kind: Component["kind"],
    id: string,
    tags: readonly Tag[] | undefined,
): Component {
    return { kind, id, name: nameOf(tags), place, vpcId };
}

/** A step that the state does not tell enough about. */
function unseen(component: Component, what: string, kind: keyof Kinds): Hop {
    const reason = component.place?.unread?.[kind];
    return { component, text: `${what}${reason === undefined ? "" : ` (${reason})`}`, isUnknown: true };
}

/** The instance of an interface; undefined if it belongs to none. */
export function instanceOf(state: State, own: Located<NetworkInterface>): Component | undefined {
    const id = own.item.Attachment?.InstanceId;
    return id === undefined ? undefined : componentOf(own, "instance", id, state.instance(id)?.item.Tags);
}

export function instanceHop(state: State, own: Located<NetworkInterface>): Hop[] {
    const component = instanceOf(state, own);
    if (!component) return [];
    const found = state.instance(component.id);
    if (!found) return [unseen(component, `whether ${component.id} runs`, "Reservations")];
    const status = found.item.State?.Name ?? "unknown";
    if (status === "running") return [{ component, text: "runs" }];
    const fixes = status === "stopped" ? start(found) : undefined;
    const blocker: Blocker = {
        component,
        text: `is ${status}`,
        code: "UNASSOCIATED_COMPONENT",
        direction: "forward",
        fixes,
    };
    return [blocker];
}

export function interfaceHop(own: Located<NetworkInterface>): Hop {
    const { NetworkInterfaceId, TagSet } = own.item;
    const component = componentOf(own, "network interface", NetworkInterfaceId, TagSet);
    return { component, text: addressesOf(own.item)[0] ?? "" };
}

/** The IDs of an interface's security groups. */
function groupsOf({ item: { Groups = [] } }: Located<NetworkInterface>): string[] {
    return Groups.flatMap(({ GroupId }) => GroupId ?? []);
}

export function groupHop({ state, own, other, isInternet, packet, flow }: Passage): Hop | Blocker {
    const ids = groupsOf(own);
    const groups = ids.flatMap((id) => state.group(id) ?? []);
    const [first] = groups;
    const name = ids.length > 1 ? undefined : (nameOf(first?.item.Tags) ?? first?.item.GroupName);
    const component: Component = { ...componentOf(own, "security group", ids.join(", "), undefined), name };
    if (!first || groups.length < ids.length) {
        return unseen(component, `the rules of ${component.id}`, "SecurityGroups");
    }
    // Across regions, AWS lets no rule name the other end's group.
    const isReferable = !isInternet && other?.place.region === own.place.region;
    const members = isReferable ? groupsOf(other) : [];
    const rule = allowingRule(state, groups, flow, packet, other || isInternet ? members : undefined);
    if (rule && "unknown" in rule) return { component, text: rule.unknown, isUnknown: true };
    if (rule) return { component, text: `allows ${ruleText(rule)}`, securityGroupRule: rule };
    const hasRules = groups.some(({ item }) => rulesIn(item, flow).length > 0);
    const [preposition, adjective] = flow === "ingress" ? ["in from", "inbound"] : ["out to", "outbound"];
    return {
        component,
        text: `lets no ${trafficText(packet)} ${preposition} ${peerOf(packet, flow)}`,
        detail: hasRules ? undefined : `: it has no ${adjective} rules`,
        code: hasRules ? "ENI_SG_RULES_MISMATCH" : "SG_HAS_NO_RULES",
        direction: "forward",
        flow,
        fixes: allow(first, flow, packet),
    };
}

export function aclHop({ state, own, packet, flow, direction, numbers }: Passage): Hop | Blocker {
    const acl = state.aclOf(own.item.SubnetId);
    const { NetworkAclId: id = `of ${own.item.SubnetId}`, Tags } = acl?.item ?? {};
    const component = componentOf(own, "network ACL", id, Tags);
    if (!acl) return unseen(component, `the network ACL ${id}`, "NetworkAcls");
    const aclRule = decidingEntry(acl.item.Entries, flow, packet);
    const { RuleNumber: number, RuleAction, Protocol, PortRange, Cidr } = aclRule;
    const [preposition, adjective] = flow === "ingress" ? ["from", "inbound"] : ["to", "outbound"];
    if (RuleAction === "allow") {
        const text = `${adjective} rule ${number} allows ${Protocol}${portsText(PortRange)} ${preposition} ${Cidr}`;
        return { component, text, aclRule };
    }
    const traffic = `${direction === "back" ? "the answer's " : ""}${trafficText(packet)}`;
    return {
        component,
        text: `${adjective} rule ${number === 32767 ? "*" : number} denies ${traffic} ${preposition} ${peerOf(packet, flow)}`,
        aclRule,
        code: "SUBNET_ACL_RESTRICTION",
        direction,
        flow,
        fixes: allowBefore(acl, flow, packet, number, numbers),
    };
}

export function routeHop({ state, own, packet, direction }: Passage, wanted: Wanted): Hop | Blocker {
    const address = packet.destination;
    const { SubnetId } = own.item;
    const subnet = state.subnet(SubnetId)?.item;
    const table = subnet && state.tableOf(subnet);
    const { RouteTableId: id = `of ${SubnetId}`, Tags, VpcId = "" } = table?.item ?? {};
    const component = componentOf(own, "route table", id, Tags);
    if (!table) return unseen(component, `the route table ${id}`, "RouteTables");
    const matches = matchingRoutes(state, table.item.Routes ?? [], address);
    if ("unknown" in matches) return { component, text: matches.unknown, isUnknown: true };
    const which = table.main
        ? `the main table of ${VpcId}: ${SubnetId} has none of its own`
        : `associated with ${SubnetId}`;
    const [best] = matches;
    const target = best && targetOf(best.route);
    const detail = ` (${which})`;
    const shown = { component, detail, route: best && shownRoute(best.route) };
    if (best && target !== undefined && target === wanted.id) return { ...shown, text: `${best.block} -> ${target}` };
    const isBlackhole = best?.route.State === "blackhole";
    const isFollowed = (id: string) =>
        id === "local" ||
        (id.startsWith("igw-") && (own.place.InternetGateways ?? privateRangeOf(address))) ||
        state.connection(id);
    if (target !== undefined && !isBlackhole && !isFollowed(target)) {
        return { component, route: shown.route, text: `where ${target} leads`, isUnknown: true };
    }
    const block = wanted.blocks.find((one) => holds(one, address)) ?? `${address}/32`;
    const hasPriority = best && lengthOf(best.block) >= lengthOf(block);
    // A dead route of the same block is in the way; a live one serves others, and stays unless it is for this address alone.
    const free = !hasPriority || (isBlackhole && best.route.DestinationCidrBlock === block) ? block : `${address}/32`;
    const replaces = matches.some(({ route }) => route.DestinationCidrBlock === free);
    const { more = "", ...wrong } = wrongRoute(state, address, matches, wanted.id, direction);
    return {
        ...shown,
        ...wrong,
        detail: `${more}${detail}`,
        direction,
        fixes: wanted.option === undefined ? undefined : makeRoute(table, free, replaces, wanted.option),
    };
}

/** Why a route table leads a packet elsewhere than is meant. */
function wrongRoute(
    state: State,
    address: string,
    matches: readonly Match[],
    wanted: string | undefined,
    direction: Direction,
): { readonly code: Code; readonly text: string; readonly more?: string } {
    const [best] = matches;
    if (!best) return { code: "NO_ROUTE_TO_DESTINATION", text: `no route to ${address}` };
    const target = targetOf(best.route);
    const route = `${best.block} -> ${target}`;
    if (best.route.State === "blackhole") {
        return { code: "BAD_STATE_ROUTE", text: `${route} is a blackhole: its target is gone` };
    }
    const range = privateRangeOf(address);
    if (target.startsWith("igw-") && range) {
        return {
            code: `IGW_DESTINATION_ADDRESS_NOT_IN_${range}_EGRESS`,
            text: `no route to ${address}`,
            more: ` but ${route}, and an internet gateway takes no private address`,
        };
    }
    const connection = state.connection(target);
    const vpcs = connection && endsOf(connection);
    if (vpcs && !vpcs.some((id) => state.blocksOf(id).some((block) => holds(block, address)))) {
        return {
            code: "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR",
            text: `${route}, whose other VPC does not have ${address}: peering is not transitive`,
        };
    }
    if (direction === "forward" && wanted !== undefined && matches.some((one) => targetOf(one.route) === wanted)) {
        return { code: "MORE_SPECIFIC_ROUTE", text: `${route} is more specific than the route to ${wanted}` };
    }
    const where = vpcs ? ` (${vpcs.join(" - ")})` : "";
    const what = direction === "back" ? "the answer " : "";
    return { code: "ROUTE_WRONG_NETWORK", text: `${route}${where} leads ${what}to another network` };
}

export function connectionHop(
    state: State,
    here: string,
    there: string | undefined,
    connection: VpcPeeringConnection | undefined,
): Hop | Blocker {
    const [one, other] = [state.vpc(here), state.vpc(there)];
    const connecting = one && other && connect(state, one, other);
    if (!connection && !state.knowsConnections(here, there)) {
        const component: Component = { kind: "peering connection", id: "none", place: one?.place };
        return unseen(component, `the peering connections of ${here}`, "VpcPeeringConnections");
    }
    if (!connection) {
        const between = `${here} and ${there ?? ""} have none`;
        return {
            component: { kind: "peering connection", id: "none" },
            text: there === undefined ? "none leads to a VPC that has the address" : between,
            code: "DISCONNECTED_VPCS",
            direction: "forward",
            fixes: connecting,
        };
    }
    const { VpcPeeringConnectionId: id, Tags, Status: { Code: status = "unknown", Message = "" } = {} } = connection;
    const component: Component = { kind: "peering connection", id, name: nameOf(Tags) };
    if (status === "active") return { component, text: "active" };
    const isPending = status === "pending-acceptance";
    return {
        component,
        text: `is ${status}, not active`,
        detail: Message === "" || status !== "failed" ? undefined : `: ${Message}`,
        code: "BAD_STATE",
        direction: "forward",
        fixes: isPending ? accept(state, connection) : isAlive(connection) ? undefined : connecting,
    };
}

/** Source: Amazon VPC User Guide, "Enable internet access for a VPC using an internet gateway". */
export function gatewayHop(state: State, own: Located<NetworkInterface>, way: "INGRESS" | "EGRESS"): Hop | Blocker {
    const { item, place } = own;
    const { VpcId: vpcId, NetworkInterfaceId: id } = item;
    const gateway = state.gatewayOf(vpcId);
    const { InternetGatewayId = "none", Tags } = gateway?.item ?? {};
    const component = componentOf(own, "internet gateway", InternetGatewayId, Tags);
    if (!gateway && !place.InternetGateways) {
        return unseen(component, `the internet gateway of ${vpcId}`, "InternetGateways");
    }
    const direction = "forward";
    if (!gateway) {
        const fixes = attachGateway(vpcId, place);
        return { component, text: `${vpcId} has none`, code: "BAD_STATE", direction, fixes };
    }
    const address = publicAddressOf(item);
    if (address === undefined) {
        const text = `passes only interfaces with a public address, and ${id} has none`;
        const code = `IGW_PUBLIC_IP_ASSOCIATION_FOR_${way}` as const;
        return { component, text, code, direction, fixes: giveAddress(own) };
    }
    return { component, text: `${addressesOf(item)[0] ?? ""} = ${address}` };
}

/** The end that no interface has: the internet's, which is not judged, or an address inside a VPC. */
export function destinationHop(state: State, address: string, vpcId: string | undefined): Hop | Blocker {
    const component: Component = { kind: "destination", id: address };
    if (vpcId === "internet") return { component, text: "on the internet" };
    if (vpcId !== undefined && !state.vpc(vpcId)?.place.NetworkInterfaces) {
        return { component, text: `what is in ${vpcId}, which was not read`, isUnknown: true };
    }
    const where = vpcId === undefined ? "VPC that was read has" : `interface in ${vpcId} has`;
    const text = `no ${where} this address`;
    return { component, text, code: "UNKNOWN_DESTINATION", direction: "forward", fixes: undefined };
}

function trafficText({ protocol, ports: [first, last] }: Packet): string {
    if (protocol === "icmp") return first === echo.request ? "ping" : "ICMP";
    return `${protocol.toUpperCase()} ${first === last ? first : `${first}-${last}`}`;
}

/** A rule as people say it: `tcp 80 from 10.41.0.0/16`. */
function ruleText({ Direction: flow, Protocol, PortRange, Cidr, PrefixListId = "" }: GroupRule): string {
    return `${Protocol}${portsText(PortRange)} ${flow === "ingress" ? "from" : "to"} ${Cidr ?? PrefixListId}`;
}

/** Ports with a space before them: ` 80`, or ` 8000-8080`; nothing if all are meant. */
export function portsText(range: PortRange | undefined): string {
    if (!range) return "";
    const { From, To } = range;
    return From === To ? ` ${From}` : ` ${From}-${To}`;
}
