/** What a picture shows: nested frames, from accounts to subnets, and the boxes in them, from top to bottom. */
import {
    endsOf,
    groupedBy,
    isAlive,
    nameOf,
    type Located,
    type NetworkInterface,
    type State,
    type VpcPeeringConnection,
} from "../reachability/state.ts";
import { addressesOf, publicAddressOf } from "../reachability/state.ts";
import type { Analysis } from "../reachability/types.ts";
import { aclRows, routeRows, ruleRows } from "./rows.ts";
import { interfacesOf, keys, rank, waysOf, type Mark, type Way } from "./ways.ts";

export interface Row {
    readonly text: string;
    /** What it does to one of the ways; undefined if it decides on none. */
    readonly mark?: Mark | undefined;
}

/** A frame with children, or a box with rows. */
export interface Node {
    readonly kind: "account" | "region" | "vpc" | "subnet" | "instance" | "table" | "connection" | "outside";
    readonly key: string;
    readonly title: string;
    /** The ID of the instance or interface that can be an end of a way. */
    readonly end?: string;
    /** The whole title, with IDs, where `title` leaves something out. */
    readonly full?: string | undefined;
    readonly rows: readonly Row[];
    readonly children: readonly Node[];
    /** Whether it is not there, or could not be seen. */
    readonly isMissing?: boolean;
}

/** All that there is to draw. */
export interface Drawing {
    readonly nodes: readonly Node[];
    readonly ways: readonly Way[];
    /** What is left out; empty if nothing is. */
    readonly omitted: readonly string[];
}

/** How much a picture shows. More VPCs, servers or rows than these would not be readable. */
export const limits = { vpcs: 6, servers: 8, rows: 12 } as const;

/** The rows that ways decide by, by box. */
type Marks = ReadonlyMap<string, ReadonlyMap<string, Mark>>;

/**
 * What stood, as far as analyses are about it: the VPCs of their ends and those peered with them, and the VPCs with the IDs.
 */
export function drawingOf(state: State, analyses: readonly Analysis[], vpcIds: readonly string[] = []): Drawing {
    const ways = waysOf(state, analyses);
    const marks = marksOf(ways);
    const asked = [
        ...new Set([
            ...vpcIds.filter((id) => state.vpc(id)),
            ...analyses.flatMap(({ from, to }) => [from.vpcId ?? [], to.vpcId ?? []].flat()),
        ]),
    ];
    const connections = asked.flatMap((id) => state.connectionsOf(id)).filter((one) => isTold(state, one));
    const peers = connections.flatMap(endsOf);
    const all = [...new Set([...asked, ...peers])];
    const vpcs = ordered(state, all.slice(0, limits.vpcs));
    const ends = new Set(analyses.flatMap((analysis) => interfacesOf(analysis).flatMap((id) => id ?? [])));
    const omitted = all.length > vpcs.length ? [`${all.length - vpcs.length} more VPCs`] : [];
    const nodes = vpcs.map((id, index) => {
        const found = interfacesIn(state, id, ends);
        if (found.length > limits.servers) {
            omitted.push(`${found.length - limits.servers} more servers in ${nameIn(state.vpc(id)?.item.Tags, id)}`);
        }
        // The lower half is upside down, so that a way through both goes downwards all along.
        const isMirrored = index >= vpcs.length / 2;
        return vpcNode(state, id, found.slice(0, limits.servers), marks, isMirrored);
    });
    return { nodes: framed(state, vpcs, nodes, betweenNodes(state, vpcs, ways, marks)), ways, omitted };
}

/** Whether a connection is worth a picture: one that is gone is not, nor one that failed and whose VPC is gone. */
function isTold(state: State, connection: VpcPeeringConnection): boolean {
    const hasFailed = connection.Status?.Code === "failed" && endsOf(connection).every((id) => state.vpc(id));
    return isAlive(connection) || hasFailed;
}

function nameIn(tags: Parameters<typeof nameOf>[0], id: string): string {
    return nameOf(tags) ?? id;
}

