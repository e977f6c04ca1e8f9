import type * as sdk from "@aws-sdk/client-ec2";

/** A resource as AWS describes it: its IDs are always there, which the SDK's types leave open. */
type Known<Item, Ids extends keyof Item> = Item & { readonly [Id in Ids]-?: NonNullable<Item[Id]> };

export type Vpc = Known<sdk.Vpc, "VpcId">;
export type Subnet = Known<sdk.Subnet, "SubnetId" | "VpcId">;
export type RouteTable = Known<sdk.RouteTable, "RouteTableId" | "VpcId">;
export type NetworkAclEntry = Known<sdk.NetworkAclEntry, "Protocol" | "RuleAction" | "RuleNumber">;
export type NetworkAcl = Known<Omit<sdk.NetworkAcl, "Entries">, "NetworkAclId"> & {
    readonly Entries: readonly NetworkAclEntry[];
};
export type SecurityGroup = Known<sdk.SecurityGroup, "GroupId">;
export type NetworkInterface = Known<sdk.NetworkInterface, "NetworkInterfaceId" | "SubnetId" | "VpcId">;
export type Instance = Known<sdk.Instance, "InstanceId">;
export type VpcPeeringConnection = Known<sdk.VpcPeeringConnection, "VpcPeeringConnectionId"> & {
    readonly RequesterVpcInfo: Known<sdk.VpcPeeringConnectionVpcInfo, "VpcId">;
    readonly AccepterVpcInfo: Known<sdk.VpcPeeringConnectionVpcInfo, "VpcId">;
};
export type InternetGateway = Known<sdk.InternetGateway, "InternetGatewayId">;

/** The kinds of resources that a packet meets, by their keys in EC2's responses. */
export interface Kinds {
    readonly Vpcs: readonly Vpc[];
    readonly Subnets: readonly Subnet[];
    readonly RouteTables: readonly RouteTable[];
    readonly NetworkAcls: readonly NetworkAcl[];
    readonly SecurityGroups: readonly SecurityGroup[];
    readonly NetworkInterfaces: readonly NetworkInterface[];
    readonly Reservations: readonly { readonly Instances?: readonly Instance[] }[];
    readonly VpcPeeringConnections: readonly VpcPeeringConnection[];
    readonly InternetGateways: readonly InternetGateway[];
    /** Each with the blocks of its entries, which AWS gives by a call of their own. */
    readonly PrefixLists: readonly (sdk.ManagedPrefixList & { readonly Cidrs?: readonly string[] })[];
}

export const kinds: readonly (keyof Kinds)[] = [
    "Vpcs",
    "Subnets",
    "RouteTables",
    "NetworkAcls",
    "SecurityGroups",
    "NetworkInterfaces",
    "Reservations",
    "VpcPeeringConnections",
    "InternetGateways",
    "PrefixLists",
];

/** What a region of an account holds. A kind is absent if it could not be read. */
export interface Place extends Partial<Kinds> {
    readonly account: string;
    readonly region: string;
    /** The profile of the AWS CLI that it was read with; undefined for the usual credentials. */
    readonly profile?: string | undefined;
    /** Why a kind could not be read. */
    readonly unread?: Partial<Record<keyof Kinds, string>> | undefined;
}

/** A resource, and where it is. */
export interface Located<Item> {
    readonly item: Item;
    readonly place: Place;
}

/** Resources of any number of accounts and regions, which are found by what refers to them. */
export class State {
    readonly places: readonly Place[];
    readonly #vpcs: Map<string | undefined, Located<Vpc>>;
    readonly #subnets: Map<string | undefined, Located<Subnet>>;
    readonly #groups: Map<string | undefined, Located<SecurityGroup>>;
    readonly #instances: Map<string | undefined, Located<Instance>>;
    readonly #interfaces: Map<string | undefined, Located<NetworkInterface>>;
    readonly #prefixLists: Map<string | undefined, Located<Kinds["PrefixLists"][number]>>;
    /** Route tables and network ACLs by the subnets that they are associated with, and those that hold for the rest by VPC. */
    readonly #tables: Map<string | undefined, Located<RouteTable>>;
    readonly #acls: Map<string | undefined, Located<NetworkAcl>>;
    readonly #gateways: Map<string | undefined, Located<InternetGateway>>;
    /** By ID, and by the VPCs of both ends, the one that means most first. */
    readonly #connections = new Map<string | undefined, VpcPeeringConnection>();
    readonly #between: Map<string, VpcPeeringConnection[]>;

