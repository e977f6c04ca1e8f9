import assert from "node:assert/strict";
import type { Statement } from "../world/policies.ts";
import { Questions } from "../world/questions.ts";
import { asked, assertExact, policiesOf } from "./asked.ts";
import { programsOf } from "./pages/page.ts";
import { home, makeVpc, partner } from "./pages/vpcs.ts";
import { project } from "./pulumi.ts";

// The policies of the package's users, and a stack for each owner with the real engine. Runs inside a sandbox of its own: it looks at
// all calls that this has seen.

const region = process.env["AWS_REGION"] ?? "";

describe("docs/package/permissions.md", () => {
    it("has for each half what its owner's stack calls, and nothing else", async () => {
        const there = await partner.api();
        const [own, theirs] = await Promise.all([makeVpc(home, "10.1.0.0/16"), makeVpc(there, "10.2.0.0/16")]);
        const vpcs = [own.vpcId, theirs.vpcId];
        const withGroup = (program = "") =>
            program.replace(
                '.require("vpcId"))',
                '.require("vpcId"), { securityGroups: [config.require("groupId")] })',
            );
        const [requesting] = programsOf("docs/package/another-owner-accepts.md");
        const [accepting] = programsOf("docs/package/another-owner-requests.md");
        // Both sides ask, so that both have rules, and both have the DNS option.
        const requester = await project(
            "requester",
            withGroup(requesting).replace('requestsFrom: "requester",', "dnsResolution: true,"),
            {
                vpcId: own.vpcId,
                groupId: own.groupId,
                supplierVpcId: theirs.vpcId,
                supplierAccountId: partner.account,
                supplierGroupId: theirs.groupId,
            },
        );
        assert.equal((await requester.updated<{ status: string }>()).status, "pending-acceptance");
        const Filters = [{ Name: "requester-vpc-info.vpc-id", Values: [own.vpcId] }];
        const { VpcPeeringConnections: [request] = [] } = await home.describeVpcPeeringConnections({ Filters });
        const accepter = await project(
            "accepter",
            withGroup(accepting)
                .replace('"database"', '"supplier"')
                .replace("192.168.248.0/21", "10.1.0.0/16")
                .replace('requestsFrom: "accepter",', 'ports: ["tcp/80"], tags: config.getObject("tags") ?? {},'),
            {
                requestId: request?.VpcPeeringConnectionId ?? "",
                vendorVpcId: own.vpcId,
                vendorAccountId: request?.RequesterVpcInfo?.OwnerId ?? "",
                vpcId: theirs.vpcId,
                groupId: theirs.groupId,
                "tags.team": "network",
                "aws:accessKey": await partner.key(),
                "aws:secretKey": "test",
            },
        );
        assert.equal((await accepter.updated<{ status: string }>()).status, "active");
        assert.equal((await accepter.pulumi("config", "rm", "tags")).code, 0);
        await accepter.updated();
        assert.equal((await requester.updated<{ status: string }>()).status, "active");
        await accepter.destroy();
        await requester.destroy();

        const questions = new Questions();
        await Promise.all(
            [home, there].map(async (api) => {
                const { RouteTables = [] } = await api.describeRouteTables({
                    Filters: [{ Name: "vpc-id", Values: vpcs }],
                });
                for (const { RouteTableId = "", VpcId = "" } of RouteTables) {
                    questions.learn(RouteTableId, VpcId);
                }
            }),
        );
        const all = asked(questions);
        const halves = policiesOf("docs/package/permissions.md");
        const accounts = [request?.RequesterVpcInfo?.OwnerId, partner.account];
        // A connection that is replaced takes its routes along, which the lab's stages show, and the accepter's tags are changed above.
        const uncalled = [["ec2:DeleteTags", "ec2:ReplaceRoute"], ["ec2:ReplaceRoute"]];
        accounts.forEach((account, index) => {
            // The page's VPCs are examples.
            const half = JSON.stringify(halves[index])
                .replaceAll(
                    "ap-northeast-2:111111111111:vpc/vpc-0123456789abcdef0",
                    `${region}:${accounts[0] ?? ""}:vpc/${own.vpcId}`,
                )
                .replaceAll("vpc-0fedcba9876543210", theirs.vpcId);
            assertExact(
                JSON.parse(half) as Statement[],
                all.filter((one) => one.account === account),
                uncalled[index],
            );
        });
    });
});
