import type { EC2, VpcAttributeName } from "@aws-sdk/client-ec2";
import type { Machine, World } from "./world.ts";
import { permit, type Undo } from "./networkLab.ts";
import { makeMachine, makeSide, type Side } from "./side.ts";

/** A side with its block and a client for its account and region. */
export interface Placed extends Side {
    readonly api: EC2;
    readonly block: string;
    readonly region: string;
    readonly account: string;
    readonly machine: Machine;
    /** Public DNS name of its machine. */
    readonly name: string;
}

const home = { region: "ap-northeast-2", account: "123456789012" } as const;
const otherAccount = "222222222222";

/** The peering connection of a side with the first side. */
interface Connection {
    readonly id: string;
    readonly peer: Placed;
}

/**
 * A VPC that is peered with three others, with routes and rules that allow all traffic: a near one, one in a far region and
 * one in a foreign account. A stranger in the far region has the first VPC's block and is not peered. Methods return a
 * function that undoes them.
 */
export class PlacesLab {
    readonly one: Placed;
    readonly near: Placed;
    readonly far: Placed;
    readonly foreign: Placed;
    readonly stranger: Placed;
    readonly #connections = new Map<Placed, Connection>();

    constructor(sides: Readonly<Record<"one" | "near" | "far" | "foreign" | "stranger", Placed>>) {
        ({ one: this.one, near: this.near, far: this.far, foreign: this.foreign, stranger: this.stranger } = sides);
    }

    static async make(world: World): Promise<PlacesLab> {
        const far = { ...home, region: "us-east-1" };
        const foreign = { ...home, account: otherAccount };
        const key = await world.keyOf(otherAccount);
        const [one, near, away, other, stranger] = await Promise.all([
            place(world.api, "10.41.0.0/16", home),
            place(world.api, "10.42.0.0/16", home),
            place(world.apiOf(far.region), "10.43.0.0/16", far),
            place(world.apiOf(home.region, key), "10.44.0.0/16", foreign),
            place(world.apiOf(far.region), "10.41.0.0/16", far),
        ]);
        const lab = new PlacesLab({ one, near, far: away, foreign: other, stranger });
        await Promise.all([near, away, other].map((peer) => lab.connect(peer)));
        return lab;
    }

