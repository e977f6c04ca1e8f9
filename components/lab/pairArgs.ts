import type { Provider } from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { blocksOf } from "../addresses/addressPlan";
import { contains, parseCidr } from "../addresses/cidr";
import type { AskedSide } from "./expectations";
import { checkLabVpcArgs, type LabVpcArgs } from "./labVpc";
import type { Port } from "../peering/otherOwner";
import { optionsOf, type VpcPeeringArgs } from "../peering/peeringArgs";
import {
    across,
    checkPeering,
    checkPorts,
    sides,
    type PeeringArgument,
    type PeeringOptions,
    type Place,
    type Side,
} from "../peering/peeringRules";
import type { Problem } from "../problems";

/** What one side of a `PeeredVpcPair` says for itself; the rest is the pair's. */
export interface PairSideArgs extends Omit<LabVpcArgs, "side" | "prefix" | "keyName" | "tags" | "dnsHostnames">, Place {
    /** Which of the VPC's blocks, or which parts of them, the other side gets routes to; all of them by default. */
    readonly routedCidrBlocks?: readonly string[] | undefined;
    /** Name of the EC2 key pair that opens SSH on this side's server; the pair's by default. */
    readonly keyName?: pulumi.Input<string> | undefined;
    /** What makes this side, in its own region and account: the component's provider by default. */
    readonly provider?: Provider | undefined;
}

/** How a `PeeredVpcPair` is made. */
export interface PeeredVpcPairArgs extends Pick<
    VpcPeeringArgs,
    "manageAccepter" | "autoAccept" | "requestsFrom" | "ingressFrom"
> {
    /** The VPC that asks for the peering connection. */
    readonly requester: PairSideArgs;
    /** The VPC that accepts it. */
    readonly accepter: PairSideArgs;
    /** Whether the two are peered. */
    readonly peering: boolean;
    /** First part of all names: `ljh` by default. */
    readonly prefix?: string | undefined;
    /** Name of the EC2 key pair that opens SSH on both servers. */
    readonly keyName: pulumi.Input<string>;
    /**
     * Whether each side resolves the other's public DNS names to private addresses while peered: true by default.
     * Source: Amazon VPC Peering Guide, "Enable DNS resolution for a VPC peering connection".
     */
    readonly dnsResolution?: boolean | undefined;
    /** Whether the servers have public DNS names: true by default. */
    readonly dnsHostnames?: boolean | undefined;
    /** Ports that the servers open to each other while peered, besides HTTP's; none by default. */
    readonly extraPorts?: readonly Port[] | undefined;
    /** Tags for everything that takes tags, besides `Name`. */
    readonly tags?: Readonly<Record<string, string>> | undefined;
}

/** An argument of a pair or of one of its sides. */
export type PairArgument = keyof LabVpcArgs | PeeringArgument | "extraPorts";

/** The port that the servers' pages are asked for at. */
const http: Port = { protocol: "tcp", port: 80 };

/** The ports that the servers open to each other. */
export function portsOf({ extraPorts = [] }: PeeredVpcPairArgs): Port[] {
    return [http, ...extraPorts];
}

/** Arguments of a side's `LabVpc`: its own and the pair's. */
export function labVpcArgs(args: PeeredVpcPairArgs, side: Side): LabVpcArgs {
    const { prefix, keyName, tags, dnsHostnames } = args;
    return {
        prefix,
        tags,
        dnsHostnames,
        ...args[side],
        keyName: args[side].keyName ?? keyName,
        side: sides.indexOf(side) + 1,
    };
}

/** A pair's options for its peering, with their defaults. */
export function peeringOptions(args: Omit<PeeredVpcPairArgs, "keyName">): PeeringOptions {
    return optionsOf({ ...args, dnsResolution: args.dnsResolution ?? true });
}

/** Everything that is wrong with a pair's arguments; `keys` says how they are called where they were configured. */
export function checkPeeredVpcPairArgs(
    args: PeeredVpcPairArgs,
    keys: (argument: PairArgument, side: Side) => string,
): Problem[] {
    const problems = sides.flatMap((side) =>
        checkLabVpcArgs(labVpcArgs(args, side), (argument) => keys(argument, side)),
    );
    const labels = sides.map((side) => args[side].label);
    if (labels[0] !== undefined && labels[0] === labels[1]) {
        const message = `is also ${keys("label", "requester")}; choose another label for one of them`;
        problems.push({ key: keys("label", "accepter"), value: labels[0], message });
    }
    const facts = (side: Side) => ({
        region: args[side].region,
        accountId: args[side].accountId,
        blocks: blocksOf(args[side]).map((cidrBlock, index) => ({
            key: keys(index === 0 ? "cidrBlock" : "secondaryCidrBlocks", side),
            cidrBlock,
        })),
        routedCidrBlocks: args[side].routedCidrBlocks ?? [],
        dns: args.dnsHostnames ?? true,
    });
    const both = { requester: facts("requester"), accepter: facts("accepter") };
    problems.push(...checkPeering(both, peeringOptions(args), keys));
    problems.push(...checkPorts(keys("extraPorts", "accepter"), portsOf(args)));
    // What both sides share, such as the prefix, is found wrong twice.
    return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}

/** How an argument is called by whoever makes the component. */
export function keyOf(argument: PairArgument, side: Side): string {
    const shared: readonly string[] = [
        "prefix",
        "tags",
        "dnsHostnames",
        "autoAccept",
        "manageAccepter",
        "ingressFrom",
        "extraPorts",
    ];
    return shared.includes(argument) ? argument : `${side}.${argument}`;
}

/** What lets a side's server answer the other's. */
export function askedSide(args: PeeredVpcPairArgs, side: Side): AskedSide {
    const from = parseCidr(`${args[across(side)].privateIp}/32`);
    const letsPing = (args[side].icmpCidrs ?? []).some((text) => {
        const block = parseCidr(text);
        return block.ok && from.ok && contains(block.value, from.value);
    });
    return { letsPing, dnsHostnames: args.dnsHostnames ?? true };
}
