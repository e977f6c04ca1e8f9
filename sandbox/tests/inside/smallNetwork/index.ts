import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

/** The network's settings. */
export interface SmallNetworkArgs {
    /** The IPv4 block. */
    cidrBlock: pulumi.Input<string>;
}

/** A VPC. */
export class SmallNetwork extends pulumi.ComponentResource {
    /** The VPC's ID. */
    public readonly vpcId: pulumi.Output<string>;

    constructor(name: string, args: SmallNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
        super("small-network:index:SmallNetwork", name, args, opts);
        const vpc = new aws.ec2.Vpc(name, { cidrBlock: args.cidrBlock }, { parent: this });
        this.vpcId = vpc.id;
        this.registerOutputs({ vpcId: this.vpcId });
    }
}
