import assert from "node:assert/strict";
import type { EC2 } from "@aws-sdk/client-ec2";
import { region, World } from "./world.ts";

export const otherRegion = "eu-west-1";
export const otherAccount = "210987654321";
/** A VPC and its block. */
export interface Vpc {
    readonly id: string;
    readonly block: string;
}

/** The clients of a lab. */
interface Clients {
    /** The API through the gateway. */
    readonly api: EC2;
    /** The API through the gateway in another region. */
    readonly abroad: EC2;
    /** The API through the gateway for another account. */
    readonly stranger: EC2;
    /** The API without the gateway. */
    readonly bare: EC2;
}

/** moto behind a gateway, without a network, and helpers that create resources. It runs during the tests of a suite. */
export class GatewayLab implements Clients {
    #world: World | undefined;
    #clients: Clients | undefined;
    #blocks = 0;

    /** Starts a lab before the tests of the suite around it, and stops it after them. */
    static ofSuite(): GatewayLab {
        const lab = new GatewayLab();
        before(async function () {
            // moto may have to be installed first.
            this.timeout(600_000);
            await lab.#start();
        });
        after(() => {
            lab.#world?.stop();
        });
        return lab;
    }

    async #start(): Promise<void> {
        const world = await World.start("an API");
        this.#world = world;
        const stranger = world.apiOf(region, await world.keyOf(otherAccount));
        this.#clients = { api: world.api, abroad: world.apiOf(otherRegion), stranger, bare: world.bare };
    }

    get api(): EC2 {
        return this.#running.api;
    }

    get abroad(): EC2 {
        return this.#running.abroad;
    }

    get stranger(): EC2 {
        return this.#running.stranger;
    }

    get bare(): EC2 {
        return this.#running.bare;
    }

    get #running(): Clients {
        assert.ok(this.#clients, "the lab runs during tests only");
        return this.#clients;
    }

    /** Lets days pass for the gateway. */
    async wait(days: number): Promise<void> {
        await this.#world?.wait(days);
    }

    /** Creates a VPC with the given block or a unique one. */
    async makeVpc(on = this.api, CidrBlock = `10.${++this.#blocks}.0.0/16`): Promise<Vpc> {
        const { Vpc } = await on.createVpc({ CidrBlock });
        return { id: Vpc?.VpcId ?? "", block: CidrBlock };
    }

    async makeSubnet({ id, block }: Vpc): Promise<string> {
        const CidrBlock = block.replace(/0\.0\/16$/, "1.0/24");
        const { Subnet } = await this.api.createSubnet({ VpcId: id, CidrBlock });
        return Subnet?.SubnetId ?? "";
    }

    async makeGroup({ id: VpcId }: { id: string }, GroupName = "group"): Promise<string> {
        return (await this.api.createSecurityGroup({ VpcId, GroupName, Description: "group" })).GroupId ?? "";
    }

    async makeTable({ id: VpcId }: { id: string }): Promise<string> {
        return (await this.api.createRouteTable({ VpcId })).RouteTable?.RouteTableId ?? "";
    }

    async makeGateway({ id: VpcId }: { id: string }): Promise<string> {
        const { InternetGateway } = await this.api.createInternetGateway({});
        const InternetGatewayId = InternetGateway?.InternetGatewayId ?? "";
        await this.api.attachInternetGateway({ InternetGatewayId, VpcId });
        return InternetGatewayId;
    }

    async request(VpcId: string, PeerVpcId: string, more: { PeerRegion?: string; PeerOwnerId?: string } = {}) {
        const { VpcPeeringConnection } = await this.api.createVpcPeeringConnection({ VpcId, PeerVpcId, ...more });
        assert.equal(VpcPeeringConnection?.AccepterVpcInfo?.VpcId, PeerVpcId);
        return VpcPeeringConnection.VpcPeeringConnectionId ?? "";
    }

    async peer(one: string, other: string): Promise<string> {
        const VpcPeeringConnectionId = await this.request(one, other);
        await this.api.acceptVpcPeeringConnection({ VpcPeeringConnectionId });
        return VpcPeeringConnectionId;
    }

    async statusOf(id: string, on = this.api): Promise<string | undefined> {
        const { VpcPeeringConnections = [] } = await on.describeVpcPeeringConnections({});
        return VpcPeeringConnections.find(({ VpcPeeringConnectionId }) => VpcPeeringConnectionId === id)?.Status?.Code;
    }

    async statesOf(table: string): Promise<Record<string, string | undefined>> {
        const { RouteTables } = await this.api.describeRouteTables({ RouteTableIds: [table] });
        const routes = RouteTables?.[0]?.Routes ?? [];
        return Object.fromEntries(routes.map(({ DestinationCidrBlock = "", State }) => [DestinationCidrBlock, State]));
    }
}

/** Asserts that a call fails with an EC2 error: a code, a message, a request ID and HTTP status 400. */
export async function refuses(call: Promise<unknown>, code: string, message: RegExp): Promise<void> {
    const error = await call.then(
        () => assert.fail("it was not refused"),
        (error: unknown) => error as Error & { $metadata: { httpStatusCode: number; requestId: string } },
    );
    assert.deepEqual([error.name, error.$metadata.httpStatusCode], [code, 400]);
    assert.match(error.message, message);
    assert.ok(error.$metadata.requestId);
}
