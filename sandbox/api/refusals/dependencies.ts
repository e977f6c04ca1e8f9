import type { Refusal } from "../answers.ts";
import type { Rule } from "./refusals.ts";

// What is in use can't be deleted or detached. Sources: Amazon EC2 API Reference, "Error codes" (DependencyViolation), and
// the pages of the actions.

/** Amazon VPC User Guide, "Default security groups for your VPCs": they go with the VPC only. */
export const defaultGroup: Rule = async (parameters, view) => {
    const id = parameters.get("GroupId") ?? "";
    const group = (await view.groups()).find(({ GroupId }) => GroupId === id);
    return group?.GroupName === "default"
        ? {
              code: "CannotDelete",
              message: `the specified group: "${id}" name: "default" cannot be deleted by a user`,
          }
        : undefined;
};

/** "DeleteSecurityGroup": not while an interface has the group, or a rule of another group of its VPC names it. */
export const groupInUse: Rule = async (parameters, view) => {
    const id = parameters.get("GroupId");
    if (id === null) {
        return undefined;
    }
    const [groups, interfaces] = await Promise.all([view.groups(), view.interfaces()]);
    const vpcId = groups.find(({ GroupId }) => GroupId === id)?.VpcId;
    // A rule of a peer VPC's group does not keep it: that rule becomes stale.
    const named = groups
        .filter(({ GroupId, VpcId }) => GroupId !== id && VpcId === vpcId)
        .flatMap(({ IpPermissions = [], IpPermissionsEgress = [] }) => [...IpPermissions, ...IpPermissionsEgress])
        .some(({ UserIdGroupPairs = [] }) => UserIdGroupPairs.some(({ GroupId }) => GroupId === id));
    const used = interfaces.some(({ Groups = [] }) => Groups.some(({ GroupId }) => GroupId === id));
    return named || used ? violation(`resource ${id} has a dependent object`) : undefined;
};

/** "DeleteSubnet": not while an interface is in it. */
export const subnetInUse: Rule = async (parameters, view) => {
    const id = parameters.get("SubnetId") ?? "";
    const used = (await view.interfaces()).some(({ SubnetId }) => SubnetId === id);
    return used ? violation(`The subnet '${id}' has dependencies and cannot be deleted.`) : undefined;
};

/** "DeleteRouteTable": never the main one. One that is associated with a subnet is refused by the API itself. */
export const associatedTable: Rule = async (parameters, view) => {
    const id = parameters.get("RouteTableId") ?? "";
    const table = (await view.routeTables()).find(({ RouteTableId }) => RouteTableId === id);
    return table?.Associations?.some(({ Main }) => Main)
        ? violation(`The routeTable '${id}' has dependencies and cannot be deleted.`)
        : undefined;
};

/** "DetachInternetGateway": not while the VPC has running instances or interfaces with public addresses. */
export const mappedAddresses: Rule = async (parameters, view) => {
    const [vpcId, gatewayId] = [parameters.get("VpcId") ?? "", parameters.get("InternetGatewayId")];
    const [interfaces, gateways] = await Promise.all([view.interfaces(), view.internetGateways()]);
    const attached = gateways
        .find(({ InternetGatewayId }) => InternetGatewayId === gatewayId)
        ?.Attachments?.some(({ VpcId }) => VpcId === vpcId);
    return attached && interfaces.some(({ VpcId, Association }) => VpcId === vpcId && Association?.PublicIp)
        ? violation(
              `Network ${vpcId} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.`,
          )
        : undefined;
};

/**
 * "DeleteVpc": not while it has a gateway, or a group beside the default one; the API itself refuses it while it has
 * subnets or route tables. Not while a peering connection is active either, which only the console deletes with it, or
 * somebody else's request waits: VPC Peering Guide, "Delete a VPC peering connection".
 */
export const vpcInUse: Rule = async (parameters, view) => {
    const id = parameters.get("VpcId") ?? "";
    const [gateways, groups, peerings] = await Promise.all([view.internetGateways(), view.groups(), view.peerings()]);
    const used =
        gateways.some(({ Attachments = [] }) => Attachments.some(({ VpcId }) => VpcId === id)) ||
        groups.some(({ VpcId, GroupName }) => VpcId === id && GroupName !== "default") ||
        peerings.some(({ Status, RequesterVpcInfo, AccepterVpcInfo }) =>
            Status?.Code === "active"
                ? RequesterVpcInfo?.VpcId === id || AccepterVpcInfo?.VpcId === id
                : Status?.Code === "pending-acceptance" &&
                  AccepterVpcInfo?.VpcId === id &&
                  AccepterVpcInfo.OwnerId !== RequesterVpcInfo?.OwnerId,
        );
    return used ? violation(`The vpc '${id}' has dependencies and cannot be deleted.`) : undefined;
};

function violation(message: string): Refusal {
    return { code: "DependencyViolation", message };
}
