import * as ec2 from "@pulumi/aws/ec2";
import * as vpc from "@pulumi/aws/vpc";
import * as pulumi from "@pulumi/pulumi";
import { unlessAllowed, unlessRouted } from "./existing";
import { byName } from "./ids";
import { acceptersCommands } from "./otherOwner";
import { dnsResolutionOf, portsInto, routedBlocks, type VpcPeeringArgs } from "./peeringArgs";
import { parsePort, portName, type RulePorts } from "./ports";
import { inRegion } from "./regions";
import { across, sides, type Place, type Side } from "./sides";
import {
    dnsOptionType,
    formerName,
    isPart,
    route,
    rule,
    type PartKind,
    type RuleSource,
    type WantedPart,
} from "./stackParts";
import type { StackResource, StackState } from "./stackState";
import type { Tags } from "./tags";
import { whenActive } from "./whenActive";

/** Where the two sides are; nothing of either where nothing depends on it. */
export type Places = pulumi.Output<Readonly<Record<Side, Place>>>;

/** What the parts of a peering are made with. */
export interface PeeringParts {
    /** First part of their names. */
    readonly name: string;
    readonly args: VpcPeeringArgs;
    readonly places: Places;
    /** The routes and rules of the managed sides. */
    readonly wanted: readonly WantedPart[];
    /** The connection, or its acceptance: it is active once this is made. */
    readonly accepted: pulumi.CustomResource;
    /** Tags of the rules. */
    readonly tags: Tags;
    /** What the stack has had before. */
    readonly state: StackState;
    /** Where the parts of each managed side belong and what makes them; undefined for another owner's side. */
    readonly opts: Readonly<Record<Side, pulumi.CustomResourceOptions | undefined>>;
}

/** What one side's parts are made with. */
interface SideParts {
    readonly name: string;
    readonly side: Side;
    /** The side's `region` argument. */
    readonly region: { readonly region?: string };
    readonly args: VpcPeeringArgs;
    readonly places: Places;
    readonly connectionId: pulumi.Output<string>;
    readonly tags: Tags;
    readonly state: StackState;
    readonly opts: pulumi.CustomResourceOptions;
}

/** The ids of what was made: of everything, and of routes and rules by their names without the component's. */
export interface MadeParts {
    readonly path: string[];
    readonly routes: Readonly<Record<string, string>>;
    readonly rules: Readonly<Record<string, string>>;
}

/** Makes the routes, rules and options of the managed sides. */
export function peeringParts({ wanted, accepted, opts, ...shared }: PeeringParts): pulumi.Output<MadeParts> {
    const made = <Made>(side: Side, make: (parts: SideParts) => Made[], after: pulumi.Resource[]): Made[] =>
        opts[side] === undefined
            ? []
            : make({
                  ...shared,
                  name: `${shared.name}-${side}`,
                  side,
                  region: inRegion(shared.args[side].region),
                  connectionId: accepted.id,
                  opts: { ...opts[side], dependsOn: after },
              });
    const ways = sides.flatMap((side) =>
        made(
            side,
            (parts) => wanted.filter((one) => one.side === side).map((one) => ({ ...one, made: part(one, parts) })),
            [accepted],
        ),
    );
    const resources = ways.map((one) => one.made);
    const options = sides.flatMap((side) => made(side, wantedDnsOption, [accepted]));
    const former = sides.flatMap((side) => made(side, (parts) => [formerDnsOption(parts)], [accepted]));
    const told = [...resources, ...options].map(({ id }) => id);
    const idsOf = (kind: PartKind) => {
        const some = ways.filter((one) => one.kind === kind);
        return Object.fromEntries(some.map((one) => [one.name.slice(shared.name.length + 1), one.made.id]));
    };
    return pulumi
        .all([pulumi.all(told), pulumi.all(former), pulumi.all(idsOf(route)), pulumi.all(idsOf(rule))])
        .apply(([ids, more, routes, rules]): MadeParts => ({ path: [...ids, ...more.flat()], routes, rules }));
}

/** The routes and rules of a side, as they are wanted. */
export function wantedParts(name: string, args: VpcPeeringArgs, side: Side, places: Places): WantedPart[] {
    const blocks = routedBlocks(args[across(side)]);
    const routes = Object.entries(byName(args[side].routeTables)).flatMap(([table, routeTableId]) =>
        blocks.map((destinationCidrBlock) => ({
            kind: route,
            side,
            name: `${name}-${side}-${table}-${destinationCidrBlock}`,
            path: `${side}.routeTables.${table}`,
            properties: { routeTableId, destinationCidrBlock },
        })),
    );
    // A side that alone may open connections lets nothing in.
    const sources = args.requestsFrom === side ? [] : ruleSources(args, across(side), places);
    const rules = Object.entries(byName(args[side].securityGroups)).flatMap(([group, securityGroupId]) =>
        rulePorts(args, side).flatMap(([port, ports]) =>
            sources.map(([role, source]) => ({
                kind: rule,
                side,
                name: `${name}-${side}-${group}-${port}-${role}`,
                path: `${side}.securityGroups.${group}`,
                properties: { securityGroupId, ...source, ...ports },
            })),
        ),
    );
    return [...routes, ...rules];
}

