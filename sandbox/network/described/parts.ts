import type * as ec2 from "@aws-sdk/client-ec2";
import ipaddr from "ipaddr.js";
import type { Instance, InternetGateway, Peering, Route, RouteTable, Rule, SecurityGroup, Subnet } from "./state.ts";

// Converts EC2's descriptions to the parts of the state.

export function peeringOf(connection: ec2.VpcPeeringConnection): Peering {
    const { VpcPeeringConnectionId = "", Status, RequesterVpcInfo, AccepterVpcInfo } = connection;
    return {
        id: VpcPeeringConnectionId,
        active: Status?.Code === "active",
        requesterVpcId: RequesterVpcInfo?.VpcId ?? "",
        accepterVpcId: AccepterVpcInfo?.VpcId ?? "",
        resolvedVpcIds: [RequesterVpcInfo, AccepterVpcInfo].flatMap((info) =>
            info?.VpcId && info.PeeringOptions?.AllowDnsResolutionFromRemoteVpc ? [info.VpcId] : [],
        ),
    };
}

export function subnetOf({ SubnetId = "", VpcId = "", CidrBlock = "" }: ec2.Subnet): Subnet {
    return { id: SubnetId, vpcId: VpcId, cidrBlock: CidrBlock };
}

export function routeTableOf(table: ec2.RouteTable): RouteTable {
    const { RouteTableId = "", VpcId = "", Associations = [], Routes = [] } = table;
    return {
        id: RouteTableId,
        vpcId: VpcId,
        main: Associations.some(({ Main }) => Main),
        subnetIds: Associations.flatMap(({ SubnetId }) => SubnetId ?? []),
        routes: Routes.flatMap(({ DestinationCidrBlock, GatewayId, VpcPeeringConnectionId }): Route[] => {
            const target = GatewayId ?? VpcPeeringConnectionId ?? "unsupported";
            return DestinationCidrBlock ? [{ destination: networkOf(DestinationCidrBlock), target }] : [];
        }),
    };
}

export function gatewayOf({ InternetGatewayId = "", Attachments = [] }: ec2.InternetGateway): InternetGateway {
    return { id: InternetGatewayId, vpcId: Attachments[0]?.VpcId };
}

export function groupOf(group: ec2.SecurityGroup): SecurityGroup {
    const { GroupId = "", IpPermissions = [], IpPermissionsEgress = [] } = group;
    return { id: GroupId, ingress: IpPermissions.flatMap(ruleOf), egress: IpPermissionsEgress.flatMap(ruleOf) };
}

/** An instance without its user data and public key. */
export function instanceOf(instance: ec2.Instance): Omit<Instance, "publicKey" | "userData"> {
    const { InstanceId = "", NetworkInterfaces = [], PublicDnsName = "", PrivateDnsName = "" } = instance;
    const first = NetworkInterfaces.find(({ Attachment }) => Attachment?.DeviceIndex === 0) ?? NetworkInterfaces[0];
    return {
        id: InstanceId,
        vpcId: first?.VpcId ?? "",
        subnetId: first?.SubnetId ?? "",
        interfaceId: first?.NetworkInterfaceId ?? "",
        mac: first?.MacAddress ?? "",
        privateIp: first?.PrivateIpAddress ?? "",
        publicIp: first?.Association?.PublicIp,
        publicDns: PublicDnsName,
        privateDns: PrivateDnsName,
        groupIds: (first?.Groups ?? []).map(({ GroupId = "" }) => GroupId),
    };
}

/** A block in the canonical form that AWS stores in routes and rules: 10.42.1.100/24 becomes 10.42.1.0/24. */
function networkOf(block: string): string {
    return `${ipaddr.IPv4.networkAddressFromCIDR(block).toString()}/${block.split("/")[1] ?? ""}`;
}

const protocols: Readonly<Record<string, Rule["protocol"]>> = {
    "-1": "all",
    "1": "icmp",
    "6": "tcp",
    "17": "udp",
    icmp: "icmp",
    tcp: "tcp",
    udp: "udp",
};

/** A permission as a rule; none if its protocol is not used in the sandbox. */
function ruleOf(permission: ec2.IpPermission): Rule[] {
    const { IpProtocol = "", FromPort = -1, ToPort = -1, IpRanges = [], UserIdGroupPairs = [] } = permission;
    const protocol = protocols[IpProtocol];
    const cidrBlocks = IpRanges.flatMap(({ CidrIp }) => (CidrIp ? [networkOf(CidrIp)] : []));
    const groupIds = UserIdGroupPairs.flatMap(({ GroupId }) => GroupId ?? []);
    return protocol ? [{ protocol, from: FromPort, to: ToPort, cidrBlocks, groupIds }] : [];
}
