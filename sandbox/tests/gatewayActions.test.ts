import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { EC2 } from "@aws-sdk/client-ec2";
import { absent, absentParameters, irrelevant, obeyed, reads, services } from "../api/actions.ts";
import { startGateway } from "../api/gateway.ts";
import { prepareMoto } from "../api/moto.ts";
import { run } from "../cache/process.ts";
import { image } from "./world/world.ts";
import { GatewayLab, refuses, type Vpc } from "./world/gatewayLab.ts";

/** Prints the EC2 actions that moto implements. */
const script = `import json
from moto.core.responses import get_service_model
from moto.core.utils import camelcase_to_underscores, method_names_from_class
from moto.ec2.responses import EC2Response
methods = method_names_from_class(EC2Response)
actions = get_service_model("ec2").operation_names
print(json.dumps([action for action in actions if camelcase_to_underscores(action) in methods]))`;

/** Prints the parameters of EC2 actions in the form of its Query API, with 1 for each number, after the action's name. */
const parameters = `import json, sys
from moto.core.responses import get_service_model
def names(shape):
    if shape.type_name == "list":
        return [".1" + name for name in names(shape.member)]
    if shape.type_name != "structure":
        return [""]
    found = []
    for key, member in shape.members.items():
        name = member.serialization.get("name", key)
        name = member.serialization.get("queryName", name[0].upper() + name[1:])
        found += ["." + name + rest for rest in names(member)]
    return found
model = get_service_model("ec2")
print(json.dumps([
    action + " " + name[1:]
    for action in json.loads(sys.argv[1])
    for name in names(model.operation_model(action).input_shape)
]))`;

/** Parameters that the network obeys, after their actions. */
const obeyedParameters: readonly RegExp[] = [
    // The resource that a call is about, and those that it connects.
    /^\w+ (Vpc|Subnet|RouteTable|InternetGateway|Association|VpcPeeringConnection|Group|NetworkAcl|PrefixList)Id$/,
    /^\w+ (NetworkInterfaceId|InstanceId(\.1)?)$/,
    /^(CreateVpc|AssociateVpcCidrBlock|CreateSubnet) CidrBlock$/,
    /^ModifyVpcAttribute EnableDns(Hostnames|Support)\.Value$/,
    /^ModifySubnetAttribute MapPublicIpOnLaunch\.Value$/,
    /^(Create|CreateDefault)Subnet AvailabilityZone(Id)?$/,
    /^(Create|Replace|Delete)Route Destination(CidrBlock|PrefixListId)$/,
    /^CreateVpcPeeringConnection Peer(Region|VpcId|OwnerId)$/,
    /^ModifyVpcPeeringConnectionOptions (Accepter|Requester)PeeringConnectionOptions\.AllowDnsResolutionFromRemoteVpc$/,
    /^(Create|Delete|Authorize|Revoke)SecurityGroup(In|E)?(gress)? GroupName$/,
    /^(Authorize|Revoke)SecurityGroup(In|E)gress (IpProtocol|FromPort|ToPort|CidrIp)$/,
    /^(Authorize|Revoke)SecurityGroup(In|E)gress IpPermissions\.1\.(IpProtocol|FromPort|ToPort|IpRanges\.1\.CidrIp)$/,
    /^(Authorize|Revoke)SecurityGroup(In|E)gress IpPermissions\.1\.(Groups\.1\.(UserId|GroupName|GroupId))$/,
    /^(Authorize|Revoke)SecurityGroup(In|E)gress IpPermissions\.1\.PrefixListIds\.1\.PrefixListId$/,
    /^RevokeSecurityGroup(In|E)gress SecurityGroupRuleId\.1$/,
    /^ModifySecurityGroupRules SecurityGroupRule\.1\.(SecurityGroupRuleId|SecurityGroupRule\.(?!Description$)\w+)$/,
    /^\w+NetworkAclEntry (RuleNumber|Protocol|RuleAction|Egress|CidrBlock|Icmp\.(Code|Type)|PortRange\.(From|To))$/,
    /^\w+ManagedPrefixList ((Add|Remove)?Entry\.1\.Cidr|CurrentVersion|MaxEntries|AddressFamily)$/,
    /^RunInstances (ImageId|InstanceType|KeyName|MaxCount|MinCount|UserData|PrivateIpAddress|Placement\.AvailabilityZone)$/,
    /^RunInstances SecurityGroup(Id)?\.1$/,
    /^RunInstances NetworkInterface\.1\.(AssociatePublicIpAddress|DeleteOnTermination|DeviceIndex|SubnetId)$/,
    /^RunInstances NetworkInterface\.1\.(SecurityGroupId\.1|PrivateIpAddress|PrivateIpAddresses\.1\.\w+)$/,
    /^Modify(Instance|NetworkInterface)Attribute (SecurityGroup|Group)Id\.1$/,
    /^CreateFlowLogs (ResourceId\.1|ResourceType|TrafficType|LogGroupName|LogDestination)$/,
    /^DeleteFlowLogs FlowLogId\.1$/,
];

