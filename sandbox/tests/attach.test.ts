import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { chosenOf, runningSandboxes } from "../launch/attach.ts";

const start = join(import.meta.dirname, "../start.mjs");

describe("another terminal", () => {
    const first = { pid: 11, command: "lab tour" };
    const second = { pid: 22, command: "shell" };

    it("is one in the only sandbox, or in the one whose PID is given", () => {
        assert.equal(chosenOf([first], undefined), first);
        assert.equal(chosenOf([first, second], "22"), second);
    });

    it("says what to type where it is not clear which, or where there is none", () => {
        assert.equal(
            chosenOf([first, second], undefined),
            "several sandboxes are running:\n  npm run sandbox -- --attach 11   lab tour\n  npm run sandbox -- --attach 22   shell",
        );
        const asked = chosenOf([first], "22");
        assert.ok(typeof asked === "string");
        assert.match(asked, /^no sandbox has the PID 22; running:\n {2}.*--attach 11/);
        assert.equal(
            chosenOf([], undefined),
            "no sandbox of this checkout is running: start one with 'npm run sandbox'",
        );
    });

    describe("in a sandbox that runs", () => {
        let sandbox: ChildProcess;
        let pid: number;

        before(async () => {
            const known = new Set(runningSandboxes().map((one) => one.pid));
            // It stays until its standard input ends.
            const command = ["shell", "--no-pulumi", "sh", "-c", "echo ready; cat > /run/vpc-peering-lab/typed"];
            sandbox = spawn(process.execPath, [start, ...command], { stdio: ["pipe", "pipe", "inherit"] });
            await once(sandbox.stdout ?? sandbox, "data");
            const found = runningSandboxes().filter((one) => !known.has(one.pid));
            assert.equal(found.length, 1);
            assert.match(found[0]?.command ?? "", /^shell sh -c echo ready/);
            pid = found[0]?.pid ?? 0;
        });
        after(async () => {
            sandbox.stdin?.end();
            await once(sandbox, "exit");
        });

        it("has its files, network and environment, and leaves it running", () => {
            const typed = "ls /run/vpc-peering-lab/typed; ip -brief link show up; echo at $AWS_ENDPOINT_URL in $PWD\n";
            const { status, stdout, stderr } = spawnSync(process.execPath, [start, "shell", "--attach", String(pid)], {
                encoding: "utf8",
                input: typed,
                env: { ...process.env, SHELL: "/bin/sh" },
            });
            assert.equal(status, 0, stderr);
            assert.match(stdout, /^\/run\/vpc-peering-lab\/typed\nlo +\S+/);
            assert.match(stdout, /at http:\/\/127\.0\.0\.1:\d+ in /);
            assert.match(stderr, /Another terminal in the sandbox with EC2 at http/);
            assert.equal(sandbox.exitCode, null);
        });
    });

    it("ends with its sandbox", async () => {
        const known = new Set(runningSandboxes().map((one) => one.pid));
        const command = ["shell", "--no-pulumi", "sh", "-c", "echo ready; read line"];
        const sandbox = spawn(process.execPath, [start, ...command], { stdio: ["pipe", "pipe", "inherit"] });
        await once(sandbox.stdout, "data");
        const [found] = runningSandboxes().filter((one) => !known.has(one.pid));
        const options = [start, "shell", "--attach", String(found?.pid)];
        const other = spawn(process.execPath, options, {
            stdio: ["pipe", "pipe", "pipe"],
            env: { ...process.env, SHELL: "/bin/sh" },
        });
        let said = "";
        other.stderr.on("data", (data: Buffer) => (said += data.toString()));
        other.stdin.write("echo here\n");
        await once(other.stdout, "data");
        sandbox.stdin.end("\n");
        assert.deepEqual(await once(other, "exit"), [0, null]);
        assert.match(said, /The sandbox has ended\.\n$/);
    });
});
