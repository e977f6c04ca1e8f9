import {
    DescribeInstanceAttributeCommand,
    DescribeKeyPairsCommand,
    EC2Client,
    paginateDescribeInstances,
    paginateDescribeInternetGateways,
    paginateDescribeRouteTables,
    paginateDescribeSecurityGroups,
    paginateDescribeSubnets,
    paginateDescribeVpcPeeringConnections,
    paginateDescribeVpcs,
    type Instance as DescribedInstance,
    type IpPermission,
} from "@aws-sdk/client-ec2";
import ipaddr from "ipaddr.js";
import type { Instance, Route, Rule, State } from "./state.ts";

/** Reads the state of one region of one account, by EC2's Describe calls and nothing else. */
export class Reader {
    readonly #client: EC2Client;
    /** User data and public keys, which never change for an instance. */
    readonly #boot = new Map<string, Pick<Instance, "userData" | "publicKey">>();

    constructor(endpoint: string, region: string) {
        const credentials = { accessKeyId: "test", secretAccessKey: "test" };
        this.#client = new EC2Client({ endpoint, region, credentials });
    }

    /** The state as it is now. */
    async read(): Promise<State> {
        const paging = { client: this.#client };
        const [vpcs, subnets, routeTables, gateways, peerings, groups, reservations] = await Promise.all([
            all(paginateDescribeVpcs(paging, {}), ({ Vpcs }) => Vpcs),
            all(paginateDescribeSubnets(paging, {}), ({ Subnets }) => Subnets),
            all(paginateDescribeRouteTables(paging, {}), ({ RouteTables }) => RouteTables),
            all(paginateDescribeInternetGateways(paging, {}), ({ InternetGateways }) => InternetGateways),
            all(paginateDescribeVpcPeeringConnections(paging, {}), (page) => page.VpcPeeringConnections),
            all(paginateDescribeSecurityGroups(paging, {}), ({ SecurityGroups }) => SecurityGroups),
            all(paginateDescribeInstances(paging, {}), ({ Reservations }) => Reservations),
        ]);
        const running = reservations
            .flatMap(({ Instances }) => Instances ?? [])
            .filter(({ State, NetworkInterfaces }) => State?.Name === "running" && NetworkInterfaces?.length);
        return {
            vpcs: vpcs.map(({ VpcId = "", CidrBlockAssociationSet = [] }) => ({
                id: VpcId,
                cidrBlocks: CidrBlockAssociationSet.flatMap(({ CidrBlock, CidrBlockState }) =>
                    CidrBlock && CidrBlockState?.State === "associated" ? [CidrBlock] : [],
                ),
            })),
            subnets: subnets.map(({ SubnetId = "", VpcId = "", CidrBlock = "" }) => ({
                id: SubnetId,
                vpcId: VpcId,
                cidrBlock: CidrBlock,
            })),
            routeTables: routeTables.map(({ RouteTableId = "", VpcId = "", Associations = [], Routes = [] }) => ({
                id: RouteTableId,
                vpcId: VpcId,
                main: Associations.some(({ Main }) => Main),
                subnetIds: Associations.flatMap(({ SubnetId }) => (SubnetId ? [SubnetId] : [])),
                routes: Routes.flatMap((route): Route[] => {
                    const { DestinationCidrBlock, GatewayId, VpcPeeringConnectionId } = route;
                    const target = GatewayId ?? VpcPeeringConnectionId ?? "of another kind";
                    return DestinationCidrBlock ? [{ destination: networkOf(DestinationCidrBlock), target }] : [];
                }),
            })),
            internetGateways: gateways.map(({ InternetGatewayId = "", Attachments = [] }) => ({
                id: InternetGatewayId,
                vpcId: Attachments[0]?.VpcId,
            })),
            peerings: peerings.map((connection) => ({
                id: connection.VpcPeeringConnectionId ?? "",
                active: connection.Status?.Code === "active",
                requesterVpcId: connection.RequesterVpcInfo?.VpcId ?? "",
                accepterVpcId: connection.AccepterVpcInfo?.VpcId ?? "",
            })),
            securityGroups: groups.map(({ GroupId = "", IpPermissions = [], IpPermissionsEgress = [] }) => ({
                id: GroupId,
                ingress: IpPermissions.flatMap(ruleOf),
                egress: IpPermissionsEgress.flatMap(ruleOf),
            })),
            instances: await Promise.all(running.map((instance) => this.#instance(instance))),
        };
    }

    async #instance({ InstanceId: id = "", KeyName, NetworkInterfaces = [] }: DescribedInstance): Promise<Instance> {
        const first = NetworkInterfaces.find(({ Attachment }) => Attachment?.DeviceIndex === 0) ?? NetworkInterfaces[0];
        const boot = this.#boot.get(id) ?? (await this.#readBoot(id, KeyName));
        this.#boot.set(id, boot);
        return {
            id,
            vpcId: first?.VpcId ?? "",
            subnetId: first?.SubnetId ?? "",
            interfaceId: first?.NetworkInterfaceId ?? "",
            mac: first?.MacAddress ?? "",
            privateIp: first?.PrivateIpAddress ?? "",
            publicIp: first?.Association?.PublicIp,
            groupIds: (first?.Groups ?? []).map(({ GroupId = "" }) => GroupId),
            ...boot,
        };
    }

    async #readBoot(id: string, keyName: string | undefined): Promise<Pick<Instance, "userData" | "publicKey">> {
        // By filter, since a key pair may be deleted while its instances run, and asking for its name would then fail.
        const Filters = [{ Name: "key-name", Values: [keyName ?? ""] }];
        const [attribute, keys] = await Promise.all([
            this.#client.send(new DescribeInstanceAttributeCommand({ InstanceId: id, Attribute: "userData" })),
            keyName && this.#client.send(new DescribeKeyPairsCommand({ Filters, IncludePublicKey: true })),
        ]);
        return {
            userData: Buffer.from(attribute.UserData?.Value ?? "", "base64").toString("utf8"),
            publicKey: keys ? keys.KeyPairs?.[0]?.PublicKey?.trim() : undefined,
        };
    }
}

/** What is on all pages of an answer. */
async function all<Page, Item>(
    pages: AsyncIterable<Page>,
    itemsOf: (page: Page) => Item[] | undefined,
): Promise<Item[]> {
    const items: Item[] = [];
    for await (const page of pages) {
        items.push(...(itemsOf(page) ?? []));
    }
    return items;
}

/** A block in the form that AWS gives it when it stores a route or a rule: 10.42.1.100/24 is 10.42.1.0/24. */
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

/** A permission, or none when it is of a protocol that nobody in the sandbox speaks. */
function ruleOf({ IpProtocol = "", FromPort = -1, ToPort = -1, IpRanges, UserIdGroupPairs }: IpPermission): Rule[] {
    const protocol = protocols[IpProtocol];
    if (!protocol) {
        return [];
    }
    return [
        {
            protocol,
            from: FromPort,
            to: ToPort,
            cidrBlocks: (IpRanges ?? []).flatMap(({ CidrIp }) => (CidrIp ? [networkOf(CidrIp)] : [])),
            groupIds: (UserIdGroupPairs ?? []).flatMap(({ GroupId }) => (GroupId ? [GroupId] : [])),
        },
    ];
}
