import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import ssh from "ssh2";
import { execute } from "../engine/plugins/command/execution.ts";
import { changedInputs, checkInputs, kindOf, secret, stateOf } from "../engine/plugins/command/inputs.ts";
import type { WireObject } from "../engine/plugins/wire.ts";

const quiet = { status: () => undefined, signal: new AbortController().signal };

describe("the command plugin's inputs", () => {
    it("get the vendor plugin's defaults, and the connection becomes a secret", () => {
        const { inputs, failures } = checkInputs("remote", { create: "id", connection: { host: "h", port: 2222 } });
        assert.deepEqual(failures, []);
        assert.deepEqual(inputs, {
            create: "id",
            connection: secret({ user: "root", port: 2222, dialErrorLimit: 10, perDialTimeout: 15, host: "h" }),
        });
    });

    it("are rejected if they are not supported or required ones are missing", () => {
        const properties = (kind: "local" | "remote", inputs: WireObject) =>
            checkInputs(kind, inputs).failures.map(({ property }) => property);
        assert.deepEqual(properties("remote", { connection: secret({ proxy: { host: "b" } }) }), [
            "connection.proxy",
            "connection.host",
        ]);
        assert.deepEqual(properties("local", { assetPaths: ["*"] }), ["assetPaths"]);
        assert.throws(
            () => kindOf("urn:pulumi:s::p::command:remote:CopyToRemote::n"),
            /not command:remote:CopyToRemote/,
        );
    });

    it("cause a replacement if a trigger changes and an update if anything else does", () => {
        const olds = { create: "a", triggers: [1], connection: secret({ host: "h" }), __defaults: [], stdout: "x" };
        const same = { create: "a", triggers: [1], connection: { host: "h" } };
        assert.deepEqual([...changedInputs(olds, same)], []);
        assert.deepEqual(
            [...changedInputs(olds, { create: "b", triggers: [2], update: "u" })],
            [
                ["connection", "DELETE"],
                ["create", "UPDATE"],
                ["triggers", "UPDATE_REPLACE"],
                ["update", "ADD"],
            ],
        );
    });

    it("make the outputs secret if they contain a secret other than the connection", () => {
        const outputs = { stdout: "o", stderr: "" };
        assert.equal(stateOf({ connection: secret({}) }, outputs)["stdout"], "o");
        assert.deepEqual(stateOf({ environment: { A: secret("a") } }, outputs)["stdout"], secret("o"));
    });
});

describe("a local command", () => {
    it("gets its input, its environment and the outputs of its previous run", async () => {
        const lines: string[] = [];
        const state = { environment: { A: "a" }, stdin: "in", stdout: "before", interpreter: ["/bin/sh", "-ec"] };
        const command = 'cat; echo; echo "$A $PULUMI_COMMAND_STDOUT"; echo oops >&2';
        const outputs = await execute("local", command, state, { ...quiet, status: (line) => lines.push(line) });
        assert.deepEqual(outputs, { stdout: "in\na before", stderr: "oops" });
        assert.deepEqual(lines.sort(), ["a before", "in", "oops"]);
    });

    it("fails with its exit status and all of its output", async () => {
        const failed = execute("local", "echo some; exit 3", { logging: "none" }, quiet);
        await assert.rejects(failed, { message: 'exit status 3: running "echo some; exit 3":\nsome\n' });
    });

    it("is ended when the engine cancels", async () => {
        const abort = new AbortController();
        const running = execute("local", "sleep 60", {}, { ...quiet, signal: abort.signal });
        abort.abort();
        await assert.rejects(running, /signal: SIGKILL/);
    });
});

describe("a remote command", () => {
    const { privateKey } = generateKeyPairSync("rsa", {
        modulusLength: 2048,
        privateKeyEncoding: { type: "pkcs1", format: "pem" },
        publicKeyEncoding: { type: "spki", format: "pem" },
    });
    const commands: string[] = [];
    let connections = 0;
    const server = new ssh.Server({ hostKeys: [privateKey] }, (client) => {
        connections++;
        client.on("error", () => undefined);
        client.on("authentication", (context) => {
            if (context.method === "publickey" || (context.method === "password" && context.password === "right")) {
                context.accept();
            } else {
                context.reject(["password", "publickey"]);
            }
        });
        client.on("session", (accept) => {
            const session = accept();
            session.on("exec", (acceptExec, _reject, { command }) => {
                commands.push(command);
                const channel = acceptExec();
                channel.write("out\n");
                channel.stderr.write("err\n");
                if (command !== "hang") {
                    channel.exit(command === "fail" ? 7 : 0);
                    channel.end();
                }
            });
        });
    });
    const connect = (more: WireObject): WireObject => {
        const { port } = server.address() as AddressInfo;
        return { connection: { host: "127.0.0.1", port, user: "u", dialErrorLimit: 1, perDialTimeout: 5, ...more } };
    };

    before(async () => {
        server.listen(0, "127.0.0.1");
        await once(server, "listening");
    });
    after(() => {
        server.close();
    });

    it("runs with a key or a password", async () => {
        for (const credentials of [{ privateKey }, { password: "right" }]) {
            assert.deepEqual(await execute("remote", "hello", connect(credentials), quiet), {
                stdout: "out",
                stderr: "err",
            });
        }
        assert.deepEqual(commands, ["hello", "hello"]);
    });

    it("fails with the exit status and all of the output", async () => {
        const failed = execute("remote", "fail", connect({ privateKey }), quiet);
        await assert.rejects(failed, /^Error: Process exited with status 7: running "fail":\n(out\nerr|err\nout)\n$/);
    });

    it("reports each retry and fails after the allowed number of attempts", async () => {
        const lines: string[] = [];
        connections = 0;
        const failed = execute("remote", "x", connect({ password: "wrong" }), {
            ...quiet,
            status: (line) => lines.push(line),
        });
        await assert.rejects(failed, /after 1 failed attempts: .*authentication/i);
        assert.deepEqual(lines, ["Dial 1/1 failed: retrying"]);
        assert.equal(connections, 2);
    });

    it("fails at once if the key is invalid", async () => {
        await assert.rejects(execute("remote", "x", connect({ privateKey: "no key" }), quiet), /key format/);
    });

    it("is ended when the engine cancels", async () => {
        const abort = new AbortController();
        const status = (line: string) => {
            if (line === "out") {
                abort.abort();
            }
        };
        const running = execute("remote", "hang", connect({ privateKey }), { signal: abort.signal, status });
        await assert.rejects(running, /connection ended/);
    });
});
