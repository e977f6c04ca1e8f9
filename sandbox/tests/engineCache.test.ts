import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { isComplete, makeEntry } from "../cache/cache.ts";

describe("the cache", () => {
    let folder = "";
    beforeEach(() => {
        folder = mkdtempSync(join(tmpdir(), "cache-"));
    });
    afterEach(() => {
        rmSync(folder, { recursive: true });
    });

    /** Starts a process that takes the lock and makes the entry if it is missing, and prints a line when it does. */
    function maker(milliseconds: number): ChildProcess {
        const script = `
            import { isComplete, makeEntry, withLock } from ${JSON.stringify(join(import.meta.dirname, "../cache/cache.ts"))};
            import { appendFileSync, writeFileSync } from "node:fs";
            import { setTimeout } from "node:timers/promises";
            const entry = process.argv[1] + "/part";
            await withLock(process.argv[1], console.log, async () => {
                if (!isComplete(entry)) {
                    await makeEntry(entry, async (dir) => {
                        appendFileSync(process.argv[1] + "/made", "x");
                        console.log("making");
                        await setTimeout(${milliseconds});
                        writeFileSync(dir + "/program", "whole");
                    });
                }
            });`;
        return spawn(process.execPath, ["--input-type=module", "--eval", script, folder], {
            stdio: ["ignore", "pipe", "inherit"],
        });
    }

    async function firstLine(process: ChildProcess): Promise<string> {
        assert.ok(process.stdout);
        const [line] = (await once(createInterface(process.stdout), "line")) as [string];
        return line;
    }

    it("makes the second of two runs wait and use the entry of the first", async () => {
        const first = maker(900);
        assert.equal(await firstLine(first), "making");
        const second = maker(0);
        assert.match(await firstLine(second), /waiting for it to finish/);
        assert.deepEqual(await once(second, "exit"), [0, null]);
        assert.equal(readFileSync(join(folder, "made"), "utf8"), "x");
        assert.equal(readFileSync(join(folder, "part/program"), "utf8"), "whole");
    });

    it("is unlocked and cleaned up after a run is killed", async () => {
        const first = maker(60_000);
        assert.equal(await firstLine(first), "making");
        first.kill("SIGKILL");
        await once(first, "exit");
        assert.ok(readdirSync(folder).some((name) => name.startsWith(".making-")));
        const second = maker(0);
        assert.deepEqual(await once(second, "exit"), [0, null]);
        assert.ok(isComplete(join(folder, "part")));
        assert.ok(!readdirSync(folder).some((name) => name.startsWith(".making-")));
    });

    it("leaves nothing behind if making an entry fails", async () => {
        const entry = join(folder, "part");
        await assert.rejects(
            makeEntry(entry, () => Promise.reject(new Error("no"))),
            /no/,
        );
        assert.ok(!existsSync(entry));
        assert.deepEqual(readdirSync(folder), []);
    });

    it("keeps an entry that another run created while this one waited for the lock", async () => {
        const entry = join(folder, "part");
        const make = (text: string) =>
            makeEntry(entry, (dir) => {
                writeFileSync(join(dir, "program"), text);
                return Promise.resolve();
            });
        await make("first");
        await make("second");
        assert.equal(readFileSync(join(entry, "program"), "utf8"), "first");
        assert.deepEqual(readdirSync(folder), ["part"]);
    });
});
