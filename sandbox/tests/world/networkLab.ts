import type { CreateNetworkAclEntryCommandInput, EC2, IpPermission } from "@aws-sdk/client-ec2";
import { operator, type Machine, type World } from "./world.ts";
import { aclAssociationOf, makeMachine, makeSide, type Side } from "./side.ts";

/** Undoes a fault. */
export type Undo = () => Promise<unknown>;

const cidr = { one: "10.41.0.0/16", two: "10.42.0.0/16", three: "10.43.0.0/16", all: "0.0.0.0/0" } as const;

/** Launch parameters of machine 1. */
export const boot = {
    publicKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKHEMEbIF7MTtaeFw2x1xFvLpMFXXLtmUZH8ZvMEqQCZ",
    userData: "#!/bin/sh\necho €\n",
};

/** Security group rules by the traffic that they allow. */
export const permit = {
    tcp: (FromPort: number, ToPort: number, CidrIp: string): IpPermission => ({
        IpProtocol: "tcp",
        FromPort,
        ToPort,
        IpRanges: [{ CidrIp }],
    }),
    http: (from: string): IpPermission => permit.tcp(80, 80, from),
    ssh: (from: string): IpPermission => permit.tcp(22, 22, from),
    icmp: (CidrIp: string, FromPort = -1): IpPermission => ({
        IpProtocol: "icmp",
        FromPort,
        ToPort: -1,
        IpRanges: [{ CidrIp }],
    }),
    all: (CidrIp: string): IpPermission => ({ IpProtocol: "-1", IpRanges: [{ CidrIp }] }),
    httpFromGroup: (GroupId: string, UserId?: string): IpPermission => ({
        IpProtocol: "tcp",
        FromPort: 80,
        ToPort: 80,
        UserIdGroupPairs: [{ GroupId, ...(UserId && { UserId }) }],
    }),
    httpFromList: (PrefixListId: string): IpPermission => ({
        IpProtocol: "tcp",
        FromPort: 80,
        ToPort: 80,
        PrefixListIds: [{ PrefixListId }],
    }),
};

/** An entry of a network ACL that is not in one yet. */
type Entry = Omit<CreateNetworkAclEntryCommandInput, "NetworkAclId">;

/** Entries of network ACLs: their number and direction, and the protocol and block that they allow or deny. */
export const entry = (
    RuleNumber: number,
    way: "in" | "out",
    RuleAction: "allow" | "deny",
    what: "all" | `${"tcp" | "udp"} ${number}-${number}` | `icmp ${number}`,
    CidrBlock: string = cidr.all,
): Entry => {
    const [name = "", numbers = ""] = what.split(" ");
    const [From, To] = numbers.split("-").map(Number);
    return {
        RuleNumber,
        Egress: way === "out",
        RuleAction,
        Protocol: { all: "-1", icmp: "1", tcp: "6", udp: "17" }[name],
        CidrBlock,
        ...(name === "icmp"
            ? { IcmpTypeCode: { Type: From, Code: -1 } }
            : To !== undefined && { PortRange: { From, To } }),
    };
};

/** Undoes faults from the last to the first. */
export function inReverse(...undos: Undo[]): Undo {
    return () => undos.reduceRight(async (before, undo) => before.then(undo), Promise.resolve<unknown>(0));
}

/**
 * Three VPCs: one is peered with two, and two with three. The connections are accepted, with routes and rules on both sides.
 * One and three have routes to each other through two, as if peering were transitive. A fourth VPC, the twin, has the block
 * and the address of the first. The methods make faults; each returns a function that undoes it.
 */
export class Lab {
    readonly one: Side;
    readonly two: Side;
    readonly three: Side;
    /** It has the first one's block, and is not peered. */
    readonly twin: Side;
    readonly machines: Readonly<Record<string, Machine>>;
    /** The peering connection of one and two. */
    peering = "";
    readonly #api: EC2;
    readonly #world: Pick<World, "api" | "bare" | "refresh">;

