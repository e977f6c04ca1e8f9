import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { EC2 } from "@aws-sdk/client-ec2";
import { project, type Stack } from "./pulumi.ts";

// `region` as an argument of resources and questions, as the vendor's plugin takes it since version 7: the first example of Pulumi's
// guide "Enhanced Region Support", a peering across regions through one provider. Runs inside a sandbox.

const endpoint = process.env["AWS_ENDPOINT_URL"] ?? "";
const home = process.env["AWS_REGION"] ?? "";

const withPeer = (region: string) => `
import * as aws from "@pulumi/aws";

const main = new aws.ec2.Vpc("main", { cidrBlock: "10.1.0.0/16" });
const peer = new aws.ec2.Vpc("peer", { region: "${region}", cidrBlock: "10.2.0.0/16" });
const request = new aws.ec2.VpcPeeringConnection(
    "request",
    { vpcId: main.id, peerVpcId: peer.id, peerRegion: "${region}", autoAccept: false },
    { deleteBeforeReplace: true },
);
const accepter = new aws.ec2.VpcPeeringConnectionAccepter("accepter", {
    region: "${region}",
    vpcPeeringConnectionId: request.id,
    autoAccept: true,
});
export const regions = [main.region, peer.region, request.region, accepter.region];
export const connectionId = request.id;
export const peerId = peer.id;
export const found = peer.id.apply((id) => aws.ec2.getVpc({ id, region: "${region}" })).cidrBlock;
export const zones = aws.getAvailabilityZones({ region: "${region}" }).then(({ names, region }) => [region, names[0]]);
`;

interface Outputs {
    readonly regions: string[];
    readonly connectionId: string;
    readonly peerId: string;
    readonly found: string;
    readonly zones: string[];
}

/** The blocks of the VPCs of a region that somebody made. */
async function blocksIn(region: string): Promise<(string | undefined)[]> {
    const { Vpcs = [] } = await new EC2({ endpoint, region }).describeVpcs();
    return Vpcs.filter(({ IsDefault }) => !IsDefault).map(({ CidrBlock }) => CidrBlock);
}

