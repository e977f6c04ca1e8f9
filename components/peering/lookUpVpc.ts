import type { Provider } from "@pulumi/aws/provider";
import * as ec2 from "@pulumi/aws/ec2";
import { RunError, type InvokeOptions } from "@pulumi/pulumi";
import { describeProblems, messageOf, problemIf, withoutStack, type Problem } from "../problems";
import { byName } from "./ids";
import { countedRules } from "./inboundRules";
import { orEmpty } from "./ownership";
import { checkRegion, inRegion } from "./regions";
import { placeOf } from "./sideAccess";
import type { PeeringSideArgs } from "./peeringArgs";

/** What `lookUpVpc` takes besides the VPC's id. */
export interface LookUpOptions {
    /** The VPC's AWS region: `"us-east-1"`; that of the provider by default. */
    readonly region?: string | undefined;
    /** What may read the VPC, and will manage its side: `new aws.Provider("partner", { profile: "partner" })`; the default provider by default. */
    readonly provider?: Provider | undefined;
    /** Ids of the route tables that are to get routes: `["rtb-0123456789abcdef0"]`; by default all that the VPC has, except those of gateways. */
    readonly routeTableIds?: readonly string[] | undefined;
    /**
     * Ids of the subnets whose route tables are to get routes, instead of `routeTableIds`: `["subnet-0123456789abcdef0"]`; none by default.
     * A subnet without a table of its own has the VPC's main one. Source: Amazon VPC User Guide, "Subnet route tables".
     */
    readonly subnetIds?: readonly string[] | undefined;
    /** The security groups that are to open ports, as a side of `VpcPeering` has them: `{ web: group.id }`; none by default. */
    readonly securityGroups?: PeeringSideArgs["securityGroups"];
}

/** What is wrong with a look at a VPC, as one text, and each by itself. */
export class LookUpError extends RunError {
    /** Each problem with its path among the arguments of {@link lookUpVpc}. */
    readonly problems: readonly Problem[];

    constructor(subject: string, problems: readonly Problem[]) {
        super(describeProblems(subject, problems, "it found no side for a peering"));
        this.problems = problems;
    }
}

/**
 * A side for a `VpcPeering`, from a VPC that exists already: asks AWS for its blocks, route tables, DNS attributes, place, and
 * how much of its quotas it uses. Await it before you make the component, so that previews know the name of everything that is
 * made: have the program export an async function.
 *
 * ```ts
 * const accepter = await lookUpVpc("vpc-0123456789abcdef0", { securityGroups: { web: "sg-0123456789abcdef0" } });
 * ```
 *
 * @param vpc the VPC's id, or the tags that it alone has in its region: `{ tags: { Name: "shop" } }`.
 *
 * Throws a {@link LookUpError} that lists all that is wrong: a VPC that is not there, or is one of several; a route table, subnet or
 * security group that is not there or is another VPC's; a gateway's route table; a region that is none; what the provider may not read.
 */
