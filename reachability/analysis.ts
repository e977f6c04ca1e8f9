import type {
    AnalysisAclRule,
    AnalysisRouteTableRoute,
    AnalysisSecurityGroupRule,
    NetworkAcl,
    NetworkInterface,
    RouteTable,
    SecurityGroup,
    Subnet,
    VpcPeeringConnection,
} from "@aws-sdk/client-ec2";
import {
    allowingRule,
    decideAcl,
    echo,
    ephemeral,
    holds,
    isAddress,
    lengthOf,
    matchingRoutes,
    privateRangeOf,
    shownRoute,
    targetOf,
    type Packet,
    type Protocol,
} from "./rules.ts";
import {
    addressesOf,
    blocksOf,
    endsOf,
    isAlive,
    nameOf,
    publicAddressOf,
    type Located,
    type Place,
    type State,
} from "./state.ts";

/** Whether a client gets an answer. Ends are an ID of an instance or an interface, an address, or a `Name` tag. */
export interface Question {
    readonly from: string;
    readonly to: string;
    readonly protocol: Protocol;
    /** The port that the client asks; not for ICMP, which means a ping. */
    readonly port?: number | undefined;
}

/** Something that a packet meets. */
export interface Component {
    readonly kind:
        | "instance"
        | "network interface"
        | "security group"
        | "network ACL"
        | "route table"
        | "peering connection"
        | "internet gateway"
        | "destination";
    readonly id: string;
    /** Its `Name` tag. */
    readonly name?: string | undefined;
    readonly place?: Place | undefined;
}

/**
 * Why a packet does not pass. All but the last are AWS's, which has none for a packet that goes to another VPC than the one that
 * was meant. Source: Reachability Analyzer guide, "Reachability Analyzer explanation codes".
 */
export type Code =
    | "BAD_STATE"
    | "BAD_STATE_ROUTE"
    | "DISCONNECTED_VPCS"
    | "ENI_SG_RULES_MISMATCH"
    | "IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS"
    | "IGW_DESTINATION_ADDRESS_NOT_IN_RFC6598_EGRESS"
    | "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS"
    | "IGW_PUBLIC_IP_ASSOCIATION_FOR_INGRESS"
    | "MORE_SPECIFIC_ROUTE"
    | "NO_ROUTE_TO_DESTINATION"
    | "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR"
    | "SG_HAS_NO_RULES"
    | "SUBNET_ACL_RESTRICTION"
    | "UNASSOCIATED_COMPONENT"
    | "UNKNOWN_DESTINATION"
    | "ROUTE_WRONG_NETWORK";

export type Direction = "forward" | "back";

/** What would open the way at one blocker. */
export type Remedy =
    | { readonly kind: "start"; readonly instanceId: string; readonly place: Place }
    | { readonly kind: "connect"; readonly requester: string; readonly accepter: string }
    | { readonly kind: "accept"; readonly connection: VpcPeeringConnection }
    | {
          readonly kind: "route";
          readonly table: Located<RouteTable>;
          /** The block of the new route, and whether there is a route for it already. */
          readonly block: string;
          readonly replaces: boolean;
          /** ID of the target; undefined for a connection that has still to be made. */
          readonly target: string | undefined;
      }
    | { readonly kind: "gateway"; readonly vpcId: string; readonly place: Place }
    | { readonly kind: "public address"; readonly interfaceId: string; readonly place: Place }
    | {
          readonly kind: "group rule";
          readonly group: Located<SecurityGroup>;
          readonly direction: "ingress" | "egress";
          readonly packet: Packet;
      }
    | {
          readonly kind: "acl entry";
          readonly acl: Located<NetworkAcl>;
          readonly direction: "ingress" | "egress";
          readonly packet: Packet;
          /** Number of the entry that denies. */
          readonly before: number;
      };

/** What stops a packet, or an answer on its way back. */
export interface Blocker {
    readonly code: Code;
    readonly direction: Direction;
    readonly component: Component;
    /** What is wrong, as a sentence without its subject's ID. */
    readonly text: string;
    /** Undefined if there is no such change. */
    readonly remedy: Remedy | undefined;
}

