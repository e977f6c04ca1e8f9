import * as assert from "assert";
import * as pulumi from "@pulumi/pulumi";
import {
    checkDeclared,
    checkPeering,
    checkPlaces,
    checkSelf,
    quotaWarnings,
    type PeeringOptions,
    type SideFacts,
    type Usage,
} from "../components/peering/peeringRules";
import { peeringWarnings, type VpcPeeringArgs } from "../components/peering/peeringArgs";
import { across, accountOf, partitionOf, type Place } from "../components/peering/sides";

const plain: PeeringOptions = { autoAccept: false, manageAccepter: true, ingressFrom: "cidr", dnsResolution: false };

function facts(blocks: string[], more: Partial<SideFacts> = {}): SideFacts {
    const named = blocks.map((cidrBlock, index) => ({ path: `block ${index}`, cidrBlock }));
    return { blocks: named, routedCidrBlocks: [], dns: { path: "names", on: true }, ...more };
}

const one = facts(["10.41.0.0/16"]);
const other = facts(["10.42.0.0/16"]);

type Case = [what: string, sides: [SideFacts, SideFacts], options: Partial<PeeringOptions>, problems: string[]];

/** Cases for the two checks that take everything there is; a problem is `key = value: message`. */
function eachOf(cases: Case[]): void {
    for (const [what, [requester, accepter], options, problems] of cases) {
        it(`${problems.length === 0 ? "permits" : "refuses"} ${what}`, () => {
            assert.deepStrictEqual(
                checkPeering({ requester, accepter }, { ...plain, ...options }).map(
                    ({ path, value, message }) => `${path} = ${String(value)}: ${message}`,
                ),
                problems,
            );
        });
    }
}

describe("across", () => {
    it("is the other side", () => {
        assert.strictEqual(across("requester"), "accepter");
        assert.strictEqual(across("accepter"), "requester");
    });
});

describe("accountOf", () => {
    it("is the role's", () => {
        assert.strictEqual(accountOf("arn:aws:iam::222222222222:role/peering"), "222222222222");
    });
});

describe("partitionOf", () => {
    const partitions: Record<string, string> = {
        "us-east-1": "aws",
        "ap-northeast-2": "aws",
        "eu-central-1": "aws",
        "us-west-2": "aws",
        "cn-north-1": "aws-cn",
        "cn-northwest-1": "aws-cn",
        "us-gov-west-1": "aws-us-gov",
        "us-iso-east-1": "aws-us-iso",
        "us-isob-east-1": "aws-us-isob",
        "us-isof-south-1": "aws-us-isof",
        "eu-isoe-west-1": "aws-eu-isoe",
        "eusc-de-east-1": "aws-eusc",
        "xx-cn-1": "aws",
    };
    for (const [region, partition] of Object.entries(partitions)) {
        it(`of ${region} is ${partition}`, () => {
            assert.strictEqual(partitionOf(region), partition);
        });
    }
});

describe("checkPeering, of blocks", () => {
    const overlap = (relation: string): string =>
        `${relation}, and AWS peers only VPCs whose blocks are apart (VPC Peering Guide, "VPC peering limitations"); choose another block for one of them`;
    eachOf([
        ["blocks that lie apart", [one, other], {}, []],
        [
            "a pair of blocks that overlaps behind others that do not",
            [facts(["10.41.0.0/16", "10.50.0.0/16"]), facts(["10.42.0.0/16", "10.50.128.0/17"])],
            {},
            [`block 1 = 10.50.128.0/17: ${overlap("overlaps block 1, 10.50.0.0/16")}`],
        ],
        [
            "two pairs that do, each of them",
            [facts(["10.41.0.0/16", "10.50.0.0/16"]), facts(["10.41.0.0/16", "10.50.0.0/16"])],
            {},
            [
                `block 0 = 10.41.0.0/16: ${overlap("equals block 0")}`,
                `block 1 = 10.50.0.0/16: ${overlap("equals block 1")}`,
            ],
        ],
    ]);
});

