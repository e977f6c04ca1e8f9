import { checkCidrList, checkOverlap, type NamedBlock } from "../addresses/addressPlan";
import { contains, parseCidr } from "../addresses/cidr";
import type { Port } from "./otherOwner";
import type { Problem } from "../problems";

/** The two sides of a peering connection. */
export const sides = ["requester", "accepter"] as const;

/** A side of a peering connection. */
export type Side = (typeof sides)[number];

/** The side across the connection. */
export function across(side: Side): Side {
    return side === "requester" ? "accepter" : "requester";
}

/** Where a VPC is, as far as it is known. */
export interface Place {
    /** AWS region: `ap-northeast-2`. */
    readonly region?: string | undefined;
    /** AWS account, 12 digits. */
    readonly accountId?: string | undefined;
}

/** What has to be known of a side to tell whether AWS would peer it. */
export interface SideFacts extends Place {
    /** Every CIDR block of the VPC, those of IPv6 too. */
    readonly blocks: readonly NamedBlock[];
    /** Which of them, or which parts of them, the other side gets routes to. */
    readonly routedCidrBlocks: readonly string[];
    /** Whether the VPC has DNS support and DNS hostnames. */
    readonly dns: boolean;
}

/** Where a security group rule says that packets come from: the peer's CIDR blocks, or its security groups. */
export type IngressSource = "cidr" | "group";

/** Whose servers may open connections to the other's: those of both sides, or of one only. */
export type RequestsFrom = "both" | Side;

/** The options of a connection that AWS allows in some cases only. */
export interface PeeringOptions {
    /** Whether the request accepts itself. */
    readonly autoAccept: boolean;
    /** Whether the accepter's side is this program's. */
    readonly manageAccepter: boolean;
    readonly ingressFrom: IngressSource;
    /** Whether each side resolves the other's public DNS names to private addresses. */
    readonly dnsResolution: boolean;
}

/** What of a peering may be wrong, by its name among the arguments. */
export type PeeringArgument =
    | "vpcId"
    | "routedCidrBlocks"
    | "region"
    | "accountId"
    | "autoAccept"
    | "manageAccepter"
    | "ingressFrom"
    | "dnsHostnames";

/** How an argument is called where it was configured. */
export type PeeringKeys = (argument: PeeringArgument, side: Side) => string;

/** The AWS partition of a region; partitions have nothing to do with one another. Source: AWS General Reference, "ARNs". */
export function partitionOf(region: string): string {
    const named = /^(cn|us-gov|us-iso|us-isob|us-isof|eu-isoe|eusc)-/.exec(region)?.[1];
    return named === undefined ? "aws" : `aws-${named}`;
}

/** Everything for which AWS would refuse a connection, by what is known of its sides. */
export function checkPeering(
    facts: Readonly<Record<Side, SideFacts>>,
    options: PeeringOptions,
    keys: PeeringKeys,
): Problem[] {
    const { requester, accepter } = facts;
    return [
        ...checkOverlap(requester.blocks, accepter.blocks),
        ...sides.flatMap((side) => checkRouted(facts[side], keys("routedCidrBlocks", side))),
        ...sides.flatMap((side) => checkDns(facts[side].dns, options, keys("dnsHostnames", side))),
        ...checkAcceptance(options, keys),
        ...checkPlaces(facts, options, keys),
    ];
}

/** Nothing but the VPC's own addresses can be reached over a connection, so a route to anything else is a mistake. */
function checkRouted({ blocks, routedCidrBlocks }: SideFacts, key: string): Problem[] {
    const outside = routedCidrBlocks.flatMap((value) => {
        const routed = parseCidr(value);
        if (!routed.ok) {
            return [];
        }
        const inside = blocks.some(({ cidrBlock }) => {
            const block = parseCidr(cidrBlock);
            return block.ok && contains(block.value, routed.value);
        });
        const own = blocks.flatMap(({ cidrBlock }) => (cidrBlock.includes(":") ? [] : [cidrBlock])).join(", ");
        const message = `is not inside any block of that VPC (${own}), and a peering connection leads to the VPC's own addresses only (VPC Peering Guide, "VPC peering limitations"); choose one of those blocks or a part of one`;
        return inside ? [] : [{ key, value, message }];
    });
    return [...checkCidrList(key, routedCidrBlocks), ...outside];
}

/** What is wrong with ports to open; empty when all is well. */
export function checkPorts(key: string, ports: readonly Port[]): Problem[] {
    const names = ports.map(({ protocol, port }) => `${protocol}/${port}`);
    return ports.flatMap(({ port }, index) => {
        const value = names[index] ?? "";
        if (!Number.isInteger(port) || port < 1 || port > 65535) {
            return [{ key, value, message: "is no port; choose a whole number from 1 to 65535" }];
        }
        return names.indexOf(value) < index ? [{ key, value, message: "is open already; leave it out" }] : [];
    });
}

function checkDns(dns: boolean, { dnsResolution }: PeeringOptions, key: string): Problem[] {
    const message = `is off, and AWS resolves names across a connection only between VPCs that have DNS support and DNS hostnames (VPC Peering Guide, "Enable DNS resolution for a VPC peering connection"); turn it on, or DNS resolution off`;
    return dnsResolution && !dns ? [{ key, value: "false", message }] : [];
}

