/**
 * Random topologies, in which packets, a model of AWS's rules, and the analysis of the API's responses have to agree:
 * `npm run test:truth -- [--topologies N] [--fixes N] [--seed S]`. In as many others as `--fixes` says, the analysis's fixes are
 * typed. A seed makes the same topologies again. A failure is shrunk to the fewest parts, and printed with what was seen.
 */
import { parseArgs } from "node:util";
import fc from "fast-check";
import { analyze } from "../../../reachability/analysis.ts";
import type { Verdict } from "../../../reachability/types.ts";
import { prepareAwsCli } from "../../cache/awsCli.ts";
import { messageOf } from "../../cache/process.ts";
import { World } from "../world/world.ts";
import { Cloud } from "./cloud.ts";
import { choices, openWay, type Choice } from "./fixes.ts";
import { kinds, type Kind } from "./model.ts";
import { changed, topologies, type Change, type Topology } from "./topology.ts";
import { Trace } from "./trace.ts";
import { blockersOf, isFirstBlocker, questionOf, waysOf } from "./ways.ts";

const { values } = parseArgs({
    options: {
        topologies: { type: "string", default: "20" },
        fixes: { type: "string", default: "4" },
        seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    },
});
const seed = Number(values.seed);
let [topologyCount, verdictCount, blockerCount, mendedCount, openedCount, fixCount] = [0, 0, 0, 0, 0, 0];
const awsCli = Number(values.fixes) > 0 ? await prepareAwsCli(console.error) : undefined;

/** What the packets, the model and the analysis disagree about, each as one line. */
async function disagreements(world: World, cloud: Cloud, topology: Topology): Promise<string[]> {
    const ways = waysOf(cloud, topology);
    const state = await cloud.describe();
    const trace = await Trace.start(world, cloud.vpcIds);
    const seen = await Promise.all(ways.map(({ from, to }) => world.reach(from.machine, to.machine)));
    const traced = await trace.stop();
    return ways.flatMap((way, index) => {
        const { name, from, to, expected } = way;
        const packets = seen[index] ?? "";
        const analyses = kinds.map((kind) => ({ kind, analysis: analyze(state, questionOf(way, kind)) }));
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

/** Runs a part of the test in a world that has the topology. Prints what fails at once, because shrinking takes minutes. */
async function inWorld(topology: Topology, test: (world: World, cloud: Cloud) => Promise<void>): Promise<void> {
    const world = await World.start("a network");
    try {
        await test(world, await Cloud.make(world, topology));
    } catch (error) {
        console.log(`failed: ${messageOf(error)}`);
        throw error;
    } finally {
        world.stop();
    }
}

/** Throws if something disagrees in a topology as it was made or after a change. */
async function compare(world: World, cloud: Cloud, topology: Topology, changes: readonly Change[]): Promise<void> {
    let current = topology;
    for (const change of [undefined, ...changes]) {
        if (change) {
            await cloud.change(current, change);
            current = changed(current, change);
        }
        const found = await disagreements(world, cloud, current);
        if (found.length > 0) {
            throw new Error(`${change ? `after ${change.kind} ${change.index}` : "as made"}\n${found.join("\n")}`);
        }
    }
    topologyCount++;
    if (topologyCount % 10 === 0) {
        console.log(`${topologyCount} agree, ${verdictCount} verdicts, ${blockerCount} blockers`);
    }
}

/** Opens ways as the analysis says; throws if that does not open one, or opens it with less. */
async function mend(world: World, cloud: Cloud, topology: Topology, choices: readonly Choice[]): Promise<void> {
    for (const choice of choices) {
        const count = await openWay(world, cloud, waysOf(cloud, topology), choice, awsCli);
        if (count > 0) openedCount++;
        fixCount += count;
    }
    mendedCount++;
    if (mendedCount % 10 === 0) console.log(`${mendedCount} mended, ${openedCount} ways, ${fixCount} fixes`);
}

/** Runs a property, prints what fails, and returns how many runs passed and failed. */
async function check<Args extends [unknown, ...unknown[]]>(
    property: fc.IAsyncProperty<Args>,
    numRuns: number,
): Promise<readonly [number, number]> {
    if (numRuns === 0) return [0, 0];
    const result = await fc.check(property, { numRuns, seed, endOnFailure: false });
    if (!result.failed) return [numRuns, 0];
    console.log(JSON.stringify(result.counterexample, undefined, 2));
    console.log(messageOf(result.errorInstance));
    console.log(
        `again: npm run test:truth -- --topologies ${values.topologies} --fixes ${values.fixes} --seed ${seed}`,
    );
    return [0, 1];
}

console.log(`${values.topologies} random topologies and ${values.fixes} to mend, seed ${seed}`);
const compared = await check(
    fc.asyncProperty(topologies, ({ topology, changes }) =>
        inWorld(topology, (world, cloud) => compare(world, cloud, topology, changes)),
    ),
    Number(values.topologies),
);
const mended = await check(
    fc.asyncProperty(topologies, choices, ({ topology }, some) =>
        inWorld(topology, (world, cloud) => mend(world, cloud, topology, some)),
    ),
    Number(values.fixes),
);
console.log(
    `${topologyCount} topologies agree with AWS's rules in ${verdictCount} verdicts, and the kernel in ${blockerCount} blockers`,
);
console.log(
    `${mendedCount} topologies mended: ${openedCount} ways opened by ${fixCount} fixes, none without one left out`,
);
const [passed, failed] = [compared[0] + mended[0], compared[1] + mended[1]];
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
