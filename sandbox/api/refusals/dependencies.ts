import { Refusal } from "../answers.ts";
import { endsOf, isActive, isPending } from "../client/vpcs.ts";
import type { Rule } from "./rule.ts";

// Resources in use can't be deleted or detached. Sources: Amazon EC2 API Reference, "Error codes" (DependencyViolation), and
// the pages of the actions.

/** Amazon VPC User Guide, "Default security groups for your VPCs": they are deleted only with the VPC. */
export const defaultGroup: Rule = async (parameters, view) => {
    const id = parameters.get("GroupId") ?? "";
    const group = (await view.groups()).find(({ GroupId }) => GroupId === id);
    if (group?.GroupName === "default") {
        throw new Refusal("CannotDelete", `the specified group: "${id}" name: "default" cannot be deleted by a user`);
    }
};

/** "DeleteSecurityGroup": not while a network interface uses the group or a rule of another group in its VPC references it. */
export const groupInUse: Rule = async (parameters, view) => {
    const id = parameters.get("GroupId");
    if (id === null) {
        return;
    }
    const [groups, interfaces] = await Promise.all([view.groups(), view.interfaces()]);
    const vpcId = groups.find(({ GroupId }) => GroupId === id)?.VpcId;
    // A rule of a peer VPC's group does not prevent the deletion: the rule becomes stale.
    const named = groups
        .filter(({ GroupId, VpcId }) => GroupId !== id && VpcId === vpcId)
        .flatMap(({ IpPermissions = [], IpPermissionsEgress = [] }) => [...IpPermissions, ...IpPermissionsEgress])
        .some(({ UserIdGroupPairs = [] }) => UserIdGroupPairs.some(({ GroupId }) => GroupId === id));
    if (named || interfaces.some(({ Groups = [] }) => Groups.some(({ GroupId }) => GroupId === id))) {
        throw violation(`resource ${id} has a dependent object`);
    }
};

/** "DeleteSubnet": not while it has network interfaces. */
export const subnetInUse: Rule = async (parameters, view) => {
    const id = parameters.get("SubnetId") ?? "";
    if ((await view.interfaces()).some(({ SubnetId }) => SubnetId === id)) {
        throw violation(`The subnet '${id}' has dependencies and cannot be deleted.`);
    }
};

/** "DeleteRouteTable": not the main route table. The API itself refuses one that is associated with a subnet. */
export const associatedTable: Rule = async (parameters, view) => {
    const id = parameters.get("RouteTableId") ?? "";
    const table = (await view.routeTables()).find(({ RouteTableId }) => RouteTableId === id);
    if (table?.Associations?.some(({ Main }) => Main)) {
        throw violation(`The routeTable '${id}' has dependencies and cannot be deleted.`);
    }
};

/** "DetachInternetGateway": not while the VPC has running instances or interfaces with public addresses. */
export const mappedAddresses: Rule = async (parameters, view) => {
    const [vpcId, gatewayId] = [parameters.get("VpcId") ?? "", parameters.get("InternetGatewayId")];
    const [interfaces, gateways] = await Promise.all([view.interfaces(), view.internetGateways()]);
    const attached = gateways
        .find(({ InternetGatewayId }) => InternetGatewayId === gatewayId)
        ?.Attachments?.some(({ VpcId }) => VpcId === vpcId);
    if (attached && interfaces.some(({ VpcId, Association }) => VpcId === vpcId && Association?.PublicIp)) {
        throw violation(
            `Network ${vpcId} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.`,
        );
    }
};

/**
 * "DeleteVpc": not while it has an internet gateway or a group other than the default one; the API itself refuses it while
 * it has subnets or route tables. Nor while it has an active peering connection, which only the console deletes with the
 * VPC, or a pending request from another account: VPC Peering Guide, "Delete a VPC peering connection".
 */
export const vpcInUse: Rule = async (parameters, view) => {
    const id = parameters.get("VpcId") ?? "";
    const [gateways, groups, peerings] = await Promise.all([view.internetGateways(), view.groups(), view.peerings()]);
    const used =
        gateways.some(({ Attachments = [] }) => Attachments.some(({ VpcId }) => VpcId === id)) ||
        groups.some(({ VpcId, GroupName }) => VpcId === id && GroupName !== "default") ||
        peerings.some((one) => {
            const { RequesterVpcInfo: requester, AccepterVpcInfo: accepter } = one;
            const foreign = accepter?.VpcId === id && accepter.OwnerId !== requester?.OwnerId;
            return isActive(one) ? endsOf(one).includes(id) : isPending(one) && foreign;
        });
    if (used) {
        throw violation(`The vpc '${id}' has dependencies and cannot be deleted.`);
    }
};

function violation(message: string): Refusal {
    return new Refusal("DependencyViolation", message);
}
