import { labVpcNames, peeringName } from "../components/lab/names";
import { sides, type Side } from "../components/peering/sides";
import type { Place } from "../reachability/state";
import { schema } from "../settings/schema";

const everywhere = "0.0.0.0/0";

/** How far the lab's two VPCs are connected. */
export interface Connected {
    readonly hasConnection: boolean;
    /** The sides whose route table has a route to the other one. */
    readonly routes: readonly Side[];
    /** Whether both security groups let in the other side's HTTP requests. */
    readonly hasRules: boolean;
}

/** What AWS describes of the lab with its default settings, as far as a picture shows it. */
export function labPlaces({ hasConnection, routes, hasRules }: Connected): Place[] {
    const values = schema.parse({ requester: {}, accepter: {} });
    const { prefix } = values;
    const vpcs = sides.map((side, index) => {
        const label = `VPC${index + 1}`;
        const { cidrBlock, subnetCidrBlock, privateIp } = values[side];
        const names = labVpcNames(prefix, index + 1, label);
        const id = (kind: string) => `${kind}-0000000000000000${index + 1}`;
        return { side, cidrBlock, subnetCidrBlock, privateIp, names, id, publicIp: `203.0.113.${index + 1}0` };
    });
    const [requester, accepter] = vpcs;
    const connection = "pcx-00000000000000000";
    const named = (Value: string) => [{ Key: "Name", Value }];
    const info = (vpc: (typeof vpcs)[number] | undefined) => ({
        VpcId: vpc?.id("vpc") ?? "",
        CidrBlock: vpc?.cidrBlock,
    });
    const across = (vpc: (typeof vpcs)[number]) => (vpc === requester ? accepter : requester)?.cidrBlock;
    const from = (protocol: string, port: number, block: string | undefined) => ({
        IpProtocol: protocol,
        FromPort: port,
        ToPort: port,
        IpRanges: [{ CidrIp: block }],
    });
    return [
        {
            account: "123456789012",
            region: "ap-northeast-2",
            Vpcs: vpcs.map(({ id, cidrBlock, names }) => ({
                VpcId: id("vpc"),
                CidrBlock: cidrBlock,
                Tags: named(names.vpc),
            })),
            Subnets: vpcs.map(({ id, subnetCidrBlock, names }) => ({
                SubnetId: id("subnet"),
                VpcId: id("vpc"),
                CidrBlock: subnetCidrBlock,
                Tags: named(names.subnet),
            })),
            RouteTables: vpcs.map((vpc) => ({
                RouteTableId: vpc.id("rtb"),
                VpcId: vpc.id("vpc"),
                Tags: named(vpc.names.routeTable),
                Associations: [{ Main: false, SubnetId: vpc.id("subnet") }],
                Routes: [
                    { DestinationCidrBlock: vpc.cidrBlock, GatewayId: "local", State: "active" as const },
                    { DestinationCidrBlock: everywhere, GatewayId: vpc.id("igw"), State: "active" as const },
                    ...(routes.includes(vpc.side)
                        ? [
                              {
                                  DestinationCidrBlock: across(vpc),
                                  VpcPeeringConnectionId: connection,
                                  State: "active" as const,
                              },
                          ]
                        : []),
                ],
            })),
            NetworkAcls: vpcs.map(({ id }) => ({
                NetworkAclId: id("acl"),
                VpcId: id("vpc"),
                Associations: [{ SubnetId: id("subnet") }],
                Entries: [false, true].map((Egress) => ({
                    Egress,
                    RuleNumber: 100,
                    RuleAction: "allow" as const,
                    Protocol: "-1",
                    CidrBlock: everywhere,
                })),
            })),
            SecurityGroups: vpcs.map((vpc) => ({
                GroupId: vpc.id("sg"),
                VpcId: vpc.id("vpc"),
                Tags: named(vpc.names.securityGroup),
                IpPermissions: [
                    from("tcp", 22, everywhere),
                    from("icmp", -1, everywhere),
                    ...(hasRules ? [from("tcp", 80, across(vpc))] : []),
                ],
                IpPermissionsEgress: [{ IpProtocol: "-1", IpRanges: [{ CidrIp: everywhere }] }],
            })),
            NetworkInterfaces: vpcs.map(({ id, privateIp, publicIp }) => ({
                NetworkInterfaceId: id("eni"),
                SubnetId: id("subnet"),
                VpcId: id("vpc"),
                PrivateIpAddress: privateIp,
                Groups: [{ GroupId: id("sg") }],
                Attachment: { InstanceId: id("i"), DeviceIndex: 0 },
                Association: { PublicIp: publicIp },
            })),
            Reservations: [
                {
                    Instances: vpcs.map(({ id, names }) => ({
                        InstanceId: id("i"),
                        State: { Name: "running" as const },
                        Tags: named(names.server),
                    })),
                },
            ],
            VpcPeeringConnections: hasConnection
                ? [
                      {
                          VpcPeeringConnectionId: connection,
                          Status: { Code: "active" as const },
                          RequesterVpcInfo: info(requester),
                          AccepterVpcInfo: info(accepter),
                          Tags: named(peeringName(prefix)),
                      },
                  ]
                : [],
            InternetGateways: vpcs.map(({ id, names }) => ({
                InternetGatewayId: id("igw"),
                Attachments: [{ VpcId: id("vpc") }],
                Tags: named(names.internetGateway),
            })),
            PrefixLists: [],
        },
    ];
}
