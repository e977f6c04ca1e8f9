import type {
    AnalysisAclRule,
    AnalysisSecurityGroupRule,
    NetworkInterface,
    Subnet,
    Tag,
    VpcPeeringConnection,
} from "@aws-sdk/client-ec2";
import {
    allowingRule,
    decideAcl,
    echo,
    holds,
    lengthOf,
    matchingRoutes,
    privateRangeOf,
    rulesIn,
    shownRoute,
    targetOf,
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
    type Place,
    type State,
} from "./state.ts";
import type { Blocker, Code, Component, Direction, Hop, Remedy } from "./types.ts";

/** The target that leads to the other end, the blocks that a route to it is for, and whether such a route can be made. */
export interface Wanted {
    readonly target: Extract<Remedy, { kind: "route" }>["target"];
    readonly blocks: readonly string[];
    readonly fixable: boolean;
}

/** A component that an interface's packets meet in its VPC. */
function componentOf(
    { item: { VpcId: vpcId }, place }: Located<NetworkInterface>,
    kind: Component["kind"],
    id: string | undefined,
    tags: readonly Tag[] | undefined,
): Component {
    return { kind, id: id ?? "", name: nameOf(tags), place, vpcId };
}

/** The instance of an interface; undefined if it belongs to none. */
export function instanceOf(state: State, own: Located<NetworkInterface>): Component | undefined {
    const id = own.item.Attachment?.InstanceId;
    return id === undefined ? undefined : componentOf(own, "instance", id, state.instance(id)?.item.Tags);
}

export function instanceHop(state: State, own: Located<NetworkInterface>): Hop[] {
    const component = instanceOf(state, own);
    if (!component) return [];
    const { place } = own;
    const { id: instanceId } = component;
    const found = state.instance(instanceId)?.item;
    if (!found) {
        return [unseen(component, `whether ${instanceId} runs`, place, "Reservations")];
    }
    const status = found.State?.Name ?? "unknown";
    if (status === "running") {
        return [{ component, decision: "runs" }];
    }
    const remedy = status === "stopped" ? ({ kind: "start", instanceId, place } as const) : undefined;
    const text = `is ${status}`;
    return [blocked({ code: "UNASSOCIATED_COMPONENT", direction: "forward", component, text, remedy })];
}

export function interfaceHop(own: Located<NetworkInterface>): Hop {
    const { item } = own;
    return {
        component: componentOf(own, "network interface", item.NetworkInterfaceId, item.TagSet),
        decision: addressesOf(item)[0] ?? "",
    };
}

export function groupHop(
    state: State,
    own: Located<NetworkInterface>,
    other: Located<NetworkInterface> | undefined,
    isInternet: boolean,
    direction: "ingress" | "egress",
    packet: Packet,
): Hop {
    const { item, place } = own;
    const ids = (item.Groups ?? []).map(({ GroupId = "" }) => GroupId);
    const groups = ids.flatMap((id) => state.group(id) ?? []);
    const [first] = groups;
    const component: Component = {
        ...componentOf(own, "security group", ids.join(", "), undefined),
        name: groups.length === 1 ? (nameOf(first?.item.Tags) ?? first?.item.GroupName) : undefined,
    };
    if (!first || groups.length < ids.length) {
        return unseen(component, `the rules of ${ids.join(", ")}`, place, "SecurityGroups");
    }
    const rule = allowingRule(state, groups, direction, packet, {
        groupIds: (other?.item.Groups ?? []).map(({ GroupId = "" }) => GroupId),
        // Across regions, AWS lets no rule name the other end's group.
        referable: !isInternet && other?.place.region === place.region,
        known: other !== undefined || isInternet,
    });
    if (rule && "unknown" in rule) {
        return { component, decision: "is not known", unknown: rule.unknown };
    }
    if (rule) {
        return { component, decision: `allows ${ruleText(rule)}`, securityGroupRule: rule };
    }
    const hasRules = groups.some(({ item: group }) => rulesIn(group, direction).length > 0);
    const [preposition, adjective, address] =
        direction === "ingress" ? ["in from", "inbound", packet.source] : ["out to", "outbound", packet.destination];
    return blocked({
        code: hasRules ? "ENI_SG_RULES_MISMATCH" : "SG_HAS_NO_RULES",
        direction: "forward",
        component,
        text: `lets no ${trafficText(packet)} ${preposition} ${address}`,
        detail: hasRules ? undefined : `: it has no ${adjective} rules`,
        remedy: { kind: "group rule", group: first, direction, packet },
    });
}

