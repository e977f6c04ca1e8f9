/** The ways of packets through what AWS describes: which box each hop is in, and which of its rows decided. */
import type { State } from "../reachability/state.ts";
import { isBlocker, type Analysis, type Hop } from "../reachability/types.ts";
import { aclRowOf, routeRowOf, ruleRowOf } from "./rows.ts";

/** What a packet does at a hop: passes, is stopped, or nobody knows. */
export type Mark = "passes" | "stopped" | "unknown";

/** Which marks say more than others. */
export const rank = { passes: 0, unknown: 1, stopped: 2 } as const;

/** A hop on a picture. */
export interface Station {
    /** The box that it is in; see {@link keys}. */
    readonly key: string;
    /** The row of that box that decided, or that says what is missing; undefined if the whole box is meant. */
    readonly row: string | undefined;
    readonly mark: Mark;
}

/** A way from one end to another and back, which may be that of several questions: a ping and an HTTP request. */
export interface Way {
    readonly analyses: readonly [Analysis, ...Analysis[]];
    readonly forward: readonly Station[];
    readonly back: readonly Station[];
}

/** Names of the boxes. */
export const keys = {
    server: (interfaceId: string) => `server ${interfaceId}`,
    group: (interfaceId: string) => `group ${interfaceId}`,
    acl: (subnetId: string) => `acl ${subnetId}`,
    table: (id: string) => `table ${id}`,
    gateway: (vpcId: string) => `gateway ${vpcId}`,
    connection: (id: string) => `connection ${id}`,
    outside: (address: string) => `outside ${address}`,
} as const;

/** The interfaces at the two ends; undefined for an end that none has. */
export function interfacesOf({ from, to }: Analysis): [string | undefined, string | undefined] {
    return [from.interfaceId, to.interfaceId];
}

/** The ways of analyses. Those between the same ends that end at the same hop are one. */
export function waysOf(state: State, analyses: readonly Analysis[]): Way[] {
    const ways: Way[] = [];
    for (const analysis of analyses) {
        const forward = stationsOf(state, analysis, "forward");
        const back = stationsOf(state, analysis, "back");
        const at = ways.findIndex(
            ({ analyses: [other], ...way }) =>
                other.from.component.id === analysis.from.component.id &&
                other.to.component.id === analysis.to.component.id &&
                other.verdict === analysis.verdict &&
                endOf(way) === endOf({ forward, back }),
        );
        const same = ways[at];
        if (same) {
            ways[at] = {
                analyses: [...same.analyses, analysis],
                forward: merged(same.forward, forward),
                back: merged(same.back, back),
            };
        } else {
            ways.push({ analyses: [analysis], forward, back });
        }
    }
    return ways;
}

/** Which boxes a way goes through, and where it is stopped first. */
function endOf({ forward, back }: Pick<Way, "forward" | "back">): string {
    const all = [...forward, ...back];
    return [...all.map(({ key }) => key), all.findIndex(({ mark }) => mark === "stopped")].join(" ");
}

function merged(some: readonly Station[], others: readonly Station[]): Station[] {
    return some.map((one, index) => {
        const other = others[index] ?? one;
        if (one.mark !== other.mark) return rank[one.mark] > rank[other.mark] ? one : other;
        // Two rules may let the two questions pass, and then none is pointed at.
        return { ...one, row: one.row === other.row ? one.row : undefined };
    });
}

function stationsOf(state: State, analysis: Analysis, direction: "forward" | "back"): Station[] {
    const ends = interfacesOf(analysis);
    const [start, end] = direction === "forward" ? ends : ends.toReversed();
    const counts = new Map<string, number>();
    return analysis[direction].flatMap((hop) => {
        const { kind, id, vpcId = "" } = hop.component;
        const count = counts.get(kind) ?? 0;
        counts.set(kind, count + 1);
        const own = (start !== undefined && count === 0 ? start : end) ?? "";
        const mark = isBlocker(hop) ? "stopped" : hop.isUnknown === true ? "unknown" : "passes";
        const at = (key: string, row?: string): Station[] => [
            { key, row: row ?? (mark === "passes" ? undefined : hop.text), mark },
        ];
        switch (kind) {
            case "instance": {
                // Its interface is the next or the last hop, and the same box.
                const [from, to] = ends;
                const key = keys.server((id === analysis.from.component.id ? from : to) ?? "");
                return mark === "passes" ? [] : at(key);
            }
            case "network interface":
                return at(keys.server(id));
            case "security group":
                return at(keys.group(own), hop.securityGroupRule && ruleRowOf(hop.securityGroupRule));
            case "network ACL": {
                const [found] = state.interfacesNamed(own);
                return at(keys.acl(found?.item.SubnetId ?? ""), hop.aclRule && aclRowOf(hop.aclRule));
            }
            case "route table":
                return at(
                    keys.table(id),
                    hasNoRoute(hop) ? hop.text : hop.route && routeRowOf(state, vpcId, hop.route),
                );
            case "peering connection":
                return at(keys.connection(id), hop.text);
            case "internet gateway":
                return at(keys.gateway(vpcId));
            case "destination":
                return at(keys.outside(id), hop.text);
        }
    });
}

/** Whether a table has no route at all that leads to the other end, so that there is none to point at. */
function hasNoRoute(hop: Hop): boolean {
    return isBlocker(hop) && (hop.code === "NO_ROUTE_TO_DESTINATION" || hop.code.startsWith("IGW_"));
}