/** Parameters that do not affect packets, after their actions. */
const irrelevantParameters: readonly RegExp[] = [
    // The gateway answers dry runs itself; tokens are about repetitions, which clients avoid.
    /^\w+ (DryRun|ClientToken|TagSpecification\.1\..+)$/,
    /^CreateVpc InstanceTenancy$|^ModifyVpcAttribute EnableNetworkAddressUsageMetrics\.Value$/,
    /Description(\.Value)?$/,
    // What answers say about a rule's group.
    /IpPermissions\.1\.Groups\.1\.(VpcId|VpcPeeringConnectionId|PeeringStatus)$/,
    // There is nothing of IPv6 that could be removed.
    /^(DeleteRoute|Revoke\w+) .*Ipv6/,
    /^\w+ManagedPrefixList PrefixListName$/,
    // Hardware, storage, licences, metadata and the end of an instance.
    /^RunInstances (BlockDeviceMapping|Placement|Monitoring|Elastic\w+|InstanceMarketOptions|CreditSpecification)\./,
    /^RunInstances (CpuOptions|CapacityReservationSpecification|HibernationOptions|LicenseSpecification)\./,
    /^RunInstances (MetadataOptions|EnclaveOptions|MaintenanceOptions|NetworkPerformanceOptions|Operator|IamInstanceProfile)\./,
    /^RunInstances (KernelId|RamdiskId|DisableApi\w+|InstanceInitiatedShutdownBehavior|AdditionalInfo|EbsOptimized)$/,
    /^RunInstances NetworkInterface\.1\.(InterfaceType|NetworkCardIndex|Ena\w+(\.\w+)*)$/,
    /^(Start|Stop|Terminate)Instances (AdditionalInfo|SkipOsShutdown|Force)$/,
    /^ModifyInstanceAttribute (DisableApi\w+|InstanceType|Kernel|Ramdisk|InstanceInitiatedShutdownBehavior)\.Value$/,
    /^ModifyInstanceAttribute (EbsOptimized|SriovNetSupport|EnaSupport|UserData)\.Value$/,
    /^ModifyInstanceAttribute BlockDeviceMapping\./,
    // Without Attribute, which is refused.
    /^ModifyInstanceAttribute Value$/,
    /^ModifyNetworkInterfaceAttribute (EnaSrdSpecification|Attachment)\./,
    // Nothing checks the permissions of the role, and records come within a second.
    /^CreateFlowLogs (DeliverLogsPermissionArn|MaxAggregationInterval)$/,
];

/** Calls services with boto3 at an address, and prints the errors: code, HTTP status and message. */
const caller = `import json, sys
import boto3
from botocore.exceptions import ClientError
place = {"region_name": "eu-west-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}
def error_of(service, method, parameters):
    client = boto3.client(service, endpoint_url=sys.argv[1], **place)
    try:
        return getattr(client, method)(**parameters)
    except ClientError as error:
        said = error.response
        return [said["Error"]["Code"], said["ResponseMetadata"]["HTTPStatusCode"], said["Error"]["Message"]]
print(json.dumps([error_of(*call) for call in json.loads(sys.argv[2])]))`;