    constructor(places: readonly Place[]) {
        this.places = places;
        this.#vpcs = this.#by("Vpcs", ({ VpcId }) => [VpcId]);
        this.#subnets = this.#by("Subnets", ({ SubnetId }) => [SubnetId]);
        this.#groups = this.#by("SecurityGroups", ({ GroupId }) => [GroupId]);
        this.#interfaces = this.#by("NetworkInterfaces", ({ NetworkInterfaceId }) => [NetworkInterfaceId]);
        this.#prefixLists = this.#by("PrefixLists", ({ PrefixListId }) => [PrefixListId]);
        this.#instances = new Map(
            this.#all("Reservations").flatMap(({ item: { Instances = [] }, place }) =>
                Instances.map((item) => [item.InstanceId, { item, place }] as const),
            ),
        );
        this.#tables = this.#by("RouteTables", ({ Associations = [], VpcId }) =>
            Associations.map(({ Main, SubnetId }) => (Main === true ? VpcId : SubnetId)),
        );
        this.#acls = this.#by("NetworkAcls", ({ Associations = [] }) => Associations.map(({ SubnetId }) => SubnetId));
        this.#gateways = this.#by("InternetGateways", ({ Attachments = [] }) => Attachments.map(({ VpcId }) => VpcId));
        for (const { item } of this.#all("VpcPeeringConnections")) {
            const id = item.VpcPeeringConnectionId;
            // Both ends' accounts and regions describe it. AWS gives all of it to both.
            this.#connections.set(id, this.#connections.get(id) ?? item);
        }
        this.#between = groupedBy(this.#connections.values(), (one) => pairOf(...endsOf(one)));
        for (const connections of this.#between.values()) {
            connections.sort((one, other) => rankOf(one) - rankOf(other));
        }
    }

    readonly vpc = (id: string | undefined) => this.#vpcs.get(id);
    readonly subnet = (id: string | undefined) => this.#subnets.get(id);
    readonly group = (id: string | undefined) => this.#groups.get(id);
    readonly instance = (id: string | undefined) => this.#instances.get(id);
    readonly prefixList = (id: string | undefined) => this.#prefixLists.get(id);
    readonly connection = (id: string | undefined) => this.#connections.get(id);
    readonly aclOf = (subnetId: string | undefined) => this.#acls.get(subnetId);
    readonly gatewayOf = (vpcId: string | undefined) => this.#gateways.get(vpcId);

    /** A subnet's route table: the one associated with it, or else its VPC's main one. */
    tableOf({ SubnetId, VpcId }: Subnet): (Located<RouteTable> & { readonly main: boolean }) | undefined {
        const own = this.#tables.get(SubnetId);
        const found = own ?? this.#tables.get(VpcId);
        return found && { ...found, main: own === undefined };
    }

    /** The connections between two VPCs: an active one first, then those that can become active, then those that can't. */
    connectionsBetween(one: string, other: string): readonly VpcPeeringConnection[] {
        return this.#between.get(pairOf(one, other)) ?? [];
    }

    /** The connections of a VPC. */
    connectionsOf(vpcId: string): readonly VpcPeeringConnection[] {
        return [...this.#connections.values()].filter((one) => endsOf(one).includes(vpcId));
    }

    /** Whether the connections of one of the VPCs were read. Both ends describe a connection. */
    knowsConnections(...vpcIds: readonly (string | undefined)[]): boolean {
        return vpcIds.some((id) => this.vpc(id)?.place.VpcPeeringConnections);
    }

    /** A VPC's IPv4 blocks, the primary one first; those of a VPC that was not read as its connections give them. */
    blocksOf(vpcId: string | undefined): string[] {
        const vpc = this.vpc(vpcId)?.item;
        const associated = (vpc?.CidrBlockAssociationSet ?? []).filter(
            ({ CidrBlockState }) => CidrBlockState?.State === "associated",
        );
        const infos = vpc
            ? []
            : [...this.#connections.values()]
                  .flatMap(({ RequesterVpcInfo, AccepterVpcInfo }) => [RequesterVpcInfo, AccepterVpcInfo])
                  .filter((info) => info.VpcId === vpcId);
        const all = [vpc, ...associated, ...infos.flatMap((info) => [info, ...(info.CidrBlockSet ?? [])])];
        return [...new Set(all.flatMap((one) => one?.CidrBlock ?? []))];
    }

    interfaces(): readonly Located<NetworkInterface>[] {
        return [...this.#interfaces.values()];
    }

    /** The interfaces that an ID, an address, or a `Name` tag of an instance or interface refers to. */
    interfacesNamed(name: string): readonly Located<NetworkInterface>[] {
        const exact = this.#interfaces.get(name);
        return exact
            ? [exact]
            : this.interfaces().filter(({ item }) => {
                  const instanceId = item.Attachment?.InstanceId;
                  const tags = [item.TagSet, this.instance(instanceId)?.item.Tags];
                  return (
                      instanceId === name ||
                      addressesOf(item).includes(name) ||
                      publicAddressOf(item) === name ||
                      tags.some((some) => nameOf(some) === name)
                  );
              });
    }

    #all<Kind extends keyof Kinds>(kind: Kind): Located<Kinds[Kind][number]>[] {
        return this.places.flatMap((place) => {
            const items: readonly Kinds[Kind][number][] = place[kind] ?? [];
            return items.map((item) => ({ item, place }));
        });
    }

    #by<Kind extends keyof Kinds>(
        kind: Kind,
        keysOf: (item: Kinds[Kind][number]) => readonly (string | undefined)[],
    ): Map<string | undefined, Located<Kinds[Kind][number]>> {
        return new Map(
            this.#all(kind).flatMap((located) =>
                keysOf(located.item).flatMap((key) => (key === undefined ? [] : [[key, located] as const])),
            ),
        );
    }
}

