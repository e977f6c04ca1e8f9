import assert from "node:assert/strict";
import fc from "fast-check";
import type { Network } from "../network/planned/network.ts";
import { plan as planOf } from "../network/planned/plan.ts";
import { sitesOf } from "../network/planned/sites.ts";
import type { AclEntry, Instance, Peering, Rule, SecurityGroup, State, Vpc } from "../network/described/state.ts";

const any = { from: -1, to: -1, cidrBlocks: ["0.0.0.0/0"], groupIds: [] } as const;

/** A security group of VPC N with these ingress rules, which allows all outbound traffic. */
function group(n: number, ...ingress: Rule[]): SecurityGroup {
    return { id: `sg-${n}`, ingress, egress: [{ protocol: "all", ...any }] };
}

/** The entry of a default network ACL that allows all traffic, with changes. */
function entry(change: Partial<AclEntry> = {}): AclEntry {
    return { number: 100, allow: true, protocol: "all", from: -1, to: -1, cidrBlock: "0.0.0.0/0", ...change };
}

/** The Mth instance in the only subnet of VPC N. */
function instance(n: number, m = 1): Instance {
    return {
        id: `i-${n}${m}`,
        vpcId: `vpc-${n}`,
        subnetId: `subnet-${n}`,
        interfaceId: `eni-${n}${m}`,
        mac: `02:00:00:00:0${n}:0${m}`,
        privateIp: `10.4${n}.1.10${m}`,
        publicIp: `54.214.${n}.${m}`,
        publicDns: `ec2-54-214-${n}-${m}.eu-west-1.compute.amazonaws.com`,
        privateDns: `ip-10-4${n}-1-10${m}.eu-west-1.compute.internal`,
        groupIds: [`sg-${n}`],
        publicKey: undefined,
        userData: "",
    };
}

const peeringOf = (one: number, other: number): Peering => ({
    id: `pcx-${one}${other}`,
    active: true,
    requesterVpcId: `vpc-${one}`,
    accepterVpcId: `vpc-${other}`,
    resolvedVpcIds: [],
});

/** A VPC with these blocks in a region. */
function vpcOf(n: number, cidrBlocks = [`10.4${n}.0.0/16`], region = "eu-west-1"): Vpc {
    return { id: `vpc-${n}`, region, cidrBlocks, dnsSupport: true, dnsHostnames: true };
}

/** Three VPCs, peered in a row, with all possible routes. The subnets of the first two have route tables of their own. */
const state: State = {
    vpcs: [1, 2, 3].map((n) => vpcOf(n)),
    subnets: [1, 2, 3].map((n) => ({ id: `subnet-${n}`, vpcId: `vpc-${n}`, cidrBlock: `10.4${n}.1.0/24` })),
    networkAcls: [1, 2, 3].map((n) => ({
        id: `acl-${n}`,
        vpcId: `vpc-${n}`,
        subnetIds: [`subnet-${n}`],
        ingress: [entry()],
        egress: [entry()],
    })),
    routeTables: [
        ...[1, 2].map((n) => ({ id: `rtb-000000a${n}`, vpcId: `vpc-${n}`, main: true, subnetIds: [], routes: [] })),
        ...[1, 2, 3].map((n) => ({
            id: `rtb-0000000${n}`,
            vpcId: `vpc-${n}`,
            main: n === 3,
            subnetIds: n === 3 ? [] : [`subnet-${n}`],
            routes: [
                { destination: `10.4${n}.0.0/16`, target: "local" },
                { destination: "0.0.0.0/0", target: `igw-${n}` },
                ...(n === 1 ? [{ destination: "10.42.0.0/16", target: "pcx-12" }] : []),
                ...(n === 2 ? [{ destination: "10.41.0.0/16", target: "pcx-12" }] : []),
                ...(n === 3 ? [{ destination: "10.42.0.0/16", target: "pcx-23" }] : []),
            ],
        })),
    ],
    internetGateways: [1, 2, 3].map((n) => ({ id: `igw-${n}`, vpcId: `vpc-${n}` })),
    peerings: [peeringOf(1, 2), peeringOf(2, 3)],
    securityGroups: [1, 2, 3].map((n) => group(n, { protocol: "tcp", ...any, from: 80, to: 80 })),
    instances: [instance(1), instance(2), instance(2, 2), instance(3)],
    flowLogs: [],
};

