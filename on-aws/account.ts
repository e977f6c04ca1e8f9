/** What a run has in the account, as EC2 describes it, and how that is deleted. */
import * as sdk from "@aws-sdk/client-ec2";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { setTimeout as sleep } from "timers/promises";
import { refusals } from "./refusals";
import { InputError, messageOf, type Described } from "./run";

/** The tag that all resources of a run have, which take tags; its value is the run's. */
export const runTag = "vpc-peering-lab:on-aws";

type Item = Readonly<Record<string, unknown>>;

/** A kind of resource. */
interface Kind {
    readonly id: string;
    readonly read: (client: sdk.EC2) => Promise<readonly object[]>;
    /** Whether it no longer exists: EC2 still describes it for a while. */
    readonly isGone?: (item: Item) => boolean;
    /** Whether AWS makes one with each VPC and deletes it with it. */
    readonly isDefault?: (item: Item) => boolean;
    /** Deletes one; undefined if it goes with another one. */
    readonly delete?: (client: sdk.EC2, id: string, item: Item) => Promise<unknown>;
}

async function all<Page extends object>(pages: AsyncIterable<Page>, key: keyof Page): Promise<object[]> {
    const items: object[] = [];
    for await (const page of pages) {
        items.push(...((page[key] ?? []) as object[]));
    }
    return items;
}

/** The status of a connection that is over. Source: Amazon VPC Peering Guide, "VPC peering connection lifecycle". */
const pastConnections = ["deleted", "rejected", "expired", "failed", "deleting"];

/** All kinds that the lab makes, in an order in which they can be deleted. */
const kinds: Readonly<Record<string, Kind>> = {
    VpcPeeringConnections: {
        id: "VpcPeeringConnectionId",
        read: (client) => all(sdk.paginateDescribeVpcPeeringConnections({ client }, {}), "VpcPeeringConnections"),
        isGone: ({ Status }) => pastConnections.includes((Status as sdk.VpcPeeringConnectionStateReason).Code ?? ""),
        delete: (client, id) => client.send(new sdk.DeleteVpcPeeringConnectionCommand({ VpcPeeringConnectionId: id })),
    },
    Instances: {
        id: "InstanceId",
        read: async (client) => {
            const reservations = await all(sdk.paginateDescribeInstances({ client }, {}), "Reservations");
            return (reservations as sdk.Reservation[]).flatMap(({ Instances = [] }) => Instances);
        },
        isGone: ({ State }) => (State as sdk.InstanceState).Name === "terminated",
        delete: (client, id) => client.send(new sdk.TerminateInstancesCommand({ InstanceIds: [id] })),
    },
    NetworkInterfaces: {
        id: "NetworkInterfaceId",
        read: (client) => all(sdk.paginateDescribeNetworkInterfaces({ client }, {}), "NetworkInterfaces"),
    },
    Volumes: {
        id: "VolumeId",
        read: (client) => all(sdk.paginateDescribeVolumes({ client }, {}), "Volumes"),
        isGone: ({ State }) => State === "deleting" || State === "deleted",
        delete: (client, id) => client.send(new sdk.DeleteVolumeCommand({ VolumeId: id })),
    },
    InternetGateways: {
        id: "InternetGatewayId",
        read: (client) => all(sdk.paginateDescribeInternetGateways({ client }, {}), "InternetGateways"),
        delete: async (client, id, { Attachments }) => {
            for (const { VpcId } of (Attachments as sdk.InternetGatewayAttachment[] | undefined) ?? []) {
                await client.send(new sdk.DetachInternetGatewayCommand({ InternetGatewayId: id, VpcId }));
            }
            await client.send(new sdk.DeleteInternetGatewayCommand({ InternetGatewayId: id }));
        },
    },
    Subnets: {
        id: "SubnetId",
        read: (client) => all(sdk.paginateDescribeSubnets({ client }, {}), "Subnets"),
        delete: (client, id) => client.send(new sdk.DeleteSubnetCommand({ SubnetId: id })),
    },
    RouteTables: {
        id: "RouteTableId",
        read: (client) => all(sdk.paginateDescribeRouteTables({ client }, {}), "RouteTables"),
        isDefault: ({ Associations }) =>
            ((Associations as sdk.RouteTableAssociation[] | undefined) ?? []).some(({ Main }) => Main === true),
        delete: (client, id) => client.send(new sdk.DeleteRouteTableCommand({ RouteTableId: id })),
    },
    SecurityGroupRules: {
        id: "SecurityGroupRuleId",
        read: (client) => all(sdk.paginateDescribeSecurityGroupRules({ client }, {}), "SecurityGroupRules"),
    },
    SecurityGroups: {
        id: "GroupId",
        read: (client) => all(sdk.paginateDescribeSecurityGroups({ client }, {}), "SecurityGroups"),
        isDefault: ({ GroupName }) => GroupName === "default",
        delete: (client, id) => client.send(new sdk.DeleteSecurityGroupCommand({ GroupId: id })),
    },
    NetworkAcls: {
        id: "NetworkAclId",
        read: (client) => all(sdk.paginateDescribeNetworkAcls({ client }, {}), "NetworkAcls"),
        isDefault: ({ IsDefault }) => IsDefault === true,
    },
    Vpcs: {
        id: "VpcId",
        read: (client) => all(sdk.paginateDescribeVpcs({ client }, {}), "Vpcs"),
        delete: (client, id) => client.send(new sdk.DeleteVpcCommand({ VpcId: id })),
    },
    KeyPairs: {
        id: "KeyPairId",
        read: async (client) => (await client.send(new sdk.DescribeKeyPairsCommand({}))).KeyPairs ?? [],
        // By its name, by which the policy in docs/ allows it.
        delete: (client, _, { KeyName }) => client.send(new sdk.DeleteKeyPairCommand({ KeyName: KeyName as string })),
    },
};

