/** AWS's rules of security groups, network ACLs and route tables, each beside the page that states it. */
import type {
    AnalysisAclRule,
    AnalysisRouteTableRoute,
    AnalysisSecurityGroupRule,
    IpPermission,
    Route,
} from "@aws-sdk/client-ec2";
import ipaddr from "ipaddr.js";
import type { Located, NetworkAclEntry, SecurityGroup, State } from "./state.ts";

export type Protocol = "tcp" | "udp" | "icmp";

/** Ports, first and last. */
export type Ports = readonly [number, number];

/** A packet on its way, with private addresses, or the public one of an end that is beyond an internet gateway. */
export interface Packet {
    readonly protocol: Protocol;
    readonly source: string;
    readonly destination: string;
    /** The destination's ports: one of a request, all that a client may ask from of a reply; for ICMP, the type twice. */
    readonly ports: Ports;
}

/** Out of an interface or subnet, or into it. */
export type Flow = "egress" | "ingress";

/** A packet's address at the other end. */
export function peerOf({ source, destination }: Packet, flow: Flow): string {
    return flow === "ingress" ? source : destination;
}

/**
 * The ports from which a Linux client asks.
 * Source: Amazon VPC User Guide, "Custom network ACLs and other AWS services" (ephemeral ports).
 */
export const ephemeral: Ports = [32768, 60999];

/** ICMP types of a ping and of the reply to it. Source: RFC 792. */
export const echo = { request: 8, reply: 0 } as const;

/** Private and shared blocks, which an internet gateway forwards nothing to. Sources: RFC 1918, RFC 6598. */
const privateBlocks = { RFC1918: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"], RFC6598: ["100.64.0.0/10"] };

/** Which private range an address is in; undefined for a public address. */
export function privateRangeOf(address: string): keyof typeof privateBlocks | undefined {
    return (["RFC1918", "RFC6598"] as const).find((range) => privateBlocks[range].some((one) => holds(one, address)));
}

export function isAddress(text: string): boolean {
    return ipaddr.IPv4.isValidFourPartDecimal(text);
}

/** Whether a block holds an address. */
export function holds(block: string, address: string): boolean {
    return ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parseCIDR(block));
}

export function overlap(one: string, other: string): boolean {
    return holds(one, other.replace(/\/.*/, "")) || holds(other, one.replace(/\/.*/, ""));
}

export function lengthOf(block: string): number {
    return Number(block.split("/")[1]);
}

const numbers: Readonly<Record<string, Protocol>> = { 1: "icmp", 6: "tcp", 17: "udp" };

/** A protocol's name, `all`, or a number that has no name here. */
export function protocolOf(given = ""): string {
    return given === "-1" ? "all" : (numbers[given] ?? given);
}

/** Something that the state does not tell, so that what depends on it is not known. */
export interface Unknown {
    readonly unknown: string;
}

/** A rule as AWS's analyses show it; its `Cidr` may be a group's ID. */
export type GroupRule = AnalysisSecurityGroupRule & { readonly Protocol: string };

/**
 * The rule of security groups that allows a packet; undefined if there is none. A rule that names a group allows the group's
 * members, in the same VPC or in a VPC that is peered in the same region; `members` are the groups of the other end that a rule
 * can name, undefined if they are not known.
 * Sources: Amazon VPC User Guide, "Security group rules"; Amazon VPC Peering Guide, "Update your security groups to reference
 * peer security groups".
 */
export function allowingRule(
    state: State,
    groups: readonly Located<SecurityGroup>[],
    flow: Flow,
    packet: Packet,
    members: readonly string[] | undefined,
): GroupRule | Unknown | undefined {
    const address = peerOf(packet, flow);
    let unknown: Unknown | undefined;
    for (const { item } of groups) {
        for (const rule of rulesIn(item, flow)) {
            if (!isForTraffic(rule, packet)) continue;
            const { FromPort = -1, IpRanges = [], PrefixListIds = [], UserIdGroupPairs = [] } = rule;
            const shown = {
                SecurityGroupId: item.GroupId,
                Direction: flow,
                Protocol: protocolOf(rule.IpProtocol),
                PortRange: FromPort < 0 ? undefined : { From: FromPort, To: rule.ToPort },
            };
            const block = IpRanges.find(({ CidrIp }) => CidrIp !== undefined && holds(CidrIp, address));
            if (block) return { ...shown, Cidr: block.CidrIp };
            for (const { PrefixListId } of PrefixListIds) {
                const blocks = blocksOfList(state, PrefixListId);
                if ("unknown" in blocks) unknown ??= blocks;
                else if (blocks.some((one) => holds(one, address))) return { ...shown, PrefixListId };
            }
            for (const { GroupId = "" } of UserIdGroupPairs) {
                if (!members) unknown ??= { unknown: `whether ${address} is a member of ${GroupId}` };
                else if (members.includes(GroupId)) return { ...shown, Cidr: GroupId };
            }
        }
    }
    return unknown;
}

/** A group's inbound or outbound rules. */
export function rulesIn({ IpPermissions = [], IpPermissionsEgress = [] }: SecurityGroup, flow: Flow): IpPermission[] {
    return flow === "ingress" ? IpPermissions : IpPermissionsEgress;
}

function isForTraffic({ IpProtocol, FromPort = -1, ToPort = -1 }: IpPermission, packet: Packet): boolean {
    const protocol = protocolOf(IpProtocol);
    if (protocol !== packet.protocol) return protocol === "all";
    const [first, last] = packet.ports;
    // For ICMP these are a type and a code, and an echo request has code 0.
    if (packet.protocol === "icmp") return FromPort < 0 || (FromPort === first && ToPort <= 0);
    return FromPort < 0 || (FromPort <= first && last <= ToPort);
}

