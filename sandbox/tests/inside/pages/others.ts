import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { project, projectFolder, run, Stack } from "../pulumi.ts";
import { inlineRules } from "./inlineRules.ts";
import { ownProject } from "./ownProject.ts";
import { filesOf, programsOf, type Pages } from "./page.ts";

// The pages' programs that are no peering alone: the lab's pair, tests on mocks and the rules.

async function checksPair(program: string): Promise<void> {
    const key = (await new Stack().pulumi("config", "get", "sshPrivateKeyPath")).text.trim();
    const stack = await project("blue-green", program, {
        sshPublicKey: (await run("ssh-keygen", ["-y", "-f", key])).text.trim(),
        sshPrivateKeyPath: key,
        sshCidr: "0.0.0.0/0",
    });
    type Outputs = { stage: string; results: { direction: string; seen: object }[] };
    const { stage, results } = await stack.updated<Outputs>();
    assert.equal(stage, "reachable");
    const seen = { icmp: "reply", http: "page", dns: "private" };
    assert.deepEqual(
        results.map((result) => [result.direction, result.seen]),
        [
            ["Blue -> Green", seen],
            ["Green -> Blue", seen],
        ],
    );
    await stack.destroy();
}

async function runsOnMocks(): Promise<void> {
    const folder = projectFolder("mocks", filesOf("docs/package/your-own-tests.md"));
    const { code, text } = await run(
        "mocha",
        ["--require", "ts-node/register", "--timeout", "60000", "*.test.ts"],
        folder,
    );
    assert.equal(code, 0, text);
    assert.match(text, /2 passing/);
}

async function describesProblems(program: string): Promise<void> {
    const folder = projectFolder("rules", { "plan.ts": program });
    const { code, text } = await run("node", ["--require", "ts-node/register", "plan.ts"], folder);
    assert.equal(code, 0, text);
    const [, shown = ""] = /```text\n(.+?)```/s.exec(readFileSync("docs/package/refusals.md", "utf8")) ?? [];
    const [lines, wanted] = [text, shown].map((all) => all.trimEnd().split("\n"));
    assert.equal(lines?.length, wanted?.length, text);
    for (const [index, line] of wanted?.entries() ?? []) {
        assert.ok(lines?.[index]?.startsWith(line.replace(/…$/, "")), `${line}\n${text}`);
    }
}

export const others: Pages = {
    ...inlineRules,
    ...ownProject,
    "README.md": {
        programs: 1,
        tests: {
            "has the program of the package's own page": (program) => {
                assert.deepEqual([program], programsOf("components/README.md"));
                return Promise.resolve();
            },
        },
    },
    "docs/package/lab-pair.md": {
        programs: 1,
        tests: { "makes a pair, and shows with packets that it is peered": checksPair },
    },
    "docs/package/your-own-tests.md": {
        programs: 2,
        tests: { "tests a program on Pulumi's mocks": runsOnMocks },
    },
    "docs/package/refusals.md": {
        programs: 1,
        tests: { "says what is wrong with a plan, as the page shows it": describesProblems },
    },
};
