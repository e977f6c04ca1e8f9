import * as pulumi from "@pulumi/pulumi";
import { VpcPeering as Peering, type VpcPeeringArgs as PeeringArgs } from "pulumi-vpc-peering";
import { withAcceptance } from "pulumi-vpc-peering/internal";
import type { VpcPeeringArgs } from "./vpcPeeringArgs";

/**
 * A peering connection between two VPCs, with what it takes for packets to pass: its acceptance, a route for each block in each
 * route table, security group rules and DNS resolution. The two may be in different regions and accounts. Either side may be
 * another owner's. The connection is free, and so is its traffic within one availability zone.
 *
 * A VPC that exists is looked up by its id. Of one that the same program makes, give `cidrBlocks` and `routeTables`, since a
 * preview does not know its id.
 *
 * What AWS would refuse is refused before anything is created, each problem at its argument.
 */
export class VpcPeering extends pulumi.ComponentResource {
    /** The connection's id: `pcx-0123456789abcdef0`. */
    readonly connectionId: pulumi.Output<string>;
    /** The connection's status as the requester's owner sees it: `active`. */
    readonly requesterStatus: pulumi.Output<string>;
    /** The connection's status as the accepter's owner sees it: `pending-acceptance`. */
    readonly accepterStatus: pulumi.Output<string>;
    /** When the request expires unless another owner accepts it, in UTC: `2026-11-30T09:00:00.000Z`; empty where nobody has to. */
    readonly expires: pulumi.Output<string>;
    /** What the accepter's owner still has to run: `aws ec2 accept-vpc-peering-connection` and what else it takes; empty where nothing. */
    readonly otherOwner: pulumi.Output<string[]>;

    /** @param prepared what {@link preparePeering} made of the arguments. */
    constructor(name: string, args: VpcPeeringArgs, opts: pulumi.ComponentResourceOptions, prepared: PeeringArgs) {
        super("vpc-peering:index:VpcPeering", name, args, opts);
        const { dependsOn = [], customTimeouts = {} } = opts;
        const peering = new Peering(name, withAcceptance(prepared), { parent: this, dependsOn, customTimeouts });
        this.connectionId = peering.connectionId;
        this.requesterStatus = peering.status.requester;
        this.accepterStatus = peering.status.accepter;
        this.expires = peering.expires.apply((time) => time ?? "");
        this.otherOwner = peering.otherOwner;
        this.registerOutputs({
            connectionId: this.connectionId,
            requesterStatus: this.requesterStatus,
            accepterStatus: this.accepterStatus,
            expires: this.expires,
            otherOwner: this.otherOwner,
        });
    }
}
