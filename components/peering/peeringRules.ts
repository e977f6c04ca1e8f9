import { checkCidrList, checkOverlap, type NamedBlock } from "../addresses/addressPlan";
import { readable } from "../addresses/readable";
import { contains, parseCidr } from "../addresses/cidr";
import { problemIf, type Problem } from "../problems";
import type { AcceptanceFlags } from "./acceptance";
import { accountOf, partitionOf, sides, type Place, type Side } from "./sides";

/** What has to be known of a side to tell whether AWS would peer it. */
export interface SideFacts extends Place {
    /** Every CIDR block of the VPC, those of IPv6 too. */
    readonly blocks: readonly NamedBlock[];
    /** Which of them, or which parts of them, the other side gets routes to; all of them by default. */
    readonly routedCidrBlocks?: readonly string[] | undefined;
    /** Whether the VPC has DNS support and DNS hostnames, and the path of the argument that says so. */
    readonly dns: { readonly path: string; readonly on: boolean };
}

/** What security group rules name as the source of packets: the peer's CIDR blocks, or its security groups. */
export type IngressSource = "cidr" | "group";

/** The options of a connection that AWS allows in some cases only. */
export interface PeeringOptions extends AcceptanceFlags<unknown> {
    /**
     * How the rules name the other side: by `"cidr"`, the default, or by `"group"`, its `securityGroups`, which AWS allows within
     * one region. Source: Amazon VPC Peering Guide, "Update your security groups to reference peer security groups".
     */
    readonly ingressFrom?: IngressSource | undefined;
    /**
     * Whether each side's public DNS names resolve to private addresses on the other side, unless the side says otherwise: `true`;
     * left as it is by default, which on AWS begins as no. Source: Amazon VPC Peering Guide, "Enable DNS resolution for a VPC
     * peering connection".
     */
    readonly dnsResolution?: boolean | undefined;
}

/** Everything for which AWS would refuse a connection, by what is known of its sides. */
export function checkPeering(facts: Readonly<Record<Side, SideFacts>>, options: PeeringOptions): Problem[] {
    return [
        ...checkOverlap(facts.requester.blocks, facts.accepter.blocks),
        ...sides.flatMap((side) => checkRouted(`${side}.routedCidrBlocks`, facts[side])),
        ...sides.flatMap((side) => checkDns(facts[side].dns, options)),
        ...checkAcceptance(options),
        ...checkPlaces(facts, options),
    ];
}

/** Nothing but the VPC's own addresses can be reached over a connection, so a route to anything else is a mistake. */
function checkRouted(path: string, { blocks, routedCidrBlocks = [] }: SideFacts): Problem[] {
    const own = readable(blocks.map(({ cidrBlock }) => cidrBlock));
    const ipv4 = blocks.map(({ cidrBlock }) => cidrBlock).filter((block) => !block.includes(":"));
    const message = `is not inside any block of that VPC (${ipv4.join(", ")}), and a peering connection leads to the VPC's own addresses only (VPC Peering Guide, "VPC peering limitations"); choose one of those blocks or a part of one`;
    const outside = routedCidrBlocks.flatMap((value, index) => {
        const routed = parseCidr(value);
        const isOutside = routed.ok && !own.some((block) => contains(block, routed.value));
        return problemIf(isOutside, { path: `${path}[${index}]`, value, message });
    });
    return [...checkCidrList(path, routedCidrBlocks), ...outside];
}

function checkDns({ path, on }: SideFacts["dns"], { dnsResolution }: PeeringOptions): Problem[] {
    const message = `is off, and AWS resolves names across a connection only between VPCs that have DNS support and DNS hostnames (VPC Peering Guide, "Enable DNS resolution for a VPC peering connection"); turn it on, or DNS resolution off`;
    return dnsResolution && !on ? [{ path, value: false, message }] : [];
}

