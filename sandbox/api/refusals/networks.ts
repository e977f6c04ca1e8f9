import ipaddr from "ipaddr.js";
import { Refusal } from "../answers.ts";
import { prefixesIn, type Rule } from "../call.ts";
import { blocksOf, endsOf, isActive, isAttached } from "../client/vpcs.ts";

// Resources that a route or a rule references must belong to the VPC or to its peer.

/** Targets for which the destination may be inside the VPC. */
const middleboxes = ["NetworkInterfaceId", "InstanceId", "NatGatewayId", "VpcEndpointId", "LocalTarget"];

/**
 * A VPC's own blocks are routed locally. Source: Amazon VPC User Guide, "Configure route tables" (routes in a route table):
 * a more specific route can only target a middlebox, and each block itself already has a route.
 */
export const localRoute: Rule = async (parameters, view) => {
    const { Action, DestinationCidrBlock: destination, GatewayId, RouteTableId } = parameters;
    if (destination === undefined || !ipaddr.IPv4.isValidCIDR(destination) || GatewayId === "local") {
        return;
    }
    const vpc = await view.vpc((await view.routeTable(RouteTableId))?.VpcId);
    const [network, length] = ipaddr.IPv4.parseCIDR(destination);
    const around = (vpc ? blocksOf(vpc) : [])
        .map((block) => ipaddr.IPv4.parseCIDR(block))
        .find((block) => block[1] <= length && network.match(block));
    if (around && !middleboxes.some((name) => name in parameters)) {
        throw new Refusal(
            "InvalidParameterValue",
            `The destination CIDR block ${destination} is equal to or more specific than one of this VPC's CIDR blocks. This route can target only an interface or an instance.`,
        );
    }
    if (around?.[1] === length && Action === "CreateRoute") {
        throw new Refusal("RouteAlreadyExists", `The route identified by ${destination} already exists.`);
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
    const named = prefixesIn(parameters, /^IpPermissions\.\d+\.Groups\.\d+\.(?=GroupId$)/);
    if (named.length === 0) {
        return;
    }
    const [group, peerings] = await Promise.all([view.group(parameters["GroupId"]), view.peerings()]);
    const own = group?.VpcId;
    const near = peerings
        .filter(isActive)
        .map(endsOf)
        .filter((ends) => ends.includes(own))
        .flat();
    const isFar = async (prefix: string): Promise<boolean> => {
        const owner = parameters[`${prefix}UserId`];
        const foreign = owner !== undefined && owner !== group?.OwnerId;
        const theirs = foreign ? await view.elsewhere(owner, view.caller.region) : view;
        const vpcId = (await theirs.group(parameters[`${prefix}GroupId`]))?.VpcId;
        // The API itself refuses a group of the caller's own account that does not exist.
        return vpcId === undefined ? foreign : vpcId !== own && !near.includes(vpcId);
    };
    if (own !== undefined && (await Promise.all(named.map(isFar))).some(Boolean)) {
        throw new Refusal(
            "InvalidGroup.NotFound",
            "You have specified two resources that belong to different networks.",
        );
    }
};
