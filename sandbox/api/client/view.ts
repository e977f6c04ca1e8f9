import * as sdk from "@aws-sdk/client-ec2";
import type { Caller } from "./caller.ts";
import { remembered, type Clients } from "./clients.ts";

/** A paginator of the SDK; each page has its items under a key. */
type Paginate<Key extends string, Item> = (
    config: { client: sdk.EC2 },
    input: object,
) => AsyncIterable<{ readonly [K in Key]?: Item[] | undefined }>;

/** The DNS attributes of a VPC. */
export interface Dns {
    /** enableDnsSupport: whether the VPC has a name server. */
    readonly dnsSupport: boolean;
    /** enableDnsHostnames: whether its instances have public DNS names. */
    readonly dnsHostnames: boolean;
}

/** Filters of EC2 by the properties of the items that they select. */
const filters = {
    VpcId: "vpc-id",
    RouteTableId: "route-table-id",
    GroupId: "group-id",
    InternetGatewayId: "internet-gateway-id",
} as const;

/** The items with a property. */
export interface Scope {
    readonly property: keyof typeof filters;
    readonly value: string;
}

/** An earlier view, and what can have changed since. */
export interface Earlier {
    readonly view: View;
    readonly scope: Scope;
}

/**
 * A caller's resources. Each kind is requested at most once, unless the request fails. With an earlier view, only what can have
 * changed since is requested; such a view is for one kind, whose items have the scope's property.
 */
export class View {
    readonly caller: Caller;
    readonly ec2: sdk.EC2;
    readonly #clients: Clients;
    readonly #prefixLists = new Map<string, Promise<string[]>>();

    #earlier: Earlier | undefined;

    constructor(clients: Clients, caller: Caller, earlier?: Earlier) {
        this.#earlier = earlier;
        this.caller = caller;
        this.ec2 = clients.of(caller);
        this.#clients = clients;
    }

