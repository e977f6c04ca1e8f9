import ipaddr from "ipaddr.js";
import { blocksOf } from "../corrections/peerings.ts";
import type { Rule } from "./refusals.ts";

// What a route or a rule names has to belong to the VPC, or to be next to it.

/** Targets for which a destination may be inside the VPC: those that a packet goes through on its way, not out of it. */
const middleboxes = ["NetworkInterfaceId", "InstanceId", "NatGatewayId", "VpcEndpointId", "LocalTarget"];

/**
 * The VPC's own blocks stay its own. Source: Amazon VPC User Guide, "Configure route tables" (routes in a route table):
 * one inside of them may only lead to a middlebox, and there is one for each of them already.
 */
export const localRoute: Rule = async (parameters, view) => {
    const destination = parameters.get("DestinationCidrBlock");
    if (destination === null || !ipaddr.IPv4.isValidCIDR(destination) || parameters.get("GatewayId") === "local") {
        return undefined;
    }
    const [tables, vpcs] = await Promise.all([view.routeTables(), view.vpcs()]);
    const table = tables.find(({ RouteTableId }) => RouteTableId === parameters.get("RouteTableId"));
    const vpc = vpcs.find(({ VpcId }) => VpcId === table?.VpcId);
    const [network, length] = ipaddr.IPv4.parseCIDR(destination);
    const around = (vpc ? blocksOf(vpc) : [])
        .map((block) => ipaddr.IPv4.parseCIDR(block))
        .find((block) => block[1] <= length && network.match(block));
    if (!around) {
        return undefined;
    }
    if (!middleboxes.some((name) => parameters.has(name))) {
        return {
            code: "InvalidParameterValue",
            message: `The destination CIDR block ${destination} is equal to or more specific than one of this VPC's CIDR blocks. This route can target only an interface or an instance.`,
        };
    }
    return around[1] === length && parameters.get("Action") === "CreateRoute"
        ? { code: "RouteAlreadyExists", message: `The route identified by ${destination} already exists.` }
        : undefined;
};

/** Amazon VPC User Guide, "Amazon VPC quotas" (gateways): a VPC has one internet gateway at a time. */
export const onlyGateway: Rule = async (parameters, view) => {
    const [id, vpcId] = [parameters.get("InternetGatewayId"), parameters.get("VpcId") ?? ""];
    const other = (await view.internetGateways()).some(
        ({ InternetGatewayId, Attachments = [] }) =>
            InternetGatewayId !== id && Attachments.some(({ VpcId }) => VpcId === vpcId),
    );
    return other
        ? { code: "InvalidParameterValue", message: `Network ${vpcId} already has an internet gateway attached` }
        : undefined;
};

/** Amazon EC2 API Reference, "CreateRoute": to a gateway that is attached to the table's VPC, or a connection of it. */
export const reachableTarget: Rule = async (parameters, view) => {
    const [tableId, gatewayId, peeringId] = ["RouteTableId", "GatewayId", "VpcPeeringConnectionId"].map(
        (name) => parameters.get(name) ?? undefined,
    );
    if (!gatewayId?.startsWith("igw-") && peeringId === undefined) {
        return undefined;
    }
    const [tables, gateways, peerings] = await Promise.all([
        view.routeTables(),
        gatewayId ? view.internetGateways() : [],
        peeringId ? view.peerings() : [],
    ]);
    const table = tables.find(({ RouteTableId }) => RouteTableId === tableId);
    const gateway = gateways.find(({ InternetGatewayId }) => InternetGatewayId === gatewayId);
    const peering = peerings.find(({ VpcPeeringConnectionId }) => VpcPeeringConnectionId === peeringId);
    const around = peering
        ? [peering.RequesterVpcInfo?.VpcId, peering.AccepterVpcInfo?.VpcId]
        : gateway?.Attachments?.map(({ VpcId }) => VpcId);
    return !table || around === undefined || around.includes(table.VpcId)
        ? undefined
        : {
              code: "InvalidParameterValue",
              message: `route table ${tableId ?? ""} and network gateway ${(peering ? peeringId : gatewayId) ?? ""} belong to different networks`,
          };
};

/**
 * A rule names groups of its own VPC, or of one with which there is an active connection, in the same region. Sources: VPC
 * Peering Guide, "Update your security groups to reference peer security groups"; Amazon EC2 API Reference, "Error codes"
 * (InvalidGroup.NotFound).
 */
export const reachableGroups: Rule = async (parameters, view) => {
    const named = [...parameters].flatMap(([name, id]) => {
        const pair = /^(IpPermissions\.\d+\.Groups\.\d+\.)GroupId$/.exec(name)?.[1];
        return pair === undefined ? [] : [{ id, owner: parameters.get(`${pair}UserId`) }];
    });
    if (named.length === 0) {
        return undefined;
    }
    const [groups, peerings] = await Promise.all([view.groups(), view.peerings()]);
    const group = groups.find(({ GroupId }) => GroupId === parameters.get("GroupId"));
    const own = group?.VpcId;
    const near = peerings
        .filter(({ Status }) => Status?.Code === "active")
        .map(({ RequesterVpcInfo, AccepterVpcInfo }) => [RequesterVpcInfo?.VpcId, AccepterVpcInfo?.VpcId])
        .filter((pair) => pair.includes(own))
        .flat();
    const isFar = async ({ id, owner }: (typeof named)[number]): Promise<boolean> => {
        const foreign = owner !== null && owner !== group?.OwnerId;
        const theirs = foreign ? await (await view.elsewhere(owner, view.caller.region)).groups() : groups;
        const vpcId = theirs.find(({ GroupId }) => GroupId === id)?.VpcId;
        // An own group that is not there the API itself refuses.
        return vpcId === undefined ? foreign : vpcId !== own && !near.includes(vpcId);
    };
    return own !== undefined && (await Promise.all(named.map(isFar))).some(Boolean)
        ? {
              code: "InvalidGroup.NotFound",
              message: "You have specified two resources that belong to different networks.",
          }
        : undefined;
};
