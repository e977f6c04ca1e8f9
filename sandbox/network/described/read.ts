import {
    DescribeInstanceAttributeCommand,
    DescribeKeyPairsCommand,
    DescribeVpcAttributeCommand,
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
    type VpcAttributeName,
} from "@aws-sdk/client-ec2";
import ipaddr from "ipaddr.js";
import type { Instance, Peering, Route, Rule, State, Vpc } from "./state.ts";

/** Reads the state of one region of one account, by EC2's Describe calls and nothing else. */
export class Reader {
    readonly #client: EC2Client;
    readonly #region: string;
    /** The DNS attributes of VPCs, which cost two calls each, until they may have changed. */
    readonly #dns = new Map<string, Promise<Pick<Vpc, "dnsSupport" | "dnsHostnames">>>();
    /** User data and public keys, which never change for an instance. */
    readonly #boot = new Map<string, Pick<Instance, "userData" | "publicKey">>();

    /** The API does not verify signatures, so the access key says enough. */
    constructor(endpoint: string, region: string, accessKeyId: string) {
        this.#client = new EC2Client({ endpoint, region, credentials: { accessKeyId, secretAccessKey: "any" } });
        this.#region = region;
    }

    /** Has the DNS attributes asked for anew by the next reading. */
    forgetDns(): void {
        this.#dns.clear();
    }

    /** The peering connections as they are now. */
    async readPeerings(): Promise<Peering[]> {
        const pages = paginateDescribeVpcPeeringConnections({ client: this.#client }, {});
        const connections = await all(pages, (page) => page.VpcPeeringConnections);
        return connections.map(({ VpcPeeringConnectionId = "", Status, RequesterVpcInfo, AccepterVpcInfo }) => ({
            id: VpcPeeringConnectionId,
            active: Status?.Code === "active",
            requesterVpcId: RequesterVpcInfo?.VpcId ?? "",
            accepterVpcId: AccepterVpcInfo?.VpcId ?? "",
            resolvedVpcIds: [RequesterVpcInfo, AccepterVpcInfo].flatMap((info) =>
                info?.VpcId && info.PeeringOptions?.AllowDnsResolutionFromRemoteVpc ? [info.VpcId] : [],
            ),
        }));
    }

    /** The state as it is now, but for the peering connections. */
    async read(): Promise<Omit<State, "peerings">> {
        const paging = { client: this.#client };
        const [vpcs, subnets, routeTables, gateways, groups, reservations] = await Promise.all([
            all(paginateDescribeVpcs(paging, {}), ({ Vpcs }) => Vpcs),
            all(paginateDescribeSubnets(paging, {}), ({ Subnets }) => Subnets),
            all(paginateDescribeRouteTables(paging, {}), ({ RouteTables }) => RouteTables),
            all(paginateDescribeInternetGateways(paging, {}), ({ InternetGateways }) => InternetGateways),
            all(paginateDescribeSecurityGroups(paging, {}), ({ SecurityGroups }) => SecurityGroups),
            all(paginateDescribeInstances(paging, {}), ({ Reservations }) => Reservations),
        ]);
        const running = reservations
            .flatMap(({ Instances }) => Instances ?? [])
            .filter(({ State, NetworkInterfaces }) => State?.Name === "running" && NetworkInterfaces?.length);
        return {
            vpcs: await Promise.all(
                vpcs.map(async ({ VpcId = "", CidrBlock: primary = "", CidrBlockAssociationSet = [] }) => ({
                    id: VpcId,
                    region: this.#region,
                    cidrBlocks: [
                        primary,
                        ...CidrBlockAssociationSet.flatMap(({ CidrBlock, CidrBlockState }) =>
                            CidrBlock && CidrBlock !== primary && CidrBlockState?.State === "associated"
                                ? [CidrBlock]
                                : [],
                        ),
                    ],
                    // Of a VPC without servers nobody asks.
                    ...(running.some((instance) => instance.VpcId === VpcId)
                        ? await this.#dnsOf(VpcId)
                        : { dnsSupport: false, dnsHostnames: false }),
                })),
            ),
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
            securityGroups: groups.map(({ GroupId = "", IpPermissions = [], IpPermissionsEgress = [] }) => ({
                id: GroupId,
                ingress: IpPermissions.flatMap(ruleOf),
                egress: IpPermissionsEgress.flatMap(ruleOf),
            })),
            instances: await Promise.all(running.map((instance) => this.#instance(instance))),
        };
    }

    async #instance(described: DescribedInstance): Promise<Instance> {
        const {
            InstanceId: id = "",
            KeyName,
            NetworkInterfaces = [],
            PublicDnsName = "",
            PrivateDnsName = "",
        } = described;
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
            publicDns: PublicDnsName,
            privateDns: PrivateDnsName,
            groupIds: (first?.Groups ?? []).map(({ GroupId = "" }) => GroupId),
            ...boot,
        };
    }

    #dnsOf(VpcId: string): Promise<Pick<Vpc, "dnsSupport" | "dnsHostnames">> {
        const ask = (Attribute: VpcAttributeName) =>
            this.#client.send(new DescribeVpcAttributeCommand({ VpcId, Attribute }));
        const asked =
            this.#dns.get(VpcId) ??
            Promise.all([ask("enableDnsSupport"), ask("enableDnsHostnames")]).then(([support, hostnames]) => ({
                dnsSupport: support.EnableDnsSupport?.Value ?? false,
                dnsHostnames: hostnames.EnableDnsHostnames?.Value ?? false,
            }));
        this.#dns.set(VpcId, asked);
        asked.catch(() => this.#dns.delete(VpcId));
        return asked;
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
