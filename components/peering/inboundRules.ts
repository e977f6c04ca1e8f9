import { getManagedPrefixList } from "@pulumi/aws/ec2/getManagedPrefixList";
import { getSecurityGroupRule, type GetSecurityGroupRuleResult } from "@pulumi/aws/vpc/getSecurityGroupRule";
import { getSecurityGroupRules } from "@pulumi/aws/vpc/getSecurityGroupRules";
import type { InvokeOptions } from "@pulumi/pulumi";
import { orEmpty } from "./ownership";
import { ruleText } from "./ports";
import { inRegion } from "./regions";

/** The rules for inbound traffic that a security group has. */
export async function inboundRules(
    groupId: string,
    opts: InvokeOptions,
    region: string | undefined,
): Promise<GetSecurityGroupRuleResult[]> {
    const filters = [{ name: "group-id", values: [groupId] }];
    const { ids } = await getSecurityGroupRules({ ...inRegion(region), filters }, opts);
    // A group without rules has no ids either.
    const rules = await Promise.all(
        orEmpty(ids).map((securityGroupRuleId) =>
            getSecurityGroupRule({ ...inRegion(region), securityGroupRuleId }, opts),
        ),
    );
    return rules.filter(({ isEgress }) => !isEgress);
}

/**
 * How many rules each of a group's rules counts as. Rules of IPv6 have a quota of their own. Nothing where they can't be read, and one
 * for a prefix list that can't be: only a warning depends on it.
 */
export async function countedRules(
    groupId: string,
    opts: InvokeOptions,
    region: string | undefined,
): Promise<Readonly<Record<string, number>>> {
    const rules = await inboundRules(groupId, opts, region).catch(() => []);
    const counted = rules
        .filter(({ cidrIpv6 }) => !cidrIpv6)
        .map(async (rule): Promise<[string, number]> => {
            const { cidrIpv4, prefixListId: list, referencedSecurityGroupId: group } = rule;
            // A group of another account has that before it.
            const source = cidrIpv4 || list || group.replace(/.*\//, "");
            return [ruleText(rule, source), list ? await maximumEntries(list, opts, region).catch(() => 1) : 1];
        });
    return Object.fromEntries(await Promise.all(counted));
}

/** Source: Amazon VPC User Guide, "Amazon VPC quotas". A list of AWS's own has no maximum that it tells, so that its entries count. */
async function maximumEntries(id: string, opts: InvokeOptions, region: string | undefined): Promise<number> {
    const { maxEntries, entries } = await getManagedPrefixList({ ...inRegion(region), id }, opts);
    return maxEntries || orEmpty(entries).length;
}
