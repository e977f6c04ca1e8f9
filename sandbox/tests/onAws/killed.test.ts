import assert from "node:assert/strict";
import { acts, actsUntil, midway, OnAws } from "./run.ts";

// kill -9 in the middle of each act, and a second run. Runs inside a sandbox with the real engine.

describe("on AWS, kill -9", () => {
    for (const act of acts) {
        it(`in the act '${act}' leaves a state that a second run destroys`, async () => {
            const onAws = await OnAws.start();
            const held = onAws.api.hold(midway[act]);
            const killed = onAws.begin();
            const { release } = await held;
            killed.kill();
            await killed.ended;
            // The killed run's CLI is still waiting for the answer.
            const second = onAws.begin();
            await second.says(/that was cut off\. Now it is destroyed\.\n[^]*goes on, pid \d+; ending it/);
            release();
            const { code, text } = await second.ended;
            assert.equal(code, 1, text);
            assert.match(text, /Nothing is left in the account/);
            await onAws.isGone();
            const report = onAws.report();
            assert.deepEqual(
                report.acts.map(({ name }) => name),
                act === "destroy" ? [...acts, "destroy"] : actsUntil(act),
            );
            assert.deepEqual(report.left, []);
            assert.ok(report.acts.at(-2)?.errors.includes("cut off: the run was killed"));
            assert.ok(report.acts.slice(0, -2).every(({ checks = [] }) => checks.length === 2));
        });
    }
});
