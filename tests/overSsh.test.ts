import * as assert from "assert";
import { spawn, spawnSync, type ChildProcess } from "child_process";
import { once } from "events";
import * as fs from "fs";
import * as net from "net";
import * as os from "os";
import * as path from "path";
import { Server, utils, type ParsedKey } from "ssh2";
import { overSsh } from "../components/check/overSsh";
import { readyScript } from "../components/check/probe";

const limit = 15;

/** How a command ended, and after how many seconds. */
interface Ended {
    readonly status: number | null;
    readonly stdout: string;
    readonly stderr: string;
    readonly seconds: number;
}

let folder: string;
let keys: Record<"right" | "wrong" | "locked", string>;
/** A real SSH server with one authorized key, whose commands run in this machine's shell. */
let server: Server;
let port: number;
/** How many of the next logins come before the key is installed. */
let early = 0;
/** What ends with the tests. */
const ends: (() => void)[] = [];

function makeKey(name: string, passphrase: string): string {
    const file = path.join(folder, name);
    const { status, stderr } = spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", passphrase, "-f", file], {
        encoding: "utf8",
    });
    assert.strictEqual(status, 0, stderr);
    return fs.readFileSync(file, "utf8");
}

async function listen(listener: net.Server | Server): Promise<number> {
    listener.listen(0, "127.0.0.1");
    await once(listener, "listening");
    ends.push(() => listener.close());
    return (listener.address() as net.AddressInfo).port;
}

/** The port of a process that has stopped with its queue of connections full, so that the kernel drops what comes. */
async function droppingPort(): Promise<number> {
    const listener = `require("net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, function () { console.log(this.address().port); })`;
    const child = spawn(process.execPath, ["-e", listener]);
    ends.push(() => child.kill("SIGKILL"));
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    child.kill("SIGSTOP");
    const full = Number(line);
    for (let connected = true; connected;) {
        const socket = net.connect(full, "127.0.0.1");
        ends.push(() => socket.destroy());
        connected = await Promise.race([
            once(socket, "connect").then(() => true),
            new Promise<boolean>((resolve) => setTimeout(resolve, 500, false)),
        ]);
    }
    return full;
}

/** The port of a proxy to the server that forwards no more once a session has begun. */
async function cutPort(): Promise<number> {
    const proxy = net.createServer((client) => {
        const upstream = net.connect(port, "127.0.0.1");
        client.on("error", () => undefined).pipe(upstream);
        upstream.on("error", () => undefined).pipe(client);
        const cut = () => {
            client.unpipe().resume();
            upstream.unpipe().resume();
        };
        server.once("cut", cut);
        ends.push(() => {
            client.destroy();
            upstream.destroy();
        });
    });
    return listen(proxy);
}

interface Run {
    readonly at?: number;
    readonly key?: string | undefined;
    readonly script?: string;
    readonly env?: Record<string, string>;
    /** The command that runs it; nothing stands between by default. */
    readonly under?: readonly string[];
}

function start({ at = port, key = keys.right, script = "echo done", env = {}, under = [] }: Run): ChildProcess {
    const [program = "", ...args] = [...under, ...overSsh(key !== "")];
    const child = spawn(program, [...args, `ssh://ec2-user@127.0.0.1:${at}`], {
        env: {
            PATH: process.env["PATH"],
            HOME: folder,
            CHECK_LABEL: "VPC1",
            CHECK_LIMIT: String(limit),
            ...(key !== "" && { CHECK_PRIVATE_KEY: key }),
            ...env,
        },
    });
    child.stdin.end(script);
    return child;
}

async function run(how: Run): Promise<Ended> {
    const begin = performance.now();
    const child = start(how);
    let [stdout, stderr] = ["", ""];
    child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    // Not `exit`: the plugin waits until nothing holds the pipes any more.
    const [status] = (await once(child, "close")) as [number | null];
    return { status, stdout, stderr, seconds: (performance.now() - begin) / 1000 };
}

/** A file of a process; empty once it has ended. */
function ofProcess(id: string, file: string): string {
    try {
        return fs.readFileSync(`/proc/${id}/${file}`, "utf8");
    } catch {
        return "";
    }
}

/** Processes with this variable in their environment. */
function processesWith(variable: string): string[] {
    return fs.readdirSync("/proc").filter((id) => /^\d+$/.test(id) && ofProcess(id, "environ").includes(variable));
}

