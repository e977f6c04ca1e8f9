import type { EC2, IpPermission, NetworkAclEntry } from "@aws-sdk/client-ec2";
import { readLive } from "../../../reachability/read.ts";
import { State } from "../../../reachability/state.ts";
import { aclAssociationOf, makeMachine, makeSide, type Side } from "../world/side.ts";
import { type Machine, type World } from "../world/world.ts";
import {
    addressOf,
    blockOf,
    type Change,
    type Entry,
    type Peer,
    type Topology,
    type Traffic,
    type Vpc,
} from "./topology.ts";
import type { End } from "./trace.ts";

const OTHER_ACCOUNT = "222222222222";

/** A VPC that stands. */
interface Standing extends Side {
    readonly api: EC2;
    readonly region: string;
    readonly account: string;
    readonly machine: Machine;
    readonly defaultAcl: string;
}

/** A topology that stands in a world: made, changed and removed by calls of the EC2 API. */
export class Cloud {
    readonly #vpcs: readonly Standing[];
    readonly #connections: readonly string[];

    constructor(vpcs: readonly Standing[], connections: readonly string[]) {
        this.#vpcs = vpcs;
        this.#connections = connections;
    }

    static async make(world: World, topology: Topology): Promise<Cloud> {
        const key = await world.keyOf(OTHER_ACCOUNT);
        const vpcs: Standing[] = [];
        for (const [index, vpc] of topology.vpcs.entries()) {
            const { region, account } = vpc.place;
            const api = world.apiOf(region, account === "other" ? key : undefined);
            vpcs.push({ ...(await makeVpc(api, vpc, index)), api, region });
        }
        const connections: string[] = [];
        for (const { requester, accepter } of topology.connections) {
            const [asking, asked] = [at(vpcs, requester), at(vpcs, accepter)];
            const { VpcPeeringConnection } = await asking.api.createVpcPeeringConnection({
                VpcId: asking.vpcId,
                PeerVpcId: asked.vpcId,
                PeerOwnerId: asked.account,
                PeerRegion: topology.vpcs[accepter]?.place.region,
            });
            connections.push(VpcPeeringConnection?.VpcPeeringConnectionId ?? "");
        }
        const cloud = new Cloud(vpcs, connections);
        for (const [index, { accepter, status }] of topology.connections.entries()) {
            const answer = { VpcPeeringConnectionId: at(connections, index) };
            const { api } = at(vpcs, accepter);
            if (status === "rejected") await api.rejectVpcPeeringConnection(answer);
            if (status === "active" || status === "deleted") await api.acceptVpcPeeringConnection(answer);
        }
        for (const { vpc, destination, connection } of topology.routes) {
            // AWS takes no route to a connection that was rejected.
            if (topology.connections[connection]?.status === "rejected") continue;
            await at(vpcs, vpc).api.createRoute({
                RouteTableId: at(vpcs, vpc).tableId,
                DestinationCidrBlock: destination,
                VpcPeeringConnectionId: at(connections, connection),
            });
        }
        for (const [index, { ingress, egress }] of topology.vpcs.entries()) {
            await cloud.#setRules(index, ingress, egress);
        }
        for (const [index, { status }] of topology.connections.entries()) {
            if (status === "deleted") await cloud.#disconnect(topology, index);
        }
        return cloud;
    }

