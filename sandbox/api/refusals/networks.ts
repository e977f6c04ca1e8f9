import ipaddr from "ipaddr.js";
import { Refusal } from "../answers.ts";
import { prefixesIn, type Rule } from "../call.ts";
import { blocksOf, covers, endsOf, isActive, isAttached, isPending, overlap, peerOf } from "../client/vpcs.ts";

// Resources that a route or a rule references must belong to the VPC or to its peer.

/**
 * A VPC's own blocks are routed locally. Source: Amazon VPC User Guide, "Configure route tables" (routes in a route table):
 * a route for a block itself or for a part of it can only target a middlebox, of which the sandbox has none.
 */
export const localRoute: Rule = async ({ DestinationCidrBlock: destination, GatewayId, RouteTableId }, view) => {
    if (destination === undefined || !ipaddr.IPv4.isValidCIDR(destination) || GatewayId === "local") {
        return;
    }
    const vpc = await view.vpc((await view.routeTable(RouteTableId))?.VpcId);
    if (vpc && blocksOf(vpc).some((block) => covers(block, destination))) {
        throw new Refusal(
            "InvalidParameterValue",
            `The destination CIDR block ${destination} is equal to or more specific than one of this VPC's CIDR blocks. This route can target only an interface or an instance.`,
        );
    }
};

/**
 * A block that is added to a VPC must be free. Source: Amazon VPC User Guide, "VPC CIDR blocks" (manage IPv4 CIDR blocks for a
 * VPC): not the same as or larger than the destination of a route in one of the VPC's route tables; no overlap with the VPC's
 * own blocks or with those of a peer; and none at all while a request of this VPC is pending acceptance. The guide has no
 * error codes: InvalidVpc.Range is what AWS answers to blocks that it restricts.
 */
export const addableBlock: Rule = async ({ VpcId, CidrBlock: block }, view) => {
    const [vpc, tables, peerings] = await Promise.all([view.vpc(VpcId), view.routeTables(), view.peerings()]);
    if (!vpc || block === undefined || !ipaddr.IPv4.isValidCIDR(block)) {
        return;
    }
    const invalid = (why: string) => new Refusal("InvalidVpc.Range", `The CIDR '${block}' ${why}.`);
    if (overlap([block], blocksOf(vpc))) {
        throw invalid(`conflicts with a CIDR block of ${VpcId ?? ""}`);
    }
    for (const { RouteTableId = "", Routes = [] } of tables.filter((table) => table.VpcId === VpcId)) {
        const covered = Routes.find(({ DestinationCidrBlock: one }) => one !== undefined && covers(block, one));
        if (covered) {
            throw invalid(
                `is the same as or larger than the destination ${covered.DestinationCidrBlock ?? ""} of a route in ${RouteTableId}`,
            );
        }
    }
    const pending = peerings.find((one) => isPending(one) && one.RequesterVpcInfo?.VpcId === VpcId);
    if (pending) {
        throw new Refusal(
            "OperationNotPermitted",
            `A CIDR block cannot be added to ${VpcId ?? ""} while its request ${pending.VpcPeeringConnectionId ?? ""} is pending acceptance.`,
        );
    }
    for (const one of peerings.filter((one) => isActive(one) && endsOf(one).includes(VpcId))) {
        const peer = await peerOf(one, VpcId, view);
        if (peer && overlap([block], blocksOf(peer))) {
            throw invalid(
                `overlaps a CIDR block of ${peer.VpcId ?? ""}, the peer of ${one.VpcPeeringConnectionId ?? ""}`,
            );
        }
    }
};

/** Amazon VPC User Guide, "Amazon VPC quotas" (gateways): a VPC has at most one internet gateway. */
export const onlyGateway: Rule = async ({ InternetGatewayId: id, VpcId = "" }, view) => {
    const gateways = await view.internetGateways();
    if (gateways.some((one) => one.InternetGatewayId !== id && isAttached(one, VpcId))) {
        throw new Refusal("InvalidParameterValue", `Network ${VpcId} already has an internet gateway attached`);
    }
};

