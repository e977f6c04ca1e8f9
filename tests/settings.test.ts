import * as assert from "assert";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { parseSettings, readPrivateKey, readSettings, settingKeys, type RawConfig } from "../settings";
import { deploy, valueOf } from "./mocks";

interface Declared {
    type: string;
    description: string;
    default: unknown;
}

const root = path.join(__dirname, "..");
const project = parse(fs.readFileSync(path.join(root, "Pulumi.yaml"), "utf8")) as {
    name: string;
    runtime: { name: string };
    config: Record<string, Declared>;
    template: { config: Record<string, { description: string }> };
};

/** The value as the engine passes it to a program. */
const passed = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

const defaults = Object.fromEntries(
    Object.entries(project.config).map(([key, { default: value }]) => [key, passed(value)]),
);
const sshPublicKey = `ssh-ed25519 ${"A".repeat(68)} me@here`;
const enough = { ...defaults, sshPublicKey, sshAgent: "true" };

function read(values: Record<string, string>, more: Partial<RawConfig> = {}) {
    return parseSettings({
        values,
        defaultRegion: "ap-northeast-2",
        isSecret: () => false,
        fileExists: () => true,
        ...more,
    });
}

const problemsOf = (change: Record<string, string>, more: Partial<RawConfig> = {}): string[] =>
    read({ ...enough, ...change }, more).problems.map(
        ({ key, value, message }) => `${key}${value === undefined ? "" : ` = ${value}`}: ${message}`,
    );

describe("Pulumi.yaml", () => {
    it("declares every setting that the program reads, and no other, with type, description and default", () => {
        assert.deepStrictEqual(Object.keys(project.config).sort(), [...settingKeys].sort());
        for (const [key, { type, description, default: value }] of Object.entries(project.config)) {
            assert.match(type, /^(string|boolean|integer|array|object)$/, key);
            assert.ok(description.length > 10, key);
            assert.notStrictEqual(value, undefined, key);
        }
    });

    it("asks in its template only for settings that there are", () => {
        const own = Object.keys(project.template.config).filter((key) => !key.startsWith("aws:"));
        assert.deepStrictEqual(
            own.filter((key) => !settingKeys.includes(key)),
            [],
        );
    });
});

describe("README.md", () => {
    it("describes every setting as Pulumi.yaml does", () => {
        const cells = fs
            .readFileSync(path.join(root, "README.md"), "utf8")
            .split("\n")
            .map((line) => line.split("|").map((cell) => cell.trim()));
        for (const [key, { type, description, default: value }] of Object.entries(project.config)) {
            const row = cells.find(([, first]) => first === `\`${key}\``);
            const shown = value === "" ? "" : `\`${passed(value)}\``;
            assert.deepStrictEqual(row, ["", `\`${key}\``, type, shown, description, ""], key);
        }
    });
});