export function aclHop(
    state: State,
    own: Located<NetworkInterface>,
    direction: "ingress" | "egress",
    packet: Packet,
    way: Direction,
): Hop {
    const { item, place } = own;
    const acl = state.aclOf(item.SubnetId);
    const { NetworkAclId: id = `of ${item.SubnetId ?? ""}`, Tags } = acl?.item ?? {};
    const component = componentOf(own, "network ACL", id, Tags);
    if (!acl) {
        return unseen(component, `the network ACL ${id}`, place, "NetworkAcls");
    }
    const { allowed, entry } = decideAcl(acl.item.Entries ?? [], direction, packet);
    const text = entryText(entry, packet, way, direction);
    if (allowed) {
        return { component, decision: text, aclRule: entry };
    }
    const before = entry.RuleNumber ?? 0;
    const remedy = { kind: "acl entry", acl, direction, packet, before } as const;
    const blocker = { code: "SUBNET_ACL_RESTRICTION", direction: way, component, text, remedy } as const;
    return { ...blocked(blocker), aclRule: entry };
}

export function routeHop(
    state: State,
    own: Located<NetworkInterface>,
    address: string,
    wanted: Wanted,
    direction: Direction,
): Hop {
    const { item, place } = own;
    const subnet = state.subnet(item.SubnetId)?.item;
    const table = subnet && state.tableOf(subnet);
    const { RouteTableId: id = `of ${item.SubnetId ?? ""}`, Tags } = table?.item ?? {};
    const component = componentOf(own, "route table", id, Tags);
    if (!subnet || !table) {
        return unseen(component, `the route table ${id}`, place, "RouteTables");
    }
    const detail = ` (${tableText(table.main, subnet)})`;
    const matches = matchingRoutes(state, table.item.Routes ?? [], address);
    if ("unknown" in matches) {
        return { component, decision: `is not known${detail}`, unknown: matches.unknown };
    }
    const [best] = matches;
    const route = best && shownRoute(best.route);
    const target = best ? targetOf(best.route) : undefined;
    const decision = best ? `${best.block} -> ${target ?? ""}${detail}` : `no route${detail}`;
    if (target !== undefined && target === wanted.target.id) {
        return { component, decision, route };
    }
    const isBlackhole = best?.route.State === "blackhole";
    if (target !== undefined && !isBlackhole && !/^(local|pcx-|igw-)/.test(target)) {
        return { component, decision, route, unknown: `where ${target} leads` };
    }
    const block = wanted.blocks.find((one) => holds(one, address)) ?? `${address}/32`;
    const hasPriority = best && lengthOf(best.block) >= lengthOf(block);
    const isSame = (one: string) => matches.some((match) => match.route.DestinationCidrBlock === one);
    // A dead route of the same block is in the way; a live one serves others, and stays unless it is for this address alone.
    const free = !hasPriority || (isBlackhole && best.route.DestinationCidrBlock === block) ? block : `${address}/32`;
    const remedy = wanted.fixable
        ? ({ kind: "route", table, block: free, replaces: isSame(free), target: wanted.target } as const)
        : undefined;
    const { code, text } = wrongRoute(state, address, matches, wanted.target.id, direction);
    return { ...blocked({ code, direction, component, text, detail, remedy }), route };
}