export async function lookUpVpc(
    vpc: string | { readonly tags: Readonly<Record<string, string>> },
    options: LookUpOptions = {},
): Promise<PeeringSideArgs> {
    const { provider, routeTableIds, subnetIds, securityGroups } = options;
    const both = "are given besides routeTableIds, and either says which tables get routes; leave one of the two out";
    const wrong = [
        ...checkRegion("region", options.region),
        ...problemIf(subnetIds !== undefined && routeTableIds !== undefined, { path: "subnetIds", message: both }),
    ];
    if (wrong.length > 0) {
        throw withoutStack(
            new LookUpError(`lookUpVpc of ${typeof vpc === "string" ? vpc : "a VPC by its tags"}`, wrong),
        );
    }
    const region = inRegion(options.region);
    const opts = provider === undefined ? {} : { provider };
    const vpcId = typeof vpc === "string" ? vpc : await byTags(vpc.tags, opts, region);
    const asked = { path: "vpcId", value: vpcId };
    const connections = (end: "requester" | "accepter") =>
        ec2.getVpcPeeringConnections(
            {
                ...region,
                filters: [
                    { name: `${end}-vpc-info.vpc-id`, values: [vpcId] },
                    { name: "status-code", values: ["active"] },
                ],
            },
            opts,
        );
    // Groups of the same program are yet to be made.
    const known = Object.entries(byName(securityGroups)).flatMap(([name, id]) =>
        typeof id === "string" ? [[name, id] as const] : [],
    );
    const readTables = async () => {
        const { ids: all } = await ec2.getRouteTables({ ...region, vpcId }, opts);
        const others = (routeTableIds ?? []).filter((id) => !all.includes(id));
        const read = (routeTableIds ?? all).filter((id) => all.includes(id)).sort();
        const tables = await Promise.all(
            read.map((routeTableId) => ec2.getRouteTable({ ...region, routeTableId }, opts)),
        );
        const every = read.map((id, index) => [id, tables[index]] as const);
        const found = subnetIds === undefined ? every : ofSubnets(subnetIds, every);
        // A gateway's table takes no route to a connection. Source: Amazon VPC User Guide, "Gateway route tables".
        const edge = found.flatMap(([id, table]) => (orEmpty(table?.associations).some(isOfGateway) ? [id] : []));
        const routes = found.flatMap(([id, table]) =>
            edge.includes(id) ? [] : [[id, orEmpty(table?.routes)] as const],
        );
        return { others, routes, edge: edge.filter((id) => routeTableIds?.includes(id)) };
    };
    const readSubnets = async () => {
        const filters = [{ name: "vpc-id", values: [vpcId] }];
        const { ids } = subnetIds ? await ec2.getSubnets({ ...region, filters }, opts) : { ids: [] };
        return (subnetIds ?? []).filter((id) => !orEmpty(ids).includes(id));
    };
    const [place, found, peerings, tables, foreign, groups, rules] = await Promise.all([
        placeOf(opts, options.region),
        attempt(asked, ec2.getVpc({ ...region, id: vpcId }, opts)),
        attempt(asked, Promise.all([connections("requester"), connections("accepter")])),
        attempt(asked, readTables()),
        attempt(asked, readSubnets()),
        attempt(
            asked,
            vpcsOf(
                known.map(([, id]) => id),
                opts,
                region,
            ),
        ),
        Promise.all(known.map(async ([name, id]) => [name, await countedRules(id, opts, options.region)] as const)),
    ]);
    const ofGroups = groups.answer ? known : [];
    const problems = [
        ...[found, peerings, tables, foreign, groups].flatMap(({ problem }) => problem ?? []),
        ...(foreign.answer ?? []).map((value) => ({
            path: `subnetIds[${(subnetIds ?? []).indexOf(value)}]`,
            value,
            message: `is no subnet of ${vpcId}; correct it, or leave subnetIds out for all route tables that the VPC has`,
        })),
        ...(tables.answer?.others ?? []).map((value) => ({
            path: `routeTableIds[${(routeTableIds ?? []).indexOf(value)}]`,
            value,
            message: `is no route table of ${vpcId}; correct it, or leave routeTableIds out for all that the VPC has`,
        })),
        ...(tables.answer?.edge ?? []).map((value) => ({
            path: `routeTableIds[${(routeTableIds ?? []).indexOf(value)}]`,
            value,
            message: `is the table of a gateway, which takes no route to a peering connection (Amazon VPC User Guide, "Gateway route tables"); name the tables of subnets, or leave routeTableIds out for all of these`,
        })),
        ...ofGroups.flatMap(([name, value]) => {
            const actual = groups.answer?.get(value);
            const what = actual === undefined ? "no security group there" : `a security group of ${actual}`;
            const message = `is ${what}; name one of ${vpcId}`;
            return problemIf(actual !== vpcId, { path: `securityGroups.${name}`, value, message });
        }),
    ];
    if (!found.answer || problems.length > 0) {
        const subject = `lookUpVpc of ${vpcId} in ${place.region} of account ${place.accountId}`;
        throw withoutStack(new LookUpError(subject, problems));
    }
    const routes = tables.answer?.routes ?? [];
    return {
        vpcId,
        cidrBlocks: associated(found.answer.cidrBlockAssociations).map(({ cidrBlock }) => cidrBlock),
        ipv6CidrBlocks: associated(found.answer.ipv6CidrBlockAssociations).map(({ ipv6CidrBlock }) => ipv6CidrBlock),
        routeTables: Object.fromEntries(routes.map(([id]) => [id, id])),
        securityGroups,
        dns: found.answer.enableDnsSupport && found.answer.enableDnsHostnames,
        usage: {
            activePeerings: (peerings.answer ?? []).flatMap(({ ids }) => orEmpty(ids)),
            routes: Object.fromEntries(
                routes.map(([id, of]) => [
                    id,
                    of.map((route) => route.cidrBlock || route.ipv6CidrBlock || route.destinationPrefixListId),
                ]),
            ),
            inboundRules: Object.fromEntries(rules),
        },
        region: place.region,
        accountId: place.accountId,
        provider,
    };
}

