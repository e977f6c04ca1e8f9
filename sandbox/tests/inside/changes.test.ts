import assert from "node:assert/strict";
import { DescribeVpcsCommand, EC2Client } from "@aws-sdk/client-ec2";
import { inventory } from "../../lab/inventory.ts";
import { Stack } from "./pulumi.ts";

// Settings changes on a deployed stack that replace resources in use. Runs inside a sandbox with the real engine.

interface SideOutputs {
    readonly vpcId: string;
    readonly securityGroupId: string;
    readonly privateIp: string;
}

interface Outputs {
    readonly requester: SideOutputs;
    readonly accepter: SideOutputs;
    readonly checkResults: readonly { readonly seen: { readonly icmp: string; readonly http: string } }[];
}

const endpoint = process.env["AWS_ENDPOINT_URL"] ?? "";
const home = process.env["AWS_REGION"] ?? "";
const away = "us-east-1";

async function blocksIn(region: string): Promise<string[]> {
    const { Vpcs = [] } = await new EC2Client({ endpoint, region }).send(new DescribeVpcsCommand());
    return Vpcs.filter(({ IsDefault }) => !IsDefault)
        .map(({ CidrBlock = "" }) => CidrBlock)
        .sort();
}

describe("a deployed stack", () => {
    const stack = new Stack();
    let outputs: Outputs;

    /** Changes settings and updates the stack. It must be reachable afterwards, without pending changes. */
    async function changed(settings: Readonly<Record<string, string>>): Promise<void> {
        await stack.set(settings);
        outputs = await stack.updated<Outputs>();
        assert.deepEqual(
            outputs.checkResults.map(({ seen }) => `${seen.icmp}/${seen.http}`),
            ["reply/page", "reply/page"],
        );
        assert.deepEqual(await stack.plan(), []);
    }

    before(() => changed({ peering: "true" }));

    it("moves a VPC to another block, and renames the other side's group while its server uses it", async () => {
        const before = outputs;
        await changed({
            "requester.cidrBlock": "10.45.0.0/16",
            "requester.subnetCidrBlock": "10.45.1.0/24",
            "requester.privateIp": "10.45.1.100",
            "accepter.label": "Green",
        });
        assert.notEqual(outputs.requester.vpcId, before.requester.vpcId);
        assert.equal(outputs.requester.privateIp, "10.45.1.100");
        assert.equal(outputs.accepter.vpcId, before.accepter.vpcId);
        assert.notEqual(outputs.accepter.securityGroupId, before.accepter.securityGroupId);
        assert.deepEqual(await blocksIn(home), ["10.42.0.0/16", "10.45.0.0/16"]);
    });

    it("moves both sides with the default region, and back", async () => {
        const before = outputs;
        await changed({ "aws:region": away });
        assert.deepEqual([await blocksIn(home), await blocksIn(away)], [[], ["10.42.0.0/16", "10.45.0.0/16"]]);
        await changed({ "aws:region": home });
        assert.deepEqual([await blocksIn(home), await blocksIn(away)], [["10.42.0.0/16", "10.45.0.0/16"], []]);
        assert.notEqual(outputs.requester.vpcId, before.requester.vpcId);
    });

    it("replaces nothing when a side's region is said for the first time", async () => {
        const before = outputs;
        await changed({ "accepter.region": home });
        assert.deepEqual(outputs.accepter.vpcId, before.accepter.vpcId);
    });

    it("grows a subnet's block over the old one, and moves the other side to another region", async () => {
        const { vpcId } = outputs.requester;
        await changed({ "requester.subnetCidrBlock": "10.45.0.0/20", "accepter.region": away });
        assert.equal(outputs.requester.vpcId, vpcId);
        assert.deepEqual([await blocksIn(home), await blocksIn(away)], [["10.45.0.0/16"], ["10.42.0.0/16"]]);
    });

    it("stays in its regions if it may not use another, and reports why", async () => {
        await stack.set({ "accepter.region": "eu-west-1", "accepter.accountId": "333333333333" });
        const { code, text } = await stack.up();
        assert.notEqual(code, 0);
        assert.match(
            text,
            /accepter.accountId = "333333333333": is declared, but the accepter's provider leads to \d{12};/,
        );
        assert.deepEqual([await blocksIn(home), await blocksIn(away)], [["10.45.0.0/16"], ["10.42.0.0/16"]]);
    });

    it("leaves nothing behind in either region, even where the default one is set to another by then", async () => {
        await stack.set({ "aws:region": "eu-west-1" });
        await stack.destroy();
        assert.deepEqual([await inventory(endpoint, home), await inventory(endpoint, away)], [[], []]);
    });
});
