import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { EC2Client, paginateDescribeTags } from "@aws-sdk/client-ec2";
import { inventory } from "../../lab/inventory.ts";
import { allows, list, statementsOf } from "../world/policies.ts";
import { asked, assertExact, explaining, policiesOf } from "./asked.ts";
import { run, Stack } from "./pulumi.ts";

// The lab's own policy, and its program with the real engine. Runs inside a sandbox.

const endpoint = process.env["AWS_ENDPOINT_URL"] ?? "";
const region = process.env["AWS_REGION"] ?? "";

/**
 * What nothing here calls: what GuardDuty has put into a VPC keeps AWS from deleting it, and is removed then. Read in the source of
 * terraform-provider-aws: "r/aws_vpc, r/aws_subnet: Add GuardDuty managed resource cleanup on destroy", of version 6.
 */
const ofVersion6 = ["ec2:DeleteVpcEndpoints", "ec2:DescribeVpcEndpoints", "ec2:ModifyVpcEndpoint"];

describe("docs/iam-policy.json", () => {
    const stack = new Stack();
    const statements = statementsOf(readFileSync("docs/iam-policy.json", "utf8"));

    it("has conditions that match the names of what the program creates", async () => {
        await stack.set({ "aws:defaultTags.tags.project": "vpc-peering-lab", "aws:defaultTags.tags.season": "spring" });
        await stack.updated();
        await stack.set({
            "aws:defaultTags.tags.season": "summer",
            peering: "true",
            "tags.team": "network",
            "requester.secondaryCidrBlocks[0]": "10.50.0.0/16",
        });
        await stack.updated();
        const names = new Map<string | undefined, string | undefined>();
        for await (const { Tags = [] } of paginateDescribeTags(
            { client: new EC2Client({ endpoint, region }) },
            { Filters: [{ Name: "key", Values: ["Name"] }] },
        )) {
            Tags.forEach(({ ResourceId, Value }) => names.set(ResourceId, Value));
        }
        const patterns = new Set(
            statements.flatMap(({ Condition }) => Object.values(Condition?.["StringLike"] ?? {}).flatMap(list)),
        );
        assert.deepEqual([...patterns], ["ljh*"]);
        const made = (await inventory(endpoint, region)).map((item) => item.split(" ").at(-1) ?? "");
        // Key pairs, network interfaces and volumes have no names, and every VPC has a route table and a group of its own.
        const named = made.filter((id) => /^(vpc|subnet|igw|i|pcx)-/.test(id));
        assert.equal(named.length, 9);
        for (const id of [...named, ...made.filter((one) => names.has(one))]) {
            assert.match(names.get(id) ?? "", /^ljh/, id);
        }
    });

    it("allows what the program calls from the first update to the last, and nothing else", async () => {
        const explained = await run("npm", ["run", "explain", "--", "requester", "accepter"], undefined, {
            AWS_SDK_UA_APP_ID: explaining,
        });
        assert.match(explained.text, /ljh/);
        await stack.set({
            "accepter.roleArn": "arn:aws:iam::222222222222:role/peering",
            "accepter.region": "us-east-1",
            dnsResolution: "false",
            "requester.instanceType": "t3.small",
        });
        assert.equal((await stack.pulumi("config", "rm", "tags")).code, 0);
        assert.equal((await stack.pulumi("config", "rm", "--path", "requester.secondaryCidrBlocks")).code, 0);
        await stack.updated();
        assert.equal((await stack.pulumi("config", "rm", "--path", "accepter.region")).code, 0);
        await stack.set({ "requester.label": "Blue", ingressFrom: "group" });
        await stack.updated();
        assert.equal((await stack.pulumi("refresh", "--yes", "--skip-preview")).code, 0);
        await stack.destroy();
        const [, ofDefaultTags = []] = policiesOf("docs/permissions.md");
        assertExact([...statements, ...ofDefaultTags], asked(), ofVersion6);
        const ofTags = asked().filter((question) => !allows(statements, question));
        const what = ofTags.map(({ action, resource }) => `${action} ${resource.replace(/^.*:(.+)\/.*$/, "$1")}`);
        assert.ok(what.length > 0);
        assert.deepEqual(
            what.filter((one) => !/^ec2:(Create|Delete)Tags volume$/.test(one)),
            [],
        );
    });
});
