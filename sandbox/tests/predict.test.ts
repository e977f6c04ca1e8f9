import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { setImmediate } from "node:timers/promises";
import type { Act } from "../lab/act.ts";
import { playActs, type Stage } from "../lab/play.ts";
import { Predictions, scoreLine } from "../lab/predict.ts";

const verdicts = [
    { what: "VPC1 -> VPC2 ping", expected: "reply", seen: "reply" },
    { what: "VPC1 -> VPC2 HTTP", expected: "none", seen: "none" },
    { what: "VPC1 -> VPC2 HTTP is stopped by", expected: "x", seen: "x" },
    { what: "later, VPC2 -> VPC1 ping", expected: "none", seen: "none" },
];

/** A person at a terminal. */
function person() {
    const [input, output, ending] = [new PassThrough(), new PassThrough(), new AbortController()];
    const predictions = new Predictions({ input, output }, ending.signal);
    /** Has the person asked, and types. */
    const ask = (typed: string) => {
        const asking = predictions.ask(verdicts);
        input.write(typed);
        return asking;
    };
    const said = () => text(output.end());
    return { predictions, input, ending, ask, said };
}

describe("predictions", () => {
    it("are asked for each ping and HTTP request, judged, and counted", async () => {
        const { predictions, ask, said } = person();
        await ask("y\nYES\nno\n");
        predictions.close();
        assert.deepEqual(predictions.score, { right: 2, given: 3 });
        assert.equal(scoreLine(predictions.score), "predictions: 2 of 3 right, 67 %");
        assert.deepEqual((await said()).trim().split("\n"), [
            "What do you think: is it answered? Type y or n, or nothing to pass.",
            "    VPC1 -> VPC2 ping:       right: reply",
            "    VPC1 -> VPC2 HTTP:       wrong: none",
            "    later, VPC2 -> VPC1 ping:       right: none",
        ]);
    });

    it("are asked for again if they are neither yes nor no, and left out if nothing is typed", async () => {
        const { predictions, ask, said } = person();
        await ask("maybe\ny\n\nn\n");
        predictions.close();
        assert.deepEqual(predictions.score, { right: 2, given: 2 });
        assert.match(await said(), /VPC1 -> VPC2 ping: +y or n, please\n +VPC1 -> VPC2 ping: +right/);
    });

    it("are not what was typed before they were asked for", async () => {
        const { predictions, input, ask } = person();
        input.write("n\nn\nn\n");
        await setImmediate();
        await ask("y\n\n\n");
        predictions.close();
        assert.deepEqual(predictions.score, { right: 1, given: 1 });
    });

    it("end with the person's input, and with the run", async () => {
        const gone = person();
        const last = gone.ask("y\n");
        await setImmediate();
        gone.input.end();
        await last;
        await gone.predictions.ask(verdicts);
        assert.deepEqual(gone.predictions.score, { right: 1, given: 1 });

        const cut = person();
        const asking = cut.ask("y\n");
        await setImmediate();
        cut.ending.abort("SIGINT");
        await asking;
        assert.deepEqual(cut.predictions.score, { right: 1, given: 1 });
        cut.predictions.close();
        assert.equal(scoreLine({ right: 0, given: 0 }), "predictions: 0 of 0 right");
    });

    it("come before an act tells what it shows", async () => {
        const lines: string[] = [];
        const act: Act<Stage> = {
            name: "one",
            shows: "the answer",
            rule: "a page",
            play: () => Promise.resolve(verdicts),
        };
        const stage = { prepare: () => Promise.resolve(), cleanUp: () => Promise.resolve(), changes: {} };
        const log = (line: string) => lines.push(line);
        const ask = () => {
            log("asked");
            return Promise.resolve();
        };
        await playActs([act], () => stage, { log, ending: new AbortController().signal }, { predictions: { ask } });
        assert.deepEqual(lines.slice(0, 3), ["\nact 1, one\n  a page", "asked", "\n  the answer"]);
        assert.match(lines[3] ?? "", /ok {6}VPC1 -> VPC2 ping: reply/);
    });
});
