import type { Refusal } from "../answers.ts";
import { associatedTable, defaultGroup, groupInUse, mappedAddresses, subnetInUse, vpcInUse } from "./dependencies.ts";
import { freeAddress, groupsOfVpc, knownImage, knownKeyPair } from "./launches.ts";
import {
    activeForOptions,
    activeQuota,
    deletable,
    dnsForOptions,
    onlyOfPair,
    ownOptions,
    requestQuota,
} from "./connections.ts";
import { localRoute, onlyGateway, reachableTarget, reachableGroups } from "./networks.ts";
import type { View } from "../upstream.ts";

/** Gives the refusal of a call of EC2's API by its parameters and what the API has for its caller, or nothing. */
export type Rule = (parameters: URLSearchParams, view: View) => Promise<Refusal | undefined>;

/** What AWS refuses and the API behind the gateway lets through. */
const rules: Readonly<Record<string, readonly Rule[]>> = {
    CreateVpcPeeringConnection: [requestQuota],
    AcceptVpcPeeringConnection: [onlyOfPair, activeQuota],
    DeleteVpcPeeringConnection: [deletable],
    ModifyVpcPeeringConnectionOptions: [activeForOptions, ownOptions, dnsForOptions],
    CreateRoute: [localRoute, reachableTarget],
    ReplaceRoute: [localRoute, reachableTarget],
    AuthorizeSecurityGroupIngress: [reachableGroups],
    AuthorizeSecurityGroupEgress: [reachableGroups],
    DeleteSecurityGroup: [defaultGroup, groupInUse],
    DeleteSubnet: [subnetInUse],
    DeleteRouteTable: [associatedTable],
    AttachInternetGateway: [onlyGateway],
    DetachInternetGateway: [mappedAddresses],
    DeleteVpc: [vpcInUse],
    RunInstances: [knownImage, knownKeyPair, groupsOfVpc, freeAddress],
    CreateNetworkInterface: [freeAddress],
};

/** The refusal of a call, or nothing when AWS would not refuse it either. Calls without a rule cost nothing. */
export async function refuse(parameters: URLSearchParams, view: View): Promise<Refusal | undefined> {
    const ofAction = rules[parameters.get("Action") ?? ""] ?? [];
    const refusals = await Promise.all(ofAction.map((rule) => rule(parameters, view)));
    return refusals.find((refusal) => refusal !== undefined);
}