describe("checkPeering, of routed blocks", () => {
    const outside = (own: string): string =>
        `is not inside any block of that VPC (${own}), and a peering connection leads to the VPC's own addresses only (VPC Peering Guide, "VPC peering limitations"); choose one of those blocks or a part of one`;
    const two = ["10.42.0.0/16", "100.64.0.0/16"];
    eachOf([
        ["a whole block", [one, { ...other, routedCidrBlocks: ["10.42.0.0/16"] }], {}, []],
        [
            "a part of any block, and a single address",
            [one, facts(two, { routedCidrBlocks: ["100.64.1.0/24", "10.42.1.100/32"] })],
            {},
            [],
        ],
        [
            "more than a block",
            [one, facts(two, { routedCidrBlocks: ["10.42.0.0/15"] })],
            {},
            [`accepter.routedCidrBlocks[0] = 10.42.0.0/15: ${outside("10.42.0.0/16, 100.64.0.0/16")}`],
        ],
        [
            "the internet through the other side, which would be transit",
            [{ ...one, routedCidrBlocks: ["10.41.0.0/16", "0.0.0.0/0"] }, other],
            {},
            [`requester.routedCidrBlocks[1] = 0.0.0.0/0: ${outside("10.41.0.0/16")}`],
        ],
        [
            "what is no block",
            [{ ...one, routedCidrBlocks: ["all"] }, other],
            {},
            [
                "requester.routedCidrBlocks[0] = all: is not an IPv4 CIDR block; write ADDRESS/PREFIX, such as 10.41.0.0/16",
            ],
        ],
        [
            "a block twice",
            [one, { ...other, routedCidrBlocks: ["10.42.1.0/24", "10.42.2.0/24", "10.42.1.0/24"] }],
            {},
            ["accepter.routedCidrBlocks[2] = 10.42.1.0/24: is listed twice; leave one of them out"],
        ],
        [
            "what lies outside, and offers no blocks that are never routed",
            [one, facts(["10.42.0.0/16", "2001:db8::/56"], { routedCidrBlocks: ["10.9.0.0/16"] })],
            {},
            [`accepter.routedCidrBlocks[0] = 10.9.0.0/16: ${outside("10.42.0.0/16")}`],
        ],
        [
            "any part of a VPC whose only block is none",
            [facts(["x"], { routedCidrBlocks: ["10.41.1.0/24"] }), other],
            {},
            [`requester.routedCidrBlocks[0] = 10.41.1.0/24: ${outside("x")}`],
        ],
    ]);
});

describe("checkPeering, of DNS", () => {
    const off = `is off, and AWS resolves names across a connection only between VPCs that have DNS support and DNS hostnames (VPC Peering Guide, "Enable DNS resolution for a VPC peering connection"); turn it on, or DNS resolution off`;
    const without = (side: SideFacts): SideFacts => ({ ...side, dns: { path: "names", on: false } });
    eachOf([
        ["DNS resolution with hostnames", [one, other], { dnsResolution: true }, []],
        ["VPCs without hostnames and without DNS resolution", [without(one), without(other)], {}, []],
        [
            "DNS resolution without the requester's hostnames",
            [without(one), other],
            { dnsResolution: true },
            [`names = false: ${off}`],
        ],
        [
            "DNS resolution without the accepter's hostnames",
            [one, without(other)],
            { dnsResolution: true },
            [`names = false: ${off}`],
        ],
    ]);
});