/** The state in which a route table has only this route besides the local one. */
function routed(destination: string, target: string): State {
    const routes = [{ destination, target }];
    return {
        ...state,
        routeTables: state.routeTables.map((table) => (table.id === "rtb-00000001" ? { ...table, routes } : table)),
    };
}

function withPeering(change: Partial<Peering>): State {
    return { ...state, peerings: [{ ...peeringOf(1, 2), ...change }, peeringOf(2, 3)] };
}

function settings(network: Network, namespace: string): readonly string[] {
    return network.namespaces.get(namespace)?.config ?? [];
}

/** The device that the instance's route table uses for a destination, which must match its route exactly. */
function way(network: Network, { vpcId, interfaceId }: Instance, destination: string): string | undefined {
    const lines = settings(network, vpcId);
    const table = find(lines, new RegExp(`^rule iif e${interfaceId} lookup (\\d+) pref 100$`));
    const escaped = destination.replaceAll(".", "\\.");
    return find(
        lines,
        new RegExp(`^route (?:(blackhole) ${escaped}|${escaped} via \\S+ dev (\\S+) onlink) table ${table ?? ""}$`),
    );
}

function find(lines: readonly string[], pattern: RegExp): string | undefined {
    const matches = lines.map((line) => pattern.exec(line)).filter((match) => match !== null);
    assert.ok(matches.length <= 1, `more than one line matches ${String(pattern)}`);
    return matches[0]?.slice(1).find(Boolean);
}

/** The rules of a chain in a router's ruleset. */
function chain(network: Network, namespace: string, name: string): string[] {
    const text = network.namespaces.get(namespace)?.firewall ?? "";
    const [, body = "no such chain"] = new RegExp(`chain ${name} \\{\\n(.*?)\\n    \\}`, "s").exec(text) ?? [];
    return body.split("\n").map((line) => line.trim());
}

const plan = (given: State): Network => planOf(sitesOf(given));
const incoming = (given: State, of: Instance): string[] => chain(plan(given), of.vpcId, `in_e${of.interfaceId}`);