function marksOf(ways: readonly Way[]): Marks {
    const marks = new Map<string, Map<string, Mark>>();
    for (const { forward, back } of ways) {
        for (const { key, row, mark } of [...forward, ...back]) {
            if (row === undefined) continue;
            const rows = marks.get(key) ?? new Map<string, Mark>();
            const known = rows.get(row);
            rows.set(row, known !== undefined && rank[known] > rank[mark] ? known : mark);
            marks.set(key, rows);
        }
    }
    return marks;
}

/** VPCs so that those that are peered are neighbors as far as they can be; those of an account and region stay together. */
function ordered(state: State, ids: readonly string[]): string[] {
    const peersOf = (id: string) =>
        state
            .connectionsOf(id)
            .filter(isAlive)
            .flatMap(endsOf)
            .filter((other) => other !== id && ids.includes(other));
    const placed: string[] = [];
    const place = (id: string) => {
        if (placed.includes(id)) return;
        placed.push(id);
        peersOf(id).forEach(place);
    };
    // From one with a single peer, so that a hub comes between its spokes.
    ids.filter((id) => peersOf(id).length === 1).forEach(place);
    ids.forEach(place);
    return [...groupedBy(placed, (id) => placeOf(state, id).account)]
        .flatMap(([, same]) => [...groupedBy(same, (id) => placeOf(state, id).region)])
        .flatMap(([, same]) => same);
}

/** Where a VPC is, also where only its connections tell. */
function placeOf(state: State, id: string): { account: string; region: string } {
    const place = state.vpc(id)?.place;
    if (place) return place;
    const infos = state
        .connectionsOf(id)
        .flatMap(({ RequesterVpcInfo, AccepterVpcInfo }) => [RequesterVpcInfo, AccepterVpcInfo]);
    const { OwnerId = "unknown", Region = "unknown" } = infos.find(({ VpcId }) => VpcId === id) ?? {};
    return { account: OwnerId, region: Region };
}

/** The interfaces of a VPC that are at an end of a way, then the first ones of other instances. */
function interfacesIn(state: State, vpcId: string, ends: ReadonlySet<string>): Located<NetworkInterface>[] {
    const isEnd = ({ item }: Located<NetworkInterface>) => ends.has(item.NetworkInterfaceId);
    const own = state
        .interfaces()
        .filter((one) => one.item.VpcId === vpcId && (isEnd(one) || one.item.Attachment?.InstanceId !== undefined));
    return [...own.filter(isEnd), ...own.filter((one) => !isEnd(one))];
}

function vpcNode(
    state: State,
    id: string,
    interfaces: readonly Located<NetworkInterface>[],
    marks: Marks,
    isMirrored: boolean,
): Node {
    const vpc = state.vpc(id)?.item;
    const name = nameIn(vpc?.Tags, id);
    const [block = "", ...more] = state.blocksOf(id);
    const title = `VPC ${name} ${[block, ...more].join(" ")}`;
    const kind = "vpc";
    if (!vpc)
        return { kind, key: id, title, rows: [{ text: "not read: another owner's" }], children: [], isMissing: true };
    const bySubnet = groupedBy(interfaces, ({ item }) => item.SubnetId);
    const subnetIds = bySubnet.size > 0 ? [...bySubnet.keys()] : [];
    const subnets = subnetIds.map((subnetId) =>
        subnetNode(state, subnetId, bySubnet.get(subnetId) ?? [], marks, isMirrored),
    );
    const tables = new Map(
        subnetIds.flatMap((subnetId) => {
            const subnet = state.subnet(subnetId)?.item;
            const table = subnet && state.tableOf(subnet)?.item;
            return table ? [[table.RouteTableId, table] as const] : [];
        }),
    );
    const tableNodes = [...tables].map(([tableId, table]) =>
        tableNode(
            keys.table(tableId),
            "route table",
            nameIn(table.Tags, tableId),
            tableId,
            routeRows(state, table),
            marks,
        ),
    );
    const gateway = state.gatewayOf(id)?.item;
    const gatewayKey = keys.gateway(id);
    const isAsked = marks.has(gatewayKey);
    const gateways = gateway
        ? [
              tableNode(
                  gatewayKey,
                  "internet gateway",
                  nameIn(gateway.Tags, gateway.InternetGatewayId),
                  gateway.InternetGatewayId,
                  [],
                  marks,
              ),
          ]
        : isAsked
          ? [{ ...tableNode(gatewayKey, "internet gateway", "none", "", [], marks), isMissing: true }]
          : [];
    const children = [...subnets, ...tableNodes, ...gateways];
    return {
        kind,
        key: id,
        title,
        full: `${title} ${id}`,
        rows: [],
        children: isMirrored ? children.toReversed() : children,
    };
}