/** Amazon EC2 API Reference, "CreateRoute": the gateway must be attached to the table's VPC, the peering connection must be one of its own. */
export const reachableTarget: Rule = async ({ RouteTableId, GatewayId, VpcPeeringConnectionId }, view) => {
    if (!GatewayId?.startsWith("igw-") && VpcPeeringConnectionId === undefined) {
        return;
    }
    const [table, gateway, peering] = await Promise.all([
        view.routeTable(RouteTableId),
        GatewayId ? view.internetGateway(GatewayId) : undefined,
        VpcPeeringConnectionId ? view.peering(VpcPeeringConnectionId) : undefined,
    ]);
    const vpcs = peering ? endsOf(peering) : gateway?.Attachments?.map(({ VpcId }) => VpcId);
    if (table && vpcs && !vpcs.includes(table.VpcId)) {
        throw new Refusal(
            "InvalidParameterValue",
            `route table ${table.RouteTableId ?? ""} and network gateway ${(peering ? VpcPeeringConnectionId : GatewayId) ?? ""} belong to different networks`,
        );
    }
};

/**
 * A rule references groups of its own VPC, or of an actively peered VPC in the same region. Sources: VPC
 * Peering Guide, "Update your security groups to reference peer security groups"; Amazon EC2 API Reference, "Error codes"
 * (InvalidGroup.NotFound).
 */
export const reachableGroups: Rule = async (parameters, view) => {
    const named = [
        ...prefixesIn(parameters, /^IpPermissions\.\d+\.Groups\.\d+\.(?=GroupId$)/).map((prefix) => ({
            groupId: parameters[`${prefix}GroupId`],
            owner: parameters[`${prefix}UserId`],
        })),
        // ModifySecurityGroupRules names no owner: it may be that of a peer.
        ...prefixesIn(parameters, /^SecurityGroupRule\.\d+\.SecurityGroupRule\.(?=ReferencedGroupId$)/).map(
            (prefix) => ({ groupId: parameters[`${prefix}ReferencedGroupId`], owner: "any" }),
        ),
    ];
    if (named.length === 0) {
        return;
    }
    const [group, peerings] = await Promise.all([view.group(parameters["GroupId"]), view.peerings()]);
    const own = group?.VpcId;
    const near = peerings.filter((one) => isActive(one) && endsOf(one).includes(own));
    const owners = near.flatMap(({ RequesterVpcInfo, AccepterVpcInfo }) => [
        RequesterVpcInfo?.OwnerId ?? "",
        AccepterVpcInfo?.OwnerId ?? "",
    ]);
    const isFar = async ({ groupId, owner = group?.OwnerId }: (typeof named)[number]): Promise<boolean> => {
        const others = owner === "any" ? new Set(owners) : new Set([owner ?? ""]);
        others.delete(group?.OwnerId ?? "");
        const views = await Promise.all([...others].map((one) => view.elsewhere(one, view.caller.region)));
        const found = await Promise.all(
            [...(owner === "any" || others.size === 0 ? [view] : []), ...views].map((one) => one.group(groupId)),
        );
        const vpcId = found.find((one) => one !== undefined)?.VpcId;
        // The API itself refuses a group of the caller's own account that does not exist, except in ModifySecurityGroupRules.
        return vpcId === undefined
            ? owner !== group?.OwnerId
            : vpcId !== own && !near.some((one) => endsOf(one).includes(vpcId));
    };
    if (own !== undefined && (await Promise.all(named.map(isFar))).some(Boolean)) {
        throw new Refusal(
            "InvalidGroup.NotFound",
            "You have specified two resources that belong to different networks.",
        );
    }
};

/** Amazon EC2 API Reference, "ModifySecurityGroupRules" and "Error codes" (InvalidParameterValue): a block must be a CIDR block. */
export const validBlocks: Rule = (parameters) => {
    const malformed = Object.entries(parameters).find(
        ([name, value]) => name.endsWith(".CidrIpv4") && !ipaddr.IPv4.isValidCIDR(value),
    );
    return malformed
        ? Promise.reject(new Refusal("InvalidParameterValue", `CIDR block ${malformed[1]} is malformed`))
        : Promise.resolve();
};