async function until(condition: () => boolean, seconds: number): Promise<void> {
    for (const begin = performance.now(); !condition();) {
        assert.ok(performance.now() - begin < seconds * 1000, `not within ${seconds} s: ${String(condition)}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}

describe("overSsh", function () {
    this.timeout(60_000);

    before(async () => {
        folder = fs.mkdtempSync(path.join(os.tmpdir(), "over-ssh-test-"));
        keys = { right: makeKey("right", ""), wrong: makeKey("wrong", ""), locked: makeKey("locked", "secret") };
        const authorized = utils.parseKey(keys.right) as ParsedKey;
        server = new Server({ hostKeys: [makeKey("host", "")] }, (client) => {
            client.on("error", () => undefined);
            // One that is not ready yet knows no key.
            const isEarly = early > 0;
            early = Math.max(0, early - 1);
            client.on("authentication", (context) => {
                const isRight =
                    !isEarly && context.method === "publickey" && context.key.data.equals(authorized.getPublicSSH());
                if (isRight) {
                    context.accept();
                } else {
                    context.reject(["publickey"]);
                }
            });
            client.on("session", (accept) => {
                accept().on("exec", (acceptExec, _reject, { command }) => {
                    const channel = acceptExec();
                    // A process group of its own, because what the command has started must end with it.
                    const child = spawn("bash", ["-c", command], { detached: true });
                    const end = () => {
                        if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
                            process.kill(-child.pid, "SIGKILL");
                        }
                    };
                    ends.push(end);
                    channel.pipe(child.stdin.on("error", () => undefined));
                    child.stdout.pipe(channel, { end: false });
                    child.stderr.pipe(channel.stderr, { end: false });
                    child.once("close", (code) => {
                        channel.exit(code ?? 1);
                        channel.end();
                    });
                    client.once("close", end);
                    server.emit("cut");
                });
            });
        });
        port = await listen(server);
    });
    after(() => {
        for (const end of ends.reverse()) {
            end();
        }
        fs.rmSync(folder, { recursive: true });
    });

    it("runs the script on the server and passes on its last line and its messages", async () => {
        const { seconds, ...result } = await run({ script: "echo working >&2; echo '{\"ready\":true}'" });
        assert.deepStrictEqual(result, { status: 0, stdout: '{"ready":true}\n', stderr: "working\n" });
        assert.ok(seconds < 5, String(seconds));
    });

    it("runs without the user's .bashrc, also where its standard input is a socket", async () => {
        const bashrc = path.join(folder, ".bashrc");
        fs.writeFileSync(bashrc, "echo from .bashrc >&2; sleep 60\n");
        // Node gives its children a socket.
        const child = start({});
        let stderr = "";
        child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
        await Promise.race([once(child, "close"), new Promise((resolve) => setTimeout(resolve, 5000))]);
        child.kill("SIGKILL");
        fs.rmSync(bashrc);
        assert.deepStrictEqual({ status: child.exitCode, stderr }, { status: 0, stderr: "" });
    });

    it("fails when the script does", async () => {
        const { seconds, ...result } = await run({ script: "echo broken >&2; exit 7" });
        assert.deepStrictEqual(result, { status: 1, stdout: "\n", stderr: "broken\n" });
        assert.ok(seconds < 5, String(seconds));
    });

    it("does not care for an SSH agent that is gone when it has a key", async () => {
        const { status, stderr } = await run({ env: { SSH_AUTH_SOCK: path.join(folder, "gone") } });
        assert.deepStrictEqual({ status, stderr }, { status: 0, stderr: "" });
    });

    it("signs with the user's agent when it has none, and leaves that agent running", async () => {
        const text = spawnSync("ssh-agent", ["-s"], { encoding: "utf8" }).stdout;
        const [, socket = "", pid = ""] = /SSH_AUTH_SOCK=([^;]+)[^]*SSH_AGENT_PID=(\d+)/.exec(text) ?? [];
        ends.push(() => process.kill(Number(pid)));
        const agent = { SSH_AUTH_SOCK: socket, SSH_AGENT_PID: pid };
        const refused = await run({ key: "", env: agent });
        assert.strictEqual(refused.status, 1);
        assert.match(refused.stderr, /Look at whether 'ssh-add -l' lists the key of the server's key pair/);
        const added = spawnSync("ssh-add", ["-q", path.join(folder, "right")], { env: { ...process.env, ...agent } });
        assert.strictEqual(added.status, 0);
        assert.strictEqual((await run({ key: "", env: agent })).status, 0);
        assert.strictEqual(process.kill(Number(pid), 0), true);
    });

    const refusals: Record<string, { key: () => string; message: RegExp }> = {
        "another server's key": {
            key: () => keys.wrong,
            message:
                /^VPC1's server refuses the login: .*Permission denied \(publickey\)\.\. Look at the private key \(sshPrivateKeyPath or sshPrivateKey\): it has to belong to the server's key pair/m,
        },
        "a key with a passphrase": {
            key: () => keys.locked,
            message:
                /^OpenSSH can't use the private key \(sshPrivateKeyPath or sshPrivateKey\): .*without a passphrase/s,
        },
        "no key at all": {
            key: () => "nothing",
            message: /^OpenSSH can't use the private key \(sshPrivateKeyPath or sshPrivateKey\): .*stdin/,
        },
    };
    for (const [what, { key, message }] of Object.entries(refusals)) {
        it(`refuses ${what} soon, and says which setting to look at`, async () => {
            const { status, stderr, seconds } = await run({ key: key() });
            assert.strictEqual(status, 1);
            assert.match(stderr, message);
            assert.ok(seconds < limit / 3 + 3, String(seconds));
        });
    }

    it("logs in once the server has installed the key", async () => {
        early = 3;
        const { status, stdout, stderr } = await run({});
        assert.deepStrictEqual({ status, stdout }, { status: 0, stdout: "done\n" });
        assert.match(stderr, /^VPC1's server: .*Permission denied/);
        assert.strictEqual(early, 0);
    });

    it("goes another way where it is told one", async () => {
        const relay = path.join(folder, "relay.js");
        const told = path.join(folder, "told");
        fs.writeFileSync(
            relay,
            `require("fs").writeFileSync(${JSON.stringify(told)}, process.argv.slice(2).join(" "));
            const to = require("net").connect(${port}, "127.0.0.1");
            process.stdin.pipe(to).pipe(process.stdout);`,
        );
        const env = { CHECK_PROXY_COMMAND: `${process.execPath} ${relay} %h %p` };
        // Nothing answers at that address itself.
        const at = await droppingPort();
        const { status, stdout, seconds } = await run({ at, env });
        assert.deepStrictEqual({ status, stdout }, { status: 0, stdout: "done\n" });
        assert.strictEqual(fs.readFileSync(told, "utf8"), `127.0.0.1 ${at}`);
        assert.ok(seconds < 5, String(seconds));
    });

    for (const [who, under] of [
        ["it", []],
        ["what started it", ["sh", "-c", '"$@" & wait', "sh"]],
    ] as const) {
        it(`shows the key to nobody, and leaves no process behind when ${who} is killed`, async () => {
            const name = `killed-${process.pid}-${under.length}`;
            const child = start({ script: "sleep 600", env: { CHECK_LABEL: name }, under });
            const all = () => processesWith(`CHECK_LABEL=${name}`);
            const isSsh = (id: string) => ofProcess(id, "comm") === "ssh\n";
            await until(() => all().some(isSsh), 5);
            const secret = keys.right.split("\n")[2] ?? "";
            const shown = [
                ...all().map((id) => ofProcess(id, "cmdline")),
                ...all()
                    .filter(isSsh)
                    .map((id) => ofProcess(id, "environ")),
            ];
            assert.ok(shown.length > 3 && !shown.some((text) => text.includes(secret)));
            child.kill("SIGKILL");
            await once(child, "close");
            await until(() => all().length === 0, 2);
        });
    }

    // All at once, since each takes the whole time.
    describe(`is done after ${limit} s, give or take 10 %,`, () => {
        const reach = "security group lets in SSH from this machine \\(sshCidrs\\)";
        const page = { label: "VPC1", privateIp: "", page: "a page that is not here" };
        const cases: Record<string, { how: () => Run | Promise<Run>; seen: RegExp }> = {
            "when the connection is refused": {
                how: async () => {
                    const closed = net.createServer();
                    const at = await listen(closed);
                    closed.close();
                    return { at };
                },
                seen: /^VPC1's server: ssh: connect to host 127\.0\.0\.1 port \d+: Connection refused\n/,
            },
            "when packets are dropped": {
                how: async () => ({ at: await droppingPort() }),
                seen: /^VPC1's server: ssh: connect to host 127\.0\.0\.1 port \d+: Connection timed out\n/,
            },
            "when the server accepts TCP and never speaks SSH": {
                how: async () => ({ at: await listen(net.createServer()) }),
                seen: /^VPC1's server: Connection timed out during banner exchange\n/,
            },
            "when the script hangs": { how: () => ({ script: "sleep 600" }), seen: /^/ },
            "when the server answers and then hangs": {
                how: async () => ({ at: await cutPort(), script: "echo begun >&2; sleep 600" }),
                seen: /^/,
            },
            "when the web page never comes": {
                how: () => ({ script: readyScript(page) }),
                seen: /VPC1's server is up, but does not serve its own page to itself yet; it answers: /,
            },
        };
        const ended = new Map<string, Promise<Ended>>();
        before(() => {
            for (const [what, { how }] of Object.entries(cases)) {
                ended.set(what, Promise.resolve(how()).then(run));
            }
        });
        for (const [what, { seen }] of Object.entries(cases)) {
            it(what, async () => {
                const result = await ended.get(what);
                assert.ok(result);
                assert.strictEqual(result.status, 1);
                assert.match(result.stderr, seen);
                assert.match(result.stderr, new RegExp(`VPC1's server: not done after ${limit} s\\..*${reach}`));
                assert.ok(Math.abs(result.seconds - limit) < limit / 10, String(result.seconds));
            });
        }
    });
});
