import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { checkout } from "../launch/install.mjs";

/** A command that says so once it runs, and leaves a daemon running beside it. */
const lasting = ["sh", "-c", "setsid sleep 600 & echo running; sleep 600; echo not reached"];

/** A sandbox that the test started, and what can be seen of it from outside. */
class Sandbox {
    readonly child: ChildProcess;
    readonly temporary = mkdtempSync(join(tmpdir(), "isolation-test-"));
    output = "";
    readonly #mark = randomUUID();

    constructor(command: readonly string[], how: { npm?: boolean; group?: boolean } = {}) {
        const start = how.npm ? ["npm", "run", "--silent", "sandbox", "--"] : ["node", "sandbox/start.mjs", "shell"];
        const [program = "", ...args] = [...start, "--no-pulumi", ...command];
        this.child = spawn(program, args, {
            cwd: checkout,
            // All of the run's processes inherit the mark, so that what is left of it can be found.
            env: { ...process.env, ISOLATION_TEST_MARK: this.#mark, TMPDIR: this.temporary },
            stdio: ["ignore", "pipe", "inherit"],
            detached: how.group ?? false,
        });
        this.child.stdout?.on("data", (data: Buffer) => (this.output += data.toString()));
    }

    async running(): Promise<this> {
        while (!this.output.includes("running")) {
            assert.equal(this.child.exitCode, null, "the sandbox ended before its command ran");
            await sleep(20);
        }
        return this;
    }

    async exit(): Promise<number | NodeJS.Signals> {
        if (this.child.exitCode === null && this.child.signalCode === null) {
            await once(this.child, "exit");
        }
        return this.child.exitCode ?? this.child.signalCode ?? -1;
    }

    processes(): { pid: number; command: string }[] {
        return readdirSync("/proc")
            .filter((name) => /^\d+$/.test(name))
            .filter((pid) => read(`/proc/${pid}/environ`).includes(this.#mark))
            .map((pid) => ({ pid: Number(pid), command: read(`/proc/${pid}/cmdline`).replaceAll("\0", " ") }));
    }

    kill(part: RegExp, signal: NodeJS.Signals): void {
        const found = this.processes().find(({ command }) => part.test(command));
        assert.ok(found, `no process matches ${String(part)}`);
        process.kill(found.pid, signal);
    }

    /** Asserts that nothing is left within a few seconds. */
    async assertGone(): Promise<void> {
        for (let tries = 0; tries < 100 && this.processes().length > 0; tries++) {
            await sleep(50);
        }
        assert.deepEqual(this.processes(), []);
        // npm keeps its own compile cache there.
        assert.deepEqual(
            readdirSync(this.temporary).filter((name) => name !== "node-compile-cache"),
            [],
        );
        rmSync(this.temporary, { recursive: true });
    }
}

function read(file: string): string {
    try {
        return readFileSync(file, "utf8");
    } catch {
        // The process has ended meanwhile, or belongs to another user.
        return "";
    }
}

function networkOf(pid: number): string {
    return readlinkSync(`/proc/${pid}/ns/net`);
}

/** The sockets on which a process listens, in this process's network. */
function listening(pid: number): string[] {
    const sockets = [...read("/proc/net/tcp").matchAll(/ 0A (?:\S+ +){5}(\d+)/g)].map(
        ([, inode]) => `socket:[${inode ?? ""}]`,
    );
    const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
    return open.filter((file) => sockets.includes(file));
}

/** What a run might leave behind besides processes. */
function machine() {
    return {
        mounts: read("/proc/self/mounts"),
        namespaces: existsSync("/run/netns") ? readdirSync("/run/netns") : [],
        links: readdirSync("/sys/class/net"),
        hostName: read("/proc/sys/kernel/hostname"),
        run: readdirSync("/run"),
        settings: read(join(checkout, "Pulumi.dev.yaml")),
    };
}

describe("Isolation", function () {
    this.timeout(30_000);
    const untouched = machine();

    afterEach(() => {
        assert.deepEqual(machine(), untouched);
    });

    it("passes the exit code on, keeps personal accounts out, and ends what the command left running", async () => {
        process.env["AWS_PROFILE"] = "personal";
        const run = new Sandbox(["sh", "-c", "setsid sleep 600 & echo $AWS_PROFILE $AWS_ENDPOINT_URL; exit 7"]);
        delete process.env["AWS_PROFILE"];
        assert.equal(await run.exit(), 7);
        assert.match(run.output, /^http:\/\/127\.0\.0\.1:\d+\n$/);
        await run.assertGone();
    });

    it("runs two at once, each in a network of its own; no port of the machine is opened; SIGTERM and SIGHUP end them", async () => {
        const [one, two] = await Promise.all([new Sandbox(lasting).running(), new Sandbox(lasting).running()]);
        const own = networkOf(process.pid);
        const networks = [one, two].map((run) => [...new Set(run.processes().map(({ pid }) => networkOf(pid)))]);
        assert.equal(new Set(networks.flat()).size, 3);
        assert.ok(networks.every((found) => found.length === 2 && found.includes(own)));
        const outside = [one, two].flatMap((run) => run.processes()).filter(({ pid }) => networkOf(pid) === own);
        assert.deepEqual(
            outside.flatMap(({ pid }) => listening(pid)),
            [],
        );
        one.child.kill("SIGTERM");
        two.child.kill("SIGHUP");
        assert.deepEqual(await Promise.all([one.exit(), two.exit()]), [143, 129]);
        await Promise.all([one.assertGone(), two.assertGone()]);
    });

    it("ends by SIGINT", async () => {
        const run = await new Sandbox(lasting).running();
        run.child.kill("SIGINT");
        assert.equal(await run.exit(), 130);
        assert.equal(run.output, "running\n");
        await run.assertGone();
    });

    it("lets the command finish in an orderly way after Ctrl-C, and tells it once", async () => {
        // Not one long sleep: the signal may come before it, and would end nothing.
        const waiting = "trap 'told=1; echo told' INT; echo running; until [ \"$told\" ]; do sleep 0.1; done";
        const orderly = `${waiting}; sleep 1; curl -sf $AWS_ENDPOINT_URL/moto-api/ > /dev/null && echo served; exit 5`;
        const run = await new Sandbox(["sh", "-c", orderly], { group: true }).running();
        // As a terminal does: to the whole process group in front.
        process.kill(-(run.child.pid ?? 0), "SIGINT");
        assert.equal(await run.exit(), 130);
        assert.equal(run.output, "running\ntold\nserved\n");
        await run.assertGone();
    });

    describe("after kill -9", () => {
        const victims = [
            { name: "npm", part: /^npm run/ },
            { name: "start.mjs", part: /^node \S*start\.mjs/ },
            { name: "outside.ts", part: /outside\.ts/ },
            { name: "unshare", part: /^unshare/ },
            { name: "inside.ts", part: /^\S*node .*inside\.ts/ },
            { name: "world.ts", part: /world\.ts/ },
        ];
        let runs: Sandbox[] = [];

        before(async () => {
            runs = await Promise.all(
                victims.map(({ name }) => new Sandbox(lasting, { npm: name === "npm" }).running()),
            );
        });

        for (const [index, { name, part }] of victims.entries()) {
            it(`of ${name} nothing is left`, async () => {
                const run = runs[index];
                run?.kill(part, "SIGKILL");
                await run?.exit();
                await run?.assertGone();
            });
        }
    });
});
