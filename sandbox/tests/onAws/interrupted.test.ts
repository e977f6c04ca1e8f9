import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { internet } from "../../network/planned/network.ts";
import { acts, actsUntil, midway, OnAws } from "./run.ts";

// Ctrl-C in the middle of each act, typed on a terminal. Runs inside a sandbox with the real engine.

describe("on AWS, Ctrl-C", () => {
    for (const act of acts) {
        it(`in the act '${act}' destroys what was made`, async () => {
            const onAws = await OnAws.start();
            const run = onAws.beginOnTerminal();
            await run.says(/Your public address/);
            run.type(`${internet.operator}\r`);
            await run.says(/Go on\?/);
            const held = onAws.api.hold(midway[act]);
            run.type("yes\r");
            const { release } = await held;
            run.type("\u0003");
            await run.says(/SIGINT: ending what has begun, then destroying/);
            // Impatience changes nothing.
            run.type("\u0003");
            release();
            const { text } = await run.ended;
            assert.match(text, /Nothing is left in the account/);
            await onAws.isGone();
            const report = onAws.report();
            assert.deepEqual(
                report.acts.map(({ name }) => name),
                actsUntil(act),
            );
            assert.deepEqual(report.left, []);
            assert.ok(report.acts.every(({ seconds }) => seconds !== undefined));
            // A destroy that is asked to end goes on, and then all was played. The exit code is npm's, which knows of the Ctrl-C.
            assert.equal(report.proven, act === "destroy");
            if (act !== "destroy") {
                assert.ok(report.acts.at(-2)?.errors.includes("cut off by SIGINT"), text);
            }
        });
    }

    it("is not needed: a terminal that closes ends the run, too, and it destroys without one", async () => {
        const onAws = await OnAws.start();
        const run = onAws.beginOnTerminal();
        await run.says(/Your public address/);
        run.type(`${internet.operator}\r`);
        await run.says(/Go on\?/);
        const held = onAws.api.hold(midway.base);
        run.type("yes\r");
        const { release } = await held;
        run.kill();
        await run.ended;
        release();
        while (existsSync(onAws.folder)) await sleep(1000);
        await onAws.isGone();
        const report = onAws.report();
        assert.ok(report.acts[0]?.errors.includes("cut off by SIGHUP"));
        assert.deepEqual(report.left, []);
    });
});
