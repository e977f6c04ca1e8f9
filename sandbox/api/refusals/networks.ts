import ipaddr from "ipaddr.js";
import { Refusal } from "../answers.ts";
import { blocksOf, endsOf, isActive } from "../client/vpcs.ts";
import type { Rule } from "./rule.ts";

// Resources that a route or a rule references must belong to the VPC or to its peer.

/** Targets for which the destination may be inside the VPC. */
const middleboxes = ["NetworkInterfaceId", "InstanceId", "NatGatewayId", "VpcEndpointId", "LocalTarget"];

/**
 * A VPC's own blocks are routed locally. Source: Amazon VPC User Guide, "Configure route tables" (routes in a route table):
 * a more specific route can only target a middlebox, and each block itself already has a route.
 */
export const localRoute: Rule = async (parameters, view) => {
    const destination = parameters.get("DestinationCidrBlock");
    if (destination === null || !ipaddr.IPv4.isValidCIDR(destination) || parameters.get("GatewayId") === "local") {
        return;
    }
    const [tables, vpcs] = await Promise.all([view.routeTables(), view.vpcs()]);
    const table = tables.find(({ RouteTableId }) => RouteTableId === parameters.get("RouteTableId"));
    const vpc = vpcs.find(({ VpcId }) => VpcId === table?.VpcId);
    const [network, length] = ipaddr.IPv4.parseCIDR(destination);
    const around = (vpc ? blocksOf(vpc) : [])
        .map((block) => ipaddr.IPv4.parseCIDR(block))
        .find((block) => block[1] <= length && network.match(block));
    if (around && !middleboxes.some((name) => parameters.has(name))) {
        throw new Refusal(
            "InvalidParameterValue",
            `The destination CIDR block ${destination} is equal to or more specific than one of this VPC's CIDR blocks. This route can target only an interface or an instance.`,
        );
    }
    if (around?.[1] === length && parameters.get("Action") === "CreateRoute") {
        throw new Refusal("RouteAlreadyExists", `The route identified by ${destination} already exists.`);
    }
};

/** Amazon VPC User Guide, "Amazon VPC quotas" (gateways): a VPC has at most one internet gateway. */
export const onlyGateway: Rule = async (parameters, view) => {
    const [id, vpcId] = [parameters.get("InternetGatewayId"), parameters.get("VpcId") ?? ""];
    const other = (await view.internetGateways()).some(
        ({ InternetGatewayId, Attachments = [] }) =>
            InternetGatewayId !== id && Attachments.some(({ VpcId }) => VpcId === vpcId),
    );
    if (other) {
        throw new Refusal("InvalidParameterValue", `Network ${vpcId} already has an internet gateway attached`);
    }
};

/** Amazon EC2 API Reference, "CreateRoute": the gateway must be attached to the table's VPC, the peering connection must be one of its own. */
export const reachableTarget: Rule = async (parameters, view) => {
    const [gatewayId, peeringId] = [parameters.get("GatewayId"), parameters.get("VpcPeeringConnectionId")];
    if (!gatewayId?.startsWith("igw-") && peeringId === null) {
        return;
    }
    const [tables, gateways, peerings] = await Promise.all([
        view.routeTables(),
        gatewayId ? view.internetGateways() : [],
        peeringId ? view.peerings() : [],
    ]);
    const table = tables.find(({ RouteTableId }) => RouteTableId === parameters.get("RouteTableId"));
    const gateway = gateways.find(({ InternetGatewayId }) => InternetGatewayId === gatewayId);
    const peering = peerings.find(({ VpcPeeringConnectionId }) => VpcPeeringConnectionId === peeringId);
    const vpcs = peering ? endsOf(peering) : gateway?.Attachments?.map(({ VpcId }) => VpcId);
    if (table && vpcs && !vpcs.includes(table.VpcId)) {
        throw new Refusal(
            "InvalidParameterValue",
            `route table ${table.RouteTableId ?? ""} and network gateway ${(peering ? peeringId : gatewayId) ?? ""} belong to different networks`,
        );
    }
};

/**
 * A rule references groups of its own VPC, or of an actively peered VPC in the same region. Sources: VPC
 * Peering Guide, "Update your security groups to reference peer security groups"; Amazon EC2 API Reference, "Error codes"
 * (InvalidGroup.NotFound).
 */
export const reachableGroups: Rule = async (parameters, view) => {
    const named = [...parameters].flatMap(([name, id]) => {
        const pair = /^(IpPermissions\.\d+\.Groups\.\d+\.)GroupId$/.exec(name)?.[1];
        return pair === undefined ? [] : [{ id, owner: parameters.get(`${pair}UserId`) }];
    });
    if (named.length === 0) {
        return;
    }
    const [groups, peerings] = await Promise.all([view.groups(), view.peerings()]);
    const group = groups.find(({ GroupId }) => GroupId === parameters.get("GroupId"));
    const own = group?.VpcId;
    const near = peerings
        .filter(isActive)
        .map(endsOf)
        .filter((ends) => ends.includes(own))
        .flat();
    const isFar = async ({ id, owner }: (typeof named)[number]): Promise<boolean> => {
        const foreign = owner !== null && owner !== group?.OwnerId;
        const theirs = foreign ? await (await view.elsewhere(owner, view.caller.region)).groups() : groups;
        const vpcId = theirs.find(({ GroupId }) => GroupId === id)?.VpcId;
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