function subnetNode(
    state: State,
    id: string,
    interfaces: readonly Located<NetworkInterface>[],
    marks: Marks,
    isMirrored: boolean,
): Node {
    const subnet = state.subnet(id)?.item;
    const acl = state.aclOf(id)?.item;
    const servers = interfaces.flatMap((one) => serverNodes(state, one, marks));
    const acls = acl
        ? [
              tableNode(
                  keys.acl(id),
                  "network ACL",
                  nameIn(acl.Tags, acl.NetworkAclId),
                  acl.NetworkAclId,
                  aclRows(acl),
                  marks,
              ),
          ]
        : [];
    const children = [...servers, ...acls];
    const title = `subnet ${subnet?.CidrBlock ?? id}`;
    return {
        kind: "subnet",
        key: id,
        title,
        full: `${title} ${nameOf(subnet?.Tags) ?? ""} ${id}`,
        rows: [],
        children: isMirrored ? children.toReversed() : children,
    };
}

function serverNodes(state: State, { item }: Located<NetworkInterface>, marks: Marks): Node[] {
    const { NetworkInterfaceId: id, Groups = [], Attachment, TagSet } = item;
    const instanceId = Attachment?.InstanceId;
    const instance = state.instance(instanceId)?.item;
    const name = nameIn(instanceId === undefined ? TagSet : instance?.Tags, instanceId ?? id);
    const title = `${instanceId === undefined ? "interface" : "instance"} ${name}`;
    const address = publicAddressOf(item);
    const text = `${addressesOf(item).join(" ")}${address === undefined ? "" : `  public ${address}`}`;
    const key = keys.server(id);
    const groups = Groups.flatMap(({ GroupId }) => state.group(GroupId)?.item ?? []);
    const ids = groups.map(({ GroupId }) => GroupId).join(", ");
    const names = groups.map(({ Tags, GroupName, GroupId }) => nameOf(Tags) ?? GroupName ?? GroupId).join(", ");
    return [
        {
            kind: "instance",
            key,
            title,
            end: instanceId ?? id,
            full: `${title} ${instanceId ?? ""} ${id}`,
            rows: [{ text }, ...missingRows(marks.get(key), [text])],
            children: [],
        },
        ...(groups.length > 0 || marks.has(keys.group(id))
            ? [tableNode(keys.group(id), "security group", names, ids, groups.flatMap(ruleRows), marks)]
            : []),
    ];
}

/** Rows that no table has: what is missing there. */
function missingRows(marks: ReadonlyMap<string, Mark> = new Map(), known: readonly string[] = []): Row[] {
    return [...marks].filter(([text]) => !known.includes(text)).map(([text, mark]) => ({ text, mark }));
}

function tableNode(key: string, what: string, name: string, id: string, texts: readonly string[], marks: Marks): Node {
    const own = marks.get(key);
    const unique = [...new Set(texts)];
    const rows = unique.map((text) => ({ text, mark: own?.get(text) }));
    // Rows that decide are always shown.
    const first = rows.filter(({ mark }, index) => mark !== undefined || index < limits.rows);
    const left = rows.length - first.length;
    const title = `${what} ${name}`;
    return {
        kind: "table",
        key,
        title,
        full: `${title} ${id}`,
        rows: [...first, ...(left > 0 ? [{ text: `… ${left} more` }] : []), ...missingRows(own, unique)],
        children: [],
    };
}

/** A box that stands behind a VPC, and the last VPC that it concerns. */
interface Between {
    readonly behind: string;
    readonly before: string | undefined;
    readonly node: Node;
}

