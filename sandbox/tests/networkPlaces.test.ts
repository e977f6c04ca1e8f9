import assert from "node:assert/strict";
import { operator, World, type Machine } from "./world/world.ts";
import { inReverse, permit, type Undo } from "./world/networkLab.ts";
import { PlacesLab, type Placed } from "./world/placesLab.ts";

// Real packets across regions and accounts, DNS names and MTUs. Each case changes one option or makes one fault, and undoes
// it.

const none = () => Promise.resolve(() => Promise.resolve());
const open = "ping http ssh";

/** A fault or option, its expected effect and the AWS rule that causes it. */
interface Case {
    readonly name: string;
    readonly rule: string;
    readonly change: (lab: PlacesLab) => Promise<Undo>;
    readonly expected: Readonly<Record<string, string>>;
}

type SideName = "one" | "near" | "far" | "foreign" | "stranger";

const reachCases: readonly Case[] = [
    {
        name: "another region and another account",
        rule: "VPC Peering Guide, What is VPC peering: a peer may be in another region or account",
        change: none,
        expected: { "one>far": open, "far>one": open, "one>foreign": open, "foreign>one": open, "one>near": open },
    },
    {
        name: "VPCs that have the same block, not peered",
        rule: "VPC User Guide, VPC basics: a VPC is isolated from all others, regardless of its addresses",
        change: none,
        expected: { "stranger>far": "", "far>one": open, "stranger>near": "" },
    },
    {
        name: "two peers of one VPC",
        rule: "VPC Peering Guide, VPC peering limitations: no transitive peering, also across regions and accounts",
        change: none,
        expected: { "far>near": "", "far>foreign": "", "near>foreign": "" },
    },
    {
        name: "the route missing in the far region",
        rule: "VPC Peering Guide, Update your route tables: both sides need a route",
        change: (lab) => lab.unroute(lab.far, lab.one),
        expected: { "one>far": "", "far>one": "", "one>near": open },
    },
    {
        name: "the route missing in the foreign account",
        rule: "VPC Peering Guide, Update your route tables: both sides need a route",
        change: (lab) => lab.unroute(lab.foreign, lab.one),
        expected: { "one>foreign": "", "foreign>one": "", "one>far": open },
    },
    {
        name: "a pending request in the far region",
        rule: "VPC Peering Guide, VPC peering connection lifecycle: a pending connection carries no traffic",
        change: (lab) => lab.leavePending(lab.far),
        expected: { "one>far": "", "far>one": "", "one>near": open },
    },
    {
        name: "a pending request in the foreign account",
        rule: "VPC Peering Guide, VPC peering connection lifecycle: a pending connection carries no traffic",
        change: (lab) => lab.leavePending(lab.foreign),
        expected: { "one>foreign": "", "foreign>one": "" },
    },
    {
        name: "a request that was rejected",
        rule: "VPC Peering Guide, VPC peering connection lifecycle: a rejected request cannot be used",
        change: (lab) => lab.beRejected(lab.foreign),
        expected: { "one>foreign": "", "foreign>one": "" },
    },
    {
        name: "a connection that the accepter deleted in the far region",
        rule: "VPC Peering Guide, Delete a VPC peering connection: either owner can delete it",
        change: (lab) => lab.disconnect(lab.far),
        expected: { "one>far": "", "far>one": "", "one>foreign": open },
    },
    {
        name: "HTTP from the peer's group in the same region",
        rule: "VPC Peering Guide, Update your security groups to reference peer security groups",
        change: (lab) => onlyHttpFromGroup(lab.near, lab.one.groupId),
        expected: { "one>near": "http" },
    },
    {
        name: "HTTP from the group of a peer in another account",
        rule: "VPC Peering Guide, Update your security groups: a group in another account is referenced with its owner ID",
        change: (lab) => onlyHttpFromGroup(lab.foreign, lab.one.groupId, lab.one.account),
        expected: { "one>foreign": "http" },
    },
    {
        name: "HTTP from the group of a peer in another region",
        rule: "VPC Peering Guide, Update your security groups: a peer's group in another region can't be referenced",
        change: async (lab) => {
            await assert.rejects(onlyHttpFromGroup(lab.far, lab.one.groupId), { name: "InvalidGroup.NotFound" });
            return () => lab.far.api.authorizeSecurityGroupIngress(all(lab.far));
        },
        expected: { "one>far": "" },
    },
];

