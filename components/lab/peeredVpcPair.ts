import * as pulumi from "@pulumi/pulumi";
import { expectedOutcomes, stageOf, type Stage } from "./expectations";
import { LabVpc } from "./labVpc";
import { peeringName } from "./names";
import { askedSide, checkPeeredVpcPairArgs, keyOf, labVpcArgs, portsOf, type PeeredVpcPairArgs } from "./pairArgs";
import { across, sides, type Place, type Side } from "../peering/peeringRules";
import { after, pin } from "../ordering";
import type { ProbeOutcome } from "../check/probe";
import { describeProblems, withoutStack } from "../problems";
import { VpcPeering } from "../peering/vpcPeering";

/**
 * Two {@link LabVpc} and, when `peering` is on, the {@link VpcPeering} that lets one reach the other by private address.
 * Turning `peering` on or off makes or removes just that.
 *
 * The connection is free, and so is its traffic within one availability zone; for what the VPCs cost see {@link LabVpc}.
 *
 * Throws a ResourceError that lists every argument that AWS would refuse, before anything is created.
 */
export class PeeredVpcPair extends pulumi.ComponentResource {
    readonly requester: LabVpc;
    readonly accepter: LabVpc;
    /** The peering; undefined while it is off. */
    readonly peering: VpcPeering | undefined;
    /** How far the two VPCs are connected. */
    readonly stage: pulumi.Output<Stage>;
    /** What that promises of the requester's questions, and of the accepter's. */
    readonly expect: pulumi.Output<readonly [ProbeOutcome, ProbeOutcome]>;
    /** Ids of everything that packets between the two servers depend on, and the stage. */
    readonly path: pulumi.Output<string[]>;

    constructor(name: string, args: PeeredVpcPairArgs, opts?: pulumi.ComponentResourceOptions) {
        super("vpc-peering-lab:components:PeeredVpcPair", name, {}, opts);
        const problems = checkPeeredVpcPairArgs(args, keyOf);
        if (problems.length > 0) {
            throw withoutStack(
                new pulumi.ResourceError(describeProblems(`PeeredVpcPair ${name}`, problems), this, true),
            );
        }

        this.requester = this.labVpc(name, args, "requester");
        this.accepter = this.labVpc(name, args, "accepter");

        const wanted = wantedOf(args);
        const stage = pin(`${name}-stage`, wanted, this);
        const requestsFrom = args.requestsFrom ?? "both";
        // Rules that leave the program have to be gone when the check looks, and the connection may stay.
        const rules = pin(`${name}-requests`, `${requestsFrom} by ${args.ingressFrom ?? "cidr"}`, this);
        this.peering = args.peering ? this.peer(name, args, stage, rules) : undefined;

        // What is managed on both sides is promised; someone else's part is waited for.
        const promised = args.manageAccepter === false ? this.peering?.status.requester : "active";
        this.stage = pulumi.output(this.peering && promised).apply((status) => stageOf(status, requestsFrom));
        this.expect = this.stage.apply((now) =>
            expectedOutcomes(now, requestsFrom, args.dnsResolution ?? true, {
                requester: askedSide(args, "requester"),
                accepter: askedSide(args, "accepter"),
            }),
        );
        this.path = pulumi
            .all([stage, this.peering?.path ?? [], this.requester.path, this.accepter.path])
            .apply(([stageNow, ...ids]) => [stageNow, ...ids.flat()]);
        this.registerOutputs({ stage: this.stage, expect: this.expect, path: this.path });
    }

    private labVpc(name: string, args: PeeredVpcPairArgs, side: Side): LabVpc {
        const { provider, region, accountId } = args[side];
        return new LabVpc(`${name}-${side}`, labVpcArgs(args, side), {
            parent: this,
            ...(provider && { provider }),
            transformations: [madeAnewElsewhere(provider && { region, accountId })],
        });
    }

    private peer(
        name: string,
        args: PeeredVpcPairArgs,
        stage: pulumi.Output<string>,
        rules: pulumi.Output<string>,
    ): VpcPeering {
        const side = (own: Side) => ({
            vpcId: after(stage, this[own].vpcId),
            cidrBlocks: this[own].cidrBlocks,
            routedCidrBlocks: args[own].routedCidrBlocks,
            routeTables: { public: after(stage, this[own].routeTableId) },
            securityGroups: { server: after(rules, after(stage, this[own].securityGroupId)) },
            dns: args.dnsHostnames ?? true,
            region: args[own].region,
            accountId: args[own].accountId,
            provider: args[own].provider,
        });
        return new VpcPeering(
            `${name}-peering`,
            {
                requester: side("requester"),
                accepter: side("accepter"),
                manageAccepter: args.manageAccepter,
                autoAccept: args.autoAccept,
                requestsFrom: args.requestsFrom,
                ports: portsOf(args),
                ingressFrom: args.ingressFrom,
                dnsResolution: args.dnsResolution ?? true,
                tags: { ...args.tags, Name: peeringName(args.prefix ?? "ljh") },
            },
            {
                parent: this,
                // Without this the servers' end would hold up the connection's.
                dependsOn: [this.requester, this.accepter],
                transformations: [this.earlierNames(name)],
            },
        );
    }

    /** In stacks of version 0.1 the parts of the peering were the pair's own; they stay, and get their new names. */
    private earlierNames(name: string): pulumi.ResourceTransformation {
        const blocks = { requester: this.requester.cidrBlocks[0] ?? "", accepter: this.accepter.cidrBlocks[0] ?? "" };
        const earlier = new Map([
            [`${name}-peering-connection`, `${name}-peering`],
            [`${name}-peering-accepter`, `${name}-peering-accepter`],
            ...sides.flatMap((side) => [
                [`${name}-peering-${side}-public-${blocks[across(side)]}`, `${name}-${side}-peering-route`] as const,
                [
                    `${name}-peering-${side}-server-tcp-80-${blocks[across(side)]}`,
                    `${name}-${side}-http-from-peer`,
                ] as const,
                [`${name}-peering-${side}-dns-resolution`, `${name}-${side}-dns-resolution`] as const,
            ]),
        ]);
        return ({ name: now, props, opts }) => {
            const before = earlier.get(now);
            return before === undefined
                ? undefined
                : { props, opts: pulumi.mergeOptions(opts, { aliases: [{ name: before, parent: this }] }) };
        };
    }
}

/**
 * Has everything of a side made anew when its place changes, and what was there deleted where it was: the engine itself
 * would look for it in the new place, and leave it in the old one.
 */
function madeAnewElsewhere(place: Place | undefined): pulumi.ResourceTransformation {
    // From nothing to something no trigger fires, so a side that is nowhere in particular has one too.
    const word = place === undefined ? "default" : [place.region, place.accountId].join(" ").trim();
    return ({ props, opts }: { props: pulumi.Inputs; opts: pulumi.CustomResourceOptions }) => {
        const own: unknown = opts.replacementTrigger;
        const both = place === undefined ? own : [own, word];
        return { props, opts: { ...opts, replacementTrigger: own === undefined ? word : both } };
    };
}

/** What the connection is made for: with whoever manages the other side, all of it is made anew. */
function wantedOf({ peering, manageAccepter = true }: PeeredVpcPairArgs): string {
    if (!peering) {
        return "isolated";
    }
    return manageAccepter ? "reachable" : "requested";
}
