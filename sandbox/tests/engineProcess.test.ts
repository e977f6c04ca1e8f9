import assert from "node:assert/strict";
import { run } from "../cache/process.ts";

describe("a program that is run to its end", () => {
    it("gets its input and gives its standard output", async () => {
        assert.equal(await run("sh", ["-c", "cat; echo aside >&2"], { input: "in" }), "in");
    });

    it("fails with its exit status and what it printed", async () => {
        await assert.rejects(run("sh", ["-c", "echo why >&2; exit 3"]), /^Error: sh -c .* ended with 3:\nwhy$/);
    });

    it("ends at its time limit, with what it started", async () => {
        const start = Date.now();
        // What is left of it would keep its standard output open, and with it the call.
        await assert.rejects(run("sh", ["-c", "sleep 60 & echo so far; wait"], { timeout: 0.5 }), /0\.5 s:\nso far$/);
        assert.ok(Date.now() - start < 10_000);
    });
});
