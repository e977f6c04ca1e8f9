import * as sdk from "@aws-sdk/client-ec2";
import { fromNodeProviderChain, fromTemporaryCredentials } from "@aws-sdk/credential-providers";
import { kinds, State, type Kinds, type Place } from "./state.ts";

/** Where to read: a region, by default that of the environment, with a profile of the AWS CLI or the usual credentials. */
export interface Source {
    readonly region?: string | undefined;
    readonly profile?: string | undefined;
    /** A role that is assumed for it with these credentials, with the external ID that its trust policy asks for. */
    readonly roleArn?: string | undefined;
    readonly externalId?: string | undefined;
    /** Whether the profile's name is a secret, which no command may show. */
    readonly isSecret?: boolean;
}

type Reader = (client: sdk.EC2) => Promise<readonly object[]>;

async function all<Page extends object>(pages: AsyncIterable<Page>, key: keyof Page): Promise<object[]> {
    const items: object[] = [];
    for await (const page of pages) {
        items.push(...((page[key] ?? []) as object[]));
    }
    return items;
}

async function readPrefixLists(client: sdk.EC2): Promise<object[]> {
    const lists = await all(sdk.paginateDescribeManagedPrefixLists({ client }, {}), "PrefixLists");
    return Promise.all(
        (lists as sdk.ManagedPrefixList[]).map(async (list) => {
            const input = { PrefixListId: list.PrefixListId };
            const entries = await all(sdk.paginateGetManagedPrefixListEntries({ client }, input), "Entries");
            return { ...list, Cidrs: (entries as sdk.PrefixListEntry[]).flatMap(({ Cidr }) => Cidr ?? []) };
        }),
    );
}

const readers: Readonly<Record<keyof Kinds, Reader>> = {
    Vpcs: (client) => all(sdk.paginateDescribeVpcs({ client }, {}), "Vpcs"),
    Subnets: (client) => all(sdk.paginateDescribeSubnets({ client }, {}), "Subnets"),
    RouteTables: (client) => all(sdk.paginateDescribeRouteTables({ client }, {}), "RouteTables"),
    NetworkAcls: (client) => all(sdk.paginateDescribeNetworkAcls({ client }, {}), "NetworkAcls"),
    SecurityGroups: (client) => all(sdk.paginateDescribeSecurityGroups({ client }, {}), "SecurityGroups"),
    NetworkInterfaces: (client) => all(sdk.paginateDescribeNetworkInterfaces({ client }, {}), "NetworkInterfaces"),
    Reservations: (client) => all(sdk.paginateDescribeInstances({ client }, {}), "Reservations"),
    VpcPeeringConnections: (client) =>
        all(sdk.paginateDescribeVpcPeeringConnections({ client }, {}), "VpcPeeringConnections"),
    InternetGateways: (client) => all(sdk.paginateDescribeInternetGateways({ client }, {}), "InternetGateways"),
    PrefixLists: readPrefixLists,
};

/**
 * Reads a region of an account. A kind that can't be read, for want of a permission, is absent, with the reason; throws if
 * nothing can be.
 */
export async function readLive(client: sdk.EC2, { profile: given, roleArn, isSecret }: Source): Promise<Place> {
    // By itself, the profile of one who assumes a role leads to another account.
    const profile = roleArn === undefined && isSecret !== true ? given : undefined;
    const found: Partial<Record<keyof Kinds, readonly object[]>> = {};
    const unread: Partial<Record<keyof Kinds, string>> = {};
    let failure: unknown;
    await Promise.all(
        kinds.map(async (kind) => {
            try {
                found[kind] = await readers[kind](client);
            } catch (error) {
                failure = error;
                unread[kind] = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
            }
        }),
    );
    if (Object.keys(unread).length === kinds.length) {
        throw failure;
    }
    const owned = [...(found.Vpcs ?? []), ...(found.NetworkAcls ?? []), ...(found.SecurityGroups ?? [])];
    const account = owned.map((one) => (one as sdk.Vpc).OwnerId).find((id) => id !== undefined) ?? "unknown";
    return { account, region: await client.config.region(), profile, unread, ...(found as Partial<Kinds>) };
}

/**
 * Opens a client for a place; undefined if there are no credentials for it. The account is undefined if it is that of the
 * credentials.
 */
export type Open = (source: Source, account: string | undefined) => sdk.EC2 | undefined | Promise<sdk.EC2 | undefined>;

/** Opens places of the accounts that the usual credentials and profiles belong to. */
export const openOwn: Open = ({ region, profile, roleArn, externalId }, account) => {
    if (account !== undefined) {
        return undefined;
    }
    const params = { RoleArn: roleArn, ExternalId: externalId, RoleSessionName: "vpc-peering-lab" };
    return new sdk.EC2({
        ...(region !== undefined && { region }),
        ...(profile !== undefined && { profile }),
        ...(roleArn !== undefined && {
            credentials: fromTemporaryCredentials({
                params,
                ...(profile !== undefined && { masterCredentials: fromNodeProviderChain({ profile }) }),
                ...(region !== undefined && { clientConfig: { region } }),
            }),
        }),
    });
};

/** What the places of {@link readPlaces} have. */
export async function readState(sources: readonly Source[], open: Open = openOwn): Promise<State> {
    return new State(await readPlaces(sources, open));
}

/** Reads places, and the regions and accounts of the VPCs that are peered with theirs, as far as they open. */
export async function readPlaces(sources: readonly Source[], open: Open): Promise<Place[]> {
    const read = async (source: Source, account?: string): Promise<Read[]> => {
        const client = await open(source, account);
        try {
            return client ? [{ source, place: await readLive(client, source) }] : [];
        } finally {
            client?.destroy();
        }
    };
    // Both sides of a peering may be in one place.
    const distinct = new Map(sources.map((source) => [JSON.stringify(source), source]));
    const own = (await Promise.all([...distinct.values()].map((source) => read(source)))).flat();
    const peers = new Map<string, Promise<Read[]>>();
    for (const shown of own) {
        for (const { account, region } of peersIn(shown.place)) {
            const ofAccount = [shown, ...own].filter(({ place }) => place.account === account);
            const key = `${account} ${region}`;
            if (peers.has(key) || ofAccount.some(({ place }) => place.region === region)) continue;
            const [known] = ofAccount;
            const peer = known ? read({ ...known.source, region }) : read({ region, profile: undefined }, account);
            peers.set(key, peer);
        }
    }
    return [...own, ...(await Promise.all(peers.values())).flat()].map(({ place }) => place);
}

/** A place, and what it was read with. */
interface Read {
    readonly source: Source;
    readonly place: Place;
}

/** Where the VPCs of a place's connections are, as far as that is known. */
function peersIn({ VpcPeeringConnections = [] }: Place): { readonly account: string; readonly region: string }[] {
    return VpcPeeringConnections.flatMap(({ RequesterVpcInfo, AccepterVpcInfo }) =>
        [RequesterVpcInfo, AccepterVpcInfo].flatMap(({ OwnerId: account = "", Region: region }) =>
            region === undefined || region === "" ? [] : { account, region },
        ),
    );
}
