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

/** The kinds of resources that are read again only if they may have changed. */
const kinds = ["vpcs", "subnets", "networkAcls", "routeTables", "internetGateways", "groups", "instances"] as const;

/** The views of a place, by the kind of resources that is read from them. */
type Views = Readonly<Record<(typeof kinds)[number], View>>;

/** What actions change, by the end of their names. Other actions may change everything. */
const changes: readonly (readonly [RegExp, readonly (keyof Views)[]])[] = [
    [/(Route|RouteTable|RouteTableAssociation)$/, ["routeTables"]],
    [/NetworkAcl(Entry|Association)?$/, ["networkAcls"]],
    [/SecurityGroup(Ingress|Egress|Rules)?$/, ["groups"]],
    [/InternetGateway$/, ["internetGateways"]],
    [/ManagedPrefixList$/, ["routeTables", "groups"]],
    // Connections are read again in any case.
    [/VpcPeeringConnection(Options)?$/, []],
];

/**
 * All regions of all accounts in which a change was made; together they form one network. They are learned from the calls,
 * because the EC2 API does not list accounts, and are read with EC2's Describe calls only.
 */
export class Places {
    readonly #clients: Clients;
    /** The resources of each place as last read, by its account and region. A change replaces views by an empty one. */
    readonly #views = new Map<string, Views>();
    /** Cached DNS attributes of VPCs, which cost two calls each. */
    readonly #dns = new Map<string, Promise<Dns>>();
    /** Cached user data and public keys, which never change for an instance. */
    readonly #boot = new Map<string, Promise<Boot>>();

    constructor(endpoint: string) {
        this.#clients = new Clients(endpoint);
    }

    /** Invalidates what an action may have changed in the caller's place. A read in progress may or may not include the change. */
    async changedBy(caller: Caller, action: string): Promise<void> {
        const account = await this.#clients.accountOf(caller.accessKeyId);
        const place = `${account} ${caller.region}`;
        const [before, view] = [this.#views.get(place), new View(this.#clients, caller)];
        const [, changed = kinds] = changes.find(([name]) => name.test(action)) ?? [];
        const viewOf = (kind: keyof Views) => (before && !changed.includes(kind) ? before[kind] : view);
        this.#views.set(place, Object.fromEntries(kinds.map((kind) => [kind, viewOf(kind)])) as Views);
        // CloudFormation's stack actions change VPC attributes too.
        if (/^ModifyVpcAttribute$|Stack/.test(action)) {
            this.#dns.clear();
        }
    }

    /**
     * The combined state of all places. Only what may have changed is read, but peering connections are read in all places,
     * because a change by one side also affects the other.
     */
    async read(): Promise<State> {
        const places = await Promise.all(
            [...this.#views.values()].map(async (views) => {
                const { vpcs, subnets, networkAcls, routeTables, internetGateways, groups, instances } = views;
                const { caller } = vpcs;
                const parts = await Promise.all([
                    vpcs.vpcs(),
                    subnets.subnets(),
                    networkAcls.networkAcls(),
                    internetGateways.internetGateways(),
                    new View(this.#clients, caller).peerings(),
                    routeTables.routeTables(),
                    groups.groups(),
                    runningIn(instances),
                ]);
                const [vpcSet, subnetSet, aclSet, gatewaySet, peeringSet, tableSet, groupSet, running] = parts;
                const lists = await prefixListsOf(tableSet, groupSet, routeTables);
                return {
                    vpcs: await Promise.all(vpcSet.map((vpc) => this.#vpcOf(vpc, running, vpcs))),
                    subnets: subnetSet.map(subnetOf),
                    networkAcls: aclSet.map(networkAclOf),
                    routeTables: tableSet.map((table) => routeTableOf(table, lists)),
                    internetGateways: gatewaySet.map(gatewayOf),
                    peerings: peeringSet.map(peeringOf),
                    securityGroups: groupSet.map((group) => groupOf(group, lists)),
                    instances: await Promise.all(running.map((one) => this.#instanceOf(one, instances))),
                };
            }),
        );
        const all = <Key extends keyof State>(key: Key): State[Key][number][] =>
            places.flatMap((place) => [...place[key]]);
        // Both sides describe the same connection.
        const peerings = [...new Map(all("peerings").map((peering) => [peering.id, peering])).values()];
        return {
            vpcs: all("vpcs"),
            subnets: all("subnets"),
            networkAcls: all("networkAcls"),
            routeTables: all("routeTables"),
            internetGateways: all("internetGateways"),
            peerings,
            securityGroups: all("securityGroups"),
            instances: all("instances"),
        };
    }

    async #vpcOf(vpc: ec2.Vpc, running: readonly ec2.Instance[], view: View): Promise<Vpc> {
        const { VpcId: id = "" } = vpc;
        // A VPC without servers needs no name server.
        const dns = running.some(({ VpcId }) => VpcId === id)
            ? await remembered(this.#dns, id, () => view.dnsOf(id))
            : { dnsSupport: false, dnsHostnames: false };
        return { id, region: view.caller.region, cidrBlocks: blocksOf(vpc), ...dns };
    }

    async #instanceOf(instance: ec2.Instance, view: View): Promise<Instance> {
        const boot = await remembered(this.#boot, instance.InstanceId ?? "", () => bootOf(instance, view));
        return { ...instanceOf(instance), ...boot };
    }
}

/** The prefix lists that route tables and security groups reference. */
async function prefixListsOf(
    tables: readonly ec2.RouteTable[],
    groups: readonly ec2.SecurityGroup[],
    view: View,
): Promise<PrefixLists> {
    const ids = prefixListIdsIn(tables, groups);
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
