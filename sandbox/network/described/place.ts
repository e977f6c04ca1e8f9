import type { Instance as DescribedInstance } from "@aws-sdk/client-ec2";
import type { Caller } from "../../api/client/caller.ts";
import { remembered, type Clients } from "../../api/client/clients.ts";
import { View, type Dns } from "../../api/client/view.ts";
import { blocksOf } from "../../api/client/vpcs.ts";
import { gatewayOf, groupOf, instanceOf, peeringOf, routeTableOf, subnetOf } from "./parts.ts";
import type { Instance, Peering, State } from "./state.ts";

/** The state of a place without its peering connections. */
type PlaceState = Omit<State, "peerings">;

type Boot = Pick<Instance, "userData" | "publicKey">;

/** A region of an account, read with EC2's Describe calls only. */
export class Place {
    readonly #clients: Clients;
    readonly #caller: Caller;
    /** The state as last read; undefined if it may have changed. */
    #state: Promise<PlaceState> | undefined;
    /** Cached DNS attributes of VPCs, which cost two calls each. */
    readonly #dns = new Map<string, Promise<Dns>>();
    /** Cached user data and public keys, which never change for an instance. */
    readonly #boot = new Map<string, Promise<Boot>>();

    constructor(clients: Clients, caller: Caller) {
        this.#clients = clients;
        this.#caller = caller;
    }

    /** Invalidates the cached state after an action. A read in progress may or may not include the change. */
    changedBy(action: string): void {
        this.#state = undefined;
        // CloudFormation's stack actions change VPC attributes too.
        if (/^ModifyVpcAttribute$|Stack/.test(action)) {
            this.#dns.clear();
        }
    }

    /** The current peering connections. */
    async peerings(): Promise<Peering[]> {
        return (await this.#view().peerings()).map(peeringOf);
    }

    /** The rest of the current state, which is read only if it may have changed. */
    async state(): Promise<PlaceState> {
        const state = (this.#state ??= this.#read());
        state.catch(() => (this.#state = undefined));
        return state;
    }

    async #read(): Promise<PlaceState> {
        const view = this.#view();
        const [vpcs, subnets, routeTables, gateways, groups, instances] = await Promise.all([
            view.vpcs(),
            view.subnets(),
            view.routeTables(),
            view.internetGateways(),
            view.groups(),
            view.instances(),
        ]);
        const running = instances.filter(
            ({ State, NetworkInterfaces }) => State?.Name === "running" && NetworkInterfaces?.length,
        );
        return {
            vpcs: await Promise.all(
                vpcs.map(async (vpc) => ({
                    id: vpc.VpcId ?? "",
                    region: this.#caller.region,
                    cidrBlocks: blocksOf(vpc),
                    // A VPC without servers needs no name server.
                    ...(running.some(({ VpcId }) => VpcId === vpc.VpcId)
                        ? await remembered(this.#dns, vpc.VpcId ?? "", () => view.dnsOf(vpc.VpcId ?? ""))
                        : { dnsSupport: false, dnsHostnames: false }),
                })),
            ),
            subnets: subnets.map(subnetOf),
            routeTables: routeTables.map(routeTableOf),
            internetGateways: gateways.map(gatewayOf),
            securityGroups: groups.map(groupOf),
            instances: await Promise.all(
                running.map(async (instance) => ({
                    ...instanceOf(instance),
                    ...(await remembered(this.#boot, instance.InstanceId ?? "", () => bootOf(view, instance))),
                })),
            ),
        };
    }

    #view(): View {
        return new View(this.#clients, this.#caller);
    }
}

/** Reads the user data and the public key of an instance, for its first boot. */
async function bootOf({ ec2 }: View, { InstanceId, KeyName }: DescribedInstance): Promise<Boot> {
    const [attribute, key] = await Promise.all([
        ec2.describeInstanceAttribute({ InstanceId, Attribute: "userData" }),
        // By filter, because a call with the name of a deleted key pair fails.
        KeyName === undefined
            ? undefined
            : ec2.describeKeyPairs({ Filters: [{ Name: "key-name", Values: [KeyName] }], IncludePublicKey: true }),
    ]);
    return {
        userData: Buffer.from(attribute.UserData?.Value ?? "", "base64").toString("utf8"),
        publicKey: key?.KeyPairs?.[0]?.PublicKey?.trim(),
    };
}
