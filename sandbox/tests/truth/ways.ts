import { sentenceOf } from "../../../reachability/text.ts";
import { isBlocker, type Analysis, type Question } from "../../../reachability/types.ts";
import { operator } from "../world/world.ts";
import type { Cloud } from "./cloud.ts";
import { fromInternet, privately, type Kind } from "./model.ts";
import type { Topology } from "./topology.ts";
import type { Drop, End } from "./trace.ts";

/** A way from a server or the internet to a server, and the protocols that AWS's rules let pass. */
export interface Way {
    readonly name: string;
    readonly from: End;
    readonly to: End;
    readonly expected: string;
}

/** All ways of a topology that stands. */
export function waysOf(cloud: Cloud, topology: Topology): Way[] {
    const numbers = topology.vpcs.map((_, index) => index);
    return numbers.flatMap((to) => [
        ...numbers
            .filter((from) => from !== to)
            .map((from) => ({
                name: `server ${from} -> server ${to}`,
                from: cloud.end(from),
                to: cloud.end(to),
                expected: privately(topology, from, to),
            })),
        {
            name: `internet -> server ${to}`,
            from: { machine: operator, side: undefined },
            to: cloud.end(to),
            expected: fromInternet(topology, to, operator.publicIp),
        },
    ]);
}

/** The question of a way: of instances, or from an address on the internet to a public one. */
export function questionOf({ from: { machine: from, side }, to: { machine: to } }: Way, kind: Kind): Question {
    const ends = side ? { from: from.id ?? "", to: to.id ?? "" } : { from: from.publicIp, to: to.publicIp };
    return kind === "ping"
        ? { ...ends, protocol: "icmp" }
        : { ...ends, protocol: "tcp", port: { http: 80, ssh: 22 }[kind] };
}

/**
 * Whether the analysis has the kernel's blocker as its first one. The kernel looks for a route before the filters of the VPC
 * that a packet leaves, AWS after them, so any of that VPC's blockers is the first one there. The kernel has no route to a
 * connection that is not active.
 */
export function isFirstBlocker(drop: Drop | string, { forward, back }: Analysis): boolean {
    for (const [direction, hops] of [["forward", forward] as const, ["back", back] as const]) {
        const between = hops.findIndex(({ component: { kind } }) => /^(peering|internet)/.test(kind));
        for (const leaving of [true, false]) {
            const blockers = (leaving ? hops.slice(0, between + 1) : hops.slice(between + 1)).filter(isBlocker);
            if (blockers.length === 0) continue;
            if (typeof drop === "string" || drop.direction !== direction || drop.leaving !== leaving) return false;
            return (leaving ? blockers : blockers.slice(0, 1)).some(
                ({ component: { kind, id } }) =>
                    id === drop.id || (kind === "peering connection" && drop.id.startsWith("rtb-")),
            );
        }
    }
    return false;
}

export function blockersOf({ blockers }: Analysis): string[] {
    return blockers.map((blocker) => {
        const { kind, id } = blocker.component;
        return `${blocker.direction} ${kind} ${id}: ${sentenceOf(blocker)}`;
    });
}
