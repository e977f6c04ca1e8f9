import * as ec2 from "@pulumi/aws/ec2";
import * as vpc from "@pulumi/aws/vpc";
import * as pulumi from "@pulumi/pulumi";
import { checkOverlap } from "./addressPlan";
import { checkLabVpcArgs, LabVpc, type LabVpcArgs } from "./labVpc";
import { peeringName } from "./names";
import type { Expectation } from "./probe";
import { describeProblems, type Problem } from "./problems";

/** What one side of a {@link PeeredVpcPair} says for itself; the rest is the pair's. */
export type PairSideArgs = Omit<LabVpcArgs, "side" | "prefix" | "keyName" | "tags">;

/** How a {@link PeeredVpcPair} is made. */
export interface PeeredVpcPairArgs {
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
    /** Tags for everything that takes tags, besides `Name`. */
    readonly tags?: Readonly<Record<string, string>> | undefined;
}

/** The two sides of a peering connection. */
export const sides = ["requester", "accepter"] as const;

/** A side of a peering connection. */
export type Side = (typeof sides)[number];

/** Arguments of a side's {@link LabVpc}: its own and the pair's. */
function labVpcArgs(args: PeeredVpcPairArgs, side: Side): LabVpcArgs {
    const { prefix, keyName, tags } = args;
    return { ...args[side], side: sides.indexOf(side) + 1, prefix, keyName, tags };
}

/** Everything that is wrong with a pair's arguments; `keys` says how they are called where they were configured. */
export function checkPeeredVpcPairArgs(
    args: PeeredVpcPairArgs,
    keys: (side: Side, argument: keyof LabVpcArgs) => string,
): Problem[] {
    const problems = sides.flatMap((side) =>
        checkLabVpcArgs(labVpcArgs(args, side), (argument) => keys(side, argument)),
    );
    const [requester, accepter] = sides.map((side) => ({
        key: keys(side, "cidrBlock"),
        cidrBlock: args[side].cidrBlock,
    })) as [{ key: string; cidrBlock: string }, { key: string; cidrBlock: string }];
    const labels = sides.map((side) => args[side].label);
    if (labels[0] !== undefined && labels[0] === labels[1]) {
        const message = `is also ${keys("requester", "label")}; choose another label for one of them`;
        problems.push({ key: keys("accepter", "label"), value: labels[0], message });
    }
    // What both sides share, such as the prefix, is found wrong twice.
    const unique = new Map(problems.map((problem) => [JSON.stringify(problem), problem]));
    return [...unique.values(), ...checkOverlap(requester, accepter)];
}

/**
 * Two {@link LabVpc} and, when `peering` is on, all that it takes for one to reach the other by private address: the
 * peering connection and its acceptance, a route on each side to the other's block, inbound HTTP on each side from the
 * other's block, and the DNS resolution options of both sides. Turning `peering` on or off makes or removes just that.
 *
 * The connection is free, and so is its traffic within one availability zone; for what the VPCs cost see {@link LabVpc}.
 *
 * Throws a ResourceError that lists every argument that AWS would refuse, before anything is created.
 */
export class PeeredVpcPair extends pulumi.ComponentResource {
    readonly requester: LabVpc;
    readonly accepter: LabVpc;
    /** What the stage promises of the two servers. */
    readonly expect: Expectation;
    /** Ids of everything that packets between the two servers depend on, and the stage. */
    readonly path: pulumi.Output<string[]>;
    /** The connection's id; undefined while peering is off. */
    readonly peeringConnectionId: pulumi.Output<string> | undefined;
    /** The connection's status, such as `active`; undefined while peering is off. */
    readonly peeringStatus: pulumi.Output<string> | undefined;

    constructor(name: string, args: PeeredVpcPairArgs, opts?: pulumi.ComponentResourceOptions) {
        super("vpc-peering-lab:components:PeeredVpcPair", name, {}, opts);
        const problems = checkPeeredVpcPairArgs(args, (side, argument) =>
            argument === "prefix" ? argument : `${side}.${argument}`,
        );
        if (problems.length > 0) {
            throw new pulumi.ResourceError(describeProblems(`PeeredVpcPair ${name}`, problems), this, true);
        }

        const child = { parent: this };
        this.requester = new LabVpc(`${name}-requester`, labVpcArgs(args, "requester"), child);
        this.accepter = new LabVpc(`${name}-accepter`, labVpcArgs(args, "accepter"), child);
        this.expect = args.peering ? "reachable" : "isolated";

        const stage = this.stage(name);
        if (args.peering) {
            const { connection, accepted } = this.connect(name, args, stage);
            const carriers = sides.flatMap((side) => this.open(`${name}-${side}`, side, stage, accepted, args.tags));
            this.enableDnsResolution(name, args.dnsResolution ?? true, accepted);
            this.peeringConnectionId = connection.id;
            this.peeringStatus = accepted.acceptStatus;
            this.path = this.joinPath(stage, [connection.id, ...carriers.map(({ id }) => id)]);
        } else {
            this.path = this.joinPath(stage, []);
        }
        this.registerOutputs({
            peeringConnectionId: this.peeringConnectionId,
            peeringStatus: this.peeringStatus,
            path: this.path,
        });
    }

