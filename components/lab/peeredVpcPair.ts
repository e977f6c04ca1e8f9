import * as pulumi from "@pulumi/pulumi";
import { expectedOutcomes, stageOf, type Stage } from "./expectations";
import { LabVpc } from "./labVpc";
import { peeringName } from "./names";
import { labVpcDefaults } from "./labVpcArgs";
import { askedSide, checkPeeredVpcPairArgs, labVpcArgs, opensPing, portsOf, type PeeredVpcPairArgs } from "./pairArgs";
import { mergedTags } from "../peering/mergedTags";
import { flagWarnings, withAcceptance, withFlags } from "../peering/acceptance";
import { usesGroups } from "../peering/openings";
import { sides, type Side } from "../peering/sides";
import { after, pin, timeoutsOf } from "../ordering";
import type { ProbeOutcome } from "../check/probe";
import { refuse, warn } from "../problems";
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
    /** The VPC that asks for the peering connection, with its server. */
    readonly requester: LabVpc;
    /** The VPC that accepts it, with its server. */
    readonly accepter: LabVpc;
    /** The peering; undefined while it is off. */
    readonly peering: VpcPeering | undefined;
    /** How far the two VPCs are connected. */
    readonly stage: pulumi.Output<Stage>;
    /** What the requester's probes have to come to, and the accepter's. */
    readonly expect: pulumi.Output<readonly [ProbeOutcome, ProbeOutcome]>;
    /** Ids of everything that packets between the two servers depend on, and the stage. */
    readonly path: pulumi.Output<string[]>;

    constructor(name: string, given: PeeredVpcPairArgs, opts?: pulumi.ComponentResourceOptions) {
        super("vpc-peering-lab:components:PeeredVpcPair", name, {}, opts);
        refuse(this, `PeeredVpcPair ${name}`, checkPeeredVpcPairArgs(given));
        warn(this, flagWarnings(given));
        const args = withFlags(given);

        const labVpc = (side: Side) => {
            const { provider } = args[side];
            return new LabVpc(`${name}-${side}`, labVpcArgs(args, side), {
                parent: this,
                ...(provider && { provider }),
                ...timeoutsOf(opts),
            });
        };
        this.requester = labVpc("requester");
        this.accepter = labVpc("accepter");

        const stage = pin(`${name}-stage`, wantedOf(args), this);
        const requestsFrom = args.requestsFrom ?? "both";
        // Rules that leave the program have to be gone before the check runs, while the connection may stay.
        const pings = sides.filter((side) => opensPing(args, side)).map((side) => `, pings to the ${side}`);
        const rules = pin(
            `${name}-requests`,
            `${requestsFrom} by ${args.ingressFrom ?? "cidr"}${pings.join("")}`,
            this,
        );
        const peeringSide = (side: Side) => ({
            ...args[side],
            vpcId: after(stage, this[side].vpcId),
            cidrBlocks: this[side].cidrBlocks,
            routeTables: { public: after(stage, this[side].routeTableId) },
            ...(usesGroups(args, side) && {
                securityGroups: { server: after(rules, after(stage, this[side].securityGroupId)) },
            }),
            ports: portsOf(args, side),
            dns: labVpcArgs(args, side).dnsHostnames,
        });
        this.peering = args.peering
            ? new VpcPeering(
                  `${name}-peering`,
                  {
                      ...withAcceptance(args),
                      requester: peeringSide("requester"),
                      accepter: peeringSide("accepter"),
                      dnsResolution: args.dnsResolution ?? true,
                      tags: mergedTags(args.tags, { Name: peeringName(args.prefix ?? labVpcDefaults.prefix) }),
                  },
                  // Otherwise the connection would be deleted only after the servers, which take longest.
                  { parent: this, dependsOn: [this.requester, this.accepter], ...timeoutsOf(opts) },
              )
            : undefined;

        // Where both sides are managed the connection becomes active; another owner's acceptance may be yet to come.
        const promised = args.manageAccepter === false ? this.peering?.status.requester : "active";
        this.stage = pulumi.output(this.peering && promised).apply((status) => stageOf(status, requestsFrom));
        this.expect = this.stage.apply((now) =>
            expectedOutcomes(now, requestsFrom, {
                requester: askedSide(args, "requester"),
                accepter: askedSide(args, "accepter"),
            }),
        );
        this.path = pulumi
            .all([stage, this.peering?.path ?? [], this.requester.path, this.accepter.path])
            .apply(([stageNow, ...ids]) => [stageNow, ...ids.flat()]);
        this.registerOutputs({ stage: this.stage, expect: this.expect, path: this.path });
    }
}

/** The word of the stage's pin. It changes with the sides that are managed too, which then replaces the whole peering. */
function wantedOf({ peering, manageAccepter = true, manageRequester = true }: PeeredVpcPairArgs): string {
    if (!peering) {
        return "isolated";
    }
    if (!manageRequester) {
        return "accepted";
    }
    return manageAccepter ? "reachable" : "requested";
}