/** The entry `*`, which every network ACL has. */
const last = {
    CidrBlock: "0.0.0.0/0",
    PortRange: undefined,
    Protocol: "-1",
    RuleAction: "deny",
    RuleNumber: 32767,
} as const;

/** An entry as AWS's analyses show it. */
export type AclRule = AnalysisAclRule & {
    readonly Cidr: string;
    readonly Protocol: string;
    readonly RuleNumber: number;
};

/**
 * The entry of a network ACL that decides: the first by number that matches, or the last, `*`, which denies everything. If
 * entries deny a part of the packet's ports, the first of these decides. Source: Amazon VPC User Guide, "Network ACL rules".
 */
export function decidingEntry(entries: readonly NetworkAclEntry[], flow: Flow, packet: Packet): AclRule {
    const address = peerOf(packet, flow);
    const egress = flow === "egress";
    let left: Ports[] = [packet.ports];
    const decides = (entry: NetworkAclEntry) => {
        const ports = portsOf(entry, packet);
        if (!ports || !left.some((range) => meet(range, ports))) return false;
        left = left.flatMap((range) => without(range, ports));
        return entry.RuleAction === "deny" || left.length === 0;
    };
    const { CidrBlock, PortRange, Protocol, RuleAction, RuleNumber } =
        entries
            .filter((one) => one.Egress === egress)
            .flatMap(({ CidrBlock, ...one }) => (CidrBlock === undefined ? [] : { ...one, CidrBlock }))
            .filter((one) => holds(one.CidrBlock, address))
            .sort((one, other) => one.RuleNumber - other.RuleNumber)
            .find(decides) ?? last;
    return {
        Cidr: CidrBlock,
        Egress: egress,
        Protocol: protocolOf(Protocol),
        RuleAction,
        RuleNumber,
        PortRange,
    };
}

/** The ports of a packet's protocol that an entry is about; undefined if it is about another protocol. */
function portsOf({ Protocol, PortRange, IcmpTypeCode }: NetworkAclEntry, packet: Packet): Ports | undefined {
    const protocol = protocolOf(Protocol);
    if (protocol !== packet.protocol) return protocol === "all" ? [0, 65535] : undefined;
    if (packet.protocol === "icmp") {
        const { Type = -1, Code = -1 } = IcmpTypeCode ?? {};
        return Code > 0 ? undefined : Type < 0 ? [0, 255] : [Type, Type];
    }
    return [PortRange?.From ?? 0, PortRange?.To ?? 65535];
}

function meet([first, last]: Ports, [from, to]: Ports): boolean {
    return from <= last && first <= to;
}

function without([first, last]: Ports, [from, to]: Ports): Ports[] {
    if (!meet([first, last], [from, to])) return [[first, last]];
    return [[first, from - 1] as const, [to + 1, last] as const].filter(([start, end]) => start <= end);
}

/** A route, and the block by which it matches. */
export interface Match {
    readonly route: Route;
    readonly block: string;
}

/** Routes of which one decides, and why it is not known which. */
export interface Candidates extends Unknown {
    readonly routes: readonly Route[];
}

/**
 * The routes of a table that match an address, the one that decides first: the longest prefix, whether its target still exists or
 * not; of equal ones, the one with a block of its own before one with a prefix list.
 * Source: Amazon VPC User Guide, "Route priority".
 */
export function matchingRoutes(state: State, routes: readonly Route[], address: string): Match[] | Candidates {
    const found: Match[] = [];
    const unread: (Unknown & { readonly route: Route })[] = [];
    for (const route of routes) {
        const { DestinationCidrBlock: own, DestinationPrefixListId: list } = route;
        const blocks = list !== undefined ? blocksOfList(state, list) : own === undefined ? [] : [own];
        if ("unknown" in blocks) {
            unread.push({ route, ...blocks });
            continue;
        }
        const block = blocks
            .filter((one) => holds(one, address))
            .sort((one, other) => lengthOf(other) - lengthOf(one))[0];
        if (block !== undefined) found.push({ route, block });
    }
    const isList = ({ route }: Match) => Number(route.DestinationPrefixListId !== undefined);
    found.sort((one, other) => lengthOf(other.block) - lengthOf(one.block) || isList(one) - isList(other));
    const [first] = unread;
    if (!first) return found;
    return { unknown: first.unknown, routes: [...unread, ...found.slice(0, 1)].map(({ route }) => route) };
}

function blocksOfList(state: State, id: string | undefined): readonly string[] | Unknown {
    const { Cidrs } = state.prefixList(id)?.item ?? {};
    return Cidrs?.filter((one) => one.includes(".")) ?? { unknown: `the entries of prefix list ${id ?? ""}` };
}

/** The ID of a route's target; `local` for the VPC's own blocks. */
export function targetOf(route: Route): string {
    const targets = [
        route.VpcPeeringConnectionId,
        route.GatewayId,
        route.NatGatewayId,
        route.TransitGatewayId,
        route.NetworkInterfaceId,
        route.EgressOnlyInternetGatewayId,
        route.LocalGatewayId,
        route.CarrierGatewayId,
        route.CoreNetworkArn,
        route.OdbNetworkArn,
        route.InstanceId,
    ];
    return targets.find((target) => target !== undefined) ?? "";
}

export function shownRoute(route: Route): AnalysisRouteTableRoute {
    const { DestinationCidrBlock, DestinationPrefixListId, VpcPeeringConnectionId, Origin, State } = route;
    return {
        DestinationCidr: DestinationCidrBlock,
        DestinationPrefixListId,
        ...(VpcPeeringConnectionId === undefined ? { GatewayId: targetOf(route) } : { VpcPeeringConnectionId }),
        Origin,
        State,
    };
}
