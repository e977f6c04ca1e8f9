import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { allows, list, statementsOf, type Statement } from "../world/policies.ts";
import { Questions, type Asked } from "../world/questions.ts";

// Of each call of the programs, whether the policies in docs/ allow it; of each action that they allow, whether something calls it. The
// sandbox does not enforce permissions, and `questions.ts` says what this can't know.

const log = "/run/vpc-peering-lab/log/calls";

/** What AWS's SDK adds to its user agent for `npm run explain` here, which tells its calls from those of the tests. */
export const explaining = "explain-of-the-lab";

/** The policies of a page, in order. */
export function policiesOf(page: string): (readonly Statement[])[] {
    const blocks = readFileSync(page, "utf8").matchAll(/```json\n(.+?)```/gs);
    return [...blocks].map(([, text = ""]) => statementsOf(text));
}

/** What was asked for the calls of the programs, without those of the tests themselves. */
export function asked(questions = new Questions()): Asked[] {
    return (
        questions
            .read(log)
            .filter(({ agent }) => !/^(aws-sdk-js|node$)/.test(agent) || agent.includes(explaining))
            // Pulumi's plugin names a key pair after its resource; where another one stands in, Terraform's provider names it.
            .map((one) => ({
                ...one,
                resource: one.resource.replace(/key-pair\/terraform-\d+$/, "key-pair/lab-key-1"),
            }))
    );
}

/** Asserts that a policy allows all of this, and has no action besides that nothing here calls. */
export function assertExact(
    statements: readonly Statement[],
    all: readonly Asked[],
    uncalled: readonly string[] = [],
): void {
    const refused = all.filter((question) => !allows(statements, question));
    assert.deepEqual(refused.slice(0, 3), [], `${refused.length} of ${all.length} are not allowed`);
    const called = new Set([...all.map(({ action }) => action), ...uncalled]);
    const allowed = new Set(statements.flatMap(({ Action }) => list(Action)));
    assert.deepEqual([...allowed].sort(), [...called].sort());
}
