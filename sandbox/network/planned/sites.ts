import { overlap } from "../../api/client/vpcs.ts";
import type { FlowLog, Instance, NetworkAcl, RouteTable, SecurityGroup, State, Vpc } from "../described/state.ts";
import { devOf } from "./links.ts";

/** A VPC with running instances, and everything that its router depends on. */
export interface Site {
    readonly vpc: Vpc;
    readonly ports: readonly Port[];
    /** ID of the internet gateway that is attached to it; undefined if there is none. */
    readonly gatewayId: string | undefined;
    /** Its peering connections that can carry packets. */
    readonly peerings: readonly SitePeering[];
    /** The instances whose groups its rules may reference: its own, and those of its peers in the same region. */
    readonly members: readonly Member[];
}

/** An instance whose groups rules may reference, as the VPC's router sees it. */
interface Member extends Pick<Instance, "groupIds" | "privateIp"> {
    /** The router's interface to it: two peers may have the same address. */
    readonly dev: string;
}

/** A peering connection from one of its VPCs. */
interface SitePeering {
    readonly id: string;
    /** The VPC at the other end. */
    readonly peer: Vpc;
    /** Whether the peer's public DNS names resolve to private addresses here (AllowDnsResolutionFromRemoteVpc). */
    readonly resolved: boolean;
}

/** A router's interface to an instance, with the resources that apply to the instance. */
export interface Port extends Instance {
    readonly dev: string;
    /** The block of its subnet. */
    readonly block: string;
    /** The route table of its subnet: the associated one, or the VPC's main route table. */
    readonly routeTable: RouteTable | undefined;
    /** The network ACL of its subnet. */
    readonly networkAcl: NetworkAcl | undefined;
    readonly groups: readonly SecurityGroup[];
    /** The flow logs that record its traffic: those of its network interface, its subnet and its VPC. */
    readonly flowLogs: readonly FlowLog[];
}

/** The sites of a state, in an order that does not depend on the order in the state. */
export function sitesOf(state: State): Site[] {
    const instances = sorted(state.instances);
    const vpcs = sorted(state.vpcs).filter(({ id }) => instances.some(({ vpcId }) => vpcId === id));
    return vpcs.map((vpc) => {
        const peerings = peeringsOf(vpc, vpcs, state);
        const ports = instances.filter(({ vpcId }) => vpcId === vpc.id).map((instance) => portOf(instance, state));
        const near = peerings.filter(({ peer }) => peer.region === vpc.region);
        return {
            vpc,
            ports,
            gatewayId: state.internetGateways.find(({ vpcId }) => vpcId === vpc.id)?.id,
            peerings,
            members: [
                ...ports,
                ...near.flatMap(({ id, peer }) =>
                    instances.filter(({ vpcId }) => vpcId === peer.id).map((one) => ({ ...one, dev: devOf("p", id) })),
                ),
            ],
        };
    });
}

function sorted<T extends { readonly id: string }>(items: readonly T[]): T[] {
    return [...items].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/**
 * The active connections to another VPC with servers. On AWS, a connection between overlapping VPCs never becomes active, but
 * an emulator may allow it.
 */
function peeringsOf(vpc: Vpc, vpcs: readonly Vpc[], state: State): SitePeering[] {
    return sorted(state.peerings).flatMap(({ id, active, requesterVpcId, accepterVpcId, resolvedVpcIds }) => {
        const ends = [requesterVpcId, accepterVpcId];
        const peer = vpcs.find((one) => one !== vpc && ends.includes(one.id));
        const carries = active && ends.includes(vpc.id) && peer && !overlap(vpc.cidrBlocks, peer.cidrBlocks);
        return carries ? [{ id, peer, resolved: resolvedVpcIds.includes(peer.id) }] : [];
    });
}

function portOf(instance: Instance, state: State): Port {
    const { vpcId, subnetId, groupIds, privateIp, interfaceId } = instance;
    const tables = state.routeTables.filter((table) => table.vpcId === vpcId);
    return {
        ...instance,
        dev: devOf("e", interfaceId),
        block: state.subnets.find(({ id }) => id === subnetId)?.cidrBlock ?? `${privateIp}/32`,
        routeTable: tables.find(({ subnetIds }) => subnetIds.includes(subnetId)) ?? tables.find(({ main }) => main),
        networkAcl: state.networkAcls.find(({ subnetIds }) => subnetIds.includes(subnetId)),
        groups: state.securityGroups.filter(({ id }) => groupIds.includes(id)),
        flowLogs: state.flowLogs.filter(({ resourceId }) => [interfaceId, subnetId, vpcId].includes(resourceId)),
    };
}
