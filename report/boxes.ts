/** The boxes of a VPC: its subnets with their servers, and the tables that packets meet there. */
import {
    addressesOf,
    groupedBy,
    nameOf,
    publicAddressOf,
    type Located,
    type NetworkInterface,
    type State,
} from "../reachability/state.ts";
import { aclRows, routeRows, ruleRows } from "./rows.ts";
import { keys, type Mark } from "./ways.ts";

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

/** How much a picture shows. More VPCs, servers or rows than these would not be readable. */
export const limits = { vpcs: 6, servers: 8, rows: 12 } as const;

/** The rows that ways decide by, by box. */
export type Marks = ReadonlyMap<string, ReadonlyMap<string, Mark>>;

/** A resource's name, or its ID if it has none. */
export function nameIn(tags: Parameters<typeof nameOf>[0], id: string): string {
    return nameOf(tags) ?? id;
}

/** The interfaces of a VPC that are at an end of a way, then the first ones of other instances. */
export function interfacesIn(state: State, vpcId: string, ends: ReadonlySet<string>): Located<NetworkInterface>[] {
    const isEnd = ({ item }: Located<NetworkInterface>) => ends.has(item.NetworkInterfaceId);
    const own = state
        .interfaces()
        .filter((one) => one.item.VpcId === vpcId && (isEnd(one) || one.item.Attachment?.InstanceId !== undefined));
    return [...own.filter(isEnd), ...own.filter((one) => !isEnd(one))];
}

/** What is looked at, and how. */
export interface Look {
    readonly state: State;
    readonly marks: Marks;
    /** Whether it is upside down, as the lower half of a picture is. */
    readonly isMirrored: boolean;
}

/** A VPC with what is in it. */
export function vpcNode(look: Look, id: string, interfaces: readonly Located<NetworkInterface>[]): Node {
    const { state, marks, isMirrored } = look;
    const vpc = state.vpc(id)?.item;
    const name = nameIn(vpc?.Tags, id);
    const title = ["VPC", name, ...state.blocksOf(id)].join(" ");
    const kind = "vpc";
    if (!vpc) return { kind, key: id, title, rows: [{ text: "not read" }], children: [], isMissing: true };
    const bySubnet = groupedBy(interfaces, ({ item }) => item.SubnetId);
    const subnetIds = [...bySubnet.keys()];
    const subnets = subnetIds.map((subnetId) => subnetNode(look, subnetId, bySubnet.get(subnetId) ?? []));
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
    const { InternetGatewayId = "", Tags } = gateway ?? {};
    const gatewayName = gateway ? nameIn(Tags, InternetGatewayId) : "none";
    const gatewayNode: Node = {
        ...tableNode(gatewayKey, "internet gateway", gatewayName, InternetGatewayId, [], marks),
        isMissing: !gateway,
    };
    // One that is missing is worth a box only where a way needs it.
    const children = [...subnets, ...tableNodes, ...(gateway || marks.has(gatewayKey) ? [gatewayNode] : [])];
    return {
        kind,
        key: id,
        title,
        full: `${title} ${id}`,
        rows: [],
        children: isMirrored ? children.toReversed() : children,
    };
}

function subnetNode(look: Look, id: string, interfaces: readonly Located<NetworkInterface>[]): Node {
    const { state, marks, isMirrored } = look;
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
export function missingRows(marks: ReadonlyMap<string, Mark> = new Map(), known: readonly string[] = []): Row[] {
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
