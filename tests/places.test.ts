import * as assert from "assert";
import { Provider } from "@pulumi/aws/provider";
import { findPlaces, type FoundPlaces } from "../components/peering/places";
import type { Side } from "../components/peering/sides";
import { parseSettings, readSettings, type ReadSettings, type Settings } from "../settings";
import { config, described, namespaced, type Change } from "./config";
import { deploy, type Answers } from "./mocks";

const sideOf = (number: number): Side => (number === 1 ? "requester" : "accepter");

const surroundings = { project: "lab", others: [], isSecret: () => false, fileExists: () => true };

function read(change: Change, defaultRegion: string | undefined = "us-east-1"): ReadSettings {
    return parseSettings({ ...surroundings, values: config(change), defaultRegion });
}

function settingsOf(change: Change, defaultRegion?: string): Settings {
    const { settings, problems } = read(change, defaultRegion);
    assert.deepStrictEqual(problems, []);
    assert.ok(settings);
    return settings;
}

const roleArn = "arn:aws:iam::222222222222:role/peering";
const [one, two] = ["111111111111", "222222222222"];

describe("settings of sides elsewhere", () => {
    it("are read, each side's for itself", () => {
        const { access, pair } = settingsOf({
            "requester.region": "eu-central-1",
            "requester.accountId": one,
            "requester.profile": "me",
            "accepter.region": "us-west-2",
            "accepter.roleArn": roleArn,
            "accepter.externalId": "word",
        });
        assert.deepStrictEqual(access, {
            requester: {
                region: "eu-central-1",
                accountId: one,
                profile: "me",
                roleArn: undefined,
                externalId: undefined,
            },
            accepter: { region: "us-west-2", accountId: two, profile: undefined, roleArn, externalId: "word" },
        });
        assert.deepStrictEqual(
            [pair.requester, pair.accepter].map(({ region, accountId }) => [region, accountId]),
            [
                ["eu-central-1", one],
                ["us-west-2", two],
            ],
        );
    });

    it("leave a side without a region in the default one as soon as the other has one", () => {
        const regions = (change: Change, defaultRegion?: string) => {
            const { requester, accepter } = settingsOf(change, defaultRegion).pair;
            return [requester.region, accepter.region];
        };
        assert.deepStrictEqual(regions({ "accepter.region": "us-west-2" }), ["us-east-1", "us-west-2"]);
        assert.deepStrictEqual(regions({ "requester.region": "us-west-2" }), ["us-west-2", "us-east-1"]);
        assert.deepStrictEqual(regions({ "accepter.accountId": two }), [undefined, undefined]);
    });

    it("leave the region open where nothing says it", () => {
        const { settings } = parseSettings({
            ...surroundings,
            values: config({ "accepter.region": "us-west-2" }),
            defaultRegion: undefined,
        });
        assert.deepStrictEqual(settings?.pair.requester.region, undefined);
        assert.strictEqual(settings?.defaultRegion, undefined);
    });

    it("give blocks, ports, and how the two are peered", () => {
        const { pair } = settingsOf({
            "requester.secondaryCidrBlocks": '["10.43.0.0/16"]',
            "requester.routedCidrBlocks": '["10.41.1.0/24","10.43.0.0/16"]',
            "accepter.secondaryCidrBlocks": '["100.64.0.0/16"]',
            "accepter.routedCidrBlocks": '["10.42.1.100/32"]',
            extraPorts: '["tcp/443","udp/53","tcp/65535","tcp/1"]',
            requestsFrom: "accepter",
            manageAccepter: "false",
            ingressFrom: "group",
            dnsHostnames: "false",
            dnsResolution: "false",
        });
        assert.deepStrictEqual(pair.requester.secondaryCidrBlocks, ["10.43.0.0/16"]);
        assert.deepStrictEqual(pair.requester.routedCidrBlocks, ["10.41.1.0/24", "10.43.0.0/16"]);
        assert.deepStrictEqual(pair.accepter.secondaryCidrBlocks, ["100.64.0.0/16"]);
        assert.deepStrictEqual(pair.accepter.routedCidrBlocks, ["10.42.1.100/32"]);
        assert.deepStrictEqual(pair.extraPorts, ["tcp/443", "udp/53", "tcp/65535", "tcp/1"]);
        const { requestsFrom, manageAccepter, autoAccept, ingressFrom, dnsHostnames } = pair;
        assert.deepStrictEqual(
            { requestsFrom, manageAccepter, autoAccept, ingressFrom, dnsHostnames },
            {
                requestsFrom: "accepter",
                manageAccepter: false,
                autoAccept: false,
                ingressFrom: "group",
                dnsHostnames: false,
            },
        );
        assert.strictEqual(settingsOf({ autoAccept: "true" }).pair.autoAccept, true);
        assert.strictEqual(settingsOf({ requestsFrom: "requester" }).pair.requestsFrom, "requester");
    });

    const noRegion = (near: string): string =>
        `is not an AWS region; the nearest name is ${near}, as in 'pulumi config set --path accepter.region ${near}'`;
    const noAccount = "is not an AWS account; write its 12 digits";
    const noRole = "is not the ARN of an IAM role; write one such as arn:aws:iam::222222222222:role/peering";
    const noPorts = 'must be a list of ports, such as ["tcp/443", "udp/53", "tcp/8000-8100", "icmp/8"]';
    const noPort =
        "is not a port; write a protocol with a number or a range, such as tcp/443, udp/53 or tcp/8000-8100; or icmp, a type of it such as icmp/8, or all";
    const noNumber = (port: number): string =>
        `has the port ${port}, and ports are numbers from 1 to 65535; write one of these, or tcp/1-65535 for all`;
    const noCidrs = 'must be a list of CIDR blocks, such as ["203.0.113.0/24"]';
    const noFlag = "must be true or false";
    const off = "or turn the check off with 'pulumi config set check false'";
    const unserved = (number: number): string =>
        `does not cover ${sideOf(number)}.privateIp, 10.4${number}.1.100, to which the check sends packets; add a block that does, ${off}`;
    const unpinged = (number: number): string =>
        `does not cover ${sideOf(number)}.cidrBlock, 10.4${number}.0.0/16, whose server the check lets ping the other; add that block, ${off}`;
    const cases: [change: Change, problems: string[]][] = [
        ...["us-east-1", "us-gov-west-1", "cn-northwest-1", "us-isob-east-1", "eusc-de-east-1", "eu-west-12"].map(
            (region): [Change, string[]] => [{ "requester.region": region, "accepter.region": region }, []],
        ),
        ...[
            "us-easst-1",
            "us-east",
            "us-east-1a",
            "US-EAST-1",
            "xus-east-1x",
            " us-east-1",
            "u-east-1",
            "us-east-123",
        ].map((region): [Change, string[]] => [
            { "accepter.region": region },
            [`accepter.region = ${region}: ${noRegion("us-east-1")}`],
        ]),
        [
            { "requester.region": "us-east-1", "accepter.region": "cn-north-1" },
            [
                `accepter.region = cn-north-1: can't be peered with us-east-1: China's regions peer with one another only (VPC Peering Guide, "VPC peering limitations"); choose two regions of one partition`,
            ],
        ],
        ...["11111111111", "1111111111111", "11111111111x", "x111111111111"].map((account): [Change, string[]] => [
            { "requester.accountId": account },
            [`requester.accountId = ${account}: ${noAccount}`],
        ]),
        [{ "requester.accountId": one, "accepter.accountId": two }, []],
        ...[
            "peering",
            "arn:aws:iam::222222222222:user/peering",
            "arn:aws:iam::22222222222:role/peering",
            "arn:aws:iam::222222222222:role/",
            "arn:aws:iam::222222222222:role/a b",
            `x${roleArn}`,
        ].map((role): [Change, string[]] => [{ "accepter.roleArn": role }, [`accepter.roleArn = ${role}: ${noRole}`]]),
        ...[roleArn, "arn:aws-cn:iam::222222222222:role/path/to/a+b=c,d.e@f-g_h"].map((role): [Change, string[]] => [
            { "accepter.roleArn": role, "accepter.accountId": two },
            [],
        ]),
        [
            { "accepter.roleArn": roleArn, "accepter.accountId": one },
            [
                `accepter.roleArn = ${roleArn}: is a role of another account than accepter.accountId, 111111111111; correct one of the two`,
            ],
        ],
        [
            { "requester.externalId": "word", "accepter.externalId": "word", "accepter.roleArn": roleArn },
            [
                "requester.externalId = word: is sent when a role is assumed, and there is no role; set requester.roleArn too",
            ],
        ],
        [
            { "accepter.roleArn": "role", "requester.accountId": "1", "accepter.region": "there" },
            [
                `requester.accountId = 1: ${noAccount}`,
                `accepter.roleArn = role: ${noRole}`,
                `accepter.region = there: ${noRegion("ap-east-1")}`,
            ],
        ],
        [{ requestsFrom: "none" }, ["requestsFrom = none: must be one of both, requester, accepter"]],
        [{ manageAccepter: "maybe" }, [`manageAccepter = maybe: ${noFlag}`]],
        [{ autoAccept: "1" }, [`autoAccept = 1: ${noFlag}`]],
        [{ dnsHostnames: "" }, [`dnsHostnames = : ${noFlag}`]],
        [{ ingressFrom: "groups" }, ["ingressFrom = groups: must be one of cidr, group"]],
        [
            { autoAccept: "true", manageAccepter: "false" },
            [
                `autoAccept = true: is on while the accepter's side is another owner's (manageAccepter is off), and only the accepter's owner can accept (VPC Peering Guide, "Accept or reject a VPC peering connection"); change one of the two`,
            ],
        ],
        [
            { ingressFrom: "group", autoAccept: "true", "accepter.region": "us-west-2" },
            [
                `autoAccept = true: works within one account and region only, and the sides differ (Amazon EC2 API Reference, "AcceptVpcPeeringConnection"); turn it off, and the accepter's own provider accepts`,
                `ingressFrom = group: works within one region only, and the sides are in us-east-1 and us-west-2 (VPC Peering Guide, "Update your security groups to reference peer security groups"); choose cidr`,
            ],
        ],
        [
            { autoAccept: "true", "requester.accountId": one, "accepter.roleArn": roleArn },
            [
                `autoAccept = true: works within one account and region only, and the sides differ (Amazon EC2 API Reference, "AcceptVpcPeeringConnection"); turn it off, and the accepter's own provider accepts`,
            ],
        ],
        [{ dnsHostnames: "false", dnsResolution: "false" }, []],
        [
            { dnsHostnames: "false" },
            [
                `dnsHostnames = false: is off, and AWS resolves names across a connection only between VPCs that have DNS support and DNS hostnames (VPC Peering Guide, "Enable DNS resolution for a VPC peering connection"); turn it on, or DNS resolution off`,
            ],
        ],
        ...["tcp/80", '"tcp/443"', "{}"].map((extraPorts): [Change, string[]] => [
            { extraPorts },
            [`extraPorts = ${extraPorts.replaceAll(`"`, "")}: ${noPorts}`],
        ]),
        ...["443", "tcp/080", "xtcp/1", "tcp/443x"].map((port): [Change, string[]] => [
            { extraPorts: JSON.stringify(["tcp/443", port]) },
            [`extraPorts[1] = ${port}: ${noPort}`],
        ]),
        [
            { extraPorts: '["tcp/0","tcp/1-65536"]' },
            [`extraPorts[0] = tcp/0: ${noNumber(0)}`, `extraPorts[1] = tcp/1-65536: ${noNumber(65536)}`],
        ],
        [{ extraPorts: '["tcp/8000-8100","icmp","icmp/8","all","tcp/22"]', sshCidrs: '["10.0.0.0/8"]' }, []],
        [
            {
                extraPorts: '["tcp/22","icmp"]',
                sshCidrs: '["10.42.0.0/16"]',
                icmpCidrs: '["10.40.0.0/13","10.41.0.0/16"]',
            },
            [
                "extraPorts[0] = tcp/22: is open to 10.42.0.0/16 already by sshCidrs; leave it out of one of the two",
                "extraPorts[1] = icmp: is open to 10.41.0.0/16 already by icmpCidrs; leave it out of one of the two",
            ],
        ],
        [{ extraPorts: "[443]" }, [`extraPorts[0] = 443: ${noPort}`]],
        [{ extraPorts: '["tcp/443","udp/80","tcp/443"]' }, ["extraPorts[2] = tcp/443: is open already; leave it out"]],
        [{ extraPorts: '["udp/53","tcp/80"]' }, ["extraPorts[1] = tcp/80: is open already; leave it out"]],
        [{ extraPorts: '["udp/80","tcp/53","udp/53"]' }, []],
        [
            { "requester.secondaryCidrBlocks": "10.43.0.0/16" },
            [`requester.secondaryCidrBlocks = 10.43.0.0/16: ${noCidrs}`],
        ],
        [{ "accepter.routedCidrBlocks": "{}" }, [`accepter.routedCidrBlocks = {}: ${noCidrs}`]],
        [
            { "requester.secondaryCidrBlocks": '["10.43.0.0/16"]', "accepter.secondaryCidrBlocks": '["10.43.8.0/24"]' },
            [
                'accepter.secondaryCidrBlocks[0] = 10.43.8.0/24: overlaps requester.secondaryCidrBlocks[0], 10.43.0.0/16, and AWS peers only VPCs whose blocks are apart (VPC Peering Guide, "VPC peering limitations"); choose another block for one of them',
            ],
        ],
        [
            {
                "requester.routedCidrBlocks": '["10.41.1.100/32"]',
                "accepter.routedCidrBlocks": '["10.42.9.0/24","10.42.1.0/24"]',
            },
            [],
        ],
        [
            {
                "requester.routedCidrBlocks": '["10.41.2.0/24"]',
                "accepter.routedCidrBlocks": '["10.42.2.0/24","10.42.3.0/24"]',
            },
            [
                `requester.routedCidrBlocks = ["10.41.2.0/24"]: ${unserved(1)}`,
                `accepter.routedCidrBlocks = ["10.42.2.0/24","10.42.3.0/24"]: ${unserved(2)}`,
            ],
        ],
        [{ "requester.routedCidrBlocks": '["10.41.2.0/24"]', check: "false" }, []],
        [
            { "accepter.routedCidrBlocks": '["all"]' },
            [
                "accepter.routedCidrBlocks[0] = all: is not an IPv4 CIDR block; write ADDRESS/PREFIX, such as 10.41.0.0/16",
            ],
        ],
        [
            { "requester.routedCidrBlocks": '["10.41.0.0/16"]', "requester.privateIp": "server" },
            ["requester.privateIp = server: is not an IPv4 address; write four decimal numbers, such as 10.41.1.100"],
        ],
        [{ icmpCidrs: '["10.41.0.0/16"]', requestsFrom: "requester" }, []],
        [{ icmpCidrs: '["10.42.0.0/16"]', requestsFrom: "accepter" }, []],
        [
            { icmpCidrs: '["10.42.0.0/16"]', requestsFrom: "requester" },
            [`icmpCidrs = ["10.42.0.0/16"]: ${unpinged(1)}`],
        ],
        [{ icmpCidrs: '["10.41.0.0/16"]', requestsFrom: "accepter" }, [`icmpCidrs = ["10.41.0.0/16"]: ${unpinged(2)}`]],
        [{ icmpCidrs: "[]" }, [`icmpCidrs = []: ${unpinged(1)}`, `icmpCidrs = []: ${unpinged(2)}`]],
    ];
    for (const [change, problems] of cases) {
        it(`${problems.length === 0 ? "are right with" : "are wrong with"} ${JSON.stringify(change)}`, () => {
            assert.deepStrictEqual(read(change).problems.map(described), problems);
        });
    }

    it("are wrong in a region that is none, with the command or the variable that names another", async () => {
        const refused = (path: string, command: string) =>
            new RegExp(
                `\\n  ${path} = "ap-northest-2": is not an AWS region; the nearest name is ap-northeast-2, as in '${command}'`,
            );
        assert.deepStrictEqual(read({}, "").problems, []);
        await deploy(
            () => {
                assert.throws(readSettings, refused("aws:region", "pulumi config set aws:region ap-northeast-2"));
            },
            { ...namespaced(), "aws:region": "ap-northest-2" },
        );
        const { problems } = parseSettings({
            ...surroundings,
            values: config(),
            defaultRegion: "ap-northest-2",
            regionVariable: "AWS_REGION",
        });
        assert.deepStrictEqual(problems.map(described), [
            "AWS_REGION = ap-northest-2: is not an AWS region; the nearest name is ap-northeast-2, as in 'export AWS_REGION=ap-northeast-2'",
        ]);
    });

    it("take the default region from the stack, or else from the environment as AWS's tools do", async () => {
        const stack = namespaced();
        const kept = { AWS_REGION: process.env["AWS_REGION"], AWS_DEFAULT_REGION: process.env["AWS_DEFAULT_REGION"] };
        const regionWith = async (config: object, environment: Record<string, string>) => {
            delete process.env["AWS_REGION"];
            delete process.env["AWS_DEFAULT_REGION"];
            Object.assign(process.env, environment);
            let found: string | undefined;
            await deploy(() => (found = readSettings().defaultRegion), { ...stack, ...config });
            return found;
        };
        try {
            const all = { AWS_REGION: "us-west-1", AWS_DEFAULT_REGION: "us-west-2" };
            assert.strictEqual(await regionWith({ "aws:region": "eu-west-1" }, all), "eu-west-1");
            assert.strictEqual(await regionWith({}, all), "us-west-1");
            assert.strictEqual(await regionWith({}, { AWS_DEFAULT_REGION: "us-west-2" }), "us-west-2");
            assert.strictEqual(await regionWith({}, {}), undefined);
        } finally {
            for (const [key, value] of Object.entries(kept)) {
                if (value === undefined) {
                    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete
                    delete process.env[key];
                } else {
                    process.env[key] = value;
                }
            }
        }
    });
});

describe("findPlaces", () => {
    const answers: Answers = {
        "aws:index/getRegion:getRegion": (_, provider) => ({
            region: provider === "there" ? "us-west-2" : "us-east-1",
        }),
        "aws:index/getCallerIdentity:getCallerIdentity": (_, provider) => ({
            accountId: provider === "there" ? two : one,
        }),
    };

    /** What it finds with these settings, with a provider of the accepter's own or none; and how many questions it asked. */
    async function find(change: Change, elsewhere: boolean): Promise<FoundPlaces & { asked: number }> {
        let found: FoundPlaces | undefined;
        const { calls } = await deploy(
            async () => {
                const accepter = elsewhere ? { provider: new Provider("there", { region: "us-west-2" }) } : {};
                const { access, pair } = settingsOf(change);
                found = await findPlaces(access, { requester: {}, accepter }, pair);
            },
            {},
            [],
            answers,
        );
        assert.ok(found);
        return { ...found, asked: calls.length };
    }

    const here = { region: "us-east-1", accountId: one };
    const there = { region: "us-west-2", accountId: two };

    it("asks nothing where nothing is declared and the default provider makes both", async () => {
        assert.deepStrictEqual(await find({}, false), {
            places: { requester: {}, accepter: {} },
            problems: [],
            asked: 0,
        });
    });

    it("says where both sides are as soon as one is declared or has a provider", async () => {
        const both = { requester: here, accepter: there };
        assert.deepStrictEqual(await find({}, true), { places: both, problems: [], asked: 4 });
        const declared = { "accepter.region": "us-west-2", "accepter.accountId": two };
        assert.deepStrictEqual((await find(declared, true)).places, both);
        for (const change of [
            { "requester.accountId": one },
            { "accepter.accountId": one },
            { "requester.region": "us-east-1" },
        ]) {
            assert.deepStrictEqual((await find(change, false)).places, { requester: here, accepter: here });
        }
    });

    it("says of which side AWS can't be asked, and why", async () => {
        let found: FoundPlaces | undefined;
        const failing: Answers = {
            ...answers,
            "aws:index/getRegion:getRegion": () => {
                const details = "finding Region by name (zz-north-1):\n  couldn't find resource\n";
                throw Object.assign(new Error(details), { details });
            },
        };
        await deploy(
            async () => {
                const declared = { requester: {}, accepter: { region: "zz-north-1" } };
                found = await findPlaces(declared, { requester: undefined, accepter: {} }, {});
            },
            {},
            [],
            failing,
        );
        assert.deepStrictEqual(found?.problems.map(described), [
            "accepter: AWS could not be asked in zz-north-1: finding Region by name (zz-north-1): couldn't find resource; check the side's region and credentials",
        ]);
    });

    it("asks nothing of a region that is none", async () => {
        let found: FoundPlaces | undefined;
        const { calls } = await deploy(async () => {
            const declared = { requester: {}, accepter: { region: "us-easst-1" } };
            found = await findPlaces(declared, { requester: {}, accepter: {} }, {});
        });
        assert.deepStrictEqual(found?.problems, [
            {
                path: "accepter.region",
                value: "us-easst-1",
                message: "is not an AWS region; the nearest name is us-east-1",
            },
        ]);
        assert.deepStrictEqual(calls, []);
    });

    it("finds providers that lead elsewhere, and what can't be peered there", async () => {
        const { problems } = await find(
            {
                "requester.accountId": two,
                "accepter.accountId": two,
                ingressFrom: "group",
            },
            true,
        );
        const correct = "correct what the provider is made with (profile, role) or what is declared";
        assert.deepStrictEqual(problems.map(described), [
            `requester.accountId = 222222222222: is declared, but the requester's provider leads to 111111111111; ${correct}`,
            `ingressFrom = group: works within one region only, and the sides are in us-east-1 and us-west-2 (VPC Peering Guide, "Update your security groups to reference peer security groups"); choose cidr`,
        ]);
    });
});