describe("checkPeering, of acceptance", () => {
    eachOf([
        ["a request that accepts itself", [one, other], { autoAccept: true }, []],
        ["a request that its other owner accepts", [one, other], { manageAccepter: false }, []],
        [
            "a request that accepts itself in another owner's place, once even in another region",
            [
                { ...one, region: "us-east-1" },
                { ...other, region: "us-west-2" },
            ],
            { autoAccept: true, manageAccepter: false },
            [
                `autoAccept = true: is on while the accepter's side is another owner's (manageAccepter is off), and only the accepter's owner can accept (VPC Peering Guide, "Accept or reject a VPC peering connection"); change one of the two`,
            ],
        ],
        [
            "the acceptance of a request that exists, whose id may be known only later",
            [one, other],
            { manageRequester: false, peeringConnectionId: Promise.resolve("pcx-1") },
            [],
        ],
        [
            "a request's id as AWS writes it",
            [one, other],
            { manageRequester: false, peeringConnectionId: "pcx-0a1" },
            [],
        ],
        [
            "the acceptance of nothing",
            [one, other],
            { manageRequester: false },
            [
                "peeringConnectionId = undefined: must be the id of the request to accept, because the requester's side is another owner's (manageRequester is off); find it with 'aws ec2 describe-vpc-peering-connections'",
            ],
        ],
        [
            "an id that no request can have",
            [one, other],
            { manageRequester: false, peeringConnectionId: "vpc-1" },
            [
                "peeringConnectionId = vpc-1: is not the id of a peering connection; write one such as pcx-0123456789abcdef0",
            ],
        ],
        [
            "a request of its own beside one that exists",
            [one, other],
            { peeringConnectionId: "pcx-1" },
            [
                "peeringConnectionId = pcx-1: is of a request that exists, and this program makes its own (manageRequester is on); leave it out, or turn manageRequester off",
            ],
        ],
        [
            "an option of another owner's request, once even in another region",
            [
                { ...one, region: "us-east-1" },
                { ...other, region: "us-west-2" },
            ],
            { manageRequester: false, peeringConnectionId: "pcx-1", autoAccept: true },
            [
                "autoAccept = true: is an option of the request, which is another owner's (manageRequester is off); turn it off, and the accepter's own provider accepts",
            ],
        ],
        [
            "two other owners",
            [one, other],
            { manageRequester: false, manageAccepter: false, peeringConnectionId: "pcx-1" },
            [
                "manageRequester = false: is off, and so is manageAccepter, which leaves nothing to manage; turn one of the two on",
            ],
        ],
    ]);
});

