import type { CallParameters, Rule } from "../call.ts";
import type { View } from "../client/view.ts";
import { activeQuota, allowedOptions, deletable, onlyOfPair, requestQuota } from "./connections.ts";
import { associatedTable, defaultGroup, groupInUse, mappedAddresses, subnetInUse, vpcInUse } from "./dependencies.ts";
import { freeAddress, groupsOfVpc, knownImage, knownKeyPair } from "./launches.ts";
import { associableAcl, entryNumber, knownEntry, knownPrefixLists, notDefaultAcl } from "./networkAcls.ts";
import { localRoute, onlyGateway, reachableGroups, reachableTarget } from "./networks.ts";

/** Rules by action, for calls that AWS refuses and the API behind the gateway allows. */
const rules: Readonly<Record<string, readonly Rule[]>> = {
    CreateVpcPeeringConnection: [requestQuota],
    AcceptVpcPeeringConnection: [onlyOfPair, activeQuota],
    DeleteVpcPeeringConnection: [deletable],
    ModifyVpcPeeringConnectionOptions: [allowedOptions],
    CreateRoute: [localRoute, reachableTarget, knownPrefixLists],
    ReplaceRoute: [localRoute, reachableTarget],
    AuthorizeSecurityGroupIngress: [reachableGroups, knownPrefixLists],
    AuthorizeSecurityGroupEgress: [reachableGroups, knownPrefixLists],
    CreateNetworkAclEntry: [entryNumber],
    ReplaceNetworkAclEntry: [entryNumber, knownEntry],
    DeleteNetworkAclEntry: [entryNumber, knownEntry],
    ReplaceNetworkAclAssociation: [associableAcl],
    DeleteNetworkAcl: [notDefaultAcl],
    DeleteSecurityGroup: [defaultGroup, groupInUse],
    DeleteSubnet: [subnetInUse],
    DeleteRouteTable: [associatedTable],
    AttachInternetGateway: [onlyGateway],
    DetachInternetGateway: [mappedAddresses],
    DeleteVpc: [vpcInUse],
    RunInstances: [knownImage, knownKeyPair, groupsOfVpc, freeAddress],
    CreateNetworkInterface: [freeAddress],
};

/** Throws a Refusal if AWS refuses the call. Actions without rules cost no API calls. */
export async function refuse(action: string, parameters: CallParameters, view: View): Promise<void> {
    for (const rule of rules[action] ?? []) {
        await rule(parameters, view);
    }
}
