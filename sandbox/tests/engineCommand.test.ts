import assert from "node:assert/strict";
import { execute } from "../engine/plugins/command/execution.ts";
import { changedInputs, failuresOf, secret, stateOf } from "../engine/plugins/command/inputs.ts";

const quiet = { status: () => undefined, signal: new AbortController().signal };

describe("the command plugin's inputs", () => {
    it("are rejected if they are not supported, as are other resources", () => {
        const urn = "urn:pulumi:s::p::command:local:Command::n";
        const failures = failuresOf(urn, { create: "id", stdin: "in", archivePaths: ["*"], assetPaths: ["*"] });
        assert.deepEqual(
            failures.map(({ property }) => property),
            ["assetPaths", "archivePaths"],
        );
        assert.throws(
            () => failuresOf(urn.replace("local", "remote"), {}),
            /supports local.Command, not command:remote:Command/,
        );
    });

    it("cause a replacement if a trigger changes and an update if anything else does", () => {
        const olds = { create: "a", triggers: [1], environment: secret({ A: "a" }), __defaults: [], stdout: "x" };
        const same = { create: "a", triggers: [1], environment: { A: "a" } };
        assert.deepEqual([...changedInputs(olds, same)], []);
        assert.deepEqual(
            [...changedInputs(olds, { create: "b", triggers: [2], update: "u" })],
            [
                ["create", "UPDATE"],
                ["environment", "DELETE"],
                ["triggers", "UPDATE_REPLACE"],
                ["update", "ADD"],
            ],
        );
    });

    it("make the outputs secret if they contain a secret", () => {
        const outputs = { stdout: "o", stderr: "" };
        assert.equal(stateOf({ environment: { A: "a" } }, outputs)["stdout"], "o");
        assert.deepEqual(stateOf({ environment: { A: secret("a") } }, outputs)["stdout"], secret("o"));
    });
});

describe("a local command", () => {
    it("gets its input, its environment and the outputs of its previous run", async () => {
        const lines: string[] = [];
        const state = { environment: { A: "a" }, stdin: "in", stdout: "before", interpreter: ["/bin/sh", "-ec"] };
        const command = 'cat; echo; echo "$A $PULUMI_COMMAND_STDOUT"; echo oops >&2';
        const outputs = await execute(command, state, { ...quiet, status: (line) => lines.push(line) });
        assert.deepEqual(outputs, { stdout: "in\na before", stderr: "oops" });
        assert.deepEqual(lines.sort(), ["a before", "in", "oops"]);
    });

    it("fails with its exit status and all of its output", async () => {
        const failed = execute("echo some; exit 3", { logging: "none" }, quiet);
        await assert.rejects(failed, { message: 'exit status 3: running "echo some; exit 3":\nsome\n' });
    });

    it("is killed when the engine cancels, and then waited for until its children have closed its output", async () => {
        const abort = new AbortController();
        const lines: string[] = [];
        const status = (line: string) => {
            lines.push(line);
            abort.abort();
        };
        const running = execute("(echo begun; sleep 1; echo survived) & wait", {}, { status, signal: abort.signal });
        await assert.rejects(running, /signal: SIGKILL/);
        assert.deepEqual(lines, ["begun", "survived"]);
    });
});
