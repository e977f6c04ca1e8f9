/**
 * Random topologies whose packets are compared with a model of AWS's rules: `npm run test:truth -- [--topologies N] [--seed S]`.
 * A seed makes the same topologies again. A disagreement is shrunk to the fewest parts, and printed with what was seen.
 */
import { parseArgs } from "node:util";
import fc from "fast-check";
import { operator, World } from "../world/world.ts";
import { Cloud } from "./cloud.ts";
import { fromInternet, privately } from "./model.ts";
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

/** The verdicts that differ from the model's, each as one line. */
async function disagreements(world: World, cloud: Cloud, topology: Topology): Promise<string[]> {
    const numbers = topology.vpcs.map((_, index) => index);
    const probes = numbers.flatMap((to) => [
        ...numbers
            .filter((from) => from !== to)
            .map((from) => ({
                way: `server ${from} -> server ${to}`,
                expected: privately(topology, from, to),
                seen: world.reach(cloud.machine(from), cloud.machine(to)),
            })),
        ...(topology.vpcs[to]?.internet
            ? [
                  {
                      way: `internet -> server ${to}`,
                      expected: fromInternet(topology, to, operator.publicIp),
                      seen: world.reach(operator, cloud.machine(to)),
                  },
              ]
            : []),
    ]);
    verdictCount += 3 * probes.length;
    const seen = await Promise.all(probes.map((probe) => probe.seen));
    return probes.flatMap(({ way, expected }, index) =>
        expected === seen[index] ? [] : [`${way}: AWS "${expected}", packets "${seen[index] ?? ""}"`],
    );
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
