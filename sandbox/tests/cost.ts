import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";
import type { EC2 } from "@aws-sdk/client-ec2";
import { readLive } from "../../reachability/read.ts";
import { makeMachine, makeSide, type Side } from "./world/side.ts";
import { World } from "./world/world.ts";

/** The times in ms of changes, each until packets obey. */
interface Times {
    readonly route: readonly number[];
    readonly peer: readonly number[];
}

// What a change costs must not grow with the number of VPCs in the account. `npm run test:cost`, on an otherwise idle machine.
describe("The cost of a change", function () {
    // moto may have to be installed first.
    this.timeout(600_000);
    let world: World;
    let one: Side;
    let VpcPeeringConnectionId: string;

    before(async () => {
        world = await World.start("a network without web servers");
        one = await makeServer(world.api, 100);
        VpcPeeringConnectionId = await makePeer(101);
    });

    after(() => {
        world.stop();
    });

    async function makeServer(api: EC2, number: number): Promise<Side> {
        const side = await makeSide(api, `10.${number}.0.0/16`, "own");
        await makeMachine(api, side, `10.${number}.1.100`);
        return side;
    }

    /** Makes a VPC with a server, peers it with the first one and adds the routes. */
    async function makePeer(number: number): Promise<string> {
        const side = await makeServer(world.api, number);
        const asked = await world.api.createVpcPeeringConnection({ VpcId: one.vpcId, PeerVpcId: side.vpcId });
        const id = asked.VpcPeeringConnection?.VpcPeeringConnectionId ?? "";
        const route = { VpcPeeringConnectionId: id };
        await world.api.acceptVpcPeeringConnection(route);
        const there = `10.${number}.0.0/16`;
        await world.api.createRoute({ ...route, RouteTableId: one.tableId, DestinationCidrBlock: there });
        await world.api.createRoute({ ...route, RouteTableId: side.tableId, DestinationCidrBlock: "10.100.0.0/16" });
        return id;
    }

    async function measure(first: number): Promise<Times> {
        const route = { RouteTableId: one.tableId, DestinationCidrBlock: "192.0.2.0/24" };
        const [routes, peers]: [number[], number[]] = [[], []];
        for (let round = 0; round < 10; round++) {
            routes.push(await timeOf(() => world.api.createRoute({ ...route, VpcPeeringConnectionId })));
            routes.push(await timeOf(() => world.api.deleteRoute(route)));
        }
        for (let number = first; number < first + 3; number++) {
            peers.push(await timeOf(() => makePeer(number)));
        }
        return { route: routes, peer: peers };
    }

    it("is at most 300 ms for what the analysis reads of two VPCs", async () => {
        const times: number[] = [];
        for (let round = 0; round < 10; round++) {
            times.push(await timeOf(() => readLive(world.api, {})));
        }
        console.log(`      reading all of two VPCs ${Math.round(median(times))} ms`);
        assert.ok(median(times) <= 300);
    });

    it("is at most 120 ms for a route and 2 s for a VPC with a server and a peering connection, at 50 VPCs", async () => {
        report("2 VPCs", await measure(102));
        // Without the gateway, and so without a pass for each call.
        await Promise.all(Array.from({ length: 45 }, (_, number) => makeServer(world.bare, number)));
        await world.refresh();
        const { output } = await world.run("ip netns | grep -c ^vpc-");
        assert.equal(output.trim(), "50");
        const times = await measure(110);
        report("50 VPCs", times);
        assert.ok(median(times.route) <= 120, "a route");
        assert.ok(median(times.peer) <= 2000, "a VPC");
    });
});

async function timeOf(action: () => Promise<unknown>): Promise<number> {
    const start = performance.now();
    await action();
    return performance.now() - start;
}

function median(times: readonly number[]): number {
    return [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
}

function report(where: string, { route, peer }: Times): void {
    const text = (times: readonly number[]) => `${Math.round(median(times))} ms`;
    console.log(`      ${where}: a route ${text(route)}, a VPC with a server and a peering connection ${text(peer)}`);
}
