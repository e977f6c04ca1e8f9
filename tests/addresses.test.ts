import * as assert from "assert";
import * as fc from "fast-check";
import {
    blocksOf,
    checkAddressPlan,
    checkCidrList,
    checkOverlap,
    type AddressPlan,
} from "../components/addresses/addressPlan";
import { readable } from "../components/addresses/readable";
import {
    contains,
    isReserved,
    overlaps,
    parseAddress,
    parseCidr,
    parseIpv6Cidr,
    suggestAddress,
    type Cidr,
} from "../components/addresses/cidr";

const plan: AddressPlan = { cidrBlock: "10.41.0.0/16", subnetCidrBlock: "10.41.1.0/24", privateIp: "10.41.1.100" };

const address = fc.nat({ max: 0xffffffff });
const dotted = (number: number): string => [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join(".");
/** A canonical block, made with arithmetic that has nothing in common with the one under test. */
const block = fc
    .tuple(address, fc.integer({ min: 0, max: 32 }))
    .map(([number, prefix]) => `${dotted(Math.floor(number / 2 ** (32 - prefix)) * 2 ** (32 - prefix))}/${prefix}`);

function cidr(text: string): Cidr {
    const parsed = parseCidr(text);
    assert.ok(parsed.ok, text);
    return parsed.value;
}

/** The first and the last address of a block, and its prefix, by the same arithmetic. */
function rangeOf(text: string): { first: number; last: number; prefix: number } {
    const [network = "", length = ""] = text.split("/");
    const first = network.split(".").reduce((number, octet) => number * 256 + Number(octet), 0);
    return { first, last: first + 2 ** (32 - Number(length)) - 1, prefix: Number(length) };
}

function addressAt(number: number): Cidr {
    const parsed = parseAddress(dotted(number));
    assert.ok(parsed.ok);
    return parsed.value;
}

describe("addresses", () => {
    it("reads every IPv4 address", () => {
        fc.assert(
            fc.property(address, (number) => {
                const { text, network, prefix } = addressAt(number);
                assert.deepStrictEqual([text, network.toString(), prefix], [dotted(number), dotted(number), 32]);
            }),
        );
    });

    for (const text of ["", "10.1", "10.41.1.256", "010.0.0.1", "10.41.1.100/24", "::1", "0x0a.0.0.1", " 10.0.0.1"]) {
        it(`takes ${JSON.stringify(text)} for no address`, () => {
            assert.deepStrictEqual(parseAddress(text), {
                ok: false,
                message: "is not an IPv4 address; write four decimal numbers, such as 10.41.1.100",
            });
        });
    }
});

describe("CIDR blocks", () => {
    it("are read as they are written", () => {
        fc.assert(
            fc.property(block, (text) => {
                const { network, prefix, text: same } = cidr(text);
                assert.strictEqual(`${network.toString()}/${prefix}`, text);
                assert.strictEqual(same, text);
            }),
        );
    });

    it("contain or overlap one another just as their addresses do", () => {
        fc.assert(
            fc.property(block, block, (a, b) => {
                const [one, other] = [cidr(a), cidr(b)];
                const [x, y] = [rangeOf(a), rangeOf(b)];
                const shared = Math.min(x.last, y.last) - Math.max(x.first, y.first) + 1;
                assert.strictEqual(overlaps(one, other), shared > 0);
                assert.strictEqual(overlaps(other, one), shared > 0);
                assert.strictEqual(contains(one, other), shared === 2 ** (32 - other.prefix));
            }),
        );
    });

    it("overlap and contain themselves, and the halves of a block lie in it apart", () => {
        fc.assert(
            fc.property(block, (text) => {
                const whole = cidr(text);
                assert.ok(overlaps(whole, whole) && contains(whole, whole));
                fc.pre(whole.prefix < 32);
                const half = 2 ** (31 - whole.prefix);
                const { first: start } = rangeOf(text);
                const [low, high] = [start, start + half].map((first) =>
                    cidr(`${dotted(first)}/${whole.prefix + 1}`),
                ) as [Cidr, Cidr];
                assert.ok(contains(whole, low) && contains(whole, high) && !overlaps(low, high));
                assert.ok(!contains(low, whole));
            }),
        );
    });

    it("with bits behind the prefix are refused, and the right block is named", () => {
        fc.assert(
            fc.property(block, fc.nat(), (text, extra) => {
                const { first, last, prefix } = rangeOf(text);
                fc.pre(last > first);
                const wrong = `${dotted(first + 1 + (extra % (last - first)))}/${prefix}`;
                assert.deepStrictEqual(parseCidr(wrong), {
                    ok: false,
                    message: `has bits set behind its prefix; the block is ${text}`,
                });
            }),
        );
    });

    const malformed = ["", "10.41.0.0", "10.41.0.0/", "10.41.0.0/33", "10.41/16", "10.41.0.0/016", "10.41.0.0/1 6"];
    for (const text of [...malformed, "fd00::/8", "10.41.0.0/-1", "a/16"]) {
        it(`takes ${JSON.stringify(text)} for no block`, () => {
            assert.deepStrictEqual(parseCidr(text), {
                ok: false,
                message: "is not an IPv4 CIDR block; write ADDRESS/PREFIX, such as 10.41.0.0/16",
            });
        });
    }

    it("of a subnet have five reserved addresses, and never the suggested one", () => {
        fc.assert(
            fc.property(block, (text) => {
                const subnet = cidr(text);
                fc.pre(subnet.prefix >= 16 && subnet.prefix <= 28);
                const { first } = rangeOf(text);
                const all = Array.from({ length: 2 ** (32 - subnet.prefix) }, (_, index) => addressAt(first + index));
                const reserved = all.flatMap((one, index) => (isReserved(subnet, one) ? [index] : []));
                assert.deepStrictEqual(reserved, [0, 1, 2, 3, all.length - 1]);
                const suggested = parseAddress(suggestAddress(subnet));
                assert.ok(suggested.ok && contains(subnet, suggested.value) && !isReserved(subnet, suggested.value));
            }),
            { numRuns: 20 },
        );
        assert.strictEqual(suggestAddress(cidr("10.41.1.0/24")), "10.41.1.100");
        assert.strictEqual(suggestAddress(cidr("10.41.1.0/28")), "10.41.1.14");
    });
});

describe("checkAddressPlan", () => {
    const cases: { what: string; change: Partial<AddressPlan>; problems: [keyof AddressPlan, string][] }[] = [
        { what: "the lab's own plan", change: {}, problems: [] },
        { what: "the largest VPC", change: { cidrBlock: "10.41.0.0/16" }, problems: [] },
        {
            what: "the smallest VPC",
            change: { cidrBlock: "10.41.1.96/28", subnetCidrBlock: "10.41.1.96/28" },
            problems: [],
        },
        {
            what: "a VPC that is too large",
            change: { cidrBlock: "10.40.0.0/15" },
            problems: [["cidrBlock", "AWS takes blocks from /16 to /28 only; choose a prefix between them"]],
        },
        {
            what: "a subnet that is too small",
            change: { subnetCidrBlock: "10.41.1.0/29" },
            problems: [["subnetCidrBlock", "AWS takes blocks from /16 to /28 only; choose a prefix between them"]],
        },
        {
            what: "a subnet outside its VPC",
            change: { subnetCidrBlock: "10.43.1.0/24", privateIp: "10.43.1.100" },
            problems: [["subnetCidrBlock", "is not inside its VPC's block; choose a part of 10.41.0.0/16"]],
        },
        {
            what: "an address before its subnet",
            change: { privateIp: "10.41.0.255" },
            problems: [
                ["privateIp", "is not inside its subnet; choose another address in 10.41.1.0/24, such as 10.41.1.100"],
            ],
        },
        {
            what: "an address behind its subnet",
            change: { privateIp: "10.41.2.0" },
            problems: [
                ["privateIp", "is not inside its subnet; choose another address in 10.41.1.0/24, such as 10.41.1.100"],
            ],
        },
        ...["10.41.1.0", "10.41.1.1", "10.41.1.2", "10.41.1.3", "10.41.1.255"].map((privateIp) => ({
            what: `the reserved address ${privateIp}`,
            change: { privateIp },
            problems: [
                [
                    "privateIp",
                    "is one of the five that AWS reserves in every subnet; choose another address in 10.41.1.0/24, such as 10.41.1.100",
                ] as [keyof AddressPlan, string],
            ],
        })),
        ...["10.41.1.4", "10.41.1.254"].map((privateIp) => ({
            what: `the free address ${privateIp}`,
            change: { privateIp },
            problems: [],
        })),
        {
            what: "three malformed texts",
            change: { cidrBlock: "x", subnetCidrBlock: "10.41.1.1/24", privateIp: "y" },
            problems: [
                ["cidrBlock", "is not an IPv4 CIDR block; write ADDRESS/PREFIX, such as 10.41.0.0/16"],
                ["subnetCidrBlock", "has bits set behind its prefix; the block is 10.41.1.0/24"],
                ["privateIp", "is not an IPv4 address; write four decimal numbers, such as 10.41.1.100"],
            ],
        },
    ];
    for (const { what, change, problems } of cases) {
        it(`${problems.length === 0 ? "takes" : "refuses"} ${what}`, () => {
            const changed = { ...plan, ...change };
            assert.deepStrictEqual(
                checkAddressPlan(changed),
                problems.map(([path, message]) => ({ path, value: changed[path], message })),
            );
        });
    }
});

describe("checkAddressPlan, of secondary blocks", () => {
    const noCidr = "is not an IPv4 CIDR block; write ADDRESS/PREFIX, such as 10.41.0.0/16";
    const size = "AWS takes blocks from /16 to /28 only; choose a prefix between them";
    const range = (own: string, existing: string): string =>
        `is in ${own}, of which AWS adds no block to a VPC that has ${existing} (VPC User Guide, "VPC CIDR blocks"); choose one in 100.64.0.0/10`;
    const again = "leave it out or choose another block";
    const taken = (block: string): string => `overlaps ${block} in the same VPC; ${again}`;
    const twice = `is listed twice in the same VPC; ${again}`;
    const of172 = { cidrBlock: "172.16.0.0/16", subnetCidrBlock: "172.16.1.0/24", privateIp: "172.16.1.100" };
    const of192 = { cidrBlock: "192.168.0.0/16", subnetCidrBlock: "192.168.1.0/24", privateIp: "192.168.1.100" };
    const of198 = { cidrBlock: "198.19.0.0/16", subnetCidrBlock: "198.19.1.0/24", privateIp: "198.19.1.100" };
    const shared = { cidrBlock: "100.64.0.0/16", subnetCidrBlock: "100.64.1.0/24", privateIp: "100.64.1.100" };
    const cases: [what: string, plan: AddressPlan, blocks: string[], problems: [string, string][]][] = [
        ["none", plan, [], []],
        ["others of the same range", plan, ["10.42.0.0/16", "10.255.255.240/28"], []],
        ["shared and public addresses", plan, ["100.64.0.0/16", "203.0.113.0/24"], []],
        ["public addresses beside shared ones", shared, ["203.0.113.0/24", "100.65.0.0/16"], []],
        ["shared addresses beside benchmarks", of198, ["100.64.0.0/16", "203.0.113.0/24"], []],
        ["the end of 172.16.0.0/12", of172, ["172.30.0.0/16"], []],
        ["10.0.0.0/16 beside what is not in 10.0.0.0/15", plan, ["10.0.0.0/16", "10.2.0.0/16"], []],
        [
            "10.1.0.0/16, and 10.0.0.0/16 no more",
            plan,
            ["10.1.0.0/16", "10.0.0.0/16"],
            [["10.0.0.0/16", range("10.0.0.0/16", "10.1.0.0/16")]],
        ],
        ["172.31.0.0/16", of172, ["172.31.0.0/16"], [["172.31.0.0/16", range("172.31.0.0/16", "172.16.0.0/16")]]],
        ["benchmarks", plan, ["198.19.0.0/16"], [["198.19.0.0/16", range("198.19.0.0/16", "10.41.0.0/16")]]],
        ["benchmarks", of172, ["198.19.0.0/16"], [["198.19.0.0/16", range("198.19.0.0/16", "172.16.0.0/16")]]],
        ["benchmarks", of192, ["198.19.0.0/16"], [["198.19.0.0/16", range("198.19.0.0/16", "192.168.0.0/16")]]],
        ["benchmarks", shared, ["198.19.0.0/16"], [["198.19.0.0/16", range("198.19.0.0/16", "100.64.0.0/16")]]],
        [
            "private addresses",
            shared,
            ["192.168.0.0/16"],
            [["192.168.0.0/16", range("192.168.0.0/16", "100.64.0.0/16")]],
        ],
        ["private addresses", of198, ["10.0.0.0/16"], [["10.0.0.0/16", range("10.0.0.0/8", "198.19.0.0/16")]]],
        [
            "link-local addresses",
            plan,
            ["169.254.0.0/24"],
            [
                [
                    "169.254.0.0/24",
                    'is link-local, and AWS gives such addresses to no VPC (VPC User Guide, "VPC CIDR blocks"); choose one in 10.0.0.0/8',
                ],
            ],
        ],
        ["what lies behind 172.16.0.0/12", of172, ["172.32.0.0/16"], []],
        ["what is no block", plan, ["10.42"], [["10.42", noCidr]]],
        ["one that is too large", plan, ["10.44.0.0/15"], [["10.44.0.0/15", size]]],
        ["one that is too small", plan, ["10.42.0.0/29"], [["10.42.0.0/29", size]]],
        ["172.16.0.0/12", plan, ["172.16.0.0/16"], [["172.16.0.0/16", range("172.16.0.0/12", "10.41.0.0/16")]]],
        ["192.168.0.0/16", plan, ["192.168.1.0/24"], [["192.168.1.0/24", range("192.168.0.0/16", "10.41.0.0/16")]]],
        ["10.0.0.0/8", of172, ["10.0.0.0/16"], [["10.0.0.0/16", range("10.0.0.0/8", "172.16.0.0/16")]]],
        ["10.0.0.0/8 again", of192, ["10.0.0.0/16"], [["10.0.0.0/16", range("10.0.0.0/8", "192.168.0.0/16")]]],
        ["the primary one", plan, ["10.41.0.0/16"], [["10.41.0.0/16", twice]]],
        ["a part of the primary one", plan, ["10.41.7.0/24"], [["10.41.7.0/24", taken("10.41.0.0/16")]]],
        [
            "the second of two that overlap, and not the first",
            plan,
            ["10.42.0.0/17", "10.43.0.0/16", "10.42.0.0/16"],
            [["10.42.0.0/16", taken("10.42.0.0/17")]],
        ],
        ["one listed twice", plan, ["10.42.0.0/16", "10.42.0.0/16"], [["10.42.0.0/16", twice]]],
    ];
    for (const [what, own, secondaryCidrBlocks, problems] of cases) {
        it(`${problems.length === 0 ? "takes" : "refuses"} ${what}${own === plan ? "" : ` with ${own.cidrBlock}`}`, () => {
            assert.deepStrictEqual(
                checkAddressPlan({ ...own, secondaryCidrBlocks }),
                problems.map(([value, message]) => ({
                    path: `secondaryCidrBlocks[${secondaryCidrBlocks.lastIndexOf(value)}]`,
                    value,
                    message,
                })),
            );
        });
    }

    it("checks them by themselves when the primary block is malformed", () => {
        const wrong = { ...plan, cidrBlock: "x", secondaryCidrBlocks: ["10.42.0.0/16", "172.16.0.0/16"] };
        assert.deepStrictEqual(checkAddressPlan(wrong), [
            { path: "cidrBlock", value: "x", message: noCidr },
            {
                path: "secondaryCidrBlocks[1]",
                value: "172.16.0.0/16",
                message: range("172.16.0.0/12", "10.42.0.0/16"),
            },
        ]);
    });

    it("has the primary block first of all", () => {
        assert.deepStrictEqual(blocksOf(plan), ["10.41.0.0/16"]);
        assert.deepStrictEqual(blocksOf({ ...plan, secondaryCidrBlocks: ["10.9.0.0/16", "10.8.0.0/16"] }), [
            "10.41.0.0/16",
            "10.9.0.0/16",
            "10.8.0.0/16",
        ]);
    });
});

describe("IPv6 CIDR blocks", () => {
    for (const text of ["2001:db8::/32", "::/0", "2001:db8:1234:1a00::/56", "2001:DB8:0:0::/64", "fd00::1/128"]) {
        it(`can be ${text}`, () => {
            const parsed = parseIpv6Cidr(text);
            assert.ok(parsed.ok);
            assert.deepStrictEqual([parsed.value.text, parsed.value.prefix], [text, Number(text.split("/")[1])]);
        });
    }

    for (const text of [
        "",
        "2001:db8::",
        "2001:db8::/129",
        "2001:db8::/064",
        "10.41.0.0/16",
        "2001:db8:::/32",
        "a/56",
    ]) {
        it(`can't be ${JSON.stringify(text)}`, () => {
            assert.deepStrictEqual(parseIpv6Cidr(text), {
                ok: false,
                message: "is not an IPv6 CIDR block; write ADDRESS/PREFIX, such as 2001:db8:1200::/56",
            });
        });
    }

    it("with bits behind the prefix are refused, and the right block is named", () => {
        assert.deepStrictEqual(parseIpv6Cidr("2001:db8:1234:1a01::/56"), {
            ok: false,
            message: "has bits set behind its prefix; the block is 2001:db8:1234:1a00::/56",
        });
    });
});

describe("overlaps, of both families", () => {
    const pairs: [one: string, other: string, shared: boolean][] = [
        ["10.41.0.0/16", "10.41.9.0/24", true],
        ["10.41.0.0/16", "10.42.0.0/16", false],
        ["2001:db8:0:100::/56", "2001:db8:0:100::/56", true],
        ["2001:db8:0:100::/56", "2001:db8:0:1ff::/64", true],
        ["2001:db8:0:100::/56", "2001:db8:0:200::/56", false],
        ["2001:db8:0:100::/56", "2001:db8::/44", true],
        ["10.41.0.0/16", "::/0", false],
        ["0.0.0.0/0", "::ffff:0:0/96", false],
        ["2001:db8::/32", "x", false],
        ["2001:db8::/32", "2001:db8::1/32", false],
        ["10.41.0.0/16", "10.41.0.1/16", false],
    ];
    for (const [one, other, shared] of pairs) {
        it(`is ${shared} of ${one} and ${other}`, () => {
            const [a, b] = readable([one, other]);
            assert.strictEqual(a !== undefined && b !== undefined && overlaps(a, b), shared);
            assert.strictEqual(a !== undefined && b !== undefined && overlaps(b, a), shared);
        });
    }
});

describe("checkOverlap", () => {
    const check = (a: string, b: string) => checkOverlap([{ path: "a", cidrBlock: a }], [{ path: "b", cidrBlock: b }]);

    it("finds equal blocks, and blocks one in the other either way round", () => {
        for (const [a, b, relation] of [
            ["10.0.0.0/16", "10.0.0.0/16", "equals a"],
            ["10.0.0.0/16", "10.0.5.0/24", "overlaps a, 10.0.0.0/16"],
            ["10.0.5.0/24", "10.0.0.0/16", "overlaps a, 10.0.5.0/24"],
            ["2001:db8::/44", "2001:db8:f:ff00::/56", "overlaps a, 2001:db8::/44"],
        ] as const) {
            assert.deepStrictEqual(check(a, b), [
                {
                    path: "b",
                    value: b,
                    message: `${relation}, and AWS peers only VPCs whose blocks are apart (VPC Peering Guide, "VPC peering limitations"); choose another block for one of them`,
                },
            ]);
        }
    });

    it("finds nothing wrong with blocks that are apart, and ignores malformed ones", () => {
        assert.deepStrictEqual(check("10.0.0.0/16", "10.1.0.0/16"), []);
        assert.deepStrictEqual(check("10.0.0.0/16", "10.0.0.0/99"), []);
        assert.deepStrictEqual(check("x", "10.0.0.0/16"), []);
    });

    it("finds each pair that overlaps", () => {
        const named = (name: string, blocks: string[]) =>
            blocks.map((cidrBlock, index) => ({ path: `${name}${index}`, cidrBlock }));
        const found = checkOverlap(
            named("a", ["10.0.0.0/16", "10.1.0.0/16"]),
            named("b", ["10.0.0.0/15", "10.2.0.0/16", "10.1.0.0/24"]),
        );
        assert.deepStrictEqual(
            found.map(({ path, message }) => [path, message.split(", and")[0]]),
            [
                ["b0", "overlaps a0, 10.0.0.0/16"],
                ["b0", "overlaps a1, 10.1.0.0/16"],
                ["b2", "overlaps a1, 10.1.0.0/16"],
            ],
        );
    });
});

describe("checkCidrList", () => {
    it("takes any blocks, and none", () => {
        assert.deepStrictEqual(checkCidrList("k", []), []);
        assert.deepStrictEqual(checkCidrList("k", ["0.0.0.0/0", "192.0.2.7/32"]), []);
    });

    it("refuses malformed blocks and blocks that are listed twice", () => {
        assert.deepStrictEqual(
            checkCidrList("k", ["192.0.2.7", "192.0.2.7/32", "192.0.2.0/24", "192.0.2.0/24"]).map(
                ({ path, value, message }) => [path, value, message],
            ),
            [
                ["k[0]", "192.0.2.7", "is not an IPv4 CIDR block; write ADDRESS/PREFIX, such as 10.41.0.0/16"],
                ["k[3]", "192.0.2.0/24", "is listed twice; leave one of them out"],
            ],
        );
    });
});
