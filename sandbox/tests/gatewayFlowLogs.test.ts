import assert from "node:assert/strict";
import type { CreateFlowLogsCommandInput } from "@aws-sdk/client-ec2";
import { GatewayLab, otherRegion, refuses } from "./world/gatewayLab.ts";
import { region } from "./world/world.ts";

// Calls on flow logs that AWS refuses, those that the sandbox refuses, and those that it carries out.
describe("Gateway, flow logs", () => {
    const lab = GatewayLab.ofSuite();
    const role = "arn:aws:iam::123456789012:role/flows";
    const arn = `arn:aws:logs:${region}:123456789012:log-group:flows`;

    /** Creates a flow log, by default of all traffic of a VPC. */
    const create = async (change: Partial<Record<keyof CreateFlowLogsCommandInput, unknown>>) => {
        const ResourceIds = change.ResourceIds ?? [(await lab.makeVpc()).id];
        const usual = { ResourceType: "VPC", TrafficType: "ALL", DeliverLogsPermissionArn: role };
        const given = { ...usual, LogGroupName: "flows", ...change, ResourceIds } as CreateFlowLogsCommandInput;
        return (await lab.api.createFlowLogs(given)).FlowLogIds ?? [];
    };

    const logs = async () => (await lab.api.describeFlowLogs({})).FlowLogs ?? [];

    // Amazon EC2 API Reference, "CreateFlowLogs" and "FlowLog".
    it("are for VPCs, subnets and network interfaces, with a log group that is there or not, by name or ARN", async () => {
        const vpc = await lab.makeVpc();
        const SubnetId = await lab.makeSubnet(vpc);
        const { Instances = [] } = await lab.api.runInstances({
            ...{ ImageId: "ami-12c6146b", InstanceType: "t2.micro", MinCount: 1, MaxCount: 1, SubnetId },
        });
        const nic = Instances[0]?.NetworkInterfaces?.[0]?.NetworkInterfaceId ?? "";
        const made = [
            await create({ ResourceIds: [vpc.id], TrafficType: "REJECT", LogGroupName: "new/one" }),
            await create({ ResourceType: "Subnet", ResourceIds: [SubnetId], LogGroupName: "new/one" }),
            await create({
                ...{ ResourceType: "NetworkInterface", ResourceIds: [nic], TrafficType: "ACCEPT" },
                ...{ LogGroupName: undefined, LogDestination: `${arn}:*`, MaxAggregationInterval: 60 },
            }),
        ].flat();
        const found = (await logs()).filter(({ FlowLogId = "" }) => made.includes(FlowLogId));
        assert.deepEqual(
            found.map(({ ResourceId, TrafficType, LogGroupName, FlowLogStatus, DeliverLogsStatus }) => [
                ...[ResourceId, TrafficType, LogGroupName, FlowLogStatus, DeliverLogsStatus],
            ]),
            [
                [vpc.id, "REJECT", "new/one", "ACTIVE", "SUCCESS"],
                [SubnetId, "ALL", "new/one", "ACTIVE", "SUCCESS"],
                [nic, "ACCEPT", "flows", "ACTIVE", "SUCCESS"],
            ],
        );
        assert.equal(found[2]?.LogDestination, `${arn}:*`);
        await lab.api.deleteFlowLogs({ FlowLogIds: made });
        assert.deepEqual(
            (await logs()).filter(({ FlowLogId = "" }) => made.includes(FlowLogId)),
            [],
        );
    });

    const other = (text: string) => arn.replace(region, text);
    const refused: readonly [what: string, Parameters<typeof create>[0], code: string, message: RegExp][] = [
        ["no type of traffic", { TrafficType: undefined }, "MissingParameter", /TrafficType/],
        ["an unknown type of traffic", { TrafficType: "SOME" }, "InvalidParameterValue", /SOME/],
        ["an unknown type of resource", { ResourceType: "Instance" }, "InvalidParameterValue", /Instance/],
        ["no resource", { ResourceIds: [] }, "MissingParameter", /ResourceId/],
        ["a VPC that does not exist", { ResourceIds: ["vpc-1"] }, "InvalidVpcID.NotFound", /vpc-1/],
        [
            "a subnet that does not exist",
            { ResourceType: "Subnet", ResourceIds: ["subnet-1"] },
            "InvalidSubnetID.NotFound",
            /subnet-1/,
        ],
        [
            "a network interface that does not exist",
            { ResourceType: "NetworkInterface", ResourceIds: ["eni-1"] },
            "InvalidNetworkInterfaceID.NotFound",
            /eni-1/,
        ],
        ["no role", { DeliverLogsPermissionArn: undefined }, "InvalidParameter", /DeliverLogsPermissionArn/],
        ["no destination", { LogGroupName: undefined }, "InvalidParameter", /LogDestination/],
        ["two destinations", { LogDestination: arn }, "InvalidParameter", /only provide/],
        [
            "a log group of another region",
            { LogGroupName: undefined, LogDestination: other(otherRegion) },
            "InvalidParameterValue",
            /LogDestination/,
        ],
        [
            "a bucket without its type",
            { LogGroupName: undefined, LogDestination: "arn:aws:s3:::bucket" },
            "InvalidParameterValue",
            /LogDestination/,
        ],
        ["an invalid name of a log group", { LogGroupName: "a b" }, "InvalidParameterValue", /LogGroupName/],
        ["an interval of an hour", { MaxAggregationInterval: 3600 }, "InvalidParameter", /Aggregation Interval/],
        ["Amazon S3", { LogDestinationType: "s3" }, "UnsupportedOperation", /CloudWatch Logs/],
        ["Amazon Data Firehose", { LogDestinationType: "kinesis-data-firehose" }, "UnsupportedOperation", /CloudWatch/],
        [
            "partitions by the hour",
            { DestinationOptions: { PerHourPartition: true } },
            "UnsupportedOperation",
            /CloudWatch Logs/,
        ],
        ["a format of its own", { LogFormat: "${srcaddr}" }, "UnsupportedOperation", /format/],
        ["a transit gateway", { ResourceType: "TransitGateway" }, "UnsupportedOperation", /resources/],
    ];
    for (const [what, change, code, message] of refused) {
        it(`are refused with ${what}, and leave nothing behind`, async () => {
            const before = await logs();
            await refuses(create(change), code, message);
            assert.deepEqual(await logs(), before);
        });
    }

    it("are accepted with the default format, given as a custom one", async () => {
        const [FlowLogId = ""] = await create({ LogGroupName: "formatted" });
        const { FlowLogs } = await lab.api.describeFlowLogs({ FlowLogIds: [FlowLogId] });
        await create({ LogFormat: FlowLogs?.[0]?.LogFormat });
    });

    it("exist once for a resource, a type of traffic and a destination, and none is made of a call that is refused for another resource", async () => {
        const [one, two] = [await lab.makeVpc(), await lab.makeVpc()];
        await create({ ResourceIds: [two.id] });
        await create({ ResourceIds: [two.id], TrafficType: "REJECT" });
        const before = await logs();
        const twice = ["FlowLogAlreadyExists", /existing Flow Log/] as const;
        const both = { ResourceIds: [one.id, two.id] };
        await refuses(create(both), ...twice);
        await refuses(create({ ...both, LogGroupName: undefined, LogDestination: arn }), ...twice);
        await refuses(create({ ResourceIds: [one.id, one.id] }), ...twice);
        await refuses(create({ ResourceIds: [one.id, "vpc-1"] }), "InvalidVpcID.NotFound", /vpc-1/);
        assert.deepEqual(await logs(), before);
    });

    it("are deleted all together or not at all", async () => {
        const FlowLogIds = await create({ LogGroupName: "deleted" });
        const before = await logs();
        const some = lab.api.deleteFlowLogs({ FlowLogIds: [...FlowLogIds, "fl-1"] });
        await refuses(some, "InvalidFlowLogId.NotFound", /fl-1/);
        assert.deepEqual(await logs(), before);
        const { Unsuccessful } = await lab.api.deleteFlowLogs({ FlowLogIds });
        assert.deepEqual(Unsuccessful, []);
    });
});
