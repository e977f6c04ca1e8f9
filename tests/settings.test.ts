import * as assert from "assert";
import { spawnSync } from "child_process";
import * as fs from "fs";
import { mock } from "node:test";
import * as os from "os";
import * as path from "path";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { parseSettings, readPrivateKey, readSettings, type RawConfig } from "../settings";
import { reference } from "../settings/schema";
import { config, described, namespaced, privateKey, sshPublicKey, type Change } from "./config";
import { deploy, valueOf } from "./mocks";

const root = path.join(__dirname, "..");
const project = parse(fs.readFileSync(path.join(root, "Pulumi.yaml"), "utf8")) as {
    name: string;
    requiredPulumiVersion: string;
    config?: object;
    template: { config: Record<string, { description: string }> };
};
const { dependencies } = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
};
const paths = reference.map((setting) => setting.path);

function read(change: Change, more: Partial<RawConfig> = {}) {
    return parseSettings({
        project: project.name,
        values: config(change),
        others: [],
        defaultRegion: "ap-northeast-2",
        isSecret: () => false,
        fileExists: () => true,
        ...more,
    });
}

const problemsOf = (change: Change, more: Partial<RawConfig> = {}): string[] =>
    read(change, more).problems.map(described);

describe("Pulumi.yaml", () => {
    it("declares no setting, so that the CLI does not stop at the first value of a wrong type", () => {
        assert.strictEqual(project.config, undefined);
    });

    it("asks in its template only for settings that there are", () => {
        const own = Object.keys(project.template.config).filter((key) => !key.startsWith("aws:"));
        assert.deepStrictEqual(
            own.filter((key) => !paths.includes(key)),
            [],
        );
    });

    it("requires the Pulumi CLI of the SDK's version, which is the oldest that is tested", () => {
        const version = dependencies["@pulumi/pulumi"] ?? "";
        assert.strictEqual(project.requiredPulumiVersion, `>=${version}`);
        assert.ok(fs.readFileSync(path.join(root, "README.md"), "utf8").includes(` ${version} or later`));
    });
});

describe("Pulumi.dev.yaml", () => {
    it("is the lab as it is taught, with the defaults", () => {
        const stack = parse(fs.readFileSync(path.join(root, "Pulumi.dev.yaml"), "utf8")) as {
            config: Record<string, unknown>;
        };
        const { "aws:region": region, ...own } = stack.config;
        assert.strictEqual(region, "ap-northeast-2");
        const said = Object.entries(own).flatMap(([key, value]): [string, unknown][] => {
            const setting = key.replace(`${project.name}:`, "");
            return typeof value === "object" && value !== null && !Array.isArray(value)
                ? Object.entries(value).map(([inner, one]) => [`${setting}.${inner}`, one])
                : [[setting, value]];
        });
        assert.ok(said.length > 7);
        for (const [setting, value] of said) {
            assert.deepStrictEqual(value, reference.find((one) => one.path === setting)?.value, setting);
        }
    });
});

describe("the schema", () => {
    it("describes every setting, and shows an example of each that has no default", () => {
        assert.strictEqual(new Set(paths).size, paths.length);
        for (const { path: setting, type, description, value, example } of reference) {
            assert.ok(type.length > 3 && description.length > 10, setting);
            assert.strictEqual(value === undefined, example !== undefined, setting);
        }
    });

    it("takes every default and example that it shows", () => {
        const examples = Object.fromEntries(
            reference
                .filter(({ path: setting }) => setting.includes("."))
                .map(({ path: setting, value, example }) => [setting, toText(value ?? example)]),
        );
        // Each is right by itself; keys are long, and the blocks of a real VPC's pings are others.
        assert.deepStrictEqual(problemsOf({ ...examples, dnsResolution: "false" }), []);
    });
});

const toText = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

