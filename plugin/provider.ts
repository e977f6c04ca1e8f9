import type { ComponentResourceOptions, Inputs } from "@pulumi/pulumi";
import type { ConstructResult } from "@pulumi/pulumi/provider";
import { ComponentProvider, type ComponentResourceConstructor } from "@pulumi/pulumi/provider/experimental";
import * as components from "./index";
import type { PeeredVpcPairArgs } from "./peeredVpcPairArgs";
import { preparePair } from "./preparePair";
import { preparePeering } from "./preparePeering";
import type { VpcPeeringArgs } from "./vpcPeeringArgs";

/**
 * Pulumi's provider of components, which looks up VPCs and checks all arguments before it makes a component.
 *
 * Pulumi's own calls a component's constructor at once. What AWS says comes later, and a problem that is found then would be no
 * error of an argument but an unhandled one, which fails whatever else the process is making.
 */
export class PeeringProvider extends ComponentProvider {
    constructor() {
        // Theirs take the options that construct() adds.
        const constructors = Object.values<unknown>(components) as ComponentResourceConstructor[];
        super({ name: "vpc-peering", dirname: __dirname, components: constructors });
    }

    override async construct(
        name: string,
        type: string,
        inputs: Inputs,
        options: ComponentResourceOptions,
    ): Promise<ConstructResult> {
        const prepared =
            type === "vpc-peering:index:VpcPeering"
                ? await preparePeering(name, inputs as VpcPeeringArgs, options)
                : await preparePair(name, inputs as PeeredVpcPairArgs, options);
        return super.construct(name, type, inputs, { ...options, prepared } as ComponentResourceOptions);
    }
}
