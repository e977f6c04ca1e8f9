import type { IpPermission, Route } from "@aws-sdk/client-ec2";
import { groupedBy, type NetworkAclEntry, type Place, type RouteTable } from "../state.ts";

/** A subnet: its own route table and network ACL if it has any, and hosts with their private addresses. */
export interface SubnetSpec {
    readonly block: string;
    readonly routes?: Readonly<Record<string, string>>;
    /** Entries like `in 90 deny tcp/80 10.0.0.0/8`; `tcp/1024-65535`, `icmp` and `all` are traffic, too. */
    readonly acl?: readonly string[];
    readonly hosts?: Readonly<Record<string, HostSpec | string>>;
}

export interface HostSpec {
    readonly address: string;
    readonly publicIp?: string;
    readonly state?: string;
    /** Its security groups, by default the VPC's. */
    readonly groups?: readonly string[];
    readonly secondary?: readonly string[];
    /** The host whose second interface this is; `none` for an interface that no instance has. */
    readonly of?: string;
}

/** A VPC. Its IDs end in its name: `vpc-a`, `rtb-a` (the main route table), `sg-a`; those of a subnet in the subnet's. */
export interface VpcSpec {
    readonly block: string;
    readonly region?: string;
    readonly account?: string;
    readonly routes?: Readonly<Record<string, string>>;
    /** An internet gateway is attached. */
    readonly internet?: boolean;
    /** Rules like `tcp/80 10.0.0.0/8`, or with `sg-…` or `pl-…`; by default everything is allowed. */
    readonly ingress?: readonly string[];
    readonly egress?: readonly string[];
    /** Inbound rules of more security groups, which have no outbound ones. */
    readonly groups?: Readonly<Record<string, readonly string[]>>;
    /** Secondary blocks by their state. */
    readonly more?: Readonly<Record<string, "associated" | "disassociated">>;
    readonly subnets: Readonly<Record<string, SubnetSpec>>;
}

/** A connection: requester, accepter, status and its message. */
export type ConnectionSpec = readonly [string, string, string, string?];

const open = ["all 0.0.0.0/0"];
const openAcl = ["in 100 allow all 0.0.0.0/0", "out 100 allow all 0.0.0.0/0"];

/** What AWS describes of these VPCs, by region and account. */
export function placesOf(
    vpcs: Readonly<Record<string, VpcSpec>>,
    connections: Readonly<Record<string, ConnectionSpec>> = {},
    prefixLists: Readonly<Record<string, readonly string[]>> = {},
): Place[] {
    const located = Object.entries(vpcs).map(([name, vpc]) => ({ name, vpc, ...placeOf(vpc) }));
    const info = (name: string) => {
        const { block, more = {}, ...place } = vpcs[name] ?? { block: "", subnets: {} };
        const { account, region } = placeOf(place);
        const CidrBlockSet = [block, ...Object.keys(more)].map((CidrBlock) => ({ CidrBlock }));
        return { VpcId: `vpc-${name}`, CidrBlock: block, CidrBlockSet, OwnerId: account, Region: region };
    };
    const VpcPeeringConnections = Object.entries(connections).map(([id, [requester, accepter, status, Message]]) => ({
        VpcPeeringConnectionId: id,
        Status: { Code: status as "active", ...(Message !== undefined && { Message }) },
        RequesterVpcInfo: info(requester),
        AccepterVpcInfo: info(accepter),
    }));
    return [...groupedBy(located, ({ account, region }) => `${account} ${region}`).values()].map((members) => ({
        account: members[0]?.account ?? "",
        region: members[0]?.region ?? "",
        Vpcs: members.map(({ name, vpc, account }) => ({
            VpcId: `vpc-${name}`,
            CidrBlock: vpc.block,
            CidrBlockAssociationSet: Object.entries(vpc.more ?? {}).map(([CidrBlock, State]) => ({
                CidrBlock,
                CidrBlockState: { State },
            })),
            OwnerId: account,
        })),
        Subnets: members.flatMap(({ name, vpc }) =>
            Object.entries(vpc.subnets).map(([subnet, { block }]) => ({
                SubnetId: `subnet-${subnet}`,
                VpcId: `vpc-${name}`,
                CidrBlock: block,
            })),
        ),
        RouteTables: members.flatMap(({ name, vpc }) => [
            table(name, name, vpc, vpc.routes ?? {}, [{ Main: true }]),
            ...Object.entries(vpc.subnets).flatMap(([subnet, { routes }]) =>
                routes ? [table(subnet, name, vpc, routes, [{ Main: false, SubnetId: `subnet-${subnet}` }])] : [],
            ),
        ]),
        NetworkAcls: members.flatMap(({ name, vpc }) =>
            Object.entries(vpc.subnets).map(([subnet, { acl = openAcl }]) => ({
                NetworkAclId: `acl-${subnet}`,
                VpcId: `vpc-${name}`,
                Associations: [{ SubnetId: `subnet-${subnet}` }],
                Entries: [...acl, "in 32767 deny all 0.0.0.0/0", "out 32767 deny all 0.0.0.0/0"].map(entry),
            })),
        ),
        SecurityGroups: members.flatMap(({ name, vpc }) => [
            group(name, name, vpc.ingress ?? open, vpc.egress ?? open),
            ...Object.entries(vpc.groups ?? {}).map(([id, ingress]) => group(id, name, ingress, [])),
        ]),
        NetworkInterfaces: members.flatMap(({ name, vpc }) =>
            hostsOf(vpc).map(({ host, subnet, address, publicIp, of, groups = [`sg-${name}`], secondary = [] }) => ({
                NetworkInterfaceId: `eni-${host}`,
                VpcId: `vpc-${name}`,
                SubnetId: `subnet-${subnet}`,
                PrivateIpAddress: address,
                PrivateIpAddresses: [address, ...secondary].map((one) => ({
                    PrivateIpAddress: one,
                    Primary: one === address,
                })),
                Groups: groups.map((GroupId) => ({ GroupId })),
                ...(of !== "none" && { Attachment: { InstanceId: `i-${of ?? host}`, DeviceIndex: of ? 1 : 0 } }),
                ...(publicIp !== undefined && { Association: { PublicIp: publicIp } }),
            })),
        ),
        Reservations: members.flatMap(({ vpc }) =>
            hostsOf(vpc).flatMap(({ host, of, state = "running" }) =>
                of
                    ? []
                    : {
                          Instances: [
                              {
                                  InstanceId: `i-${host}`,
                                  State: { Name: state as "running" },
                                  Tags: [{ Key: "Name", Value: host }],
                              },
                          ],
                      },
            ),
        ),
        VpcPeeringConnections,
        InternetGateways: members.flatMap(({ name, vpc }) =>
            vpc.internet ? [{ InternetGatewayId: `igw-${name}`, Attachments: [{ VpcId: `vpc-${name}` }] }] : [],
        ),
        PrefixLists: Object.entries(prefixLists).map(([PrefixListId, Cidrs]) => ({ PrefixListId, Cidrs })),
    }));
}

