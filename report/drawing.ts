/** What a picture shows: nested frames, from accounts to subnets, and the boxes in them, from top to bottom. */
import { endsOf, groupedBy, isAlive, type State, type VpcPeeringConnection } from "../reachability/state.ts";
import type { Analysis } from "../reachability/types.ts";
import { interfacesIn, limits, missingRows, nameIn, vpcNode, type Marks, type Node } from "./boxes.ts";
import { interfacesOf, keys, rank, waysOf, type Mark, type Way } from "./ways.ts";

/** All that there is to draw. */
export interface Drawing {
    readonly nodes: readonly Node[];
    readonly ways: readonly Way[];
    /** What is left out; empty if nothing is. */
    readonly omitted: readonly string[];
}

/**
 * What stood, as far as analyses are about it: the VPCs of their ends and those peered with them, and the VPCs with the IDs.
 */
export function drawingOf(state: State, analyses: readonly Analysis[], vpcIds: readonly string[] = []): Drawing {
    const ways = waysOf(state, analyses);
    const marks = marksOf(ways);
    const asked = [
        ...new Set([
            ...vpcIds.filter((id) => state.vpc(id)),
            ...analyses.flatMap(({ from, to }) => [from.vpcId, to.vpcId]).flatMap((id) => id ?? []),
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
        return vpcNode({ state, marks, isMirrored }, id, found.slice(0, limits.servers));
    });
    return { nodes: framed(state, vpcs, nodes, betweenNodes(state, vpcs, ways, marks)), ways, omitted };
}

/** Whether a connection is worth a picture: one that is gone is not, nor one that failed and whose VPC is gone. */
function isTold(state: State, connection: VpcPeeringConnection): boolean {
    const hasFailed = connection.Status?.Code === "failed" && endsOf(connection).every((id) => state.vpc(id));
    return isAlive(connection) || hasFailed;
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

/** A box that stands behind a VPC, and the last VPC that it concerns. */
interface Between {
    readonly behind: string;
    readonly before: string | undefined;
    readonly node: Node;
}

/** Connections, missing ones that a way would need, and ends outside. */
function betweenNodes(state: State, vpcs: readonly string[], ways: readonly Way[], marks: Marks): Between[] {
    const byPlace = (one: string, other: string) => vpcs.indexOf(one) - vpcs.indexOf(other);
    const connections = new Map<string, VpcPeeringConnection>();
    for (const one of vpcs.flatMap((id) => state.connectionsOf(id))) {
        const id = one.VpcPeeringConnectionId;
        const isWanted = isTold(state, one) || marks.has(keys.connection(id));
        if (isWanted && endsOf(one).every((end) => vpcs.includes(end))) connections.set(id, one);
    }
    const found = [...connections].map(([id, one]): Between => {
        const [behind, before] = endsOf(one).sort(byPlace);
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
                      [lacking.from.vpcId, lacking.to.vpcId].filter((id) => id !== undefined).sort(byPlace)[0] ?? "",
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
    const stations = ways.flatMap(({ forward, back }) => [...forward, ...back]);
    const outside = new Set(stations.map(({ key }) => key).filter((key) => key.startsWith("outside ")));
    const others = [...outside].map((key): Between => {
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