function checkAcceptance({ autoAccept, manageAccepter }: PeeringOptions, keys: PeeringKeys): Problem[] {
    const message = `is on while the accepter's side is someone else's (${keys("manageAccepter", "accepter")} is false), and only the accepter's owner can accept (VPC Peering Guide, "Accept or reject a VPC peering connection"); turn one of the two around`;
    return autoAccept && !manageAccepter ? [{ key: keys("autoAccept", "accepter"), value: "true", message }] : [];
}

/** For what AWS would refuse a connection because of where its sides are; what is not known yet is let pass. */
export function checkPlaces(
    { requester, accepter }: Readonly<Record<Side, Place>>,
    { autoAccept, manageAccepter, ingressFrom }: Omit<PeeringOptions, "dnsResolution">,
    keys: PeeringKeys,
): Problem[] {
    const problems: Problem[] = [];
    const differ = (part: keyof Place): boolean =>
        requester[part] !== undefined && accepter[part] !== undefined && requester[part] !== accepter[part];
    const [here, there] = [requester.region ?? "", accepter.region ?? ""];
    if (differ("region") && partitionOf(here) !== partitionOf(there)) {
        const china = [here, there].some((region) => partitionOf(region) === "aws-cn");
        const rule = china
            ? "China's regions peer with one another only"
            : `its partition is ${partitionOf(there)}, the requester's ${partitionOf(here)}, and partitions never peer`;
        problems.push({
            key: keys("region", "accepter"),
            value: there,
            message: `can't be peered with ${here}: ${rule} (VPC Peering Guide, "VPC peering limitations"); choose two regions of one partition`,
        });
    }
    if (autoAccept && manageAccepter && (differ("region") || differ("accountId"))) {
        problems.push({
            key: keys("autoAccept", "accepter"),
            value: "true",
            message: `works within one account and region only, and the sides differ (Amazon EC2 API Reference, "AcceptVpcPeeringConnection"); turn it off, and the accepter's own provider accepts`,
        });
    }
    if (ingressFrom === "group" && differ("region")) {
        problems.push({
            key: keys("ingressFrom", "accepter"),
            value: "group",
            message: `works within one region only, and the sides are in ${here} and ${there} (VPC Peering Guide, "Update your security groups to reference peer security groups"); choose cidr`,
        });
    }
    return problems;
}

/** That a side's provider leads somewhere else than was declared; what was not declared may be anything. */
export function checkDeclared(declared: Place, actual: Place, side: Side, keys: PeeringKeys): Problem[] {
    return (["region", "accountId"] as const).flatMap((part) => {
        const [said, found] = [declared[part], actual[part]];
        if (said === undefined || found === undefined || said === found) {
            return [];
        }
        const message = `is declared, but the ${side}'s provider is of ${found}; mend what it is made with (region, profile, role) or what is declared`;
        return [{ key: keys(part, side), value: said, message }];
    });
}

/** The problem that a VPC is to be peered with itself. */
export function checkSelf(requesterVpcId: string, accepterVpcId: string, keys: PeeringKeys): Problem[] {
    const message = `is the requester's VPC too, and a VPC can't be peered with itself (VPC Peering Guide, "VPC peering limitations"); name another one`;
    return requesterVpcId === accepterVpcId ? [{ key: keys("vpcId", "accepter"), value: accepterVpcId, message }] : [];
}

/** How much of its quotas a VPC uses up, as far as it is known. */
export interface Usage {
    /** How many active peering connections it has. */
    readonly activePeerings?: number | undefined;
    /** How many routes each of its route tables has, by the table's name among the arguments. */
    readonly routes?: Readonly<Record<string, number>> | undefined;
}

/** AWS's defaults: 50 active connections a VPC, 500 routes a table. Source: Amazon VPC User Guide, "Amazon VPC quotas". */
const quotas = { activePeerings: 50, routes: 500 } as const;

/** Part of a quota from which on a warning is due. */
const near = 0.8;

/**
 * Warnings for a side that comes near a quota.
 *
 * @param tables names of the route tables that get routes.
 * @param added how many routes each of them gets.
 */
export function quotaWarnings(side: Side, usage: Usage, tables: readonly string[], added: number): string[] {
    const way =
        "With many VPCs a transit gateway is the better way to connect them: one attachment a VPC, and transit.";
    const warnings: string[] = [];
    const peerings = (usage.activePeerings ?? 0) + 1;
    if (peerings >= near * quotas.activePeerings) {
        warnings.push(
            `With this one the ${side}'s VPC has ${peerings} active peering connections; AWS allows ${quotas.activePeerings} by default, 125 at most. ${way}`,
        );
    }
    for (const table of tables) {
        const routes = (usage.routes?.[table] ?? 0) + added;
        if (routes >= near * quotas.routes) {
            warnings.push(
                `With this connection the ${side}'s route table ${table} has ${routes} routes; AWS allows ${quotas.routes} by default, 1,000 at most. ${way}`,
            );
        }
    }
    return warnings;
}