    constructor(
        world: Pick<World, "api" | "bare" | "refresh">,
        [one, two, three, twin]: readonly [Side, Side, Side, Side],
        machines: Lab["machines"],
    ) {
        [this.#world, this.#api] = [world, world.api];
        [this.one, this.two, this.three, this.twin] = [one, two, three, twin];
        this.machines = machines;
    }

    static async make(world: World): Promise<Lab> {
        const { api } = world;
        const [one, two, three, twin] = await Promise.all([
            makeSide(api, cidr.one, "own"),
            makeSide(api, cidr.two, "own"),
            makeSide(api, cidr.three, "main"),
            makeSide(api, cidr.one, "own"),
        ]);
        const { KeyName } = await api.importKeyPair({ KeyName: "key", PublicKeyMaterial: Buffer.from(boot.publicKey) });
        const UserData = Buffer.from(boot.userData).toString("base64");
        const [first, second, neighbor, third, mTwin] = await Promise.all([
            makeMachine(api, one, "10.41.1.100", { KeyName, UserData }),
            makeMachine(api, two, "10.42.1.100"),
            makeMachine(api, two, "10.42.1.101"),
            makeMachine(api, three, "10.43.1.100"),
            makeMachine(api, twin, "10.41.1.100"),
        ]);
        const machines = { "1": first, "2": second, neighbor, "3": third, twin: mTwin, internet: operator };
        const lab = new Lab(world, [one, two, three, twin], machines);
        lab.peering = await lab.peer(one, two);
        const onward = await lab.peer(two, three);
        await Promise.all([
            lab.allow(one, permit.icmp(cidr.all), permit.ssh(cidr.all), permit.http(cidr.two)),
            lab.allow(two, permit.icmp(cidr.all), permit.ssh(cidr.all), permit.http(cidr.one)),
            lab.allow(three, permit.all("10.0.0.0/8")),
            lab.allow(twin, permit.all(cidr.all)),
            lab.routePeering(),
            lab.route(two, cidr.three, onward),
            lab.route(three, cidr.two, onward),
            lab.route(three, cidr.one, onward),
        ]);
        return lab;
    }

    /** Makes a fault that AWS and the gateway refuse, without the gateway. */
    async past(fault: (lab: Lab) => Promise<Undo>): Promise<Undo> {
        const past = { bare: this.#world.bare, refresh: () => this.#world.refresh() };
        const sides = [this.one, this.two, this.three, this.twin] as const;
        const lab = new Lab({ ...past, api: past.bare }, sides, this.machines);
        lab.peering = this.peering;
        // The network is not notified of this change.
        const undo = await fault(lab);
        await this.#world.refresh();
        return async () => {
            await undo();
            await this.#world.refresh();
        };
    }

    /** Requests and accepts a peering connection; returns its ID. */
    async peer(requester: Side, accepter: Side, accept = true): Promise<string> {
        const { VpcPeeringConnection } = await this.#api.createVpcPeeringConnection({
            VpcId: requester.vpcId,
            PeerVpcId: accepter.vpcId,
        });
        const id = VpcPeeringConnection?.VpcPeeringConnectionId ?? "";
        if (accept) {
            await this.#api.acceptVpcPeeringConnection({ VpcPeeringConnectionId: id });
        }
        return id;
    }

    /** Deletes the connection of one and two with its routes, and creates another, accepted or pending, with its routes. */
    async peerAgain(accept: boolean): Promise<Undo> {
        const undo = await this.unpeer();
        this.peering = await this.peer(this.one, this.two, accept);
        await this.routePeering();
        return async () => {
            await this.unpeer();
            await undo();
        };
    }

