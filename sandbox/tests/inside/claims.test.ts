import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { answers, home, makeVpc, serve, type Served } from "./pages/vpcs.ts";
import { project, type Stack } from "./pulumi.ts";
import type { Side } from "../world/side.ts";

// Two peerings of one program that want the same route. Runs inside a sandbox with the real engine.

const block = "100.64.0.0/16";

const head = `
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { VpcPeering } from "pulumi-vpc-peering";

const config = new pulumi.Config();
type Side = { vpcId: string; tableId: string; groupId: string };
const [hubVpc, a, b] = config.requireObject<Side[]>("sides");
const hub = {
    vpcId: hubVpc.vpcId,
    cidrBlocks: ["10.1.0.0/16"],
    routeTables: { hub: hubVpc.tableId },
    securityGroups: { web: hubVpc.groupId },
};
const spoke = (name: string, { vpcId, tableId, groupId }: Side, more = {}) =>
    new VpcPeering(name, {
        requester: {
            ...{ vpcId, cidrBlocks: ["${block}"], routeTables: [tableId], securityGroups: [groupId] },
            ...more,
        },
        accepter: hub,
        ports: ["tcp/80"],
    });
`;

/** A program whose hub, its table and all else are yet to be made. */
const unmade = `
import * as aws from "@pulumi/aws";
import { VpcPeering } from "pulumi-vpc-peering";

const hub = new aws.ec2.Vpc("hub", { cidrBlock: "10.9.0.0/16" });
const table = new aws.ec2.RouteTable("hub", { vpcId: hub.id });
for (const name of ["a", "b"]) {
    const vpc = new aws.ec2.Vpc(name, { cidrBlock: "${block}" });
    new VpcPeering(name, {
        requester: { vpcId: vpc.id, cidrBlocks: ["${block}"], routeTables: { main: vpc.mainRouteTableId } },
        accepter: { vpcId: hub.id, cidrBlocks: ["10.9.0.0/16"], routeTables: { hub: table.id } },
    });
}
`;

describe("two peerings of one program that want the same route", () => {
    let hub: Served;
    let first: Served;
    let second: Side;
    let stack: Stack;

    const write = (program: string) => {
        writeFileSync(join(stack.folder, "index.ts"), program);
    };
    const connections = async () =>
        (await home.describeVpcPeeringConnections({})).VpcPeeringConnections?.map(({ Status }) => Status?.Code);
    const refused = async () => {
        const before = await connections();
        for (const { code, text } of [await stack.pulumi("preview"), await stack.up()]) {
            assert.notEqual(code, 0);
            assert.match(
                text,
                /VpcPeering [ab] has \d problems?; no connection was requested:\s+accepter\.routeTables\.hub( = "rtb-\w+")?: has a route to 100\.64\.0\.0\/16, .* by VpcPeering [ab] \(accepter\.routeTables\.hub\) already; give each of the two a part of its own in requester\.routedCidrBlocks/,
            );
        }
        return [before, await connections()];
    };

    before(async () => {
        [hub, first, second] = await Promise.all([
            serve(home, "10.1.0.0/16"),
            serve(home, block),
            makeVpc(home, block),
        ]);
        stack = await project("claims", unmade, {});
        for (const [index, { vpcId, tableId, groupId }] of [hub, first, second].entries()) {
            for (const [key, value] of Object.entries({ vpcId, tableId, groupId })) {
                assert.equal((await stack.pulumi("config", "set", "--path", `sides[${index}].${key}`, value)).code, 0);
            }
        }
    });

    it("are refused in the preview, where nothing has an id yet", async () => {
        const { code, text } = await stack.pulumi("preview");
        assert.notEqual(code, 0);
        assert.match(text, /accepter\.routeTables\.hub: has a route to 100\.64\.0\.0\/16,/);
    });

    it("are refused in the preview and in an update, with a remedy that works", async () => {
        write(`${head}spoke("a", a);\nspoke("b", b);\n`);
        const [before, after] = await refused();
        // One of the two may be requested by an update without preview, the other not.
        assert.ok((after?.length ?? 0) - (before?.length ?? 0) <= 1);
        write(
            `${head}spoke("a", a, { routedCidrBlocks: ["100.64.1.0/24"] });\nspoke("b", b, { routedCidrBlocks: ["100.64.2.0/24"] });\n`,
        );
        await stack.updated();
        await answers(hub, first, true);
        assert.deepEqual(await stack.plan(), []);
    });

    it("take one another's route over, when one gives it up in the same update", async () => {
        write(`${head}spoke("a", a);\nspoke("b", b, { routedCidrBlocks: ["100.64.2.0/24"] });\n`);
        await stack.updated();
        write(`${head}spoke("a", a, { routedCidrBlocks: ["100.64.1.0/24"] });\nspoke("b", b);\n`);
        await stack.updated();
        await answers(hub, first, true);
        assert.deepEqual(await stack.plan(), []);
    });

    it("take a spoke's place with the same block, and give it back", async () => {
        write(`${head}spoke("b", b);\n`);
        await stack.updated();
        await answers(hub, first, false);
        write(`${head}spoke("a", a);\n`);
        await stack.updated();
        await answers(hub, first, true);
        assert.deepEqual(await stack.plan(), []);
        await stack.destroy();
    });
});
