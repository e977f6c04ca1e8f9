import * as assert from "assert";
import { execFile, spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { labVpcNames } from "../components/lab/names";
import { isolated, reachable } from "../components/lab/expectations";
import {
    accessLogScript,
    probeScript,
    readyScript,
    type ProbedServer,
    type PublicEnd,
} from "../components/check/probe";
import { shellQuote } from "../components/shell";
import { webServerUserData } from "../components/lab/userData";

const server = (side: number): ProbedServer => {
    const { page } = labVpcNames("ljh", side, `VPC${side}`);
    return { label: `VPC${side}`, privateIp: `10.4${side}.1.100`, page };
};
const [one, two] = [server(1), server(2)];
const end: PublicEnd = { publicIp: "192.0.2.42", publicDns: "ec2-192-0-2-42.example" };
const expectations = { isolated, reachable };
type Expectation = keyof typeof expectations;

let folder: string;

const makeFolder = (): string => fs.mkdtempSync(path.join(os.tmpdir(), "scripts-test-"));

/** Puts a command on the script's PATH that runs `body` in place of the real one and keeps its arguments. */
function command(name: string, body: string): void {
    const text = `#!/bin/bash\necho "$*" >> ${shellQuote(path.join(folder, `${name}.args`))}\n${body}\n`;
    fs.writeFileSync(path.join(folder, name), text, { mode: 0o755 });
}

function run(script: string, ...command: string[]): { status: number | null; stdout: string; stderr: string } {
    const { status, stdout, stderr } = spawnSync("env", [...command, "bash", "-s"], {
        input: script,
        encoding: "utf8",
        env: { PATH: `${folder}:/usr/sbin:/usr/bin:/sbin:/bin` },
    });
    return { status, stdout, stderr };
}

/** What the other server does; silent and without a name where nothing is said. */
interface Other {
    /** It has its address and replies to pings. */
    readonly pings?: boolean | undefined;
    /**
     * It serves this page, and with this status; or its port accepts and never answers, or refuses, or its packets get lost.
     */
    readonly http?: { page: string; status?: number } | "silent" | "refused" | "lost" | undefined;
    /** The address that its public name gives. */
    readonly name?: string | undefined;
    /** Shell commands that change something on the way. */
    readonly meanwhile?: string | undefined;
    /** How long the script has been running at its start, in seconds. */
    readonly seconds?: number | undefined;
}

/** A web server that notes who asks; without a page it never answers. */
const webServer = `const [page, status, log] = process.argv.slice(1);
require("http").createServer((request, response) => {
    require("fs").appendFileSync(log, request.headers["user-agent"] + "\\n");
    if (page !== "") response.writeHead(Number(status)).end(page + "\\n");
}).listen(80, "0.0.0.0", () => console.log("up"));`;

/** Sends the packets for port 80 past the address that would take them. */
const loseHttp = `ip route add 10.42.1.100/32 dev lo table 100
ip rule add pref 1 ipproto tcp dport 80 lookup 100
ip rule add pref 2 lookup local
ip rule delete pref 0`;

/** How a script ended, and who asked the other server. */
interface Ended {
    readonly status: number;
    readonly stdout: string;
    readonly stderr: string;
    readonly agents: readonly string[];
}

/** Runs a script with the real ping, curl and getent; see {@link runBeside}. */
type Beside = (other: Other, script: string, ...args: string[]) => Promise<Ended>;

/**
 * Runs a script with the real ping, curl and getent in namespaces of its own, where the other server's address is the
 * loopback interface's. An address that no interface has takes packets and says nothing.
 */
function runBeside(folder: string): Beside {
    return ({ pings, http, name, meanwhile = "true", seconds = 0 }, script, ...args) => {
        const has = pings === true || http !== undefined;
        const [hosts, log] = [path.join(folder, "hosts"), path.join(folder, "log")];
        fs.writeFileSync(hosts, name === undefined ? "" : `${name} ${end.publicDns}\n`);
        fs.writeFileSync(log, "");
        const { page, status } = typeof http === "object" ? { status: 200, ...http } : { page: "", status: 0 };
        const serve = [process.execPath, "-e", webServer, page, String(status), log].map(shellQuote).join(" ");
        const input = `set -e
ip link set lo up
ip address add 10.41.1.100/32 dev lo
ip ${has ? "address" : "route"} add 10.42.1.100/32 dev lo
echo ${pings === true ? 0 : 1} > /proc/sys/net/ipv4/icmp_echo_ignore_all
mount --bind ${shellQuote(hosts)} /etc/hosts
web() { read -r _ < <(exec ${serve} < /dev/null 2>&1); }
${typeof http === "object" || http === "silent" ? "web" : ""}
${http === "lost" ? loseHttp : ""}
{ ${meanwhile}; } > /dev/null 2>&1 < /dev/null &
set +e
exec bash -s ${args.join(" ")} <<'END_OF_SCRIPT'
SECONDS=${seconds}
${script}
END_OF_SCRIPT
`;
        return new Promise((resolve) => {
            const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" };
            const command = ["-rnm", "--pid", "--fork", "--kill-child", "bash", "-s"];
            const child = execFile("unshare", command, { env }, (error, stdout, stderr) => {
                const agents = fs.readFileSync(log, "utf8").trimEnd().split("\n");
                resolve({ status: Number(error?.code ?? 0), stdout, stderr, agents });
            });
            child.stdin?.end(input);
        });
    };
}

/** How many scripts run at a time: they mostly wait. */
const besides = 8;
let running = 0;
const queue: (() => void)[] = [];

/** A test of a script, which runs beside the others of its suite. */
function whileOthersRun(title: string, test: (beside: Beside, folder: string) => Promise<void>): void {
    let result: Promise<void>;
    const start = async (): Promise<void> => {
        if (running === besides) {
            await new Promise<void>((resolve) => queue.push(resolve));
        } else {
            running++;
        }
        const folder = makeFolder();
        try {
            await test(runBeside(folder), folder);
        } finally {
            fs.rmSync(folder, { recursive: true });
            const next = queue.shift();
            if (next) next();
            else running--;
        }
    };
    before(() => {
        result = start();
        // Its own test tells.
        result.catch(() => undefined);
    });
    it(title, () => result);
}

beforeEach(() => {
    folder = makeFolder();
});

afterEach(() => {
    fs.rmSync(folder, { recursive: true });
});

describe("shellQuote", () => {
    it("makes one word of any text", () => {
        for (const text of ["", "plain", "two words", "it's", `"$HOME" \`id\` \\ ; & |`, "two\nlines", "'''"]) {
            assert.strictEqual(run(`printf %s ${shellQuote(text)}`).stdout, text);
        }
    });
});

describe("webServerUserData", () => {
    const userData = webServerUserData("ljhVPC1-EC2", one.page);

    it("names the host, installs and starts httpd and writes the page, in this order", () => {
        assert.deepStrictEqual(userData.split("\n"), [
            "#!/bin/bash",
            "set -euo pipefail",
            "hostnamectl set-hostname 'ljhVPC1-EC2'",
            "for attempt in 1 2 3 4 5; do",
            "    yum install -y tcpdump httpd && break",
            "    sleep 5",
            "done",
            "printf '%s\\n' '<html><h1>VPC Peering Lab - VPC1 Web Server</h1></html>' > /var/www/html/index.html",
            "systemctl enable --now httpd",
            "",
        ]);
    });

    it("tries the packages again when the repositories do not answer", () => {
        const html = path.join(folder, "index.html");
        command("hostnamectl", "");
        command("systemctl", "");
        command("sleep", "exit 0");
        command("yum", `[ "$(wc -l < ${folder}/yum.args)" -ge 3 ]`);
        const result = run(userData.replace("/var/www/html/index.html", html));
        assert.strictEqual(result.status, 0, result.stderr);
        assert.strictEqual(
            fs.readFileSync(path.join(folder, "yum.args"), "utf8"),
            "install -y tcpdump httpd\n".repeat(3),
        );
        assert.strictEqual(fs.readFileSync(html, "utf8"), `${one.page}\n`);
        assert.strictEqual(fs.readFileSync(path.join(folder, "systemctl.args"), "utf8"), "enable --now httpd\n");
    });
});

/** Whether this machine has namespaces for those who ask; without them the scripts can't be shown here. */
const hasNamespaces = spawnSync("unshare", ["-rnm", "true"]).status === 0;

(hasNamespaces ? describe : describe.skip)("readyScript", () => {
    whileOthersRun("is content with the server's own page", async (beside) => {
        const { agents, ...result } = await beside({ http: { page: one.page } }, readyScript(one), "10");
        assert.deepStrictEqual(result, { status: 0, stdout: '{"ready":true}\n', stderr: "" });
        assert.strictEqual(agents.length, 1);
    });

    whileOthersRun("waits for it, and says so", async (beside, folder) => {
        const serve = [process.execPath, "-e", webServer, one.page, "200", path.join(folder, "log")];
        const meanwhile = `sleep 1; ${serve.map(shellQuote).join(" ")}`;
        const { status, stderr } = await beside({ meanwhile }, readyScript(one), "10");
        assert.strictEqual(status, 0);
        assert.match(stderr, /^VPC1's server is up, but does not serve its own page to itself yet; it answers: /);
    });

    for (const [what, http, seen] of [
        ["nothing", "refused", /Failed to connect|Couldn't connect/],
        ["silence", "silent", /Operation timed out/],
        ["another page", { page: two.page }, /VPC2 Web Server/],
    ] as const) {
        whileOthersRun(`gives up on ${what} when the time is up, and says what to look at`, async (beside) => {
            const { status, stdout, stderr } = await beside({ http }, readyScript(one), "1");
            assert.deepStrictEqual({ status, stdout }, { status: 1, stdout: "" });
            assert.match(stderr, seen);
            assert.match(stderr, /^If that lasts, look at \/var\/log\/cloud-init-output\.log/m);
        });
    }

    whileOthersRun("says every 15 s that it waits", async (beside) => {
        const { stderr } = await beside({ seconds: 14 }, readyScript(one), "16");
        assert.strictEqual(stderr.match(/does not serve its own page/g)?.length, 2);
    });
});

(hasNamespaces ? describe : describe.skip)("probeScript", () => {
    const probe = (beside: Beside, expect: Expectation, other: Other) =>
        beside(
            { name: expect === "reachable" ? "10.42.1.100" : "192.0.2.42", ...other },
            probeScript(one, { ...two, ...end }, expectations[expect]),
        );
    const report = ({ stdout }: { stdout: string }): Record<string, unknown> =>
        JSON.parse(stdout) as Record<string, unknown>;

    whileOthersRun("finds the other reachable by ping and page, and reports the round trip", async (beside) => {
        const result = await probe(beside, "reachable", { pings: true, http: { page: two.page } });
        assert.strictEqual(result.status, 0, result.stderr);
        const { mark, roundTripMs, measured, ...rest } = report(result);
        assert.deepStrictEqual(rest, { icmp: "reply", http: "page", dns: "private", resolved: "10.42.1.100" });
        assert.ok(typeof roundTripMs === "number" && roundTripMs > 0 && roundTripMs < 1000, String(roundTripMs));
        assert.ok(Math.abs(Date.parse(String(measured)) - Date.now()) < 60_000, String(measured));
        assert.match(String(mark), /^[0-9a-f]{16}$/);
        assert.deepStrictEqual(result.agents, [`vpc-peering-lab/${String(mark)}`]);
    });

    whileOthersRun("finds the other isolated at the first try when nothing comes back", async (beside) => {
        const begin = performance.now();
        const result = await probe(beside, "isolated", {});
        // A second try would be one of many, until 30 s are over.
        assert.ok(performance.now() - begin < 15000);
        assert.strictEqual(result.status, 0, result.stderr);
        const { mark, measured, ...rest } = report(result);
        assert.ok(measured);
        assert.deepStrictEqual(rest, {
            icmp: "none",
            http: "none",
            dns: "public",
            resolved: "192.0.2.42",
            roundTripMs: null,
        });
        assert.ok(mark);
    });

    whileOthersRun("tries again while a new path settles", async (beside) => {
        const open = "ip route delete 10.42.1.100/32; ip address add 10.42.1.100/32 dev lo";
        const other = { http: { page: two.page }, pings: true };
        const meanwhile = `ip address delete 10.42.1.100/32 dev lo; ip route add 10.42.1.100/32 dev lo; sleep 2; ${open}`;
        const result = await probe(beside, "reachable", { ...other, meanwhile });
        assert.strictEqual(result.status, 0, result.stderr);
    });

    whileOthersRun("tries again while a removed path settles, and its mark is that of the last try", async (beside) => {
        const close = "ip address delete 10.42.1.100/32 dev lo; ip route add 10.42.1.100/32 dev lo";
        const other = { http: { page: two.page }, pings: true };
        const result = await probe(beside, "isolated", { ...other, meanwhile: `sleep 1; ${close}` });
        assert.strictEqual(result.status, 0, result.stderr);
        assert.ok(result.agents[0]?.startsWith("vpc-peering-lab/"), "no request came through before");
        assert.ok(!result.agents.includes(`vpc-peering-lab/${String(report(result)["mark"])}`));
    });

    const foreign = "packets pass that this stack does not let through";
    const broken: {
        what: string;
        expect: Expectation;
        ping: boolean;
        http?: Other["http"];
        lines: string[];
    }[] = [
        {
            what: "a reply to the ping where none must come",
            expect: "isolated",
            ping: true,
            http: "lost",
            lines: [`icmp: expected none, seen reply; ${foreign}`],
        },
        {
            what: "a connection without an answer, for its packets came through",
            expect: "isolated",
            ping: true,
            http: "silent",
            lines: [`icmp: expected none, seen reply; ${foreign}`, `http: expected none, seen silent; ${foreign}`],
        },
        {
            what: "a connection without an answer",
            expect: "reachable",
            ping: true,
            http: "silent",
            lines: [
                "http: expected page, seen silent; packets pass and the connection is accepted, but no answer comes. Look at 'systemctl status httpd' on VPC2's server, and at whether large packets get there",
            ],
        },
        {
            what: "the other's page where none must come",
            expect: "isolated",
            ping: false,
            http: { page: two.page },
            lines: [`http: expected none, seen page; ${foreign}`],
        },
        {
            what: "any answer where none must come",
            expect: "isolated",
            ping: false,
            http: { page: "nothing here", status: 404 },
            lines: [`http: expected none, seen other; ${foreign}`],
        },
        {
            what: "a reset, for its packets came through",
            expect: "isolated",
            ping: true,
            http: "refused",
            lines: [`icmp: expected none, seen reply; ${foreign}`, `http: expected none, seen refused; ${foreign}`],
        },
        {
            what: "silence",
            expect: "reachable",
            ping: false,
            lines: ["icmp: expected reply, seen none", "http: expected page, seen none"],
        },
        {
            what: "a reset",
            expect: "reachable",
            ping: true,
            http: "refused",
            lines: [
                "http: expected page, seen refused; packets pass, but nothing listens on port 80 there. Look at 'systemctl status httpd' on VPC2's server",
            ],
        },
        {
            what: "its own page",
            expect: "reachable",
            ping: true,
            http: { page: one.page },
            lines: [
                "http: expected page, seen other; another page came than VPC2's. Look at /var/www/html on that server, and at who else has the address 10.42.1.100",
            ],
        },
        {
            what: "the right page with a wrong status",
            expect: "reachable",
            ping: true,
            http: { page: two.page, status: 503 },
            lines: [
                "http: expected page, seen other; another page came than VPC2's. Look at /var/www/html on that server, and at who else has the address 10.42.1.100",
            ],
        },
    ];
    for (const { what, expect, ping, http, lines } of broken) {
        whileOthersRun(
            `fails on ${what} when the servers must be ${expect}, and says where to look`,
            async (beside) => {
                const { status, stdout, stderr } = await probe(beside, expect, { pings: ping, http, seconds: 30 });
                assert.strictEqual(status, 1);
                // The report would stand between the sentences.
                assert.strictEqual(stdout, "");
                assert.deepStrictEqual(
                    stderr.trimEnd().split("\n"),
                    lines.map((line) => `VPC1 (10.41.1.100) -> VPC2 (10.42.1.100), ${line}`),
                );
            },
        );
    }
});

(hasNamespaces ? describe : describe.skip)("the name in probeScript", () => {
    const look = (
        beside: Beside,
        expected: string,
        name?: string,
        { to = end, ...other }: Other & { to?: PublicEnd } = {},
    ) => beside({ name, ...other }, probeScript(one, { ...two, ...to }, { ...isolated, dns: expected }));

    for (const [address, seen] of [
        ["10.42.1.100", "private"],
        ["192.0.2.42", "public"],
        ["192.0.2.43", "other"],
        ["", "none"],
    ] as const) {
        whileOthersRun(`is ${seen} when it gives ${address === "" ? "nothing" : address}`, async (beside) => {
            const { status, stdout, stderr } = await look(beside, seen, address === "" ? undefined : address);
            assert.strictEqual(status, 0, stderr);
            const { dns, resolved } = JSON.parse(stdout) as Record<string, unknown>;
            assert.deepStrictEqual({ dns, resolved }, { dns: seen, resolved: address });
        });
    }

    whileOthersRun("is not looked up where there is none", async (beside) => {
        assert.strictEqual((await look(beside, "none", "192.0.2.42", { to: { ...end, publicDns: "" } })).status, 0);
    });

    whileOthersRun("is asked for again while a name server remembers", async (beside, folder) => {
        const meanwhile = `sleep 2; echo "10.42.1.100 ${end.publicDns}" > ${path.join(folder, "hosts")}`;
        const { status, stderr } = await look(beside, "private", "192.0.2.42", { meanwhile });
        assert.strictEqual(status, 0, stderr);
    });

    const attributes = "the DNS support and DNS hostnames of both VPCs";
    const option = "the connection's DNS resolution option of VPC2's side";
    for (const [address, expected, seen, hint] of [
        ["10.42.1.100", "public", "private", `a connection resolves names that should not. Look at ${option}`],
        [
            "192.0.2.42",
            "private",
            "public",
            `look at the peering connection's status (it must be active), ${option} (it must be on), and ${attributes}`,
        ],
        ["", "public", "none", `the name server of VPC1's VPC has no answer. Look at ${attributes}, and at /etc/res`],
        ["192.0.2.43", "public", "other", "the name belongs to another address. Look at whether VPC2's server was st"],
    ] as const) {
        whileOthersRun(`says where to look when ${expected} was expected and ${seen} is seen`, async (beside) => {
            const { status, stderr } = await look(beside, expected, address === "" ? undefined : address, {
                seconds: 75,
            });
            assert.strictEqual(status, 1);
            const line = `VPC1 (10.41.1.100) -> VPC2 (10.42.1.100), dns: expected ${expected}, seen ${seen}; ${hint}`;
            assert.ok(stderr.startsWith(line), stderr);
        });
    }
});

describe("accessLogScript", () => {
    const line = (client: string, mark: string): string =>
        `${client} - - [01/Jan/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 56 "-" "vpc-peering-lab/${mark}"\n`;

    /** Runs the script with this access log, or with none. */
    function look(expect: Expectation, log: string | undefined) {
        const file = path.join(folder, "access_log");
        if (log !== undefined) {
            fs.writeFileSync(file, log);
        }
        command("sudo", 'exec "$@"');
        return run(
            accessLogScript(one, two, expectations[expect], "abc").replaceAll("/var/log/httpd/access_log", file),
        );
    }

    it("reports the asking server's private address", () => {
        const log = line("192.0.2.1", "other") + line("10.41.1.100", "abc") + line("192.0.2.2", "last");
        assert.deepStrictEqual(look("reachable", log), {
            status: 0,
            stdout: '{"client":"10.41.1.100"}\n',
            stderr: "",
        });
    });

    it("reports that no request arrived at an isolated server", () => {
        assert.deepStrictEqual(look("isolated", line("192.0.2.1", "other")), {
            status: 0,
            stdout: '{"client":null}\n',
            stderr: "",
        });
    });

    for (const [what, expect, log, seen] of [
        [
            "another address",
            "reachable",
            line("54.0.0.1", "abc"),
            "10.41.1.100 in the access log of VPC2's server, seen 54.0.0.1",
        ],
        [
            "no request",
            "reachable",
            line("10.41.1.100", "other"),
            "10.41.1.100 in the access log of VPC2's server, seen none",
        ],
        [
            "a request",
            "isolated",
            line("10.41.1.100", "abc"),
            "none in the access log of VPC2's server, seen 10.41.1.100",
        ],
    ] as const) {
        it(`fails on ${what} when the servers must be ${expect}`, () => {
            const { status, stdout, stderr } = look(expect, log);
            assert.strictEqual(status, 1);
            assert.strictEqual(stdout, "");
            assert.ok(stderr.startsWith(`VPC1 -> VPC2, http: expected client ${seen};`), stderr);
        });
    }

    it("fails when there is no log, instead of taking that for isolation", () => {
        const { status, stderr } = look("isolated", undefined);
        assert.strictEqual(status, 1);
        assert.match(stderr, /the access log of VPC2's server can't be read/);
    });
});
