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
        const message = (service: string) => `${service} is not in this sandbox, which has EC2, IAM, SSM, STS.`;
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
        let lab: GatewayLab;
        let vpc: Vpc;
        let subnet: string;
        let table: string;
        let group: string;

        before(async () => {
            lab = await GatewayLab.start();
            vpc = await lab.makeVpc();
            [subnet, table, group] = await Promise.all([lab.makeSubnet(vpc), lab.makeTable(vpc), lab.makeGroup(vpc)]);
        });

        after(() => {
            lab.stop();
        });

        const calls: Record<string, [what: RegExp, call: () => Promise<unknown>]> = {
            "a NAT gateway": [/NAT gateways/, () => lab.api.createNatGateway({ SubnetId: subnet })],
            "a flow log": [
                /flow logs/,
                () => lab.api.createFlowLogs({ ResourceIds: [vpc.id], ResourceType: "VPC", TrafficType: "ALL" }),
            ],
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
