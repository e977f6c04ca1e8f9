import type { Provider } from "@pulumi/aws/provider";
import * as ec2 from "@pulumi/aws/ec2";
import { RunError, type InvokeOptions } from "@pulumi/pulumi";
import { describeProblems, messageOf, withoutStack, type Problem } from "../problems";
import { placeOf } from "./sideAccess";
import type { PeeringSideArgs } from "./peeringArgs";

/** What `lookUpVpc` takes besides the VPC's id. */
export interface LookUpOptions {
    /** What may read the VPC, and will manage its side: the default provider by default. */
    readonly provider?: Provider | undefined;
    /** Ids of the route tables that are to get routes; by default all that the VPC has. */
    readonly routeTableIds?: readonly string[] | undefined;
    /** Ids of security groups that are to open ports, by names of your own; none by default. */
    readonly securityGroups?: Readonly<Record<string, string>> | undefined;
}

/**
 * A side for a `VpcPeering`, from a VPC that exists already: asks AWS for its blocks, route tables, DNS attributes, place, and
 * how much of its quotas it uses. Await it before you make the component, so that previews know the name of everything that is
 * made: have the program export an async function.
 *
 * Throws a RunError that lists all that is wrong: a VPC that is not there; a route table or security group that is not there or
 * is another VPC's; what the provider may not read.
 */
export async function lookUpVpc(vpcId: string, options: LookUpOptions = {}): Promise<PeeringSideArgs> {
    const { provider, routeTableIds, securityGroups } = options;
    const opts = provider === undefined ? {} : { provider };
    const vpc = { path: "vpcId", value: vpcId };
    const connections = (end: "requester" | "accepter") =>
        ec2.getVpcPeeringConnections(
            {
                filters: [
                    { name: `${end}-vpc-info.vpc-id`, values: [vpcId] },
                    { name: "status-code", values: ["active"] },
                ],
            },
            opts,
        );
    const tableOf = (routeTableId: string) => {
        const path =
            routeTableIds === undefined ? "routeTables" : `routeTableIds[${routeTableIds.indexOf(routeTableId)}]`;
        return attempt({ path, value: routeTableId }, "route table", ec2.getRouteTable({ routeTableId }, opts));
    };
    const readTables = async () => {
        const all = routeTableIds ?? (await ec2.getRouteTables({ vpcId }, opts)).ids;
        return Promise.all([...all].sort().map(tableOf));
    };
    const [place, found, peerings, tables, groups] = await Promise.all([
        placeOf(opts),
        attempt(vpc, "VPC", ec2.getVpc({ id: vpcId }, opts)),
        attempt(vpc, "VPC", Promise.all([connections("requester"), connections("accepter")])),
        attempt(vpc, "VPC", readTables()),
        attempt(vpc, "VPC", vpcsOf(Object.values(securityGroups ?? {}), opts)),
    ]);
    const read = tables.answer ?? [];
    const problems = [
        ...[found, peerings, tables, groups, ...read].flatMap((one) => one.problem ?? []),
        ...read.flatMap(({ at, answer }) => (answer ? checkVpc(at, "route table", answer.vpcId, vpcId) : [])),
        ...Object.entries(groups.answer ? (securityGroups ?? {}) : {}).flatMap(([name, value]) =>
            checkVpc({ path: `securityGroups.${name}`, value }, "security group", groups.answer?.get(value), vpcId),
        ),
    ];
    if (!found.answer || problems.length > 0) {
        const subject = `lookUpVpc of ${vpcId} in ${place.region} of account ${place.accountId}`;
        throw withoutStack(new RunError(describeProblems(subject, problems, "it found no side for a peering")));
    }
    const routes = read.flatMap(({ at, answer }) => (answer ? [[at.value, answer.routes] as const] : []));
    return {
        vpcId,
        cidrBlocks: associated(found.answer.cidrBlockAssociations).map(({ cidrBlock }) => cidrBlock),
        ipv6CidrBlocks: associated(found.answer.ipv6CidrBlockAssociations).map(({ ipv6CidrBlock }) => ipv6CidrBlock),
        routeTables: Object.fromEntries(routes.map(([id]) => [id, id])),
        securityGroups,
        dns: found.answer.enableDnsSupport && found.answer.enableDnsHostnames,
        usage: {
            activePeerings: (peerings.answer ?? []).flatMap(({ ids }) => ids),
            routes: Object.fromEntries(
                routes.map(([id, of]) => [
                    id,
                    of.map((route) => route.cidrBlock || route.ipv6CidrBlock || route.destinationPrefixListId),
                ]),
            ),
        },
        region: place.region,
        accountId: place.accountId,
        provider,
    };
}

/** The blocks that are associated by now; terraform-provider-aws 5.100.0, which the sandbox may use, leaves IPv6 out. */
function associated<Association extends { state: string }>(associations: readonly Association[] = []): Association[] {
    return associations.filter(({ state }) => state === "associated");
}

/** The argument that a question to AWS is about. */
interface Asked {
    readonly path: string;
    readonly value: string;
}

/** What AWS answered to a question, or why it did not. */
interface Attempt<Answer> {
    readonly at: Asked;
    readonly answer?: Answer;
    readonly problem?: Problem;
}

async function attempt<Answer>(at: Asked, kind: string, asked: Promise<Answer>): Promise<Attempt<Answer>> {
    try {
        return { at, answer: await asked };
    } catch (error) {
        return { at, problem: { ...at, message: refusal(messageOf(error).replaceAll(/\s+/g, " "), kind) } };
    }
}

/** Why AWS, or its provider, does not tell of something of that kind, and what to do about it. */
function refusal(text: string, kind: string): string {
    if (/UnauthorizedOperation|AccessDenied/.test(text)) {
        const [, operation = "Describe*"] = /operation error EC2: (\w+)/.exec(text) ?? [];
        return `may not be read; allow ec2:${operation} in the IAM policy of the provider's credentials, or pass another provider`;
    }
    return /no matching|no results|\.NotFound/.test(text)
        ? notThere(kind)
        : `can't be read: ${text}; correct what that names, then look it up again`;
}

function notThere(kind: string): string {
    return `is no ${kind} there; correct the id, or pass the provider of its region and account`;
}

/** The VPC of each of these security groups, by the group's id; nothing of one that is not there. */
async function vpcsOf(groupIds: readonly string[], opts: InvokeOptions): Promise<ReadonlyMap<string, string>> {
    if (groupIds.length === 0) {
        return new Map();
    }
    const { ids, vpcIds } = await ec2.getSecurityGroups(
        { filters: [{ name: "group-id", values: [...groupIds] }] },
        opts,
    );
    return new Map(ids.map((id, index) => [id, vpcIds[index] ?? ""]));
}

/** The problem of something that is another VPC's, or that is not there. */
function checkVpc(at: Asked, kind: string, actual: string | undefined, vpcId: string): Problem[] {
    const message = actual === undefined ? notThere(kind) : `is a ${kind} of ${actual}; name one of ${vpcId}`;
    return actual === vpcId ? [] : [{ ...at, message }];
}
