import type { Vpc } from "@aws-sdk/client-ec2";
import type { Element } from "@xmldom/xmldom";
import { children, elements, fill, rewrite, withText, type Answer } from "../answers.ts";
import type { View } from "../client/view.ts";
import { blocksOf, isActive, isBetween, isPending, overlap } from "../client/vpcs.ts";
import type { Call } from "./call.ts";

/** The accepter VPC that a request names. */
interface Accepter {
    readonly ownerId: string;
    readonly vpcId: string;
    readonly region: string;
}

/** Source: VPC Peering Guide, "VPC peering connection lifecycle" (Failed); the message is the one that the API returns. */
const FAILED = {
    code: "failed",
    message: "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range",
} as const;

/**
 * Creates peering connections as AWS does: invalid requests fail, which the API behind the gateway would allow, and a pair
 * of VPCs gets no second connection in the same direction. That API has no failed connections. The gateway represents them
 * as connections from the requester's VPC to itself that are rejected at once; only the requester sees them.
 */
export class Peerings {
    /** The accepters of failed connections, by connection ID. */
    readonly #failed = new Map<string, Accepter>();

    /**
     * Handles CreateVpcPeeringConnection. Sources: VPC Peering Guide, "VPC peering limitations" (one connection for a pair)
     * and "Create a VPC peering connection" (no overlap of IPv4 blocks); Terraform Registry, "aws_vpc_peering_connection"
     * (a second request returns the same ID).
     */
    async create({ parameters, view, forward }: Call): Promise<Answer> {
        const [vpcs, peerings] = await Promise.all([view.vpcs(), view.peerings()]);
        const vpc = vpcs.find(({ VpcId }) => VpcId === parameters.get("VpcId"));
        const vpcId = parameters.get("PeerVpcId");
        if (!vpc || vpcId === null) {
            return forward();
        }
        const existing = peerings.find(
            (one) => (isActive(one) || isPending(one)) && isBetween(one, vpc.VpcId, vpcId),
        )?.VpcPeeringConnectionId;
        if (existing !== undefined) {
            const describe = {
                Action: "DescribeVpcPeeringConnections",
                Version: parameters.get("Version") ?? "",
                "VpcPeeringConnectionId.1": existing,
            };
            return withText(await forward(new URLSearchParams(describe)), createdFrom);
        }
        const accepter = {
            ownerId: parameters.get("PeerOwnerId") ?? vpc.OwnerId ?? "",
            vpcId,
            region: parameters.get("PeerRegion") ?? view.caller.region,
        };
        const peer = await find(accepter, view);
        if (peer && !overlap(blocksOf(vpc), blocksOf(peer))) {
            return forward();
        }
        const substitute = new URLSearchParams(parameters);
        substitute.set("PeerVpcId", vpc.VpcId ?? "");
        substitute.delete("PeerOwnerId");
        substitute.delete("PeerRegion");
        return withText(await forward(substitute), async (xml) => {
            const id = /<vpcPeeringConnectionId>(.+?)<\//.exec(xml)?.[1] ?? "";
            await view.ec2.rejectVpcPeeringConnection({ VpcPeeringConnectionId: id });
            this.#failed.set(id, accepter);
            const message = `Initiating Request to ${accepter.ownerId}`;
            return this.#rewrite(xml, { code: "initiating-request", message });
        });
    }

    /** Handles DescribeVpcPeeringConnections, and shows failed connections as AWS does. */
    async describe({ forward }: Call): Promise<Answer> {
        const answer = await forward();
        return this.#failed.size === 0 ? answer : withText(answer, (xml) => this.#rewrite(xml, FAILED));
    }

    /** Gives failed connections the requested accepter and a status. */
    #rewrite(xml: string, status: Readonly<Record<string, string>>): Promise<string> {
        return rewrite(xml, (document) => {
            for (const element of elements(document, "vpcPeeringConnectionId")) {
                const accepter = this.#failed.get(element.textContent ?? "");
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

async function find({ ownerId, vpcId, region }: Accepter, view: View): Promise<Vpc | undefined> {
    // An account or a region that does not exist has no VPCs.
    const vpcs = await view
        .elsewhere(ownerId, region)
        .then((there) => there.vpcs())
        .catch(() => []);
    return vpcs.find(({ VpcId }) => VpcId === vpcId);
}

/** Converts the description of a single connection to the response of CreateVpcPeeringConnection. */
function createdFrom(described: string): string {
    return described
        .replaceAll("DescribeVpcPeeringConnectionsResponse", "CreateVpcPeeringConnectionResponse")
        .replace(/<vpcPeeringConnectionSet>\s*<item>/, "<vpcPeeringConnection>")
        .replace(/<\/item>\s*<\/vpcPeeringConnectionSet>/, "</vpcPeeringConnection>");
}
