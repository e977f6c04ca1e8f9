/** The steps of a packet: what each component does with it, and what would open the way there. */
import type { PortRange, Tag } from "@aws-sdk/client-ec2";
import { accept, allow, allowBefore, attachGateway, connect, giveAddress, start } from "./fixes.ts";
import { allowingRule, decidingEntry, echo, peerOf, rulesIn, type Flow, type GroupRule, type Packet } from "./rules.ts";
import {
    addressesOf,
    isAlive,
    nameOf,
    publicAddressOf,
    type Kinds,
    type Located,
    type NetworkInterface,
    type State,
    type VpcPeeringConnection,
} from "./state.ts";
import type { Blocker, Component, Direction, Hop } from "./types.ts";

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

/** A component that an interface's packets meet in its VPC. */
export function componentOf(
    { item: { VpcId: vpcId }, place }: Located<NetworkInterface>,
    kind: Component["kind"],
    id: string,
    tags: readonly Tag[] | undefined,
): Component {
    return { kind, id, name: nameOf(tags), place, vpcId };
}

/** A step that the state does not tell enough about. */
export function unseen(component: Component, what: string, kind: keyof Kinds): Hop {
    const reason = component.place?.unread?.[kind];
    return { component, text: `${what}${reason === undefined ? "" : ` (${reason})`}`, isUnknown: true };
}

/** Marks a step behind which it is not known where a packet goes. */
export const notFollowed = { detail: "; what is behind it is not judged", isLast: true } as const;

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

/** `via` is what may connect the VPCs where no connection does, if it is not followed. */
export function connectionHop(
    state: State,
    here: string,
    there: string | undefined,
    connection: VpcPeeringConnection | undefined,
    via: string | undefined,
): Hop | Blocker {
    const [one, other] = [state.vpc(here), state.vpc(there)];
    const connecting = one && other && connect(state, one, other);
    if (via !== undefined) {
        const text = `whether ${via} connects ${here} and ${there ?? ""}`;
        return { component: { kind: "peering connection", id: "none" }, text, isUnknown: true, ...notFollowed };
    }
    if (!connection && !state.knowsConnections(here, there)) {
        const component: Component = { kind: "peering connection", id: "none", place: one?.place };
        const hop = unseen(component, `the peering connections of ${here}`, "VpcPeeringConnections");
        return there === undefined ? { ...hop, ...notFollowed } : hop;
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

/**
 * `via` is what the interface's packets leave by instead, if it is not followed.
 * Source: Amazon VPC User Guide, "Enable internet access for a VPC using an internet gateway".
 */
export function gatewayHop(
    state: State,
    own: Located<NetworkInterface>,
    way: "INGRESS" | "EGRESS",
    via: string | undefined,
): Hop | Blocker {
    const { item, place } = own;
    // Where packets leave by something else, a gateway or a public address does not help them.
    const isUsed = via === undefined;
    const { VpcId: vpcId, NetworkInterfaceId: id } = item;
    const gateway = state.gatewayOf(vpcId);
    const { InternetGatewayId = "none", Tags } = gateway?.item ?? {};
    const component = componentOf(own, "internet gateway", InternetGatewayId, Tags);
    if (!gateway && !place.InternetGateways) {
        return unseen(component, `the internet gateway of ${vpcId}`, "InternetGateways");
    }
    const direction = "forward";
    if (!gateway) {
        const fixes = isUsed ? attachGateway(vpcId, place) : undefined;
        return { component, text: `${vpcId} has none`, code: "BAD_STATE", direction, fixes };
    }
    const address = publicAddressOf(item);
    if (address === undefined) {
        const text = `passes only interfaces with a public address, and ${id} has none`;
        const code = `IGW_PUBLIC_IP_ASSOCIATION_FOR_${way}` as const;
        return { component, text, code, direction, fixes: isUsed ? giveAddress(own) : undefined };
    }
    return { component, text: `${addressesOf(item)[0] ?? ""} = ${address}` };
}

/** The end that no interface has: the internet's, which is not judged, or an address inside a VPC. */
export function destinationHop(state: State, address: string, vpcId: string | undefined): Hop | Blocker {
    const component: Component = { kind: "destination", id: address };
    if (vpcId === "internet") return { component, text: "on the internet" };
    if (vpcId !== undefined && !state.vpc(vpcId)?.place.NetworkInterfaces) {
        return { component, text: `what is in ${vpcId}, which was not read`, isUnknown: true, isLast: true };
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
