import type * as ec2 from "@aws-sdk/client-ec2";
import ipaddr from "ipaddr.js";
import type {
    AclEntry,
    FlowLog,
    Instance,
    InternetGateway,
    NetworkAcl,
    Peering,
    Route,
    RouteTable,
    Rule,
    SecurityGroup,
    Subnet,
} from "./state.ts";

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

export function networkAclOf(acl: ec2.NetworkAcl): NetworkAcl {
    const { NetworkAclId = "", VpcId = "", Associations = [], Entries = [] } = acl;
    const entriesOf = (egress: boolean): AclEntry[] =>
        Entries.filter(({ Egress }) => Egress === egress)
            .flatMap(entryOf)
            .sort((a, b) => a.number - b.number);
    return {
        id: NetworkAclId,
        vpcId: VpcId,
        subnetIds: Associations.flatMap(({ SubnetId }) => SubnetId ?? []),
        ingress: entriesOf(false),
        egress: entriesOf(true),
    };
}

/** An entry of a network ACL; none if it is for IPv6. */
function entryOf({ RuleNumber = 0, RuleAction, Protocol = "-1", ...entry }: ec2.NetworkAclEntry): AclEntry[] {
    const { CidrBlock, PortRange, IcmpTypeCode } = entry;
    const protocol = protocols[Protocol] ?? Protocol;
    const [from, to] =
        protocol === "icmp" ? [IcmpTypeCode?.Type, IcmpTypeCode?.Code] : [PortRange?.From, PortRange?.To];
    const cidrBlock = CidrBlock && networkOf(CidrBlock);
    const traffic = { protocol, from: from ?? -1, to: to ?? -1 };
    return cidrBlock ? [{ number: RuleNumber, allow: RuleAction === "allow", cidrBlock, ...traffic }] : [];
}

/** The IPv4 blocks of prefix lists, by the lists' IDs. */
export type PrefixLists = ReadonlyMap<string, readonly string[]>;

/** The IDs of the prefix lists that route tables and security groups reference. */
export function prefixListIdsIn(tables: readonly ec2.RouteTable[], groups: readonly ec2.SecurityGroup[]): string[] {
    const ids = [
        ...tables.flatMap(({ Routes = [] }) => Routes.map(({ DestinationPrefixListId }) => DestinationPrefixListId)),
        ...groups
            .flatMap(({ IpPermissions = [], IpPermissionsEgress = [] }) => [...IpPermissions, ...IpPermissionsEgress])
            .flatMap(({ PrefixListIds = [] }) => PrefixListIds.map(({ PrefixListId }) => PrefixListId)),
    ];
    return [...new Set(ids)].filter((id) => id !== undefined);
}

/**
 * A route table, with a route for each block of a prefix list. Of routes to the same block, one that names the block has
 * priority. Source: Amazon VPC User Guide, "Route priority".
 */
export function routeTableOf(table: ec2.RouteTable, lists: PrefixLists): RouteTable {
    const { RouteTableId = "", VpcId = "", Associations = [], Routes = [] } = table;
    const routesOf = (blocksOf: (route: ec2.Route) => readonly string[]): Route[] =>
        Routes.flatMap((route) => {
            const target = route.GatewayId ?? route.VpcPeeringConnectionId ?? "unsupported";
            return blocksOf(route).map((block) => ({ destination: networkOf(block), target }));
        });
    const listed = routesOf(({ DestinationPrefixListId: id }) => lists.get(id ?? "") ?? []);
    const named = routesOf(({ DestinationCidrBlock: block }) => (block ? [block] : []));
    return {
        id: RouteTableId,
        vpcId: VpcId,
        main: Associations.some(({ Main }) => Main),
        subnetIds: Associations.flatMap(({ SubnetId }) => SubnetId ?? []),
        routes: [...new Map([...listed, ...named].map((route) => [route.destination, route])).values()],
    };
}

export function gatewayOf({ InternetGatewayId = "", Attachments = [] }: ec2.InternetGateway): InternetGateway {
    return { id: InternetGatewayId, vpcId: Attachments[0]?.VpcId };
}

export function groupOf(group: ec2.SecurityGroup, lists: PrefixLists): SecurityGroup {
    const { GroupId = "", IpPermissions = [], IpPermissionsEgress = [] } = group;
    const rulesOf = (permissions: readonly ec2.IpPermission[]) => permissions.map((one) => ruleOf(one, lists));
    return { id: GroupId, ingress: rulesOf(IpPermissions), egress: rulesOf(IpPermissionsEgress) };
}

export function flowLogOf(log: ec2.FlowLog, accountId: string, region: string): FlowLog {
    const { FlowLogId = "", ResourceId = "", TrafficType = "ALL", LogGroupName = "" } = log;
    return {
        id: FlowLogId,
        accountId,
        region,
        resourceId: ResourceId,
        trafficType: TrafficType,
        logGroup: LogGroupName,
    };
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

/** The protocols that have a name here, by their numbers; all others are known by their numbers. */
const protocols: Readonly<Record<string, string>> = { "-1": "all", "1": "icmp", "6": "tcp", "17": "udp" };

function ruleOf(permission: ec2.IpPermission, lists: PrefixLists): Rule {
    const { IpProtocol = "-1", FromPort = -1, ToPort = -1 } = permission;
    const { IpRanges = [], PrefixListIds = [], UserIdGroupPairs = [] } = permission;
    const protocol = protocols[IpProtocol] ?? IpProtocol;
    const ranges = IpRanges.flatMap(({ CidrIp }) => CidrIp ?? []);
    const listed = PrefixListIds.flatMap(({ PrefixListId }) => lists.get(PrefixListId ?? "") ?? []);
    const cidrBlocks = [...ranges, ...listed].map(networkOf);
    const groupIds = UserIdGroupPairs.flatMap(({ GroupId }) => GroupId ?? []);
    return { protocol, from: FromPort, to: ToPort, cidrBlocks, groupIds };
}
