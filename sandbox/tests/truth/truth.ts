/**
 * Random topologies whose packets are compared with a model of AWS's rules, and both with what the analysis says of the API's
 * responses: `npm run test:truth -- [--topologies N] [--seed S]`.
 * A seed makes the same topologies again. A disagreement is shrunk to the fewest parts, and printed with what was seen.
 */
import { parseArgs } from "node:util";
import fc from "fast-check";
import { analyze } from "../../../reachability/analysis.ts";
import type { State } from "../../../reachability/state.ts";
import type { Question } from "../../../reachability/types.ts";
import { operator, World, type Machine } from "../world/world.ts";
import { Cloud } from "./cloud.ts";
import { fromInternet, kinds, privately } from "./model.ts";
import { changed, topologies, type Topology } from "./topology.ts";

const { values } = parseArgs({
    options: {
        topologies: { type: "string", default: "20" },
        seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    },
});
const numRuns = Number(values.topologies);
const seed = Number(values.seed);
let [topologyCount, verdictCount] = [0, 0];

/** A way between two ends, as the packets, AWS's rules and the analysis have it. */
interface Way {
    readonly name: string;
    readonly from: Machine;
    readonly to: Machine;
    readonly expected: string;
}

/** The ways that differ between the packets, the model and the analysis, each as one line. */
async function disagreements(world: World, cloud: Cloud, topology: Topology): Promise<string[]> {
    const numbers = topology.vpcs.map((_, index) => index);
    const ways: Way[] = numbers.flatMap((to) => [
        ...numbers
            .filter((from) => from !== to)
            .map((from) => ({
                name: `server ${from} -> server ${to}`,
                from: cloud.machine(from),
                to: cloud.machine(to),
                expected: privately(topology, from, to),
            })),
        {
            name: `internet -> server ${to}`,
            from: operator,
            to: cloud.machine(to),
            expected: fromInternet(topology, to, operator.publicIp),
        },
    ]);
    verdictCount += kinds.length * ways.length;
    const state = await cloud.describe();
    const seen = await Promise.all(ways.map(({ from, to }) => world.reach(from, to)));
    return ways.flatMap(({ name, from, to, expected }, index) => {
        const [packets = "", analysis] = [seen[index], analyzed(state, from, to)];
        return packets === expected && analysis === expected
            ? []
            : [`${name}: AWS "${expected}", packets "${packets}", analysis "${analysis}"`];
    });
}

/** The protocols of `ping http ssh` that the analysis calls reachable, and those of which it does not know. */
function analyzed(state: State, from: Machine, to: Machine): string {
    return kinds
        .flatMap((kind) => {
            const { verdict } = analyze(state, questionOf(from, to, kind));
            return { reachable: [kind], "not reachable": [], unknown: [`${kind}?`] }[verdict];
        })
        .join(" ");
}

/** The question of a way: of instances, or from an address on the internet to a public one. */
function questionOf(from: Machine, to: Machine, kind: (typeof kinds)[number]): Question {
    const ends = from.id === undefined ? [from.publicIp, to.publicIp] : [from.id, to.id];
    const [client = "", server = ""] = ends;
    const port = { ping: undefined, http: 80, ssh: 22 }[kind];
    return { from: client, to: server, protocol: kind === "ping" ? "icmp" : "tcp", port };
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
            if (topologyCount % 10 === 0) console.log(`${topologyCount} agree, ${verdictCount} verdicts`);
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
console.log(`${topologyCount} topologies agree with AWS's rules in ${verdictCount} verdicts`);
console.log(`${result.failed ? 0 : numRuns} passed, ${result.failed ? 1 : 0} failed`);
process.exit(result.failed ? 1 : 0);
