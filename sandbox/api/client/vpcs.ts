import type { Vpc, VpcPeeringConnection } from "@aws-sdk/client-ec2";
import ipaddr from "ipaddr.js";

/** All IPv4 blocks of a VPC, the primary one first. */
export function blocksOf({ CidrBlock: primary, CidrBlockAssociationSet = [] }: Vpc): string[] {
    const associated = CidrBlockAssociationSet.filter(({ CidrBlockState }) => CidrBlockState?.State === "associated");
    const blocks = [primary, ...associated.map(({ CidrBlock }) => CidrBlock)];
    return [...new Set(blocks.filter((block) => block !== undefined))];
}

/** Whether any block of one list has an address in common with any of the other. */
export function overlap(some: readonly string[], others: readonly string[]): boolean {
    return some.some((one) =>
        others.some((other) => {
            const [[a, lengthA], [b, lengthB]] = [ipaddr.IPv4.parseCIDR(one), ipaddr.IPv4.parseCIDR(other)];
            return a.match(b, Math.min(lengthA, lengthB));
        }),
    );
}

/** Whether a connection is active, which is when it carries packets. */
export function isActive({ Status }: VpcPeeringConnection): boolean {
    return Status?.Code === "active";
}

/** Whether a connection waits to be accepted. */
export function isPending({ Status }: VpcPeeringConnection): boolean {
    return Status?.Code === "pending-acceptance";
}

/** The VPCs of a connection, the requester's first. */
export function endsOf({ RequesterVpcInfo, AccepterVpcInfo }: VpcPeeringConnection): (string | undefined)[] {
    return [RequesterVpcInfo?.VpcId, AccepterVpcInfo?.VpcId];
}

/** Whether one VPC asked for the connection and the other was asked. */
export function isBetween(connection: VpcPeeringConnection, requester?: string, accepter?: string): boolean {
    const [one, other] = endsOf(connection);
    return one === requester && other === accepter;
}