const all = ({ groupId }: Placed) => ({ GroupId: groupId, IpPermissions: [permit.all("0.0.0.0/0")] });

/** Limits the inbound traffic of a side to HTTP from a group. */
async function onlyHttpFromGroup(side: Placed, group: string, owner = side.account): Promise<Undo> {
    await side.api.revokeSecurityGroupIngress(all(side));
    const rule = { GroupId: side.groupId, IpPermissions: [permit.httpFromGroup(group, owner)] };
    await side.api.authorizeSecurityGroupIngress(rule);
    return async () => {
        await side.api.revokeSecurityGroupIngress(rule);
        await side.api.authorizeSecurityGroupIngress(all(side));
    };
}

/** The address to which the asking side's name server resolves the named side's public name: private or public, or the error. */
const nameCases: readonly Case[] = [
    {
        name: "public names in their own VPC",
        rule: "VPC User Guide, DNS attributes for your VPC: in its own VPC, a public name resolves to the private address",
        change: none,
        expected: { "one?one": "private", "far?far": "private" },
    },
    {
        name: "public names of other VPCs, DNS resolution off",
        rule: "VPC Peering Guide, Enable DNS resolution: without it, a public name resolves to the public address",
        change: none,
        expected: { "one?near": "public", "near?one": "public", "one?stranger": "public" },
    },
    {
        name: "DNS resolution on at both sides",
        rule: "VPC Peering Guide, Enable DNS resolution: a public name resolves to the private address",
        change: (lab) => lab.resolve(lab.near, "Requester", "Accepter"),
        expected: { "one?near": "private", "near?one": "private", "one?far": "public", "stranger?one": "public" },
    },
    {
        name: "DNS resolution on at the requester's side only",
        rule: "EC2 API Reference, PeeringConnectionOptionsRequest: each side allows the other to resolve its names to private addresses",
        change: (lab) => lab.resolve(lab.near, "Requester"),
        expected: { "near?one": "private", "one?near": "public" },
    },
    {
        name: "DNS resolution on at the accepter's side only",
        rule: "EC2 API Reference, PeeringConnectionOptionsRequest: each side allows the other to resolve its names to private addresses",
        change: (lab) => lab.resolve(lab.near, "Accepter"),
        expected: { "near?one": "public", "one?near": "private" },
    },
    {
        name: "DNS resolution on across regions",
        rule: "VPC Peering Guide, Enable DNS resolution: also works across regions",
        change: (lab) => lab.resolve(lab.far, "Requester", "Accepter"),
        expected: { "one?far": "private", "far?one": "private", "near?far": "public" },
    },
    {
        name: "DNS resolution on across accounts, each owner for their own side",
        rule: "VPC Peering Guide, Enable DNS resolution: each owner sets the option of their side",
        change: (lab) => lab.resolve(lab.foreign, "Requester", "Accepter"),
        expected: { "one?foreign": "private", "foreign?one": "private" },
    },
    {
        name: "DNS resolution for a pending request",
        rule: "VPC Peering Guide, Enable DNS resolution: the connection must be active",
        change: async (lab) => {
            const undo = await lab.leavePending(lab.near);
            await assert.rejects(lab.resolve(lab.near, "Requester"), { name: "OperationNotPermitted" });
            return undo;
        },
        expected: { "one?near": "public", "near?one": "public" },
    },
    {
        name: "the connection deleted with DNS resolution on",
        rule: "VPC Peering Guide, Delete a VPC peering connection: its options are deleted too",
        change: async (lab) => {
            await lab.resolve(lab.near, "Requester", "Accepter");
            return lab.disconnect(lab.near);
        },
        expected: { "one?near": "public", "near?one": "public" },
    },
    {
        name: "DNS hostnames turned off at the named VPC",
        rule: "VPC User Guide, DNS attributes for your VPC: without DNS hostnames there are no public names",
        change: (lab) => lab.turnOff(lab.near, "enableDnsHostnames"),
        expected: { "one?near": "ENOTFOUND", "near?near": "ENOTFOUND", "near?one": "public" },
    },
    {
        name: "DNS hostnames turned off at the asking VPC while DNS resolution is on",
        rule: "VPC Peering Guide, Enable DNS resolution: both VPCs need DNS hostnames",
        change: async (lab) => {
            const undos = [await lab.resolve(lab.near, "Accepter"), await lab.turnOff(lab.one, "enableDnsHostnames")];
            return inReverse(...undos);
        },
        expected: { "one?near": "public" },
    },
    {
        name: "DNS support turned off",
        rule: "VPC User Guide, DNS attributes for your VPC: without DNS support there is no name server",
        change: (lab) => lab.turnOff(lab.one, "enableDnsSupport"),
        expected: { "one?one": "ETIMEOUT", "one?near": "ETIMEOUT", "near?near": "private" },
    },
    {
        name: "no egress rule",
        rule: "VPC User Guide, Security groups: they do not filter traffic to the Amazon DNS server",
        change: async ({ one }) => {
            const rules = { GroupId: one.groupId, IpPermissions: [permit.all("0.0.0.0/0")] };
            await one.api.revokeSecurityGroupEgress(rules);
            return () => one.api.authorizeSecurityGroupEgress(rules);
        },
        expected: { "one?one": "private", "one?near": "public" },
    },
    {
        name: "a network ACL that denies everything",
        rule: "VPC User Guide, Control subnet traffic with network ACLs: they do not filter traffic to the Amazon DNS server",
        change: async ({ one: { api, vpcId } }) => {
            const { NetworkAcls } = await api.describeNetworkAcls({ Filters: [{ Name: "vpc-id", Values: [vpcId] }] });
            const NetworkAclId = NetworkAcls?.[0]?.NetworkAclId;
            const all = { NetworkAclId, Protocol: "-1", CidrBlock: "0.0.0.0/0" };
            for (const Egress of [true, false]) {
                await api.createNetworkAclEntry({ ...all, Egress, RuleNumber: 1, RuleAction: "deny" });
            }
            return async () => {
                for (const Egress of [true, false]) {
                    await api.deleteNetworkAclEntry({ NetworkAclId, Egress, RuleNumber: 1 });
                }
            };
        },
        expected: { "one?one": "private", "one?near": "public" },
    },
];

