import { Refusal } from "../answers.ts";
import type { Rule } from "../call.ts";
import { endsOf, isActive, isBetween, isPending } from "../client/vpcs.ts";

// Calls on peering connections and their options that AWS refuses.

/** Amazon VPC User Guide, "Amazon VPC quotas" (VPC peering connections): the default quotas. */
const outstandingRequests = 25;
const activePerVpc = 50;

/** The quota of an account's outstanding peering requests. */
export const requestQuota: Rule = async (_, view) => {
    const [vpcs, peerings] = await Promise.all([view.vpcs(), view.peerings()]);
    const own = vpcs.map(({ VpcId }) => VpcId);
    const waiting = peerings.filter((one) => isPending(one) && own.includes(one.RequesterVpcInfo?.VpcId));
    if (waiting.length >= outstandingRequests) {
        throw new Refusal("PendingVpcPeeringConnectionLimitExceeded", "Vpc peering connection request limit exceeded.");
    }
};

/** The quota of active peering connections for the accepter's VPC. */
export const activeQuota: Rule = async ({ VpcPeeringConnectionId }, view) => {
    const vpcId = (await view.peering(VpcPeeringConnectionId))?.AccepterVpcInfo?.VpcId;
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
export const onlyOfPair: Rule = async ({ VpcPeeringConnectionId: id }, view) => {
    const connection = await view.peering(id);
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
            `The vpc peering connection identified by ${id ?? ""} already exists.`,
        );
    }
};

/** Amazon EC2 API Reference, "Error codes": InvalidVpcPeeringConnectionID.NotFound. */
export const knownConnections: Rule = async (parameters, view) => {
    const named = Object.entries(parameters).filter(([name]) => /^VpcPeeringConnectionId(\.\d+)?$/.test(name));
    for (const [, id] of named) {
        if (!(await view.peering(id))) {
            throw new Refusal(
                "InvalidVpcPeeringConnectionID.NotFound",
                `The vpcPeeringConnection ID '${id}' does not exist`,
            );
        }
    }
};

const sides = [
    { name: "requester", parameter: "RequesterPeeringConnectionOptions.", info: "RequesterVpcInfo" },
    { name: "accepter", parameter: "AccepterPeeringConnectionOptions.", info: "AccepterVpcInfo" },
] as const;

/**
 * The connection must be active, owners set the options of their own side, in its region, and for DNS resolution both VPCs
 * must have DNS hostnames and DNS resolution enabled. Sources: Amazon EC2 API Reference, "ModifyVpcPeeringConnectionOptions";
 * VPC Peering Guide, "Enable DNS resolution for a VPC peering connection".
 */
export const allowedOptions: Rule = async (parameters, view) => {
    const { VpcPeeringConnectionId: id } = parameters;
    const connection = await view.peering(id);
    if (!connection) {
        return;
    }
    if (!isActive(connection)) {
        throw notPermitted(`Peering ${id ?? ""} is not active. Peering options can be added only to active peerings.`);
    }
    const names = Object.keys(parameters);
    for (const [index, { name, parameter, info }] of sides.entries()) {
        const changed = names.some((one) => one.startsWith(parameter)) ? connection[info] : undefined;
        if (changed && !(await view.vpc(changed.VpcId))) {
            const caller = connection[sides[1 - index]?.info ?? info]?.OwnerId;
            throw notPermitted(
                changed.OwnerId === caller
                    ? `${name === "requester" ? "Requester" : "Accepter"}'s VPC Peering connection options cannot be modified for a different region`
                    : `User ${caller ?? ""} does not have permission to modify the ${name} side peering options`,
            );
        }
    }
    if (sides.some(({ parameter }) => parameters[`${parameter}AllowDnsResolutionFromRemoteVpc`] === "true")) {
        const attributes = await Promise.all(
            sides.map(async ({ info }) => {
                const { OwnerId = "", Region = "", VpcId = "" } = connection[info] ?? {};
                return (await view.elsewhere(OwnerId, Region)).dnsOf(VpcId);
            }),
        );
        if (!attributes.every(({ dnsSupport, dnsHostnames }) => dnsSupport && dnsHostnames)) {
            throw new Refusal(
                "InvalidVpcPeeringConnectionState.DnsHostnamesDisabled",
                "DNS hostname support must be enabled for the VPCs of the peering connection.",
            );
        }
    }
};

function notPermitted(message: string): Refusal {
    return new Refusal("OperationNotPermitted", message);
}
