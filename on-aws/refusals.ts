/**
 * Calls that EC2 has to refuse while the two VPCs are peered, and what it answers. Each leaves everything as it is, and is allowed by
 * the policy in docs/.
 */
import * as sdk from "@aws-sdk/client-ec2";
import type { Described } from "./run";

/** The first of each kind that the calls are about. */
interface Parts {
    readonly VpcId: string | undefined;
    readonly SubnetId: string | undefined;
    readonly RouteTableId: string | undefined;
    readonly InternetGatewayId: string | undefined;
    readonly GroupId: string | undefined;
    readonly VpcPeeringConnectionId: string | undefined;
    readonly peerCidrBlock: string | undefined;
}

/** An ID that nothing has. */
const unknown = "0123456789abcdef0";

/** The calls, by what is wrong about them. */
const calls: Readonly<Record<string, (ec2: sdk.EC2, parts: Parts) => Promise<unknown>>> = {
    "DescribeVpcs, unknown ID": (ec2) => ec2.describeVpcs({ VpcIds: [`vpc-${unknown}`] }),
    "DeleteVpc, in use": (ec2, { VpcId }) => ec2.deleteVpc({ VpcId }),
    "DeleteSubnet, in use": (ec2, { SubnetId }) => ec2.deleteSubnet({ SubnetId }),
    "DeleteRouteTable, in use": (ec2, { RouteTableId }) => ec2.deleteRouteTable({ RouteTableId }),
    "DeleteSecurityGroup, in use": (ec2, { GroupId }) => ec2.deleteSecurityGroup({ GroupId }),
    "DeleteInternetGateway, attached": (ec2, { InternetGatewayId }) => ec2.deleteInternetGateway({ InternetGatewayId }),
    "DetachInternetGateway, public addresses": (ec2, { InternetGatewayId, VpcId }) =>
        ec2.detachInternetGateway({ InternetGatewayId, VpcId }),
    "CreateRoute, unknown connection": (ec2, { RouteTableId }) =>
        ec2.createRoute({
            RouteTableId,
            DestinationCidrBlock: "192.0.2.0/24",
            VpcPeeringConnectionId: `pcx-${unknown}`,
        }),
    "CreateRoute, there is one": (ec2, { RouteTableId, peerCidrBlock, InternetGatewayId }) =>
        ec2.createRoute({ RouteTableId, DestinationCidrBlock: peerCidrBlock, GatewayId: InternetGatewayId }),
    "DeleteRoute, there is none": (ec2, { RouteTableId }) =>
        ec2.deleteRoute({ RouteTableId, DestinationCidrBlock: "192.0.2.0/24" }),
    "AcceptVpcPeeringConnection, unknown ID": (ec2) =>
        ec2.acceptVpcPeeringConnection({ VpcPeeringConnectionId: `pcx-${unknown}` }),
    "AcceptVpcPeeringConnection, active": (ec2, { VpcPeeringConnectionId }) =>
        ec2.acceptVpcPeeringConnection({ VpcPeeringConnectionId }),
};

/** The parts of the requester's VPC. Throws unless it is peered. */
function partsOf(described: Described): Parts {
    const [connection] = (described["VpcPeeringConnections"] ?? []) as readonly sdk.VpcPeeringConnection[];
    const VpcId = connection?.RequesterVpcInfo?.VpcId;
    if (VpcId === undefined) throw new Error("there is no peering connection to try refusals on");
    const isOf = (item: object) => (item as sdk.Subnet).VpcId === VpcId;
    const first = <Item>(kind: string, is: (item: Item) => boolean) =>
        ((described[kind] ?? []) as readonly Item[]).find(is);
    return {
        VpcId,
        SubnetId: first<sdk.Subnet>("Subnets", isOf)?.SubnetId,
        // The one that has the route to the peer.
        RouteTableId: first<sdk.RouteTable>(
            "RouteTables",
            (table) => isOf(table) && table.Routes?.some((route) => route.VpcPeeringConnectionId) === true,
        )?.RouteTableId,
        InternetGatewayId: first<sdk.InternetGateway>("InternetGateways", ({ Attachments }) =>
            (Attachments ?? []).some(isOf),
        )?.InternetGatewayId,
        GroupId: first<sdk.SecurityGroup>("SecurityGroups", (group) => isOf(group) && group.GroupName !== "default")
            ?.GroupId,
        VpcPeeringConnectionId: connection?.VpcPeeringConnectionId,
        peerCidrBlock: connection?.AccepterVpcInfo?.CidrBlock,
    };
}

/** Tries all calls; returns EC2's error code for each, or that it took it. */
export async function refusals(ec2: sdk.EC2, described: Described): Promise<Record<string, string>> {
    const parts = partsOf(described);
    const answers: Record<string, string> = {};
    for (const [what, call] of Object.entries(calls)) {
        answers[what] = await call(ec2, parts).then(
            () => "not refused",
            (error: unknown) => (error instanceof Error ? error.name : String(error)),
        );
    }
    return answers;
}
