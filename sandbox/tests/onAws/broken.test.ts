import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { DeleteRouteCommand, DescribeRouteTablesCommand, EC2Client } from "@aws-sdk/client-ec2";
import { denied } from "../faults/faultyApi.ts";
import { actsUntil, OnAws } from "./run.ts";

// What goes wrong at AWS in the middle of a run. Runs inside a sandbox with the real engine.

const ec2 = new EC2Client({});

describe("on AWS", () => {
    it("a check that fails ends the run, which destroys and reports why", async () => {
        const onAws = await OnAws.start();
        const held = onAws.api.hold("ModifyVpcPeeringConnectionOptions");
        const run = onAws.begin();
        await run.says(/lab-peering-accepter-public/);
        const { release } = await held;
        const filter = { Name: "tag:Name", Values: ["ljhOnAwsVPCPeering-RT2"] };
        const { RouteTables } = await ec2.send(new DescribeRouteTablesCommand({ Filters: [filter] }));
        const RouteTableId = RouteTables?.[0]?.RouteTableId;
        await ec2.send(new DeleteRouteCommand({ RouteTableId, DestinationCidrBlock: "10.41.0.0/16" }));
        release();
        const { code, text } = await run.ended;
        assert.equal(code, 1, text);
        await onAws.isGone();
        const { acts: played, left, proven } = onAws.report();
        assert.equal(proven, false);
        assert.deepEqual(left, []);
        assert.deepEqual(
            played.map(({ name }) => name),
            actsUntil("peering"),
        );
        assert.match(played[1]?.errors.join("\n") ?? "", /icmp: expected reply, seen none/);
    });

    it("credentials that AWS takes no more keep the state, and a run with new ones destroys", async () => {
        const onAws = await OnAws.start();
        const held = onAws.api.hold("RunInstances");
        const run = onAws.begin();
        const { release } = await held;
        onAws.api.failure = denied;
        release();
        const { code, text } = await run.ended;
        assert.equal(code, 1, text);
        assert.match(text, /Left in the account: unknown.*run this again/);
        assert.ok(existsSync(onAws.folder));
        assert.equal(onAws.report().left, undefined);
        onAws.api.failure = undefined;
        const second = await onAws.begin().ended;
        assert.equal(second.code, 1, second.text);
        await onAws.isGone();
        assert.deepEqual(onAws.report().left, []);
    });

    it("a second run beside one that goes on is refused, with the command that ends it", async () => {
        const onAws = await OnAws.start();
        const held = onAws.api.hold("CreateVpc");
        const run = onAws.begin();
        const { release } = await held;
        const second = await onAws.begin().ended;
        assert.equal(second.code, 2, second.text);
        const [, command = ""] = /'(kill -INT \d+)'/.exec(second.text) ?? [];
        execFileSync("bash", ["-c", command]);
        release();
        assert.equal((await run.ended).code, 1);
        await onAws.isGone();
    });
});
