import type { CallParameters, Rule } from "../call.ts";
import type { View } from "../client/view.ts";
import { activeQuota, allowedOptions, knownConnections, onlyOfPair, requestQuota } from "./connections.ts";
import { associatedTable, defaultGroup, groupInUse, mappedAddresses, subnetInUse, vpcInUse } from "./dependencies.ts";
import { completeFlowLog, knownFlowLogs, knownResources, newFlowLog } from "./flowLogs.ts";
import { freeAddress, groupsOfVpc, knownImage, knownKeyPair, offeredType } from "./launches.ts";
import { associableAcl, entryNumber, knownEntry, knownPrefixLists, notDefaultAcl } from "./networkAcls.ts";
import { addableBlock, localRoute, onlyGateway, reachableGroups, reachableTarget, validBlocks } from "./networks.ts";

/** Rules by action, for calls that AWS refuses and the API behind the gateway allows. */
const rules: Readonly<Record<string, readonly Rule[]>> = {
    CreateVpcPeeringConnection: [requestQuota],
    AcceptVpcPeeringConnection: [knownConnections, onlyOfPair, activeQuota],
    RejectVpcPeeringConnection: [knownConnections],
    DeleteVpcPeeringConnection: [knownConnections],
    DescribeVpcPeeringConnections: [knownConnections],
    ModifyVpcPeeringConnectionOptions: [knownConnections, allowedOptions],
    AssociateVpcCidrBlock: [addableBlock],
    CreateRoute: [localRoute, knownConnections, reachableTarget, knownPrefixLists],
    ReplaceRoute: [localRoute, knownConnections, reachableTarget],
    AuthorizeSecurityGroupIngress: [reachableGroups, knownPrefixLists],
    AuthorizeSecurityGroupEgress: [reachableGroups, knownPrefixLists],
    ModifySecurityGroupRules: [validBlocks, reachableGroups, knownPrefixLists],
    CreateFlowLogs: [completeFlowLog, knownResources, newFlowLog],
    DeleteFlowLogs: [knownFlowLogs],
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
    RunInstances: [knownImage, offeredType, knownKeyPair, groupsOfVpc, freeAddress],
};

/** Throws a Refusal if AWS refuses the call. Actions without rules cost no API calls. */
export async function refuse(action: string, parameters: CallParameters, view: View): Promise<void> {
    for (const rule of rules[action] ?? []) {
        await rule(parameters, view);
    }
}