describe("Plan", () => {
    describe("routes", () => {
        const peerWithoutServers = { ...state, instances: [instance(1)] };
        const overlapping = {
            ...state,
            vpcs: state.vpcs.map((vpc) =>
                vpc.id === "vpc-2" ? { ...vpc, cidrBlocks: ["10.42.0.0/16", "10.41.128.0/20"] } : vpc,
            ),
        };
        const cases: readonly [name: string, state: State, destination: string, way: string | undefined][] = [
            ["to an active peering", state, "10.42.0.0/16", "ppcx-12"],
            ["to a peering that is not active", withPeering({ active: false }), "10.42.0.0/16", "blackhole"],
            ["to a peering that is deleted", { ...state, peerings: [] }, "10.42.0.0/16", "blackhole"],
            ["to a peering of other VPCs", routed("10.43.0.0/16", "pcx-23"), "10.43.0.0/16", "blackhole"],
            ["to a peer that overlaps", overlapping, "10.42.0.0/16", "blackhole"],
            ["to a peer that is the VPC itself", withPeering({ accepterVpcId: "vpc-1" }), "10.42.0.0/16", "blackhole"],
            ["to a peer that has no servers", peerWithoutServers, "10.42.0.0/16", "blackhole"],
            ["to an internet gateway", state, "0.0.0.0/0", "igw"],
            ["to an internet gateway that is detached", { ...state, internetGateways: [] }, "0.0.0.0/0", "blackhole"],
            ["to an internet gateway of another VPC", routed("0.0.0.0/0", "igw-2"), "0.0.0.0/0", "blackhole"],
            ["to an unsupported target", routed("0.0.0.0/0", "unsupported"), "0.0.0.0/0", "blackhole"],
            ["of a smaller block", routed("10.42.1.100/32", "pcx-12"), "10.42.1.100/32", "ppcx-12"],
            ["that do not exist", routed("10.42.0.0/16", "pcx-12"), "0.0.0.0/0", undefined],
        ];
        for (const [name, given, destination, expected] of cases) {
            it(`${name} lead to ${expected ?? "nothing"}`, () => {
                assert.equal(way(plan(given), instance(1), destination), expected);
            });
        }

        it("are those of the main route table if the subnet has no table of its own", () => {
            assert.equal(way(plan(state), instance(3), "10.42.0.0/16"), "ppcx-23");
        });

        it("are those of the subnet's own route table if it has one, and never those of another VPC", () => {
            const foreign = { id: "rtb-00000009", vpcId: "vpc-9", main: true, subnetIds: ["subnet-1"], routes: [] };
            const network = plan({ ...state, routeTables: [foreign, ...state.routeTables] });
            assert.equal(way(network, instance(1), "0.0.0.0/0"), "igw");
        });

        it("yield to the local route, which leads only to the VPC's own instances", () => {
            const vpcs = [{ ...vpcOf(2, ["10.42.0.0/16", "10.99.0.0/24"]), dnsSupport: false }];
            const lines = settings(plan({ ...state, vpcs }), "vpc-2");
            const local = lines.filter((line) => /lookup 1000|table 1000/.test(line));
            assert.deepEqual(local, [
                "rule to 10.42.0.0/16 lookup 1000 pref 50",
                "route blackhole 10.42.0.0/16 table 1000",
                "rule to 10.99.0.0/24 lookup 1000 pref 50",
                "route blackhole 10.99.0.0/24 table 1000",
                "route 10.42.1.101/32 dev eeni-21 table 1000",
                "route 10.42.1.102/32 dev eeni-22 table 1000",
            ]);
        });

        it("lead to both addresses of the name server if the VPC has one", () => {
            const to = "via 169.254.0.1 dev dns onlink table 1000";
            const lines = settings(plan(state), "vpc-2").filter((line) => /dev dns onlink|pref 40/.test(line));
            assert.deepEqual(lines, [
                "rule to 240.0.0.1 lookup 1000 pref 40",
                "rule to 169.254.169.253 lookup 1000 pref 40",
                `route 240.0.0.1/32 ${to}`,
                `route 10.42.0.2/32 ${to}`,
                `route 169.254.169.253/32 ${to}`,
            ]);
            const vpcs = state.vpcs.map((vpc) => ({ ...vpc, dnsSupport: false }));
            assert.doesNotMatch(JSON.stringify([...plan({ ...state, vpcs }).namespaces]), /dev dns|dport 53/);
        });

        it("identify each VPC to the name servers by a different address", () => {
            const ways = settings(plan(state), "").filter((line) => line.includes("/32 via"));
            const addresses = ways.map((line) => /route (24\d\.\S+)\/32 via/.exec(line)?.[1]);
            assert.equal(new Set(addresses).size, 3);
            for (const [n, address] of addresses.entries()) {
                assert.ok(
                    chain(plan(state), `vpc-${n + 1}`, "postrouting").includes(`oifname "dns" snat to ${address}`),
                );
            }
        });

        it("use the MTUs within a region, between regions and to the internet", () => {
            const vpcs = [vpcOf(1), vpcOf(2), vpcOf(3, undefined, "us-east-1")];
            const sizes = plan({ ...state, vpcs }).links.map(({ mtu, ends }) => `${ends[0].dev} ${mtu}`);
            for (const size of ["ppcx-12 9001", "ppcx-23 8500", "igw 1500", "operator 1500", "eeni-11 9001"]) {
                assert.ok(sizes.includes(size), size);
            }
        });

        it("apply to instances only: packets from outside to other destinations are dropped", () => {
            const lines = settings(plan(state), "vpc-2").filter((line) => /^rule (?!to)/.test(line));
            assert.deepEqual(lines, [
                "rule iif eeni-21 lookup 2002 pref 100",
                "rule iif eeni-22 lookup 2002 pref 100",
                "rule blackhole pref 32000",
            ]);
        });

        it("drop packets that match no route", () => {
            const defaults = settings(plan(state), "vpc-1").filter((line) => line.includes("default"));
            assert.deepEqual(defaults, ["route blackhole default metric 4242 table 2001"]);
        });
    });

    describe("rules", () => {
        const rule = (change: Partial<Rule>): Rule => ({ protocol: "tcp", ...any, ...change });
        const cases: readonly [name: string, rule: Rule, text: string][] = [
            ["of one port", rule({ from: 80, to: 80 }), "ip saddr 0.0.0.0/0 tcp dport 80 return"],
            ["of a range", rule({ from: 0, to: 1023 }), "ip saddr 0.0.0.0/0 tcp dport 0-1023 return"],
            ["of UDP", rule({ protocol: "udp", from: 53, to: 53 }), "ip saddr 0.0.0.0/0 udp dport 53 return"],
            ["of all ports", rule({}), "ip saddr 0.0.0.0/0 ip protocol tcp return"],
            ["of all ICMP", rule({ protocol: "icmp" }), "ip saddr 0.0.0.0/0 ip protocol icmp return"],
            ["of an ICMP type", rule({ protocol: "icmp", from: 8 }), "ip saddr 0.0.0.0/0 icmp type 8 return"],
            [
                "of an ICMP type and code",
                rule({ protocol: "icmp", from: 3, to: 4 }),
                "ip saddr 0.0.0.0/0 icmp type 3 icmp code 4 return",
            ],
            ["of everything", rule({ protocol: "all" }), "ip saddr 0.0.0.0/0 return"],
            ["of a block", rule({ protocol: "all", cidrBlocks: ["10.0.0.0/8"] }), "ip saddr 10.0.0.0/8 return"],
        ];
        for (const [name, given, text] of cases) {
            it(`${name} allow exactly that`, () => {
                const securityGroups = [group(1, given)];
                assert.deepEqual(incoming({ ...state, securityGroups }, instance(1)), [text, "drop"]);
            });
        }

        it("allow no traffic if there are none", () => {
            const securityGroups = [{ id: "sg-1", ingress: [], egress: [] }];
            const network = plan({ ...state, securityGroups });
            assert.deepEqual(chain(network, "vpc-1", "in_eeni-11"), ["drop"]);
            assert.deepEqual(chain(network, "vpc-1", "out_eeni-11"), ["drop"]);
        });

        it("filter outbound traffic by destination", () => {
            assert.deepEqual(chain(plan(state), "vpc-1", "out_eeni-11"), ["ip daddr 0.0.0.0/0 return", "drop"]);
        });

        it("are those of all of the instance's groups, and of no other group", () => {
            const one = { ...instance(1), groupIds: ["sg-1", "sg-9"] };
            const other = { ...group(9, rule({ from: 22, to: 22 })) };
            const given = { ...state, instances: [one], securityGroups: [...state.securityGroups, other] };
            assert.deepEqual(incoming(given, one), [
                "ip saddr 0.0.0.0/0 tcp dport 22 return",
                "ip saddr 0.0.0.0/0 tcp dport 80 return",
                "drop",
            ]);
        });

        const members = (given: State, groupId: string): string[] => {
            const from = group(1, { protocol: "all", from: -1, to: -1, cidrBlocks: [], groupIds: [groupId] });
            return incoming({ ...given, securityGroups: [from] }, instance(1));
        };
        const both = [1, 2].map((m) => `iifname "ppcx-12" ip saddr 10.42.1.10${m} return`).concat("drop");
        const groupCases: readonly [name: string, given: State, groupId: string, expected: string[]][] = [
            ["of the own VPC", state, "sg-1", ['iifname "eeni-11" ip saddr 10.41.1.101 return', "drop"]],
            ["of a peer", state, "sg-2", both],
            ["of a peer whose connection is not active", withPeering({ active: false }), "sg-2", ["drop"]],
            ["of a peer's peer", state, "sg-3", ["drop"]],
        ];
        for (const [name, given, groupId, expected] of groupCases) {
            it(`that reference a group ${name} apply to ${expected.length - 1} addresses`, () => {
                assert.deepEqual(members(given, groupId), expected);
            });
        }

        it("that reference a group apply to outbound traffic to its members", () => {
            const egress = [{ protocol: "all", from: -1, to: -1, cidrBlocks: [], groupIds: ["sg-3"] }];
            const securityGroups = [{ id: "sg-2", ingress: [], egress }];
            assert.deepEqual(chain(plan({ ...state, securityGroups }), "vpc-2", "out_eeni-21"), [
                'oifname "ppcx-23" ip daddr 10.43.1.101 return',
                "drop",
            ]);
        });
    });

    describe("network ACLs", () => {
        const given = (...ingress: AclEntry[]): State => ({
            ...state,
            networkAcls: state.networkAcls.map((acl) => (acl.id === "acl-2" ? { ...acl, ingress } : acl)),
        });
        const cases: readonly [name: string, entry: AclEntry, text: string][] = [
            ["all traffic", entry(), "ip saddr 0.0.0.0/0 return"],
            [
                "a range of ports",
                entry({ protocol: "tcp", from: 1024, to: 65535 }),
                "ip saddr 0.0.0.0/0 tcp dport 1024-65535 return",
            ],
            ["UDP", entry({ protocol: "udp", from: 53, to: 53 }), "ip saddr 0.0.0.0/0 udp dport 53 return"],
            ["an ICMP type", entry({ protocol: "icmp", from: 8 }), "ip saddr 0.0.0.0/0 icmp type 8 return"],
            ["another protocol", entry({ protocol: "47" }), "ip saddr 0.0.0.0/0 ip protocol 47 return"],
            ["a denied block", entry({ allow: false, cidrBlock: "10.0.0.0/8" }), "ip saddr 10.0.0.0/8 drop"],
        ];
        for (const [name, one, text] of cases) {
            it(`match exactly ${name}, and deny everything else`, () => {
                assert.deepEqual(chain(plan(given(one)), "vpc-2", "acl_in_acl-2"), [text, "drop"]);
                assert.deepEqual(chain(plan(given(one)), "vpc-2", "acl_out_acl-2"), [
                    "ip daddr 0.0.0.0/0 return",
                    "drop",
                ]);
            });
        }

        it("filter what enters and leaves a subnet before connection tracking, except DNS", () => {
            const forward = chain(plan(state), "vpc-2", "forward");
            const devs = '"eeni-21", "eeni-22"';
            assert.deepEqual(
                forward.filter((line) => line.includes("acl_")),
                [
                    `iifname { ${devs} } oifname != { ${devs}, "dns" } jump acl_out_acl-2`,
                    `oifname { ${devs} } iifname != { ${devs}, "dns" } jump acl_in_acl-2`,
                ],
            );
            const tracked = forward.findIndex((line) => line.startsWith("ct state"));
            assert.ok(forward.findLastIndex((line) => line.includes("acl_")) < tracked);
        });

        it("filter traffic between two subnets that share one", () => {
            const moved = { ...instance(2, 2), subnetId: "subnet-9" };
            const shared = state.networkAcls.map((acl) => ({ ...acl, subnetIds: [...acl.subnetIds, "subnet-9"] }));
            const network = plan({
                ...state,
                networkAcls: [shared[1] ?? assert.fail()],
                instances: [instance(2), moved],
            });
            const jumps = chain(network, "vpc-2", "forward").filter((line) => line.includes("acl_in"));
            assert.deepEqual(jumps, [
                'oifname { "eeni-21" } iifname != { "eeni-21", "dns" } jump acl_in_acl-2',
                'oifname { "eeni-22" } iifname != { "eeni-22", "dns" } jump acl_in_acl-2',
            ]);
            assert.equal(network.namespaces.get("vpc-2")?.firewall?.match(/chain acl_in/g)?.length, 1);
        });

        it("deny everything in a subnet that has none", () => {
            const network = plan({ ...state, networkAcls: [] });
            assert.deepEqual(chain(network, "vpc-2", "acl_in_none"), ["drop"]);
        });
    });

    describe("the internet", () => {
        const known = (given: State): string[] =>
            settings(plan(given), "inet").filter((line) => line.startsWith("route 54."));

        it("has routes to all public addresses", () => {
            assert.deepEqual(known(state), [
                "route 54.214.1.1/32 via 169.254.0.1 dev vvpc-1 onlink",
                "route 54.214.2.1/32 via 169.254.0.1 dev vvpc-2 onlink",
                "route 54.214.2.2/32 via 169.254.0.1 dev vvpc-2 onlink",
                "route 54.214.3.1/32 via 169.254.0.1 dev vvpc-3 onlink",
            ]);
        });

        it("has no routes to a VPC without an internet gateway", () => {
            assert.deepEqual(known({ ...state, internetGateways: [{ id: "igw-1", vpcId: undefined }] }), []);
        });

        it("sees only the public address of an instance, and no instance without one", () => {
            const instances = [instance(2), { ...instance(2, 2), publicIp: undefined }];
            const network = plan({ ...state, instances });
            assert.deepEqual(chain(network, "vpc-2", "postrouting").slice(2), [
                'oifname "igw" ip saddr 10.42.1.101 snat to 54.214.2.1',
            ]);
            assert.deepEqual(chain(network, "vpc-2", "prerouting").slice(3), [
                'iifname "igw" ip daddr 54.214.2.1 dnat to 10.42.1.101',
            ]);
            assert.match(
                network.namespaces.get("vpc-2")?.firewall ?? "",
                /oifname "igw" ip saddr != \{ 10.42.1.101 \} drop/,
            );
            assert.equal(settings(network, "inet").filter((line) => line.includes("54.214.2.2")).length, 0);
        });

        it("exists without any VPCs", () => {
            const nothing = { vpcs: [], subnets: [], networkAcls: [], routeTables: [], internetGateways: [] };
            const network = plan({ ...nothing, peerings: [], securityGroups: [], instances: [], flowLogs: [] });
            assert.deepEqual([...network.namespaces.keys()], ["", "inet"]);
            assert.equal(network.links.length, 1);
        });
    });

    describe("flow logs", () => {
        const rulesets = (resourceId: string) => {
            const log = { id: "fl-1", accountId: "1", region: "eu-west-1", resourceId, logGroup: "flows" };
            const { namespaces } = plan({ ...state, flowLogs: [{ ...log, trafficType: "ALL" }] });
            return [1, 2, 3].map((n) => namespaces.get(`vpc-${n}`)?.firewall ?? "");
        };

        it("change only the rulesets of their VPCs, and those only if there are interfaces to record", () => {
            const [one, two, three] = rulesets("vpc-0");
            assert.doesNotMatch([one, two, three].join(), / log |sent|refused|judge/);
            for (const id of ["vpc-2", "subnet-2", "eni-21"]) {
                const [first, second = "", third] = rulesets(id);
                assert.deepEqual([first, third], [one, three]);
                assert.match(second, /log prefix "ACCEPT eni-21" group 1 /);
                assert.equal(second.includes('"ACCEPT eni-22"'), id !== "eni-21");
            }
        });
    });

    describe("names and order", () => {
        const realistic: State = {
            ...state,
            instances: state.instances.map((one, n) => ({ ...one, interfaceId: `eni-0a1b2c3d4e5f6071${n}` })),
            peerings: [{ ...peeringOf(1, 2), id: "pcx-0a1b2c3d4e5f60718" }],
        };

        it("fit the kernel's limits and are unique", () => {
            const { namespaces, links } = plan(realistic);
            const ends = links.flatMap(({ ends }) => ends);
            for (const { namespace, dev, mac } of ends) {
                assert.ok(dev.length <= 15, dev);
                assert.match(mac, /^02(:[0-9a-f]{2}){5}$/);
                assert.ok(namespaces.has(namespace), namespace);
            }
            assert.equal(new Set(ends.map(({ namespace, dev }) => `${namespace} ${dev}`)).size, ends.length);
            assert.equal(new Set(ends.map(({ mac }) => mac)).size, ends.length);
        });

        it("do not depend on the order in the API's responses", () => {
            const canonical = (given: State) => {
                const { namespaces, links } = plan(given);
                const sorted = [...namespaces].map(([name, { config, ...rest }]) => ({
                    name,
                    config: [...config].sort(),
                    ...rest,
                }));
                return { namespaces: sorted, links };
            };
            const shuffled = <T>(items: readonly T[]) =>
                fc.shuffledSubarray([...items], { minLength: items.length, maxLength: items.length });
            const states = fc.record({
                vpcs: shuffled(state.vpcs),
                subnets: shuffled(state.subnets),
                networkAcls: shuffled(state.networkAcls),
                routeTables: shuffled(state.routeTables),
                internetGateways: shuffled(state.internetGateways),
                peerings: shuffled(state.peerings),
                securityGroups: shuffled(state.securityGroups),
                instances: shuffled(state.instances),
                flowLogs: shuffled(state.flowLogs),
            });
            const expected = canonical(state);
            fc.assert(
                fc.property(states, (given) => {
                    assert.deepEqual(canonical(given), expected);
                }),
            );
        });
    });
});