describe("parseSettings", () => {
    it("makes the lab of the defaults and a key", () => {
        const { settings, problems } = read({});
        assert.deepStrictEqual(problems, []);
        const shared = { secondaryCidrBlocks: [], routedCidrBlocks: [], region: undefined, accountId: undefined };
        const nowhere = {
            region: undefined,
            accountId: undefined,
            profile: undefined,
            roleArn: undefined,
            externalId: undefined,
        };
        assert.deepStrictEqual(settings, {
            pair: {
                requester: {
                    ...shared,
                    label: "VPC1",
                    cidrBlock: "10.41.0.0/16",
                    subnetCidrBlock: "10.41.1.0/24",
                    privateIp: "10.41.1.100",
                },
                accepter: {
                    ...shared,
                    label: "VPC2",
                    cidrBlock: "10.42.0.0/16",
                    subnetCidrBlock: "10.42.1.0/24",
                    privateIp: "10.42.1.100",
                },
                peering: false,
                requestsFrom: "both",
                manageAccepter: true,
                manageRequester: true,
                autoAccept: false,
                ingressFrom: "cidr",
                extraPorts: [],
                prefix: "ljh",
                ami: "al2023",
                sshCidrs: ["203.0.113.7/32"],
                icmpCidrs: ["0.0.0.0/0"],
                keyName: undefined,
                dnsHostnames: true,
                dnsResolution: true,
                tags: {},
            },
            access: { requester: nowhere, accepter: nowhere },
            defaultRegion: "ap-northeast-2",
            publicKey: sshPublicKey,
            check: { proxyCommand: undefined, timeLimit: 300, privateKey: { kind: "agent" } },
        });
    });

    it("reads every type, as the CLI stores it with --path and without", () => {
        const { settings, problems } = read(
            { peering: "true", dnsResolution: "false", sshCidrs: '["192.0.2.0/24"]', tags: '{"team":"network"}' },
            {
                values: {
                    ...config({ checkTimeLimit: "3600", ami: "al2", keyName: "mine", sshPublicKey: "" }),
                    peering: "true",
                    sshCidrs: '["192.0.2.0/24"]',
                    tags: '{"team":"network","cost":42}',
                    requester:
                        '{"accountId":222222222222,"dnsHostnames":false,"icmpCidrs":["0.0.0.0/0"],"label":"Blue"}',
                    accepter:
                        '{"dnsHostnames":"true","icmpCidrs":"[\\"10.0.0.0/8\\"]","keyName":"theirs","sshCidrs":[]}',
                    dnsResolution: "false",
                },
            },
        );
        assert.deepStrictEqual(problems, []);
        assert.ok(settings);
        const { pair } = settings;
        assert.deepStrictEqual([pair.peering, pair.dnsResolution, pair.keyName], [true, false, "mine"]);
        assert.deepStrictEqual([pair.sshCidrs, pair.tags], [["192.0.2.0/24"], { team: "network", cost: "42" }]);
        const { requester, accepter } = pair;
        assert.deepStrictEqual([requester.accountId, requester.dnsHostnames], ["222222222222", false]);
        assert.deepStrictEqual([requester.icmpCidrs, requester.label], [["0.0.0.0/0"], "Blue"]);
        assert.deepStrictEqual([accepter.dnsHostnames, accepter.icmpCidrs], [true, ["10.0.0.0/8"]]);
        assert.deepStrictEqual([accepter.keyName, accepter.sshCidrs, accepter.label], ["theirs", [], "VPC2"]);
        assert.strictEqual(settings.check?.timeLimit, 3600);
        assert.strictEqual(settings.publicKey, undefined);
    });

    it("takes the private key from where it is told to, and needs none when the check is off", () => {
        const kindOf = (change: Change, secret = false) =>
            read({ sshAgent: "false", ...change }, { isSecret: () => secret }).settings?.check?.privateKey;
        assert.deepStrictEqual(kindOf({ sshPrivateKeyPath: "k" }), { kind: "path", path: "k" });
        assert.deepStrictEqual(kindOf({ sshPrivateKey: "k" }, true), { kind: "secret" });
        const off = read({ sshAgent: "false", check: "false", sshPrivateKeyPath: "gone" }, { fileExists: () => false });
        assert.deepStrictEqual(off.problems, []);
        assert.ok(off.settings && off.settings.check === undefined);
    });

    it("needs no key pair for both where each side names its own", () => {
        const own = { sshPublicKey: "", "requester.keyName": "a", "accepter.keyName": "b" };
        assert.deepStrictEqual(read(own).problems, []);
        assert.strictEqual(problemsOf({ ...own, "accepter.keyName": "" }).length, 1);
    });

    it("warns of SSH from everywhere, wherever it is opened, and only of that", () => {
        const warning = (list: string, entry: string): string =>
            `${list} has 0.0.0.0/0: the whole internet may try to log in to the servers. Narrow it to your own address, as in "pulumi config set --path '${entry}' 203.0.113.7/32"`;
        assert.deepStrictEqual(read({ sshCidrs: '["0.0.0.0/0"]' }).warnings, [warning("sshCidrs", "sshCidrs[0]")]);
        assert.deepStrictEqual(read({}).warnings, []);
        const own = { sshCidrs: "[]", "accepter.sshCidrs": '["192.0.2.0/24","0.0.0.0/0"]' };
        assert.deepStrictEqual(read(own).warnings, [warning("accepter.sshCidrs", "accepter.sshCidrs[1]")]);
    });

    it("needs to be told who may log in, for both sides or for each", () => {
        const own = '["192.0.2.7/32"]';
        const required = `sshCidrs: must be set: who may log in to the servers, which is your own public address for the check, as in "pulumi config set --path 'sshCidrs[0]' YOUR-ADDRESS/32"`;
        assert.deepStrictEqual(problemsOf({ sshCidrs: "" }), [required]);
        assert.deepStrictEqual(problemsOf({ sshCidrs: "", "requester.sshCidrs": own }), [required]);
        assert.deepStrictEqual(problemsOf({ sshCidrs: "", "requester.sshCidrs": own, "accepter.sshCidrs": own }), []);
        assert.deepStrictEqual(problemsOf({ sshCidrs: "[]" }), []);
    });

    const noSetting = "is not a setting of this project;";
    const noCidr = "is not an IPv4 CIDR block; write ADDRESS/PREFIX, such as 10.41.0.0/16";
    const noType = "is not an instance type; write one such as t3.micro";
    const arm = "has an ARM processor, and the lab's images are x86_64; choose a type such as t3.micro";
    const noList = 'must be a list of CIDR blocks, such as ["203.0.113.0/24"]';
    const noMap = 'must be a map of texts, such as {"team": "network"}';
    const noPublicKey = "is not an RSA or ED25519 public key; give the one line of a .pub file, such as id_ed25519.pub";
    const noName = "may have letters, digits and hyphens only, begins with a letter and has 20 characters at most";
    const noTime = "must be a whole number of seconds from 10 to 3600";
    const cases: [what: string, change: Record<string, string>, problems: string[]][] = [
        [
            "a typo",
            { peerring: "true" },
            [
                `peerring = true: ${noSetting} if you mean peering, set that; remove it with 'pulumi config rm --path peerring'`,
            ],
        ],
        [
            "a key that is like no other",
            { colour: "blue", color: '["red"]' },
            [
                `colour = blue: ${noSetting} remove it with 'pulumi config rm --path colour'`,
                `color = ["red"]: ${noSetting} remove it with 'pulumi config rm --path color'`,
            ],
        ],
        [
            "typos of several keys, each with the nearest one",
            { prefx: "a", sshCidr: "b", "accepter.cidrBlok": "c", tag: "d" },
            [
                `accepter.cidrBlok = c: ${noSetting} if you mean accepter.cidrBlock, set that; remove it with 'pulumi config rm --path accepter.cidrBlok'`,
                `prefx = a: ${noSetting} if you mean prefix, set that; remove it with 'pulumi config rm --path prefx'`,
                `sshCidr = b: ${noSetting} if you mean sshCidrs, set that; remove it with 'pulumi config rm --path sshCidr'`,
                `tag = d: ${noSetting} if you mean tags, set that; remove it with 'pulumi config rm --path tag'`,
            ],
        ],
        [
            "two letters in the wrong order, in a short key",
            { chekc: "true" },
            [`chekc = true: ${noSetting} if you mean check, set that; remove it with 'pulumi config rm --path chekc'`],
        ],
        [
            "a wrong value of a side beside another one",
            { "requester.ami": "al3", "requester.privateIp": "y" },
            [
                "requester.ami = al3: must be one of al2023, al2",
                "requester.privateIp = y: is not an IPv4 address; write four decimal numbers, such as 10.41.1.100",
            ],
        ],
        ["the shortest time", { checkTimeLimit: "10" }, []],
        ["a time with more before it", { checkTimeLimit: "x60" }, [`checkTimeLimit = x60: ${noTime}`]],
        ["a flag that is none", { peering: "maybe" }, ["peering = maybe: must be true or false"]],
        ["too short a time", { checkTimeLimit: "9" }, [`checkTimeLimit = 9: ${noTime}`]],
        ["two digits too low", { checkTimeLimit: "09" }, [`checkTimeLimit = 09: ${noTime}`]],
        ["too long a time", { checkTimeLimit: "3601" }, [`checkTimeLimit = 3601: ${noTime}`]],
        ["a time that is none", { checkTimeLimit: "60s" }, [`checkTimeLimit = 60s: ${noTime}`]],
        ["a list that is none", { sshCidrs: "0.0.0.0/0" }, [`sshCidrs = 0.0.0.0/0: ${noList}`]],
        ["a list of numbers", { icmpCidrs: "[1]" }, [`icmpCidrs[0] = 1: ${noCidr}`]],
        ["a wrong block in a list", { sshCidrs: '["me"]' }, [`sshCidrs[0] = me: ${noCidr}`]],
        ["a map that is none", { tags: "team" }, [`tags = team: ${noMap}`]],
        ["a map of numbers, which are texts to AWS", { tags: '{"a":1}' }, []],
        ["an image that is none", { ami: "al3" }, ["ami = al3: must be one of al2023, al2"]],
        ["an instance type that is none", { instanceType: "micro" }, [`instanceType = micro: ${noType}`]],
        ["a type with more to it", { instanceType: "t2.micro x" }, [`instanceType = t2.micro x: ${noType}`]],
        ["an ARM processor", { instanceType: "t4g.micro" }, [`instanceType = t4g.micro: ${arm}`]],
        ["an ARM processor with a disk", { instanceType: "m6gd.large" }, [`instanceType = m6gd.large: ${arm}`]],
        ["the first ARM processor", { instanceType: "a1.medium" }, [`instanceType = a1.medium: ${arm}`]],
        ["a wrong prefix, once", { prefix: "1a" }, [`prefix = 1a: ${noName}`]],
        ["a wrong label", { "accepter.label": "" }, [`accepter.label = : ${noName}`]],
        [
            "equal labels",
            { "accepter.label": "VPC1" },
            ["accepter.label = VPC1: is the requester's label too; choose another one for one of them"],
        ],
        [
            "overlapping VPCs",
            {
                "accepter.cidrBlock": "10.41.128.0/17",
                "accepter.subnetCidrBlock": "10.41.200.0/24",
                "accepter.privateIp": "10.41.200.9",
            },
            [
                'accepter.cidrBlock = 10.41.128.0/17: overlaps requester.cidrBlock, 10.41.0.0/16, and AWS peers only VPCs whose blocks are apart (VPC Peering Guide, "VPC peering limitations"); choose another block for one of them',
            ],
        ],
        [
            "wrong addresses of each side",
            {
                "requester.cidrBlock": "10.41.1.0/16",
                "requester.subnetCidrBlock": "x",
                "requester.privateIp": "y",
                "accepter.privateIp": "10.42.1.3",
            },
            [
                "requester.cidrBlock = 10.41.1.0/16: has bits set behind its prefix; the block is 10.41.0.0/16",
                `requester.subnetCidrBlock = x: ${noCidr}`,
                "requester.privateIp = y: is not an IPv4 address; write four decimal numbers, such as 10.41.1.100",
                "accepter.privateIp = 10.42.1.3: is one of the five that AWS reserves in every subnet; choose another address in 10.42.1.0/24, such as 10.42.1.100",
            ],
        ],
        [
            "ICMP that the check needs and the groups refuse",
            { icmpCidrs: '["10.41.0.0/16"]' },
            [
                "icmpCidrs = [\"10.41.0.0/16\"]: does not cover accepter.cidrBlock, 10.42.0.0/16, whose server the check lets ping the other; add that block, or turn the check off with 'pulumi config set check false'",
            ],
        ],
        [
            "names that the requester's owner can't turn on yet",
            { manageRequester: "false", peeringConnectionId: "pcx-1" },
            [
                "dnsResolution = true: is on, and the check would expect it of the requester's side too, whose owner can set it only once the connection is active (manageRequester is off); turn it off, or turn the check off with 'pulumi config set check false'",
            ],
        ],
        [
            "another owner's request without such names",
            { manageRequester: "false", peeringConnectionId: "pcx-1", dnsResolution: "false" },
            [],
        ],
        ["such names without a check", { manageRequester: "false", peeringConnectionId: "pcx-1", check: "false" }, []],
        ["ICMP that nobody needs", { icmpCidrs: "[]", check: "false" }, []],
        ["ICMP from both blocks", { icmpCidrs: '["10.41.0.0/16","10.40.0.0/14"]' }, []],
        ["a wrong block for ICMP, once", { icmpCidrs: '["x"]' }, [`icmpCidrs[0] = x: ${noCidr}`]],
        [
            "a public key of another kind",
            { sshPublicKey: "ssh-dss AAAA" },
            [`sshPublicKey = ssh-dss AAAA: ${noPublicKey}`],
        ],
        [
            "a private key for a public one",
            { sshPublicKey: "-----BEGIN" },
            [`sshPublicKey = -----BEGIN: ${noPublicKey}`],
        ],
        ["an RSA key without a comment", { sshPublicKey: `ssh-rsa ${"A".repeat(370)}==` }, []],
        [
            "no key",
            { sshPublicKey: "" },
            [
                "keyName, sshPublicKey: one of the two must be set, and neither is: the name of an existing EC2 key pair, or a public key to import, as in 'pulumi config set sshPublicKey \"$(cat ~/.ssh/id_ed25519.pub)\"'",
            ],
        ],
        [
            "two keys",
            { keyName: "mine" },
            [
                "keyName, sshPublicKey: one of the two must be set, and both are: the name of an existing EC2 key pair, or a public key to import, as in 'pulumi config set sshPublicKey \"$(cat ~/.ssh/id_ed25519.pub)\"'",
            ],
        ],
        [
            "no way to log in",
            { sshAgent: "false" },
            [
                "sshPrivateKey, sshPrivateKeyPath, sshAgent: the check logs in to the servers, so one of the three must be set, and none is: the private key as a secret, the path of its file, or 'true' for the SSH agent; or turn the check off with 'pulumi config set check false'",
            ],
        ],
        [
            "two ways to log in",
            { sshPrivateKeyPath: "k" },
            [
                "sshPrivateKey, sshPrivateKeyPath, sshAgent: the check logs in to the servers, so one of the three must be set, and more than one is: the private key as a secret, the path of its file, or 'true' for the SSH agent; or turn the check off with 'pulumi config set check false'",
            ],
        ],
        [
            "a private key in clear, without repeating it",
            { sshPrivateKey: "very secret", sshAgent: "false" },
            [
                "sshPrivateKey: is in the settings file in plain text; encrypt it with 'pulumi config set --secret sshPrivateKey < FILE', and stop using the key if the file was shared",
            ],
        ],
        [
            "a check that is none, which needs no key",
            { check: "no", sshAgent: "false" },
            ["check = no: must be true or false"],
        ],
        [
            "an agent that is none, for which the key's path stands",
            { sshAgent: "no", sshPrivateKeyPath: "k" },
            ["sshAgent = no: must be true or false"],
        ],
        [
            "many things at once",
            { peerring: "x", check: "no", "requester.cidrBlock": "172.16.0.0/12", sshPublicKey: "" },
            [
                "check = no: must be true or false",
                `peerring = x: ${noSetting} if you mean peering, set that; remove it with 'pulumi config rm --path peerring'`,
                "requester.cidrBlock = 172.16.0.0/12: AWS takes blocks from /16 to /28 only; choose a prefix between them",
                "keyName, sshPublicKey: one of the two must be set, and neither is: the name of an existing EC2 key pair, or a public key to import, as in 'pulumi config set sshPublicKey \"$(cat ~/.ssh/id_ed25519.pub)\"'",
            ],
        ],
        [
            "typos in a side, and settings that belong into one",
            { "requester.cidrBlok": "a", "accepter.colour": "b", cidrBlock: "c", "requester.peering": "true" },
            [
                `requester.cidrBlok = a: ${noSetting} if you mean requester.cidrBlock, set that; remove it with 'pulumi config rm --path requester.cidrBlok'`,
                `requester.peering = true: ${noSetting} if you mean peering, set that; remove it with 'pulumi config rm --path requester.peering'`,
                `accepter.colour = b: ${noSetting} remove it with 'pulumi config rm --path accepter.colour'`,
                `cidrBlock = c: ${noSetting} if you mean requester.cidrBlock or accepter.cidrBlock, set that; remove it with 'pulumi config rm --path cidrBlock'`,
            ],
        ],
        [
            "a key that a shell would take apart",
            { "it's": "x" },
            [`["it's"] = x: ${noSetting} remove it with 'pulumi config rm --path '["it'\\''s"]''`],
        ],
        [
            "keys with hyphens",
            { "ssh-cidrs": "x", "requester.icmp-cidrs": "y" },
            [
                `requester["icmp-cidrs"] = y: ${noSetting} if you mean requester.icmpCidrs, set that; remove it with 'pulumi config rm --path 'requester["icmp-cidrs"]''`,
                `["ssh-cidrs"] = x: ${noSetting} if you mean sshCidrs, set that; remove it with 'pulumi config rm --path '["ssh-cidrs"]''`,
            ],
        ],
        [
            "a side that is none",
            { requester: "us-east-1" },
            [
                `requester = us-east-1: must be an object with the settings of that side, such as {"region": "us-east-1"}`,
            ],
        ],
        [
            "wrong values of several types in a side, all at once",
            {
                "requester.dnsHostnames": "maybe",
                "requester.sshCidrs": "0.0.0.0/0",
                "requester.ami": "al3",
                "requester.instanceType": "t4g.nano",
                "accepter.icmpCidrs": '["x"]',
            },
            [
                `requester.instanceType = t4g.nano: ${arm}`,
                "requester.ami = al3: must be one of al2023, al2",
                `requester.sshCidrs = 0.0.0.0/0: ${noList}`,
                "requester.dnsHostnames = maybe: must be true or false",
                `accepter.icmpCidrs[0] = x: ${noCidr}`,
            ],
        ],
        [
            "a side's own pings that its server's group refuses",
            { "accepter.icmpCidrs": '["10.42.0.0/16"]' },
            [
                "accepter.icmpCidrs = [\"10.42.0.0/16\"]: does not cover requester.cidrBlock, 10.41.0.0/16, whose server the check lets ping the other; add that block, or turn the check off with 'pulumi config set check false'",
            ],
        ],
    ];
    for (const [what, change, problems] of cases) {
        it(`${problems.length === 0 ? "takes" : "refuses"} ${what}`, () => {
            assert.deepStrictEqual(problemsOf(change), problems);
            assert.strictEqual(read(change).settings === undefined, problems.length > 0);
        });
    }

    describe("a key that was set without --path", () => {
        const keys = [
            ...paths.filter((one) => one.includes(".")),
            "sshCidrs[0]",
            "icmpCidrs[12]",
            "requester.sshCidrs[1]",
            "extraPorts[0]",
            "tags.team",
            'tags["a.b"]',
            "tags[0]",
        ];

        it("is refused, with the command that sets what was meant, and the one that removes it", () => {
            assert.ok(keys.length > 40);
            for (const key of keys) {
                const [problem, ...others] = read({}, { values: { ...config(), [key]: "it's -1" } }).problems;
                assert.deepStrictEqual(others, [], key);
                assert.strictEqual(problem?.path, key);
                const [, command = "", remove = ""] =
                    /^is not read, because it was set without --path; set it with "(.+)", or remove it with ["'](.+?)["']$/.exec(
                        problem.message,
                    ) ?? [];
                const typed = (line: string) =>
                    spawnSync("bash", ["-c", `pulumi() { printf '<%s>' "$@"; echo; }; ${line}`], { encoding: "utf8" })
                        .stdout;
                assert.strictEqual(typed(remove), `<config><rm><${key}>\n`);
                assert.strictEqual(typed(command), `<config><set><--path><${key}><it's -1>\n${typed(remove)}`);
            }
        });

        it("is not said to be missing too, and does not show a secret", () => {
            const { sshCidrs, ...rest } = config();
            assert.deepStrictEqual(
                read({}, { values: { ...rest, "sshCidrs[0]": "192.0.2.7/32" } }).problems.map(({ path: at }) => at),
                ["sshCidrs[0]"],
            );
            const secret = { "accepter.externalId": "hidden" };
            const said = read(
                {},
                { values: { ...rest, sshCidrs: sshCidrs ?? "", ...secret }, isSecret: (key) => key in secret },
            );
            assert.deepStrictEqual(said.problems.map(described), [
                "accepter.externalId = [secret]: is not read, because it was set without --path; set it with 'pulumi config get accepter.externalId | pulumi config set --secret --path accepter.externalId && pulumi config rm accepter.externalId', or remove it with 'pulumi config rm accepter.externalId'",
            ]);
        });

        it("is no path where there is no such setting, or no list", () => {
            for (const key of ["requester.cidrBlok", "prefix[0]", "requester.region[0]", "a.b", "[0]"]) {
                const [problem] = read({}, { values: { ...config(), [key]: "x" } }).problems;
                assert.match(problem?.message ?? "", /^is not a setting of this project; /, key);
            }
            const [typo] = read({}, { values: { ...config(), "requester.cidrBlok": "x" } }).problems;
            assert.match(typo?.message ?? "", /; if you mean requester\.cidrBlock, set that; /);
        });
    });

    it("refuses a private key's file that is not there", () => {
        assert.deepStrictEqual(
            problemsOf({ sshAgent: "false", sshPrivateKeyPath: "gone" }, { fileExists: (file) => file !== "gone" }),
            [
                "sshPrivateKeyPath = gone: can't be read; give the path of the private key's file, absolute or relative to the project's folder",
            ],
        );
    });

    it("never repeats a secret", () => {
        const change = { peering: "hidden", unheardOf: "hidden", "not-heard-of": "hidden" };
        const text = problemsOf(change, { isSecret: (key) => key in change }).join("\n");
        assert.match(text, /^peering = \[secret\]: must be/m);
        assert.match(text, /^unheardOf = \[secret\]: is not a setting/m);
        assert.match(text, /^\["not-heard-of"\] = \[secret\]: is not a setting/m);
        assert.ok(!text.includes("hidden"));
        const nested = problemsOf({ "accepter.externalId": "hidden" }, { isSecret: (key) => key === "accepter" });
        assert.match(nested.join("\n"), /^accepter\.externalId = \[secret\]: is sent when a role is assumed/);
    });
});

