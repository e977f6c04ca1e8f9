import type { Provider } from "@pulumi/aws/provider";
import { Output } from "@pulumi/pulumi";
import type * as pulumi from "@pulumi/pulumi";
import { checkCidrList } from "../addresses/addressPlan";
import { parseIpv6Cidr } from "../addresses/cidr";
import { problemIf, type Problem } from "../problems";
import { checkAcceptanceArgs, flagWarnings, toldOf, withFlags, type AcceptanceArgs } from "./acceptance";
import { checkOpenings, openingWarnings, type Opening, type Openings } from "./openings";
import {
    checkPeering,
    checkSelf,
    quotaWarnings,
    type PeeringOptions,
    type SideFacts,
    type Usage,
} from "./peeringRules";
import { byName, checkIds, type Ids } from "./ids";
import { ownTag } from "./ownership";
import { checkPorts, parsePort, ruleText, type Port } from "./ports";
import { across, sides, type RequestsFrom, type Side } from "./sides";
import { checkTags, isPlain, type Tags } from "./tags";

/** One side of a `VpcPeering`: a VPC of this program or of any other. `lookUpVpc` makes one from a VPC's id. */
export interface PeeringSideArgs {
    /**
     * The VPC's AWS region: `"us-east-1"`; that of the side's provider by default. One provider manages VPCs of all regions of its
     * partition. Source: Pulumi's AWS provider, "Enhanced Region Support".
     */
    readonly region?: string | undefined;
    /** The account that the side's provider has to lead to, 12 digits: `"222222222222"`; any by default. */
    readonly accountId?: string | undefined;
    /** The VPC's id: `"vpc-0123456789abcdef0"`, or an output such as `vpc.id`. */
    readonly vpcId: pulumi.Input<string>;
    /** Every IPv4 CIDR block of the VPC: `["10.41.0.0/16"]`. */
    readonly cidrBlocks: readonly string[];
    /**
     * Every IPv6 CIDR block of the VPC, which must not overlap the other's either: `["2001:db8:1200::/56"]`; none by default, and
     * none is routed.
     */
    readonly ipv6CidrBlocks?: readonly string[] | undefined;
    /**
     * Which of the VPC's IPv4 blocks, or which parts of them, the other side gets routes to: `["10.41.1.0/24"]`; all of them by
     * default, and also where the list is empty.
     */
    readonly routedCidrBlocks?: readonly string[] | undefined;
    /**
     * The route tables that get routes to the other side: `{ main: table.id }`, or `["rtb-0123456789abcdef0"]`; none by default.
     * Their names become part of the routes' names. Where `aws.ec2.RouteTable` has its own routes inline, in `routes`, the next
     * `pulumi up --refresh` of its stack deletes these ones: give it `ignoreChanges: ["routes"]`, or make each of its own an
     * `aws.ec2.Route`.
     */
    readonly routeTables?: Ids | undefined;
    /**
     * The security groups that open `ports` to the other side: `{ web: group.id }`, or `["sg-0123456789abcdef0"]`; none by
     * default. Their names become part of the rules' names. Where `aws.ec2.SecurityGroup` has its own rules inline, in `ingress`,
     * the next `pulumi up --refresh` of its stack deletes these ones: give it `ignoreChanges: ["ingress"]`, or make each of its
     * own an `aws.vpc.SecurityGroupIngressRule`.
     */
    readonly securityGroups?: Ids | undefined;
    /** What this side's groups let in from the other side: `["tcp/443"]`; by default the peering's `ports`. */
    readonly ports?: readonly Port[] | undefined;
    /**
     * Whether this VPC's public DNS names resolve to private addresses when the other side asks: `true`; by default the peering's
     * `dnsResolution`.
     */
    readonly dnsResolution?: boolean | undefined;
    /** Whether the VPC has both DNS support and DNS hostnames, which `dnsResolution` needs: `false`; true by default. */
    readonly dns?: boolean | undefined;
    /**
     * How much of its quotas the VPC uses already: `{ activePeerings: ["pcx-0123456789abcdef0"] }`; nothing by default.
     * Source: Amazon VPC User Guide, "Amazon VPC quotas".
     */
    readonly usage?: Usage | undefined;
    /** What manages this side: `new aws.Provider("partner", { profile: "partner" })`; the component's own provider by default. */
    readonly provider?: Provider | undefined;
}