describe("resources with a region of their own", () => {
    let stack: Stack;
    let outputs: Outputs;

    const write = (program: string) => {
        writeFileSync(join(stack.folder, "index.ts"), program);
    };

    /** Asserts that nothing changes, whether or not AWS is asked. */
    async function settles(): Promise<void> {
        for (const refresh of [[], ["--refresh"]]) {
            const { code, text } = await stack.pulumi("preview", "--expect-no-changes", "--diff", ...refresh);
            assert.equal(code, 0, text);
        }
    }

    before(async () => {
        stack = await project("guide", withPeer("us-west-2"), {});
    });

    after(() => stack.destroy());

    it("are made, found and kept there, through one provider", async () => {
        outputs = await stack.updated<Outputs>();
        assert.deepEqual(outputs.regions, [home, "us-west-2", home, "us-west-2"]);
        assert.equal(outputs.found, "10.2.0.0/16");
        assert.deepEqual(outputs.zones, ["us-west-2", "us-west-2a"]);
        assert.deepEqual([await blocksIn(home), await blocksIn("us-west-2")], [["10.1.0.0/16"], ["10.2.0.0/16"]]);
        const ids = { VpcPeeringConnectionIds: [outputs.connectionId] };
        for (const region of [home, "us-west-2"]) {
            const { VpcPeeringConnections = [] } = await new EC2({ endpoint, region }).describeVpcPeeringConnections(
                ids,
            );
            assert.equal(VpcPeeringConnections[0]?.Status?.Code, "active");
        }
        await settles();
    });

    it("are replaced when their region changes", async () => {
        const before = outputs;
        write(withPeer("us-east-1"));
        const plan = await stack.plan();
        assert.ok(
            plan.some((step) => /^(create-)?replace(ment)? .* peer$/.test(step)),
            plan.join("\n"),
        );
        outputs = await stack.updated<Outputs>();
        assert.notEqual(outputs.peerId, before.peerId);
        assert.deepEqual(
            [await blocksIn(home), await blocksIn("us-west-2"), await blocksIn("us-east-1")],
            [["10.1.0.0/16"], [], ["10.2.0.0/16"]],
        );
        await settles();
    });

    it("are taken over by an id that names the region, and read by one", async () => {
        const { Vpc } = await new EC2({ endpoint, region: "eu-west-1" }).createVpc({ CidrBlock: "10.9.0.0/16" });
        const id = Vpc?.VpcId ?? "";
        const imported = await stack.pulumi(
            ...["import", "aws:ec2/vpc:Vpc", "taken", `${id}@eu-west-1`],
            ...["--yes", "--skip-preview", "--protect=false", "--generate-code=false"],
        );
        assert.equal(imported.code, 0, imported.text);
        const more = `new aws.ec2.Vpc("taken", { region: "eu-west-1", cidrBlock: "10.9.0.0/16" });
export const read = aws.ec2.Vpc.get("read", "${id}@eu-west-1").cidrBlock;`;
        write(`${withPeer("us-east-1")}\n${more}`);
        const plan = (await stack.plan()).filter((step) => !step.startsWith("read "));
        assert.deepEqual(plan, []);
        assert.equal((await stack.updated<{ read: string }>()).read, "10.9.0.0/16");
        write(withPeer("us-east-1"));
        await stack.updated();
        assert.deepEqual(await blocksIn("eu-west-1"), []);
    });

    it("are refused in another partition than their provider's, in the preview", async () => {
        write(withPeer("cn-north-1"));
        const { code, text } = await stack.pulumi("preview");
        assert.notEqual(code, 0);
        assert.match(text, /partition \(aws-cn\) for per-resource Region \(cn-north-1\) is not the provider's/);
    });

    it("leave nothing behind in any region", async () => {
        write(withPeer("us-east-1"));
        await stack.destroy();
        const regions = [home, "us-west-2", "us-east-1", "eu-west-1"];
        assert.deepEqual((await Promise.all(regions.map(blocksIn))).flat(), []);
    });
});

const withComponent = (vpcRegion: string, sideRegion: string) => `
import * as aws from "@pulumi/aws";
import { VpcPeering } from "pulumi-vpc-peering";

const near = new aws.ec2.Vpc("near", { cidrBlock: "10.1.0.0/16" });
const nearTable = new aws.ec2.RouteTable("near", { vpcId: near.id });
const region = "${vpcRegion}";
const far = new aws.ec2.Vpc("far", { region, cidrBlock: "10.2.0.0/16" });
const farTable = new aws.ec2.RouteTable("far", { region, vpcId: far.id });
const peering = new VpcPeering("own", {
    requester: { vpcId: near.id, cidrBlocks: ["10.1.0.0/16"], routeTables: { main: nearTable.id } },
    accepter: { vpcId: far.id, cidrBlocks: ["10.2.0.0/16"], routeTables: { main: farTable.id }, region: "${sideRegion}" },
});
export const connectionId = peering.connectionId;
export const status = peering.status;
export const farId = far.id;
`;

interface Peered {
    readonly connectionId: string;
    readonly status: object;
    readonly farId: string;
}

describe("a VpcPeering whose accepter's VPC moves to another region", () => {
    const active = { requester: "active", accepter: "active" };
    let stack: Stack;
    let before_: Peered;

    const write = (program: string) => {
        writeFileSync(join(stack.folder, "index.ts"), program);
    };

    before(async () => {
        stack = await project("moving", withComponent("us-west-2", "us-west-2"), {});
        before_ = await stack.updated<Peered>();
        assert.deepEqual(before_.status, active);
    });

    after(() => stack.destroy());

    it("keeps its connection as long as the VPC is not seen in the new one", async () => {
        write(withComponent("us-west-2", "us-east-1"));
        for (const { code, text } of [await stack.pulumi("preview"), await stack.up()]) {
            assert.notEqual(code, 0);
            assert.match(text, /accepter\.vpcId = "vpc-\w+": is no VPC in us-east-1[,;] /);
        }
        const { VpcPeeringConnections = [] } = await new EC2({ endpoint, region: home }).describeVpcPeeringConnections({
            VpcPeeringConnectionIds: [before_.connectionId],
        });
        assert.equal(VpcPeeringConnections[0]?.Status?.Code, "active");
    });

    it("peers the new VPC there, and leaves nothing of the old one", async () => {
        write(withComponent("us-east-1", "us-east-1"));
        const now = await stack.updated<Peered>();
        assert.deepEqual(now.status, active);
        assert.notEqual(now.farId, before_.farId);
        assert.deepEqual([await blocksIn("us-west-2"), await blocksIn("us-east-1")], [[], ["10.2.0.0/16"]]);
        assert.deepEqual(await stack.plan(), []);
    });
});

const withNames = (seconds: number) => `
import * as aws from "@pulumi/aws";
import { VpcPeering } from "pulumi-vpc-peering";

const region = "us-west-2";
const names = { enableDnsSupport: true, enableDnsHostnames: true };
const near = new aws.ec2.Vpc("near", { cidrBlock: "10.1.0.0/16", ...names });
const far = new aws.ec2.Vpc("far", { region, cidrBlock: "10.2.0.0/16", ...names });
const peering = new VpcPeering("named", {
    requester: { vpcId: near.id, cidrBlocks: ["10.1.0.0/16"] },
    accepter: { vpcId: far.id, cidrBlocks: ["10.2.0.0/16"], region },
    dnsResolution: true,
    tags: { "vpc-peering-lab:provisioning-seconds": "${seconds}" },
});
export const connectionId = peering.connectionId;
export const status = peering.status;
`;

describe("a connection that its requester sees active later than its accepter", () => {
    it("gets the DNS option of both sides, in one update", async () => {
        const stack = await project("named", withNames(8), {});
        try {
            const { connectionId, status } = await stack.updated<Peered>();
            assert.deepEqual(status, { requester: "active", accepter: "active" });
            const ids = { VpcPeeringConnectionIds: [connectionId] };
            const { VpcPeeringConnections: [one] = [] } = await new EC2({
                endpoint,
                region: home,
            }).describeVpcPeeringConnections(ids);
            assert.equal(one?.RequesterVpcInfo?.PeeringOptions?.AllowDnsResolutionFromRemoteVpc, true);
            assert.deepEqual(await stack.plan(), []);
        } finally {
            await stack.destroy();
        }
    });
});
