import type { InternetGateway, Vpc, VpcPeeringConnection } from "@aws-sdk/client-ec2";
import ipaddr from "ipaddr.js";
import type { View } from "./view.ts";

/** All IPv4 blocks of a VPC, the primary one first. */
export function blocksOf({ CidrBlock: primary, CidrBlockAssociationSet = [] }: Vpc): string[] {
    const associated = CidrBlockAssociationSet.filter(({ CidrBlockState }) => CidrBlockState?.State === "associated");
    const blocks = [primary, ...associated.map(({ CidrBlock }) => CidrBlock)];
    return [...new Set(blocks.filter((block) => block !== undefined))];
}

/** Whether any block of one list overlaps any block of the other. */
export function overlap(some: readonly string[], others: readonly string[]): boolean {
    return some.some((one) =>
        others.some((other) => {
            const [[a, lengthA], [b, lengthB]] = [ipaddr.IPv4.parseCIDR(one), ipaddr.IPv4.parseCIDR(other)];
            return a.match(b, Math.min(lengthA, lengthB));
        }),
    );
}

/** Whether a block contains all of another, or is equal to it. */
export function covers(outer: string, inner: string): boolean {
    const [[network, length], [other, otherLength]] = [ipaddr.IPv4.parseCIDR(outer), ipaddr.IPv4.parseCIDR(inner)];
    return length <= otherLength && other.match(network, length);
}

/** Whether an internet gateway is attached to a VPC. */
export function isAttached({ Attachments = [] }: InternetGateway, vpcId: string | undefined): boolean {
    return Attachments.some(({ VpcId }) => VpcId === vpcId);
}

/** Whether a peering connection is active, so that traffic can flow. */
export function isActive({ Status }: VpcPeeringConnection): boolean {
    return Status?.Code === "active";
}

/** Whether a peering connection is pending acceptance. */
export function isPending({ Status }: VpcPeeringConnection): boolean {
    return Status?.Code === "pending-acceptance";
}

/** The VPC IDs of a peering connection, the requester's first. */
export function endsOf({ RequesterVpcInfo, AccepterVpcInfo }: VpcPeeringConnection): (string | undefined)[] {
    return [RequesterVpcInfo?.VpcId, AccepterVpcInfo?.VpcId];
}

/** Whether a peering connection has this requester VPC and this accepter VPC. */
export function isBetween(connection: VpcPeeringConnection, requester?: string, accepter?: string): boolean {
    const [one, other] = endsOf(connection);
    return one === requester && other === accepter;
}

/** The VPC at the other end of a peering connection, in whichever account and region it is. */
export async function peerOf(connection: VpcPeeringConnection, vpcId: string | undefined, view: View) {
    const { RequesterVpcInfo, AccepterVpcInfo } = connection;
    const {
        OwnerId = "",
        Region = "",
        VpcId,
    } = (RequesterVpcInfo?.VpcId === vpcId ? AccepterVpcInfo : RequesterVpcInfo) ?? {};
    return (await view.elsewhere(OwnerId, Region)).vpc(VpcId);
}