describe("Gateway, services other than EC2", function () {
    // moto, which comes with boto3, may have to be installed first.
    this.timeout(600_000);

    it("are refused in the form of each service's protocol if they are not in the sandbox", async () => {
        const refused: [service: string, method: string, parameters: object, signedFor?: string][] = [
            ["cloudformation", "create_stack", { StackName: "vpc", TemplateBody: "{}" }],
            ["autoscaling", "create_auto_scaling_group", { AutoScalingGroupName: "group", MinSize: 1, MaxSize: 1 }],
            ["elbv2", "create_load_balancer", { Name: "front" }, "elasticloadbalancing"],
            ["ecs", "create_cluster", {}],
            ["batch", "list_jobs", {}],
            ["s3", "list_buckets", {}],
            ["route53", "list_hosted_zones", {}],
        ];
        const [python = ""] = await prepareMoto(console.error);
        // Nothing listens at the API's address.
        const gateway = await startGateway({
            upstream: "http://127.0.0.1:9",
            onChange: () => assert.fail("nothing should change"),
            onError: assert.ifError,
        });
        const env = { NO_PROXY: "127.0.0.1", no_proxy: "127.0.0.1", AWS_CONFIG_FILE: "/dev/null" };
        const asked = JSON.stringify(refused.map(([service, method, parameters]) => [service, method, parameters]));
        const errors = JSON.parse(await run(python, ["-c", caller, gateway.endpoint, asked], { env })) as unknown;
        gateway.stop();
        const message = (service: string) =>
            `${service} is not in this sandbox, which has EC2, IAM, CloudWatch Logs, SSM, STS.`;
        assert.deepEqual(
            errors,
            refused.map(([service, , , signedFor = service]) => ["UnsupportedOperation", 400, message(signedFor)]),
        );
    });
});