describe("checkPlaces", () => {
    const china = "China's regions peer with one another only";
    const partition = (there: string, here: string): string =>
        `its partition is ${there}, the requester's ${here}, and partitions never peer`;
    const regions: [here: string | undefined, there: string | undefined, rule: string | undefined][] = [
        ["us-east-1", "us-east-1", undefined],
        ["us-east-1", "ap-northeast-2", undefined],
        ["cn-north-1", "cn-northwest-1", undefined],
        ["us-gov-west-1", "us-gov-east-1", undefined],
        ["us-iso-east-1", "us-iso-west-1", undefined],
        [undefined, "cn-north-1", undefined],
        ["us-gov-west-1", undefined, undefined],
        ["us-east-1", "cn-north-1", china],
        ["cn-northwest-1", "us-west-2", china],
        ["us-gov-west-1", "cn-north-1", china],
        ["us-east-1", "us-gov-west-1", partition("aws-us-gov", "aws")],
        ["us-gov-east-1", "us-east-1", partition("aws", "aws-us-gov")],
        ["us-iso-east-1", "us-isob-east-1", partition("aws-us-isob", "aws-us-iso")],
    ];
    for (const [here, there, rule] of regions) {
        it(`${rule === undefined ? "permits" : "refuses"} ${here ?? "anywhere"} with ${there ?? "anywhere"}`, () => {
            assert.deepStrictEqual(
                checkPlaces({ requester: { region: here }, accepter: { region: there } }, plain),
                rule === undefined
                    ? []
                    : [
                          {
                              path: "accepter.region",
                              value: there,
                              message: `can't be peered with ${here ?? ""}: ${rule} (VPC Peering Guide, "VPC peering limitations"); choose two regions of one partition`,
                          },
                      ],
            );
        });
    }

    const here: Place = { region: "us-east-1", accountId: "111111111111" };
    const itself = {
        path: "autoAccept",
        value: true,
        message: `works within one account and region only, and the sides differ (Amazon EC2 API Reference, "AcceptVpcPeeringConnection"); turn it off, and the accepter's own provider accepts`,
    };
    const group = {
        path: "ingressFrom",
        value: "group",
        message: `works within one region only, and the sides are in us-east-1 and us-west-2 (VPC Peering Guide, "Update your security groups to reference peer security groups"); choose cidr`,
    };
    const cases: [what: string, there: Place, options: Partial<PeeringOptions>, problems: object[]][] = [
        ["autoAccept in one place", here, { autoAccept: true }, []],
        ["autoAccept with an unknown place", {}, { autoAccept: true }, []],
        ["autoAccept across regions", { ...here, region: "us-west-2" }, { autoAccept: true }, [itself]],
        ["autoAccept across accounts", { ...here, accountId: "222222222222" }, { autoAccept: true }, [itself]],
        ["another region and account without it", { region: "us-west-2", accountId: "222222222222" }, {}, []],
        [
            "autoAccept for another owner, which another check refuses",
            { ...here, accountId: "222222222222" },
            { autoAccept: true, manageAccepter: false },
            [],
        ],
        ["groups within a region", here, { ingressFrom: "group" }, []],
        ["groups of another account", { ...here, accountId: "222222222222" }, { ingressFrom: "group" }, []],
        ["groups with an unknown region", { accountId: "222222222222" }, { ingressFrom: "group" }, []],
        ["groups across regions", { ...here, region: "us-west-2" }, { ingressFrom: "group" }, [group]],
        [
            "both across regions, and says both",
            { ...here, region: "us-west-2" },
            { ingressFrom: "group", autoAccept: true },
            [itself, group],
        ],
    ];
    for (const [what, accepter, options, problems] of cases) {
        it(`${problems.length === 0 ? "permits" : "refuses"} ${what}`, () => {
            assert.deepStrictEqual(checkPlaces({ requester: here, accepter }, { ...plain, ...options }), problems);
            // The whole check says nothing less.
            assert.deepStrictEqual(
                checkPeering(
                    { requester: { ...one, ...here }, accepter: { ...other, ...accepter } },
                    { ...plain, ...options },
                ).filter(({ path }) => path !== "autoAccept" || options.manageAccepter !== false),
                problems,
            );
        });
    }

    it("lets an account pass that only one side's is known of", () => {
        const places = { requester: { accountId: "111111111111" }, accepter: { region: "us-east-1" } };
        assert.deepStrictEqual(checkPlaces(places, { ...plain, autoAccept: true }), []);
    });
});

describe("checkDeclared", () => {
    const actual = { region: "us-east-1", accountId: "111111111111" };
    const problem = (part: string, value: string, found: string) => ({
        path: `requester.${part}`,
        value,
        message: `is declared, but the requester's provider leads to ${found}; correct what the provider is made with (profile, role) or what is declared`,
    });
    const cases: [what: string, declared: Place, actual: Place & { ofProvider?: string }, problems: object[]][] = [
        ["what was declared", actual, actual, []],
        ["anything where nothing was declared", {}, actual, []],
        ["what is not known yet", actual, {}, []],
        ["another region of the same partition", { ...actual, region: "us-west-2" }, actual, []],
        [
            "a region of another partition",
            { region: "cn-north-1" },
            { ...actual, ofProvider: "us-east-1" },
            [
                {
                    path: "requester.region",
                    value: "cn-north-1",
                    message:
                        "is of the partition aws-cn, and the requester's provider is in us-east-1, of aws; give the side a provider with credentials of that partition, or choose another region",
                },
            ],
        ],
        [
            "another account, whatever the region",
            { accountId: "222222222222" },
            actual,
            [problem("accountId", "222222222222", "111111111111")],
        ],
        [
            "another account, and another region with it",
            { region: "us-west-2", accountId: "222222222222" },
            actual,
            [problem("accountId", "222222222222", "111111111111")],
        ],
    ];
    for (const [what, declared, found, problems] of cases) {
        it(`${problems.length === 0 ? "permits" : "refuses"} ${what}`, () => {
            assert.deepStrictEqual(checkDeclared("requester", declared, found), problems);
        });
    }
});

