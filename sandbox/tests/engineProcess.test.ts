import assert from "node:assert/strict";
import { run } from "../cache/process.ts";

describe("a program that runs to completion", () => {
    it("gets its input and returns its standard output", async () => {
        assert.equal(await run("sh", ["-c", "cat; echo aside >&2"], { input: "in" }), "in");
    });

    it("fails with its exit status and its output", async () => {
        await assert.rejects(run("sh", ["-c", "echo why >&2; exit 3"]), /^Error: sh -c .* ended with 3:\nwhy$/);
    });

    it("is killed at its time limit, with its child processes", async () => {
        const start = Date.now();
        // A surviving child would keep standard output open, and the call would not return.
        await assert.rejects(run("sh", ["-c", "sleep 60 & echo so far; wait"], { timeout: 0.5 }), /0\.5 s:\nso far$/);
        assert.ok(Date.now() - start < 10_000);
    });
});
