import type * as ec2 from "@aws-sdk/client-ec2";
import type { Caller } from "../../api/client/caller.ts";
import { Clients, remembered } from "../../api/client/clients.ts";
import { View, type Dns } from "../../api/client/view.ts";
import { blocksOf } from "../../api/client/vpcs.ts";
import {
    gatewayOf,
    groupOf,
    instanceOf,
    networkAclOf,
    peeringOf,
    prefixListIdsIn,
    routeTableOf,
    subnetOf,
    type PrefixLists,
} from "./parts.ts";
import type { Instance, State, Vpc } from "./state.ts";

type Boot = Pick<Instance, "userData" | "publicKey">;

/**
 * All regions of all accounts in which a change was made; together they form one network. They are learned from the calls,
 * because the EC2 API does not list accounts, and are read with EC2's Describe calls only.
 */
export class Places {
    readonly #clients: Clients;
    /** The resources of each place as last read, by its account and region. A change replaces a place's view by an empty one. */
    readonly #views = new Map<string, View>();
    /** Cached DNS attributes of VPCs, which cost two calls each. */
    readonly #dns = new Map<string, Promise<Dns>>();
    /** Cached user data and public keys, which never change for an instance. */
    readonly #boot = new Map<string, Promise<Boot>>();

    constructor(endpoint: string) {
        this.#clients = new Clients(endpoint);
    }

    /** Invalidates what is known of the caller's place after an action. A read in progress may or may not include the change. */
    async changedBy(caller: Caller, action: string): Promise<void> {
        const account = await this.#clients.accountOf(caller.accessKeyId);
        this.#views.set(`${account} ${caller.region}`, new View(this.#clients, caller));
        // CloudFormation's stack actions change VPC attributes too.
        if (/^ModifyVpcAttribute$|Stack/.test(action)) {
            this.#dns.clear();
        }
    }

    /**
     * The combined state of all places. Only places that may have changed are read, but peering connections are read in all
     * places, because a change by one side also affects the other.
     */
    async read(): Promise<State> {
        const views = [...this.#views.values()];
        const all = async <Item, Part>(
            itemsOf: (view: View) => Promise<Item[]>,
            partOf: (item: Item, view: View) => Part | Promise<Part>,
        ): Promise<Part[]> => {
            const parts = views.map(async (view) =>
                Promise.all((await itemsOf(view)).map((item) => partOf(item, view))),
            );
            return (await Promise.all(parts)).flat();
        };
        const [vpcs, subnets, networkAcls, routeTables, internetGateways, peerings, securityGroups, instances] =
            await Promise.all([
                all(
                    (view) => view.vpcs(),
                    (vpc, view) => this.#vpcOf(vpc, view),
                ),
                all((view) => view.subnets(), subnetOf),
                all((view) => view.networkAcls(), networkAclOf),
                all(
                    (view) => view.routeTables(),
                    async (table, view) => routeTableOf(table, await prefixListsIn(view)),
                ),
                all((view) => view.internetGateways(), gatewayOf),
                all(({ caller }) => new View(this.#clients, caller).peerings(), peeringOf),
                all(
                    (view) => view.groups(),
                    async (group, view) => groupOf(group, await prefixListsIn(view)),
                ),
                all(runningIn, (instance, view) => this.#instanceOf(instance, view)),
            ]);
        // Both sides describe the same connection.
        const connections = [...new Map(peerings.map((peering) => [peering.id, peering])).values()];
        return {
            vpcs,
            subnets,
            networkAcls,
            routeTables,
            internetGateways,
            peerings: connections,
            securityGroups,
            instances,
        };
    }

    async #vpcOf(vpc: ec2.Vpc, view: View): Promise<Vpc> {
        const { VpcId: id = "" } = vpc;
        // A VPC without servers needs no name server.
        const dns = (await runningIn(view)).some(({ VpcId }) => VpcId === id)
            ? await remembered(this.#dns, id, () => view.dnsOf(id))
            : { dnsSupport: false, dnsHostnames: false };
        return { id, region: view.caller.region, cidrBlocks: blocksOf(vpc), ...dns };
    }

    async #instanceOf(instance: ec2.Instance, view: View): Promise<Instance> {
        const boot = await remembered(this.#boot, instance.InstanceId ?? "", () => bootOf(instance, view));
        return { ...instanceOf(instance), ...boot };
    }
}

/** The prefix lists that the route tables and security groups of a place reference. */
async function prefixListsIn(view: View): Promise<PrefixLists> {
    const ids = prefixListIdsIn(await view.routeTables(), await view.groups());
    return new Map(await Promise.all(ids.map(async (id) => [id, await view.prefixListBlocks(id)] as const)));
}

async function runningIn(view: View): Promise<ec2.Instance[]> {
    return (await view.instances()).filter(
        ({ State, NetworkInterfaces }) => State?.Name === "running" && NetworkInterfaces?.length,
    );
}

/** Reads the user data and the public key of an instance, for its first boot. */
async function bootOf({ InstanceId, KeyName }: ec2.Instance, { ec2 }: View): Promise<Boot> {
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
