import { blocksOf, type AddressPlan } from "../addresses/addressPlan";
import { readable } from "../addresses/readable";
import { contains, parseAddress } from "../addresses/cidr";
import { checkAcceptanceArgs, toldOf, withFlags, type AcceptanceArgs } from "../peering/acceptance";
import { routedBlocks, type PeeringSideArgs, type VpcPeeringArgs } from "../peering/peeringArgs";
import { checkPeering } from "../peering/peeringRules";
import { checkPorts, type Port } from "../peering/ports";
import { across, sides, type Place, type Side } from "../peering/sides";
import { distinct, type Problem } from "../problems";
import type { AskedSide } from "./expectations";
import { checkLabVpcArgs, type LabVpcArgs } from "./labVpcArgs";
import type { FormerPlace } from "./place";

/** One side of a `PeeredVpcPair`. Arguments that the pair has too are the pair's where they are left out. */
export interface PairSideArgs
    extends
        Omit<LabVpcArgs, "side" | "prefix" | "tags" | "keyName">,
        Pick<PeeringSideArgs, "routedCidrBlocks" | "dnsResolution" | "provider"> {
    /** Name of the EC2 key pair that opens SSH on this side's server: `"my-key-pair"`; the pair's by default. */
    readonly keyName?: LabVpcArgs["keyName"] | undefined;
    /** What this side's server lets in from the other one while peered, besides HTTP: `["tcp/443"]`; the pair's by default. */
    readonly extraPorts?: readonly Port[] | undefined;
}

/** How a `PeeredVpcPair` is made: besides its own arguments, some of both VPCs' and some of the peering's. */
export interface PeeredVpcPairArgs
    extends
        Omit<LabVpcArgs, "side" | "label" | keyof AddressPlan | keyof Place>,
        Pick<VpcPeeringArgs, "requestsFrom" | "ingressFrom" | keyof AcceptanceArgs> {
    /**
     * The VPC that asks for the peering connection:
     * `{ cidrBlock: "10.41.0.0/16", subnetCidrBlock: "10.41.1.0/24", privateIp: "10.41.1.100" }`.
     */
    readonly requester: PairSideArgs;
    /**
     * The VPC that accepts it:
     * `{ cidrBlock: "10.42.0.0/16", subnetCidrBlock: "10.42.1.0/24", privateIp: "10.42.1.100" }`.
     */
    readonly accepter: PairSideArgs;
    /** Whether the two are peered: `true`. */
    readonly peering: boolean;
    /**
     * Whether each side's public DNS names resolve to private addresses on the other side while peered: `false`; true by default.
     * Source: Amazon VPC Peering Guide, "Enable DNS resolution for a VPC peering connection".
     */
    readonly dnsResolution?: boolean | undefined;
    /** What the servers let in from each other while peered, besides HTTP: `["tcp/443", "tcp/8000-8100"]`; nothing by default. */
    readonly extraPorts?: readonly Port[] | undefined;
}

/** The port of the servers' pages. */
const http: Port = "tcp/80";

/** What a side's server lets in from the other one. */
export function portsOf(args: PeeredVpcPairArgs, side: Side): Port[] {
    return [http, ...extraPortsOf(args, side)];
}

function extraPortsOf(args: PeeredVpcPairArgs, side: Side): readonly Port[] {
    return args[side].extraPorts ?? args.extraPorts ?? [];
}

/** Whether a side's ports let in pings, which are ICMP of type 8. */
export function opensPing(args: PeeredVpcPairArgs, side: Side): boolean {
    return portsOf(args, side).some((port) => ["icmp", "icmp/8", "all"].includes(port));
}

/** Whether a side's public name resolves to its private address on the other side. */
function dnsResolutionOf(args: PeeredVpcPairArgs, side: Side): boolean {
    return args[side].dnsResolution ?? args.dnsResolution ?? true;
}