/** Who requests and who accepts. Source: Amazon VPC Peering Guide, "Accept or reject a VPC peering connection". */
function checkAcceptance(options: PeeringOptions): Problem[] {
    const { autoAccept, manageAccepter = true, manageRequester = true, peeringConnectionId: id } = options;
    const notTheirs = `is on while the accepter's side is another owner's (manageAccepter is off), and only the accepter's owner can accept (VPC Peering Guide, "Accept or reject a VPC peering connection"); change one of the two`;
    const notOurs =
        "is an option of the request, which is another owner's (manageRequester is off); turn it off, and the accepter's own provider accepts";
    const neither = "is off, and so is manageAccepter, which leaves nothing to manage; turn one of the two on";
    const missing =
        "must be the id of the request to accept, because the requester's side is another owner's (manageRequester is off); find it with 'aws ec2 describe-vpc-peering-connections'";
    const needless =
        "is of a request that exists, and this program makes its own (manageRequester is on); leave it out, or turn manageRequester off";
    const malformed = "is not the id of a peering connection; write one such as pcx-0123456789abcdef0";
    const isMalformed = typeof id === "string" && !/^pcx-[0-9a-f]+$/.test(id);
    const ofId = { path: "peeringConnectionId", value: id };
    return [
        ...problemIf(autoAccept && !manageAccepter, { path: "autoAccept", value: true, message: notTheirs }),
        ...problemIf(autoAccept && !manageRequester, { path: "autoAccept", value: true, message: notOurs }),
        ...problemIf(!manageRequester && !manageAccepter, { path: "manageRequester", value: false, message: neither }),
        ...problemIf(!manageRequester && id === undefined, { path: "peeringConnectionId", message: missing }),
        ...problemIf(manageRequester && id !== undefined, { ...ofId, message: needless }),
        ...problemIf(!manageRequester && isMalformed, { ...ofId, message: malformed }),
    ];
}

/** The problems of where the sides are; a region or account that is not known yet is not a problem. */
export function checkPlaces(
    { requester, accepter }: Readonly<Record<Side, Place>>,
    { autoAccept, manageAccepter = true, manageRequester = true, ingressFrom }: PeeringOptions,
): Problem[] {
    const differ = (part: keyof Place): boolean =>
        requester[part] !== undefined && accepter[part] !== undefined && requester[part] !== accepter[part];
    const [here, there] = [requester.region ?? "", accepter.region ?? ""];
    const [ours, theirs] = [partitionOf(here), partitionOf(there)];
    const rule = [ours, theirs].includes("aws-cn")
        ? "China's regions peer with one another only"
        : `its partition is ${theirs}, the requester's ${ours}, and partitions never peer`;
    const apart = `can't be peered with ${here}: ${rule} (VPC Peering Guide, "VPC peering limitations"); choose two regions of one partition`;
    const notAlone = `works within one account and region only, and the sides differ (Amazon EC2 API Reference, "AcceptVpcPeeringConnection"); turn it off, and the accepter's own provider accepts`;
    const noGroup = `works within one region only, and the sides are in ${here} and ${there} (VPC Peering Guide, "Update your security groups to reference peer security groups"); choose cidr`;
    const acceptsItself = autoAccept && manageAccepter && manageRequester;
    return [
        ...problemIf(differ("region") && ours !== theirs, { path: "accepter.region", value: there, message: apart }),
        ...problemIf(acceptsItself && (differ("region") || differ("accountId")), {
            path: "autoAccept",
            value: true,
            message: notAlone,
        }),
        ...problemIf(ingressFrom === "group" && differ("region"), {
            path: "ingressFrom",
            value: "group",
            message: noGroup,
        }),
    ];
}

/**
 * The problems of a side whose provider leads to another account than was declared, or whose region is of another partition than the
 * provider's, which has no credentials for it; what was not declared may be anything.
 */
export function checkDeclared(
    side: Side,
    declared: Place,
    actual: Place & { readonly ofProvider?: string },
): Problem[] {
    const { region: value, accountId } = declared;
    const { ofProvider, accountId: found } = actual;
    const leads = `is declared, but the ${side}'s provider leads to ${found ?? ""}; correct what the provider is made with (profile, role) or what is declared`;
    const [wanted, own] = [value, ofProvider].map((region) => region && partitionOf(region));
    const apart = `is of the partition ${wanted ?? ""}, and the ${side}'s provider is in ${ofProvider ?? ""}, of ${own ?? ""}; give the side a provider with credentials of that partition, or choose another region`;
    return [
        ...problemIf(wanted !== undefined && own !== undefined && wanted !== own, {
            path: `${side}.region`,
            value,
            message: apart,
        }),
        ...problemIf(accountId !== undefined && found !== undefined && accountId !== found, {
            path: `${side}.accountId`,
            value: accountId,
            message: leads,
        }),
    ];
}

