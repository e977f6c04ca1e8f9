import type { EC2, IpPermission, Route } from "@aws-sdk/client-ec2";
import type { State } from "../../../reachability/state.ts";
import type { Pair } from "../../lab/probes.ts";

/** Makes the pair's network as a state describes it, but for the connection, which may be another one. */
export async function restore(ec2: EC2, before: State, now: State, pair: Pair): Promise<void> {
    const [one, two] = pair;
    const connection = await connect(ec2, now, one.vpcId, two.vpcId);
    for (const { vpcId, serverId, routeTableId, securityGroupId } of pair) {
        const [was, is] = [partsOf(before, vpcId, serverId), partsOf(now, vpcId, serverId)];
        if (is.tableAssociation?.RouteTableId !== routeTableId) {
            const AssociationId = is.tableAssociation?.RouteTableAssociationId;
            await ec2.replaceRouteTableAssociation({ AssociationId, RouteTableId: routeTableId });
        }
        if (is.aclAssociation?.NetworkAclId !== was.aclAssociation?.NetworkAclId) {
            const AssociationId = is.aclAssociation?.NetworkAclAssociationId;
            const { NetworkAclId } = was.aclAssociation ?? {};
            await ec2.replaceNetworkAclAssociation({ AssociationId, NetworkAclId });
        }
        for (const { NetworkAclId, IsDefault, Entries } of is.acls) {
            if (IsDefault !== true) {
                await ec2.deleteNetworkAcl({ NetworkAclId });
                continue;
            }
            const old = was.acls.find((acl) => acl.NetworkAclId === NetworkAclId)?.Entries ?? [];
            for (const { RuleNumber, Egress } of Entries) {
                if (!old.some((entry) => entry.RuleNumber === RuleNumber && entry.Egress === Egress)) {
                    await ec2.deleteNetworkAclEntry({ NetworkAclId, RuleNumber, Egress });
                }
            }
        }
        for (const { RouteTableId } of is.tables) {
            const routes = (parts: typeof is) =>
                parts.tables.find((table) => table.RouteTableId === RouteTableId)?.Routes;
            await restoreRoutes(ec2, RouteTableId, routes(was) ?? [], routes(is) ?? [], connection);
        }
        await restoreRules(ec2, securityGroupId, before, now);
    }
    const others = now.places.flatMap(({ Vpcs = [] }) => Vpcs).filter(({ VpcId }) => !before.vpc(VpcId));
    for (const { VpcId } of others) {
        for (const { VpcPeeringConnectionId, Status } of now.connectionsOf(VpcId)) {
            if (Status?.Code === "active") {
                await ec2.deleteVpcPeeringConnection({ VpcPeeringConnectionId });
            }
        }
        await ec2.deleteVpc({ VpcId });
    }
}

/** Route tables and network ACLs of a VPC, and their associations with its server's subnet. */
function partsOf(state: State, vpcId: string, serverId: string) {
    const subnetId = state.interfacesNamed(serverId)[0]?.item.SubnetId;
    const [place] = state.places;
    const tables = (place?.RouteTables ?? []).filter(({ VpcId }) => VpcId === vpcId);
    const acls = (place?.NetworkAcls ?? []).filter(({ VpcId }) => VpcId === vpcId);
    const isOfSubnet = ({ SubnetId }: { readonly SubnetId?: string | undefined }) => SubnetId === subnetId;
    return {
        tables,
        acls,
        tableAssociation: tables.flatMap(({ Associations = [] }) => Associations).find(isOfSubnet),
        aclAssociation: acls.flatMap(({ Associations = [] }) => Associations).find(isOfSubnet),
    };
}

/** The ID of an active connection between two VPCs, which is made if there is none. */
async function connect(ec2: EC2, state: State, VpcId: string, PeerVpcId: string): Promise<string> {
    const [found] = state.connectionsBetween(VpcId, PeerVpcId);
    if (found?.Status?.Code === "active") {
        return found.VpcPeeringConnectionId;
    }
    const made = await ec2.createVpcPeeringConnection({ VpcId, PeerVpcId });
    const { VpcPeeringConnectionId = "" } = made.VpcPeeringConnection ?? {};
    await ec2.acceptVpcPeeringConnection({ VpcPeeringConnectionId });
    return VpcPeeringConnectionId;
}

async function restoreRoutes(
    ec2: EC2,
    RouteTableId: string,
    was: readonly Route[],
    is: readonly Route[],
    connection: string,
): Promise<void> {
    const target = ({ GatewayId, VpcPeeringConnectionId }: Route) =>
        VpcPeeringConnectionId === undefined ? { GatewayId } : { VpcPeeringConnectionId: connection };
    for (const { DestinationCidrBlock } of is) {
        if (!was.some((route) => route.DestinationCidrBlock === DestinationCidrBlock)) {
            await ec2.deleteRoute({ RouteTableId, DestinationCidrBlock });
        }
    }
    for (const route of was) {
        const { DestinationCidrBlock } = route;
        const old = is.find((one) => one.DestinationCidrBlock === DestinationCidrBlock);
        const wanted = { RouteTableId, DestinationCidrBlock, ...target(route) };
        if (!old) {
            await ec2.createRoute(wanted);
        } else if (old.VpcPeeringConnectionId !== target(route).VpcPeeringConnectionId) {
            await ec2.replaceRoute(wanted);
        }
    }
}

async function restoreRules(ec2: EC2, GroupId: string, before: State, now: State): Promise<void> {
    const [was, is] = [before.group(GroupId)?.item, now.group(GroupId)?.item];
    const change = async (
        old: readonly IpPermission[] = [],
        current: readonly IpPermission[] = [],
        revoke: (rules: { GroupId: string; IpPermissions: IpPermission[] }) => Promise<unknown>,
        authorize: typeof revoke,
    ) => {
        const texts = (rules: readonly IpPermission[]) => rules.map((rule) => JSON.stringify(rule)).sort();
        if (texts(old).join() === texts(current).join()) return;
        if (current.length > 0) await revoke({ GroupId, IpPermissions: [...current] });
        await authorize({ GroupId, IpPermissions: [...old] });
    };
    await change(
        was?.IpPermissions,
        is?.IpPermissions,
        (rules) => ec2.revokeSecurityGroupIngress(rules),
        (rules) => ec2.authorizeSecurityGroupIngress(rules),
    );
    await change(
        was?.IpPermissionsEgress,
        is?.IpPermissionsEgress,
        (rules) => ec2.revokeSecurityGroupEgress(rules),
        (rules) => ec2.authorizeSecurityGroupEgress(rules),
    );
}
