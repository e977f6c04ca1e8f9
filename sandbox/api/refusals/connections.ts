import type { VpcPeeringConnection } from "@aws-sdk/client-ec2";
import type { Refusal } from "../answers.ts";
import { isBetween } from "../corrections/peerings.ts";
import type { Rule } from "./refusals.ts";
import type { View } from "../upstream.ts";

/** Amazon VPC User Guide, "Amazon VPC quotas" (VPC peering connections): the default ones. */
const outstandingRequests = 25;
const activePerVpc = 50;

async function connectionOf(parameters: URLSearchParams, view: View): Promise<VpcPeeringConnection | undefined> {
    const id = parameters.get("VpcPeeringConnectionId");
    return (await view.peerings()).find(({ VpcPeeringConnectionId }) => VpcPeeringConnectionId === id);
}

/** The quota of requests that an account has made and nobody has accepted yet. */
export const requestQuota: Rule = async (_, view) => {
    const [vpcs, peerings] = await Promise.all([view.vpcs(), view.peerings()]);
    const own = new Set(vpcs.map(({ VpcId }) => VpcId));
    const waiting = peerings.filter(
        ({ Status, RequesterVpcInfo }) => Status?.Code === "pending-acceptance" && own.has(RequesterVpcInfo?.VpcId),
    );
    return waiting.length >= outstandingRequests
        ? {
              code: "PendingVpcPeeringConnectionLimitExceeded",
              message: "Vpc peering connection request limit exceeded.",
          }
        : undefined;
};

/** The quota of active connections of the VPC whose owner accepts. */
export const activeQuota: Rule = async (parameters, view) => {
    const vpcId = (await connectionOf(parameters, view))?.AccepterVpcInfo?.VpcId;
    const active = (await view.peerings()).filter(
        ({ Status, RequesterVpcInfo, AccepterVpcInfo }) =>
            Status?.Code === "active" && (RequesterVpcInfo?.VpcId === vpcId || AccepterVpcInfo?.VpcId === vpcId),
    );
    return vpcId !== undefined && active.length >= activePerVpc
        ? {
              code: "ActiveVpcPeeringConnectionPerVpcLimitExceeded",
              message: `The limit of active vpc peering connections of ${vpcId} is exceeded.`,
          }
        : undefined;
};

/**
 * A pair of VPCs has one connection: of two requests, each the other way round, the second can't be accepted. Sources:
 * VPC Peering Guide, "VPC peering limitations"; Amazon EC2 API Reference, "Error codes" (VpcPeeringConnectionAlreadyExists).
 */
export const onlyOfPair: Rule = async (parameters, view) => {
    const connection = await connectionOf(parameters, view);
    const [requester, accepter] = [connection?.RequesterVpcInfo?.VpcId, connection?.AccepterVpcInfo?.VpcId];
    const other = (await view.peerings()).some(
        (one) =>
            one.Status?.Code === "active" &&
            (isBetween(one, accepter, requester) || isBetween(one, requester, accepter)),
    );
    return connection?.Status?.Code === "pending-acceptance" && other
        ? {
              code: "VpcPeeringConnectionAlreadyExists",
              message: `The vpc peering connection identified by ${connection.VpcPeeringConnectionId ?? ""} already exists.`,
          }
        : undefined;
};

/** Amazon EC2 API Reference, "DeleteVpcPeeringConnection": not when it failed or was rejected. */
export const deletable: Rule = async (parameters, view) => {
    const connection = await connectionOf(parameters, view);
    const { VpcPeeringConnectionId: id = "", RequesterVpcInfo: requester } = connection ?? {};
    // One that failed is behind the gateway one of a VPC with itself.
    const state = connection && isBetween(connection, requester?.VpcId, requester?.VpcId) ? "failed" : "rejected";
    return connection?.Status?.Code === "rejected"
        ? {
              code: "InvalidStateTransition",
              message: `Invalid state transition for ${id}, attempted to transition from ${state} to deleting`,
          }
        : undefined;
};

/** Amazon EC2 API Reference, "ModifyVpcPeeringConnectionOptions": only those of an active connection. */
export const activeForOptions: Rule = async (parameters, view) => {
    const connection = await connectionOf(parameters, view);
    return connection && connection.Status?.Code !== "active"
        ? notPermitted(
              `Peering ${connection.VpcPeeringConnectionId ?? ""} is not active. Peering options can be added only to active peerings.`,
          )
        : undefined;
};

const sides = [
    { name: "requester", parameter: "RequesterPeeringConnectionOptions.", info: "RequesterVpcInfo" },
    { name: "accepter", parameter: "AccepterPeeringConnectionOptions.", info: "AccepterVpcInfo" },
] as const;

/** Amazon EC2 API Reference, "ModifyVpcPeeringConnectionOptions": everybody his own side's, and in his own region. */
export const ownOptions: Rule = async (parameters, view) => {
    const connection = await connectionOf(parameters, view);
    const own = new Set((await view.vpcs()).map(({ VpcId }) => VpcId));
    const [, strange] =
        sides
            .filter(({ parameter }) => [...parameters.keys()].some((name) => name.startsWith(parameter)))
            .map((side) => [side.name, connection?.[side.info]] as const)
            .find(([, info]) => info && !own.has(info.VpcId)) ?? [];
    if (!connection || !strange) {
        return undefined;
    }
    const side = strange === connection.RequesterVpcInfo ? "requester" : "accepter";
    const other = side === "requester" ? connection.AccepterVpcInfo : connection.RequesterVpcInfo;
    return notPermitted(
        strange.OwnerId === other?.OwnerId
            ? `${side === "requester" ? "Requester" : "Accepter"}'s VPC Peering connection options cannot be modified for a different region`
            : `User ${other?.OwnerId ?? ""} does not have permission to modify the ${side} side peering options`,
    );
};

/** VPC Peering Guide, "Enable DNS resolution for a VPC peering connection": with DNS hostnames and resolution on in both VPCs. */
export const dnsForOptions: Rule = async (parameters, view) => {
    const asked = sides.some(
        ({ parameter }) => parameters.get(`${parameter}AllowDnsResolutionFromRemoteVpc`) === "true",
    );
    const connection = asked ? await connectionOf(parameters, view) : undefined;
    if (connection?.Status?.Code !== "active") {
        return undefined;
    }
    const infos = [connection.RequesterVpcInfo, connection.AccepterVpcInfo];
    const on = await Promise.all(
        infos.map(async ({ OwnerId = "", Region = "", VpcId = "" } = {}) =>
            (await view.elsewhere(OwnerId, Region)).hasDns(VpcId),
        ),
    );
    return on.every(Boolean)
        ? undefined
        : {
              code: "InvalidVpcPeeringConnectionState.DnsHostnamesDisabled",
              message: "DNS hostname support must be enabled for the VPCs of the peering connection.",
          };
};

function notPermitted(message: string): Refusal {
    return { code: "OperationNotPermitted", message };
}
