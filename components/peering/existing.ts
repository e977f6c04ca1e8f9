import { getRouteTable } from "@pulumi/aws/ec2/getRouteTable";
import { getSecurityGroupRule, type GetSecurityGroupRuleResult } from "@pulumi/aws/vpc/getSecurityGroupRule";
import { getSecurityGroupRules } from "@pulumi/aws/vpc/getSecurityGroupRules";
import type { CustomResourceOptions, InvokeOptions, Resource, ResourceHookArgs } from "@pulumi/pulumi";
import { known, runsHooks } from "../ordering";
import { withoutStack } from "../problems";
import { shellWord } from "../shell";
import { placeOf } from "./sideAccess";

// AWS refuses a route or rule that is there already, made by hand or by an update that was cut off, and its error does not say
// what to do about it. So AWS is asked before each is created. An error hook would only be called after a refusal, but the
// engine looks for it when it fails to delete a resource too, and where the program does not run, as in a destroy, it reports
// that it has no such hook instead of AWS's error.

/** What is there in place of a resource. */
interface Existing {
    /** As the subject of a sentence: `The route to 10.42.0.0/16 in rtb-1`. */
    readonly subject: string;
    /** The id that Pulumi imports it by. */
    readonly id: string;
    /** What removes it, as a command of `aws ec2`. */
    readonly removal: string;
}

type Find = (inputs: Readonly<Record<string, unknown>>, opts: InvokeOptions) => Promise<Existing | undefined>;

/** Options of a route, which is not created where its table has one to that block already. */
export function unlessRouted(opts: CustomResourceOptions): CustomResourceOptions {
    return unless(opts, async ({ routeTableId, destinationCidrBlock: block }, asked) => {
        const table = String(routeTableId);
        const { routes } = await getRouteTable({ routeTableId: table }, asked);
        return routes.some(({ cidrBlock }) => cidrBlock === block)
            ? {
                  subject: `A route to ${String(block)} is in ${table} already`,
                  id: `${table}_${String(block)}`,
                  removal: `delete-route --route-table-id ${table} --destination-cidr-block ${String(block)}`,
              }
            : undefined;
    });
}

/** Options of a rule for inbound traffic, which is not created where its group has one for that source and port already. */
export function unlessAllowed(opts: CustomResourceOptions): CustomResourceOptions {
    return unless(opts, async (wanted, asked) => {
        const group = String(wanted["securityGroupId"]);
        const { ids } = await getSecurityGroupRules({ filters: [{ name: "group-id", values: [group] }] }, asked);
        const rules = await Promise.all(
            ids.map((securityGroupRuleId) => getSecurityGroupRule({ securityGroupRuleId }, asked)),
        );
        const rule = rules.find((one) => !one.isEgress && isSame(wanted, one));
        return (
            rule && {
                subject: `The rule ${rule.securityGroupRuleId} of ${group} lets the same in already`,
                id: rule.securityGroupRuleId,
                removal: `revoke-security-group-ingress --group-id ${group} --security-group-rule-ids ${rule.securityGroupRuleId}`,
            }
        );
    });
}

/** Whether a rule that AWS's provider has read allows what is wanted. It reads empty texts where a rule has nothing. */
function isSame(wanted: Readonly<Record<string, unknown>>, found: GetSecurityGroupRuleResult): boolean {
    const texts = ["ipProtocol", "cidrIpv4", "referencedSecurityGroupId"] as const;
    const ports = ["fromPort", "toPort"] as const;
    return (
        texts.every((name) => (found[name] || "") === (wanted[name] ?? "")) &&
        // Every protocol has no ports, whatever is read of them.
        (wanted["ipProtocol"] === "-1" || ports.every((name) => found[name] === wanted[name]))
    );
}

function unless(opts: CustomResourceOptions & { readonly parent?: Resource }, find: Find): CustomResourceOptions {
    const beforeCreate = async ({ name, type, newInputs = {} }: ResourceHookArgs): Promise<void> => {
        const { parent } = opts;
        const provider = opts.provider ?? parent?.getProvider(type);
        const asked = { ...(parent && { parent }), ...(provider && { provider }) };
        const existing = await find(newInputs, asked);
        if (existing === undefined) {
            return;
        }
        const { region } = await placeOf(asked);
        const at = async (option: string, resource: Resource | undefined) =>
            resource ? ` --${option} ${shellWord(`${option}=${await known(resource.urn)}`)}` : "";
        const owner = `${await at("parent", parent)}${await at("provider", provider)}`;
        const importing = `pulumi import ${type} ${name} ${existing.id}${owner} --protect=false --generate-code=false`;
        throw withoutStack(
            new Error(
                `${existing.subject}, and this stack does not manage it. Have the stack take it over with "${importing}", or remove it with "aws ec2 ${existing.removal} --region ${region}"; then run 'pulumi up' again`,
            ),
        );
    };
    return runsHooks() ? { ...opts, hooks: { beforeCreate: [beforeCreate] } } : opts;
}