/** A step of a packet. */
export interface Hop {
    readonly component: Component;
    /** What decided, in words. */
    readonly decision: string;
    readonly securityGroupRule?: AnalysisSecurityGroupRule | undefined;
    readonly aclRule?: AnalysisAclRule | undefined;
    readonly route?: AnalysisRouteTableRoute | undefined;
    readonly blocker?: Blocker | undefined;
    /** What would have to be known here. */
    readonly unknown?: string | undefined;
}

/** An end of the way, as the other end sees it. */
export interface End {
    readonly address: string;
    readonly component: Component;
    readonly vpcId: string | undefined;
}

export type Verdict = "reachable" | "not reachable" | "unknown";

/** What the rules say of a question. */
export interface Analysis {
    readonly question: Question;
    readonly from: End;
    readonly to: End;
    /** Not reachable if there is a blocker, and unknown if there is none but something was not to be seen. */
    readonly verdict: Verdict;
    readonly forward: readonly Hop[];
    readonly back: readonly Hop[];
    /** All of them, in the order of the way, each once. */
    readonly blockers: readonly Blocker[];
    readonly unknown: readonly string[];
}

/** A question that can't be answered as it is put. */
export class QuestionError extends Error {}

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
    const walk = new Walk(state, question, way, from, to);
    const forward = walk.go("forward");
    const back = walk.go("back");
    const hops = [...forward, ...back];
    const blockers = [...new Set(hops.flatMap(({ blocker }) => blocker ?? []))];
    const unknown = [...new Set(hops.flatMap((hop) => hop.unknown ?? []))];
    return {
        question,
        from: walk.from,
        to: walk.to,
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
    const connection = there === undefined ? undefined : state.connectionsBetween(here, there)[0];
    return { kind: "peering", vpcs: [here, there], connection };
}

/** Whether an address is the internet's: a public one that no VPC nearby has among its blocks. */
function isOutside(state: State, address: string, { VpcId = "" }: NetworkInterface): boolean {
    const nearby = [VpcId, ...state.connectionsOf(VpcId).flatMap(endsOf)];
    return (
        isPublic(address) &&
        !nearby.some((id) => blocksOf(state.vpc(id)?.item ?? {}).some((block) => holds(block, address)))
    );
}

/** The VPC that is meant by an address that no interface has: the own one, the one that the route leads to, or a peer. */
function vpcWith(state: State, { VpcId = "", SubnetId }: NetworkInterface, address: string): string | undefined {
    if (blocksOf(state.vpc(VpcId)?.item ?? {}).some((block) => holds(block, address))) {
        return VpcId;
    }
    const across = (connection: VpcPeeringConnection | undefined) =>
        connection && endsOf(connection).find((id) => id !== VpcId);
    const subnet = state.subnet(SubnetId)?.item;
    const matches = subnet && matchingRoutes(state, state.tableOf(subnet)?.item.Routes ?? [], address);
    const routed = matches && !("unknown" in matches) ? matches[0]?.route.VpcPeeringConnectionId : undefined;
    const holding = state.connectionsOf(VpcId).find(({ RequesterVpcInfo, AccepterVpcInfo }) => {
        const peer = RequesterVpcInfo?.VpcId === VpcId ? AccepterVpcInfo : RequesterVpcInfo;
        const blocks = [peer?.CidrBlock, ...(peer?.CidrBlockSet ?? []).map(({ CidrBlock }) => CidrBlock)];
        return blocks.some((block) => block !== undefined && holds(block, address));
    });
    return across(state.connection(routed)) ?? across(holding);
}

/** The way there and back of one question. */
class Walk {
    readonly from: End;
    readonly to: End;
    readonly #state: State;
    readonly #question: Question;
    readonly #way: Way;
    readonly #ends: { readonly from: Found; readonly to: Found };
    /** The hop between the two VPCs, which is the same in both directions. */
    readonly #between: Hop | undefined;

    constructor(state: State, question: Question, way: Way, from: Found, to: Found) {
        this.#state = state;
        this.#question = question;
        this.#way = way;
        this.#ends = { from, to };
        this.from = this.#end(from);
        this.to = this.#end(to);
        this.#between = way.kind === "peering" ? this.#connectionHop(way) : undefined;
    }

