import type { CreateNetworkAclEntryCommandInput, IpPermission } from "@aws-sdk/client-ec2";
import type { Server, Side } from "./probes.ts";
import type { Scene } from "./scene.ts";

/** A VPC that an act creates beside the program's two, and its connection to one of them. */
type ThirdVpc = Server & Pick<Side, "cidrBlock" | "privateIp" | "routeTableId"> & { readonly peeringId: string };

/** Adds a route to a peering connection until the act ends. */
export async function routeByHand(scene: Scene, table: string, block: string, peeringId: string): Promise<void> {
    const route = { RouteTableId: table, DestinationCidrBlock: block };
    await scene.ec2.createRoute({ ...route, VpcPeeringConnectionId: peeringId });
    scene.cleanup.add(`the route to ${block}`, () => scene.ec2.deleteRoute(route));
}

/** Removes a route to a peering connection until the act ends. */
export async function unrouteByHand(scene: Scene, table: string, block: string, peeringId: string): Promise<void> {
    const route = { RouteTableId: table, DestinationCidrBlock: block };
    await scene.ec2.deleteRoute(route);
    scene.cleanup.add("the route's removal", () =>
        scene.ec2.createRoute({ ...route, VpcPeeringConnectionId: peeringId }),
    );
}

/** Gives a side's subnet a new network ACL until the act ends; returns a function that adds an entry to it. */
export async function aclByHand(
    scene: Scene,
    { vpcId: VpcId }: Side,
): Promise<(entry: Omit<CreateNetworkAclEntryCommandInput, "NetworkAclId">) => Promise<unknown>> {
    const { ec2, cleanup } = scene;
    const associations = async () => {
        const { NetworkAcls = [] } = await ec2.describeNetworkAcls({ Filters: [{ Name: "vpc-id", Values: [VpcId] }] });
        return NetworkAcls.flatMap(({ Associations = [] }) => Associations);
    };
    const [old] = await associations();
    const { NetworkAcl } = await ec2.createNetworkAcl({ VpcId });
    const NetworkAclId = NetworkAcl?.NetworkAclId;
    cleanup.add("the network ACL", () => ec2.deleteNetworkAcl({ NetworkAclId }));
    const { NewAssociationId } = await ec2.replaceNetworkAclAssociation({
        AssociationId: old?.NetworkAclAssociationId,
        NetworkAclId,
    });
    cleanup.add("the network ACL's association", () =>
        ec2.replaceNetworkAclAssociation({ AssociationId: NewAssociationId, NetworkAclId: old?.NetworkAclId }),
    );
    return (entry) => ec2.createNetworkAclEntry({ ...entry, NetworkAclId });
}

/** Allows HTTP from a source to a side until the act ends. */
export async function allowHttp(
    scene: Scene,
    { label, securityGroupId: GroupId }: Side,
    source: Pick<IpPermission, "IpRanges" | "UserIdGroupPairs">,
): Promise<void> {
    const rule = { GroupId, IpPermissions: [{ IpProtocol: "tcp", FromPort: 80, ToPort: 80, ...source }] };
    await scene.ec2.authorizeSecurityGroupIngress(rule);
    scene.cleanup.add(`${label}'s rule`, () => scene.ec2.revokeSecurityGroupIngress(rule));
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
        await allowHttp(scene, side, { IpRanges: [{ CidrIp: across(side).cidrBlock }] });
    }
    return id;
}

/** The third VPC's block and address, and the block that the peer's route to it is for, by default the VPC's. */
interface ThirdVpcOptions {
    readonly cidrBlock?: string;
    readonly privateIp?: string;
    readonly routedBlock?: string;
}

/**
 * Creates a third VPC with a server, and peers it with another VPC, until the act ends. The server answers pings and can be
 * logged in to.
 */
export async function thirdVpc(scene: Scene, peer: Side, options: ThirdVpcOptions = {}): Promise<ThirdVpc> {
    const { ec2, cleanup } = scene;
    const { cidrBlock = "10.43.0.0/16", privateIp = "10.43.1.100", routedBlock = cidrBlock } = options;
    const { Vpc } = await ec2.createVpc({ CidrBlock: cidrBlock });
    const VpcId = Vpc?.VpcId ?? "";
    cleanup.add("VPC3", () => ec2.deleteVpc({ VpcId }));
    const [{ Subnet }, { InternetGateway }] = await Promise.all([
        ec2.createSubnet({ VpcId, CidrBlock: privateIp.replace(/\d+$/, "0/24") }),
        ec2.createInternetGateway({}),
    ]);
    const [SubnetId = "", InternetGatewayId = ""] = [Subnet?.SubnetId, InternetGateway?.InternetGatewayId];
    cleanup.add("VPC3's subnet", () => ec2.deleteSubnet({ SubnetId }));
    cleanup.add("VPC3's internet gateway", () => ec2.deleteInternetGateway({ InternetGatewayId }));
    await ec2.attachInternetGateway({ VpcId, InternetGatewayId });
    cleanup.add("the attachment of VPC3's internet gateway", () =>
        ec2.detachInternetGateway({ VpcId, InternetGatewayId }),
    );

    const Filters = [{ Name: "vpc-id", Values: [VpcId] }];
    const [{ SecurityGroups: groups }, { RouteTables: tables }, { Reservations: reservations }] = await Promise.all([
        ec2.describeSecurityGroups({ Filters }),
        ec2.describeRouteTables({ Filters }),
        ec2.describeInstances({ InstanceIds: [peer.serverId] }),
    ]);
    const [GroupId = "", routeTableId = ""] = [groups?.[0]?.GroupId, tables?.[0]?.RouteTableId];
    const IpRanges = [{ CidrIp: "0.0.0.0/0" }];
    const ping = { IpProtocol: "icmp", FromPort: -1, ToPort: -1, IpRanges };
    const ssh = { IpProtocol: "tcp", FromPort: 22, ToPort: 22, IpRanges };
    await ec2.authorizeSecurityGroupIngress({ GroupId, IpPermissions: [ping, ssh] });
    const way = { RouteTableId: routeTableId, DestinationCidrBlock: "0.0.0.0/0" };
    await ec2.createRoute({ ...way, GatewayId: InternetGatewayId });

    const likeness = reservations?.[0]?.Instances?.[0];
    const first = { DeviceIndex: 0, SubnetId, PrivateIpAddress: privateIp, Groups: [GroupId] };
    const { Instances } = await ec2.runInstances({
        ImageId: likeness?.ImageId,
        KeyName: likeness?.KeyName,
        InstanceType: "t3.micro",
        MinCount: 1,
        MaxCount: 1,
        NetworkInterfaces: [{ ...first, AssociatePublicIpAddress: true }],
    });
    const InstanceIds = [Instances?.[0]?.InstanceId ?? ""];
    cleanup.add("VPC3's server", () => ec2.terminateInstances({ InstanceIds }));
    const { Reservations } = await ec2.describeInstances({ InstanceIds });
    const publicIp = Reservations?.[0]?.Instances?.[0]?.PublicIpAddress ?? "";

    const peeringId = await connect(scene, VpcId, peer.vpcId);
    await routeByHand(scene, routeTableId, peer.cidrBlock, peeringId);
    await routeByHand(scene, peer.routeTableId, routedBlock, peeringId);
    return { label: "VPC3", publicIp, cidrBlock, privateIp, routeTableId, peeringId };
}
