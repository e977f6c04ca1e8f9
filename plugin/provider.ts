import { readFileSync } from "fs";
import { join } from "path";
import type { ComponentResource, ComponentResourceOptions, Inputs } from "@pulumi/pulumi";
import type { ConstructResult, Provider } from "@pulumi/pulumi/provider";
import { PeeredVpcPair, VpcPeering } from "./index";
import type { PeeredVpcPairArgs } from "./peeredVpcPairArgs";
import { preparePair } from "./preparePair";
import { preparePeering } from "./preparePeering";
import type { VpcPeeringArgs } from "./vpcPeeringArgs";

/** Makes a component, after all that has to be asked before. */
type Make = (name: string, inputs: Inputs, options: ComponentResourceOptions) => Promise<ComponentResource>;

const makers: Readonly<Record<string, Make>> = {
    "vpc-peering:index:VpcPeering": async (name, inputs, options) => {
        const args = inputs as VpcPeeringArgs;
        return new VpcPeering(name, args, options, await preparePeering(name, args, options));
    },
    "vpc-peering:index:PeeredVpcPair": async (name, inputs, options) => {
        const args = inputs as PeeredVpcPairArgs;
        return new PeeredVpcPair(name, args, options, await preparePair(name, args, options));
    },
};

/** What is read of a schema. */
interface Schema {
    readonly version: string;
    readonly resources: Readonly<Record<string, { readonly properties: object }>>;
}

/**
 * Makes the components for the engine, after VPCs are looked up and all arguments are checked.
 *
 * Pulumi's own provider of components calls the constructor at once. What AWS says comes later, and a problem that is found then
 * would be no error of an argument but an unhandled one, which fails whatever else the process is making. It also infers the schema
 * at each start, which takes seconds.
 */
export class PeeringProvider implements Provider {
    readonly version: string;
    /** The kept schema, which a test compares with what Pulumi infers. */
    readonly schema = readFileSync(join(__dirname, "schema.json"), "utf8");
    readonly #resources: Schema["resources"];

    constructor() {
        const { version, resources } = JSON.parse(this.schema) as Schema;
        this.version = version;
        this.#resources = resources;
    }

    async construct(
        name: string,
        type: string,
        inputs: Inputs,
        options: ComponentResourceOptions,
    ): Promise<ConstructResult> {
        const component = await makers[type]?.(name, inputs, options);
        if (component === undefined) {
            throw new Error(`unknown resource type ${type}`);
        }
        const outputs = Object.entries(component).filter(([key]) => key in (this.#resources[type]?.properties ?? {}));
        return { urn: component.urn, state: Object.fromEntries(outputs) };
    }
}
