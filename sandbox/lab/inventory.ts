import {
    DescribeAddressesCommand,
    DescribeInstancesCommand,
    DescribeInternetGatewaysCommand,
    DescribeKeyPairsCommand,
    DescribeNetworkInterfacesCommand,
    DescribeRouteTablesCommand,
    DescribeSecurityGroupsCommand,
    DescribeSubnetsCommand,
    DescribeVolumesCommand,
    DescribeVpcPeeringConnectionsCommand,
    DescribeVpcsCommand,
    EC2Client,
} from "@aws-sdk/client-ec2";

/** A connection in one of these states is a record of the past, which AWS shows for a while. */
const pastConnections: readonly string[] = ["deleted", "rejected", "expired", "failed", "deleting"];

/** Whose account is meant. */
export interface Credentials {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
}

/** Where a VPC's own parts say which VPC they belong to. */
interface Part {
    readonly VpcId?: string | undefined;
}

/**
 * Everything of the kinds that the lab makes which the account has in a region, as `kind id`, asked of the API. What is
 * terminated or deleted does not count, even where the API still shows it, nor does what every account has from the start:
 * the default VPC and its parts. The account is that of the credentials, by default the sandbox's own.
 */
export async function inventory(
    endpoint: string,
    region: string,
    credentials: Credentials = { accessKeyId: "test", secretAccessKey: "test" },
): Promise<string[]> {
    const ec2 = new EC2Client({ endpoint, region, credentials });
    const [vpcs, subnets, gateways, tables, groups, keys, interfaces, volumes, addresses, instances, peerings] =
        await Promise.all([
            ec2.send(new DescribeVpcsCommand()),
            ec2.send(new DescribeSubnetsCommand()),
            ec2.send(new DescribeInternetGatewaysCommand()),
            ec2.send(new DescribeRouteTablesCommand()),
            ec2.send(new DescribeSecurityGroupsCommand()),
            ec2.send(new DescribeKeyPairsCommand()),
            ec2.send(new DescribeNetworkInterfacesCommand()),
            ec2.send(new DescribeVolumesCommand()),
            ec2.send(new DescribeAddressesCommand()),
            ec2.send(new DescribeInstancesCommand()),
            ec2.send(new DescribeVpcPeeringConnectionsCommand()),
        ]);
    ec2.destroy();
    const theirs = (vpcs.Vpcs ?? []).filter(({ IsDefault }) => IsDefault).map(({ VpcId }) => VpcId);
    const own = ({ VpcId }: Part): boolean => !theirs.includes(VpcId);
    const running = instances.Reservations?.flatMap(({ Instances }) => Instances ?? []);
    return [
        ...ids("VPC", vpcs.Vpcs?.filter(own), "VpcId"),
        ...ids("subnet", subnets.Subnets?.filter(own), "SubnetId"),
        ...ids(
            "internet gateway",
            gateways.InternetGateways?.filter(({ Attachments }) => own(Attachments?.[0] ?? {})),
            "InternetGatewayId",
        ),
        ...ids("route table", tables.RouteTables?.filter(own), "RouteTableId"),
        ...ids("security group", groups.SecurityGroups?.filter(own), "GroupId"),
        ...ids("key pair", keys.KeyPairs, "KeyPairId"),
        ...ids("network interface", interfaces.NetworkInterfaces, "NetworkInterfaceId"),
        ...ids("volume", volumes.Volumes, "VolumeId"),
        ...ids("address", addresses.Addresses, "AllocationId"),
        ...ids(
            "instance",
            running?.filter(({ State }) => State?.Name !== "terminated"),
            "InstanceId",
        ),
        ...ids(
            "peering connection",
            peerings.VpcPeeringConnections?.filter(({ Status }) => !pastConnections.includes(Status?.Code ?? "")),
            "VpcPeeringConnectionId",
        ),
    ];
}

function ids<Key extends string>(
    kind: string,
    found: { readonly [K in Key]?: string | undefined }[] | undefined,
    key: Key,
): string[] {
    return (found ?? []).map((item) => `${kind} ${item[key] ?? "without id"}`);
}
