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

/**
 * Everything of the kinds that the lab makes which the account has in a region, as `kind id`, asked of the API. What is
 * terminated or deleted does not count, even where the API still shows it.
 */
export async function inventory(endpoint: string, region: string): Promise<Set<string>> {
    const client = new EC2Client({ endpoint, region, credentials: { accessKeyId: "test", secretAccessKey: "test" } });
    const kinds = await Promise.all([
        client.send(new DescribeVpcsCommand()).then(({ Vpcs }) => ids("VPC", Vpcs, "VpcId")),
        client.send(new DescribeSubnetsCommand()).then(({ Subnets }) => ids("subnet", Subnets, "SubnetId")),
        client
            .send(new DescribeInternetGatewaysCommand())
            .then(({ InternetGateways }) => ids("internet gateway", InternetGateways, "InternetGatewayId")),
        client
            .send(new DescribeRouteTablesCommand())
            .then(({ RouteTables }) => ids("route table", RouteTables, "RouteTableId")),
        client
            .send(new DescribeSecurityGroupsCommand())
            .then(({ SecurityGroups }) => ids("security group", SecurityGroups, "GroupId")),
        client.send(new DescribeKeyPairsCommand()).then(({ KeyPairs }) => ids("key pair", KeyPairs, "KeyPairId")),
        client
            .send(new DescribeNetworkInterfacesCommand())
            .then(({ NetworkInterfaces }) => ids("network interface", NetworkInterfaces, "NetworkInterfaceId")),
        client.send(new DescribeVolumesCommand()).then(({ Volumes }) => ids("volume", Volumes, "VolumeId")),
        client.send(new DescribeAddressesCommand()).then(({ Addresses }) => ids("address", Addresses, "AllocationId")),
        client.send(new DescribeInstancesCommand()).then(({ Reservations }) =>
            ids(
                "instance",
                Reservations?.flatMap(({ Instances }) => Instances ?? []).filter(
                    ({ State }) => State?.Name !== "terminated",
                ),
                "InstanceId",
            ),
        ),
        client.send(new DescribeVpcPeeringConnectionsCommand()).then(({ VpcPeeringConnections }) =>
            ids(
                "peering connection",
                VpcPeeringConnections?.filter(({ Status }) => !pastConnections.includes(Status?.Code ?? "")),
                "VpcPeeringConnectionId",
            ),
        ),
    ]);
    client.destroy();
    return new Set(kinds.flat());
}

function ids<Key extends string>(kind: string, found: { [K in Key]?: string | undefined }[] | undefined, key: Key): string[] {
    return (found ?? []).map((item) => `${kind} ${item[key] ?? "without id"}`);
}
