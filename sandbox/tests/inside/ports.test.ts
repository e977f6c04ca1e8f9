import assert from "node:assert/strict";
import { EC2, type IpPermission } from "@aws-sdk/client-ec2";
import { makeSide } from "../world/side.ts";
import { project } from "./pulumi.ts";

// Every kind of port of VpcPeering with the real engine and AWS's provider: how it reads each rule is for no mock to say. Runs
// inside a sandbox.

const home = new EC2({ endpoint: process.env["AWS_ENDPOINT_URL"] ?? "", region: process.env["AWS_REGION"] ?? "" });

/** Each kind of port, and what AWS has of a rule for it. */
const rules: Readonly<Record<string, readonly [protocol: string, from: number, to: number]>> = {
    "tcp/443": ["tcp", 443, 443],
    "tcp/8000-8100": ["tcp", 8000, 8100],
    icmp: ["icmp", -1, -1],
    "icmp/0": ["icmp", 0, -1],
    "icmp/8": ["icmp", 8, -1],
    all: ["-1", -1, -1],
};

const program = `
import * as pulumi from "@pulumi/pulumi";
import { lookUpVpc, VpcPeering } from "pulumi-vpc-peering";

export = async () => {
    const config = new pulumi.Config();
    const [requester, accepter] = await Promise.all([
        lookUpVpc(config.require("requesterVpcId")),
        lookUpVpc(config.require("accepterVpcId"), { securityGroups: { web: config.require("groupId") } }),
    ]);
    new VpcPeering("ports", { requester, accepter, requestsFrom: "requester", ports: ${JSON.stringify(Object.keys(rules))} as never });
};
`;

describe("VpcPeering's ports", () => {
    it("make rules that stay as they are, and none that is there already", async () => {
        const requester = await makeSide(home, "10.1.0.0/16", "own");
        const accepter = await makeSide(home, "10.2.0.0/16", "own");
        const found = async () => {
            const Filters = [{ Name: "group-id", Values: [accepter.groupId] }];
            const { SecurityGroupRules = [] } = await home.describeSecurityGroupRules({ Filters });
            return SecurityGroupRules.filter(({ CidrIpv4 }) => CidrIpv4 === "10.1.0.0/16");
        };
        const byHand = Object.values(rules).map(([IpProtocol, FromPort, ToPort]): IpPermission => {
            const IpRanges = [{ CidrIp: "10.1.0.0/16" }];
            return { IpProtocol, ...(IpProtocol !== "-1" && { FromPort, ToPort }), IpRanges };
        });
        await home.authorizeSecurityGroupIngress({ GroupId: accepter.groupId, IpPermissions: byHand });
        const stack = await project("ports", program, {
            requesterVpcId: requester.vpcId,
            accepterVpcId: accepter.vpcId,
            groupId: accepter.groupId,
        });
        const refused = await stack.pulumi("up", "--yes", "--skip-preview", "--continue-on-error");
        assert.notEqual(refused.code, 0);
        const standing = await found();
        assert.equal(standing.length, byHand.length);
        for (const { SecurityGroupRuleId: id } of standing) {
            assert.ok(
                refused.text.includes(`The rule ${id ?? ""} of ${accepter.groupId} lets the same in already`),
                id,
            );
        }
        await home.revokeSecurityGroupIngress({ GroupId: accepter.groupId, IpPermissions: byHand });
        assert.deepEqual(await found(), []);

        await stack.updated();
        const made = (await found()).map(({ IpProtocol, FromPort, ToPort }) => [IpProtocol, FromPort, ToPort]);
        assert.deepEqual(made.map(String).sort(), Object.values(rules).map(String).sort());
        assert.deepEqual(await stack.plan(), []);
        const refreshed = await stack.pulumi("up", "--yes", "--skip-preview", "--refresh", "--expect-no-changes");
        assert.equal(refreshed.code, 0, refreshed.text);
        await stack.destroy();
        assert.deepEqual(await found(), []);
    });
});