    readonly vpcs: Lazy<sdk.Vpc[]> = this.#all(sdk.paginateDescribeVpcs, "Vpcs", (view) => view.vpcs());
    readonly subnets: Lazy<sdk.Subnet[]> = this.#all(sdk.paginateDescribeSubnets, "Subnets", (view) => view.subnets());
    readonly networkAcls: Lazy<sdk.NetworkAcl[]> = this.#all(sdk.paginateDescribeNetworkAcls, "NetworkAcls", (view) =>
        view.networkAcls(),
    );
    readonly routeTables: Lazy<sdk.RouteTable[]> = this.#all(sdk.paginateDescribeRouteTables, "RouteTables", (view) =>
        view.routeTables(),
    );
    readonly internetGateways: Lazy<sdk.InternetGateway[]> = this.#all(
        sdk.paginateDescribeInternetGateways,
        "InternetGateways",
        (view) => view.internetGateways(),
    );
    readonly peerings = this.#all(sdk.paginateDescribeVpcPeeringConnections, "VpcPeeringConnections");
    readonly groups: Lazy<sdk.SecurityGroup[]> = this.#all(
        sdk.paginateDescribeSecurityGroups,
        "SecurityGroups",
        (view) => view.groups(),
    );
    readonly interfaces = this.#all(sdk.paginateDescribeNetworkInterfaces, "NetworkInterfaces");
    readonly volumes = this.#all(sdk.paginateDescribeVolumes, "Volumes");
    readonly prefixLists = this.#all(sdk.paginateDescribeManagedPrefixLists, "PrefixLists");
    readonly keyPairs = once(async () => (await this.ec2.describeKeyPairs({})).KeyPairs ?? []);
    readonly reservations = this.#all(sdk.paginateDescribeInstances, "Reservations");
    readonly instances = once(async () => (await this.reservations()).flatMap(({ Instances = [] }) => Instances));
    readonly addresses = once(async () => (await this.ec2.describeAddresses({})).Addresses ?? []);

    readonly vpc = this.#one(this.vpcs, "VpcId", async (id) => {
        return (await this.ec2.describeVpcs({ Filters: byId("vpc-id", id) })).Vpcs;
    });
    readonly subnet = this.#one(this.subnets, "SubnetId", async (id) => {
        return (await this.ec2.describeSubnets({ Filters: byId("subnet-id", id) })).Subnets;
    });
    readonly routeTable = this.#one(this.routeTables, "RouteTableId", async (id) => {
        return (await this.ec2.describeRouteTables({ Filters: byId("route-table-id", id) })).RouteTables;
    });
    readonly internetGateway = this.#one(this.internetGateways, "InternetGatewayId", async (id) => {
        return (await this.ec2.describeInternetGateways({ Filters: byId("internet-gateway-id", id) })).InternetGateways;
    });
    readonly peering = this.#one(this.peerings, "VpcPeeringConnectionId", async (id) => {
        return (await this.ec2.describeVpcPeeringConnections({ VpcPeeringConnectionIds: [id] })).VpcPeeringConnections;
    });
    readonly group = this.#one(this.groups, "GroupId", async (id) => {
        return (await this.ec2.describeSecurityGroups({ Filters: byId("group-id", id) })).SecurityGroups;
    });
    readonly networkAcl = this.#one(this.networkAcls, "NetworkAclId", this.networkAcls);
    readonly prefixList = this.#one(this.prefixLists, "PrefixListId", this.prefixLists);

    /** The IPv4 blocks of a prefix list. */
    prefixListBlocks(PrefixListId: string): Promise<string[]> {
        return remembered(this.#prefixLists, PrefixListId, async () => {
            const blocks: string[] = [];
            for await (const { Entries = [] } of sdk.paginateGetManagedPrefixListEntries(
                { client: this.ec2 },
                { PrefixListId },
            )) {
                blocks.push(...Entries.flatMap(({ Cidr }) => (Cidr?.includes(".") ? [Cidr] : [])));
            }
            return blocks;
        });
    }

    async dnsOf(VpcId: string): Promise<Dns> {
        const ask = (Attribute: sdk.VpcAttributeName) => this.ec2.describeVpcAttribute({ VpcId, Attribute });
        const [support, hostnames] = await Promise.all([ask("enableDnsSupport"), ask("enableDnsHostnames")]);
        return {
            dnsSupport: support.EnableDnsSupport?.Value ?? false,
            dnsHostnames: hostnames.EnableDnsHostnames?.Value ?? false,
        };
    }

    /** The resources of another account or region. */
    async elsewhere(account: string, region: string): Promise<View> {
        return new View(this.#clients, { accessKeyId: await this.#clients.keyOf(account), region });
    }

    #all<Key extends string, Item extends object>(
        paginate: Paginate<Key, Item>,
        key: Key,
        earlierOf?: (view: View) => Promise<Item[]>,
    ): Lazy<Item[]> {
        return once(async () => {
            const { view, scope } = this.#earlier ?? {};
            const isScoped = view && scope && earlierOf;
            const items = isScoped ? (await earlierOf(view)).filter((item) => !isIn(scope, item)) : [];
            const input = isScoped ? { Filters: byId(filters[scope.property], scope.value) } : {};
            for await (const page of paginate({ client: this.ec2 }, input)) {
                items.push(...(page[key] ?? []));
            }
            // Views must not form a chain.
            this.#earlier = undefined;
            return items;
        });
    }

    /** Looks up a resource by its ID, without requesting all of its kind. */
    #one<Key extends string, Item extends { readonly [K in Key]?: string | undefined }>(
        all: Lazy<Item[]>,
        key: Key,
        request: (id: string) => Promise<Item[] | undefined>,
    ): (id: string | undefined) => Promise<Item | undefined> {
        const found = new Map<string, Promise<Item[] | undefined>>();
        return async (id) => {
            if (id === undefined || id === "") {
                return undefined;
            }
            const items = await (all.requested() ?? remembered(found, id, () => request(id)));
            return items?.find((item) => item[key] === id);
        };
    }
}

function isIn({ property, value }: Scope, item: object): boolean {
    return (item as Partial<Record<string, unknown>>)[property] === value;
}

function byId(Name: string, id: string): sdk.Filter[] {
    return [{ Name, Values: [id] }];
}

/** A request that is made at most once, unless it fails. */
interface Lazy<T> {
    (): Promise<T>;
    /** The request, if it has been made. */
    requested(): Promise<T> | undefined;
}

function once<T>(ask: () => Promise<T>): Lazy<T> {
    let asked: Promise<T> | undefined;
    const request = () =>
        (asked ??= ask().catch((error: unknown) => {
            asked = undefined;
            throw error;
        }));
    return Object.assign(request, { requested: () => asked });
}