describe("settings in another project's namespace", () => {
    const other = (key: string, value: string, isSecret = false) => ({ namespace: "lab", key, value, isSecret });
    const found = (others: RawConfig["others"], change: Change = {}) => {
        const { problems, warnings } = read(change, { project: "mine", others });
        return [...problems.map(described), ...warnings];
    };
    const why = "is not read, because the project is called mine; move it with";

    it("are refused where they would change something, with the commands that move them", () => {
        assert.deepStrictEqual(found([other("peering", "true")]), [
            `lab:peering = true: ${why} 'pulumi config set --path peering true && pulumi config rm lab:peering', or remove it with 'pulumi config rm lab:peering'`,
        ]);
        assert.deepStrictEqual(found([other("icmpCidrs", '["10.40.0.0/14"]')]), [
            `lab:icmpCidrs = ["10.40.0.0/14"]: ${why} "pulumi config set --path 'icmpCidrs[0]' 10.40.0.0/14 && pulumi config rm lab:icmpCidrs", or remove it with 'pulumi config rm lab:icmpCidrs'`,
        ]);
        assert.match(found([other("icmpCidrs", "[]")])[0] ?? "", /"pulumi config set --path icmpCidrs '\[\]' && /);
        assert.match(found([other("peering", "maybe")])[0] ?? "", / set --path peering maybe && /);
    });

    it("are moved a field at a time, but for those that the project has", () => {
        const moved = (change: Change) =>
            /move it with '(.+?)'/.exec(
                found([other("requester", '{"label":"Blue","region":"us-east-1"}')], change)[0] ?? "",
            )?.[1];
        assert.strictEqual(
            moved({}),
            "pulumi config set --path requester.label Blue && pulumi config set --path requester.region us-east-1 && pulumi config rm lab:requester",
        );
        assert.strictEqual(
            moved({ "requester.region": "us-west-2" }),
            "pulumi config set --path requester.label Blue && pulumi config rm lab:requester",
        );
    });

    it("are warned of where the project has its own, with the command that removes them", () => {
        const warning = (key: string) =>
            `lab:${key} is not read: mine:${key} is set instead. Remove it with 'pulumi config rm lab:${key}'`;
        assert.deepStrictEqual(found([other("peering", "false")], { peering: "true" }), [warning("peering")]);
        assert.deepStrictEqual(found([other("requester", '{"label":"Blue"}')], { "requester.label": "Green" }), [
            warning("requester"),
        ]);
    });

    it("are ignored if they change nothing or are no settings", () => {
        const same = [other("peering", "false"), other("requester", '{"cidrBlock":"10.41.0.0/16"}')];
        assert.deepStrictEqual(found(same), []);
        assert.deepStrictEqual(found([other("peering", "true")], { peering: "true" }), []);
        assert.deepStrictEqual(found([other("token", "word"), other("toString", "word")]), []);
    });

    it("are moved without being shown where they are secret, or should be", () => {
        assert.deepStrictEqual(found([other("accepter", '{"externalId":"word"}', true)]), [
            `lab:accepter = [secret]: ${why} 'pulumi config get --path lab:accepter.externalId | pulumi config set --secret --path accepter.externalId && pulumi config rm lab:accepter', or remove it with 'pulumi config rm lab:accepter'`,
        ]);
        const text = found([other("sshPrivateKey", "-----BEGIN")]).join();
        assert.match(text, /pulumi config set --secret --path sshPrivateKey && /);
        assert.doesNotMatch(text, /BEGIN/);
    });

    it("may have values that a shell would take apart", () => {
        const text = found([other("tags", '{"a.b":"it\'s","c":"-x"}')])[0] ?? "";
        const [, command = ""] = /move it with "(.+)", or /.exec(text) ?? [];
        const shown = spawnSync("bash", ["-c", `pulumi() { printf '<%s>' "$@"; echo; }; ${command}`], {
            encoding: "utf8",
        });
        assert.deepStrictEqual(shown.stdout.trim().split("\n"), [
            '<config><set><--path><tags["a.b"]><it\'s>',
            "<config><set><--path><tags.c><--><-x>",
            "<config><rm><lab:tags>",
        ]);
    });
});

describe("readSettings", () => {
    it("reads the stack's own settings and leaves others alone", async () => {
        await deploy(
            () => {
                assert.strictEqual(readSettings().publicKey, sshPublicKey);
            },
            { ...namespaced(), "aws:region": "ap-northeast-2" },
        );
    });

    it("finds its settings in another project's namespace, but not in Pulumi's own or a provider's", async () => {
        const others = { "pulumi:tags": '{"team":"network"}', "aws:prefix": "aws", "lab:prefix": "other" };
        await deploy(
            () => {
                assert.throws(readSettings, (error: Error) => {
                    const [first, ...problems] = error.message.split("\n");
                    assert.match(first ?? "", / has 1 problem; /);
                    assert.match(problems.join(), /^ {2}lab:prefix = "\[secret\]": is not read, /);
                    return true;
                });
            },
            { ...namespaced(), ...others },
            ["lab:prefix"],
        );
    });

    it("logs what is at risk", async () => {
        const log = mock.method(pulumi.log, "warn", () => Promise.resolve());
        try {
            await deploy(() => void readSettings(), namespaced({ sshCidrs: '["0.0.0.0/0"]' }));
            assert.deepStrictEqual(
                log.mock.calls.map(({ arguments: [message] }) => String(message).split(":")[0]),
                ["sshCidrs has 0.0.0.0/0"],
            );
        } finally {
            log.mock.restore();
        }
    });

    it("throws one error that lists every problem", async () => {
        await deploy(
            () => {
                assert.throws(readSettings, (error: Error) => {
                    assert.ok(pulumi.RunError.isInstance(error));
                    assert.deepStrictEqual(error.message.split("\n"), [
                        "The configuration of stack test has 2 problems; nothing was changed:",
                        '  peering = "maybe": must be true or false',
                        '  requester.privateIp = "10.41.1.0": is one of the five that AWS reserves in every subnet; choose another address in 10.41.1.0/24, such as 10.41.1.100',
                    ]);
                    return true;
                });
            },
            namespaced({ peering: "maybe", "requester.privateIp": "10.41.1.0" }),
        );
    });

    it("knows a private key that is encrypted from one that is not, and files from folders", async () => {
        const values = namespaced({ sshAgent: "false", sshPrivateKey: "k" });
        await deploy(
            () => {
                assert.strictEqual(readSettings().check?.privateKey.kind, "secret");
            },
            values,
            ["vpc-peering-lab:sshPrivateKey"],
        );
        await deploy(() => {
            assert.throws(readSettings, /sshPrivateKey: is in the settings file in plain text/);
        }, values);
        const withPath = (file: string) => namespaced({ sshAgent: "false", sshPrivateKeyPath: file });
        await deploy(() => {
            assert.strictEqual(readSettings().check?.privateKey.kind, "path");
        }, withPath(__filename));
        await deploy(() => {
            assert.throws(readSettings, /sshPrivateKeyPath = .*can't be read/);
        }, withPath(__dirname));
        await deploy(() => {
            assert.throws(readSettings, /sshPrivateKeyPath = .*can't be read/);
        }, withPath("/no/such"));
    });
});

describe("readPrivateKey", () => {
    it("reads a file, or the stack's secret, as a secret, and nothing for the agent", async () => {
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), "settings-test-"));
        const file = path.join(folder, "key");
        const [inFile, inStack] = [privateKey(), privateKey()];
        fs.writeFileSync(file, inFile);
        await deploy(
            async () => {
                for (const [kind, value] of [
                    [{ kind: "path", path: file }, inFile],
                    [{ kind: "secret" }, inStack],
                ] as const) {
                    const key = readPrivateKey(kind);
                    assert.ok(key);
                    assert.strictEqual(await valueOf(key), value);
                    assert.strictEqual(await pulumi.isSecret(key), true);
                }
                assert.strictEqual(readPrivateKey({ kind: "agent" }), undefined);
            },
            { "vpc-peering-lab:sshPrivateKey": inStack },
            ["vpc-peering-lab:sshPrivateKey"],
        );
        fs.rmSync(folder, { recursive: true });
    });

    it("refuses one that can't be used, and does not print the stack's", async () => {
        await deploy(
            () => {
                assert.throws(() => readPrivateKey({ kind: "secret" }), /\n {2}sshPrivateKey: is not a private key/);
                assert.throws(
                    () => readPrivateKey({ kind: "path", path: __filename }),
                    /\n {2}sshPrivateKeyPath = ".*settings\.test\.ts": is not a private key/,
                );
            },
            { "vpc-peering-lab:sshPrivateKey": "nothing" },
            ["vpc-peering-lab:sshPrivateKey"],
        );
    });
});