/** Connections, missing ones that a way would need, and ends outside. */
function betweenNodes(state: State, vpcs: readonly string[], ways: readonly Way[], marks: Marks): Between[] {
    const asked = new Set([...marks.keys()]);
    const connections = new Map<string, VpcPeeringConnection>();
    for (const one of vpcs.flatMap((id) => state.connectionsOf(id))) {
        const id = one.VpcPeeringConnectionId;
        if ((isTold(state, one) || asked.has(keys.connection(id))) && endsOf(one).every((end) => vpcs.includes(end)))
            connections.set(id, one);
    }
    const found = [...connections].map(([id, one]): Between => {
        const [behind, before] = endsOf(one).sort((a, b) => vpcs.indexOf(a) - vpcs.indexOf(b));
        const ends = endsOf(one)
            .map((end) => nameIn(state.vpc(end)?.item.Tags, end))
            .join(" - ");
        const status = one.Status?.Code ?? "unknown";
        const own = marks.get(keys.connection(id));
        return {
            behind,
            before,
            node: {
                kind: "connection",
                key: keys.connection(id),
                title: `peering connection ${nameIn(one.Tags, id)}`,
                full: `peering connection ${nameIn(one.Tags, id)} ${id}`,
                rows: [{ text: ends }, ...(own ? missingRows(own) : [{ text: status }])],
                children: [],
                isMissing: status !== "active",
            },
        };
    });
    const none = keys.connection("none");
    const lacking = ways.find(({ forward }) => forward.some(({ key }) => key === none))?.analyses[0];
    const missing: Between[] = lacking
        ? [
              {
                  behind:
                      [lacking.from.vpcId, lacking.to.vpcId]
                          .filter((id) => id !== undefined)
                          .sort((a, b) => vpcs.indexOf(a) - vpcs.indexOf(b))[0] ?? "",
                  before: lacking.to.vpcId,
                  node: {
                      kind: "connection",
                      key: none,
                      title: "no peering connection",
                      rows: [],
                      children: [],
                      isMissing: true,
                  },
              },
          ]
        : [];
    const outside = [
        ...asked,
        ...ways.flatMap(({ forward, back }) => [...forward, ...back].map(({ key }) => key)),
    ].filter((key) => key.startsWith("outside "));
    const others = [...new Set(outside)].map((key): Between => {
        const [address = ""] = key.split(" ").slice(1);
        return {
            behind: vpcs.at(-1) ?? "",
            before: undefined,
            node: { kind: "outside", key, title: address, rows: missingRows(marks.get(key)), children: [] },
        };
    });
    return [...found, ...missing, ...others];
}

/** VPCs in the frames of their accounts and regions; what is between them is in the smallest frame that holds both. */
function framed(state: State, vpcs: readonly string[], nodes: readonly Node[], between: readonly Between[]): Node[] {
    const place = (id: string | undefined) => (id === undefined ? { account: "", region: "" } : placeOf(state, id));
    const isNear = ({ behind, before }: Between, level: "account" | "region") =>
        place(behind).account === place(before).account &&
        (level === "account" || place(behind).region === place(before).region);
    const behindVpc = (id: string) => between.filter((one) => one.behind === id);
    const inRegion = (ids: readonly string[]) =>
        ids.flatMap((id) => [
            ...nodes.filter(({ key }) => key === id),
            ...behindVpc(id)
                .filter((one) => isNear(one, "region"))
                .map(({ node }) => node),
        ]);
    const accounts = groupedBy(vpcs, (id) => place(id).account);
    return [...accounts].flatMap(([account, own]) => {
        const regions = groupedBy(own, (id) => place(id).region);
        const children = [...regions].flatMap(([region, ids]) => [
            {
                kind: "region" as const,
                key: `${account} ${region}`,
                title: `region ${region}`,
                rows: [],
                children: inRegion(ids),
            },
            ...ids
                .flatMap(behindVpc)
                .filter((one) => isNear(one, "account") && !isNear(one, "region"))
                .map(({ node }) => node),
        ]);
        return [
            { kind: "account" as const, key: account, title: `account ${account}`, rows: [], children },
            ...own
                .flatMap(behindVpc)
                .filter((one) => !isNear(one, "account"))
                .map(({ node }) => node),
        ];
    });
}