/** What is wrong with the way to a side's account, before AWS is asked. */
export function checkAccess(
    side: Side,
    access: Pick<Place, "accountId"> & {
        readonly roleArn?: string | undefined;
        readonly externalId?: string | undefined;
    },
): Problem[] {
    const { accountId, roleArn, externalId } = access;
    const owner = roleArn && accountOf(roleArn);
    return [
        ...problemIf(owner !== undefined && accountId !== undefined && owner !== accountId, {
            path: `${side}.roleArn`,
            value: roleArn,
            message: `is a role of another account than ${side}.accountId, ${accountId}; correct one of the two`,
        }),
        ...problemIf(externalId !== undefined && roleArn === undefined, {
            path: `${side}.externalId`,
            value: externalId,
            message: `is sent when a role is assumed, and there is no role; set ${side}.roleArn too`,
        }),
    ];
}

/** The problem that a VPC is to be peered with itself. */
export function checkSelf(requesterVpcId: string, accepterVpcId: string): Problem[] {
    const message = `is the requester's VPC too, and a VPC can't be peered with itself (VPC Peering Guide, "VPC peering limitations"); name another one`;
    return requesterVpcId === accepterVpcId ? [{ path: "accepter.vpcId", value: accepterVpcId, message }] : [];
}

/** How much of its quotas a VPC uses, as far as it is known. */
export interface Usage {
    /** Ids of its active peering connections: `["pcx-0123456789abcdef0"]`; none by default. */
    readonly activePeerings?: readonly string[] | undefined;
    /** Destinations of the routes of each of its route tables, by the table's name in `routeTables`: `{ main: ["10.0.0.0/8"] }`; none by default. */
    readonly routes?: Readonly<Record<string, readonly string[]>> | undefined;
    /**
     * How many rules each rule for inbound traffic of each of its security groups counts as, by the group's name in `securityGroups`:
     * `{ web: { "tcp 443-443 10.0.0.0/8": 1 } }`. One that names a prefix list counts as the list's maximum entries; none by default.
     */
    readonly inboundRules?: Readonly<Record<string, Readonly<Record<string, number>>>> | undefined;
}

/** What a connection adds to a side. */
export interface Additions {
    /** Names of the route tables that get routes. */
    readonly tables: readonly string[];
    /** The blocks that each of them gets a route to. */
    readonly destinations: readonly string[];
    /** Names of the security groups that get rules. */
    readonly groups: readonly string[];
    /** The rules that each of them gets, as in {@link Usage}. */
    readonly rules: readonly string[];
}

/** The part of a quota from which on a warning is due. */
const near = 0.8;

/**
 * Warnings for a side that comes near a quota; a connection, routes and rules that are there already count once. Source: Amazon VPC
 * User Guide, "Amazon VPC quotas".
 *
 * @param own ids of the connection itself, where it is there already.
 */
export function quotaWarnings(
    side: Side,
    usage: Usage,
    own: readonly string[],
    { tables, destinations, groups, rules }: Additions,
): string[] {
    const warning = (subject: string, count: number, things: string, quota: number, more: string) =>
        count < near * quota ? [] : [`${subject} has ${count} ${things}; AWS allows ${quota} by default, ${more}`];
    const way =
        "With many VPCs a transit gateway is the better way to connect them: one attachment a VPC, and transit.";
    const fewer =
        "1,000 at most with all groups of a network interface. Larger blocks, ranges of ports and rules by group are fewer rules.";
    const others = new Set(usage.activePeerings?.filter((id) => !own.includes(id)));
    return [
        ...warning(
            `With this one the ${side}'s VPC`,
            others.size + 1,
            "active peering connections",
            50,
            `125 at most. ${way}`,
        ),
        ...tables.flatMap((table) => {
            const routes = new Set([...(usage.routes?.[table] ?? []), ...destinations]).size;
            const subject = `With this connection the ${side}'s route table ${table}`;
            return warning(subject, routes, "routes", 500, `1,000 at most. ${way}`);
        }),
        ...groups.flatMap((group) => {
            const added = Object.fromEntries(rules.map((rule) => [rule, 1]));
            const counts = Object.values({ ...usage.inboundRules?.[group], ...added });
            const count = counts.reduce((sum, one) => sum + one, 0);
            const subject = `With this connection the ${side}'s security group ${group}`;
            return warning(subject, count, "rules for inbound traffic", 60, fewer);
        }),
    ];
}