    /**
     * The stage, as something that the peering depends on. The engine deletes what left the program only after it has made
     * everything new, too late for a check that shows that the VPCs are isolated again. But what depends on a resource
     * that is deleted before it is replaced goes before it: when the stage changes, the peering is gone first.
     */
    private stage(name: string): pulumi.Output<string> {
        const stash = new pulumi.Stash(
            `${name}-stage`,
            { input: this.expect },
            { parent: this, replacementTrigger: this.expect, deleteBeforeReplace: true },
        );
        return stash.output as pulumi.Output<string>;
    }

    /** What the peering comes after, and goes before: without this the servers' end would hold up the connection's. */
    private base(): LabVpc[] {
        return [this.requester, this.accepter];
    }

    /** The request and its acceptance: two steps, for in general they are two owners'. */
    private connect(name: string, args: PeeredVpcPairArgs, stage: pulumi.Output<string>) {
        const tags = { ...args.tags, Name: peeringName(args.prefix ?? "ljh") };
        const connection = new ec2.VpcPeeringConnection(
            `${name}-peering`,
            { vpcId: after(stage, this.requester.vpcId), peerVpcId: this.accepter.vpcId, tags },
            { parent: this, dependsOn: this.base() },
        );
        const accepted = new ec2.VpcPeeringConnectionAccepter(
            `${name}-peering-accepter`,
            { vpcPeeringConnectionId: connection.id, autoAccept: true, tags },
            { parent: this },
        );
        return { connection, accepted };
    }

    /** Lets one side's server reach and be reached by the other's: a route there, and HTTP from there. */
    private open(
        name: string,
        side: Side,
        stage: pulumi.Output<string>,
        accepted: ec2.VpcPeeringConnectionAccepter,
        tags: PeeredVpcPairArgs["tags"],
    ): pulumi.CustomResource[] {
        const own = this[side];
        const other = side === "requester" ? this.accepter : this.requester;
        // A route to a connection that is not active drops its packets, so both wait for the accepted one.
        const route = new ec2.Route(
            `${name}-peering-route`,
            {
                routeTableId: after(stage, own.routeTableId),
                destinationCidrBlock: other.probed.cidrBlock,
                vpcPeeringConnectionId: accepted.vpcPeeringConnectionId,
            },
            { parent: this, dependsOn: accepted },
        );
        const rule = new vpc.SecurityGroupIngressRule(
            `${name}-http-from-peer`,
            {
                securityGroupId: after(stage, own.securityGroupId),
                cidrIpv4: other.probed.cidrBlock,
                ipProtocol: "tcp",
                fromPort: 80,
                toPort: 80,
                tags: { ...tags, Name: own.names.securityGroup },
            },
            { parent: this, dependsOn: this.base() },
        );
        return [route, rule];
    }

    /** Each owner sets the option of its own side, and only on an active connection. */
    private enableDnsResolution(name: string, allow: boolean, accepted: ec2.VpcPeeringConnectionAccepter): void {
        for (const side of sides) {
            new ec2.PeeringConnectionOptions(
                `${name}-${side}-dns-resolution`,
                {
                    vpcPeeringConnectionId: accepted.vpcPeeringConnectionId,
                    [side]: { allowRemoteVpcDnsResolution: allow },
                },
                { parent: this, dependsOn: accepted },
            );
        }
    }

    private joinPath(stage: pulumi.Output<string>, peering: pulumi.Output<string>[]): pulumi.Output<string[]> {
        return pulumi
            .all([stage, pulumi.all(peering), this.requester.path, this.accepter.path])
            .apply(([stageNow, ...ids]) => [stageNow, ...ids.flat()]);
    }
}

/** The value, as something that depends on the stage too. */
function after(stage: pulumi.Output<string>, value: pulumi.Output<string>): pulumi.Output<string> {
    return pulumi.all([stage, value]).apply(([, plain]) => plain);
}
