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
    /** What is requested of each kind, by its key in EC2's responses. */
    readonly #kinds = new Map<string, Lazy<object[]>>();
    #earlier: Earlier | undefined;

    constructor(clients: Clients, caller: Caller, earlier?: Earlier) {
        this.#earlier = earlier;
        this.caller = caller;
        this.ec2 = clients.of(caller);
        this.#clients = clients;
    }

    readonly vpcs = this.#all(sdk.paginateDescribeVpcs, "Vpcs");
    readonly subnets = this.#all(sdk.paginateDescribeSubnets, "Subnets");
    readonly networkAcls = this.#all(sdk.paginateDescribeNetworkAcls, "NetworkAcls");
    readonly routeTables = this.#all(sdk.paginateDescribeRouteTables, "RouteTables");
    readonly internetGateways = this.#all(sdk.paginateDescribeInternetGateways, "InternetGateways");
    readonly peerings = this.#all(sdk.paginateDescribeVpcPeeringConnections, "VpcPeeringConnections");
    readonly groups = this.#all(sdk.paginateDescribeSecurityGroups, "SecurityGroups");
    readonly interfaces = this.#all(sdk.paginateDescribeNetworkInterfaces, "NetworkInterfaces");
    readonly volumes = this.#all(sdk.paginateDescribeVolumes, "Volumes");
    readonly prefixLists = this.#all(sdk.paginateDescribeManagedPrefixLists, "PrefixLists");
    readonly flowLogs = this.#all(sdk.paginateDescribeFlowLogs, "FlowLogs");
    readonly keyPairs = once(async () => (await this.ec2.describeKeyPairs({})).KeyPairs ?? []);
    readonly reservations = this.#all(sdk.paginateDescribeInstances, "Reservations");
    readonly instances = once(async () => (await this.reservations()).flatMap(({ Instances = [] }) => Instances));
    readonly addresses = once(async () => (await this.ec2.describeAddresses({})).Addresses ?? []);

    readonly vpc = this.#one(this.vpcs, "VpcId", byFilter("vpc-id"));
    readonly subnet = this.#one(this.subnets, "SubnetId", byFilter("subnet-id"));
    readonly routeTable = this.#one(this.routeTables, "RouteTableId", byFilter("route-table-id"));
    readonly internetGateway = this.#one(this.internetGateways, "InternetGatewayId", byFilter("internet-gateway-id"));
    readonly peering = this.#one(this.peerings, "VpcPeeringConnectionId", (id) => ({ VpcPeeringConnectionIds: [id] }));
    readonly group = this.#one(this.groups, "GroupId", byFilter("group-id"));
    readonly networkAcl = this.#one(this.networkAcls, "NetworkAclId");
    readonly prefixList = this.#one(this.prefixLists, "PrefixListId");

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

    /** The ID of the caller's account. */
    account(): Promise<string> {
        return this.#clients.accountOf(this.caller.accessKeyId);
    }

    /** Calls CloudWatch Logs; see {@link Clients.callLogs}. */
    callLogs(action: string, input: object): Promise<unknown> {
        return this.#clients.callLogs(this.caller, action, input);
    }

    /** The resources of another account or region. */
    async elsewhere(account: string, region: string): Promise<View> {
        return new View(this.#clients, { accessKeyId: await this.#clients.keyOf(account), region });
    }

    #all<Key extends string, Item extends object>(paginate: Paginate<Key, Item>, key: Key): Kind<Item> {
        const ask = async (input: object): Promise<Item[]> => {
            const items: Item[] = [];
            for await (const page of paginate({ client: this.ec2 }, input)) {
                items.push(...(page[key] ?? []));
            }
            return items;
        };
        const request = once(async () => {
            const earlier = this.#earlier;
            if (!earlier) {
                return ask({});
            }
            const { view, scope } = earlier;
            const before = (await view.#kinds.get(key)?.()) as Item[] | undefined;
            const changed = await ask(byFilter(filters[scope.property])(scope.value));
            // Views must not form a chain.
            this.#earlier = undefined;
            return [...(before ?? []).filter((item) => !isIn(scope, item)), ...changed];
        });
        this.#kinds.set(key, request);
        return Object.assign(request, { ask });
    }

    /** Looks up a resource by its ID, if there is an `input` for that, without requesting all of its kind. */
    #one<Key extends string, Item extends { readonly [K in Key]?: string | undefined }>(
        all: Kind<Item>,
        key: Key,
        input?: (id: string) => object,
    ): (id: string | undefined) => Promise<Item | undefined> {
        const found = new Map<string, Promise<Item[]>>();
        return async (id) => {
            if (id === undefined || id === "") {
                return undefined;
            }
            const items = await (all.requested() ?? (input ? remembered(found, id, () => all.ask(input(id))) : all()));
            return items.find((item) => item[key] === id);
        };
    }
}

function isIn({ property, value }: Scope, item: object): boolean {
    return (item as Partial<Record<string, unknown>>)[property] === value;
}

function byFilter(Name: string): (value: string) => object {
    return (value) => ({ Filters: [{ Name, Values: [value] }] });
}

/** A kind of resources. */
interface Kind<Item> extends Lazy<Item[]> {
    /** Requests some of them. */
    ask(input: object): Promise<Item[]>;
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
