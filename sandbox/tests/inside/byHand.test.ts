import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readNames } from "../../launch/shell.ts";
import { run } from "./pulumi.ts";

// Types the commands of docs/by-hand.md in one shell, and looks for what the page says they print. Runs inside a sandbox.

/** A block of commands, and the lines that the page shows of their output. */
interface Step {
    readonly commands: string;
    readonly shown: readonly string[];
}

/** The page's blocks of commands, each with the output that is shown before the next one. */
function stepsOf(page: string): Step[] {
    const [, ...parts] = page.split("```sh\n");
    return parts.map((part) => {
        const [commands = ""] = part.split("```");
        const [, shown = ""] = /```text\n(.*?)```/s.exec(part) ?? [];
        return { commands, shown: shown.split("\n").filter((line) => line !== "") };
    });
}

/** Whether an output has a line as the page shows it, where `…` stands for anything, and lines may be broken elsewhere. */
function has(output: string, line: string): boolean {
    const parts = line.trim().split("…");
    const quoted = parts.map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
    return new RegExp(quoted.join(".*")).test(output.replaceAll(/\s+/g, " "));
}

describe("docs/by-hand.md", () => {
    it("prints what it says", async () => {
        const steps = stepsOf(readFileSync("docs/by-hand.md", "utf8"));
        assert.ok(steps.length > 8);
        const folder = mkdtempSync(join(tmpdir(), "by-hand-"));
        const script = join(folder, "script");
        // The variables are read before each step, as the shell does before each prompt.
        const typed = steps.map(({ commands }) => `read_names\n${commands}\necho "== end of step"`).join("\n");
        writeFileSync(script, `exec 2>&1\n${readNames}\n${typed}\n`);
        const { text } = await run("bash", [script]);
        const outputs = text.split("== end of step\n");
        assert.equal(outputs.length, steps.length + 1, text);
        for (const [index, { commands, shown }] of steps.entries()) {
            const output = outputs[index] ?? "";
            const missing = shown.filter((line) => !has(output, line.replaceAll(/\s+/g, " ")));
            assert.deepEqual(missing, [], `${commands}${output}`);
        }
        assert.doesNotMatch(text, /usage:|An error occurred|command not found/);
    });
});
