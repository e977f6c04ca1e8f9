import assert from "node:assert/strict";
import { operator, World } from "./world/world.ts";
import { boot, entry, inReverse, Lab, permit, type Undo } from "./world/networkLab.ts";
import { makeMachine } from "./world/side.ts";

// Real packets through the network that the EC2 API describes. Each case makes one fault in a working lab with API calls and
// undoes it. No case waits: the network is up to date when the API responds.

/**
 * The protocols that get a response, by direction; `1>2` is from server 1 to server 2. Traffic to and from the internet uses
 * public addresses, all other traffic uses private ones.
 */
type Verdict = Readonly<Record<string, string>>;

/** A fault, its expected effect and the AWS rule that causes it. */
interface Case {
    readonly name: string;
    readonly rule: string;
    readonly fault: (lab: Lab) => Promise<Undo>;
    readonly verdict: Verdict;
}

const none = () => Promise.resolve(() => Promise.resolve());
const open = "ping http ssh";
const anywhere = "0.0.0.0/0";

const cases: readonly Case[] = [
    {
        name: "no fault",
        rule: "with an accepted connection, routes on both sides and rules, traffic flows; the twin of VPC 1 has no effect",
        fault: none,
        verdict: { "1>2": open, "2>1": open, "2>3": open, "3>2": "ping ssh", "twin>2": "", "internet>twin": open },
    },
    {
        name: "no fault within a subnet",
        rule: "security group rules also apply inside a subnet",
        fault: none,
        verdict: { "2>neighbor": "ping ssh", "neighbor>2": "ping ssh" },
    },
    {
        name: "no fault on the internet",
        rule: "a public address and a route to the internet gateway allow outbound traffic, and inbound traffic that a rule allows",
        fault: none,
        verdict: { "1>internet": open, "internet>1": "ping ssh", "internet>2": "ping ssh" },
    },
    {
        name: "the route missing at server 1",
        rule: "both route tables need a route to the peer: otherwise requests or their responses are dropped",
        fault: (lab) => lab.unroute(lab.one, "10.42.0.0/16", lab.peering),
        verdict: { "1>2": "", "2>1": "", "2>3": open },
    },
    {
        name: "the route missing at server 2",
        rule: "both route tables need a route to the peer",
        fault: (lab) => lab.unroute(lab.two, "10.41.0.0/16", lab.peering),
        verdict: { "1>2": "", "2>1": "", "2>3": open },
    },
    {
        name: "the HTTP rule missing at server 1",
        rule: "a group allows only the inbound traffic of its rules; responses to its members' requests need no rule",
        fault: (lab) => lab.revoke(lab.one, permit.http("10.42.0.0/16")),
        verdict: { "1>2": open, "2>1": "ping ssh" },
    },
    {
        name: "the HTTP rule missing at server 2",
        rule: "a group allows only the inbound traffic of its rules",
        fault: (lab) => lab.revoke(lab.two, permit.http("10.41.0.0/16")),
        verdict: { "1>2": "ping ssh", "2>1": open },
    },
    {
        name: "the connection pending",
        rule: "a route to a connection that is not accepted is a blackhole",
        fault: (lab) => lab.peerAgain(false),
        verdict: { "1>2": "", "2>1": "", "2>3": open },
    },
    {
        name: "the connection deleted, its routes left behind",
        rule: "a route to a deleted connection is a blackhole",
        fault: (lab) => lab.unpeer("left"),
        verdict: { "1>2": "", "2>1": "", "2>3": open },
    },
    {
        name: "base: neither a connection nor routes",
        rule: "VPCs are isolated from each other: private addresses are not routed on the internet",
        fault: (lab) => lab.unpeer(),
        verdict: { "1>2": "", "2>1": "", "1>internet": open, "internet>1": "ping ssh" },
    },
    {
        name: "a third VPC that is peered only with the second",
        rule: "no transitive peering: 1-2 and 2-3 do not connect 1 and 3, regardless of the route tables",
        fault: none,
        verdict: { "1>2": open, "2>1": open, "2>3": open, "1>3": "", "3>1": "" },
    },
    {
        name: "a route to the internet through the peer",
        rule: "no edge to edge routing: a peer's internet gateway can't be used over the peering connection",
        fault: (lab) => lab.reroute(lab.one, anywhere, lab.one.gatewayId, lab.peering),
        verdict: { "1>2": open, "2>1": open, "1>internet": "", "internet>1": "", "2>internet": open },
    },
    {
        name: "no egress rule at server 1",
        rule: "without an egress rule, requests are dropped; responses to allowed inbound traffic need no rule",
        fault: (lab) => lab.revokeEgress(lab.one),
        verdict: { "1>2": "", "2>1": open, "1>internet": "", "internet>1": "ping ssh" },
    },
    {
        name: "no ingress rule at server 1",
        rule: "groups are stateful: without an ingress rule, only responses are allowed",
        fault: (lab) => lab.revoke(lab.one, permit.icmp(anywhere), permit.ssh(anywhere), permit.http("10.42.0.0/16")),
        verdict: { "1>2": open, "2>1": "", "1>internet": open, "internet>1": "" },
    },
    {
        name: "HTTP allowed from the peer's group",
        rule: "a rule may reference a group of a peer VPC, and applies to its members' private addresses",
        fault: (lab) => lab.exchange(lab.two, permit.http("10.41.0.0/16"), permit.httpFromGroup(lab.one.groupId)),
        verdict: { "1>2": open, "2>1": open, "neighbor>2": "ping ssh", "3>2": "ping ssh" },
    },
    {
        name: "HTTP allowed from the group itself",
        rule: "members of a group can reach each other only if a rule references the group itself",
        fault: (lab) => lab.exchange(lab.two, permit.http("10.41.0.0/16"), permit.httpFromGroup(lab.two.groupId)),
        verdict: { "1>2": "ping ssh", "neighbor>2": open, "3>2": "ping ssh" },
    },
    {
        name: "HTTP allowed from the group of a peer, while another peer has the same block",
        rule: "a rule by group applies to the group's members, not to a host that has the address of one",
        fault: async (lab) =>
            inReverse(
                await lab.exchange(lab.two, permit.http("10.41.0.0/16"), permit.httpFromGroup(lab.one.groupId)),
                await lab.peerTwin(),
            ),
        verdict: { "twin>2": "ping ssh", "1>2": "" },
    },
    {
        name: "HTTP allowed from the group of the other peer that has the same block",
        rule: "a rule by group applies to the members in the group's own VPC",
        fault: async (lab) => {
            const untwin = await lab.peerTwin();
            const http = permit.httpFromGroup(lab.twin.groupId);
            return inReverse(untwin, await lab.exchange(lab.two, permit.http("10.41.0.0/16"), http));
        },
        verdict: { "twin>2": open, "1>2": "" },
    },
    {
        name: "outbound traffic allowed to the group of a peer, while another peer has the same block",
        rule: "an egress rule by group applies to the group's members, not to a host that has the address of one",
        fault: async (lab) =>
            inReverse(
                await lab.egress(lab.two, permit.all("10.43.0.0/16"), permit.httpFromGroup(lab.one.groupId)),
                await lab.peerTwin(),
            ),
        verdict: { "2>twin": "", "2>3": open },
    },
    {
        name: "outbound traffic allowed to one port of a peer's group",
        rule: "egress rules apply to requests, by protocol, port and destination; responses need none",
        fault: (lab) => lab.egress(lab.two, permit.httpFromGroup(lab.one.groupId)),
        verdict: { "2>1": "http", "2>3": "", "2>internet": "", "1>2": open },
    },
    {
        name: "echo replies allowed, but no requests",
        rule: "an ICMP rule applies to its type: echo request is type 8",
        fault: (lab) => lab.exchange(lab.two, permit.icmp(anywhere), permit.icmp(anywhere, 0)),
        verdict: { "1>2": "http ssh", "2>1": open, "neighbor>2": "ssh" },
    },
    {
        name: "echo requests allowed, and nothing else of ICMP",
        rule: "a rule for ICMP type 8 lets pings in; their replies need no rule",
        fault: (lab) => lab.exchange(lab.two, permit.icmp(anywhere), permit.icmp("10.41.0.0/16", 8)),
        verdict: { "1>2": open, "2>1": open, "3>2": "ssh" },
    },
    {
        name: "every protocol allowed from one block, and nothing else",
        rule: "a rule for protocol -1 applies to all traffic of its source",
        fault: async (lab) =>
            inReverse(
                await lab.revoke(lab.two, permit.icmp(anywhere), permit.ssh(anywhere), permit.http("10.41.0.0/16")),
                await lab.allow(lab.two, permit.all("10.41.0.0/16")),
            ),
        verdict: { "1>2": open, "2>1": open, "3>2": "" },
    },
    {
        name: "a range of ports for one address",
        rule: "a rule applies to the ports of its range, including both ends, and to the addresses of its block",
        fault: (lab) => lab.exchange(lab.two, permit.http("10.41.0.0/16"), permit.tcp(23, 80, "10.43.1.100/32")),
        verdict: { "1>2": "ping ssh", "2>1": open, "3>2": open },
    },
    {
        name: "SSH allowed from elsewhere only",
        rule: "for traffic from the internet, rules apply to the public source address",
        fault: (lab) => lab.exchange(lab.one, permit.ssh(anywhere), permit.ssh("203.0.113.0/24")),
        verdict: { "1>2": open, "2>1": "ping http", "internet>1": "ping" },
    },
    {
        name: "a network ACL without entries",
        rule: "what no entry allows is denied; traffic within a subnet is not filtered",
        fault: (lab) => lab.acl(lab.two),
        verdict: { "1>2": "", "2>1": "", "2>neighbor": "ping ssh", "internet>2": "", "3>2": "" },
    },
    {
        name: "a network ACL that denies one port of a block",
        rule: "of the entries that match, the one with the lowest number decides",
        fault: (lab) => lab.enter(lab.two, entry(99, "in", "deny", "tcp 80-80", "10.41.0.0/16")),
        verdict: { "1>2": "ping ssh", "2>1": open, "internet>2": "ping ssh" },
    },
    {
        name: "a network ACL that denies the port in a later entry",
        rule: "entries after the first match have no effect",
        fault: (lab) => lab.enter(lab.two, entry(101, "in", "deny", "tcp 80-80")),
        verdict: { "1>2": open, "2>1": open },
    },
    {
        name: "a network ACL that lets out only responses of TCP",
        rule: "ACLs are stateless: outbound entries apply to responses, by their ephemeral ports",
        fault: (lab) =>
            lab.acl(lab.two, entry(100, "in", "allow", "all"), entry(100, "out", "allow", "tcp 1024-65535")),
        verdict: { "1>2": "http ssh", "2>1": "", "internet>2": "ssh" },
    },
    {
        name: "a network ACL that lets in only requests for the page",
        rule: "ACLs are stateless: inbound entries apply to responses, too",
        fault: (lab) => lab.acl(lab.two, entry(100, "in", "allow", "tcp 80-80"), entry(100, "out", "allow", "all")),
        verdict: { "1>2": "http", "2>1": "", "2>internet": "" },
    },
    {
        name: "a network ACL that lets in echo requests and lets out echo replies",
        rule: "an ICMP entry applies to its type",
        fault: (lab) => lab.acl(lab.two, entry(1, "in", "allow", "icmp 8"), entry(1, "out", "allow", "icmp 0")),
        verdict: { "1>2": "ping", "2>1": "" },
    },
    {
        name: "an entry of the default network ACL replaced",
        rule: "entries of the default ACL can be replaced; outbound entries apply to the destination",
        fault: (lab) =>
            lab.reenter(lab.two, entry(100, "out", "allow", "all"), entry(100, "out", "allow", "all", "10.43.0.0/16")),
        verdict: { "1>2": "", "2>1": "", "2>3": open },
    },
    {
        name: "a network ACL at the peer",
        rule: "the ACLs of both subnets apply to traffic between them",
        fault: async (lab) =>
            inReverse(
                await lab.enter(lab.one, entry(1, "out", "deny", "tcp 22-22")),
                await lab.enter(lab.two, entry(1, "in", "deny", "tcp 80-80")),
            ),
        verdict: { "1>2": "ping", "2>1": open },
    },
    {
        name: "a route for one address to another target",
        rule: "the longest prefix wins",
        fault: (lab) => lab.route(lab.one, "10.42.1.100/32", lab.one.gatewayId),
        verdict: { "1>2": "", "2>1": "", "1>neighbor": open },
    },
    {
        name: "a route to the blocks of a prefix list",
        rule: "such a route is a route to each block of the list",
        fault: async (lab) => {
            const { id, remove } = await lab.prefixList("10.42.0.0/16", "192.0.2.0/24");
            const undos = [remove, await lab.unroute(lab.one, "10.42.0.0/16", lab.peering)];
            return inReverse(...undos, await lab.route(lab.one, id, lab.peering));
        },
        verdict: { "1>2": open, "2>1": open },
    },
    {
        name: "a route to a prefix list that loses a block and gains another",
        rule: "a change of the list changes the routes that reference it",
        fault: async (lab) => {
            const { id, remove, change } = await lab.prefixList("10.42.0.0/16");
            const undos = [remove, await lab.unroute(lab.one, "10.42.0.0/16", lab.peering)];
            undos.push(await lab.route(lab.one, id, lab.peering));
            await change("10.42.0.0/16", "10.42.1.101/32");
            return inReverse(...undos);
        },
        verdict: { "1>2": "", "1>neighbor": open },
    },
    {
        name: "a route to a block and one to a prefix list with the same block",
        rule: "of two routes to the same block, the one without a prefix list has priority",
        fault: async (lab) => {
            const { id, remove } = await lab.prefixList("10.42.0.0/16");
            return inReverse(remove, await lab.route(lab.one, id, lab.one.gatewayId));
        },
        verdict: { "1>2": open, "2>1": open },
    },
    {
        name: "HTTP allowed from a prefix list",
        rule: "a rule that references a prefix list applies to each of its blocks",
        fault: async (lab) => {
            const { id, remove } = await lab.prefixList("10.43.0.0/16", "192.0.2.0/24");
            return inReverse(remove, await lab.exchange(lab.two, permit.http("10.41.0.0/16"), permit.httpFromList(id)));
        },
        verdict: { "1>2": "ping ssh", "3>2": open },
    },
    {
        name: "outbound traffic allowed to a prefix list",
        rule: "egress rules may reference prefix lists, too",
        fault: async (lab) => {
            const { id, remove } = await lab.prefixList("10.41.0.0/16");
            return inReverse(remove, await lab.egress(lab.two, permit.httpFromList(id)));
        },
        verdict: { "2>1": "http", "2>3": "" },
    },
    {
        name: "a route whose block has host bits set",
        rule: "AWS stores the canonical block",
        fault: (lab) => lab.route(lab.one, "10.42.1.100/24", lab.one.gatewayId),
        verdict: { "1>2": "", "1>neighbor": "" },
    },
    {
        name: "a route for the VPC's own block",
        rule: "the local route takes precedence",
        fault: (lab) => lab.past((lab) => lab.route(lab.two, "10.42.0.0/16", lab.peering)),
        verdict: { "1>2": open, "2>1": open, "2>neighbor": "ping ssh" },
    },
    {
        name: "the subnet without a route table of its own",
        rule: "such a subnet uses the main route table, which has only the local route here",
        fault: (lab) => lab.disassociate(lab.one),
        verdict: { "1>2": "", "2>1": "", "1>internet": "", "internet>1": "" },
    },
    {
        name: "the internet gateway detached, its route left behind",
        rule: "a route to a detached gateway is a blackhole; the peering connection needs no gateway",
        fault: (lab) => lab.past((lab) => lab.detach(lab.one)),
        verdict: { "1>2": open, "2>1": open, "1>internet": "", "internet>1": "" },
    },
    {
        name: "a route to another VPC's internet gateway",
        rule: "a gateway serves the VPC that it is attached to",
        fault: (lab) => lab.past((lab) => lab.reroute(lab.one, anywhere, lab.one.gatewayId, lab.two.gatewayId)),
        verdict: { "1>2": open, "2>1": open, "1>internet": "", "internet>1": "" },
    },
];

