import assert from "node:assert/strict";
import { hostsOf, namedVpcs, variablesOf, type Described } from "../launch/names.ts";

/** A VPC with its main route table, another one for subnet `subnet-N`, its default group, and servers with these names. */
function vpc(id: string, name: string | undefined, ...servers: string[]): Described {
    const VpcId = `vpc-${id}`;
    const tags = (Value: string | undefined) => ({ Tags: Value === undefined ? [] : [{ Key: "Name", Value }] });
    return {
        vpcs: [{ VpcId, IsDefault: false, ...tags(name) }],
        routeTables: [
            { VpcId, RouteTableId: `rtb-main-${id}`, Associations: [{ Main: true }] },
            { VpcId, RouteTableId: `rtb-${id}`, Associations: [{ Main: false, SubnetId: `subnet-${id}` }] },
        ],
        securityGroups: [{ VpcId, GroupName: "default", GroupId: `sg-default-${id}` }],
        instances: servers.map((server) => ({
            VpcId,
            SubnetId: `subnet-${id}`,
            State: { Name: "running" },
            PrivateIpAddress: `10.0.0.${server}`,
            PublicIpAddress: `54.0.0.${server}`,
            NetworkInterfaces: [{ Groups: [{ GroupId: `sg-${server}` }] }],
            ...tags(server),
        })),
    };
}

describe("names", () => {
    it("number VPCs by their Name tags, nameless ones last, and count a VPC that two keys see once", () => {
        const named = namedVpcs([vpc("a", undefined), vpc("b", "lab10"), vpc("c", "lab2"), vpc("c", "lab2")]);
        assert.deepEqual(
            named.map(({ vpcId }) => vpcId),
            ["vpc-c", "vpc-b", "vpc-a"],
        );
    });

    it("leave out the default VPC and terminated servers", () => {
        const { vpcs, instances, ...rest } = vpc("a", "lab", "1");
        const isDefault = vpcs.map((one) => ({ ...one, IsDefault: true }));
        assert.deepEqual(namedVpcs([{ ...rest, instances, vpcs: isDefault }]), []);
        const terminated = instances.map((one) => ({ ...one, State: { Name: "terminated" as const } }));
        assert.deepEqual(hostsOf(namedVpcs([{ ...rest, vpcs, instances: terminated }])), "");
    });

    it("give a server its VPC's number and its Name tag, unless SSH would read that as a pattern", () => {
        assert.equal(
            hostsOf(namedVpcs([vpc("a", "lab1", "7", "5"), vpc("b", "lab2", "9*")])),
            `Host vpc1 5
    HostName 54.0.0.5
Host 7
    HostName 54.0.0.7
Host vpc2
    HostName 54.0.0.9*
`,
        );
    });

    it("set variables from the first server or else from the VPC, and unset those of deleted VPCs", () => {
        assert.equal(
            variablesOf(namedVpcs([vpc("a", "lab1", "7"), vpc("b", "lab2")]), 3),
            `export VPC1=vpc-a
export RT1=rtb-a
export SG1=sg-7
export IP1=10.0.0.7
export VPC2=vpc-b
export RT2=rtb-main-b
export SG2=sg-default-b
unset IP2
unset VPC3
unset RT3
unset SG3
unset IP3
`,
        );
    });
});