/** The private addresses of an interface, the primary one first. */
export function addressesOf({ PrivateIpAddress, PrivateIpAddresses = [] }: sdk.NetworkInterface): string[] {
    const all = [PrivateIpAddress, ...PrivateIpAddresses.map((one) => one.PrivateIpAddress)];
    return [...new Set(all.flatMap((address) => address ?? []))];
}

/** The public address of an interface's primary private address; undefined if it has none. */
export function publicAddressOf({ Association, PrivateIpAddresses = [] }: sdk.NetworkInterface): string | undefined {
    return Association?.PublicIp ?? PrivateIpAddresses.find(({ Primary }) => Primary)?.Association?.PublicIp;
}

export function nameOf(tags: readonly sdk.Tag[] | undefined): string | undefined {
    return tags?.find(({ Key }) => Key === "Name")?.Value;
}

/** The requester's VPC and the accepter's. */
export function endsOf({ RequesterVpcInfo, AccepterVpcInfo }: VpcPeeringConnection): [string, string] {
    return [RequesterVpcInfo.VpcId, AccepterVpcInfo.VpcId];
}

/** Statuses of a connection that can still become active. Source: Amazon VPC Peering Guide, "VPC peering connection lifecycle". */
const hopeful = ["active", "provisioning", "pending-acceptance", "initiating-request"];

/** Whether a connection is active or can become so. */
export function isAlive({ Status }: VpcPeeringConnection): boolean {
    return hopeful.includes(Status?.Code ?? "");
}

function rankOf(connection: VpcPeeringConnection): number {
    return isAlive(connection) ? hopeful.indexOf(connection.Status?.Code ?? "") : hopeful.length;
}

function pairOf(one: string, other: string): string {
    return [one, other].sort().join(" ");
}

/** Items by a key that several of them may have. As Map.groupBy, which Node.js 20 lacks. */
export function groupedBy<Item>(items: Iterable<Item>, keyOf: (item: Item) => string): Map<string, Item[]> {
    const groups = new Map<string, Item[]>();
    for (const item of items) {
        const key = keyOf(item);
        groups.set(key, [...(groups.get(key) ?? []), item]);
    }
    return groups;
}
