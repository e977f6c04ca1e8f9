/**
 * Random topologies whose packets are compared with a model of AWS's rules, and both with what the analysis says of the API's
 * responses: `npm run test:truth -- [--topologies N] [--seed S]`.
 * A seed makes the same topologies again. A disagreement is shrunk to the fewest parts, and printed with what was seen.
 */
import { parseArgs } from "node:util";
import fc from "fast-check";
import { analyze } from "../../../reachability/analysis.ts";
import type { Analysis, Question, Verdict } from "../../../reachability/types.ts";
import { operator, World } from "../world/world.ts";
import { Cloud } from "./cloud.ts";
import { fromInternet, kinds, privately, type Kind } from "./model.ts";
import { changed, topologies, type Topology } from "./topology.ts";
import { Trace, type Drop, type End } from "./trace.ts";

const { values } = parseArgs({
    options: {
        topologies: { type: "string", default: "20" },
        seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    },
});
const numRuns = Number(values.topologies);
const seed = Number(values.seed);
let [topologyCount, verdictCount, blockerCount] = [0, 0, 0];

/** A way from a server or the internet to a server, and the protocols that AWS's rules let pass. */
interface Way {
    readonly name: string;
    readonly from: End;
    readonly to: End;
    readonly expected: string;
}

function waysOf(cloud: Cloud, topology: Topology): Way[] {
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

/** What the packets, the model and the analysis disagree about, each as one line. */
async function disagreements(world: World, cloud: Cloud, topology: Topology): Promise<string[]> {
    const ways = waysOf(cloud, topology);
    const state = await cloud.describe();
    const trace = await Trace.start(world, cloud.vpcIds);
    const seen = await Promise.all(ways.map(({ from, to }) => world.reach(from.machine, to.machine)));
    const traced = await trace.stop();
    return ways.flatMap(({ name, from, to, expected }, index) => {
        const packets = seen[index] ?? "";
        const analyses = kinds.map((kind) => ({ kind, analysis: analyze(state, questionOf(from, to, kind)) }));
        const analyzed = analyses
            .flatMap(({ kind, analysis: { verdict } }) => (verdict === "not reachable" ? [] : [shown(kind, verdict)]))
            .join(" ");
        verdictCount += kinds.length;
        if (packets !== expected || analyzed !== expected) {
            return [`${name}: AWS "${expected}", packets "${packets}", analysis "${analyzed}"`];
        }
        return analyses.flatMap(({ kind, analysis }) => {
            if (analysis.verdict === "reachable") return [];
            blockerCount++;
            const drop = traced.dropOf(from, to, kind);
            return isFirstBlocker(drop, analysis)
                ? []
                : [`${name}, ${kind}: kernel ${JSON.stringify(drop)}, analysis ${blockersOf(analysis).join(", ")}`];
        });
    });
}

function shown(kind: Kind, verdict: Verdict): string {
    return verdict === "unknown" ? `${kind}?` : kind;
}

/** The question of a way: of instances, or from an address on the internet to a public one. */
function questionOf({ machine: from, side }: End, { machine: to }: End, kind: Kind): Question {
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
function isFirstBlocker(drop: Drop | string, { forward, back }: Analysis): boolean {
    for (const [direction, hops] of [["forward", forward] as const, ["back", back] as const]) {
        const between = hops.findIndex(({ component: { kind } }) => /^(peering|internet)/.test(kind));
        for (const leaving of [true, false]) {
            const blockers = (leaving ? hops.slice(0, between + 1) : hops.slice(between + 1)).flatMap(
                ({ blocker }) => blocker ?? [],
            );
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

function blockersOf({ blockers }: Analysis): string[] {
    return blockers.map(({ direction, component: { kind, id }, text }) => `${direction} ${kind} ${id}: ${text}`);
}

console.log(`${numRuns} random topologies, seed ${seed}`);
const result = await fc.check(
    fc.asyncProperty(topologies, async ({ topology, changes }) => {
        const world = await World.start("a network");
        try {
            const cloud = await Cloud.make(world, topology);
            let current = topology;
            for (const change of [undefined, ...changes]) {
                if (change) {
                    await cloud.change(current, change);
                    current = changed(current, change);
                }
                const found = await disagreements(world, cloud, current);
                if (found.length > 0) {
                    throw new Error(
                        `${change ? `after ${change.kind} ${change.index}` : "as made"}\n${found.join("\n")}`,
                    );
                }
            }
            topologyCount++;
            if (topologyCount % 10 === 0)
                console.log(`${topologyCount} agree, ${verdictCount} verdicts, ${blockerCount} blockers`);
        } finally {
            world.stop();
        }
    }),
    { numRuns, seed, endOnFailure: false },
);
if (result.failed) {
    console.log(JSON.stringify(result.counterexample?.[0], undefined, 2));
    console.log(result.errorInstance instanceof Error ? result.errorInstance.message : String(result.errorInstance));
    console.log(`again: npm run test:truth -- --topologies ${numRuns} --seed ${seed}`);
}
console.log(
    `${topologyCount} topologies agree with AWS's rules in ${verdictCount} verdicts, and the kernel in ${blockerCount} blockers`,
);
console.log(`${result.failed ? 0 : numRuns} passed, ${result.failed ? 1 : 0} failed`);
process.exit(result.failed ? 1 : 0);
