import { Refusal } from "../answers.ts";
import { prefixesIn, type Rule } from "../call.ts";

// Calls on network ACLs and prefix lists that AWS refuses.

/** Amazon EC2 API Reference, "CreateNetworkAclEntry" (RuleNumber): 32767 is the entry that denies what no other one matches. */
export const entryNumber: Rule = ({ RuleNumber }) => {
    const number = Number(RuleNumber);
    return number >= 1 && number <= 32766
        ? Promise.resolve()
        : Promise.reject(
              new Refusal(
                  "InvalidParameterValue",
                  `Value (${RuleNumber ?? ""}) for parameter ruleNumber is invalid. Must be between 1 and 32766.`,
              ),
          );
};

/** Amazon EC2 API Reference, "Error codes" (InvalidNetworkAclEntry.NotFound). */
export const knownEntry: Rule = async ({ NetworkAclId, RuleNumber, Egress }, view) => {
    const acl = await view.networkAcl(NetworkAclId);
    const entry = acl?.Entries?.find((one) => `${one.RuleNumber} ${one.Egress}` === `${RuleNumber} ${Egress}`);
    if (acl && !entry) {
        throw new Refusal(
            "InvalidNetworkAclEntry.NotFound",
            `The network acl entry identified by ${RuleNumber ?? ""} does not exist.`,
        );
    }
};

/** Amazon EC2 API Reference, "DeleteNetworkAcl": not the default one. */
export const notDefaultAcl: Rule = async ({ NetworkAclId }, view) => {
    if ((await view.networkAcl(NetworkAclId))?.IsDefault) {
        throw new Refusal("InvalidParameterValue", `cannot delete default network ACL '${NetworkAclId ?? ""}'`);
    }
};

/**
 * The association exists, and the network ACL is one of the subnet's VPC. Sources: Amazon EC2 API Reference,
 * "ReplaceNetworkAclAssociation" and "Error codes" (InvalidAssociationID.NotFound, InvalidNetworkAclID.NotFound).
 */
export const associableAcl: Rule = async ({ AssociationId = "", NetworkAclId = "" }, view) => {
    const acls = await view.networkAcls();
    const old = acls.find(({ Associations = [] }) =>
        Associations.some(({ NetworkAclAssociationId }) => NetworkAclAssociationId === AssociationId),
    );
    const acl = await view.networkAcl(NetworkAclId);
    if (!old) {
        throw new Refusal("InvalidAssociationID.NotFound", `The association ID '${AssociationId}' does not exist`);
    }
    if (!acl) {
        throw new Refusal("InvalidNetworkAclID.NotFound", `The networkAcl ID '${NetworkAclId}' does not exist`);
    }
    if (acl.VpcId !== old.VpcId) {
        throw new Refusal(
            "InvalidParameterValue",
            `network ACL ${NetworkAclId} and association ${AssociationId} belong to different networks`,
        );
    }
};

/** The prefix lists that a route or a rule references exist. Source: Amazon EC2 API Reference, "Error codes" (InvalidPrefixListID.NotFound). */
export const knownPrefixLists: Rule = async (parameters, view) => {
    const inRules = prefixesIn(parameters, /^IpPermissions\.\d+\.PrefixListIds\.\d+\.PrefixListId$/);
    for (const name of ["DestinationPrefixListId", ...inRules]) {
        const id = parameters[name];
        if (id !== undefined && !(await view.prefixList(id))) {
            throw new Refusal("InvalidPrefixListID.NotFound", `The prefix list ID '${id}' does not exist`);
        }
    }
};