describe("Gateway, EC2's actions", function () {
    // moto may have to be installed first.
    this.timeout(600_000);
    const refused = Object.values(absent).flat();
    const listed = [...obeyed, ...irrelevant, ...refused];

    it("are obeyed, irrelevant or refused, each in one list, if moto implements them", async () => {
        const [python = ""] = await prepareMoto(console.error);
        const actions = JSON.parse(await run(python, ["-c", script])) as string[];
        assert.ok(actions.length > 200, `${actions.length} actions`);
        const changing = actions.filter((action) => !reads(action));
        assert.deepEqual(
            changing.filter((action) => !listed.includes(action)),
            [],
        );
        assert.deepEqual(
            listed.filter((action, index) => listed.indexOf(action) !== index),
            [],
        );
    });

    it("are spelled as EC2 spells them", () => {
        const api = EC2.prototype as unknown as Record<string, unknown>;
        const unknown = listed.filter((action) => !(`${action.charAt(0).toLowerCase()}${action.slice(1)}` in api));
        assert.deepEqual(unknown, []);
    });

    it("have parameters that are obeyed, irrelevant or refused", async () => {
        const [python = ""] = await prepareMoto(console.error);
        const all = JSON.parse(await run(python, ["-c", parameters, JSON.stringify(obeyed)])) as string[];
        assert.ok(all.length > 300, `${all.length} parameters`);
        const isRefused = (name: string) => {
            const [action = "", parameter = ""] = name.split(" ");
            return absentParameters.some((absent) => absent.actions.test(action) && absent.parameter.test(parameter));
        };
        const known = [...obeyedParameters, ...irrelevantParameters];
        assert.deepEqual(
            all.filter((name) => !isRefused(name) && !known.some((pattern) => pattern.test(name))),
            [],
        );
        assert.deepEqual(
            known.filter((pattern) => !all.some((name) => pattern.test(name))),
            [],
        );
        const unknown = absentParameters.filter(
            ({ actions, parameter }) =>
                !all.some((name) => actions.test(name.split(" ")[0] ?? "") && parameter.test(name.split(" ")[1] ?? "")),
        );
        assert.deepEqual(unknown, []);
    });

    it("are listed in the README if they are refused", () => {
        const lines = [
            `- services other than ${Object.values(services).join(", ")}`,
            ...Object.entries(absent).map(([what, actions]) => `- ${what}: ${actions.map(code).join(", ")}`),
            ...[...new Set(absentParameters.map(({ what }) => what))]
                .filter((what) => !(what in absent))
                .map((what) => `- ${what}`),
        ];
        const readme = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");
        const [, section = ""] = /^## Not in this sandbox\n(.+?)\n## /ms.exec(readme) ?? [];
        // The formatter breaks long lines.
        const items = section.split(/\n(?=- )/).map((item) => item.replaceAll(/\s+/g, " ").trim());
        assert.deepEqual(items.slice(1), lines);
    });

    describe("that are not in the sandbox", () => {
        const lab = GatewayLab.ofSuite();
        let vpc: Vpc;
        let subnet: string;
        let table: string;
        let group: string;

        before(async () => {
            vpc = await lab.makeVpc();
            [subnet, table, group] = await Promise.all([lab.makeSubnet(vpc), lab.makeTable(vpc), lab.makeGroup(vpc)]);
        });

        const calls: Record<string, [what: RegExp, call: () => Promise<unknown>]> = {
            "a NAT gateway": [/NAT gateways/, () => lab.api.createNatGateway({ SubnetId: subnet })],
            "a network interface": [/network interfaces/, () => lab.api.createNetworkInterface({ SubnetId: subnet })],
            "an Elastic IP address": [/Elastic IP/, () => lab.api.allocateAddress({})],
            "a Network Insights path": [
                /Network Insights/,
                () => lab.api.createNetworkInsightsPath({ Source: "igw-1", Protocol: "tcp" }),
            ],
            "an action that nobody thought of": [
                /^CreateLocalGatewayRouteTable is not in this sandbox\.$/,
                () => lab.api.createLocalGatewayRouteTable({ LocalGatewayId: "lgw-1" }),
            ],
            "a read that moto does not implement": [
                /^DescribeNetworkInsightsPaths is not in this sandbox/,
                () => lab.api.describeNetworkInsightsPaths({}),
            ],
            "the search for stale rules": [
                /^DescribeStaleSecurityGroups is not in this sandbox/,
                () => lab.api.describeStaleSecurityGroups({ VpcId: vpc.id }),
            ],
            "an IPv6 block": [
                /IPv6/,
                () => lab.api.associateVpcCidrBlock({ VpcId: vpc.id, AmazonProvidedIpv6CidrBlock: true }),
            ],
            "an IPv6 route": [
                /IPv6/,
                () =>
                    lab.api.createRoute({
                        RouteTableId: table,
                        DestinationIpv6CidrBlock: "::/0",
                        GatewayId: "igw-1",
                    }),
            ],
            "an IPv6 rule": [
                /IPv6/,
                () =>
                    lab.api.authorizeSecurityGroupIngress({
                        GroupId: group,
                        IpPermissions: [{ IpProtocol: "-1", Ipv6Ranges: [{ CidrIpv6: "::/0" }] }],
                    }),
            ],
            "a route to an instance": [
                /route targets/,
                () =>
                    lab.api.createRoute({
                        RouteTableId: table,
                        DestinationCidrBlock: "192.0.2.0/24",
                        InstanceId: "i-1",
                    }),
            ],
            "a route to a VPN gateway": [
                /route targets/,
                () =>
                    lab.api.createRoute({
                        RouteTableId: table,
                        DestinationCidrBlock: "192.0.2.0/24",
                        GatewayId: "vgw-1",
                    }),
            ],
            "an instance that forwards packets": [
                /forward packets/,
                () => lab.api.modifyInstanceAttribute({ InstanceId: "i-1", SourceDestCheck: { Value: false } }),
            ],
            "one whose check is turned off by the attribute's name": [
                /attributes of instances/,
                () =>
                    lab.api.modifyInstanceAttribute({
                        InstanceId: "i-1",
                        Attribute: "sourceDestCheck",
                        Value: "false",
                    }),
            ],
            "a VPC that enforces encryption": [
                /encryption control/,
                () => lab.api.createVpc({ CidrBlock: "10.99.0.0/16", VpcEncryptionControl: { Mode: "enforce" } }),
            ],
            "a subnet whose servers have names by resource ID": [
                /DNS names by resource ID/,
                () =>
                    lab.api.modifySubnetAttribute({
                        SubnetId: subnet,
                        PrivateDnsHostnameTypeOnLaunch: "resource-name",
                    }),
            ],
            "a rule by a group's name": [
                /source group's name/,
                () => lab.api.authorizeSecurityGroupIngress({ GroupId: group, SourceSecurityGroupName: "default" }),
            ],
            "an interface with timeouts": [
                /connection tracking/,
                () =>
                    lab.api.modifyNetworkInterfaceAttribute({
                        NetworkInterfaceId: "eni-1",
                        ConnectionTrackingSpecification: { TcpEstablishedTimeout: 60 },
                    }),
            ],
            "a server that hibernates": [
                /hibernation/,
                () => lab.api.stopInstances({ InstanceIds: ["i-1"], Hibernate: true }),
            ],
            "a second interface at launch": [
                /network interfaces/,
                () =>
                    lab.api.runInstances({
                        ImageId: image,
                        InstanceType: "t2.micro",
                        MinCount: 1,
                        MaxCount: 1,
                        NetworkInterfaces: [
                            { DeviceIndex: 0, SubnetId: subnet },
                            { DeviceIndex: 1, SubnetId: subnet },
                        ],
                    }),
            ],
        };
        for (const [what, [which, call]] of Object.entries(calls)) {
            it(`are refused: ${what}`, async () => {
                await refuses(call(), "UnsupportedOperation", /is not in this sandbox/);
                await refuses(call(), "UnsupportedOperation", which);
            });
        }

        it("may be turned off, and what an instance launches with may be read", async () => {
            const { Instances } = await lab.api.runInstances({
                ImageId: image,
                InstanceType: "t2.micro",
                MinCount: 1,
                MaxCount: 1,
                NetworkInterfaces: [{ DeviceIndex: 0, SubnetId: subnet, Ipv6AddressCount: 0 }],
                MetadataOptions: { HttpProtocolIpv6: "disabled" },
            });
            const { InstanceId = "", NetworkInterfaces } = Instances?.[0] ?? {};
            await lab.api.modifySubnetAttribute({ SubnetId: subnet, AssignIpv6AddressOnCreation: { Value: false } });
            await lab.api.modifyInstanceAttribute({ InstanceId, SourceDestCheck: { Value: true } });
            const { Addresses } = await lab.api.describeAddresses({});
            assert.deepEqual([NetworkInterfaces?.length, Addresses], [1, []]);
        });

        // The API behind the gateway would draw them at random.
        it("get public addresses one after another, which no two of them share", async () => {
            const { Instances = [] } = await lab.api.runInstances({
                ImageId: image,
                InstanceType: "t2.micro",
                MinCount: 3,
                MaxCount: 3,
                NetworkInterfaces: [{ DeviceIndex: 0, SubnetId: subnet, AssociatePublicIpAddress: true }],
            });
            const [first = 0, ...others] = Instances.map((one) => Number(one.PublicIpAddress?.split(".").at(-1)));
            assert.deepEqual(others, [first + 1, first + 2]);
        });

        // The API behind the gateway changes the groups of the instance only.
        it("do not include new groups for an instance, which its interface gets", async () => {
            const { Instances } = await lab.api.runInstances({
                ImageId: image,
                InstanceType: "t2.micro",
                MinCount: 1,
                MaxCount: 1,
                SubnetId: subnet,
            });
            const InstanceId = Instances?.[0]?.InstanceId ?? "";
            await lab.api.modifyInstanceAttribute({ InstanceId, Groups: [group] });
            const { NetworkInterfaces } = await lab.api.describeNetworkInterfaces({
                Filters: [{ Name: "attachment.instance-id", Values: [InstanceId] }],
            });
            assert.deepEqual(
                NetworkInterfaces?.[0]?.Groups?.map(({ GroupId }) => GroupId),
                [group],
            );
        });
    });
});

function code(text: string): string {
    return `\`${text}\``;
}
