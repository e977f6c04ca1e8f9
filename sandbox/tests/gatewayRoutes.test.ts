import assert from "node:assert/strict";
import { GatewayLab, refuses } from "./world/gatewayLab.ts";

// Calls on routes that AWS refuses, with the error code from the cited page, calls that it allows, and the states of routes.
describe("Gateway, routes", () => {
    const lab = GatewayLab.ofSuite();

    // Amazon VPC User Guide, "Configure route tables"; Amazon EC2 API Reference, "CreateRoute" and "Error codes".
    describe("routes", () => {
        it("can't override the local routes of the VPC's own blocks", async () => {
            const [one, other] = [await lab.makeVpc(), await lab.makeVpc()];
            const second = (await lab.makeVpc()).block;
            await lab.api.associateVpcCidrBlock({ VpcId: one.id, CidrBlock: second });
            const VpcPeeringConnectionId = await lab.peer(one.id, other.id);
            const RouteTableId = await lab.makeTable(one);
            for (const DestinationCidrBlock of [one.block, second, one.block.replace("0.0/16", "1.0/24")]) {
                const route = { RouteTableId, DestinationCidrBlock, VpcPeeringConnectionId };
                const message = /is equal to or more specific than one of this VPC's CIDR blocks/;
                await refuses(lab.api.createRoute(route), "InvalidParameterValue", message);
                await refuses(lab.api.replaceRoute(route), "InvalidParameterValue", message);
            }
            await lab.api.createRoute({ RouteTableId, DestinationCidrBlock: "10.0.0.0/8", VpcPeeringConnectionId });
        });

        it("can target only connections and gateways of the route table's VPC", async () => {
            const [one, other, third] = [await lab.makeVpc(), await lab.makeVpc(), await lab.makeVpc()];
            const VpcPeeringConnectionId = await lab.peer(one.id, other.id);
            const GatewayId = await lab.makeGateway(one);
            const strange = { RouteTableId: await lab.makeTable(third), DestinationCidrBlock: "192.0.2.0/24" };
            const own = { ...strange, RouteTableId: await lab.makeTable(one) };
            const message = /^route table rtb-\w+ and network gateway (pcx|igw)-\w+ belong to different networks$/;
            const byPeering = lab.api.createRoute({ ...strange, VpcPeeringConnectionId });
            await refuses(byPeering, "InvalidParameterValue", message);
            await refuses(lab.api.createRoute({ ...strange, GatewayId }), "InvalidParameterValue", message);
            await lab.api.createRoute({ ...own, VpcPeeringConnectionId });
            await refuses(
                lab.api.createRoute({ ...own, GatewayId }),
                "RouteAlreadyExists",
                /192\.0\.2\.0\/24 already exists/,
            );
            await lab.api.replaceRoute({ ...own, GatewayId });
            await lab.api.deleteRoute(own);
            await lab.api.detachInternetGateway({ InternetGatewayId: GatewayId, VpcId: one.id });
            await refuses(lab.api.createRoute({ ...own, GatewayId }), "InvalidParameterValue", message);
        });

        // Amazon EC2 API Reference, "Route" (state).
        it("are blackholes while their target is not available", async () => {
            const [one, other] = [await lab.makeVpc(), await lab.makeVpc()];
            const RouteTableId = await lab.makeTable(one);
            const GatewayId = await lab.makeGateway(one);
            const VpcPeeringConnectionId = await lab.request(one.id, other.id);
            await lab.api.createRoute({ RouteTableId, DestinationCidrBlock: other.block, VpcPeeringConnectionId });
            await lab.api.createRoute({ RouteTableId, DestinationCidrBlock: "0.0.0.0/0", GatewayId });
            const states = async () => {
                const {
                    [one.block]: local,
                    [other.block]: peering,
                    "0.0.0.0/0": internet,
                } = await lab.statesOf(RouteTableId);
                return { local, peering, internet };
            };
            assert.deepEqual(await states(), { local: "active", peering: "blackhole", internet: "active" });
            await lab.api.acceptVpcPeeringConnection({ VpcPeeringConnectionId });
            await lab.api.detachInternetGateway({ InternetGatewayId: GatewayId, VpcId: one.id });
            assert.deepEqual(await states(), { local: "active", peering: "active", internet: "blackhole" });
            await lab.api.deleteVpcPeeringConnection({ VpcPeeringConnectionId });
            await lab.api.attachInternetGateway({ InternetGatewayId: GatewayId, VpcId: one.id });
            assert.deepEqual(await states(), { local: "active", peering: "blackhole", internet: "active" });
            const { RouteTables } = await lab.api.describeRouteTables({ RouteTableIds: [RouteTableId] });
            assert.deepEqual([RouteTables?.length, RouteTables?.[0]?.VpcId], [1, one.id]);
        });
    });

    // Amazon VPC User Guide, "Amazon VPC quotas" (gateways).
    it("allows a VPC only one internet gateway", async () => {
        const [vpc, other] = [await lab.makeVpc(), await lab.makeVpc()];
        const InternetGatewayId = await lab.makeGateway(vpc);
        await refuses(
            lab.makeGateway(vpc),
            "InvalidParameterValue",
            /^Network vpc-\w+ already has an internet gateway attached$/,
        );
        await lab.makeGateway(other);
        await lab.api.detachInternetGateway({ InternetGatewayId, VpcId: vpc.id });
        await lab.makeGateway(vpc);
    });
});