/** The id of the one VPC that has these tags; throws a {@link LookUpError} where there is none or several. */
async function byTags(
    tags: Readonly<Record<string, string>>,
    opts: InvokeOptions,
    region: { readonly region?: string },
): Promise<string> {
    const { ids } = await ec2.getVpcs({ ...region, tags: { ...tags } }, opts);
    const [id, ...more] = orEmpty(ids);
    if (id !== undefined && more.length === 0) {
        return id;
    }
    const found = id === undefined ? "are no VPC's there" : `are those of ${[id, ...more].sort().join(", ")}`;
    const message = `${found}; give tags that one VPC alone has, or its id`;
    throw withoutStack(new LookUpError("lookUpVpc of a VPC by its tags", [{ path: "tags", value: tags, message }]));
}

type Tables = readonly (readonly [id: string, table: ec2.GetRouteTableResult | undefined])[];

/** The tables of some subnets: each one's own, or else the main one. */
function ofSubnets(subnetIds: readonly string[], tables: Tables): Tables {
    const isOf = (test: (association: ec2.GetRouteTableResult["associations"][number]) => boolean) =>
        tables.find(([, table]) => orEmpty(table?.associations).some(test))?.[0];
    const main = isOf((one) => one.main);
    const ids = subnetIds.map((subnet) => isOf((one) => one.subnetId === subnet) ?? main);
    return tables.filter(([id]) => ids.includes(id));
}

/** Whether a route table is associated with a gateway, and not with a subnet. */
function isOfGateway({ gatewayId }: { readonly gatewayId?: string }): boolean {
    return Boolean(gatewayId);
}

/** The blocks that are associated by now; before version 6 terraform-provider-aws leaves IPv6 out. */
function associated<Association extends { state: string }>(associations: readonly Association[] = []): Association[] {
    return associations.filter(({ state }) => state === "associated");
}

/** What AWS answered to a question, or why it did not. */
interface Attempt<Answer> {
    readonly answer?: Answer;
    readonly problem?: Problem;
}

/** Asks about the VPC. */
async function attempt<Answer>(vpc: Omit<Problem, "message">, asked: Promise<Answer>): Promise<Attempt<Answer>> {
    try {
        return { answer: await asked };
    } catch (error) {
        return { problem: { ...vpc, message: refusal(messageOf(error).replaceAll(/\s+/g, " ")) } };
    }
}

/** Why AWS, or its provider, does not tell, and what to do about it. */
function refusal(text: string): string {
    if (/UnauthorizedOperation|AccessDenied/.test(text)) {
        const [, operation = "Describe*"] = /operation error EC2: (\w+)/.exec(text) ?? [];
        return `may not be read; allow ec2:${operation} in the IAM policy of the provider's credentials, or pass another provider`;
    }
    return /no matching|\.NotFound/.test(text)
        ? "is no VPC there; correct the id, pass its region, or pass the provider of its account"
        : `can't be read: ${text}; correct what that names, then look it up again`;
}

/** The VPC of each of these security groups, by the group's id; nothing of one that is not there. */
async function vpcsOf(
    groupIds: readonly string[],
    opts: InvokeOptions,
    region: { readonly region?: string },
): Promise<ReadonlyMap<string, string>> {
    if (groupIds.length === 0) {
        return new Map();
    }
    const { ids, vpcIds } = await ec2.getSecurityGroups(
        { ...region, filters: [{ name: "group-id", values: [...groupIds] }] },
        opts,
    );
    return new Map(orEmpty(ids).map((id, index) => [id, vpcIds[index] ?? ""]));
}
