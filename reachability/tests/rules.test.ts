import assert from "node:assert/strict";
import {
    allowingRule,
    decidingEntry,
    holds,
    matchingRoutes,
    overlap,
    privateRangeOf,
    shownRoute,
    type Packet,
} from "../rules.ts";
import { State, type NetworkAclEntry, type SecurityGroup } from "../state.ts";

const lists = {
    "pl-near": ["10.1.0.0/16", "10.1.1.0/24"],
    "pl-far": ["10.9.0.0/16", "10.1.1.0/24"],
    "pl-six": ["fd00::/8"],
};
const state = new State([
    {
        account: "1",
        region: "r",
        PrefixLists: Object.entries(lists).map(([PrefixListId, Cidrs]) => ({ PrefixListId, Cidrs })),
    },
]);
const request = { source: "10.1.1.10", destination: "10.2.1.10" };
const tcp: Packet = { protocol: "tcp", ports: [80, 80], ...request };
const udp: Packet = { ...tcp, protocol: "udp" };
const ping: Packet = { protocol: "icmp", ports: [8, 8], ...request };
const reply: Packet = { protocol: "icmp", ports: [0, 0], ...request };
const answer: Packet = { protocol: "tcp", ports: [32768, 60999], ...request };
/** As JSON shows it: without what is undefined. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null));

describe("a block", () => {
    for (const [block, address, expected] of [
        ["10.1.0.0/16", "10.1.255.255", true],
        ["10.1.0.0/16", "10.2.0.0", false],
        ["0.0.0.0/0", "198.51.100.7", true],
    ] as const) {
        it(`${block} ${expected ? "holds" : "does not hold"} ${address}`, () => {
            assert.equal(holds(block, address), expected);
        });
    }
    for (const [one, other, expected] of [
        ["10.0.0.0/8", "10.1.0.0/16", true],
        ["10.1.0.0/16", "10.0.0.0/8", true],
        ["10.1.0.0/16", "10.2.0.0/16", false],
    ] as const) {
        it(`${one} ${expected ? "overlaps" : "does not overlap"} ${other}`, () => {
            assert.equal(overlap(one, other), expected);
        });
    }
    for (const [address, range] of [
        ["172.31.255.1", "RFC1918"],
        ["172.32.0.1", undefined],
        ["192.168.0.1", "RFC1918"],
        ["100.127.0.1", "RFC6598"],
    ] as const) {
        it(`of ${range ?? "none"} has ${address}`, () => {
            assert.equal(privateRangeOf(address), range);
        });
    }
});

describe("a security group's rule", () => {
    const all = { IpRanges: [{ CidrIp: "0.0.0.0/0" }] };
    const rule = (IpProtocol: string, FromPort?: number, ToPort?: number, peer: object = all) => ({
        IpProtocol,
        ...(FromPort !== undefined && { FromPort, ToPort }),
        ...peer,
    });
    const shown = { SecurityGroupId: "sg-1", Direction: "ingress", Cidr: "0.0.0.0/0" };
    const range = (From: number, To: number) => ({ PortRange: { From, To } });
    const { Cidr: _, ...noCidr } = shown;
    for (const [what, given, packet, expected] of [
        ["for all traffic, whatever ports it has", rule("-1", 0, 0), tcp, { Protocol: "all", ...range(0, 0) }],
        ["for a range of ports, by its first", rule("tcp", 80, 90), tcp, { Protocol: "tcp", ...range(80, 90) }],
        ["for a range of ports, by its last", rule("tcp", 70, 80), tcp, { Protocol: "tcp", ...range(70, 80) }],
        ["for all ports", rule("tcp", 0, 65535), tcp, { Protocol: "tcp", ...range(0, 65535) }],
        ["for all ports of a protocol by its number", rule("17", -1, -1), udp, { Protocol: "udp" }],
        ["for ports below", rule("tcp", 0, 79), tcp, undefined],
        ["for ports above", rule("tcp", 81, 90), tcp, undefined],
        ["for port 0 alone", rule("tcp", 0, 0), tcp, undefined],
        ["for another protocol that has no ports", rule("50"), tcp, undefined],
        ["for all of ICMP", rule("icmp", -1, -1), ping, { Protocol: "icmp" }],
        ["for echo requests of any code", rule("icmp", 8, -1), ping, { Protocol: "icmp", ...range(8, -1) }],
        ["for echo requests of code 0", rule("icmp", 8, 0), ping, { Protocol: "icmp", ...range(8, 0) }],
        ["for echo requests of another code", rule("icmp", 8, 1), ping, undefined],
        ["for echo replies", rule("icmp", 0, 0), ping, undefined],
        ["for destinations that are unreachable", rule("icmp", 3, -1), ping, undefined],
        ["for IPv6 alone", rule("-1", undefined, undefined, { Ipv6Ranges: [{ CidrIpv6: "::/0" }] }), tcp, undefined],
        [
            "of a prefix list with the address among others",
            rule("-1", undefined, undefined, { PrefixListIds: [{ PrefixListId: "pl-far" }] }),
            tcp,
            { Protocol: "all", Cidr: undefined, PrefixListId: "pl-far" },
        ],
        [
            "of a prefix list without the address",
            rule("-1", undefined, undefined, { PrefixListIds: [{ PrefixListId: "pl-six" }] }),
            tcp,
            undefined,
        ],
        [
            "of a group that has the other end",
            rule("-1", undefined, undefined, { UserIdGroupPairs: [{ GroupId: "sg-other" }, { GroupId: "sg-peer" }] }),
            tcp,
            { Protocol: "all", Cidr: "sg-peer" },
        ],
    ] as const) {
        it(`${what} ${expected ? "allows" : "does not allow"} a packet`, () => {
            const item: SecurityGroup = { GroupId: "sg-1", IpPermissions: [given] };
            const found = allowingRule(state, [{ item, place: { account: "1", region: "r" } }], "ingress", packet, [
                "sg-peer",
            ]);
            assert.deepEqual(plain(found), expected ? plain({ ...noCidr, Cidr: shown.Cidr, ...expected }) : null);
        });
    }
});

describe("a network ACL", () => {
    const entry = (
        RuleNumber: number,
        RuleAction: "allow" | "deny",
        Protocol: string,
        more: object = {},
    ): NetworkAclEntry => ({
        RuleNumber,
        RuleAction,
        Protocol,
        Egress: false,
        CidrBlock: "10.0.0.0/8",
        ...more,
    });
    const ports = (From: number, To: number) => ({ PortRange: { From, To } });
    const icmp = (Type: number, Code: number) => ({ IcmpTypeCode: { Type, Code } });
    const star = { Cidr: "0.0.0.0/0", Egress: false, Protocol: "all", RuleAction: "deny", RuleNumber: 32767 };
    for (const [what, entries, packet, expected] of [
        ["that is empty", [], tcp, star],
        [
            "with entries for IPv6 alone",
            [entry(1, "allow", "-1", { CidrBlock: undefined, Ipv6CidrBlock: "::/0" })],
            tcp,
            star,
        ],
        ["with entries for the other way", [entry(1, "allow", "-1", { Egress: true })], tcp, star],
        ["with entries for another block", [entry(1, "allow", "-1", { CidrBlock: "10.2.0.0/16" })], tcp, star],
        [
            "with entries for another protocol",
            [entry(1, "deny", "50"), entry(2, "allow", "6")],
            tcp,
            { Protocol: "tcp", RuleNumber: 2 },
        ],
        [
            "that denies other ports first",
            [
                entry(1, "deny", "6", ports(81, 90)),
                entry(2, "deny", "6", ports(1, 79)),
                entry(3, "allow", "6", ports(80, 80)),
            ],
            tcp,
            { Protocol: "tcp", RuleNumber: 3, ...ports(80, 80) },
        ],
        [
            "that allows before it denies",
            [entry(2, "deny", "-1"), entry(1, "allow", "17")],
            udp,
            { Protocol: "udp", RuleNumber: 1 },
        ],
        [
            "that denies before it allows",
            [entry(2, "allow", "-1"), entry(1, "deny", "6")],
            tcp,
            { Protocol: "tcp", RuleAction: "deny", RuleNumber: 1 },
        ],
        [
            "with an entry for all protocols, whatever ports it has",
            [entry(1, "allow", "-1", ports(1, 2))],
            tcp,
            { Protocol: "all", RuleNumber: 1, ...ports(1, 2) },
        ],
        ["that allows a part of the ports", [entry(1, "allow", "6", ports(1024, 60998))], answer, star],
        ["that allows all but the first port", [entry(1, "allow", "6", ports(32769, 65535))], answer, star],
        [
            "that allows all ports in three parts",
            [
                entry(1, "allow", "6", ports(40000, 41000)),
                entry(2, "allow", "6", ports(32768, 39999)),
                entry(3, "allow", "6", ports(41001, 60999)),
            ],
            answer,
            { Protocol: "tcp", RuleNumber: 3, ...ports(41001, 60999) },
        ],
        [
            "that denies a part of the ports",
            [
                entry(1, "allow", "6", ports(1024, 40000)),
                entry(2, "deny", "6", ports(1024, 40000)),
                entry(3, "deny", "6", ports(50000, 50000)),
                entry(4, "allow", "-1"),
            ],
            answer,
            { Protocol: "tcp", RuleAction: "deny", RuleNumber: 3, ...ports(50000, 50000) },
        ],
        ["with all of ICMP", [entry(1, "allow", "1", icmp(-1, -1))], ping, { Protocol: "icmp", RuleNumber: 1 }],
        ["with all of ICMP and no type", [entry(1, "allow", "1")], ping, { Protocol: "icmp", RuleNumber: 1 }],
        [
            "with echo requests of code 0",
            [entry(1, "allow", "1", icmp(8, 0))],
            ping,
            { Protocol: "icmp", RuleNumber: 1 },
        ],
        ["with echo requests of another code", [entry(1, "allow", "1", icmp(8, 1))], ping, star],
        ["with echo replies for a request", [entry(1, "allow", "1", icmp(0, 0))], ping, star],
        [
            "with echo replies for a reply",
            [entry(1, "allow", "1", icmp(0, -1))],
            reply,
            { Protocol: "icmp", RuleNumber: 1 },
        ],
        ["that is for TCP, not for ICMP", [entry(1, "allow", "6")], ping, star],
    ] as const) {
        it(`${what} decides`, () => {
            const wanted =
                expected === star ? star : { Cidr: "10.0.0.0/8", Egress: false, RuleAction: "allow", ...expected };
            assert.deepEqual(plain(decidingEntry(entries, "ingress", packet)), wanted);
        });
    }
});

describe("a route table", () => {
    const to = (DestinationCidrBlock: string, GatewayId = "igw-1") => ({ DestinationCidrBlock, GatewayId });
    const list = (DestinationPrefixListId: string) => ({ DestinationPrefixListId, GatewayId: "igw-1" });
    for (const [what, routes, expected] of [
        [
            "the longest prefix first",
            [to("0.0.0.0/0"), to("10.1.1.0/24"), to("10.1.0.0/16"), to("10.2.0.0/16")],
            ["10.1.1.0/24", "10.1.0.0/16", "0.0.0.0/0"],
        ],
        [
            "the longest block of a prefix list",
            [to("10.1.0.0/20"), list("pl-near")],
            ["pl-near 10.1.1.0/24", "10.1.0.0/20"],
        ],
        [
            "a block of its own before the same of a list",
            [list("pl-far"), to("10.1.1.0/24"), list("pl-near")],
            ["10.1.1.0/24", "pl-far 10.1.1.0/24", "pl-near 10.1.1.0/24"],
        ],
        ["nothing of IPv6", [{ DestinationIpv6CidrBlock: "::/0", GatewayId: "igw-1" }, list("pl-six")], []],
    ] as const) {
        it(`has ${what}`, () => {
            const found = matchingRoutes(state, routes, "10.1.1.10");
            assert.ok(!("unknown" in found));
            assert.deepEqual(
                found.map(({ route, block }) => [route.DestinationPrefixListId ?? [], block].flat().join(" ")),
                expected,
            );
        });
    }
    it("shows its routes as AWS does", () => {
        const rest = { Origin: "CreateRoute", State: "active" } as const;
        assert.deepEqual(
            [
                { ...to("10.0.0.0/8"), ...rest },
                { DestinationPrefixListId: "pl-1", VpcPeeringConnectionId: "pcx-1", ...rest },
                { NatGatewayId: "nat-1" },
                {},
            ].map((one) => plain(shownRoute(one))),
            [
                { DestinationCidr: "10.0.0.0/8", GatewayId: "igw-1", ...rest },
                { DestinationPrefixListId: "pl-1", VpcPeeringConnectionId: "pcx-1", ...rest },
                { GatewayId: "nat-1" },
                { GatewayId: "" },
            ],
        );
    });
});
