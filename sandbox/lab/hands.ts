import type { Side } from "./probes.ts";
import type { Scene } from "./scene.ts";

/** A VPC that an act creates beside the program's two, and its connection to one of them. */
type ThirdVpc = Pick<Side, "cidrBlock" | "privateIp" | "routeTableId"> & { readonly peeringId: string };

/** Adds a route to a peering connection until the act ends. */
export async function routeByHand(scene: Scene, table: string, block: string, peeringId: string): Promise<void> {
    const route = { RouteTableId: table, DestinationCidrBlock: block };
    await scene.ec2.createRoute({ ...route, VpcPeeringConnectionId: peeringId });
    scene.cleanup.add(`the route to ${block}`, () => scene.ec2.deleteRoute(route));
}

/** Requests a connection until the act ends, and accepts it if `accepted`; returns its ID. */
async function connect(scene: Scene, VpcId: string, PeerVpcId: string, accepted = true): Promise<string> {
    const { VpcPeeringConnection } = await scene.ec2.createVpcPeeringConnection({ VpcId, PeerVpcId });
    const connection = { VpcPeeringConnectionId: VpcPeeringConnection?.VpcPeeringConnectionId ?? "" };
    scene.cleanup.add("the connection", () => scene.ec2.deleteVpcPeeringConnection(connection));
    if (accepted) {
        await scene.ec2.acceptVpcPeeringConnection(connection);
    }
    return connection.VpcPeeringConnectionId;
}

/**
 * Peers the pair until the act ends: `routes` are the sides that get a route to the other one, `rules` the sides whose
 * security group allows the other one's HTTP requests, by default both. Returns the connection's ID.
 */
export async function peerByHand(
    scene: Scene,
    {
        accepted = true,
        routes = scene.pair,
        rules = scene.pair,
    }: { accepted?: boolean; routes?: readonly Side[]; rules?: readonly Side[] },
): Promise<string> {
    const [one, two] = scene.pair;
    const id = await connect(scene, one.vpcId, two.vpcId, accepted);
    const across = (side: Side): Side => (side === one ? two : one);
    for (const side of routes) {
        await routeByHand(scene, side.routeTableId, across(side).cidrBlock, id);
    }
    for (const side of rules) {
        const IpRanges = [{ CidrIp: across(side).cidrBlock }];
        const rule = {
            GroupId: side.securityGroupId,
            IpPermissions: [{ IpProtocol: "tcp", FromPort: 80, ToPort: 80, IpRanges }],
        };
        await scene.ec2.authorizeSecurityGroupIngress(rule);
        scene.cleanup.add(`${side.label}'s rule`, () => scene.ec2.revokeSecurityGroupIngress(rule));
    }
    return id;
}

/** Creates a third VPC with a server that answers pings, and peers it with another one, until the act ends. */
export async function thirdVpc(scene: Scene, peer: Side): Promise<ThirdVpc> {
    const { ec2 } = scene;
    const cidrBlock = "10.43.0.0/16";
    const privateIp = "10.43.1.100";
    const { Vpc } = await ec2.createVpc({ CidrBlock: cidrBlock });
    const VpcId = Vpc?.VpcId ?? "";
    scene.cleanup.add("VPC3", () => ec2.deleteVpc({ VpcId }));
    const { Subnet } = await ec2.createSubnet({ VpcId, CidrBlock: "10.43.1.0/24" });
    scene.cleanup.add("VPC3's subnet", () => ec2.deleteSubnet({ SubnetId: Subnet?.SubnetId }));

    const Filters = [{ Name: "vpc-id", Values: [VpcId] }];
    const [{ SecurityGroups: groups }, { RouteTables: tables }, { Reservations: reservations }] = await Promise.all([
        ec2.describeSecurityGroups({ Filters }),
        ec2.describeRouteTables({ Filters }),
        ec2.describeInstances({ InstanceIds: [peer.serverId] }),
    ]);
    const IpPermissions = [{ IpProtocol: "icmp", FromPort: -1, ToPort: -1, IpRanges: [{ CidrIp: "0.0.0.0/0" }] }];
    await ec2.authorizeSecurityGroupIngress({ GroupId: groups?.[0]?.GroupId, IpPermissions });

    const { Instances } = await ec2.runInstances({
        ImageId: reservations?.[0]?.Instances?.[0]?.ImageId,
        InstanceType: "t2.micro",
        MinCount: 1,
        MaxCount: 1,
        SubnetId: Subnet?.SubnetId,
        PrivateIpAddress: privateIp,
    });
    const InstanceIds = [Instances?.[0]?.InstanceId ?? ""];
    scene.cleanup.add("VPC3's server", () => ec2.terminateInstances({ InstanceIds }));

    const peeringId = await connect(scene, VpcId, peer.vpcId);
    const routeTableId = tables?.[0]?.RouteTableId ?? "";
    await routeByHand(scene, routeTableId, peer.cidrBlock, peeringId);
    await routeByHand(scene, peer.routeTableId, cidrBlock, peeringId);
    return { cidrBlock, privateIp, routeTableId, peeringId };
}