/** The largest ping that passes without fragmentation, in bytes including headers. */
const sizeCases = [
    { from: "one", to: "near", mtu: 9001, rule: "a peering connection within a region supports jumbo frames" },
    { from: "one", to: "foreign", mtu: 9001, rule: "also between accounts in one region" },
    { from: "one", to: "far", mtu: 8500, rule: "a peering connection between regions supports 8500 bytes" },
    { from: "far", to: "one", mtu: 8500, rule: "in both directions" },
    { from: "one", to: "internet", mtu: 1500, rule: "an internet gateway supports 1500 bytes" },
] as const;

describe("Network of several places", function () {
    this.timeout(30_000);
    let world: World;
    let lab: PlacesLab;

    before(async function () {
        this.timeout(300_000);
        world = await World.start("a network");
        lab = await PlacesLab.make(world);
    });

    after(() => {
        world.stop();
    });

    /** Queries a name server from a machine; returns the address (or the name, for a reverse lookup), or the error code. */
    async function ask(machine: Machine, server: string, name: string, how = "resolve4"): Promise<string> {
        const script = `const r = new (require("node:dns").Resolver)({ timeout: 300, tries: 1 });
            r.setServers(["${server}"]);
            r.${how}("${name}", (error, found) => console.log(error ? error.code : found.join()));`;
        return (await world.run(`node -e '${script}'`, machine)).output.trim();
    }

    async function resolved(asking: Placed, named: Placed): Promise<string> {
        const found = await ask(asking.machine, asking.block.replace("0/16", "2"), named.name);
        const { privateIp, publicIp } = named.machine;
        return found === privateIp ? "private" : found === publicIp ? "public" : found;
    }

    async function seen(pairs: readonly string[]): Promise<Record<string, string>> {
        const found = pairs.map(async (pair) => {
            const [from, to] = pair.split(/[?>]/).map((name) => lab[name as SideName]) as [Placed, Placed];
            const what = pair.includes("?") ? await resolved(from, to) : await world.reach(from.machine, to.machine);
            return [pair, what] as const;
        });
        return Object.fromEntries(await Promise.all(found));
    }

    for (const { name, rule, change, expected } of [...reachCases, ...nameCases]) {
        it(`${name}: ${rule}`, async () => {
            const undo = await change(lab);
            try {
                assert.deepEqual(await seen(Object.keys(expected)), expected);
            } finally {
                await undo();
            }
        });
    }

    for (const { from, to, mtu, rule } of sizeCases) {
        it(`${mtu} bytes from ${from} to ${to}: EC2 User Guide, Network MTU: ${rule}`, async () => {
            const address = to === "internet" ? operator.publicIp : lab[to].machine.privateIp;
            const ping = (size: number) =>
                world.run(`ping -n -c 1 -W 0.5 -M do -s ${size - 28} ${address} 2>&1`, lab[from].machine);
            assert.equal((await ping(mtu)).code, 0);
            const { code, output } = await ping(mtu + 1);
            assert.equal(code, 1);
            assert.match(output, new RegExp(`mtu ?= ?${mtu}\\b`));
        });
    }

    for (const routed of [true, false]) {
        const rule =
            "VPC Peering Guide, VPC peering configurations with routes to specific CIDR blocks: each needs a route";
        it(`a secondary block that is ${routed ? "" : "not "}routed: ${rule}`, async () => {
            const { machine, undo } = await lab.extend(lab.near, "10.52.7.0/24", routed);
            try {
                assert.equal(await world.reach(lab.one.machine, machine), routed ? open : "");
                assert.equal(await world.reach(lab.near.machine, machine), open);
            } finally {
                await undo();
            }
        });
    }

    it("answers at 169.254.169.253 too: VPC User Guide, Amazon DNS server", async () => {
        const { machine, name } = lab.one;
        assert.equal(await ask(machine, "169.254.169.253", name), machine.privateIp);
    });

    it("resolves its own private names and no peer's: VPC User Guide, DNS attributes for your VPC", async () => {
        const names = [
            "ip-10-41-1-100.ap-northeast-2.compute.internal",
            "ip-10-42-1-100.ap-northeast-2.compute.internal",
        ];
        const answers = names.map((name) => ask(lab.one.machine, "10.41.0.2", name));
        assert.deepEqual(await Promise.all(answers), ["10.41.1.100", "ENOTFOUND"]);
        assert.equal(await ask(lab.far.machine, "10.43.0.2", "ip-10-43-1-100.ec2.internal"), "10.43.1.100");
    });

    it("answers reverse lookups of its own addresses if DNS hostnames are on: Route 53 Developer Guide, autodefined rules", async () => {
        const nameOf = (address: string) => ask(lab.one.machine, "10.41.0.2", address, "reverse");
        assert.equal(await nameOf("10.41.1.100"), "ip-10-41-1-100.ap-northeast-2.compute.internal");
        assert.equal(await nameOf("10.43.1.100"), "ENOTFOUND");
        const undo = await lab.turnOff(lab.one, "enableDnsHostnames");
        try {
            assert.equal(await nameOf("10.41.1.100"), "ENOTFOUND");
        } finally {
            await undo();
        }
    });

    it("does not answer a peer's servers: VPC User Guide, Amazon DNS server", async () => {
        assert.equal(await ask(lab.one.machine, "10.42.0.2", lab.near.name), "ETIMEOUT");
    });

    it("answers over TCP, also several queries on one connection", async () => {
        const question = (id: string) => {
            const labels = lab.one.name.split(".").map((label) => [label.length, ...Buffer.from(label)]);
            const name = Buffer.from([...labels.flat(), 0]).toString("hex");
            const message = `${id}01000001000000000000${name}00010001`;
            return (message.length / 2).toString(16).padStart(4, "0") + message;
        };
        const script = `const s = require("node:net").connect(53, "10.41.0.2", () => s.write(Buffer.from("${question("0001")}${question("0002")}", "hex")));
            let all = ""; s.on("data", (d) => { all += d.toString("hex"); }); setTimeout(() => { console.log(all); s.destroy(); }, 300);`;
        const { output } = await world.run(`node -e '${script}'`, lab.one.machine);
        // The address 10.41.1.100 ends each of the two answers.
        assert.equal(output.split("00040a290164").length, 3, output);
    });

    it("transfers a large page between regions in packets within the path MTU", async () => {
        const { machine } = lab.far;
        const once = 'const v = require("node:net").createServer((s) => s.end("x".repeat(1e6), () => v.close()))';
        const serve = `exec timeout 5 node -e '${once}; v.listen(8080)'`;
        const server = world.run(serve, machine);
        const get =
            "for n in 1 2 3 4 5 6 7 8 9; do { exec 3<>/dev/tcp/10.43.1.100/8080; } 2> /dev/null && break; sleep 0.2; done; cat <&3 | wc -c";
        assert.equal((await world.run(get, lab.one.machine)).output.trim(), "1000000");
        await server;
    });
});