/** Makes what is wanted, or keeps what has it by another name. */
function part({ kind, name, properties }: WantedPart, parts: SideParts) {
    const { args, region, connectionId, tags, opts, state } = parts;
    const { ruleDescription: description } = args;
    const kept = { ...opts, aliases: [formerName(name, kind, properties, state)] };
    return "routeTableId" in properties
        ? new ec2.Route(
              name,
              { ...region, ...properties, vpcPeeringConnectionId: connectionId },
              unlessRouted(kept, properties.routeTableId, state),
          )
        : new vpc.SecurityGroupIngressRule(
              name,
              { ...region, ...properties, ...(description !== undefined && { description }), tags },
              // Changed in place, it would get the text ACCOUNT/GROUP as the group's id, which AWS does not know:
              // terraform-provider-aws splits it only when it creates a rule.
              whenSeen(
                  parts,
                  "referencedSecurityGroupId" in properties,
                  unlessAllowed(
                      { ...kept, replaceOnChanges: ["referencedSecurityGroupId"] },
                      properties.securityGroupId,
                      state,
                  ),
              ),
          );
}

/** Options of what needs an active connection: the accepter's side sees that at once, the requester's a moment later. */
function whenSeen(
    { side, region, connectionId, places, opts }: SideParts,
    needsActive: boolean,
    own: pulumi.CustomResourceOptions,
): pulumi.CustomResourceOptions {
    const { parent, provider } = opts;
    const asked = { ...(parent && { parent }), ...(provider && { provider }) };
    return side === "requester" && needsActive
        ? whenActive(own, { connectionId, places, opts: asked, region: region.region })
        : own;
}

/** What a side's rules let in, each with the name that it gives its rules. */
function rulePorts(args: VpcPeeringArgs, side: Side): [name: string, ports: RulePorts][] {
    return portsInto(args, side).flatMap((port) => {
        const parsed = parsePort(port);
        return parsed.ok ? [[portName(port), parsed.value]] : [];
    });
}

/** Each owner sets the option of its own side. */
function dnsOption(parts: SideParts, allow: boolean): ec2.PeeringConnectionOptions {
    const { name, side, region, connectionId, opts } = parts;
    const options = { ...region, vpcPeeringConnectionId: connectionId, [side]: { allowRemoteVpcDnsResolution: allow } };
    return new ec2.PeeringConnectionOptions(`${name}-dns-resolution`, options, whenSeen(parts, true, opts));
}

/** A side's option as it is wanted; nothing where it is left as it is. */
function wantedDnsOption(parts: SideParts): ec2.PeeringConnectionOptions[] {
    const allow = dnsResolutionOf(parts.args, parts.side);
    return allow === undefined ? [] : [dnsOption(parts, allow)];
}

/**
 * A side's option, off, where this component has set it before and now leaves it out: AWS keeps what it has, and its provider deletes
 * the resource without a word to AWS. Only the state tells, so that it is made inside an apply.
 */
function formerDnsOption(parts: SideParts): pulumi.Output<string[]> {
    const isOurs = (resource: StackResource) => isPart(resource, dnsOptionType, `${parts.name}-dns-resolution`);
    return pulumi
        .output(dnsResolutionOf(parts.args, parts.side) === undefined ? parts.state() : undefined)
        .apply((resources) => pulumi.all(resources?.some(isOurs) ? [dnsOption(parts, false).id] : []));
}

/** How rules name a side: by its blocks, or by its groups, which have their account before them in another account's rules. */
function ruleSources(args: VpcPeeringArgs, side: Side, places: Places): [role: string, RuleSource][] {
    if (args.ingressFrom !== "group") {
        return routedBlocks(args[side]).map((cidrIpv4) => [cidrIpv4, { cidrIpv4 }]);
    }
    return Object.entries(byName(args[side].securityGroups)).map(([group, id]) => [
        `group-${group}`,
        {
            referencedSecurityGroupId: pulumi.all([id, places]).apply(([plain, actual]) => {
                const { accountId: account } = actual[side];
                return account === actual[across(side)].accountId ? plain : `${account ?? ""}/${plain}`;
            }),
        },
    ]);
}

/** What the accepter's owner has to run where that side is not managed. */
export function acceptersPart(
    args: VpcPeeringArgs,
    connectionId: pulumi.Output<string>,
    places: Places,
): pulumi.Output<string[]> {
    const { accepter } = args;
    const ports = rulePorts(args, "accepter").map(([, rule]) => rule);
    const groups = ruleSources(args, "requester", places).flatMap(
        ([, source]) => source.referencedSecurityGroupId ?? [],
    );
    const asked = args.requestsFrom !== "accepter" && ports.length > 0;
    return pulumi
        .output({
            connectionId,
            vpcId: accepter.vpcId,
            region: places.accepter.region,
            routeTableIds: Object.values(byName(accepter.routeTables)),
            cidrBlocks: routedBlocks(args.requester),
            securityGroupIds: asked ? Object.values(byName(accepter.securityGroups)) : [],
            ports,
            sourceGroupIds: groups,
            dnsResolution: dnsResolutionOf(args, "accepter") ?? false,
        })
        .apply(acceptersCommands);
}
