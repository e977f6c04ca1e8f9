import type { Vpc, VpcPeeringConnection } from "@aws-sdk/client-ec2";
import type { Element } from "@xmldom/xmldom";
import ipaddr from "ipaddr.js";
import { children, elements, fill, rewrite } from "../answers.ts";
import type { View } from "../upstream.ts";

/** The VPC that a request is for, as the request names it. */
interface Accepter {
    readonly ownerId: string;
    readonly vpcId: string;
    readonly region: string;
}

/** What becomes of a request for a peering connection: it is one already, it fails, or it is left to the API. */
type Request = { readonly existing: string } | { readonly failsFor: Accepter } | undefined;

/** Source: VPC Peering Guide, "VPC peering connection lifecycle" (Failed), in the words that the API gives. */
const FAILED = {
    code: "failed",
    message: "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range",
} as const;

/**
 * Whether AWS would have a connection fail that the API behind the gateway lets through, or give the one that is there.
 * Sources: VPC Peering Guide, "VPC peering limitations" (one connection for a pair) and "Create a VPC peering connection"
 * (no overlap of IPv4 blocks); Terraform Registry, "aws_vpc_peering_connection" (asked for again, the same id).
 */
export async function judgeRequest(parameters: URLSearchParams, view: View): Promise<Request> {
    const [vpcs, peerings] = await Promise.all([view.vpcs(), view.peerings()]);
    const vpc = vpcs.find(({ VpcId }) => VpcId === parameters.get("VpcId"));
    const vpcId = parameters.get("PeerVpcId");
    if (!vpc || vpcId === null) {
        return undefined;
    }
    const accepter = {
        ownerId: parameters.get("PeerOwnerId") ?? vpc.OwnerId ?? "",
        vpcId,
        region: parameters.get("PeerRegion") ?? view.caller.region,
    };
    const existing = peerings.find((one) => isOpen(one) && isBetween(one, vpc.VpcId, vpcId));
    if (existing?.VpcPeeringConnectionId) {
        return { existing: existing.VpcPeeringConnectionId };
    }
    const peer = await find(accepter, view);
    return peer && !overlap(blocksOf(vpc), blocksOf(peer)) ? undefined : { failsFor: accepter };
}

/** Whether a connection carries packets or may come to. */
export function isOpen({ Status }: VpcPeeringConnection): boolean {
    return Status?.Code === "active" || Status?.Code === "pending-acceptance";
}

/** Whether one VPC asked for the connection and the other was asked. */
export function isBetween(one: VpcPeeringConnection, requester?: string, accepter?: string): boolean {
    return one.RequesterVpcInfo?.VpcId === requester && one.AccepterVpcInfo?.VpcId === accepter;
}

/** Whether any block of the one list has an address in common with any of the other. */
export function overlap(some: readonly string[], others: readonly string[]): boolean {
    return some.some((one) =>
        others.some((other) => {
            const [[a, lengthA], [b, lengthB]] = [ipaddr.IPv4.parseCIDR(one), ipaddr.IPv4.parseCIDR(other)];
            return a.match(b, Math.min(lengthA, lengthB));
        }),
    );
}

/** All IPv4 blocks of a VPC. */
export function blocksOf({ CidrBlockAssociationSet = [] }: Vpc): string[] {
    return CidrBlockAssociationSet.flatMap(({ CidrBlock, CidrBlockState }) =>
        CidrBlock && CidrBlockState?.State === "associated" ? [CidrBlock] : [],
    );
}

async function find({ ownerId, vpcId, region }: Accepter, view: View): Promise<Vpc | undefined> {
    // An account or a region that is not there has no VPC either.
    const vpcs = await view
        .elsewhere(ownerId, region)
        .then((there) => there.vpcs())
        .catch(() => []);
    return vpcs.find(({ VpcId }) => VpcId === vpcId);
}

/**
 * Connections that failed. The API behind the gateway knows no such: there they are connections of the requester's VPC
 * with itself, rejected at once, which only the requester sees and nobody can accept.
 */
export class FailedPeerings {
    readonly #accepters = new Map<string, Accepter>();

    /** The request that the API is to get in place of one that fails. */
    static substitute(parameters: URLSearchParams): URLSearchParams {
        const substitute = new URLSearchParams(parameters);
        substitute.set("PeerVpcId", parameters.get("VpcId") ?? "");
        substitute.delete("PeerOwnerId");
        substitute.delete("PeerRegion");
        return substitute;
    }

    /** Has the connection fail that the API answered with; gives the answer to the one that was asked for. */
    async fail(answer: string, accepter: Accepter, view: View): Promise<string> {
        const id = /<vpcPeeringConnectionId>(.+?)<\//.exec(answer)?.[1] ?? "";
        await view.reject(id);
        this.#accepters.set(id, accepter);
        return this.#rewrite(answer, {
            code: "initiating-request",
            message: `Initiating Request to ${accepter.ownerId}`,
        });
    }

    /** The answer of DescribeVpcPeeringConnections with those that failed as AWS shows them. */
    describe(answer: string): Promise<string> {
        return this.#accepters.size === 0 ? Promise.resolve(answer) : this.#rewrite(answer, FAILED);
    }

    #rewrite(answer: string, status: Readonly<Record<string, string>>): Promise<string> {
        return rewrite(answer, (document) => {
            for (const element of elements(document, "vpcPeeringConnectionId")) {
                const accepter = this.#accepters.get(element.textContent ?? "");
                if (accepter) {
                    const connection = element.parentNode as Element;
                    children(connection, "accepterVpcInfo").forEach((info) => {
                        fill(info, { ...accepter });
                    });
                    children(connection, "status").forEach((info) => {
                        fill(info, status);
                    });
                }
            }
        });
    }
}

/** The answer of CreateVpcPeeringConnection for a connection that is there, out of the one that describes it alone. */
export function createdFrom(described: string): string {
    return described
        .replaceAll("DescribeVpcPeeringConnectionsResponse", "CreateVpcPeeringConnectionResponse")
        .replace(/<vpcPeeringConnectionSet>\s*<item>/, "<vpcPeeringConnection>")
        .replace(/<\/item>\s*<\/vpcPeeringConnectionSet>/, "</vpcPeeringConnection>");
}
