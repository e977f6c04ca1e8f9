import * as assert from "assert";
import { spawnSync } from "child_process";
import * as fs from "fs";
import * as net from "net";
import * as os from "os";
import * as path from "path";
import { labVpcNames } from "../components/lab/names";
import { isolated, reachable } from "../components/lab/expectations";
import {
    accessLogScript,
    probeScript,
    readyScript,
    type ProbedServer,
    type ProbeOutcome,
    type PublicEnd,
} from "../components/check/probe";
import { shellQuote } from "../components/shell";
import { webServerUserData } from "../components/lab/userData";

const server = (side: number): ProbedServer => {
    const { page, routeTable, securityGroup } = labVpcNames("ljh", side, `VPC${side}`);
    const cidrBlock = `10.4${side}.0.0/16`;
    return { label: `VPC${side}`, privateIp: `10.4${side}.1.100`, page, cidrBlock, routeTable, securityGroup };
};
const [one, two] = [server(1), server(2)];
const end: PublicEnd = { publicIp: "192.0.2.42", publicDns: "ec2-192-0-2-42.example" };
const expectations = { isolated, reachable };
type Expectation = keyof typeof expectations;

let folder: string;

/** Puts a command on the script's PATH that runs `body` in place of the real one and keeps its arguments. */
function command(name: string, body: string): void {
    const text = `#!/bin/bash\necho "$*" >> ${shellQuote(path.join(folder, `${name}.args`))}\n${body}\n`;
    fs.writeFileSync(path.join(folder, name), text, { mode: 0o755 });
}

function run(script: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
    const { status, stdout, stderr } = spawnSync("bash", ["-s", ...args], {
        input: script,
        encoding: "utf8",
        env: { PATH: `${folder}:/usr/bin:/bin` },
    });
    return { status, stdout, stderr };
}

/** A curl that gives this page and status, or fails with this message. */
function curl(answer: { page: string; status?: number } | { error: string; code: number }): void {
    command(
        "curl",
        `while (( $# )); do case "$1" in -o) out=$2; shift ;; esac; shift; done
${
    "error" in answer
        ? `printf 000; echo ${shellQuote(answer.error)} >&2; exit ${answer.code}`
        : `printf '%s\\n' ${shellQuote(answer.page)} > "\${out:-/dev/stdout}"; [ -z "\${out:-}" ] || printf ${answer.status ?? 200}`
}`,
    );
}

const replies = "echo '64 bytes from 10.42.1.100: icmp_seq=1 ttl=63 time=0.125 ms'";
const timedOut = { error: "curl: (28) Connection timed out after 1001 milliseconds", code: 28 };
const refused = { error: "curl: (7) Failed to connect to 10.42.1.100 port 80: Connection refused", code: 7 };

/** A name server that knows this address for the other's name; nothing without one. */
function resolves(address = ""): void {
    command("getent", address === "" ? "exit 2" : `echo "${address} STREAM $2"; echo "${address} DGRAM"`);
}

beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "scripts-test-"));
    // A script that would wait does not: its clock runs on instead.
    command("sleep", "exit 0");
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