/** Arguments of a side's `LabVpc`: its own, or else the pair's. */
export function labVpcArgs(args: PeeredVpcPairArgs, side: Side): LabVpcArgs & FormerPlace {
    const own = args[side];
    return {
        ...own,
        formerPlace: own.provider === undefined ? {} : { region: own.region, accountId: own.accountId },
        side: sides.indexOf(side) + 1,
        prefix: args.prefix,
        tags: args.tags,
        keyName: own.keyName ?? args.keyName,
        instanceType: own.instanceType ?? args.instanceType,
        ami: own.ami ?? args.ami,
        sshCidrs: own.sshCidrs ?? args.sshCidrs,
        icmpCidrs: own.icmpCidrs ?? args.icmpCidrs,
        dnsHostnames: own.dnsHostnames ?? args.dnsHostnames ?? true,
    };
}

/** The path of a side's argument: the pair's own where the side leaves it to the pair. */
function pathOf(args: PeeredVpcPairArgs, side: Side, path: string): string {
    const [argument = ""] = /^\w+/.exec(path) ?? [];
    return !(argument in args[side]) && argument in args ? path : `${side}.${path}`;
}

/** Everything that is wrong with a pair's arguments; empty when all is well. */
export function checkPeeredVpcPairArgs(args: PeeredVpcPairArgs): Problem[] {
    const facts = (side: Side) => ({
        ...args[side],
        blocks: blocksOf(args[side]).map((cidrBlock, index) => ({
            path: `${side}.${index === 0 ? "cidrBlock" : `secondaryCidrBlocks[${index - 1}]`}`,
            cidrBlock,
        })),
        dns: { path: pathOf(args, side, "dnsHostnames"), on: labVpcArgs(args, side).dnsHostnames ?? true },
    });
    const options = { ...withFlags(args), dnsResolution: sides.some((side) => dnsResolutionOf(args, side)) };
    return distinct([
        ...sides.flatMap((side) =>
            checkLabVpcArgs(labVpcArgs(args, side)).map((problem) => ({
                ...problem,
                path: pathOf(args, side, problem.path),
            })),
        ),
        ...checkLabels(args),
        ...checkAcceptanceArgs(args),
        ...toldOf(args, checkPeering({ requester: facts("requester"), accepter: facts("accepter") }, options)),
        ...checkPorts("extraPorts", args.extraPorts ?? [], [http]),
        ...sides.flatMap((side) => [
            ...checkPorts(`${side}.extraPorts`, args[side].extraPorts ?? [], [http]),
            ...checkStandingRules(args, side),
        ]),
    ]);
}

/** The labels tell the two VPCs apart in names and messages. */
function checkLabels({ requester, accepter }: PeeredVpcPairArgs): Problem[] {
    const message = "is the requester's label too; choose another one for one of them";
    return accepter.label !== undefined && accepter.label === requester.label
        ? [{ path: "accepter.label", value: accepter.label, message }]
        : [];
}

/**
 * AWS refuses a second rule for one protocol, port and source, and each server's group has rules for SSH and ICMP already.
 * Source: Amazon EC2 API Reference, "Error codes" (InvalidPermission.Duplicate).
 */
function checkStandingRules(args: PeeredVpcPairArgs, side: Side): Problem[] {
    if (args.requestsFrom === side || args.ingressFrom === "group") {
        return [];
    }
    const other = args[across(side)];
    const sources = routedBlocks({ ...other, cidrBlocks: blocksOf(other) });
    const ports = extraPortsOf(args, side);
    return (
        [
            ["tcp/22", "sshCidrs"],
            ["icmp", "icmpCidrs"],
        ] as const
    ).flatMap(([value, list]) => {
        const index = ports.indexOf(value);
        const block = labVpcArgs(args, side)[list]?.find((cidr) => sources.includes(cidr));
        if (index < 0 || block === undefined) {
            return [];
        }
        const message = `is open to ${block} already by ${pathOf(args, side, list)}; leave it out of one of the two`;
        return [{ path: pathOf(args, side, `extraPorts[${index}]`), value, message }];
    });
}

/** What lets a side's server answer the other's. */
export function askedSide(args: PeeredVpcPairArgs, side: Side): AskedSide {
    const { icmpCidrs = [], dnsHostnames = true } = labVpcArgs(args, side);
    const from = parseAddress(args[across(side)].privateIp);
    const letsPing = from.ok && readable(icmpCidrs).some((block) => contains(block, from.value));
    return {
        letsPing,
        opensPing: opensPing(args, side),
        dnsHostnames,
        dnsResolution: dnsResolutionOf(args, side),
    };
}
