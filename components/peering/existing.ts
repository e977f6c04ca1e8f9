import { AsyncResource } from "async_hooks";
import { randomUUID } from "crypto";
import { getRouteTable } from "@pulumi/aws/ec2/getRouteTable";
import { getVpcPeeringConnection, type GetVpcPeeringConnectionResult } from "@pulumi/aws/ec2/getVpcPeeringConnection";
import { getVpcPeeringConnections } from "@pulumi/aws/ec2/getVpcPeeringConnections";
import { getSecurityGroupRule, type GetSecurityGroupRuleResult } from "@pulumi/aws/vpc/getSecurityGroupRule";
import { getSecurityGroupRules } from "@pulumi/aws/vpc/getSecurityGroupRules";
import {
    ResourceHook,
    type CustomResourceOptions,
    type InvokeOptions,
    type Resource,
    type ResourceHookArgs,
} from "@pulumi/pulumi";
import { known, runsHooks } from "../ordering";
import { withoutStack } from "../problems";
import { shellWord } from "../shell";
import { componentOf, ownTag } from "./ownership";
import { placeOf } from "./sideAccess";

// AWS refuses a route or rule that is there already, made by hand or by an update that was cut off, and its error does not say
// what to do about it. So AWS is asked before each is created. An error hook would only be called after a refusal, but the
// engine looks for it when it fails to delete a resource too, and where the program does not run, as in a destroy, it reports
// that it has no such hook instead of AWS's error.
//
// A second connection of a pair of VPCs AWS does not refuse: it returns the one that is there, which the stack would then have
// taken over unasked, and would delete.

/** What is there in place of a resource. */
interface Existing {
    /** As the subject of a sentence: `The route to 10.42.0.0/16 in rtb-1`. */
    readonly subject: string;
    /** The id that Pulumi imports it by; undefined where the resource could not be made of it. */
    readonly id?: string | undefined;
    /** What removes it, as a command of `aws ec2`. */
    readonly removal: string;
}

type Find = (inputs: Readonly<Record<string, unknown>>, opts: InvokeOptions) => Promise<Existing | undefined>;

/** The statuses of a connection that AWS has in place of another one of the same pair. */
const standing = ["initiating-request", "pending-acceptance", "provisioning", "active"];

/**
 * Options of a connection, which is not created where its two VPCs have one already, whichever side requested it. A preview
 * reports that too, as far as it knows the VPCs' ids.
 *
 * @param owner value of the tag by which its stack knows the connection: one with it was made by an update that was cut off, or,
 * in a preview, is the one that is to be replaced.
 */
export function unlessPeered(opts: CustomResourceOptions, owner: string): CustomResourceOptions {
    const find: Find = async ({ vpcId, peerVpcId }, asked) => {
        if (typeof vpcId !== "string" || typeof peerVpcId !== "string") {
            return undefined;
        }
        const values = [vpcId, peerVpcId];
        const filters = [
            { name: "requester-vpc-info.vpc-id", values },
            { name: "accepter-vpc-info.vpc-id", values },
            { name: "status-code", values: standing },
        ];
        const { ids } = await getVpcPeeringConnections({ filters }, asked);
        const found = await Promise.all(ids.map((id) => getVpcPeeringConnection({ id }, asked)));
        const other = found.find(({ tags }) => tags[ownTag] !== owner);
        return other && existingConnection(other, vpcId, peerVpcId);
    };
    return unless(opts, find, true);
}

/** A connection in place of one from `vpcId` to `peerVpcId`; throws if another component of this stack manages it. */
function existingConnection(
    { id, status, ownerId, tags, vpcId: requester }: GetVpcPeeringConnectionResult,
    vpcId: string,
    peerVpcId: string,
): Existing {
    const owner = tags[ownTag];
    const connection = `The connection ${id} between ${vpcId} and ${peerVpcId}`;
    const sibling = componentOf(owner);
    if (sibling !== undefined) {
        const renamed = `if it was renamed, give it the option aliases: [{ name: "${sibling}" }]`;
        throw withoutStack(
            new Error(
                `${connection} is that of ${sibling} in this stack; ${renamed}; if not, leave one of the two out`,
            ),
        );
    }
    const sameDirection = requester === vpcId;
    // Only its requester may delete a request that waits to be accepted.
    const verb = sameDirection || status !== "pending-acceptance" ? "delete" : "reject";
    const whose = owner === undefined ? "" : ` for ${owner}`;
    return {
        subject: `${connection} is there already (${status}, requested from ${requester} by account ${ownerId}${whose})`,
        id: sameDirection ? id : undefined,
        removal: `${verb}-vpc-peering-connection --vpc-peering-connection-id ${id}`,
    };
}

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

function unless(
    opts: CustomResourceOptions & { readonly parent?: Resource },
    find: Find,
    onDryRun = false,
): CustomResourceOptions {
    const beforeCreate = async ({ name, type, newInputs = {} }: ResourceHookArgs): Promise<void> => {
        const { parent } = opts;
        const provider = opts.provider ?? parent?.getProvider(type);
        const asked = { ...(parent && { parent }), ...(provider && { provider }) };
        const existing = await find(newInputs, asked);
        if (existing === undefined) {
            return;
        }
        const { subject, id, removal } = existing;
        const { region } = await placeOf(asked);
        const at = async (option: string, resource: Resource | undefined) =>
            resource ? ` --${option} ${shellWord(`${option}=${await known(resource.urn)}`)}` : "";
        const owner = `${await at("parent", parent)}${await at("provider", provider)}`;
        const importing = `pulumi import ${type} ${name} ${id ?? ""}${owner} --protect=false --generate-code=false`;
        const takeOver = id === undefined ? "Remove" : `Have the stack take it over with "${importing}", or remove`;
        throw withoutStack(
            new Error(
                `${subject}, and this stack does not manage it. ${takeOver} it with "aws ec2 ${removal} --region ${region}"; then run 'pulumi up' again`,
            ),
        );
    };
    if (!runsHooks()) {
        return opts;
    }
    // Where the component is part of a package for other languages, the SDK knows the engine only in the calls that it makes it in.
    const bound = AsyncResource.bind(beforeCreate);
    // Hooks need names that are unique in the program.
    const hook = onDryRun ? new ResourceHook(`unless-${randomUUID()}`, bound, { onDryRun }) : bound;
    return { ...opts, hooks: { beforeCreate: [hook] } };
}
