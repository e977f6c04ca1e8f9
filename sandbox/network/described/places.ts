import type * as ec2 from "@aws-sdk/client-ec2";
import type { Caller } from "../../api/client/caller.ts";
import { Clients, remembered } from "../../api/client/clients.ts";
import { View, type Dns, type Scope } from "../../api/client/view.ts";
import { blocksOf } from "../../api/client/vpcs.ts";
import {
    flowLogOf,
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
import type { FlowLog, Instance, State, Vpc } from "./state.ts";

type Boot = Pick<Instance, "userData" | "publicKey">;

/** What is read of a place, each kind by calls of its own. */
const kinds = [
    "vpcs",
    "subnets",
    "networkAcls",
    "routeTables",
    "internetGateways",
    "peerings",
    "groups",
    "instances",
    "prefixLists",
    "flowLogs",
] as const;
type Kind = (typeof kinds)[number];

/** The kinds that an action can change: those of the first pattern that matches, or all. */
const changes: readonly (readonly [actions: RegExp, kinds: readonly Kind[]])[] = [
    [/VpcPeeringConnection/, ["peerings"]],
    [/Route(Table(Association)?)?$/, ["routeTables"]],
    [/SecurityGroup/, ["groups"]],
    [/NetworkAcl/, ["networkAcls"]],
    [/InternetGateway$/, ["internetGateways"]],
    [/ManagedPrefixList$/, ["prefixLists"]],
    [/FlowLogs$/, ["flowLogs"]],
    [/^(Run|Start|Stop|Terminate)Instances$|^Modify(Instance|NetworkInterface)Attribute$/, ["instances"]],
    // A subnet is associated with a network ACL, and its associations are deleted with it.
    [/^CreateSubnet$/, ["subnets", "networkAcls"]],
    [/Subnet(Attribute)?$/, ["subnets", "networkAcls", "routeTables"]],
    // The public DNS names of its instances.
    [/^ModifyVpcAttribute$/, ["instances"]],
    // A VPC comes with a route table, a network ACL and a security group, and each of its blocks with local routes.
    [/^(Create|Delete)Vpc$|VpcCidrBlock$/, ["vpcs", "networkAcls", "routeTables", "groups"]],
];

/** Actions that change only the items with the same property as the call. */
const confined: readonly (readonly [actions: RegExp, property: Scope["property"]])[] = [
    [/^(Create|Replace|Delete)Route$|^(Associate|Delete)RouteTable$/, "RouteTableId"],
    [/^(Authorize|Revoke|Modify|Delete)SecurityGroup/, "GroupId"],
    [/^(Attach|Detach|Delete)InternetGateway$/, "InternetGatewayId"],
    [/^Create(Subnet|RouteTable|NetworkAcl|SecurityGroup|Vpc)$|^DeleteVpc$|^AssociateVpcCidrBlock$/, "VpcId"],
];

/** What of the kinds that it changes a call can have changed; undefined if it is not known. */
function scopeOf(action: string, parameters: Parameters): Scope | undefined {
    const [, property] = confined.find(([actions]) => actions.test(action)) ?? [];
    const value = property && parameters[property];
    return property && value !== undefined ? { property, value } : undefined;
}

/** The parameters of a call, and the ID of a VPC that it has created. */
type Parameters = Readonly<Record<string, string>>;

/** A region of an account, with a view for each kind: it has what was read since the last change of that kind. */
type Place = Readonly<Record<Kind, View>>;

/**
 * All regions of all accounts in which a change was made; together they form one network. They are learned from the calls,
 * because the EC2 API does not list accounts, and are read with EC2's Describe calls only.
 */
export class Places {
    readonly #clients: Clients;
    /** By account and region. */
    readonly #places = new Map<string, Place>();
    /** Cached DNS attributes of VPCs, which cost two calls each. */
    readonly #dns = new Map<string, Promise<Dns>>();
    /** Cached user data and public keys, which never change for an instance. */
    readonly #boot = new Map<string, Promise<Boot>>();

    constructor(endpoint: string) {
        this.#clients = new Clients(endpoint);
    }

    /** Invalidates what an action of the caller can have changed. A read in progress may or may not include the change. */
    async changedBy(caller: Caller, action: string, parameters: Parameters): Promise<void> {
        const name = `${await this.#clients.accountOf(caller.accessKeyId)} ${caller.region}`;
        const changed = changes.find(([actions]) => actions.test(action))?.[1] ?? kinds;
        const scope = scopeOf(action, parameters);
        const known = this.#places.get(name);
        const place = known ?? this.#new(caller, kinds);
        this.#places.set(name, { ...place, ...this.#new(caller, changed, known && scope && { place: known, scope }) });
        if (changed.includes("peerings")) {
            // A change by one side also affects the other.
            for (const [other, place] of this.#places) {
                this.#places.set(other, { ...place, ...this.#new(place.peerings.caller, ["peerings"]) });
            }
        }
        const { VpcId } = parameters;
        if (action === "ModifyVpcAttribute" && VpcId !== undefined) {
            this.#dns.delete(VpcId);
        }
    }

    #new<Of extends Kind>(
        caller: Caller,
        of: readonly Of[],
        earlier?: { place: Place; scope: Scope },
    ): Record<Of, View> {
        const viewOf = (kind: Of) =>
            new View(this.#clients, caller, earlier && { view: earlier.place[kind], scope: earlier.scope });
        return Object.fromEntries(of.map((kind) => [kind, viewOf(kind)])) as Record<Of, View>;
    }

    /** The combined state of all places. Only what may have changed is read. */
    async read(): Promise<State> {
        const all = async <Part>(partsIn: (place: Place) => Promise<Part[]>): Promise<Part[]> =>
            (await Promise.all([...this.#places.values()].map(partsIn))).flat();
        const [
            vpcs,
            subnets,
            networkAcls,
            routeTables,
            internetGateways,
            peerings,
            securityGroups,
            instances,
            flowLogs,
        ] = await Promise.all([
            all((place) => this.#vpcsIn(place)),
            all(async ({ subnets }) => (await subnets.subnets()).map(subnetOf)),
            all(async ({ networkAcls }) => (await networkAcls.networkAcls()).map(networkAclOf)),
            all(async (place) => {
                const lists = await prefixListsIn(place);
                return (await place.routeTables.routeTables()).map((table) => routeTableOf(table, lists));
            }),
            all(async ({ internetGateways }) => (await internetGateways.internetGateways()).map(gatewayOf)),
            all(async ({ peerings }) => (await peerings.peerings()).map(peeringOf)),
            all(async (place) => {
                const lists = await prefixListsIn(place);
                return (await place.groups.groups()).map((group) => groupOf(group, lists));
            }),
            all((place) => this.#instancesIn(place)),
            all((place) => this.#flowLogsIn(place)),
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
            flowLogs,
        };
    }

    async #vpcsIn(place: Place): Promise<Vpc[]> {
        const { vpcs: view } = place;
        const [vpcs, running] = await Promise.all([view.vpcs(), runningIn(place)]);
        const used = new Set(running.map(({ VpcId }) => VpcId));
        return Promise.all(
            vpcs.map(async (vpc) => {
                const { VpcId: id = "" } = vpc;
                // A VPC without servers needs no name server.
                const dns = used.has(id)
                    ? await remembered(this.#dns, id, () => view.dnsOf(id))
                    : { dnsSupport: false, dnsHostnames: false };
                return { id, region: view.caller.region, cidrBlocks: blocksOf(vpc), ...dns };
            }),
        );
    }

    async #flowLogsIn({ flowLogs: { caller, flowLogs } }: Place): Promise<FlowLog[]> {
        const account = await this.#clients.accountOf(caller.accessKeyId);
        return (await flowLogs()).map((log) => flowLogOf(log, account, caller.region));
    }

    async #instancesIn(place: Place): Promise<Instance[]> {
        return Promise.all(
            (await runningIn(place)).map(async (instance) => {
                const { InstanceId = "" } = instance;
                const boot = await remembered(this.#boot, InstanceId, () => bootOf(instance, place.instances));
                return { ...instanceOf(instance), ...boot };
            }),
        );
    }
}

/** The prefix lists that the route tables and security groups of a place reference. */
async function prefixListsIn({ routeTables, groups, prefixLists }: Place): Promise<PrefixLists> {
    const ids = prefixListIdsIn(await routeTables.routeTables(), await groups.groups());
    return new Map(await Promise.all(ids.map(async (id) => [id, await prefixLists.prefixListBlocks(id)] as const)));
}

async function runningIn({ instances }: Place): Promise<ec2.Instance[]> {
    return (await instances.instances()).filter(
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
