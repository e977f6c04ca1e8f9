import type { VpcPeeringConnection } from "@aws-sdk/client-ec2";
import { Refusal } from "../answers.ts";
import type { View } from "../client/view.ts";
import { endsOf, isActive, isBetween, isPending } from "../client/vpcs.ts";
import type { Rule } from "./rule.ts";

// Calls on peering connections and their options that AWS refuses.

/** Amazon VPC User Guide, "Amazon VPC quotas" (VPC peering connections): the default quotas. */
const outstandingRequests = 25;
const activePerVpc = 50;

async function connectionOf(parameters: URLSearchParams, view: View): Promise<VpcPeeringConnection | undefined> {
    const id = parameters.get("VpcPeeringConnectionId");
    return (await view.peerings()).find(({ VpcPeeringConnectionId }) => VpcPeeringConnectionId === id);
}

async function ownVpcs(view: View): Promise<Set<string | undefined>> {
    return new Set((await view.vpcs()).map(({ VpcId }) => VpcId));
}

/** The quota of an account's outstanding peering requests. */
export const requestQuota: Rule = async (_, view) => {
    const [own, peerings] = await Promise.all([ownVpcs(view), view.peerings()]);
    const waiting = peerings.filter((one) => isPending(one) && own.has(one.RequesterVpcInfo?.VpcId));
    if (waiting.length >= outstandingRequests) {
        throw new Refusal("PendingVpcPeeringConnectionLimitExceeded", "Vpc peering connection request limit exceeded.");
    }
};

/** The quota of active peering connections for the accepter's VPC. */
export const activeQuota: Rule = async (parameters, view) => {
    const vpcId = (await connectionOf(parameters, view))?.AccepterVpcInfo?.VpcId;
    const active = (await view.peerings()).filter((one) => isActive(one) && endsOf(one).includes(vpcId));
    if (vpcId !== undefined && active.length >= activePerVpc) {
        throw new Refusal(
            "ActiveVpcPeeringConnectionPerVpcLimitExceeded",
            `The limit of active vpc peering connections of ${vpcId} is exceeded.`,
        );
    }
};

/**
 * Two VPCs have at most one connection: of two requests in opposite directions, only one can be accepted. Sources: VPC Peering
 * Guide, "VPC peering limitations"; Amazon EC2 API Reference, "Error codes" (VpcPeeringConnectionAlreadyExists).
 */
export const onlyOfPair: Rule = async (parameters, view) => {
    const connection = await connectionOf(parameters, view);
    if (!connection || !isPending(connection)) {
        return;
    }
    const [requester, accepter] = endsOf(connection);
    const other = (await view.peerings()).some(
        (one) => isActive(one) && (isBetween(one, accepter, requester) || isBetween(one, requester, accepter)),
    );
    if (other) {
        throw new Refusal(
            "VpcPeeringConnectionAlreadyExists",
            `The vpc peering connection identified by ${connection.VpcPeeringConnectionId ?? ""} already exists.`,
        );
    }
};

/** Amazon EC2 API Reference, "DeleteVpcPeeringConnection": not a failed or rejected connection. */
export const deletable: Rule = async (parameters, view) => {
    const connection = await connectionOf(parameters, view);
    if (connection?.Status?.Code === "rejected") {
        const [requester] = endsOf(connection);
        // The API behind the gateway has a failed connection as one of a VPC with itself.
        const state = isBetween(connection, requester, requester) ? "failed" : "rejected";
        throw new Refusal(
            "InvalidStateTransition",
            `Invalid state transition for ${connection.VpcPeeringConnectionId ?? ""}, attempted to transition from ${state} to deleting`,
        );
    }
};

/** Amazon EC2 API Reference, "ModifyVpcPeeringConnectionOptions": the connection must be active. */
export const activeForOptions: Rule = async (parameters, view) => {
    const connection = await connectionOf(parameters, view);
    if (connection && !isActive(connection)) {
        throw notPermitted(
            `Peering ${connection.VpcPeeringConnectionId ?? ""} is not active. Peering options can be added only to active peerings.`,
        );
    }
};

const sides = [
    { name: "requester", parameter: "RequesterPeeringConnectionOptions.", info: "RequesterVpcInfo" },
    { name: "accepter", parameter: "AccepterPeeringConnectionOptions.", info: "AccepterVpcInfo" },
] as const;

/** Amazon EC2 API Reference, "ModifyVpcPeeringConnectionOptions": owners set the options of their own side, in its region. */
export const ownOptions: Rule = async (parameters, view) => {
    const connection = await connectionOf(parameters, view);
    const own = await ownVpcs(view);
    const names = [...parameters.keys()];
    for (const [index, { name, parameter, info }] of sides.entries()) {
        const changed = names.some((one) => one.startsWith(parameter)) ? connection?.[info] : undefined;
        if (changed && !own.has(changed.VpcId)) {
            const caller = connection?.[sides[1 - index]?.info ?? info]?.OwnerId;
            throw notPermitted(
                changed.OwnerId === caller
                    ? `${name === "requester" ? "Requester" : "Accepter"}'s VPC Peering connection options cannot be modified for a different region`
                    : `User ${caller ?? ""} does not have permission to modify the ${name} side peering options`,
            );
        }
    }
};

/** VPC Peering Guide, "Enable DNS resolution for a VPC peering connection": both VPCs must have DNS hostnames and DNS resolution enabled. */
export const dnsForOptions: Rule = async (parameters, view) => {
    const asked = sides.some(
        ({ parameter }) => parameters.get(`${parameter}AllowDnsResolutionFromRemoteVpc`) === "true",
    );
    const connection = asked ? await connectionOf(parameters, view) : undefined;
    if (!connection || !isActive(connection)) {
        return;
    }
    const infos = [connection.RequesterVpcInfo, connection.AccepterVpcInfo];
    const attributes = await Promise.all(
        infos.map(async ({ OwnerId = "", Region = "", VpcId = "" } = {}) =>
            (await view.elsewhere(OwnerId, Region)).dnsOf(VpcId),
        ),
    );
    if (!attributes.every(({ dnsSupport, dnsHostnames }) => dnsSupport && dnsHostnames)) {
        throw new Refusal(
            "InvalidVpcPeeringConnectionState.DnsHostnamesDisabled",
            "DNS hostname support must be enabled for the VPCs of the peering connection.",
        );
    }
};

function notPermitted(message: string): Refusal {
    return new Refusal("OperationNotPermitted", message);
}