function placeOf({ account = "111111111111", region = "eu-north-1" }: { account?: string; region?: string }) {
    return { account, region };
}

function hostsOf({ subnets }: VpcSpec): ({ readonly host: string; readonly subnet: string } & HostSpec)[] {
    return Object.entries(subnets).flatMap(([subnet, { hosts = {} }]) =>
        Object.entries(hosts).map(([host, spec]) => ({
            host,
            subnet,
            ...(typeof spec === "string" ? { address: spec } : spec),
        })),
    );
}

/** The keys under which routes have targets of a kind, by how its IDs begin. */
const targetKeys: Readonly<Record<string, keyof Route>> = {
    pcx: "VpcPeeringConnectionId",
    tgw: "TransitGatewayId",
    nat: "NatGatewayId",
    eni: "NetworkInterfaceId",
    arn: "CoreNetworkArn",
};

/** A route's target is an ID, after which `!` means that it is a blackhole. */
function table(
    id: string,
    vpcName: string,
    { block, more = {} }: VpcSpec,
    routes: Readonly<Record<string, string>>,
    Associations: RouteTable["Associations"],
): RouteTable {
    const made = Object.entries(routes).map(([destination, text]): Route => {
        const target = text.replace("!", "");
        return {
            ...(destination.startsWith("pl-")
                ? { DestinationPrefixListId: destination }
                : { DestinationCidrBlock: destination }),
            [targetKeys[/^\w+/.exec(target)?.[0] ?? ""] ?? "GatewayId"]: target,
            State: text.endsWith("!") ? "blackhole" : "active",
        };
    });
    return {
        RouteTableId: `rtb-${id}`,
        VpcId: `vpc-${vpcName}`,
        Tags: [{ Key: "Name", Value: `routes of ${id}` }],
        Associations,
        Routes: [
            ...[block, ...Object.keys(more).filter((one) => more[one] === "associated")].map((one) => ({
                DestinationCidrBlock: one,
                GatewayId: "local",
                State: "active" as const,
            })),
            ...made,
        ],
    };
}

function group(id: string, vpcName: string, ingress: readonly string[], egress: readonly string[]) {
    return {
        GroupId: `sg-${id}`,
        GroupName: `group of ${id}`,
        VpcId: `vpc-${vpcName}`,
        IpPermissions: ingress.map(permission),
        IpPermissionsEgress: egress.map(permission),
    };
}

function permission(text: string): IpPermission {
    const [traffic = "", peer = ""] = text.split(" ");
    const { protocol, from, to } = trafficOf(traffic);
    return {
        IpProtocol: protocol,
        ...(protocol !== "-1" && { FromPort: from ?? -1, ToPort: protocol === "icmp" ? -1 : (to ?? -1) }),
        ...(peer.startsWith("sg-")
            ? { UserIdGroupPairs: [{ GroupId: peer }] }
            : peer.startsWith("pl-")
              ? { PrefixListIds: [{ PrefixListId: peer }] }
              : { IpRanges: [{ CidrIp: peer }] }),
    };
}

function entry(text: string): NetworkAclEntry {
    const [way, number, action, traffic = "", block = ""] = text.split(" ");
    const { protocol, from, to } = trafficOf(traffic);
    return {
        Egress: way === "out",
        RuleNumber: Number(number),
        RuleAction: action as "allow",
        Protocol: { tcp: "6", udp: "17", icmp: "1" }[protocol] ?? protocol,
        CidrBlock: block,
        ...(protocol === "icmp" && { IcmpTypeCode: { Type: from ?? -1, Code: -1 } }),
        ...(/tcp|udp/.test(protocol) && from !== undefined && { PortRange: { From: from, To: to } }),
    };
}

function trafficOf(text: string): { protocol: string; from?: number; to?: number } {
    const [, protocol = "", from, to = from] = /^(\w+)(?:\/(\d+)(?:-(\d+))?)?$/.exec(text) ?? [];
    const ports = from === undefined ? {} : { from: Number(from), to: Number(to) };
    return { protocol: protocol === "all" ? "-1" : protocol, ...ports };
}
