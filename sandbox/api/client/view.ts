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

/** A caller's resources. Each kind is requested at most once, unless the request fails. */
export class View {
    readonly caller: Caller;
    readonly ec2: sdk.EC2;
    readonly #clients: Clients;
    readonly #prefixLists = new Map<string, Promise<string[]>>();

    constructor(clients: Clients, caller: Caller) {
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
    readonly keyPairs = once(async () => (await this.ec2.describeKeyPairs({})).KeyPairs ?? []);
    readonly reservations = this.#all(sdk.paginateDescribeInstances, "Reservations");
    readonly instances = once(async () => (await this.reservations()).flatMap(({ Instances = [] }) => Instances));
    readonly addresses = once(async () => (await this.ec2.describeAddresses({})).Addresses ?? []);

    readonly vpc = this.#one(this.vpcs, "VpcId");
    readonly subnet = this.#one(this.subnets, "SubnetId");
    readonly routeTable = this.#one(this.routeTables, "RouteTableId");
    readonly internetGateway = this.#one(this.internetGateways, "InternetGatewayId");
    readonly networkAcl = this.#one(this.networkAcls, "NetworkAclId");
    readonly prefixList = this.#one(this.#all(sdk.paginateDescribeManagedPrefixLists, "PrefixLists"), "PrefixListId");
    readonly natGateway = this.#one(this.#all(sdk.paginateDescribeNatGateways, "NatGateways"), "NatGatewayId");
    readonly peering = this.#one(this.peerings, "VpcPeeringConnectionId");
    readonly group = this.#one(this.groups, "GroupId");
    readonly networkInterface = this.#one(this.interfaces, "NetworkInterfaceId");

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

    #all<Key extends string, Item>(paginate: Paginate<Key, Item>, key: Key): () => Promise<Item[]> {
        return once(async () => {
            const items: Item[] = [];
            for await (const page of paginate({ client: this.ec2 }, {})) {
                items.push(...(page[key] ?? []));
            }
            return items;
        });
    }

    /** Looks up a resource by its ID. */
    #one<Key extends string, Item extends { readonly [K in Key]?: string | undefined }>(
        all: () => Promise<Item[]>,
        key: Key,
    ): (id: string | undefined) => Promise<Item | undefined> {
        return async (id) => (await all()).find((item) => item[key] === id);
    }
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
    let asked: Promise<T> | undefined;
    return () =>
        (asked ??= ask().catch((error: unknown) => {
            asked = undefined;
            throw error;
        }));
}
