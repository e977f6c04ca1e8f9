import assert from "node:assert/strict";
import fc from "fast-check";
import { analyze } from "../../../reachability/analysis.ts";
import { fixesOf } from "../../../reachability/fixes.ts";
import type { Fix } from "../../../reachability/types.ts";
import type { World } from "../world/world.ts";
import type { Cloud } from "./cloud.ts";
import { kinds } from "./model.ts";
import { blockersOf, questionOf, type Way } from "./ways.ts";

/** Which of the ways that can be opened to open, and which of its fixes to leave out first; both by a number of any size. */
export interface Choice {
    readonly way: number;
    readonly fix: number;
}

const any = fc.noBias(fc.nat(999));
export const choices = fc.array(fc.record({ way: any, fix: any }), { minLength: 1, maxLength: 3 });

/**
 * Types what the analysis says to open a way, but for one fix, without which no packet passes; then types this one too, and the
 * packet passes. Returns the number of fixes; 0 if there is no way to open.
 */
export async function openWay(
    world: World,
    cloud: Cloud,
    ways: readonly Way[],
    choice: Choice,
    awsCli: string | undefined,
): Promise<number> {
    const state = await cloud.describe();
    const closed = ways.flatMap((way) =>
        kinds.flatMap((kind) => {
            const analysis = analyze(state, questionOf(way, kind));
            const fixes = analysis.verdict === "not reachable" ? fixesOf(analysis) : undefined;
            return fixes ? [{ way, kind, analysis, fixes }] : [];
        }),
    );
    const chosen = closed[choice.way % closed.length];
    if (!chosen) return 0;
    const { way, kind, analysis, fixes } = chosen;
    const omitted = omittedOf(fixes, choice.fix % fixes.length);
    const passes = async () => (await world.reach(way.from.machine, way.to.machine)).split(" ").includes(kind);
    const told = [`${way.name}, ${kind}`, ...blockersOf(analysis), ...fixes.map(({ command }) => command)].join("\n");

    await type(
        world,
        fixes.filter((fix) => !omitted.includes(fix)),
        awsCli,
    );
    assert.equal(await passes(), false, `${told}\npasses without: ${omitted[0]?.command ?? ""}`);
    await type(world, omitted, awsCli);
    assert.equal(await passes(), true, `${told}\ndoes not pass; typed last: ${omitted[0]?.command ?? ""}`);
    const { verdict } = analyze(await cloud.describe(), questionOf(way, kind));
    assert.equal(verdict, "reachable", `${told}\npasses, but the analysis does not say so`);
    return fixes.length;
}

/** The fix with an index, and those that can't be typed without it: they need the variable that it sets. */
function omittedOf(fixes: readonly Fix[], index: number): Fix[] {
    const fix = fixes[index];
    const [, variable] = /^(\w+)=/.exec(fix?.command ?? "") ?? [];
    return fixes.filter((one) => one === fix || (variable !== undefined && one.command.includes(`"$${variable}"`)));
}

/** Runs fixes as a user who types one after the other in a shell, each with the access key of its account. */
async function type(world: World, fixes: readonly Fix[], awsCli: string | undefined): Promise<void> {
    const accounts = [...new Set(fixes.map(({ account }) => account))];
    const keys = new Map(await Promise.all(accounts.map(async (one) => [one, await world.keyOf(one)] as const)));
    // The shell's variables outlive it, for the fix that is typed last.
    const variables = "/run/variables";
    const script = [
        ...(awsCli === undefined ? [] : [`PATH='${awsCli}':$PATH`]),
        `touch ${variables}; . ${variables}`,
        ...fixes.flatMap(({ account, command }) => [`export AWS_ACCESS_KEY_ID=${keys.get(account) ?? ""}`, command]),
        `(declare -p pcx address \${!igw@} || true) > ${variables} 2> /dev/null`,
    ];
    const { code, output } = await world.run(`set -e\n${script.join("\n")}`);
    assert.equal(code, 0, `${script.join("\n")}\n${output}`);
}
