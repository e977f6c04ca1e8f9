import type { Vpc } from "@aws-sdk/client-ec2";
import type { Element } from "@xmldom/xmldom";
import { children, elements, fill, rewrite, withText, type Answer } from "../answers.ts";
import type { View } from "../client/view.ts";
import { blocksOf, isActive, isBetween, isPending, overlap } from "../client/vpcs.ts";
import type { Call } from "./call.ts";

/** The VPC that a request is for, as the request names it. */
interface Accepter {
    readonly ownerId: string;
    readonly vpcId: string;
    readonly region: string;
}

/** Source: VPC Peering Guide, "VPC peering connection lifecycle" (Failed), in the words that the API gives. */
const FAILED = {
    code: "failed",
    message: "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range",
} as const;

/**
 * Peering connections as AWS makes them: requests that fail, where the API behind the gateway lets them through, and no
 * second connection in the same direction. That API has no failed connections: there they are connections of the
 * requester's VPC with itself, rejected at once, which only the requester sees and nobody can accept.
 */
export class Peerings {
    /** The accepters of connections that failed, by the connections' ids. */
    readonly #failed = new Map<string, Accepter>();

    /**
     * Answers CreateVpcPeeringConnection. Sources: VPC Peering Guide, "VPC peering limitations" (one connection for a pair)
     * and "Create a VPC peering connection" (no overlap of IPv4 blocks); Terraform Registry, "aws_vpc_peering_connection"
     * (a second request gets the same id).
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

    /** Answers DescribeVpcPeeringConnections, with the connections that failed as AWS shows them. */
    async describe({ forward }: Call): Promise<Answer> {
        const answer = await forward();
        return this.#failed.size === 0 ? answer : withText(answer, (xml) => this.#rewrite(xml, FAILED));
    }

    /** Gives the connections that failed the accepter that was asked for, and a status. */
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
    // An account or a region that does not exist has no VPC either.
    const vpcs = await view
        .elsewhere(ownerId, region)
        .then((there) => there.vpcs())
        .catch(() => []);
    return vpcs.find(({ VpcId }) => VpcId === vpcId);
}

/** The answer of CreateVpcPeeringConnection for a connection that exists, made of the answer that describes it alone. */
function createdFrom(described: string): string {
    return described
        .replaceAll("DescribeVpcPeeringConnectionsResponse", "CreateVpcPeeringConnectionResponse")
        .replace(/<vpcPeeringConnectionSet>\s*<item>/, "<vpcPeeringConnection>")
        .replace(/<\/item>\s*<\/vpcPeeringConnectionSet>/, "</vpcPeeringConnection>");
}