/** IDs of what an item belongs to. */
function ownersOf(item: Item): unknown[] {
    const attachments = Array.isArray(item["Attachments"]) ? (item["Attachments"] as Item[]) : [];
    return [
        item["VpcId"],
        item["GroupId"],
        item["SecurityGroupId"],
        ...attachments.map(({ InstanceId, VpcId }) => InstanceId ?? VpcId),
    ];
}

/** The items of a run: those with its tag or a known ID, and what belongs to one of them. */
export function itemsOf(all: Described, run: string, ids: readonly string[]): Described {
    const own = new Set<unknown>(ids);
    const idOf = (kind: string, item: object) => (item as Item)[kinds[kind]?.id ?? ""];
    const isTagged = ({ Tags }: { readonly Tags?: readonly sdk.Tag[] }) =>
        Tags?.some(({ Key, Value }) => Key === runTag && Value === run) === true;
    const entries = Object.entries(all);
    for (const [kind, items] of entries) {
        items.filter(isTagged).forEach((item) => own.add(idOf(kind, item)));
    }
    // Twice: the rules of a VPC's default group belong to the group, and that to the VPC.
    for (let round = 0; round < 2; round++) {
        for (const [kind, items] of entries) {
            items
                .filter((item) => ownersOf(item as Item).some((id) => own.has(id)))
                .forEach((item) => own.add(idOf(kind, item)));
        }
    }
    return Object.fromEntries(
        entries.map(([kind, items]) => [kind, items.filter((item) => own.has(idOf(kind, item)))]),
    );
}

/** The IDs of items. */
export function idsOf(described: Described): string[] {
    return Object.entries(described).flatMap(([kind, items]) =>
        items.map((item) => String((item as Item)[kinds[kind]?.id ?? ""])),
    );
}

/** Something that still exists. */
interface Standing {
    /** Its kind and ID. */
    readonly key: string;
    readonly id: string;
    /** Deletes it; undefined if it goes with another one. */
    readonly remove: ((client: sdk.EC2) => Promise<unknown>) | undefined;
}

/** What still exists of items. */
export function standing(described: Described): Standing[] {
    const vpcs = new Set((described["Vpcs"] ?? []).map((vpc) => (vpc as sdk.Vpc).VpcId));
    return Object.entries(kinds).flatMap(([name, { id: key, isGone, isDefault, delete: remove }]) =>
        ((described[name] ?? []) as readonly Item[]).flatMap((item) => {
            const isOfVpc = isDefault?.(item) === true;
            if (isGone?.(item) === true || (isOfVpc && !vpcs.has(String(item["VpcId"])))) return [];
            const id = String(item[key]);
            const own = isOfVpc || !remove ? undefined : (client: sdk.EC2) => remove(client, id, item);
            return [{ key: `${name} ${id}`, id, remove: own }];
        }),
    );
}

/** EC2 in a region of the caller's account. */
export class Account {
    readonly #client: sdk.EC2;

    constructor(region: string) {
        this.#client = new sdk.EC2({ region });
    }

    /** Everything of a run that EC2 describes. Throws if a kind can't be read. */
    async describe(run: string, ids: readonly string[]): Promise<Described> {
        const read = Object.entries(kinds).map(async ([name, kind]) => [name, await kind.read(this.#client)] as const);
        return itemsOf(Object.fromEntries(await Promise.all(read)), run, ids);
    }

    /** What EC2 answers to calls that it has to refuse while the run's VPCs are peered. */
    refusals(described: Described): Promise<Record<string, string>> {
        return refusals(this.#client, described);
    }

    /**
     * Deletes what still exists of a run, one after another and again, because what depends on something else can go only after
     * it; gives up after `patience` seconds. With `known`, only what has none of these IDs, and not what goes with another one.
     * Returns what was deleted, and what is left with the reasons.
     */
    async sweep(run: string, ids: readonly string[], known?: ReadonlySet<string>, patience = 300) {
        const limit = Date.now() + patience * 1000;
        const tried = new Set<string>();
        for (;;) {
            const found = standing(await this.describe(run, ids));
            const left = known ? found.filter(({ id, remove }) => remove && !known.has(id)) : found;
            const keys = left.map(({ key }) => key);
            if (left.length === 0 || Date.now() > limit) {
                return { swept: [...tried].filter((key) => !keys.includes(key)), left: keys };
            }
            for (const { key, remove } of left) {
                if (!remove) continue;
                tried.add(key);
                // What something else still depends on is deleted in a later round.
                await remove(this.#client).catch(() => undefined);
            }
            await sleep(3000);
        }
    }
}

/** The caller's account. Throws an InputError if there are no credentials, or AWS does not take them. */
export async function callerAccount(region: string): Promise<string> {
    try {
        const { Account: account } = await new STSClient({ region }).send(new GetCallerIdentityCommand({}));
        if (account === undefined) throw new Error("sts get-caller-identity names no account");
        return account;
    } catch (error) {
        throw new InputError(
            `AWS takes no credentials from this environment: ${messageOf(error)}\nLog in, as with 'aws sso login', choose a profile with AWS_PROFILE, and try 'aws sts get-caller-identity'; docs/teams.md has more.`,
            { cause: error },
        );
    }
}

/** The region of the caller's profile. Throws an InputError if it has none. */
export async function profileRegion(): Promise<string> {
    try {
        return await new sdk.EC2({}).config.region();
    } catch (error) {
        throw new InputError("no region: give '--region ap-northeast-2', or set AWS_REGION", { cause: error });
    }
}
