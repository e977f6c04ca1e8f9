import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../cache/process.ts";
import { playActs } from "../lab/play.ts";
import { ActTelling, type Telling } from "../lab/telling.ts";

/** What a telling has said when an act ends that does two things, without times. */
function told(isVerbose: boolean, hasFailed: boolean): string[] {
    const lines: string[] = [];
    const telling = new ActTelling("one", (line) => lines.push(line.replace(/^ +[\d.]+ s /, "")), isVerbose);
    telling.note("create             lab-vpc (aws:ec2/vpc:Vpc)");
    telling.say("ok      ping: none");
    telling.end(hasFailed);
    return lines;
}

describe("what an act tells", () => {
    const note = " create             lab-vpc (aws:ec2/vpc:Vpc)";
    const said = " ok      ping: none";

    it("is what people should see, and what the engine did only where they ask for it or the act fails", () => {
        assert.deepEqual(told(false, false), [said]);
        assert.deepEqual(told(false, true), [said, note]);
        assert.deepEqual(told(true, false), [note, said]);
        assert.deepEqual(told(true, true), [note, said]);
    });

    it("includes what the engine did before an act failed", async () => {
        const lines: string[] = [];
        const failing = { name: "one", shows: "", rule: "", play: () => Promise.reject(new Error("no")) };
        const stageOf = (_: unknown, { note: noted }: Telling) => {
            const prepare = () => {
                noted("create");
                return Promise.resolve();
            };
            return { prepare, cleanUp: () => Promise.resolve(), changes: {} };
        };
        const log = (line: string) => lines.push(line);
        const [report] = await playActs([failing], stageOf, { log, ending: new AbortController().signal });
        assert.equal(report?.error, "no");
        assert.match(lines.at(-1) ?? "", / s {2}create$/);
    });

    it("waits for the person after each act but the last, while what it made stands", async () => {
        const done: string[] = [];
        const act = (name: string) => ({ name, shows: "", rule: "", play: () => Promise.resolve([]) });
        const stageOf = ({ name }: { name: string }) => {
            const cleanUp = () => Promise.resolve(void done.push(`undone ${name}`));
            return { prepare: () => Promise.resolve(), cleanUp, changes: {} };
        };
        const step = () => Promise.resolve(void done.push("waited"));
        const context = { log: () => undefined, ending: new AbortController().signal };
        await playActs([act("one"), act("destroy")], stageOf, context, { step });
        assert.deepEqual(done, ["waited", "undone one", "undone destroy"]);
    });
});

describe("a terminal", () => {
    const folder = mkdtempSync(join(tmpdir(), "telling-"));
    after(() => {
        rmSync(folder, { recursive: true });
    });

    /** What a program in TypeScript shows on a terminal on which this is typed. */
    async function shown(program: string, input = ""): Promise<string> {
        const file = join(folder, "program.ts");
        writeFileSync(file, program);
        const command = `printf '${input}' | script -qec "stty cols 100; '${process.execPath}' --disable-warning=ExperimentalWarning '${file}'" /dev/null`;
        return run("sh", ["-c", command]);
    }

    it("has one line that moves, with what the engine does, below what is said", async () => {
        const from = JSON.stringify(join(import.meta.dirname, "../lab/telling.ts"));
        const saying = JSON.stringify(join(import.meta.dirname, "../cache/tool.mjs"));
        const text = await shown(`import { ActTelling } from ${from};
            import { say } from ${saying};
            const telling = new ActTelling("one", say, false);
            telling.note("create             lab-vpc (aws:ec2/vpc:Vpc)");
            telling.say("ok");
            telling.end(false);`);
        assert.match(text, / {2}one: 0 s, create lab-vpc\r\n/);
        assert.match(text, / 0\.\d s {2}ok\r\n {2}one: 0 s\r\n/);
        // Each time it is drawn anew it is removed before, and it is gone at the end.
        const count = (part: string) => text.split(part).length - 1;
        assert.equal(count("  one: "), count("\u001B[0J"));
        assert.ok(text.endsWith("\u001B[0J"));
    });

    it("asks whether to go on, and opens a shell as often as the person wants", async () => {
        const from = JSON.stringify(join(import.meta.dirname, "../lab/step.ts"));
        const text = await shown(
            `import { waitForPerson } from ${from};
            const ending = new AbortController().signal;
            await waitForPerson({ ending }, (_, introduction) => Promise.resolve(console.log("OPENED", introduction)));
            console.log("went on");
            process.exit(0);`,
            "s\\ns\\n\\n",
        );
        assert.equal(text.split("OPENED").length, 3);
        assert.match(text, /Enter goes on, s opens a shell: .*went on/s);
    });
});
