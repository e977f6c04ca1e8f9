import { getVpcPeeringConnection, type GetVpcPeeringConnectionResult } from "@pulumi/aws/ec2/getVpcPeeringConnection";
import { getVpcPeeringConnections } from "@pulumi/aws/ec2/getVpcPeeringConnections";
import * as pulumi from "@pulumi/pulumi";
import { withoutStack, type Problem } from "../problems";
import { orEmpty } from "./ownership";
import { inRegion } from "./regions";
import { isElsewhere } from "./sideAccess";
import type { Place } from "./sides";

/** How long a request waits to be accepted, in days. Source: Amazon VPC Peering Guide, "VPC peering connection lifecycle". */
export const requestLifetime = 7;

/** The statuses of a connection that AWS has in place of another one of the same pair. */
export const standing = ["initiating-request", "pending-acceptance", "provisioning", "active"] as const;

/** The states in which a connection has ended, and why. */
const ended: Readonly<Record<string, string>> = {
    failed: "AWS finds no such VPC or account there, or their blocks overlap",
    rejected: "the accepter's owner turned it down",
    expired: `the accepter's owner did not accept it within ${requestLifetime} days`,
    deleting: "one of the owners is deleting it",
    deleted: "one of the owners deleted it",
};

/** Throws a ResourceError if a connection of this status has ended; `remedy` says what to do about it. */
export function refuseEnded(component: pulumi.ComponentResource, status: string, remedy: string): void {
    const why = ended[status];
    if (why !== undefined) {
        const message = `The peering connection is ${status}: ${why}; ${remedy}`;
        throw withoutStack(new pulumi.ResourceError(message, component, true));
    }
}

/** Another owner's request, as the provider reads it; the blocks are empty where AWS does not tell them. */
export type SeenRequest = Pick<
    GetVpcPeeringConnectionResult,
    "id" | "status" | "vpcId" | "peerVpcId" | "cidrBlockSets" | "ownerId" | "requesterRegion"
>;

/** What the request has to be. */
export interface ExpectedRequest {
    readonly requester: Place & { readonly vpcId: string; readonly cidrBlocks: readonly string[] };
    readonly accepter: { readonly vpcId: string };
}

/**
 * The status of a connection as it is seen in a region, by default the provider's; undefined where there is none, as some hours after
 * its end. Throws any other error.
 */
export async function findStatus(
    id: string,
    opts: pulumi.InvokeOptions,
    region: string | undefined,
): Promise<string | undefined> {
    if (!(await isElsewhere(region, opts))) {
        return (await findConnection(id, opts))?.status;
    }
    // In another region than its own the provider finds connections, and tells their ids only: of the two data sources
    // aws_vpc_peering_connections takes a region, and aws_vpc_peering_connection takes none. Most of them are active.
    for (const status of ["active", ...standing.slice(0, -1), ...Object.keys(ended)]) {
        const filters = [
            { name: "vpc-peering-connection-id", values: [id] },
            { name: "status-code", values: [status] },
        ];
        const { ids } = await getVpcPeeringConnections({ ...inRegion(region), filters }, opts);
        if (orEmpty(ids).length > 0) {
            return status;
        }
    }
    return undefined;
}

/** Reads a connection in the provider's own region; undefined where there is none. Throws any other error. */
export async function findConnection(
    id: string,
    opts: pulumi.InvokeOptions,
): Promise<GetVpcPeeringConnectionResult | undefined> {
    try {
        return await getVpcPeeringConnection({ id }, opts);
    } catch (error) {
        // The provider's words for a data source that finds nothing.
        if (String(error).includes("no matching EC2 VPC Peering Connection")) {
            return undefined;
        }
        throw error;
    }
}

/** Where the requester's VPC is, as far as AWS tells. */
export function requesterPlace({ ownerId: accountId, requesterRegion: region }: SeenRequest): Place {
    // Before version 6 terraform-provider-aws has no requesterRegion.
    return { accountId, ...(region && { region }) };
}

/**
 * The problems of a request that is not the one that was expected: it would be accepted, and the routes would lead to a VPC that
 * nobody meant. Source: Amazon VPC Peering Guide, "Accept or reject a VPC peering connection", which warns of unknown requesters.
 */
export function checkRequest(seen: SeenRequest, { requester, accepter }: ExpectedRequest): Problem[] {
    const from = requesterPlace(seen);
    const facts: [path: string, value: string | undefined, found: string | undefined, relation: string][] = [
        ["accepter.vpcId", accepter.vpcId, seen.peerVpcId, "is for"],
        ["requester.vpcId", requester.vpcId, seen.vpcId, "is from"],
        ["requester.region", requester.region, from.region, "is from"],
        ["requester.accountId", requester.accountId, from.accountId, "is from"],
    ];
    const blocks = seen.cidrBlockSets.map(({ cidrBlock }) => cidrBlock);
    const foreign = `is not a block of the VPC that the request ${seen.id} is from (${blocks.join(", ")}); correct what is declared`;
    return [
        ...facts.flatMap(([path, value, found, relation]) => {
            const message = `is declared, but the request ${seen.id} ${relation} ${found ?? ""}; accept another request, or correct what is declared`;
            return value === undefined || found === undefined || value === found ? [] : [{ path, value, message }];
        }),
        ...requester.cidrBlocks.flatMap((value, index) =>
            blocks.length === 0 || blocks.includes(value)
                ? []
                : [{ path: `requester.cidrBlocks[${index}]`, value, message: foreign }],
        ),
    ];
}