describe("Network", function () {
    this.timeout(30_000);
    let world: World;
    let lab: Lab;

    before(async function () {
        // moto may have to be installed first.
        this.timeout(300_000);
        world = await World.start("a network");
        lab = await Lab.make(world);
    });

    after(() => {
        world.stop();
    });

    const machine = (name: string) => lab.machines[name] ?? assert.fail(`there is no machine ${name}`);
    const output = async (command: string, name = "internet") =>
        (await world.run(command, machine(name))).output.trim();

    async function reached(directions: readonly string[]): Promise<Verdict> {
        const found = directions.map(async (direction) => {
            const [from = "", to = ""] = direction.split(">");
            return [direction, await world.reach(machine(from), machine(to))] as const;
        });
        return Object.fromEntries(await Promise.all(found));
    }

    for (const { name, rule, fault, verdict } of cases) {
        it(`${name}: ${rule}`, async () => {
            const undo = await fault(lab);
            try {
                assert.deepEqual(await reached(Object.keys(verdict)), verdict);
            } finally {
                await undo();
            }
        });
    }

    it("is unchanged after each case is undone", async () => {
        assert.deepEqual(await reached(["1>2", "2>1"]), { "1>2": open, "2>1": open });
    });

    it("keeps an open connection after its rule is revoked, and allows no new one: groups are stateful", async () => {
        await world.run("mkfifo /run/open /run/go");
        const request = "printf 'GET / HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n' >&3";
        const connection = world.run(
            `exec 3<>/dev/tcp/10.42.1.100/80; echo > /run/open; cat /run/go; ${request}; timeout 2 cat <&3`,
            machine("1"),
        );
        await world.run("cat /run/open");
        const undo = await lab.revoke(lab.two, permit.http("10.41.0.0/16"));
        assert.deepEqual(await reached(["1>2"]), { "1>2": "ping ssh" });
        await world.run("echo > /run/go");
        assert.match((await connection).output, /saw 10\.41\.1\.100$/);
        await undo();
    });

    /** The number of echo requests that a machine has received. */
    const received = async (name: string) =>
        Number(await output("awk '/^Icmp: [0-9]/ { print $10 }' /proc/net/snmp", name));

    it("drops packets whose source is not the sender's address, and packets from the internet with private sources", async () => {
        const neighbor = machine("neighbor");
        const forge = (address: string, to: string) =>
            `ip address add ${address}/32 dev lo; ping -c 1 -W 0.5 -I ${address} ${to}; ip address delete ${address}/32 dev lo`;
        const before = await received("neighbor");
        await Promise.all([
            world.run(forge("10.43.1.100", neighbor.privateIp), machine("2")),
            world.run(forge("10.42.1.9", neighbor.publicIp)),
        ]);
        assert.equal(await received("neighbor"), before);
        await world.run(`ping -c 1 -W 0.5 ${neighbor.privateIp}`, machine("2"));
        await world.run(`ping -c 1 -W 0.5 ${neighbor.publicIp}`);
        assert.equal(await received("neighbor"), before + 2);
    });

    it("passes no packets between the internet and 100.64.0.0/10: the addresses are shared, not public", async () => {
        const { publicIp } = machine("1");
        for (const [address, code] of [
            ["203.0.113.9", 0],
            ["100.64.0.9", 1],
        ] as const) {
            const route = `${address}/32 via ${operator.publicIp}`;
            await world.run(`ip address add ${address}/32 dev lo && ip -n inet route add ${route}`);
            const before = await received("internet");
            try {
                const [out, back] = await Promise.all([
                    world.run(`ping -n -c 1 -W 0.5 ${address}`, machine("1")),
                    world.run(`ping -n -c 1 -W 0.5 -I ${address} ${publicIp}`),
                ]);
                assert.deepEqual([out.code, back.code], [code, code], address);
                assert.equal(await received("internet"), before + 1 - code);
            } finally {
                await world.run(`ip address delete ${address}/32 dev lo; ip -n inet route delete ${route}`);
            }
        }
    });

    const broken = [
        {
            what: "a setting that has disappeared",
            damage: () => world.run(`ip -n ${lab.one.vpcId} route flush root 10.42.0.0/16 table all`),
        },
        {
            what: "an interface that has disappeared",
            damage: () => world.run(`ip -n ${lab.two.vpcId} link delete p${lab.peering.slice(-12)}`),
        },
        {
            what: "a namespace that has disappeared",
            damage: () => world.run(`ip netns delete ${lab.one.vpcId}`),
        },
    ];
    for (const { what, damage } of broken) {
        it(`rebuilds the network from nothing after a change that failed because of ${what}, and says so once`, async () => {
            await world.run("rm -f /run/rebuilt.log");
            assert.equal((await damage()).code, 0);
            const undo = await lab.unpeer();
            assert.deepEqual(await reached(["1>2", "1>internet"]), { "1>2": "", "1>internet": open });
            await undo();
            assert.deepEqual(await reached(["1>2", "2>1", "2>3"]), { "1>2": open, "2>1": open, "2>3": open });
            assert.deepEqual((await output("cat /run/rebuilt.log")).split("\n").length, 1);
        });
    }

    it("passes the servers their address, public key and user data", async () => {
        const servers = JSON.parse(await output("cat /run/servers.json")) as { id: string }[];
        assert.equal(servers.length, 5);
        const { id, privateIp } = machine("1");
        assert.deepEqual(
            servers.find((server) => server.id === id),
            { id, privateIp, ...boot, nameServer: "10.41.0.2", searchDomain: "ap-northeast-2.compute.internal" },
        );
    });

    it("lets a new server use the address of a terminated one", async () => {
        const { id = "", privateIp } = machine("neighbor");
        await world.api.terminateInstances({ InstanceIds: [id] });
        assert.doesNotMatch(await output("ip netns list"), new RegExp(id));
        const successor = await makeMachine(world.api, lab.two, privateIp);
        assert.equal(await world.reach(machine("1"), successor), open);
        await world.api.terminateInstances({ InstanceIds: [successor.id ?? ""] });
    });

    it("contains only the internet after its last server is terminated", async () => {
        const InstanceIds = ["1", "2", "3", "twin"].map((name) => machine(name).id ?? "");
        await world.api.terminateInstances({ InstanceIds });
        assert.equal(await output("ip netns list | cut -d ' ' -f 1"), "inet");
        assert.equal(await output("ip netns exec inet ls /sys/class/net"), "lo\noperator");
        assert.equal(
            await output("ip -n inet route"),
            "blackhole default metric 4242 \n198.51.100.0/30 dev operator proto kernel scope link src 198.51.100.1",
        );
        assert.equal(await world.run(`ping -c 1 -W 1 ${operator.privateIp}`).then(({ code }) => code), 0);
    });
});
