import { Refusal } from "../answers.ts";
import type { Rule } from "../call.ts";
import { endsOf, isActive, isAttached, isPending } from "../client/vpcs.ts";

// Resources in use can't be deleted or detached. Sources: Amazon EC2 API Reference, "Error codes" (DependencyViolation), and
// the pages of the actions.

/** Amazon VPC User Guide, "Default security groups for your VPCs": they are deleted only with the VPC. */
export const defaultGroup: Rule = async ({ GroupId = "" }, view) => {
    if ((await view.group(GroupId))?.GroupName === "default") {
        throw new Refusal(
            "CannotDelete",
            `the specified group: "${GroupId}" name: "default" cannot be deleted by a user`,
        );
    }
};

/** "DeleteSecurityGroup": not while a network interface uses the group or a rule of another group in its VPC references it. */
export const groupInUse: Rule = async ({ GroupId: id }, view) => {
    if (id === undefined) {
        return;
    }
    const [group, groups, interfaces] = await Promise.all([view.group(id), view.groups(), view.interfaces()]);
    // A rule of a peer VPC's group does not prevent the deletion: the rule becomes stale.
    const named = groups
        .filter(({ GroupId, VpcId }) => GroupId !== id && VpcId === group?.VpcId)
        .flatMap(({ IpPermissions = [], IpPermissionsEgress = [] }) => [...IpPermissions, ...IpPermissionsEgress])
        .some(({ UserIdGroupPairs = [] }) => UserIdGroupPairs.some(({ GroupId }) => GroupId === id));
    if (named || interfaces.some(({ Groups = [] }) => Groups.some(({ GroupId }) => GroupId === id))) {
        throw violation(`resource ${id} has a dependent object`);
    }
};

/** "DeleteSubnet": not while it has network interfaces. */
export const subnetInUse: Rule = async ({ SubnetId: id = "" }, view) => {
    const used = (await view.interfaces()).some(({ SubnetId }) => SubnetId === id);
    refuseDeletion(used, "subnet", id);
};

/** "DeleteRouteTable": not the main route table. The API itself refuses one that is associated with a subnet. */
export const associatedTable: Rule = async ({ RouteTableId: id = "" }, view) => {
    const { Associations = [] } = (await view.routeTable(id)) ?? {};
    const main = Associations.some(({ Main }) => Main);
    refuseDeletion(main, "routeTable", id);
};

/** "DetachInternetGateway": not while the VPC has running instances or interfaces with public addresses. */
export const mappedAddresses: Rule = async ({ VpcId: id = "", InternetGatewayId }, view) => {
    const [interfaces, gateway] = await Promise.all([view.interfaces(), view.internetGateway(InternetGatewayId)]);
    const mapped = interfaces.some(({ VpcId, Association }) => VpcId === id && Association?.PublicIp);
    if (mapped && gateway && isAttached(gateway, id)) {
        throw violation(
            `Network ${id} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.`,
        );
    }
};

/**
 * "DeleteVpc": not while it has an internet gateway or a group other than the default one; the API itself refuses it while
 * it has subnets or route tables. Nor while it has an active peering connection, which only the console deletes with the
 * VPC, or a pending request from another account: VPC Peering Guide, "Delete a VPC peering connection".
 */
export const vpcInUse: Rule = async ({ VpcId: id = "" }, view) => {
    const [gateways, groups, peerings] = await Promise.all([view.internetGateways(), view.groups(), view.peerings()]);
    const used =
        gateways.some((gateway) => isAttached(gateway, id)) ||
        groups.some(({ VpcId, GroupName }) => VpcId === id && GroupName !== "default") ||
        peerings.some((one) => {
            const { RequesterVpcInfo: requester, AccepterVpcInfo: accepter } = one;
            const foreign = accepter?.VpcId === id && accepter.OwnerId !== requester?.OwnerId;
            return isActive(one) ? endsOf(one).includes(id) : isPending(one) && foreign;
        });
    refuseDeletion(used, "vpc", id);
};

function refuseDeletion(used: boolean, kind: string, id: string): void {
    if (used) {
        throw violation(`The ${kind} '${id}' has dependencies and cannot be deleted.`);
    }
}

function violation(message: string): Refusal {
    return new Refusal("DependencyViolation", message);
}
