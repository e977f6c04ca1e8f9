import * as pulumi from "@pulumi/pulumi";
import { PeeredVpcPair as Pair, type LabVpc } from "pulumi-vpc-peering";
import { ReachabilityCheck, resultLine } from "pulumi-vpc-peering/check";
import { withAcceptance } from "pulumi-vpc-peering/internal";
import type { PeeredVpcPairArgs } from "./peeredVpcPairArgs";
import type { PreparedPair } from "./preparePair";

/** What was made of a side. */
export interface PairSideOutputs {
    /** The VPC's id: `vpc-0123456789abcdef0`. */
    readonly vpcId: string;
    /** The subnet's id: `subnet-0123456789abcdef0`. */
    readonly subnetId: string;
    /** The route table's id: `rtb-0123456789abcdef0`. */
    readonly routeTableId: string;
    /** The security group's id: `sg-0123456789abcdef0`. */
    readonly securityGroupId: string;
    /** The server's id: `i-0123456789abcdef0`. */
    readonly serverId: string;
    /** The server's private address: `10.41.1.100`. */
    readonly privateIp: string;
    /** The server's public address: `203.0.113.25`. */
    readonly publicIp: string;
    /** The server's public DNS name: `ec2-203-0-113-25.compute-1.amazonaws.com`; empty where it has none. */
    readonly publicDns: string;
}

/**
 * Two VPCs with a web server each, their peering where `peering` is on, and a check that sends packets between the servers and
 * fails the deployment where they do not do what is promised. The servers and their public IPv4 addresses are charged for as long
 * as they stand; everything else is free.
 *
 * What AWS would refuse is refused before anything is created, each problem at its argument.
 */
export class PeeredVpcPair extends pulumi.ComponentResource {
    /** How far the two are connected: `isolated`, `pending-acceptance`, `reachable` or `one-way`. */
    readonly stage: pulumi.Output<string>;
    /** What was made of the requester's side: its ids and addresses, such as `requester.publicIp`. */
    readonly requester: pulumi.Output<PairSideOutputs>;
    /** What was made of the accepter's side: its ids and addresses, such as `accepter.publicIp`. */
    readonly accepter: pulumi.Output<PairSideOutputs>;
    /** What the check saw, a line for each direction: `VPC1 -> VPC2: ping reply, HTTP page, name private, as expected`; empty without one. */
    readonly check: pulumi.Output<string[]>;
    /** The peering connection's id: `pcx-0123456789abcdef0`; empty where there is none. */
    readonly connectionId: pulumi.Output<string>;

    /** @param prepared what {@link preparePair} made of the arguments. */
    constructor(name: string, args: PeeredVpcPairArgs, opts: pulumi.ComponentResourceOptions, prepared: PreparedPair) {
        // The private key is nobody's to see in the state.
        const { privateKey: _, ...inputs } = args;
        super("vpc-peering:index:PeeredVpcPair", name, inputs, opts);
        const { dependsOn = [], customTimeouts = {} } = opts;
        const pair = new Pair(name, withAcceptance(prepared.pair), { parent: this, dependsOn, customTimeouts });
        const { ssh, timeLimit } = prepared;
        const { expect, path } = pair;
        const vpcs = [pair.requester, pair.accepter] as const;
        const check =
            ssh &&
            new ReachabilityCheck(
                `${name}-check`,
                { vpcs, expect, path, ssh, timeLimit },
                { parent: this, dependsOn: pair, customTimeouts },
            );
        this.stage = pair.stage;
        this.requester = outputsOf(pair.requester);
        this.accepter = outputsOf(pair.accepter);
        this.check = pulumi
            .output(check?.results ?? [])
            .apply((results) => results.map(({ direction, expected, seen }) => resultLine(direction, expected, seen)));
        this.connectionId = pair.peering?.connectionId ?? pulumi.output("");
        this.registerOutputs({
            stage: this.stage,
            requester: this.requester,
            accepter: this.accepter,
            check: this.check,
            connectionId: this.connectionId,
        });
    }
}

function outputsOf(vpc: LabVpc): pulumi.Output<PairSideOutputs> {
    const { vpcId, subnetId, routeTableId, securityGroupId, serverId, privateIp, publicIp, publicDns } = vpc;
    return pulumi.output({
        vpcId,
        subnetId,
        routeTableId,
        securityGroupId,
        serverId,
        privateIp,
        publicIp,
        publicDns,
    });
}