    /** Deletes the connection of one and two, and its routes unless they are to be kept. */
    async unpeer(routes: "too" | "left" = "too"): Promise<Undo> {
        const unroute = () => Promise.all(this.#peeringRoutes().map(([side, block]) => this.unroute(side, block, "")));
        await this.#api.deleteVpcPeeringConnection({ VpcPeeringConnectionId: this.peering });
        if (routes === "too") {
            await unroute();
        }
        return async () => {
            if (routes === "left") {
                await unroute();
            }
            this.peering = await this.peer(this.one, this.two);
            await this.routePeering();
        };
    }

    /** Peers the twin with two, and routes two's traffic for the block that it shares with one to it. */
    async peerTwin(): Promise<Undo> {
        const id = await this.peer(this.twin, this.two);
        return inReverse(
            () => this.#api.deleteVpcPeeringConnection({ VpcPeeringConnectionId: id }),
            await this.route(this.twin, cidr.two, id),
            await this.reroute(this.two, cidr.one, this.peering, id),
        );
    }

    routePeering(): Promise<unknown> {
        return Promise.all(this.#peeringRoutes().map(([side, block]) => this.route(side, block, this.peering)));
    }

    #peeringRoutes(): [Side, string][] {
        return [
            [this.one, cidr.two],
            [this.one, cidr.three],
            [this.two, cidr.one],
        ];
    }

    /** Creates a prefix list; `change` removes one block and adds another. */
    async prefixList(...blocks: string[]): Promise<{
        id: string;
        remove: Undo;
        change: (remove: string, add: string) => Promise<unknown>;
    }> {
        const { PrefixList } = await this.#api.createManagedPrefixList({
            PrefixListName: "blocks",
            AddressFamily: "IPv4",
            MaxEntries: 5,
            Entries: blocks.map((Cidr) => ({ Cidr })),
        });
        const id = PrefixList?.PrefixListId ?? "";
        const change = (remove: string, add: string) =>
            this.#api.modifyManagedPrefixList({
                PrefixListId: id,
                CurrentVersion: 1,
                RemoveEntries: [{ Cidr: remove }],
                AddEntries: [{ Cidr: add }],
            });
        return { id, change, remove: () => this.#api.deleteManagedPrefixList({ PrefixListId: id }) };
    }

    /** Adds a route to a block or to a prefix list. */
    async route({ tableId }: Side, destination: string, target: string): Promise<Undo> {
        const key = {
            RouteTableId: tableId,
            [destination.startsWith("pl-") ? "DestinationPrefixListId" : "DestinationCidrBlock"]: destination,
        };
        await this.#api.createRoute({ ...key, ...targetOf(target) });
        return () => this.#api.deleteRoute(key);
    }

    async unroute(side: Side, DestinationCidrBlock: string, target: string): Promise<Undo> {
        await this.#api.deleteRoute({ RouteTableId: side.tableId, DestinationCidrBlock });
        return () => this.route(side, DestinationCidrBlock, target);
    }

    async reroute({ tableId }: Side, DestinationCidrBlock: string, old: string, target: string): Promise<Undo> {
        const key = { RouteTableId: tableId, DestinationCidrBlock };
        await this.#api.replaceRoute({ ...key, ...targetOf(target) });
        return () => this.#api.replaceRoute({ ...key, ...targetOf(old) });
    }

    async allow({ groupId }: Side, ...IpPermissions: IpPermission[]): Promise<Undo> {
        const rules = { GroupId: groupId, IpPermissions };
        await this.#api.authorizeSecurityGroupIngress(rules);
        return () => this.#api.revokeSecurityGroupIngress(rules);
    }

    async revoke({ groupId }: Side, ...IpPermissions: IpPermission[]): Promise<Undo> {
        const rules = { GroupId: groupId, IpPermissions };
        await this.#api.revokeSecurityGroupIngress(rules);
        return () => this.#api.authorizeSecurityGroupIngress(rules);
    }

    async exchange(side: Side, old: IpPermission, other: IpPermission): Promise<Undo> {
        const undos = [await this.revoke(side, old), await this.allow(side, other)];
        return () => Promise.all(undos.map((undo) => undo()));
    }

    async revokeEgress({ groupId }: Side): Promise<Undo> {
        const rules = { GroupId: groupId, IpPermissions: [permit.all(cidr.all)] };
        await this.#api.revokeSecurityGroupEgress(rules);
        return () => this.#api.authorizeSecurityGroupEgress(rules);
    }

    /** Allows only this outbound traffic. */
    async egress(side: Side, ...IpPermissions: IpPermission[]): Promise<Undo> {
        const undo = await this.revokeEgress(side);
        const rules = { GroupId: side.groupId, IpPermissions };
        await this.#api.authorizeSecurityGroupEgress(rules);
        return inReverse(undo, () => this.#api.revokeSecurityGroupEgress(rules));
    }

    /** Gives a side's subnet a new network ACL with these entries only. */
    async acl(side: Side, ...entries: Entry[]): Promise<Undo> {
        const old = await aclAssociationOf(this.#api, side.subnetId);
        const { NetworkAcl } = await this.#api.createNetworkAcl({ VpcId: side.vpcId });
        const NetworkAclId = NetworkAcl?.NetworkAclId;
        await Promise.all(entries.map((one) => this.#api.createNetworkAclEntry({ ...one, NetworkAclId })));
        await this.#api.replaceNetworkAclAssociation({ AssociationId: old.NetworkAclAssociationId, NetworkAclId });
        return async () => {
            const { NetworkAclAssociationId: AssociationId } = await aclAssociationOf(this.#api, side.subnetId);
            await this.#api.replaceNetworkAclAssociation({ AssociationId, NetworkAclId: old.NetworkAclId });
            await this.#api.deleteNetworkAcl({ NetworkAclId });
        };
    }

    /** Adds an entry to the network ACL of a side's subnet. */
    async enter(side: Side, added: Entry): Promise<Undo> {
        const { NetworkAclId } = await aclAssociationOf(this.#api, side.subnetId);
        await this.#api.createNetworkAclEntry({ ...added, NetworkAclId });
        const { RuleNumber, Egress } = added;
        return () => this.#api.deleteNetworkAclEntry({ NetworkAclId, RuleNumber, Egress });
    }

    /** Replaces an entry in the network ACL of a side's subnet by another one. */
    async reenter(side: Side, old: Entry, other: Entry): Promise<Undo> {
        const { NetworkAclId } = await aclAssociationOf(this.#api, side.subnetId);
        await this.#api.replaceNetworkAclEntry({ ...other, NetworkAclId });
        return () => this.#api.replaceNetworkAclEntry({ ...old, NetworkAclId });
    }

    async detach({ vpcId, gatewayId }: Side): Promise<Undo> {
        const gateway = { VpcId: vpcId, InternetGatewayId: gatewayId };
        await this.#api.detachInternetGateway(gateway);
        return () => this.#api.attachInternetGateway(gateway);
    }

    async disassociate({ tableId, subnetId }: Side): Promise<Undo> {
        const { RouteTables } = await this.#api.describeRouteTables({ RouteTableIds: [tableId] });
        const AssociationId = RouteTables?.[0]?.Associations?.[0]?.RouteTableAssociationId;
        await this.#api.disassociateRouteTable({ AssociationId });
        return () => this.#api.associateRouteTable({ RouteTableId: tableId, SubnetId: subnetId });
    }
}

function targetOf(id: string): { VpcPeeringConnectionId: string } | { GatewayId: string } {
    return id.startsWith("pcx-") ? { VpcPeeringConnectionId: id } : { GatewayId: id };
}