    /** The server of VPC number `index`, with its VPC. */
    end(index: number): End {
        const side = at(this.#vpcs, index);
        return { machine: side.machine, side };
    }

    get vpcIds(): string[] {
        return this.#vpcs.map(({ vpcId }) => vpcId);
    }

    /** What the API describes in each region of each account that has a VPC. */
    async describe(): Promise<State> {
        const places = new Map(this.#vpcs.map((one) => [`${one.account} ${one.region}`, one]));
        return new State(await Promise.all([...places.values()].map(({ api, region }) => readLive(api, { region }))));
    }

    /** Makes a change of `topology`, which stands. */
    async change(topology: Topology, { kind, index }: Change): Promise<void> {
        const standing = this.#vpcs[index];
        switch (kind) {
            case "delete connection":
                if (topology.connections[index]?.status === "active") await this.#disconnect(topology, index);
                break;
            case "delete route": {
                const route = topology.routes[index];
                if (!route || topology.connections[route.connection]?.status === "rejected") break;
                const { api, tableId } = at(this.#vpcs, route.vpc);
                await api.deleteRoute({ RouteTableId: tableId, DestinationCidrBlock: route.destination });
                break;
            }
            case "close group":
                if (standing) {
                    const found = await standing.api.describeSecurityGroups({ GroupIds: [standing.groupId] });
                    const IpPermissions = found.SecurityGroups?.[0]?.IpPermissions ?? [];
                    if (IpPermissions.length > 0) {
                        await standing.api.revokeSecurityGroupIngress({ GroupId: standing.groupId, IpPermissions });
                    }
                }
                break;
            case "default acl":
                if (standing) await useAcl(standing.api, standing.subnetId, standing.defaultAcl);
        }
    }

    async #disconnect(topology: Topology, index: number): Promise<void> {
        const { api } = at(this.#vpcs, topology.connections[index]?.requester ?? -1);
        await api.deleteVpcPeeringConnection({ VpcPeeringConnectionId: at(this.#connections, index) });
    }

    async #setRules(index: number, ingress: Vpc["ingress"], egress: Vpc["egress"]): Promise<void> {
        const { api, groupId: GroupId } = at(this.#vpcs, index);
        for (const { traffic, from } of ingress) {
            await api.authorizeSecurityGroupIngress({ GroupId, IpPermissions: [this.#permission(traffic, from)] });
        }
        const all = egress.some(({ traffic, to }) => traffic === "all" && to === "0.0.0.0/0");
        if (!all) {
            const everything = this.#permission("all", { block: "0.0.0.0/0" });
            await api.revokeSecurityGroupEgress({ GroupId, IpPermissions: [everything] });
        }
        const others = egress.filter(({ traffic, to }) => !(traffic === "all" && to === "0.0.0.0/0"));
        for (const rule of new Map(others.map((rule) => [`${rule.traffic} ${rule.to}`, rule])).values()) {
            const permission = this.#permission(rule.traffic, { block: rule.to });
            await api.authorizeSecurityGroupEgress({ GroupId, IpPermissions: [permission] });
        }
    }

    #permission(traffic: Traffic, peer: Peer): IpPermission {
        const source =
            "block" in peer
                ? { IpRanges: [{ CidrIp: peer.block }] }
                : {
                      UserIdGroupPairs: [
                          {
                              GroupId: at(this.#vpcs, peer.groupOf).groupId,
                              UserId: at(this.#vpcs, peer.groupOf).account,
                          },
                      ],
                  };
        const { protocol, ports } = wireOf(traffic);
        return {
            IpProtocol: protocol,
            ...(protocol === "icmp" && { FromPort: -1, ToPort: -1 }),
            ...(ports && { FromPort: ports[0], ToPort: ports[1] }),
            ...source,
        };
    }
}

async function makeVpc(api: EC2, vpc: Vpc, index: number): Promise<Omit<Standing, "api" | "region">> {
    const side = await makeSide(api, blockOf(vpc), "own");
    const { vpcId: VpcId, subnetId, tableId: RouteTableId } = side;
    if (!vpc.internet) {
        await api.deleteRoute({ RouteTableId, DestinationCidrBlock: "0.0.0.0/0" });
    }
    const Filters = [
        { Name: "vpc-id", Values: [VpcId] },
        { Name: "default", Values: ["true"] },
    ];
    const { NetworkAcls } = await api.describeNetworkAcls({ Filters });
    const defaultAcl = NetworkAcls?.[0]?.NetworkAclId ?? "";
    const machine = await makeMachine(api, side, addressOf(vpc, index));
    const account = NetworkAcls?.[0]?.OwnerId ?? "";
    if (vpc.acl) {
        const { NetworkAcl } = await api.createNetworkAcl({ VpcId });
        const NetworkAclId = NetworkAcl?.NetworkAclId ?? "";
        for (const [position, entry] of vpc.acl.entries()) {
            await api.createNetworkAclEntry({ NetworkAclId, ...entryOf(entry, 100 + position) });
        }
        await useAcl(api, subnetId, NetworkAclId);
    }
    return { ...side, account, machine, defaultAcl };
}

async function useAcl(api: EC2, subnetId: string, NetworkAclId: string): Promise<void> {
    const current = await aclAssociationOf(api, subnetId);
    if (current.NetworkAclId !== NetworkAclId) {
        await api.replaceNetworkAclAssociation({ AssociationId: current.NetworkAclAssociationId, NetworkAclId });
    }
}

function entryOf({ direction, action, traffic, block }: Entry, RuleNumber: number) {
    const { protocol, ports } = wireOf(traffic);
    const Protocol = { "-1": "-1", icmp: "1", tcp: "6" }[protocol];
    const details: Pick<NetworkAclEntry, "PortRange" | "IcmpTypeCode"> = {
        ...(protocol === "icmp" && { IcmpTypeCode: { Type: -1, Code: -1 } }),
        ...(ports && { PortRange: { From: ports[0], To: ports[1] } }),
    };
    return { RuleNumber, Protocol, RuleAction: action, Egress: direction === "out", CidrBlock: block, ...details };
}

function wireOf(traffic: Traffic): { protocol: "-1" | "icmp" | "tcp"; ports?: readonly [number, number] } {
    switch (traffic) {
        case "all":
            return { protocol: "-1" };
        case "ping":
            return { protocol: "icmp" };
        case "http":
            return { protocol: "tcp", ports: [80, 80] };
        case "ssh":
            return { protocol: "tcp", ports: [22, 22] };
        case "ephemeral":
            return { protocol: "tcp", ports: [1024, 65535] };
    }
}

function at<Item>(items: readonly Item[], index: number): Item {
    const item = items[index];
    if (item === undefined) {
        throw new Error(`the topology has no number ${index}`);
    }
    return item;
}