/** How a {@link VpcPeering} is made. */
export interface VpcPeeringArgs extends Pick<PeeringOptions, "ingressFrom" | "dnsResolution">, AcceptanceArgs {
    /** The side that asks for the connection: `await lookUpVpc("vpc-0123456789abcdef0")`. */
    readonly requester: PeeringSideArgs;
    /** The side that accepts it: `{ vpcId: vpc.id, cidrBlocks: ["10.42.0.0/16"], routeTables: { main: table.id } }`. */
    readonly accepter: PeeringSideArgs;
    /**
     * Which side's servers may open connections to the other's: `"requester"`; `"both"` by default. Answers need a way back, so
     * both sides get their routes in any case, and it is the security groups that tell requests from answers.
     */
    readonly requestsFrom?: RequestsFrom | undefined;
    /**
     * What each side's security groups let in from the other side, unless the side has `ports` of its own: `["tcp/443",
     * "tcp/8000-8100", "icmp"]`; nothing by default.
     */
    readonly ports?: readonly Port[] | undefined;
    /**
     * Tags of the connection and its rules: `{ team: "network" }`; `Name` is the component's name by default. Source: Amazon EC2
     * User Guide, "Tag your Amazon EC2 resources".
     */
    readonly tags?: Tags | undefined;
    /**
     * Description of every rule: `"shop asks stock, NET-42"`, of 255 letters, digits, spaces and ._-:/()#,@[]+=&;{}!$* at most; none by
     * default. Source: Amazon EC2 API Reference, "IpRange".
     */
    readonly ruleDescription?: string | undefined;
}

/** The blocks of a side that the other one gets routes to. */
export function routedBlocks({
    cidrBlocks,
    routedCidrBlocks = [],
}: Pick<PeeringSideArgs, "cidrBlocks" | "routedCidrBlocks">): readonly string[] {
    return routedCidrBlocks.length === 0 ? cidrBlocks : routedCidrBlocks;
}

/** What a side's groups let in from the other side. */
export function portsInto(args: VpcPeeringArgs, side: Side): readonly Port[] {
    return args[side].ports ?? args.ports ?? [];
}

/** Whether a side's public names resolve to private addresses on the other side; undefined where that is left as it is. */
export function dnsResolutionOf(args: VpcPeeringArgs, side: Side): boolean | undefined {
    return args[side].dnsResolution ?? args.dnsResolution;
}

/** What must be plain, of the arguments and of each side: names and checks come from it before anything is made. */
const plain = {
    args: [
        "requester",
        "accepter",
        "ports",
        "requestsFrom",
        "ingressFrom",
        "dnsResolution",
        "acceptance",
        "ruleDescription",
        "autoAccept",
        "manageRequester",
        "manageAccepter",
    ],
    side: [
        "cidrBlocks",
        "ipv6CidrBlocks",
        "routedCidrBlocks",
        "routeTables",
        "securityGroups",
        "ports",
        "dnsResolution",
        "dns",
        "usage",
        "region",
        "accountId",
    ],
} as const;

/** Arguments that are an output or a promise and must be plain: JavaScript has no types that refuse them. */
function checkPlain(args: VpcPeeringArgs): Problem[] {
    const isLater = (value: unknown) => Output.isInstance(value) || value instanceof Promise;
    const within = (owner: object, names: readonly string[], path = ""): Problem[] =>
        names.flatMap((name) => {
            const value = (owner as Readonly<Record<string, unknown>>)[name];
            const items: unknown[] = Array.isArray(value) ? value : [];
            const remedy = value instanceof Promise ? "await it" : "write what it will be";
            const message = `is an output or a promise, and names and checks need it before anything is made; ${remedy}`;
            return [
                ...problemIf(isLater(value), { path: `${path}${name}`, message }),
                // Ids in a list have a message of their own.
                ...(/^(routeTables|securityGroups)$/.test(name) ? [] : items).flatMap((item, index) =>
                    problemIf(isLater(item), { path: `${path}${name}[${index}]`, message }),
                ),
            ];
        });
    const here = within(args, plain.args);
    return here.length > 0 ? here : sides.flatMap((side) => within(args[side], plain.side, `${side}.`));
}

