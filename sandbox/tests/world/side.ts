import type { EC2, NetworkAclAssociation, RunInstancesCommandInput } from "@aws-sdk/client-ec2";
import { image, type Machine } from "./world.ts";

/** A VPC with an internet gateway, one subnet, its route table and a security group. */
export interface Side {
    readonly vpcId: string;
    readonly subnetId: string;
    readonly tableId: string;
    readonly gatewayId: string;
    readonly groupId: string;
}

/** Creates a side. Its subnet is the VPC's second /24 and uses the main route table or one of its own. */
export async function makeSide(api: EC2, CidrBlock: string, table: "main" | "own"): Promise<Side> {
    const { Vpc } = await api.createVpc({ CidrBlock });
    const VpcId = Vpc?.VpcId ?? "";
    const [{ Subnet }, { InternetGateway }, { GroupId = "" }, { RouteTables }] = await Promise.all([
        api.createSubnet({ VpcId, CidrBlock: CidrBlock.replace("0.0/16", "1.0/24") }),
        api.createInternetGateway({}),
        api.createSecurityGroup({ VpcId, GroupName: "servers", Description: "servers" }),
        table === "main"
            ? api.describeRouteTables({ Filters: [{ Name: "vpc-id", Values: [VpcId] }] })
            : api.createRouteTable({ VpcId }).then(({ RouteTable }) => ({ RouteTables: [RouteTable] })),
    ]);
    const SubnetId = Subnet?.SubnetId ?? "";
    const RouteTableId = RouteTables?.[0]?.RouteTableId ?? "";
    const InternetGatewayId = InternetGateway?.InternetGatewayId ?? "";
    await Promise.all([
        api.attachInternetGateway({ VpcId, InternetGatewayId }),
        table === "own" && api.associateRouteTable({ RouteTableId, SubnetId }),
    ]);
    await api.createRoute({ RouteTableId, DestinationCidrBlock: "0.0.0.0/0", GatewayId: InternetGatewayId });
    return { vpcId: VpcId, subnetId: SubnetId, tableId: RouteTableId, gatewayId: InternetGatewayId, groupId: GroupId };
}

/** Launches an instance with a public address in a side's subnet and group. */
export async function makeMachine(
    api: EC2,
    { subnetId, groupId }: Side,
    privateIp: string,
    more: Partial<RunInstancesCommandInput> = {},
): Promise<Machine> {
    const { Instances } = await api.runInstances({
        ImageId: image,
        InstanceType: "t2.micro",
        MinCount: 1,
        MaxCount: 1,
        NetworkInterfaces: [
            {
                DeviceIndex: 0,
                SubnetId: subnetId,
                PrivateIpAddress: privateIp,
                AssociatePublicIpAddress: true,
                Groups: [groupId],
            },
        ],
        ...more,
    });
    const id = Instances?.[0]?.InstanceId ?? "";
    const { Reservations } = await api.describeInstances({ InstanceIds: [id] });
    const [nic] = Reservations?.[0]?.Instances?.[0]?.NetworkInterfaces ?? [];
    return { id, privateIp, publicIp: nic?.Association?.PublicIp ?? "" };
}

/** The association of a subnet with its network ACL. */
export async function aclAssociationOf(api: EC2, subnetId: string): Promise<NetworkAclAssociation> {
    const Filters = [{ Name: "association.subnet-id", Values: [subnetId] }];
    const { NetworkAcls } = await api.describeNetworkAcls({ Filters });
    return NetworkAcls?.[0]?.Associations?.find(({ SubnetId }) => SubnetId === subnetId) ?? {};
}