describe("checkSelf", () => {
    it("permits two VPCs and refuses one", () => {
        assert.deepStrictEqual(checkSelf("vpc-1", "vpc-2"), []);
        assert.deepStrictEqual(checkSelf("vpc-1", "vpc-1"), [
            {
                path: "accepter.vpcId",
                value: "vpc-1",
                message: `is the requester's VPC too, and a VPC can't be peered with itself (VPC Peering Guide, "VPC peering limitations"); name another one`,
            },
        ]);
    });
});

describe("quotaWarnings", () => {
    const way =
        "With many VPCs a transit gateway is the better way to connect them: one attachment a VPC, and transit.";
    const peerings = (count: number): string =>
        `With this one the accepter's VPC has ${count} active peering connections; AWS allows 50 by default, 125 at most. ${way}`;
    const routes = (table: string, count: number): string =>
        `With this connection the accepter's route table ${table} has ${count} routes; AWS allows 500 by default, 1,000 at most. ${way}`;
    const ids = (count: number): string[] => Array.from({ length: count }, (_, index) => `pcx-${index + 1}`);
    const blocks = (count: number): string[] =>
        Array.from({ length: count }, (_, index) => `10.${Math.floor(index / 250)}.${index % 250}.0/24`);
    const [one, two, three] = [["100.64.0.0/24"], ["100.64.0.0/24", "100.64.1.0/24"], ["a", "b", "c"]];
    const cases: [what: string, usage: Usage, added: string[], warnings: string[]][] = [
        ["nothing known", {}, one, []],
        ["39 connections of 50 with this one", { activePeerings: ids(38) }, one, []],
        ["40 connections of 50 with this one", { activePeerings: ids(39) }, one, [peerings(40)]],
        ["51 connections of 50 with this one", { activePeerings: ids(50) }, one, [peerings(51)]],
        ["39 connections of 50 of which this is one", { activePeerings: [...ids(38), "pcx-own"] }, one, []],
        ["40 connections of 50 of which this is one", { activePeerings: [...ids(39), "pcx-own"] }, one, [peerings(40)]],
        ["399 routes of 500 with these", { routes: { a: blocks(397) } }, two, []],
        ["400 routes of 500 with these", { routes: { a: blocks(398) } }, two, [routes("a", 400)]],
        ["399 routes of 500 of which these are two", { routes: { a: [...blocks(397), ...two] } }, two, []],
        ["a full table that gets no route", { routes: { unused: blocks(500) } }, one, []],
        ["400 routes into an empty table", {}, blocks(400), [routes("a", 400), routes("b", 400)]],
        [
            "both, the tables apart",
            { activePeerings: ids(40), routes: { a: blocks(10), b: blocks(450) } },
            three,
            [peerings(41), routes("b", 453)],
        ],
    ];
    for (const [what, usage, added, warnings] of cases) {
        it(`${warnings.length === 0 ? "does not warn" : "warns"} of ${what}`, () => {
            const additions = { tables: ["a", "b"], destinations: added, groups: [], rules: [] };
            assert.deepStrictEqual(quotaWarnings("accepter", usage, ["pcx-own"], additions), warnings);
        });
    }

    const rules = (group: string, count: number): string =>
        `With this connection the accepter's security group ${group} has ${count} rules for inbound traffic; AWS allows 60 by default, 1,000 at most with all groups of a network interface. Larger blocks, ranges of ports and rules by group are fewer rules.`;
    const counted = (count: number) => Object.fromEntries(blocks(count).map((block) => [`tcp 80-80 ${block}`, 1]));
    const ofRules: [what: string, usage: Usage, added: string[], warnings: string[]][] = [
        ["47 rules of 60 with this one", { inboundRules: { web: counted(46) } }, ["tcp 443-443 10.0.0.0/16"], []],
        ["48 rules", { inboundRules: { web: counted(47) } }, ["tcp 443-443 10.0.0.0/16"], [rules("web", 48)]],
        ["47 rules of which this is one", { inboundRules: { web: counted(47) } }, ["tcp 80-80 10.0.0.0/24"], []],
        ["a prefix list of 50", { inboundRules: { web: { "tcp 80-80 pl-1": 50 } } }, ["all sg-1"], [rules("web", 51)]],
        ["a full group that gets no rule", { inboundRules: { other: counted(60) } }, ["all sg-1"], []],
    ];
    for (const [what, usage, added, warnings] of ofRules) {
        it(`${warnings.length === 0 ? "does not warn" : "warns"} of ${what}`, () => {
            const additions = { tables: [], destinations: [], groups: ["web"], rules: added };
            assert.deepStrictEqual(quotaWarnings("accepter", usage, [], additions), warnings);
        });
    }
});

