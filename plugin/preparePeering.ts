import type { Provider } from "@pulumi/aws/provider";
import * as pulumi from "@pulumi/pulumi";
import {
    lookUpVpc,
    LookUpError,
    type PeeringSideArgs,
    type Port,
    type VpcPeeringArgs as Prepared,
} from "pulumi-vpc-peering";
import { findPlaces } from "pulumi-vpc-peering/internal";
import { checkVpcPeeringArgs, problemIf, sides, type Problem, type Side } from "pulumi-vpc-peering/rules";
import { checkSideAccess, providerOf } from "./access";
import { IngressFrom, RequestsFrom } from "./choices";
import { checkChoice, checkKnown, refuse, settled } from "./inputs";
import type { PeeringSide, VpcPeeringArgs } from "./vpcPeeringArgs";

type Known = pulumi.Unwrap<PeeringSide>;

/** Arguments that resources are only made with. */
const passedOn = /^((requester|accepter)\.(vpcId|routeTables\..+|securityGroups\..+)|peeringConnectionId|tags(\..+)?)$/;

/**
 * The arguments of the peering that a `VpcPeering` of other languages is: with a provider for each side, and with what AWS says of
 * VPCs that are looked up. Throws an InputPropertiesError that lists everything that AWS would refuse, before anything is created.
 */
export async function preparePeering(
    name: string,
    args: VpcPeeringArgs,
    opts: pulumi.ComponentResourceOptions,
): Promise<Prepared> {
    const known = await settled(args);
    const subject = `VpcPeering ${name}`;
    refuse(subject, checkKnown(known, passedOn));

    const access = sides.flatMap((side) => checkSideAccess(side, known[side]));
    // Where that is wrong AWS is not asked for anything: what it says of credentials would tell less.
    const asks = access.length === 0;
    const isManaged = { requester: known.manageRequester ?? true, accepter: known.manageAccepter ?? true };
    const complete = async (side: Side) => {
        const provider =
            isManaged[side] && asks
                ? await providerOf(`${name}-${side}`, known[side], opts, !isManaged.requester)
                : undefined;
        return completeSide(side, known[side], provider, { isManaged: isManaged[side], asks });
    };
    const [requester, accepter] = (await Promise.all(sides.map(complete))) as [Completed, Completed];
    const found = [...requester.problems, ...accepter.problems];
    const { ports, ...rest } = known;
    const whole = {
        ...rest,
        ...(ports && { ports: ports as Port[] }),
        ...(args.tags && { tags: args.tags }),
        requester: requester.args,
        accepter: accepter.args,
    };
    const asked = (side: Side) => {
        const { provider } = whole[side];
        return isManaged[side] ? { ...(provider && { provider }) } : undefined;
    };
    // A side that was not found has no blocks, which is no problem of its own.
    const blind = sides.filter((side) => whole[side].cidrBlocks.length === 0 && known[side].cidrBlocks === undefined);
    const isBlind = (path: string) =>
        blind.some((side) => path === `${side}.cidrBlocks` || path.startsWith(`${side}.routedCidrBlocks`));
    const places =
        asks && found.length === 0
            ? await findPlaces(whole, { requester: asked("requester"), accepter: asked("accepter") }, whole)
            : { problems: [] };
    refuse(subject, [
        ...checkChoice("requestsFrom", known.requestsFrom, RequestsFrom),
        ...checkChoice("ingressFrom", known.ingressFrom, IngressFrom),
        ...access,
        ...found,
        ...checkVpcPeeringArgs(whole).filter(({ path }) => !isBlind(path)),
        ...places.problems,
    ]);

    const side = (own: Side) => ({ ...whole[own], ...idsOf(args[own], known[own]) });
    return {
        ...whole,
        ...(args.peeringConnectionId !== undefined && { peeringConnectionId: args.peeringConnectionId }),
        requester: side("requester"),
        accepter: side("accepter"),
    };
}

interface Completed {
    readonly args: PeeringSideArgs;
    readonly problems: readonly Problem[];
}

/** A side with what AWS says of its VPC, unless its blocks are given; then nothing is looked up. */
async function completeSide(
    side: Side,
    { vpcId, cidrBlocks, ports, routeTables, ...rest }: Known,
    provider: Provider | undefined,
    { isManaged, asks }: { readonly isManaged: boolean; readonly asks: boolean },
): Promise<Completed> {
    const given = { ...rest, vpcId, provider, routeTables, ...(ports && { ports: ports as Port[] }) };
    if (cidrBlocks !== undefined) {
        return { args: { ...given, cidrBlocks }, problems: [] };
    }
    const failed = (...problems: readonly Problem[]): Completed => ({ args: { ...given, cidrBlocks: [] }, problems });
    const path = `${side}.cidrBlocks`;
    if (!isManaged) {
        return failed({
            path,
            message: "are needed, because another owner's VPC can't be looked up; list its IPv4 blocks",
        });
    }
    if (pulumi.isUnknown(vpcId)) {
        const message = `are needed, because the VPC's id is not known yet, so it can't be looked up; list its IPv4 blocks, and name its route tables in ${side}.routeTables`;
        return failed({ path, message });
    }
    if (!asks) {
        return failed();
    }
    const tables = knownOf(routeTables);
    try {
        const found = await lookUpVpc(vpcId, {
            provider,
            region: given.region,
            securityGroups: knownOf(given.securityGroups),
        });
        const { usage = {} } = found;
        const message = `is no route table of ${vpcId}; correct it, or leave ${side}.routeTables out for all that the VPC has`;
        const routes = Object.entries(tables).map(([name, id]) => [name, usage.routes?.[id] ?? []] as const);
        return {
            args: {
                ...given,
                cidrBlocks: found.cidrBlocks,
                ipv6CidrBlocks: found.ipv6CidrBlocks,
                dns: found.dns,
                region: given.region ?? found.region,
                accountId: given.accountId ?? found.accountId,
                routeTables: routeTables ?? found.routeTables,
                usage: routeTables ? { ...usage, routes: Object.fromEntries(routes) } : usage,
            },
            problems: Object.entries(tables).flatMap(([name, value]) =>
                problemIf(!Object.keys(found.routeTables ?? {}).includes(value), {
                    path: `${side}.routeTables.${name}`,
                    value,
                    message,
                }),
            ),
        };
    } catch (error) {
        if (!(error instanceof LookUpError)) {
            throw error;
        }
        return failed(...error.problems.map((problem) => ({ ...problem, path: `${side}.${problem.path}` })));
    }
}

/** The ids that are known by now. */
function knownOf(ids: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
    return Object.fromEntries(Object.entries(ids).filter(([, id]) => !pulumi.isUnknown(id)));
}

/** A side's ids as they were given: outputs bring the order of resources along. An output of the whole side passes on its parts. */
function idsOf(given: PeeringSide, { routeTables, securityGroups }: Known) {
    const passed = (map: "routeTables" | "securityGroups", names: Readonly<Record<string, string>> | undefined) =>
        names && { [map]: Object.fromEntries(Object.keys(names).map((name) => [name, given[map]?.[name] ?? ""])) };
    return { vpcId: given.vpcId, ...passed("routeTables", routeTables), ...passed("securityGroups", securityGroups) };
}