/** Everything for which AWS would refuse the peering, as far as it shows before anything is asked of AWS. */
export function checkVpcPeeringArgs(given: VpcPeeringArgs): Problem[] {
    const later = [...checkPlain(given), ...checkAcceptanceArgs(given)];
    if (later.length > 0) {
        return later;
    }
    const args = withFlags(given);
    const facts = (side: Side): SideFacts => ({
        ...args[side],
        blocks: (["cidrBlocks", "ipv6CidrBlocks"] as const).flatMap((family) =>
            (args[side][family] ?? []).map((cidrBlock, index) => ({ path: `${side}.${family}[${index}]`, cidrBlock })),
        ),
        dns: { path: `${side}.dns`, on: args[side].dns ?? true },
    });
    const { tags = {} } = args;
    const [one, other] = [args.requester.vpcId, args.accepter.vpcId];
    // Either side's option needs DNS hostnames in both VPCs.
    const dnsResolution = sides.some((side) => dnsResolutionOf(args, side));
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
            ...checkIds(`${side}.routeTables`, args[side].routeTables, "{ main: table.id }"),
            ...checkIds(`${side}.securityGroups`, args[side].securityGroups, "{ web: group.id }"),
            ...checkPorts(`${side}.ports`, args[side].ports ?? []),
        ]),
        ...checkPorts("ports", args.ports ?? []),
        ...checkDescription(args.ruleDescription),
        ...checkOpenings(openings(args)),
        // The connection has this tag besides.
        ...checkTags("tags", isPlain(tags) ? { ...tags, [ownTag]: "" } : tags),
        ...toldOf(
            given,
            checkPeering({ requester: facts("requester"), accepter: facts("accepter") }, { ...args, dnsResolution }),
        ),
    ];
}

function checkDescription(value: string | undefined): Problem[] {
    const isRight = value === undefined || /^[\w .:/()#,@[\]+=&;{}!$*-]{1,255}$/.test(value);
    const message =
        "is no description of a rule on AWS; write 1 to 255 letters of English, digits, spaces and ._-:/()#,@[]+=&;{}!$*";
    return problemIf(!isRight, { path: "ruleDescription", value, message });
}

/** Warnings of arguments that come to nothing. */
export function argumentWarnings(args: VpcPeeringArgs): string[] {
    return [...flagWarnings(args), ...openingWarnings(openings(withFlags(args)))];
}

/** What the arguments say of opening ports. */
function openings(args: VpcPeeringArgs): Openings {
    const opening = (side: Side): Opening => ({
        ports: { path: args[side].ports ? `${side}.ports` : "ports", value: portsInto(args, side) },
        groups: Object.keys(byName(args[side].securityGroups)).length,
    });
    return { ...args, requester: opening("requester"), accepter: opening("accepter") };
}

/** Warnings of quotas that the sides come near with this connection; `own` are the ids that are its own. */
export function peeringWarnings(args: VpcPeeringArgs, own: readonly string[]): string[] {
    return sides.flatMap((side) =>
        quotaWarnings(side, args[side].usage ?? {}, own, {
            tables: Object.keys(byName(args[side].routeTables)),
            destinations: routedBlocks(args[across(side)]),
            groups: Object.keys(byName(args[side].securityGroups)),
            rules: rulesInto(args, side),
        }),
    );
}

/** The rules that each security group of a side gets, as {@link ruleText} has them. */
function rulesInto(args: VpcPeeringArgs, side: Side): string[] {
    const other = args[across(side)];
    const groups = Object.entries(byName(other.securityGroups));
    // A group that is yet to be made has no id, and no rule names it by now.
    const named = groups.map(([name, id]) => (typeof id === "string" ? id : name));
    const sources = args.ingressFrom === "group" ? named : routedBlocks(other);
    const ports = args.requestsFrom === side ? [] : portsInto(args, side);
    return ports.flatMap((port) => {
        const parsed = parsePort(port);
        return parsed.ok ? sources.map((source) => ruleText(parsed.value, source)) : [];
    });
}