describe("readyScript", () => {
    it("is content with the server's own page", () => {
        curl({ page: one.page });
        assert.deepStrictEqual(run(readyScript(one), "10"), { status: 0, stdout: '{"ready":true}\n', stderr: "" });
        assert.match(fs.readFileSync(path.join(folder, "curl.args"), "utf8"), /http:\/\/127\.0\.0\.1\//);
    });

    it("waits for it", () => {
        command(
            "curl",
            `if [ "$(wc -l < ${folder}/curl.args)" -ge 3 ]; then echo ${shellQuote(one.page)}; else exit 7; fi`,
        );
        assert.strictEqual(run(readyScript(one), "10").status, 0);
    });

    for (const [what, answer, seen] of [
        ["nothing", refused, "Connection refused"],
        ["another page", { page: two.page }, "VPC2 Web Server"],
    ] as const) {
        it(`gives up on ${what} when the time is up, and says what to look at`, () => {
            curl(answer);
            const { status, stdout, stderr } = run(readyScript(one), "1");
            assert.strictEqual(status, 1);
            assert.strictEqual(stdout, "");
            assert.match(stderr, /^VPC1's server is up, but does not serve its own page to itself yet; it answers: /);
            assert.ok(stderr.includes(seen), stderr);
            assert.match(stderr, /If that lasts, look at \/var\/log\/cloud-init-output\.log/);
        });
    }

    it("says at once and every 15 s that it waits", () => {
        curl(refused);
        command("sleep", "exit 0");
        const { stderr } = run(`SECONDS=14\n${readyScript(one)}`, "16");
        assert.strictEqual(stderr.match(/does not serve its own page/g)?.length, 2);
    });
});

describe("probeScript", () => {
    const probeFor = (expected: ProbeOutcome, seconds = 0, to = end) =>
        run(`SECONDS=${seconds}\n${probeScript(one, { ...two, ...to }, expected)}`);
    const probe = (expect: Expectation, seconds = 0) => {
        resolves(expect === "reachable" ? "10.42.1.100" : "192.0.2.42");
        return probeFor(expectations[expect], seconds);
    };
    const report = ({ stdout }: { stdout: string }): Record<string, unknown> =>
        JSON.parse(stdout) as Record<string, unknown>;

    it("finds the other reachable by ping and page, and reports the round trip", () => {
        command("ping", replies);
        curl({ page: two.page });
        const result = probe("reachable");
        assert.strictEqual(result.status, 0, result.stderr);
        const { mark, ...rest } = report(result);
        assert.deepStrictEqual(rest, {
            icmp: "reply",
            http: "page",
            dns: "private",
            resolved: "10.42.1.100",
            roundTripMs: 0.125,
        });
        assert.strictEqual(
            fs.readFileSync(path.join(folder, "getent.args"), "utf8"),
            "ahostsv4 ec2-192-0-2-42.example\n",
        );
        assert.match(String(mark), /^[0-9a-f]{16}$/);
        const asked = fs.readFileSync(path.join(folder, "curl.args"), "utf8");
        assert.ok(asked.includes(`-A vpc-peering-lab/${String(mark)} `), asked);
        assert.match(asked, / http:\/\/10\.42\.1\.100\/$/m);
        assert.match(asked, /--connect-timeout 1 --max-time 5/);
        assert.strictEqual(fs.readFileSync(path.join(folder, "ping.args"), "utf8"), "-c 1 -W 1 10.42.1.100\n");
    });

    it("tries again while a removed path settles, and marks each try anew", () => {
        command("ping", `[ "$(wc -l < ${folder}/ping.args)" -lt 3 ] && ${replies}`);
        curl(timedOut);
        const result = probe("isolated");
        assert.strictEqual(result.status, 0, result.stderr);
        const marks = [...fs.readFileSync(path.join(folder, "curl.args"), "utf8").matchAll(/vpc-peering-lab\/(\w+)/g)];
        assert.strictEqual(new Set(marks.map(([, mark]) => mark)).size, 3);
        assert.strictEqual(report(result)["mark"], marks[2]?.[1]);
    });

    it("finds the other isolated at the first try when nothing comes back", () => {
        command("ping", "exit 1");
        curl(timedOut);
        const result = probe("isolated");
        assert.strictEqual(result.status, 0, result.stderr);
        const { mark, ...rest } = report(result);
        assert.deepStrictEqual(rest, {
            icmp: "none",
            http: "none",
            dns: "public",
            resolved: "192.0.2.42",
            roundTripMs: null,
        });
        assert.ok(mark);
        assert.strictEqual(fs.readFileSync(path.join(folder, "ping.args"), "utf8").split("\n").length, 2);
    });

    it("tries again while a new path settles", () => {
        command("ping", `[ "$(wc -l < ${folder}/ping.args)" -ge 3 ] && ${replies}`);
        curl({ page: two.page });
        const result = probe("reachable");
        assert.strictEqual(result.status, 0, result.stderr);
        assert.strictEqual(fs.readFileSync(path.join(folder, "ping.args"), "utf8").split("\n").length, 4);
    });

    it("knows a refused connection by the real curl's exit code, whatever words it has for it", async () => {
        command("ping", "exit 1");
        fs.symlinkSync(spawnSync("which", ["curl"], { encoding: "utf8" }).stdout.trim(), path.join(folder, "curl"));
        resolves("192.0.2.42");
        // Nothing listens at the port of a server that has ended.
        const closed = net.createServer();
        await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
        const { port } = closed.address() as net.AddressInfo;
        await new Promise((resolve) => closed.close(resolve));
        const there = { ...two, ...end, privateIp: `127.0.0.1:${port}` };
        const { status, stderr } = run(`SECONDS=30\n${probeScript(one, there, isolated)}`);
        assert.strictEqual(status, 1);
        assert.match(stderr, /, http: expected none, seen refused; something lets packets through/);
    });

    const routes =
        "the route to 10.42.0.0/16 in ljhVPCPeering-RT1 and the one back to 10.41.0.0/16 in ljhVPCPeering-RT2";
    const foreign = `something lets packets through that this stack did not make. Look at ${routes}, and at the rules of ljhVPC2-EC2-SecurityGroup`;
    const broken: {
        what: string;
        expect: Expectation;
        ping: boolean;
        answer: Parameters<typeof curl>[0];
        lines: string[];
    }[] = [
        {
            what: "a reply to the ping where none must come",
            expect: "isolated",
            ping: true,
            answer: timedOut,
            lines: [`icmp: expected none, seen reply; ${foreign}`],
        },
        {
            what: "the other's page where none must come",
            expect: "isolated",
            ping: false,
            answer: { page: two.page },
            lines: [`http: expected none, seen page; ${foreign}`],
        },
        {
            what: "any answer where none must come",
            expect: "isolated",
            ping: false,
            answer: { page: "nothing here", status: 404 },
            lines: [`http: expected none, seen other; ${foreign}`],
        },
        {
            what: "a reset, for its packets came through",
            expect: "isolated",
            ping: true,
            answer: refused,
            lines: [`icmp: expected none, seen reply; ${foreign}`, `http: expected none, seen refused; ${foreign}`],
        },
        {
            what: "silence",
            expect: "reachable",
            ping: false,
            answer: timedOut,
            lines: [
                `icmp: expected reply, seen none; look at the peering connection's status (it must be active), ${routes}, and the ICMP rule of ljhVPC2-EC2-SecurityGroup`,
                `http: expected page, seen none; look at the peering connection's status (it must be active), ${routes}, and the rule of ljhVPC2-EC2-SecurityGroup for TCP 80 from 10.41.0.0/16; if the ping was answered, look at that rule first`,
            ],
        },
        {
            what: "a reset",
            expect: "reachable",
            ping: true,
            answer: refused,
            lines: [
                "http: expected page, seen refused; packets pass, but nothing listens on port 80 there. Look at 'systemctl status httpd' on VPC2's server",
            ],
        },
        {
            what: "its own page",
            expect: "reachable",
            ping: true,
            answer: { page: one.page },
            lines: [
                "http: expected page, seen other; another page came than VPC2's. Look at /var/www/html on that server, and at who else has the address 10.42.1.100",
            ],
        },
        {
            what: "the right page with a wrong status",
            expect: "reachable",
            ping: true,
            answer: { page: two.page, status: 503 },
            lines: [
                "http: expected page, seen other; another page came than VPC2's. Look at /var/www/html on that server, and at who else has the address 10.42.1.100",
            ],
        },
    ];
    for (const { what, expect, ping, answer, lines } of broken) {
        it(`fails on ${what} when the servers must be ${expect}, and says where to look`, () => {
            command("ping", ping ? replies : "exit 1");
            curl(answer);
            const { status, stdout, stderr } = probe(expect, 30);
            assert.strictEqual(status, 1);
            // The report would stand between the sentences.
            assert.strictEqual(stdout, "");
            assert.deepStrictEqual(
                stderr.trimEnd().split("\n"),
                lines.map((line) => `VPC1 (10.41.1.100) -> VPC2 (10.42.1.100), ${line}`),
            );
        });
    }
});

describe("the name in probeScript", () => {
    const look = (expected: string, to: PublicEnd = end, seconds = 0) => {
        command("ping", "exit 1");
        curl(timedOut);
        return run(`SECONDS=${seconds}\n${probeScript(one, { ...two, ...to }, { ...isolated, dns: expected })}`);
    };

    for (const [address, seen] of [
        ["10.42.1.100", "private"],
        ["192.0.2.42", "public"],
        ["192.0.2.43", "other"],
        ["", "none"],
    ] as const) {
        it(`is ${seen} when it gives ${address === "" ? "nothing" : address}`, () => {
            resolves(address);
            const { status, stdout, stderr } = look(seen);
            assert.strictEqual(status, 0, stderr);
            const { dns, resolved } = JSON.parse(stdout) as Record<string, unknown>;
            assert.deepStrictEqual({ dns, resolved }, { dns: seen, resolved: address });
        });
    }

    it("is not looked up where there is none", () => {
        resolves("192.0.2.42");
        assert.strictEqual(look("none", { ...end, publicDns: "" }).status, 0);
        assert.ok(!fs.existsSync(path.join(folder, "getent.args")));
    });

    it("is asked for again while a name server remembers", () => {
        command("getent", `[ "$(wc -l < ${folder}/getent.args)" -ge 3 ] && echo 10.42.1.100 || echo 192.0.2.42`);
        assert.strictEqual(look("private").status, 0);
        assert.strictEqual(fs.readFileSync(path.join(folder, "getent.args"), "utf8").split("\n").length, 4);
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
        it(`says where to look when ${expected} was expected and ${seen} is seen`, () => {
            resolves(address);
            const { status, stderr } = look(expected, end, 75);
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
