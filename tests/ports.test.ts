import * as assert from "assert";
import { acceptersCommands } from "../components/peering/otherOwner";
import { checkPorts, parsePort, type Port, portName, type RulePorts } from "../components/peering/ports";
import { VpcPeering } from "../components/peering/vpcPeering";
import { described } from "./config";
import { type Answers, deploy, elsewhere } from "./mocks";

/** Each kind of port: what it is called, what a rule has of it, and what the AWS CLI takes. */
const kinds: [port: Port, name: string, rule: RulePorts, permission: object][] = [
    [
        "tcp/443",
        "tcp-443",
        { ipProtocol: "tcp", fromPort: 443, toPort: 443 },
        { IpProtocol: "tcp", FromPort: 443, ToPort: 443 },
    ],
    [
        "udp/1-65535",
        "udp-1-65535",
        { ipProtocol: "udp", fromPort: 1, toPort: 65535 },
        { IpProtocol: "udp", FromPort: 1, ToPort: 65535 },
    ],
    [
        "tcp/8000-8100",
        "tcp-8000-8100",
        { ipProtocol: "tcp", fromPort: 8000, toPort: 8100 },
        { IpProtocol: "tcp", FromPort: 8000, ToPort: 8100 },
    ],
    [
        "icmp",
        "icmp",
        { ipProtocol: "icmp", fromPort: -1, toPort: -1 },
        { IpProtocol: "icmp", FromPort: -1, ToPort: -1 },
    ],
    [
        "icmp/0",
        "icmp-0",
        { ipProtocol: "icmp", fromPort: 0, toPort: -1 },
        { IpProtocol: "icmp", FromPort: 0, ToPort: -1 },
    ],
    [
        "icmp/255",
        "icmp-255",
        { ipProtocol: "icmp", fromPort: 255, toPort: -1 },
        { IpProtocol: "icmp", FromPort: 255, ToPort: -1 },
    ],
    ["all", "all", { ipProtocol: "-1" }, { IpProtocol: "-1" }],
];

/** A group that has one rule, as AWS's provider reads it. */
const having = (rule: object): Answers => ({
    ...elsewhere,
    "aws:vpc/getSecurityGroupRules:getSecurityGroupRules": () => ({ ids: ["sgr-1"] }),
    "aws:vpc/getSecurityGroupRule:getSecurityGroupRule": (inputs) => ({
        ...inputs,
        cidrIpv4: "10.41.0.0/16",
        referencedSecurityGroupId: "",
        isEgress: false,
        ...rule,
    }),
});

const open = (port: Port, answers?: Answers) =>
    deploy(
        () => {
            const requester = { vpcId: "vpc-1", cidrBlocks: ["10.41.0.0/16"] };
            const accepter = { vpcId: "vpc-2", cidrBlocks: ["10.42.0.0/16"], securityGroups: { web: "sg-2" } };
            new VpcPeering("p", { requester, accepter, ports: [port] });
        },
        {},
        [],
        answers,
    );

describe("ports", () => {
    for (const [port, name, rule, permission] of kinds) {
        it(`can be ${port}, in rules and in the other owner's commands`, async () => {
            assert.deepStrictEqual(parsePort(port), { ok: true, value: rule });
            assert.strictEqual(portName(port), name);
            assert.deepStrictEqual(checkPorts("ports", [port]), []);

            const { inputs } = (await open(port)).get(`p-accepter-web-${name}-10.41.0.0/16`);
            const { securityGroupId, cidrIpv4, tags, ...made } = inputs;
            assert.deepStrictEqual(made, rule);
            assert.deepStrictEqual([securityGroupId, cidrIpv4, tags], ["sg-2", "10.41.0.0/16", { Name: "p" }]);

            const commands = acceptersCommands({
                connectionId: "pcx-1",
                vpcId: "vpc-2",
                region: undefined,
                routeTableIds: ["rtb-2"],
                cidrBlocks: ["10.41.0.0/16"],
                securityGroupIds: ["sg-2"],
                ports: [rule],
                sourceGroupIds: [],
                dnsResolution: false,
            });
            const json = /--ip-permissions '(.*)'$/.exec(commands.at(-1) ?? "")?.[1] ?? "";
            assert.deepStrictEqual(JSON.parse(json), [{ ...permission, IpRanges: [{ CidrIp: "10.41.0.0/16" }] }]);
        });

        it(`are not opened as ${port} where a rule does that already`, async () => {
            const wanted = { securityGroupId: "sg-2", cidrIpv4: "10.41.0.0/16", ...rule };
            // AWS gives a rule for every protocol -1 for both ends.
            const found = { fromPort: -1, toPort: -1, ...rule };
            const resource = `p-accepter-web-${name}-10.41.0.0/16`;
            const same = await open(port, having(found));
            await assert.rejects(
                same.beforeCreate(resource, wanted),
                /The rule sgr-1 of sg-2 lets the same in already/,
            );
            const another = await open(port, having({ ...found, ipProtocol: "50" }));
            await another.beforeCreate(resource, wanted);
        });
    }

    const notAPort =
        "is not a port; write a protocol with a number or a range, such as tcp/443, udp/53 or tcp/8000-8100; or icmp, a type of it such as icmp/8, or all";
    const outside = (port: number, protocol = "tcp"): string =>
        `has the port ${port}, and ports are numbers from 1 to 65535; write one of these, or ${protocol}/1-65535 for all`;
    const notAType = "is not a type of ICMP; write one from 0 to 255, such as icmp/8, or icmp for all of them";
    const wrong: Readonly<Record<string, string>> = {
        "tcp/0": outside(0),
        "udp/65536": outside(65536, "udp"),
        "tcp/0-443": outside(0),
        "tcp/443-65536": outside(65536),
        "tcp/8100-8000": "ends before it begins; write tcp/8000-8100",
        "tcp/443-443": "is a range of one port; write tcp/443",
        "icmp/256": notAType,
        ...Object.fromEntries(
            ["", "443", "tcp", "tcp/", "tcp/-1", "tcp/1.5", "tcp/x", "tcp/0443", "tcp/1-2-3", "tcp/443 "]
                .concat("xtcp/80", "icmp/", "icmp/08", "icmp/3-4", "icmpx", "all/1", "-1")
                .map((text) => [text, notAPort]),
        ),
    };
    for (const [text, message] of Object.entries(wrong)) {
        it(`can't be ${JSON.stringify(text)}`, () => {
            assert.deepStrictEqual(checkPorts("k", ["tcp/443", text]).map(described), [`k[1] = ${text}: ${message}`]);
        });
    }

    it("are of a type that knows their forms", () => {
        // @ts-expect-error -- not a protocol that it has.
        const protocol: Port = "sctp/443";
        // @ts-expect-error -- no range of types.
        const types: Port = "icmp/3-4";
        assert.deepStrictEqual(
            [protocol, types].map((port) => parsePort(port).ok),
            [false, false],
        );
    });

    it("are refused every further time that one is opened, also where it is open already", () => {
        const found = (ports: string[], taken?: string[]) => checkPorts("k", ports, taken).map(described);
        assert.deepStrictEqual(found([]), []);
        assert.deepStrictEqual(found(["tcp/443", "udp/443", "tcp/443", "icmp", "icmp/8", "icmp", "all", "all"]), [
            "k[2] = tcp/443: is open already; leave it out",
            "k[5] = icmp: is open already; leave it out",
            "k[7] = all: is open already; leave it out",
        ]);
        assert.deepStrictEqual(found(["udp/80", "tcp/80"], ["tcp/80"]), [
            "k[1] = tcp/80: is open already; leave it out",
        ]);
    });
});
