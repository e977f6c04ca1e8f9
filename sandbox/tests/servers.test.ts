import assert from "node:assert/strict";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import ssh2 from "ssh2";
import type { ServerSpec } from "../serverSpec.ts";
import { generateKeyPair } from "../servers/keys.ts";
import { World } from "./world/world.ts";

const key = generateKeyPair();
const otherKey = generateKeyPair();

/** Servers by the number that is in their address, 10.0.N.2; an even one has no way to the internet. */
const number = { al2023: 1, bare: 2, al2: 3, failing: 5 };
type Name = keyof typeof number;

const spec = (name: Name, userData: string): ServerSpec => ({
    id: `i-${name}`,
    privateIp: `10.0.${number[name]}.2`,
    publicKey: `${key.public}\n`,
    userData,
    nameServer: "10.0.0.2",
    searchDomain: "eu-west-1.compute.internal",
});

const specs = [
    spec(
        "al2023",
        `#!/bin/bash
set -euo pipefail
echo boot >> /var/lib/boots
hostnamectl set-hostname web1
dnf install -y httpd tcpdump
echo '<h1>AL2023</h1>' > /var/www/html/index.html
systemctl enable --now httpd
`,
    ),
    spec(
        "al2",
        `#!/bin/sh
(
hostnamectl --static set-hostname web2
yum install httpd -y
service httpd start
chkconfig httpd on
echo '<h1>AL2</h1>' > /var/www/html/index.html
)
`,
    ),
    spec("bare", "#cloud-config\npackages: [httpd]\n"),
    spec("failing", "#!/bin/bash -e\necho at work\nfalse\necho not reached\n"),
];

describe("generateKeyPair", () => {
    it("makes pairs that can be read and fit, however many it makes", () => {
        for (let made = 0; made < 2000; made++) {
            const pair = generateKeyPair("me");
            const [own, theirs] = [ssh2.utils.parseKey(pair.private), ssh2.utils.parseKey(pair.public)];
            assert.ok(!(own instanceof Error) && !(theirs instanceof Error));
            assert.deepEqual(own.getPublicSSH(), theirs.getPublicSSH());
            assert.equal(theirs.comment, "me");
        }
    });
});