describe("peeringWarnings", () => {
    const ports = Array.from({ length: 24 }, (_, index) => `tcp/${index + 1}` as const);
    const args: VpcPeeringArgs = {
        requester: {
            vpcId: "vpc-1",
            cidrBlocks: ["10.1.0.0/16", "10.2.0.0/16"],
            securityGroups: { apps: "sg-1" },
        },
        accepter: { vpcId: "vpc-2", cidrBlocks: ["10.3.0.0/16"], securityGroups: { web: "sg-2", db: "sg-3" } },
        ports,
    };
    const warned = (more: Partial<VpcPeeringArgs> = {}) =>
        peeringWarnings({ ...args, ...more }, []).map((text) =>
            text.split(";")[0]?.replace("With this connection ", ""),
        );
    const full = (group: string, count: number) =>
        `the accepter's security group ${group} has ${count} rules for inbound traffic`;

    it("counts a rule for each port and block in each group of a side that is asked", () => {
        assert.deepStrictEqual(warned(), [full("web", 48), full("db", 48)]);
        assert.deepStrictEqual(warned({ ports: ports.slice(1) }), []);
        assert.deepStrictEqual(warned({ requestsFrom: "accepter" }), []);
    });

    it("counts a rule for each port and group where rules name groups", () => {
        const asking = { ingressFrom: "group", requestsFrom: "requester" } as const;
        assert.deepStrictEqual(warned(asking), []);
        const made = { ...args.requester, securityGroups: { apps: "sg-1", jobs: pulumi.output("sg-4") } };
        assert.deepStrictEqual(warned({ ...asking, requester: made }), [full("web", 48), full("db", 48)]);
    });

    it("counts once what is there already, whatever form the ports have", () => {
        const there = {
            "tcp 1-1 10.1.0.0/16": 1,
            "all 10.2.0.0/16": 1,
            "icmp -1--1 10.1.0.0/16": 1,
            "tcp 9-9 pl-1": 30,
        };
        const accepter = { ...args.accepter, usage: { inboundRules: { web: there } } };
        const few: Partial<VpcPeeringArgs> = { accepter, ports: [...ports.slice(0, 6), "all", "icmp"] };
        // 16 rules of this connection, of which three are there, and the list's.
        assert.deepStrictEqual(warned(few), []);
        const list = { ...there, "tcp 9-9 pl-1": 32 };
        assert.deepStrictEqual(warned({ ...few, accepter: { ...accepter, usage: { inboundRules: { web: list } } } }), [
            full("web", 48),
        ]);
    });
});