/** Why a route table leads a packet elsewhere than is meant. */
function wrongRoute(
    state: State,
    address: string,
    matches: readonly Match[],
    wanted: string | undefined,
    direction: Direction,
): { code: Code; text: string } {
    const [best] = matches;
    if (!best) {
        return { code: "NO_ROUTE_TO_DESTINATION", text: `no route to ${address}` };
    }
    const target = targetOf(best.route);
    const range = privateRangeOf(address);
    if (best.route.State === "blackhole") {
        return { code: "BAD_STATE_ROUTE", text: `${best.block} -> ${target} is a blackhole: its target is gone` };
    }
    if (target.startsWith("igw-") && range) {
        return {
            code: `IGW_DESTINATION_ADDRESS_NOT_IN_${range === "rfc1918" ? "RFC1918" : "RFC6598"}_EGRESS`,
            text: `no route to ${address} but ${best.block} -> ${target}, and an internet gateway takes no private address`,
        };
    }
    const connection = state.connection(target);
    if (connection) {
        const blocks = endsOf(connection).flatMap((id) => state.blocksOf(id));
        if (!blocks.some((block) => holds(block, address))) {
            return {
                code: "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR",
                text: `${best.block} -> ${target}, whose other VPC does not have ${address}: peering is not transitive`,
            };
        }
    }
    if (direction === "forward" && wanted !== undefined && matches.some(({ route }) => targetOf(route) === wanted)) {
        return {
            code: "MORE_SPECIFIC_ROUTE",
            text: `${best.block} -> ${target} is more specific than the route to ${wanted}`,
        };
    }
    const others = connection ? endsOf(connection).join(" - ") : target;
    return {
        code: "ROUTE_WRONG_NETWORK",
        text: `${best.block} -> ${target} (${others}) leads ${direction === "back" ? "the answer " : ""}to another network`,
    };
}

export function connectionHop(
    state: State,
    here: string,
    there: string | undefined,
    connection: VpcPeeringConnection | undefined,
): Hop {
    if (!connection) {
        const component: Component = { kind: "peering connection", id: "none" };
        const text =
            there === undefined
                ? "no VPC that was read has the address"
                : `no peering connection of ${here} and ${there}`;
        return blocked({
            code: "DISCONNECTED_VPCS",
            direction: "forward",
            component,
            text,
            remedy: connect(state, here, there),
        });
    }
    const component: Component = {
        kind: "peering connection",
        id: connection.VpcPeeringConnectionId ?? "",
        name: nameOf(connection.Tags),
    };
    const { Code: status = "unknown", Message = "" } = connection.Status ?? {};
    if (status === "active") {
        return { component, decision: "active" };
    }
    const remedy =
        status === "pending-acceptance"
            ? ({ kind: "accept", connection } as const)
            : isAlive(connection)
              ? undefined
              : connect(state, here, there);
    const text = `is ${status}, not active${status === "failed" && Message !== "" ? `: ${Message}` : ""}`;
    return blocked({ code: "BAD_STATE", direction: "forward", component, text, remedy });
}

function connect(state: State, requester: string, accepter: string | undefined): Remedy | undefined {
    return accepter !== undefined && state.vpc(accepter) ? { kind: "connect", requester, accepter } : undefined;
}

/** Source: Amazon VPC User Guide, "Enable internet access for a VPC using an internet gateway". */
export function gatewayHop(state: State, own: Located<NetworkInterface>, way: "INGRESS" | "EGRESS"): Hop {
    const { item, place } = own;
    const { VpcId: vpcId = "", NetworkInterfaceId: interfaceId = "" } = item;
    const gateway = state.gatewayOf(vpcId);
    const { InternetGatewayId = "none", Tags } = gateway?.item ?? {};
    const component = componentOf(own, "internet gateway", InternetGatewayId, Tags);
    if (!gateway) {
        if (!place.InternetGateways) {
            return unseen(component, `the internet gateway of ${vpcId}`, place, "InternetGateways");
        }
        const text = `no internet gateway is attached to ${vpcId}`;
        const remedy = { kind: "gateway", vpcId, place } as const;
        return blocked({ code: "BAD_STATE", direction: "forward", component, text, remedy });
    }
    const address = publicAddressOf(item);
    if (address === undefined) {
        const text = `passes only interfaces with a public address, and ${interfaceId} has none`;
        const remedy = { kind: "public address", interfaceId, place } as const;
        const code = `IGW_PUBLIC_IP_ASSOCIATION_FOR_${way}` as const;
        return blocked({ code, direction: "forward", component, text, remedy });
    }
    return { component, decision: `${addressesOf(item)[0] ?? ""} = ${address}` };
}