describe("Servers", function () {
    this.timeout(20_000);
    let world: World;

    const run = (command: string) => world.run(command);

    function ssh(name: Name, command: string, { user = "ec2-user", identity = "key", options = "" } = {}) {
        const settings = [
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "LogLevel=ERROR",
            "BatchMode=yes",
        ];
        const flags = [...settings, "IdentitiesOnly=yes"].map((setting) => `-o ${setting}`).join(" ");
        const quoted = command.replaceAll("'", `'\\''`);
        return run(`ssh ${flags} ${options} -i /run/${identity} ${user}@10.0.${number[name]}.2 '${quoted}'`);
    }

    /** Asks until the command succeeds. */
    async function eventually(command: string): Promise<string> {
        for (;;) {
            const { code, output } = await run(command);
            if (code === 0) {
                return output;
            }
            await sleep(50);
        }
    }

    const page = (name: Name) => `curl -sS --fail --max-time 2 http://10.0.${number[name]}.2/`;
    const booted = (name: Name) =>
        eventually(`cat /run/servers/i-${name}/root/var/lib/cloud/instance/boot-finished /dev/null`);

    before(async () => {
        world = await World.start("no API");
        await run("ip address add 198.51.100.2/32 dev lo");
        // The package repositories of the internet.
        const listen = 'require("node:net").createServer((socket) => socket.end()).listen(443, "198.51.100.2")';
        void run(`exec node -e '${listen}'`);
        await run(`umask 077; echo '${key.private}' > /run/key; echo '${otherKey.private}' > /run/other`);
        for (const [name, n] of Object.entries(number)) {
            await run(`set -e
ip netns add i-${name}
ip link add v${n} type veth peer name eth0 netns i-${name}
ip address add 10.0.${n}.1/30 dev v${n}
ip link set v${n} up
ip -n i-${name} address add 10.0.${n}.2/30 dev eth0
ip -n i-${name} link set eth0 up
ip -n i-${name} link set lo up
[ $((${n} % 2)) = 0 ] || ip -n i-${name} route add default via 10.0.${n}.1`);
        }
        await world.serve(specs);
        await Promise.all(specs.map(({ id }) => booted(id.slice(2) as Name)));
    });

    after(() => {
        world.stop();
    });

    it("serve what Amazon Linux 2023's commands in the user data set up, and log the client's address", async () => {
        assert.equal((await run(`${page("al2023")}?q`)).output, "<h1>AL2023</h1>\n");
        const { output } = await ssh("al2023", "hostname; cat /etc/hostname; sudo tail -n 1 /var/log/httpd/access_log");
        assert.match(
            output,
            /^web1\nweb1\n10\.0\.1\.1 - - \[\d\d\/\w{3}\/\d{4}:[\d:]{8} \+0000\] "GET \/\?q HTTP\/1\.1" 200 16 "-" "curl\/[\d.]+"\n$/,
        );
    });

    it("have a tcpdump that sees their packets", async () => {
        const { output } = await ssh(
            "al2023",
            `tcpdump -lni eth0 -c 2 icmp > seen 2> said &
until grep -q listening said; do sleep 0.05; done
ping -c 1 -W 1 10.0.1.1 > /dev/null
wait
cat seen`,
        );
        const echo = (from: number, to: number, kind: string) =>
            `IP 10\\.0\\.1\\.${from} > 10\\.0\\.1\\.${to}: ICMP echo ${kind}`;
        assert.match(output, new RegExp(`^\\S+ ${echo(2, 1, "request")}.*\\n\\S+ ${echo(1, 2, "reply")}.*\\n$`));
    });

    it("serve what Amazon Linux 2's commands in the user data set up", async () => {
        assert.equal((await run(page("al2"))).output, "<h1>AL2</h1>\n");
        assert.equal(
            (await ssh("al2", "hostname; systemctl is-enabled httpd; systemctl is-active httpd")).output,
            "web2\nenabled\nactive\n",
        );
    });

    it("answer with 404 for what is not in the page's folder, and with 405 to a POST", async () => {
        const status = "curl -s -o /dev/null -w '%{http_code} ' --path-as-is";
        const base = "http://10.0.1.2";
        const { output } = await run(
            `${status} ${base}/nope; ${status} ${base}/../../../etc/passwd; ${status} ${base}/%2e%2e%2f%2e%2e%2fhtml; ` +
                `${status} -I ${base}/; ${status} -d x ${base}/`,
        );
        assert.equal(output, "404 404 404 200 405 ");
    });

    it("have no web server unless the user data installs one", async () => {
        const { output } = await run(page("bare"));
        assert.match(output, /refused|connect/i);
        assert.equal((await ssh("bare", "command -v httpd; systemctl start httpd")).code, 4);
    });

    it("can't install packages without a route to the internet", async () => {
        const { code, output } = await ssh("bare", "sudo yum install -y httpd && echo installed");
        assert.equal(code, 1);
        assert.match(output, /Failed to download metadata/);
    });

    it("reject unknown packages", async () => {
        const { code, output } = await ssh("al2", "sudo dnf install -y no-such-thing");
        assert.equal(code, 1);
        assert.match(output, /Unable to find a match: no-such-thing/);
    });

    it("say in cloud-init's log how the user data ended", async () => {
        const log = "cat /var/log/cloud-init-output.log";
        assert.equal((await ssh("failing", log)).output, "at work\nUser data ended with exit code 1.\n");
        assert.match((await ssh("bare", log)).output, /#cloud-config/);
    });

    it("let in only ec2-user with the instance's key", async () => {
        assert.deepEqual(await ssh("bare", "pwd; echo $LOGNAME; exit 7"), {
            code: 7,
            output: "/home/ec2-user\nec2-user\n",
        });
        for (const wrong of [{ user: "root" }, { identity: "other" }]) {
            const { code, output } = await ssh("bare", "true", wrong);
            assert.equal(code, 255);
            assert.match(output, /Permission denied \(publickey\)/);
        }
    });

    it("give a client a terminal on request, and end its processes when it disconnects", async () => {
        const { code, output } = await ssh("bare", "tty; exit 3", { options: "-tt" });
        assert.deepEqual({ code, output }, { code: 3, output: "/dev/pts/0\r\n" });
        await ssh("bare", "sleep 4321", { options: "-o ConnectTimeout=2 & sleep 0.5; kill $!; wait; true" });
        await eventually("! pgrep -f '^sleep 4321'");
    });

    it("ignore a signal that they don't know", async () => {
        const client = `import ssh2 from "${import.meta.resolve("ssh2")}";
            import constants from "${import.meta.resolve("ssh2/lib/protocol/constants.js")}";
            import { readFileSync } from "node:fs";
            // The client sends only what it knows itself.
            constants.SIGNALS.NONSENSE = 1;
            const client = new ssh2.Client();
            client.on("ready", () => client.exec("sleep 0.5; echo alive", (_, session) => {
                session.signal("NONSENSE");
                session.on("data", (data) => process.stdout.write(data)).on("close", () => client.end());
            })).connect({ host: "10.0.${number.bare}.2", username: "ec2-user", privateKey: readFileSync("/run/key") });`;
        const { output } = await run(`'${process.execPath}' --input-type=module -e '${client}'`);
        assert.equal(output, "alive\n");
        assert.equal((await ssh("bare", "echo again")).output, "again\n");
    });

    it("leave the host name and the files of the machine alone", async () => {
        assert.equal((await ssh("bare", "hostname")).output, "ip-10-0-2-2\n");
        const { output } = await run(
            "hostname; ls -d /var/lib/boots /usr/share/lab /etc/yum.repos.d/lab.repo 2>/dev/null",
        );
        assert.equal(output, `${hostname()}\n`);
    });

    it("keep their disk over a stop and a start, and run the user data once", async () => {
        await world.serve(specs.slice(1));
        await eventually(`! ${page("al2023")}`);
        await world.serve(specs);
        assert.equal(await eventually(page("al2023")), "<h1>AL2023</h1>\n");
        await eventually("exec 3<>/dev/tcp/10.0.1.2/22");
        assert.equal((await ssh("al2023", "cat /var/lib/boots; hostname")).output, "boot\nweb1\n");
    });

    it("end with all their processes when they are removed from the list", async () => {
        await world.serve([]);
        await eventually("! pgrep -f '[s]shServer.ts|[h]ttpd.mjs'");
    });
});