    go(direction: Direction): Hop[] {
        const isForward = direction === "forward";
        const { from, to } = this.#ends;
        const [start, end] = isForward ? [from.interface, to.interface] : [to.interface, from.interface];
        if (this.#way.kind === "host") {
            return isForward && start ? [...this.#instanceHop(start, direction), this.#interfaceHop(start)] : [];
        }
        const between =
            this.#way.kind === "internet"
                ? [...(start ? [this.#outHop(start, direction)] : []), ...(end ? [this.#inHop(end, direction)] : [])]
                : this.#between
                  ? [this.#between]
                  : [];
        const left = start ? this.#leave(start, end, direction) : [];
        const arrived = end
            ? this.#arrive(end, start, direction)
            : isForward || this.#way.kind === "internet"
              ? this.#lost(direction)
              : [];
        return [...left, ...between, ...arrived];
    }

    #end({ interface: found, address }: Found): End {
        if (!found) {
            return { address: address ?? "", component: destination(address ?? ""), vpcId: undefined };
        }
        const { item, place } = found;
        const id = item.Attachment?.InstanceId;
        const instance = this.#state.instance(id);
        const isPublicly = this.#way.kind === "internet";
        const own = addressesOf(item);
        return {
            address: isPublicly
                ? (publicAddressOf(item) ?? own[0] ?? "")
                : address !== undefined && own.includes(address)
                  ? address
                  : (own[0] ?? ""),
            component:
                id === undefined
                    ? this.#interfaceHop(found).component
                    : { kind: "instance", id, name: nameOf(instance?.item.Tags), place },
            vpcId: item.VpcId,
        };
    }

    /** The packet as the start's VPC has it, or as the end's VPC does: an internet gateway translates addresses. */
    #packet(direction: Direction, at: "start" | "end"): Packet {
        const { protocol, port = 80 } = this.#question;
        const isForward = direction === "forward";
        const inside = (end: End, found: Found) => addressesOf(found.interface?.item ?? {})[0] ?? end.address;
        const isPublicly = this.#way.kind === "internet";
        const [from, to] = isPublicly
            ? [inside(this.from, this.#ends.from), inside(this.to, this.#ends.to)]
            : [this.from.address, this.to.address];
        const [start, end] = isForward ? [from, to] : [to, from];
        const [startSeen, endSeen] = isForward
            ? [this.from.address, this.to.address]
            : [this.to.address, this.from.address];
        const ports =
            protocol === "icmp" ? pair(isForward ? echo.request : echo.reply) : isForward ? pair(port) : ephemeral;
        return {
            protocol,
            source: at === "start" ? start : startSeen,
            destination: at === "start" ? endSeen : end,
            ports,
        };
    }

    /** Source: Amazon VPC User Guide, "Compare security groups and network ACLs". */
    #leave(start: Located<NetworkInterface>, end: Located<NetworkInterface> | undefined, direction: Direction): Hop[] {
        const isWithinSubnet = start.item.SubnetId === end?.item.SubnetId && this.#way.kind === "local";
        const packet = this.#packet(direction, "start");
        return [
            ...(direction === "forward" ? this.#instanceHop(start, direction) : []),
            this.#interfaceHop(start),
            ...(direction === "forward" ? [this.#groupHop(start, end, "egress", packet)] : []),
            ...(isWithinSubnet ? [] : [this.#aclHop(start, "egress", packet, direction)]),
            ...(isWithinSubnet ? [] : [this.#routeHop(start, packet.destination, direction)]),
        ];
    }

    #arrive(end: Located<NetworkInterface>, start: Located<NetworkInterface> | undefined, direction: Direction): Hop[] {
        const isWithinSubnet = end.item.SubnetId === start?.item.SubnetId && this.#way.kind === "local";
        const packet = this.#packet(direction, "end");
        return [
            ...(isWithinSubnet ? [] : [this.#aclHop(end, "ingress", packet, direction)]),
            // Security groups keep state: the answer to what was allowed is allowed.
            ...(direction === "forward" ? [this.#groupHop(end, start, "ingress", packet)] : []),
            this.#interfaceHop(end),
            ...(direction === "forward" ? this.#instanceHop(end, direction) : []),
        ];
    }

    /** The end that no interface has: the internet's, which is not judged, or one inside a VPC. */
    #lost(direction: Direction): Hop[] {
        const { address } = direction === "forward" ? this.to : this.from;
        const component = destination(address);
        const way = this.#way;
        if (way.kind === "internet") {
            return [{ component, decision: "on the internet" }];
        }
        const vpcId = way.kind === "peering" ? way.vpcs[1] : this.#ends.from.interface?.item.VpcId;
        const vpc = this.#state.vpc(vpcId);
        if (vpcId !== undefined && !vpc?.place.NetworkInterfaces) {
            const unknown = `what is in ${vpcId}, which was not read`;
            return [{ component, decision: "is not known", unknown }];
        }
        const text =
            vpcId === undefined ? "no VPC that was read has this address" : `no interface in ${vpcId} has this address`;
        return [blocked({ code: "UNKNOWN_DESTINATION", direction, component, text, remedy: undefined })];
    }

    #instanceHop({ item, place }: Located<NetworkInterface>, direction: Direction): Hop[] {
        const instanceId = item.Attachment?.InstanceId;
        if (instanceId === undefined) return [];
        const found = this.#state.instance(instanceId)?.item;
        const component: Component = { kind: "instance", id: instanceId, name: nameOf(found?.Tags), place };
        if (!found) {
            return [unseen(component, `whether ${instanceId} runs`, place, "Reservations")];
        }
        const state = found.State?.Name ?? "unknown";
        if (state === "running") {
            return [{ component, decision: "runs" }];
        }
        const remedy = state === "stopped" ? ({ kind: "start", instanceId, place } as const) : undefined;
        const text = `is ${state}`;
        return [blocked({ code: "UNASSOCIATED_COMPONENT", direction, component, text, remedy })];
    }

    #interfaceHop({ item, place }: Located<NetworkInterface>): Hop {
        return {
            component: {
                kind: "network interface",
                id: item.NetworkInterfaceId ?? "",
                name: nameOf(item.TagSet),
                place,
            },
            decision: addressesOf(item)[0] ?? "",
        };
    }

    #groupHop(
        own: Located<NetworkInterface>,
        other: Located<NetworkInterface> | undefined,
        direction: "ingress" | "egress",
        packet: Packet,
    ): Hop {
        const { item, place } = own;
        const ids = (item.Groups ?? []).map(({ GroupId = "" }) => GroupId);
        const groups = ids.flatMap((id) => this.#state.group(id) ?? []);
        const [first] = groups;
        const component: Component = {
            kind: "security group",
            id: ids.join(", "),
            name: groups.length === 1 ? (nameOf(first?.item.Tags) ?? first?.item.GroupName) : undefined,
            place,
        };
        if (!first || groups.length < ids.length) {
            return unseen(component, `the rules of ${ids.join(", ")}`, place, "SecurityGroups");
        }
        const isPublicly = this.#way.kind === "internet";
        const rule = allowingRule(this.#state, groups, direction, packet, {
            groupIds: isPublicly ? [] : (other?.item.Groups ?? []).map(({ GroupId = "" }) => GroupId),
            // Across regions, AWS lets no rule name the other end's group.
            referable: other?.place.region === place.region,
            known: isPublicly || other !== undefined,
        });
        if (rule && "unknown" in rule) {
            return { component, decision: "is not known", unknown: rule.unknown };
        }
        if (rule) {
            return { component, decision: `allows ${ruleText(rule)}`, securityGroupRule: rule };
        }
        const hasRules = groups.some(
            ({ item: group }) =>
                ((direction === "ingress" ? group.IpPermissions : group.IpPermissionsEgress) ?? []).length > 0,
        );
        const preposition = direction === "ingress" ? "in from" : "out to";
        const address = direction === "ingress" ? packet.source : packet.destination;
        return blocked({
            code: hasRules ? "ENI_SG_RULES_MISMATCH" : "SG_HAS_NO_RULES",
            direction: "forward",
            component,
            text: `lets no ${trafficText(packet)} ${preposition} ${address}${hasRules ? "" : `: it has no ${direction === "ingress" ? "inbound" : "outbound"} rules`}`,
            remedy: { kind: "group rule", group: first, direction, packet },
        });
    }

    #aclHop(
        { item, place }: Located<NetworkInterface>,
        direction: "ingress" | "egress",
        packet: Packet,
        way: Direction,
    ): Hop {
        const acl = this.#state.aclOf(item.SubnetId);
        if (!acl) {
            const component: Component = { kind: "network ACL", id: `of ${item.SubnetId ?? ""}`, place };
            return unseen(component, `the network ACL of ${item.SubnetId ?? ""}`, place, "NetworkAcls");
        }
        const component: Component = {
            kind: "network ACL",
            id: acl.item.NetworkAclId ?? "",
            name: nameOf(acl.item.Tags),
            place,
        };
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

    #routeHop(own: Located<NetworkInterface>, address: string, direction: Direction): Hop {
        const { item, place } = own;
        const subnet = this.#state.subnet(item.SubnetId)?.item;
        const table = subnet && this.#state.tableOf(subnet);
        if (!subnet || !table) {
            const component: Component = { kind: "route table", id: `of ${item.SubnetId ?? ""}`, place };
            return unseen(component, `the route table of ${item.SubnetId ?? ""}`, place, "RouteTables");
        }
        const component: Component = {
            kind: "route table",
            id: table.item.RouteTableId ?? "",
            name: nameOf(table.item.Tags),
            place,
        };
        const why = tableText(table.main, subnet);
        const matches = matchingRoutes(this.#state, table.item.Routes ?? [], address);
        if ("unknown" in matches) {
            return { component, decision: `is not known (${why})`, unknown: matches.unknown };
        }
        const [best] = matches;
        const route = best && shownRoute(best.route);
        const target = best ? targetOf(best.route) : undefined;
        const decision = best ? `${best.block} -> ${target ?? ""} (${why})` : `no route (${why})`;
        const wanted = this.#wantedTarget(own);
        if (target !== undefined && wanted.targets.includes(target)) {
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
        const free =
            !hasPriority || (isBlackhole && best.route.DestinationCidrBlock === block) ? block : `${address}/32`;
        const remedy = wanted.fixable
            ? ({ kind: "route", table, block: free, replaces: isSame(free), target: wanted.targets[0] } as const)
            : undefined;
        const { code, text } = this.#wrongRoute(
            address,
            best,
            wanted.targets,
            matches.map(({ route: one }) => targetOf(one)),
            direction,
        );
        return { ...blocked({ code, direction, component, text: `${text} (${why})`, remedy }), route };
    }

    /** The targets that lead to the other end, the blocks that a route to it is for, and whether a route would help. */
    #wantedTarget({ item }: Located<NetworkInterface>): { targets: string[]; blocks: string[]; fixable: boolean } {
        const way = this.#way;
        switch (way.kind) {
            case "peering": {
                const [, there] = way.vpcs;
                const other = item.VpcId === there ? way.vpcs[0] : there;
                const { connection } = way;
                const isUsable = connection !== undefined && isAlive(connection);
                return {
                    targets: isUsable ? [connection.VpcPeeringConnectionId ?? ""] : [],
                    blocks: blocksOf(this.#state.vpc(other)?.item ?? {}),
                    fixable: there !== undefined,
                };
            }
            case "internet": {
                const gateway = this.#state.gatewayOf(item.VpcId)?.item.InternetGatewayId;
                return {
                    targets: gateway === undefined ? [] : [gateway],
                    blocks: ["0.0.0.0/0"],
                    fixable: true,
                };
            }
            default:
                return { targets: ["local"], blocks: [], fixable: false };
        }
    }

    /** Why a route table leads a packet elsewhere than is meant. */
    #wrongRoute(
        address: string,
        best:
            | {
                  readonly route: RouteTable["Routes"] extends (infer R)[] | undefined ? R : never;
                  readonly block: string;
              }
            | undefined,
        wanted: readonly string[],
        targets: readonly string[],
        direction: Direction,
    ): { code: Code; text: string } {
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
        const connection = this.#state.connection(target);
        if (connection) {
            const infos = [connection.RequesterVpcInfo, connection.AccepterVpcInfo];
            const blocks = infos.flatMap((one) => [
                one?.CidrBlock,
                ...(one?.CidrBlockSet ?? []).map(({ CidrBlock }) => CidrBlock),
            ]);
            if (!blocks.some((block) => block !== undefined && holds(block, address))) {
                return {
                    code: "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR",
                    text: `${best.block} -> ${target}, whose other VPC does not have ${address}: peering is not transitive`,
                };
            }
        }
        if (direction === "forward" && wanted.some((one) => targets.includes(one))) {
            return {
                code: "MORE_SPECIFIC_ROUTE",
                text: `${best.block} -> ${target} is more specific than the route to ${wanted[0] ?? ""}`,
            };
        }
        const others = connection ? endsOf(connection).join(" - ") : target;
        return {
            code: "ROUTE_WRONG_NETWORK",
            text: `${best.block} -> ${target} (${others}) leads ${direction === "back" ? "the answer " : ""}to another network`,
        };
    }

    #connectionHop({ vpcs: [here, there = ""], connection }: Extract<Way, { kind: "peering" }>): Hop {
        if (!connection) {
            const component: Component = { kind: "peering connection", id: "none" };
            const text =
                there === "" ? "no VPC that was read has the address" : `no peering connection of ${here} and ${there}`;
            return blocked({
                code: "DISCONNECTED_VPCS",
                direction: "forward",
                component,
                text,
                remedy: this.#connect(here, there),
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
                  : this.#connect(here, there);
        const text = `is ${status}, not active${status === "failed" && Message !== "" ? `: ${Message}` : ""}`;
        return blocked({ code: "BAD_STATE", direction: "forward", component, text, remedy });
    }

    #connect(requester: string, accepter: string): Remedy | undefined {
        return this.#state.vpc(accepter) ? { kind: "connect", requester, accepter } : undefined;
    }

    /** Source: Amazon VPC User Guide, "Enable internet access for a VPC using an internet gateway". */
    #outHop(start: Located<NetworkInterface>, direction: Direction): Hop {
        return this.#gatewayHop(start, direction, "EGRESS");
    }

    #inHop(end: Located<NetworkInterface>, direction: Direction): Hop {
        return this.#gatewayHop(end, direction, "INGRESS");
    }

    #gatewayHop({ item, place }: Located<NetworkInterface>, direction: Direction, way: "INGRESS" | "EGRESS"): Hop {
        const { VpcId: vpcId = "", NetworkInterfaceId: interfaceId = "" } = item;
        const gateway = this.#state.gatewayOf(vpcId);
        const component: Component = {
            kind: "internet gateway",
            id: gateway?.item.InternetGatewayId ?? "none",
            name: nameOf(gateway?.item.Tags),
            place,
        };
        if (!gateway) {
            if (!place.InternetGateways) {
                return unseen(component, `the internet gateway of ${vpcId}`, place, "InternetGateways");
            }
            const text = `no internet gateway is attached to ${vpcId}`;
            const remedy = { kind: "gateway", vpcId, place } as const;
            return blocked({ code: "BAD_STATE", direction, component, text, remedy });
        }
        const address = publicAddressOf(item);
        if (address === undefined) {
            const text = `passes only interfaces with a public address, and ${interfaceId} has none`;
            const remedy = { kind: "public address", interfaceId, place } as const;
            return blocked({ code: `IGW_PUBLIC_IP_ASSOCIATION_FOR_${way}`, direction, component, text, remedy });
        }
        return { component, decision: `${addressesOf(item)[0] ?? ""} = ${address}` };
    }
}

function pair(port: number): readonly [number, number] {
    return [port, port];
}

function destination(address: string): Component {
    return { kind: "destination", id: address };
}

function blocked(blocker: Blocker): Hop {
    return { component: blocker.component, decision: blocker.text, blocker };
}

function unseen(
    component: Component,
    what: string,
    place: Place,
    kind: keyof Place & keyof NonNullable<Place["unread"]>,
): Hop {
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
