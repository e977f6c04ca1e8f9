import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EC2 } from "@aws-sdk/client-ec2";
import type { State } from "../../../reachability/state.ts";
import { credentialsOf } from "../../api/client/caller.ts";
import type { SandboxContext } from "../../context.ts";
import { breakIt } from "../../lab/puzzle/break.ts";
import { makeCommands } from "../../lab/puzzle/commands.ts";
import { puzzleOf } from "../../lab/puzzle/choose.ts";
import { faultsOf, findingsIn, type Findings } from "../../lab/puzzle/findings.ts";
import { hint, LAST_HINT, solution, TYPE } from "../../lab/puzzle/hints.ts";
import { sendPackets } from "../../lab/puzzle/play.ts";
import type { Fault, Puzzle } from "../../lab/puzzle/puzzle.ts";
import { puzzles } from "../../lab/puzzle/puzzles.ts";
import { Scene } from "../../lab/scene.ts";
import { Stacks } from "../../lab/stacks.ts";
import { silent } from "../../lab/telling.ts";
import { restore } from "./restore.ts";
import { run } from "./pulumi.ts";

// Plays every puzzle: breaks the lab, reads the hints, types the solution. Runs inside a sandbox.

const endpoint = process.env["AWS_ENDPOINT_URL"] ?? "";
const region = process.env["AWS_REGION"] ?? "";
const ec2 = new EC2({ endpoint, region, credentials: credentialsOf() });
const context: SandboxContext = {
    env: process.env as Record<string, string>,
    runDir: "/run/vpc-peering-lab",
    endpoint,
    region,
    privateKeyPath: "",
    checkout: process.cwd(),
    project: "vpc-peering-lab",
    stack: "dev",
    engine: [],
    ending: new AbortController().signal,
    log: () => undefined,
};
const scene = new Scene({ settings: { peering: true } }, context, new Stacks(context), silent);

/** The requests that get no answer now. */
async function failing(): Promise<string[]> {
    const seen = await sendPackets(scene.pair);
    return seen.flatMap(({ way, ping, http }) => {
        const short = way.replace("VPC1 -> VPC2", "1>2").replace("VPC2 -> VPC1", "2>1");
        return [...(ping === "reply" ? [] : [`${short} ping`]), ...(http === "page" ? [] : [`${short} HTTP`])];
    });
}

async function find(): Promise<Findings> {
    return findingsIn(await scene.state(), scene.pair);
}

function sorted(faults: readonly Fault[]): string[] {
    return faults.map(({ kind, vpc, code }) => `${kind} ${vpc ?? "-"} ${code}`).sort();
}

/** The puzzles by name, and some of those that seeds choose. */
const played: readonly Puzzle[] = [...puzzles, puzzleOf(1), puzzleOf(2), puzzleOf(3)];

describe("puzzles", () => {
    let whole: State;

    before(async () => {
        await scene.prepare();
        whole = await scene.state();
    });

    beforeEach(async () => {
        await restore(ec2, whole, await scene.state(), scene.pair);
    });

    it("have a shell whose commands tell more each time, count that, and do not tell why unless they are asked", async () => {
        const [puzzle] = puzzles;
        assert.ok(puzzle);
        await breakIt(puzzle, ec2, await scene.state(), scene.pair);
        const runDir = mkdtempSync(join(tmpdir(), "puzzle-"));
        const { env, files } = makeCommands({ ...context, runDir }, scene.pair);
        const type = (command: string) => run("env", [`PATH=${env["PATH"] ?? ""}`, "sh", "-c", command]);

        const checked = await type("check");
        assert.equal(checked.code, 1, checked.text);
        assert.match(checked.text, /^VPC1 .* -> VPC2 .*, icmp: expected reply, seen none$/m);
        assert.doesNotMatch(checked.text, /route|AWS's configuration/);
        const steps = [/hint 1 of 4.*VPC1 -> VPC2: ping/s, /hint 2 of 4.*a route table of VPC2/s, /hint 3 of 4.*rtb-/s];
        const last = /hint 4 of 4.*no route to 10\.41\.1\.100/s;
        for (const expected of [...steps, last, last]) {
            const { code, text } = await type("hint");
            assert.equal(code, 0, text);
            assert.match(text, expected);
        }
        assert.deepEqual(files.progress, { hints: 4, solution: false });
        assert.match((await type("solution")).text, /aws ec2 create-route/);
        assert.deepEqual(files.progress, { hints: 4, solution: true });
    });

    for (const puzzle of played) {
        const { name, fails, faults } = puzzle;
        it(`${name}: packets fail as users say, hints name what is broken, and the solution repairs it`, async () => {
            await breakIt(puzzle, ec2, await scene.state(), scene.pair);
            assert.deepEqual(await failing(), [...fails]);

            const found = await find();
            assert.deepEqual(sorted(faultsOf(found, scene.pair)), sorted(faults));
            const last = hint(found, LAST_HINT);
            for (const { component } of found.findings) {
                assert.ok(last.includes(`  ${component.kind} ${component.id}`), last);
                assert.ok(!hint(found, 2).includes(component.id));
            }

            const said = solution(found);
            const [told, commands] = said.split(`\n${TYPE}\n`);
            assert.equal(told?.trim(), ["what is wrong", ...last.split("\n").slice(1)].join("\n").trim());
            const typed = await run("bash", ["-ec", commands ?? "exit 1"]);
            assert.equal(typed.code, 0, `${said}\n${typed.text}`);
            assert.deepEqual(await failing(), [], said);
            assert.deepEqual((await find()).findings, []);
        });
    }
});