    /** Requests a connection from the first side to a peer, accepts it and adds its routes. */
    async connect(peer: Placed, accept = true): Promise<Undo> {
        const { VpcPeeringConnection } = await this.one.api.createVpcPeeringConnection({
            VpcId: this.one.vpcId,
            PeerVpcId: peer.vpcId,
            PeerRegion: peer.region,
            PeerOwnerId: peer.account,
        });
        const id = VpcPeeringConnection?.VpcPeeringConnectionId ?? "";
        this.#connections.set(peer, { id, peer });
        if (accept) {
            await peer.api.acceptVpcPeeringConnection({ VpcPeeringConnectionId: id });
        }
        await Promise.all([this.#route(this.one, peer.block, id), this.#route(peer, this.one.block, id)]);
        return () => this.disconnect(peer);
    }

    /** Deletes a connection from the peer's side, and its routes. */
    async disconnect(peer: Placed): Promise<Undo> {
        await Promise.all([this.unroute(this.one, peer), this.unroute(peer, this.one)]);
        await peer.api.deleteVpcPeeringConnection({ VpcPeeringConnectionId: this.idOf(peer) });
        return () => this.connect(peer);
    }

    /** Deletes a connection and its routes, and leaves a new request pending. */
    async leavePending(peer: Placed): Promise<Undo> {
        await this.disconnect(peer);
        await this.connect(peer, false);
        return async () => {
            await this.disconnect(peer);
            await this.connect(peer);
        };
    }

    /** Deletes a connection and rejects a new request. */
    async beRejected(peer: Placed): Promise<Undo> {
        await this.disconnect(peer);
        await this.connect(peer, false);
        await peer.api.rejectVpcPeeringConnection({ VpcPeeringConnectionId: this.idOf(peer) });
        return async () => {
            await Promise.all([this.unroute(this.one, peer), this.unroute(peer, this.one)]);
            await this.connect(peer);
        };
    }

    idOf(peer: Placed): string {
        return this.#connections.get(peer)?.id ?? "";
    }

    async #route({ api, tableId }: Placed, DestinationCidrBlock: string, VpcPeeringConnectionId: string) {
        await api.createRoute({ RouteTableId: tableId, DestinationCidrBlock, VpcPeeringConnectionId });
    }

    /** Deletes a side's route to another. */
    async unroute(side: Placed, to: Placed): Promise<Undo> {
        await side.api.deleteRoute({ RouteTableId: side.tableId, DestinationCidrBlock: to.block });
        return () => this.#route(side, to.block, this.idOf(side === this.one ? to : side));
    }

    /** Turns on DNS resolution for a connection on the given sides. */
    async resolve(peer: Placed, ...at: ("Requester" | "Accepter")[]): Promise<Undo> {
        const set = (end: "Requester" | "Accepter", on: boolean) =>
            (end === "Requester" ? this.one : peer).api.modifyVpcPeeringConnectionOptions({
                VpcPeeringConnectionId: this.idOf(peer),
                [`${end}PeeringConnectionOptions`]: { AllowDnsResolutionFromRemoteVpc: on },
            });
        await Promise.all(at.map((end) => set(end, true)));
        return () => Promise.all(at.map((end) => set(end, false)));
    }

    /** Turns off a DNS attribute of a VPC. */
    async turnOff(side: Placed, attribute: VpcAttributeName): Promise<Undo> {
        const key = attribute === "enableDnsSupport" ? "EnableDnsSupport" : "EnableDnsHostnames";
        const set = (Value: boolean) => side.api.modifyVpcAttribute({ VpcId: side.vpcId, [key]: { Value } });
        await set(false);
        return () => set(true);
    }

    /** Adds a block with a machine to a side's VPC and, if `routed`, a route to it from the first side. */
    async extend(side: Placed, CidrBlock: string, routed: boolean): Promise<{ machine: Machine; undo: Undo }> {
        const { api, vpcId: VpcId } = side;
        const { CidrBlockAssociation } = await api.associateVpcCidrBlock({ VpcId, CidrBlock });
        const { Subnet } = await api.createSubnet({ VpcId, CidrBlock });
        const SubnetId = Subnet?.SubnetId ?? "";
        const { AssociationId } = await api.associateRouteTable({ RouteTableId: side.tableId, SubnetId });
        const machine = await makeMachine(api, { ...side, subnetId: SubnetId }, CidrBlock.replace("0/24", "10"));
        if (routed) {
            await this.#route(this.one, CidrBlock, this.idOf(side));
        }
        const key = { RouteTableId: this.one.tableId, DestinationCidrBlock: CidrBlock };
        const undo = async (): Promise<void> => {
            if (routed) {
                await this.one.api.deleteRoute(key);
            }
            await api.terminateInstances({ InstanceIds: [machine.id ?? ""] });
            await api.disassociateRouteTable({ AssociationId });
            await api.deleteSubnet({ SubnetId });
            await api.disassociateVpcCidrBlock({ AssociationId: CidrBlockAssociation?.AssociationId });
        };
        return { machine, undo };
    }
}

async function place(api: EC2, block: string, at: { region: string; account: string }): Promise<Placed> {
    const side = await makeSide(api, block, "own");
    await api.modifyVpcAttribute({ VpcId: side.vpcId, EnableDnsHostnames: { Value: true } });
    await api.authorizeSecurityGroupIngress({
        GroupId: side.groupId,
        IpPermissions: [permit.all("0.0.0.0/0")],
    });
    const machine = await makeMachine(api, side, block.replace("0.0/16", "1.100"));
    const { Reservations } = await api.describeInstances({ InstanceIds: [machine.id ?? ""] });
    const name = Reservations?.[0]?.Instances?.[0]?.PublicDnsName ?? "";
    return { ...side, ...at, api, block, machine, name };
}
