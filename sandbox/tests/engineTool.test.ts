import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../cache/process.ts";

describe("a tool with a log file", () => {
    const folder = mkdtempSync(join(tmpdir(), "tool-"));
    const env = { VPC_PEERING_LAB_CACHE: folder };
    after(() => {
        rmSync(folder, { recursive: true });
    });

    const tool = JSON.stringify(join(import.meta.dirname, "../cache/tool.mjs"));

    /** A script for Node's command line that runs a shell command as a tool. */
    function script(command: string): string {
        return `import { runTool, say, showWork } from ${tool};
            await showWork("making it", 90, async () => {
                await runTool("maker", ["sh", "-c", ${JSON.stringify(command)}]);
                say("by the way");
            }).catch(({ message }) => { console.log(message); });`;
    }

    it("logs its output to a file and shows a line at the start and at the end", async () => {
        const node = ["--input-type=module", "--eval", script("echo noise; echo more >&2")];
        const shown = await run("sh", ["-c", 'exec "$@" 2>&1', "sh", process.execPath, ...node], { env });
        assert.equal(shown, "making it: about 1 min 30 s left\nby the way\nmaking it: done in 0 s\n");
        assert.equal(readFileSync(join(folder, "logs/maker.log"), "utf8"), "noise\nmore\n");
    });

    it("fails with the name and the last lines of the log file", async () => {
        const said = await run(process.execPath, ["--input-type=module", "--eval", script("seq 30; exit 4")], { env });
        assert.match(said, /ended with 4\. The end of .*\/logs\/maker\.log:\n16\n[^]*\n30\n$/);
    });

    it("rewrites its line on a terminal", async () => {
        const file = join(folder, "script.mjs");
        await run("tee", [file], { input: script("sleep 1.5") });
        const shown = await run("script", ["-qec", `stty cols 80; '${process.execPath}' '${file}'`, "/dev/null"], {
            env,
        });
        const [first = "", ...more] = shown.split("\x1b[1A\x1b[1G\x1b[0J");
        assert.equal(first, "making it: about 1 min 30 s left\r\n");
        assert.equal(more[0], "making it: 1 s, about 1 min 29 s left\r\n");
        assert.match(more.at(-1) ?? "", /^making it: done in 2 s\r\n$/);
    });
});