describe("the pages", () => {
    for (const page of ["README.md", "CONTRIBUTING.md", "docs/own-stack.md", "docs/choosing.md", "sandbox/README.md"]) {
        it(`${page} links to files that there are`, () => {
            const text = fs.readFileSync(path.join(root, page), "utf8");
            const links = [...text.matchAll(/\]\(([^)#]+)[^)]*\)|^\[[^\]]+\]: (\S+)$/gm)].map(
                ([, a, b]) => a ?? b ?? "",
            );
            const missing = links
                .filter((link) => !link.includes("://"))
                .filter((link) => !fs.existsSync(path.join(root, path.dirname(page), link)));
            assert.deepStrictEqual(missing, []);
        });
    }

    it("use no reference in the README that is not there", () => {
        const text = fs.readFileSync(path.join(root, "README.md"), "utf8");
        const defined = [...text.matchAll(/^\[([^\]]+)\]: /gm)].map(([, name]) => name);
        const table = text.slice(text.indexOf("## What peering can do"), text.indexOf("[network]:"));
        const used = [...table.matchAll(/\[([a-z ]+)\](?!\()/g)].map(([, name]) => name);
        assert.deepStrictEqual([...new Set(used)].sort(), [...defined].sort());
    });
});

describe("Pulumi.dev.yaml", () => {
    it("is the lab as it is taught, with the defaults", () => {
        const stack = parse(fs.readFileSync(path.join(root, "Pulumi.dev.yaml"), "utf8")) as {
            config: Record<string, unknown>;
        };
        assert.strictEqual(stack.config["aws:region"], "ap-northeast-2");
        for (const [key, value] of Object.entries(stack.config)) {
            if (key !== "aws:region") {
                assert.deepStrictEqual(value, project.config[key.replace(`${project.name}:`, "")]?.default, key);
            }
        }
    });
});

describe("parseSettings", () => {
    it("makes the lab of the defaults and a key", () => {
        assert.deepStrictEqual(read(enough).problems, []);
        const shared = {
            instanceType: "t2.micro",
            ami: "al2023",
            sshCidrs: ["0.0.0.0/0"],
            icmpCidrs: ["0.0.0.0/0"],
            secondaryCidrBlocks: [],
            routedCidrBlocks: [],
            region: undefined,
            accountId: undefined,
        };
        const nowhere = {
            region: undefined,
            accountId: undefined,
            profile: undefined,
            roleArn: undefined,
            externalId: undefined,
        };
        assert.deepStrictEqual(read(enough).settings, {
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
                autoAccept: false,
                ingressFrom: "cidr",
                extraPorts: [],
                prefix: "ljh",
                dnsHostnames: true,
                dnsResolution: true,
                tags: {},
            },
            access: { requester: nowhere, accepter: nowhere },
            defaultRegion: "ap-northeast-2",
            keyPair: { publicKey: sshPublicKey },
            check: { timeLimit: 300, privateKey: { kind: "agent" } },
        });
    });

    it("reads every type", () => {
        const { settings, problems } = read({
            ...enough,
            peering: "true",
            dnsResolution: "false",
            sshCidrs: '["192.0.2.0/24"]',
            tags: '{"team":"network"}',
            checkTimeLimit: "3600",
            ami: "al2",
            keyName: "mine",
            sshPublicKey: "",
        });
        assert.deepStrictEqual(problems, []);
        assert.strictEqual(settings?.pair.peering, true);
        assert.strictEqual(settings.pair.dnsResolution, false);
        assert.deepStrictEqual(settings.pair.requester.sshCidrs, ["192.0.2.0/24"]);
        assert.deepStrictEqual(settings.pair.tags, { team: "network" });
        assert.strictEqual(settings.pair.accepter.ami, "al2");
        assert.strictEqual(settings.check?.timeLimit, 3600);
        assert.deepStrictEqual(settings.keyPair, { name: "mine" });
    });

    it("takes the private key from where it is told to, and needs none when the check is off", () => {
        const kindOf = (change: Record<string, string>, secret = false) =>
            read({ ...enough, sshAgent: "false", ...change }, { isSecret: () => secret }).settings?.check?.privateKey;
        assert.deepStrictEqual(kindOf({ sshPrivateKeyPath: "k" }), { kind: "path", path: "k" });
        assert.deepStrictEqual(kindOf({ sshPrivateKey: "k" }, true), { kind: "secret" });
        const off = read(
            { ...enough, sshAgent: "false", check: "false", sshPrivateKeyPath: "gone" },
            { fileExists: () => false },
        );
        assert.deepStrictEqual(off.problems, []);
        assert.ok(off.settings && off.settings.check === undefined);
    });

    it("warns of SSH from everywhere, and only of that", () => {
        assert.deepStrictEqual(read(enough).warnings, [
            `sshCidrs has 0.0.0.0/0: anybody may try to log in to the servers. Narrow it to your own address, as in "pulumi config set --path 'sshCidrs[0]' 203.0.113.7/32"`,
        ]);
        assert.deepStrictEqual(read({ ...enough, sshCidrs: '["192.0.2.0/24"]' }).warnings, []);
    });

    const noSetting = "is no setting of this project;";
    const noCidr = "is not an IPv4 CIDR block; write ADDRESS/PREFIX, such as 10.41.0.0/16";
    const noType = "is not an instance type; write one such as t2.micro";
    const arm = "has an ARM processor, and the lab's images are x86_64; choose a type such as t3.micro";
    const noList = 'must be a list of CIDR blocks, such as ["203.0.113.0/24"]';
    const noMap = 'must be a map of strings, such as {"team": "network"}';
    const noPublicKey = "is not an RSA or ED25519 public key; give the one line of a .pub file, such as id_ed25519.pub";
    const noName = "may have letters, digits and hyphens only, begins with a letter and has 20 characters at most";
    const noTime = "must be a whole number of seconds from 10 to 3600";
    const cases: [what: string, change: Record<string, string>, problems: string[]][] = [
        [
            "a typo",
            { peerring: "true" },
            [`peerring = true: ${noSetting} did you mean peering? Remove it with 'pulumi config rm peerring'`],
        ],
        [
            "a key that is like no other",
            { colour: "blue" },
            [`colour = blue: ${noSetting} Remove it with 'pulumi config rm colour'`],
        ],
        [
            "typos of several keys, each with the nearest one",
            { prefx: "a", sshCidr: "b", vpc2CidrBlok: "c", tag: "d" },
            [
                `prefx = a: ${noSetting} did you mean prefix? Remove it with 'pulumi config rm prefx'`,
                `sshCidr = b: ${noSetting} did you mean sshCidrs? Remove it with 'pulumi config rm sshCidr'`,
                `vpc2CidrBlok = c: ${noSetting} did you mean vpc2CidrBlock? Remove it with 'pulumi config rm vpc2CidrBlok'`,
                `tag = d: ${noSetting} did you mean tags? Remove it with 'pulumi config rm tag'`,
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
        ["a list of numbers", { icmpCidrs: "[1]" }, [`icmpCidrs = [1]: ${noList}`]],
        ["a wrong block in a list", { sshCidrs: '["me"]' }, [`sshCidrs = me: ${noCidr}`]],
        ["a map that is none", { tags: "team" }, [`tags = team: ${noMap}`]],
        ["a map of numbers", { tags: '{"a":1}' }, [`tags = {"a":1}: ${noMap}`]],
        ["an image that is none", { ami: "al3" }, ["ami = al3: must be one of al2023, al2"]],
        ["an instance type that is none", { instanceType: "micro" }, [`instanceType = micro: ${noType}`]],
        ["a type with more to it", { instanceType: "t2.micro x" }, [`instanceType = t2.micro x: ${noType}`]],
        ["an ARM processor", { instanceType: "t4g.micro" }, [`instanceType = t4g.micro: ${arm}`]],
        ["an ARM processor with a disk", { instanceType: "m6gd.large" }, [`instanceType = m6gd.large: ${arm}`]],
        ["the first ARM processor", { instanceType: "a1.medium" }, [`instanceType = a1.medium: ${arm}`]],
        ["a wrong prefix, once", { prefix: "1a" }, [`prefix = 1a: ${noName}`]],
        ["a wrong label", { vpc2Label: "" }, [`vpc2Label = : ${noName}`]],
        [
            "equal labels",
            { vpc2Label: "VPC1" },
            ["vpc2Label = VPC1: is also vpc1Label; choose another label for one of them"],
        ],
        [
            "overlapping VPCs",
            { vpc2CidrBlock: "10.41.128.0/17", vpc2SubnetCidrBlock: "10.41.200.0/24", vpc2PrivateIp: "10.41.200.9" },
            [
                'vpc2CidrBlock = 10.41.128.0/17: overlaps vpc1CidrBlock = 10.41.0.0/16, and AWS peers only VPCs none of whose blocks do (VPC Peering Guide, "VPC peering limitations"); choose another block for one of them',
            ],
        ],
        [
            "wrong addresses of each side",
            { vpc1CidrBlock: "10.41.1.0/16", vpc1SubnetCidrBlock: "x", vpc1PrivateIp: "y", vpc2PrivateIp: "10.42.1.3" },
            [
                "vpc1CidrBlock = 10.41.1.0/16: has bits set behind its prefix; the block is 10.41.0.0/16",
                `vpc1SubnetCidrBlock = x: ${noCidr}`,
                "vpc1PrivateIp = y: is not an IPv4 address; write four decimal numbers, such as 10.41.1.100",
                "vpc2PrivateIp = 10.42.1.3: is one of the five that AWS reserves in every subnet; choose another address in 10.42.1.0/24, such as 10.42.1.100",
            ],
        ],
        [
            "ICMP that the check needs and the groups refuse",
            { icmpCidrs: '["10.41.0.0/16"]' },
            [
                "icmpCidrs = [\"10.41.0.0/16\"]: does not cover vpc2CidrBlock = 10.42.0.0/16, whose server the check lets ping the other; add that block, or turn the check off with 'pulumi config set check false'",
            ],
        ],
        ["ICMP that nobody needs", { icmpCidrs: "[]", check: "false" }, []],
        ["ICMP from both blocks", { icmpCidrs: '["10.41.0.0/16","10.40.0.0/14"]' }, []],
        ["a wrong block for ICMP, once", { icmpCidrs: '["x"]' }, [`icmpCidrs = x: ${noCidr}`]],
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
                "sshPrivateKey: stands in the settings file in clear; encrypt it with 'pulumi config set --secret sshPrivateKey < FILE', and take the key out of use if the file was shared",
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
            { peerring: "x", check: "no", vpc1CidrBlock: "172.16.0.0/12", sshPublicKey: "" },
            [
                "check = no: must be true or false",
                `peerring = x: ${noSetting} did you mean peering? Remove it with 'pulumi config rm peerring'`,
                "vpc1CidrBlock = 172.16.0.0/12: AWS takes blocks from /16 to /28 only; choose a prefix between them",
                "keyName, sshPublicKey: one of the two must be set, and neither is: the name of an existing EC2 key pair, or a public key to import, as in 'pulumi config set sshPublicKey \"$(cat ~/.ssh/id_ed25519.pub)\"'",
            ],
        ],
    ];
    for (const [what, change, problems] of cases) {
        it(`${problems.length === 0 ? "takes" : "refuses"} ${what}`, () => {
            assert.deepStrictEqual(problemsOf(change), problems);
            assert.strictEqual(read({ ...enough, ...change }).settings === undefined, problems.length > 0);
        });
    }

    it("refuses a private key's file that is not there", () => {
        assert.deepStrictEqual(
            problemsOf({ sshAgent: "false", sshPrivateKeyPath: "gone" }, { fileExists: (file) => file !== "gone" }),
            [
                "sshPrivateKeyPath = gone: can't be read; give the path of the private key's file, from the project's folder on or absolute",
            ],
        );
    });

    it("never repeats a secret", () => {
        const change = { peering: "hidden", unheardOf: "hidden" };
        const text = problemsOf(change, { isSecret: (key) => key in change }).join("\n");
        assert.match(text, /^peering = \[secret\]: must be/m);
        assert.match(text, /^unheardOf = \[secret\]: is no setting/m);
        assert.ok(!text.includes("hidden"));
    });

    it("says which setting has no value, should one have lost its default", () => {
        const values: Record<string, string> = { ...enough };
        delete values["vpc1CidrBlock"];
        assert.deepStrictEqual(read(values), {
            settings: undefined,
            problems: [
                { key: "vpc1CidrBlock", message: "has no value; Pulumi.yaml gives its default, so check that file" },
            ],
            warnings: [],
        });
    });
});

describe("readSettings", () => {
    const namespaced = (values: Record<string, string>): Record<string, string> =>
        Object.fromEntries(Object.entries(values).map(([key, value]) => [`vpc-peering-lab:${key}`, value]));

    it("reads the stack's own settings and leaves others alone", async () => {
        await deploy(
            () => {
                assert.deepStrictEqual(readSettings().keyPair, { publicKey: sshPublicKey });
            },
            { ...namespaced(enough), "aws:region": "ap-northeast-2" },
        );
    });

    it("throws one error that lists every problem", async () => {
        await deploy(
            () => {
                assert.throws(readSettings, (error: Error) => {
                    assert.ok(pulumi.RunError.isInstance(error));
                    assert.deepStrictEqual(error.message.split("\n"), [
                        "The configuration of stack test has 2 problems; nothing was created:",
                        '  peering = "maybe": must be true or false',
                        '  vpc1PrivateIp = "10.41.1.0": is one of the five that AWS reserves in every subnet; choose another address in 10.41.1.0/24, such as 10.41.1.100',
                    ]);
                    return true;
                });
            },
            namespaced({ ...enough, peering: "maybe", vpc1PrivateIp: "10.41.1.0" }),
        );
    });

    it("knows a private key that is encrypted from one that is not, and files from folders", async () => {
        const values = namespaced({ ...enough, sshAgent: "false", sshPrivateKey: "k" });
        await deploy(
            () => {
                assert.strictEqual(readSettings().check?.privateKey.kind, "secret");
            },
            values,
            ["vpc-peering-lab:sshPrivateKey"],
        );
        await deploy(() => {
            assert.throws(readSettings, /sshPrivateKey: stands in the settings file in clear/);
        }, values);
        const withPath = (file: string) => namespaced({ ...enough, sshAgent: "false", sshPrivateKeyPath: file });
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
        fs.writeFileSync(file, "from a file");
        await deploy(
            async () => {
                for (const [kind, value] of [
                    [{ kind: "path", path: file }, "from a file"],
                    [{ kind: "secret" }, "from the stack"],
                ] as const) {
                    const key = readPrivateKey(kind);
                    assert.ok(key);
                    assert.strictEqual(await valueOf(key), value);
                    assert.strictEqual(await pulumi.isSecret(key), true);
                }
                assert.strictEqual(readPrivateKey({ kind: "agent" }), undefined);
            },
            { "vpc-peering-lab:sshPrivateKey": "from the stack" },
            ["vpc-peering-lab:sshPrivateKey"],
        );
        fs.rmSync(folder, { recursive: true });
    });
});
