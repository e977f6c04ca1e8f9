import type { Provider } from "@pulumi/aws/provider";
import type * as pulumi from "@pulumi/pulumi";
import { checkCidrList } from "../addresses/addressPlan";
import { parseIpv6Cidr } from "../addresses/cidr";
import { problemIf, type Problem } from "../problems";
import { checkOpenings, openingWarnings, type Opening, type Openings } from "./openings";
import {
    checkPeering,
    checkSelf,
    quotaWarnings,
    type PeeringOptions,
    type SideFacts,
    type Usage,
} from "./peeringRules";
import { ownTag } from "./ownership";
import { checkPorts, type Port } from "./ports";
import { across, sides, type Place, type RequestsFrom, type Side } from "./sides";
import { checkTags } from "./tags";

/** One side of a `VpcPeering`: a VPC of this program or of any other. `lookUpVpc` makes one from a VPC's id. */
export interface PeeringSideArgs extends Place {
    readonly vpcId: pulumi.Input<string>;
    /** Every IPv4 CIDR block of the VPC. */
    readonly cidrBlocks: readonly string[];
    /** Every IPv6 CIDR block of the VPC, which must not overlap the other's either; none by default, and none is routed. */
    readonly ipv6CidrBlocks?: readonly string[] | undefined;
    /** Which of these blocks, or which parts of them, the other side gets routes to; all of them by default. */
    readonly routedCidrBlocks?: readonly string[] | undefined;
    /** Ids of the route tables that get routes to the other side, by names of your own, which name the routes; none by default. */
    readonly routeTables?: Readonly<Record<string, pulumi.Input<string>>> | undefined;
    /** Ids of the security groups that open `ports` to the other side, by names of your own; none by default. */
    readonly securityGroups?: Readonly<Record<string, pulumi.Input<string>>> | undefined;
    /** Whether the VPC has both DNS support and DNS hostnames: true by default. */
    readonly dns?: boolean | undefined;
    /** How much of its quotas the VPC uses already; nothing by default. */
    readonly usage?: Usage | undefined;
    /** What manages this side: the component's own provider by default. */
    readonly provider?: Provider | undefined;
}

/** How a {@link VpcPeering} is made. */
export interface VpcPeeringArgs extends PeeringOptions {
    /** The side that asks for the connection. */
    readonly requester: PeeringSideArgs;
    /** The side that accepts it. */
    readonly accepter: PeeringSideArgs;
    /**
     * Which side's servers may open connections to the other's: `both` by default. Answers need a way back, so both sides
     * get their routes in any case, and it is the security groups that tell requests from answers.
     */
    readonly requestsFrom?: RequestsFrom | undefined;
    /** The ports that security groups open to the other side: `["tcp/443"]`; none by default. */
    readonly ports?: readonly Port[] | undefined;
    /** Tags of the connection and its rules; `Name` is the component's name by default. */
    readonly tags?: Readonly<Record<string, string>> | undefined;
    /**
     * Id of the request to accept where `manageRequester` is off: `pcx-0123456789abcdef0`; none by default. The request has to be
     * from the requester's VPC, account and region as far as they are declared, and for the accepter's VPC.
     */
    readonly peeringConnectionId?: pulumi.Input<string> | undefined;
}

/** The blocks of a side that the other one gets routes to. */
export function routedBlocks({ cidrBlocks, routedCidrBlocks = [] }: PeeringSideArgs): readonly string[] {
    return routedCidrBlocks.length === 0 ? cidrBlocks : routedCidrBlocks;
}

/** Everything for which AWS would refuse the peering, as far as it shows before anything is asked of AWS. */
export function checkVpcPeeringArgs(args: VpcPeeringArgs): Problem[] {
    const facts = (side: Side): SideFacts => ({
        ...args[side],
        blocks: (["cidrBlocks", "ipv6CidrBlocks"] as const).flatMap((family) =>
            (args[side][family] ?? []).map((cidrBlock, index) => ({ path: `${side}.${family}[${index}]`, cidrBlock })),
        ),
        dns: { path: `${side}.dns`, on: args[side].dns ?? true },
    });
    const [one, other] = [args.requester.vpcId, args.accepter.vpcId];
    return [
        ...(typeof one === "string" && typeof other === "string" ? checkSelf(one, other) : []),
        ...sides.flatMap((side) => [
            ...problemIf(args[side].cidrBlocks.length === 0, {
                path: `${side}.cidrBlocks`,
                value: [],
                message: `has no block, and every VPC has one (Amazon VPC User Guide, "VPC CIDR blocks"); list all IPv4 blocks of the VPC`,
            }),
            ...checkCidrList(`${side}.cidrBlocks`, args[side].cidrBlocks),
            ...checkCidrList(`${side}.ipv6CidrBlocks`, args[side].ipv6CidrBlocks ?? [], parseIpv6Cidr),
        ]),
        ...checkPorts("ports", args.ports ?? []),
        ...checkOpenings(openings(args)),
        // The connection has this tag besides.
        ...checkTags("tags", { ...args.tags, [ownTag]: "" }),
        ...checkPeering({ requester: facts("requester"), accepter: facts("accepter") }, args),
    ];
}

/** Warnings of arguments that come to nothing. */
export function argumentWarnings(args: VpcPeeringArgs): string[] {
    return openingWarnings(openings(args));
}

/** What the arguments say of opening ports. */
function openings(args: VpcPeeringArgs): Openings {
    const opening = (side: Side): Opening => ({
        ports: { path: "ports", value: args.ports ?? [] },
        groups: Object.keys(args[side].securityGroups ?? {}).length,
    });
    return { ...args, requester: opening("requester"), accepter: opening("accepter") };
}

/** Warnings of quotas that the sides come near with this connection; `own` are the ids that are its own. */
export function peeringWarnings(args: VpcPeeringArgs, own: readonly string[]): string[] {
    return sides.flatMap((side) =>
        quotaWarnings(
            side,
            args[side].usage ?? {},
            own,
            Object.keys(args[side].routeTables ?? {}),
            routedBlocks(args[across(side)]),
        ),
    );
}
