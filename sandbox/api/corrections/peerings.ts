import type { Vpc } from "@aws-sdk/client-ec2";
import type { Element } from "@xmldom/xmldom";
import { fill, rewrite, withText, type Answer } from "../answers.ts";
import type { View } from "../client/view.ts";
import { blocksOf, isActive, isBetween, isPending, overlap } from "../client/vpcs.ts";
import type { Call } from "../call.ts";

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
        const { Version = "", VpcId, PeerVpcId: vpcId, PeerOwnerId, PeerRegion, ...others } = parameters;
        const [vpc, peerings] = await Promise.all([view.vpc(VpcId), view.peerings()]);
        if (!VpcId || !vpc || vpcId === undefined) {
            return forward();
        }
        const existing = peerings.find(
            (one) => (isActive(one) || isPending(one)) && isBetween(one, VpcId, vpcId),
        )?.VpcPeeringConnectionId;
        if (existing !== undefined) {
            const Action = "DescribeVpcPeeringConnections";
            return withText(await forward({ Action, Version, "VpcPeeringConnectionId.1": existing }), createdFrom);
        }
        const accepter = {
            ownerId: PeerOwnerId ?? vpc.OwnerId ?? "",
            vpcId,
            region: PeerRegion ?? view.caller.region,
        };
        const peer = await find(accepter, view);
        if (peer && !overlap(blocksOf(vpc), blocksOf(peer))) {
            return forward();
        }
        return withText(await forward({ ...others, Version, VpcId, PeerVpcId: VpcId }), async (xml) => {
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
            for (const element of document.getElementsByTagName("vpcPeeringConnectionId")) {
                const accepter = this.#failed.get(element.textContent ?? "");
                if (accepter) {
                    const connection = element.parentNode as Element;
                    fill(connection, "accepterVpcInfo", { ...accepter });
                    fill(connection, "status", status);
                }
            }
        });
    }
}

async function find({ ownerId, vpcId, region }: Accepter, view: View): Promise<Vpc | undefined> {
    // An account or a region that does not exist has no VPCs.
    return view
        .elsewhere(ownerId, region)
        .then((there) => there.vpc(vpcId))
        .catch(() => undefined);
}

/** Converts the description of a single connection to the response of CreateVpcPeeringConnection. */
function createdFrom(described: string): string {
    return described
        .replaceAll("DescribeVpcPeeringConnectionsResponse", "CreateVpcPeeringConnectionResponse")
        .replace(/<vpcPeeringConnectionSet>\s*<item>/, "<vpcPeeringConnection>")
        .replace(/<\/item>\s*<\/vpcPeeringConnectionSet>/, "</vpcPeeringConnection>");
}