/** The end that no interface has: the internet's, which is not judged, or an address inside a VPC. */
export function destinationHop(state: State, address: string, vpcId: string | undefined): Hop {
    const component: Component = { kind: "destination", id: address };
    if (vpcId === "internet") {
        return { component, decision: "on the internet" };
    }
    if (vpcId !== undefined && !state.vpc(vpcId)?.place.NetworkInterfaces) {
        return { component, decision: "is not known", unknown: `what is in ${vpcId}, which was not read` };
    }
    const where = vpcId === undefined ? "VPC that was read has" : `interface in ${vpcId} has`;
    const text = `no ${where} this address`;
    return blocked({ code: "UNKNOWN_DESTINATION", direction: "forward", component, text, remedy: undefined });
}

/** What a blocker is, as a whole sentence without its subject's ID. */
export function sentenceOf({ text, detail = "" }: Blocker): string {
    return `${text}${detail}`;
}

function blocked(blocker: Blocker): Hop {
    return { component: blocker.component, decision: sentenceOf(blocker), blocker };
}

function unseen(component: Component, what: string, place: Place, kind: keyof Kinds): Hop {
    const reason = place.unread?.[kind];
    return { component, decision: "is not known", unknown: `${what}${reason === undefined ? "" : ` (${reason})`}` };
}

function tableText(main: boolean, { SubnetId = "", VpcId = "" }: Subnet): string {
    return main ? `the main table of ${VpcId}: ${SubnetId} has none of its own` : `associated with ${SubnetId}`;
}

function trafficText({ protocol, ports: [first, last] }: Packet): string {
    if (protocol === "icmp") return first === echo.request ? "ping" : "ICMP";
    return `${protocol.toUpperCase()} ${first === last ? first : `${first}-${last}`}`;
}

/** A rule as people say it: `tcp 80 from 10.41.0.0/16`. */
function ruleText({
    Direction: direction,
    Protocol: protocol,
    PortRange,
    Cidr,
    PrefixListId,
}: AnalysisSecurityGroupRule): string {
    const { From, To } = PortRange ?? {};
    const ports = From === undefined ? "" : ` ${From === To ? From : `${From}-${To ?? ""}`}`;
    return `${protocol ?? ""}${ports} ${direction === "ingress" ? "from" : "to"} ${Cidr ?? PrefixListId ?? ""}`;
}

function entryText(entry: AnalysisAclRule, packet: Packet, way: Direction, direction: "ingress" | "egress"): string {
    const { RuleNumber = 0, RuleAction, Protocol: protocol, PortRange, Cidr } = entry;
    const [preposition, in_] = direction === "ingress" ? ["from", "inbound"] : ["to", "outbound"];
    if (RuleAction === "allow") {
        const ports = PortRange ? ` ${PortRange.From ?? ""}-${PortRange.To ?? ""}` : "";
        return `${in_} rule ${RuleNumber} allows ${protocol ?? ""}${ports} ${preposition} ${Cidr ?? ""}`;
    }
    const number = RuleNumber === 32767 ? "*" : String(RuleNumber);
    const what = way === "back" ? `the answer's ${trafficText(packet)}` : trafficText(packet);
    const address = direction === "ingress" ? packet.source : packet.destination;
    return `${in_} rule ${number} denies ${what} ${preposition} ${address}`;
}
