import * as assert from "assert";
import type { GetVpcResult } from "@pulumi/aws/ec2";
import { Provider } from "@pulumi/aws/provider";
import { RunError } from "@pulumi/pulumi";
import { lookUpVpc, type LookUpOptions } from "../components/peering/lookUpVpc";
import { checkVpcPeeringArgs, type PeeringSideArgs } from "../components/peering/peeringArgs";
import { deploy, type Answers, type Deployment } from "./mocks";

/**
 * An account of AWS with one VPC; `vpc` changes what it is like. The VPC has the schema's shape, which the compiler checks: the
 * sandbox has no IPv6, so nothing else tells whether the names are right.
 */
function aws(vpc: Partial<Record<keyof GetVpcResult, unknown>> = {}): Answers {
    const block = (cidrBlock: string, state: string) => ({ associationId: "vpc-cidr-assoc-1", cidrBlock, state });
    const ipv6Block = (ipv6CidrBlock: string, state: string) => ({
        associationId: "vpc-cidr-assoc-2",
        ipSource: "amazon",
        ipv6AddressAttribute: "public",
        ipv6CidrBlock,
        ipv6Pool: "Amazon",
        networkBorderGroup: "us-west-2",
        state,
    });
    const found = {
        cidrBlockAssociations: [
            block("10.42.0.0/16", "associated"),
            block("10.43.0.0/16", "disassociated"),
            block("100.64.0.0/16", "associated"),
            block("10.44.0.0/16", "associating"),
        ],
        ipv6CidrBlockAssociations: [
            ipv6Block("2001:db8:0:100::/56", "associated"),
            ipv6Block("2001:db8:0:200::/56", "disassociated"),
        ],
        enableDnsSupport: true,
        enableDnsHostnames: true,
    } satisfies Partial<GetVpcResult>;
    return {
        "aws:index/getRegion:getRegion": () => ({ region: "us-west-2" }),
        "aws:index/getCallerIdentity:getCallerIdentity": () => ({ accountId: "222222222222" }),
        "aws:ec2/getVpc:getVpc": ({ id }) => {
            assert.strictEqual(id, "vpc-2");
            return { ...found, ...vpc };
        },
        "aws:ec2/getRouteTables:getRouteTables": ({ vpcId }) => ({
            ids: vpcId === "vpc-2" ? ["rtb-9", "rtb-1", "rtb-5"] : [],
        }),
        // A route of each kind, and one of the table's own.
        "aws:ec2/getRouteTable:getRouteTable": ({ routeTableId }) => ({
            routes: [
                { cidrBlock: "0.0.0.0/0", ipv6CidrBlock: "", destinationPrefixListId: "" },
                { cidrBlock: "", ipv6CidrBlock: "::/0", destinationPrefixListId: "" },
                { cidrBlock: "", ipv6CidrBlock: "", destinationPrefixListId: `pl-of-${String(routeTableId)}` },
            ],
        }),
        "aws:ec2/getSecurityGroups:getSecurityGroups": ({ filters }) => {
            assert.deepStrictEqual(
                (filters as { name: string }[]).map(({ name }) => name),
                ["group-id"],
            );
            return { ids: ["sg-9", "sg-1"], vpcIds: ["vpc-9", "vpc-2"] };
        },
        "aws:ec2/getVpcPeeringConnections:getVpcPeeringConnections": ({ filters }) => {
            const [end, ...rest] = filters as { name: string; values: string[] }[];
            assert.deepStrictEqual(rest, [{ name: "status-code", values: ["active"] }]);
            assert.deepStrictEqual(end?.values, ["vpc-2"]);
            const asked: Record<string, string[]> = {
                "requester-vpc-info.vpc-id": ["pcx-1", "pcx-2"],
                "accepter-vpc-info.vpc-id": ["pcx-3"],
            };
            return { ids: asked[end.name] };
        },
    };
}

async function lookUp(answers: Answers, options?: LookUpOptions): Promise<Deployment & { side: PeeringSideArgs }> {
    let side: PeeringSideArgs | undefined;
    const deployment = await deploy(
        async () => {
            side = await lookUpVpc("vpc-2", options);
        },
        {},
        [],
        answers,
    );
    assert.ok(side);
    return { ...deployment, side };
}

describe("lookUpVpc", () => {
    it("makes a side of a VPC: the blocks that it has by now, all its tables in order, its place and its use", async () => {
        const { side, calls } = await lookUp(aws());
        assert.deepStrictEqual(side, {
            vpcId: "vpc-2",
            cidrBlocks: ["10.42.0.0/16", "100.64.0.0/16"],
            ipv6CidrBlocks: ["2001:db8:0:100::/56"],
            routeTables: { "rtb-1": "rtb-1", "rtb-5": "rtb-5", "rtb-9": "rtb-9" },
            securityGroups: undefined,
            dns: true,
            usage: {
                activePeerings: ["pcx-1", "pcx-2", "pcx-3"],
                routes: {
                    "rtb-1": ["0.0.0.0/0", "::/0", "pl-of-rtb-1"],
                    "rtb-5": ["0.0.0.0/0", "::/0", "pl-of-rtb-5"],
                    "rtb-9": ["0.0.0.0/0", "::/0", "pl-of-rtb-9"],
                },
                inboundRules: {},
            },
            region: "us-west-2",
            accountId: "222222222222",
            provider: undefined,
        });
        assert.deepStrictEqual([...new Set(calls.map(({ provider }) => provider ?? ""))], [""]);
    });

    it("takes the tables of subnets, which is the main one where they have none", async () => {
        const of: Record<string, object> = {
            "rtb-1": { main: true },
            "rtb-5": { subnetId: "subnet-5" },
            "rtb-9": { subnetId: "subnet-9" },
        };
        const answers: Answers = {
            ...aws(),
            "aws:ec2/getRouteTable:getRouteTable": ({ routeTableId }) => ({ associations: [of[String(routeTableId)]] }),
            "aws:ec2/getSubnets:getSubnets": () => ({ ids: ["subnet-5", "subnet-7", "subnet-9"] }),
        };
        const tablesOf = async (...subnetIds: string[]) =>
            Object.keys((await lookUp(answers, { subnetIds })).side.routeTables ?? {});
        assert.deepStrictEqual(await tablesOf("subnet-9"), ["rtb-9"]);
        assert.deepStrictEqual(await tablesOf("subnet-7", "subnet-9"), ["rtb-1", "rtb-9"]);
        await assert.rejects(tablesOf("subnet-1"), /\n {2}subnetIds\[0\] = "subnet-1": is no subnet of vpc-2; /);
        await assert.rejects(
            lookUp(answers, { subnetIds: ["subnet-9"], routeTableIds: ["rtb-9"] }),
            /\n {2}subnetIds: are given besides routeTableIds, /,
        );
    });

    it("finds the one VPC that has some tags", async () => {
        const found = async (...ids: string[]) => {
            let vpcId: unknown;
            await deploy(async () => ({ vpcId } = await lookUpVpc({ tags: { Name: "shop" } })), {}, [], {
                ...aws(),
                "aws:ec2/getVpcs:getVpcs": ({ tags }) => ({
                    ids: (tags as { Name: string }).Name === "shop" ? ids : [],
                }),
            });
            return vpcId;
        };
        assert.strictEqual(await found("vpc-2"), "vpc-2");
        await assert.rejects(found(), /\n {2}tags = \{"Name":"shop"\}: are no VPC's there; /);
        await assert.rejects(found("vpc-3", "vpc-2"), /are those of vpc-2, vpc-3; give tags that one VPC alone has/);
    });

    it("leaves out the route tables of gateways, and refuses one that is named", async () => {
        const answers: Answers = {
            ...aws(),
            "aws:ec2/getRouteTable:getRouteTable": ({ routeTableId }) =>
                routeTableId === "rtb-5" ? { associations: [{ gatewayId: "igw-1", subnetId: "" }] } : {},
        };
        const { side } = await lookUp(answers);
        assert.deepStrictEqual(side.routeTables, { "rtb-1": "rtb-1", "rtb-9": "rtb-9" });
        await assert.rejects(lookUp(answers, { routeTableIds: ["rtb-1", "rtb-5"] }), (error: Error) => {
            assert.match(
                error.message,
                /has 1 problem;.*\n {2}routeTableIds\[1\] = "rtb-5": is the table of a gateway,/,
            );
            return true;
        });
    });

    it("makes sides that are not peered if their blocks of IPv6 overlap", async () => {
        const ipv4 = (cidrBlock: string) => [{ associationId: "vpc-cidr-assoc-1", cidrBlock, state: "associated" }];
        const { side: requester } = await lookUp(aws({ cidrBlockAssociations: ipv4("10.41.0.0/16") }));
        const { side: accepter } = await lookUp(aws({ cidrBlockAssociations: ipv4("10.42.0.0/16") }));
        const problems = checkVpcPeeringArgs({ requester: { ...requester, vpcId: "vpc-1" }, accepter });
        assert.deepStrictEqual(
            problems.map(({ path }) => path),
            ["accepter.ipv6CidrBlocks[0]"],
        );
    });

    it("finds no blocks of IPv6 where the provider does not tell of them", async () => {
        const { side } = await lookUp(aws({ ipv6CidrBlockAssociations: undefined }));
        assert.deepStrictEqual(side.ipv6CidrBlocks, []);
    });

    it("takes the tables that it is told, and the groups", async () => {
        const routeTableIds = ["rtb-9", "rtb-1"];
        const { side, calls } = await lookUp(aws(), { routeTableIds, securityGroups: { server: "sg-1" } });
        assert.deepStrictEqual(Object.entries(side.routeTables ?? {}), [
            ["rtb-1", "rtb-1"],
            ["rtb-9", "rtb-9"],
        ]);
        assert.deepStrictEqual(Object.keys(side.usage?.routes ?? {}), ["rtb-1", "rtb-9"]);
        assert.deepStrictEqual(side.securityGroups, { server: "sg-1" });
        assert.strictEqual(calls.filter(({ token }) => token.endsWith(":getRouteTable")).length, 2);
        assert.deepStrictEqual(routeTableIds, ["rtb-9", "rtb-1"]);
    });

    /** Rules of a security group, as the provider reads them: with empty texts for nothing, or without. */
    const rules: Readonly<Record<string, object>> = {
        block: { ipProtocol: "tcp", fromPort: 443, toPort: 443, cidrIpv4: "10.0.0.0/8" },
        list: { ipProtocol: "tcp", fromPort: 80, toPort: 80, prefixListId: "pl-1" },
        aws: { ipProtocol: "tcp", fromPort: 80, toPort: 80, prefixListId: "pl-aws" },
        group: { ipProtocol: "-1", fromPort: -1, toPort: -1, referencedSecurityGroupId: "333333333333/sg-5" },
        ipv6: { ipProtocol: "tcp", fromPort: 80, toPort: 80, cidrIpv6: "::/0" },
        egress: { ipProtocol: "-1", cidrIpv4: "0.0.0.0/0", isEgress: true },
    };
    const withRules: Answers = {
        "aws:vpc/getSecurityGroupRules:getSecurityGroupRules": ({ filters }) => {
            assert.deepStrictEqual(filters, [{ name: "group-id", values: ["sg-1"] }]);
            return { ids: Object.keys(rules) };
        },
        "aws:vpc/getSecurityGroupRule:getSecurityGroupRule": ({ securityGroupRuleId }) => ({
            isEgress: false,
            ...(securityGroupRuleId === "list" && { cidrIpv4: "", cidrIpv6: "", referencedSecurityGroupId: "" }),
            ...rules[String(securityGroupRuleId)],
        }),
        "aws:ec2/getManagedPrefixList:getManagedPrefixList": ({ id }) =>
            id === "pl-1" ? { maxEntries: 20, entries: [{}] } : { maxEntries: 0, entries: [{}, {}, {}] },
    };
    const groupsOf = async (answers: Answers) => {
        const { side } = await lookUp({ ...aws(), ...answers }, { securityGroups: { server: "sg-1" } });
        return side.usage?.inboundRules;
    };

    it("counts the rules for inbound traffic of each group, and the entries of prefix lists", async () => {
        const counts = {
            "tcp 443-443 10.0.0.0/8": 1,
            "tcp 80-80 pl-1": 20,
            "tcp 80-80 pl-aws": 3,
            "all sg-5": 1,
        };
        assert.deepStrictEqual(await groupsOf(withRules), { server: counts });
        const unread = {
            "aws:ec2/getManagedPrefixList:getManagedPrefixList": () => assert.fail("UnauthorizedOperation"),
        };
        const ones = { ...counts, "tcp 80-80 pl-1": 1, "tcp 80-80 pl-aws": 1 };
        assert.deepStrictEqual(await groupsOf({ ...withRules, ...unread }), { server: ones });
    });

    it("counts no rules of a group that has none, or that may not be read", async () => {
        const none = { "aws:vpc/getSecurityGroupRules:getSecurityGroupRules": () => ({}) };
        assert.deepStrictEqual(await groupsOf({ ...withRules, ...none }), { server: {} });
        const denied = { "aws:vpc/getSecurityGroupRules:getSecurityGroupRules": () => assert.fail("Unauthorized") };
        assert.deepStrictEqual(await groupsOf({ ...withRules, ...denied }), { server: {} });
    });

    for (const vpc of [{ enableDnsSupport: false }, { enableDnsHostnames: false }]) {
        it(`says that there is no DNS with ${Object.keys(vpc).join()} off`, async () => {
            assert.strictEqual((await lookUp(aws(vpc))).side.dns, false);
        });
    }

    it("asks everything of the provider that it is given, and hands it on", async () => {
        let provider: Provider | undefined;
        let side: PeeringSideArgs | undefined;
        const { calls } = await deploy(
            async () => {
                provider = new Provider("elsewhere", { region: "us-west-2" });
                side = await lookUpVpc("vpc-2", { provider });
            },
            {},
            [],
            aws(),
        );
        assert.strictEqual(calls.length, 9);
        for (const { token, provider: through } of calls) {
            assert.match(through ?? "", /::elsewhere::/, token);
        }
        assert.ok(provider && side?.provider === provider);
    });

    /** Everything that a failed look-up says, a line each. */
    const failed = async (answers: Answers, options?: LookUpOptions): Promise<string[]> => {
        const error: unknown = await lookUp({ ...aws(), ...answers }, options).catch((caught: unknown) => caught);
        assert.ok(RunError.isInstance(error));
        const [first, ...lines] = error.message.split("\n");
        const problems = lines.length === 1 ? "1 problem" : `${lines.length} problems`;
        const place = "in us-west-2 of account 222222222222";
        assert.strictEqual(first, `lookUpVpc of vpc-2 ${place} has ${problems}; it found no side for a peering:`);
        return lines;
    };
    const fails = (text: string) => () => {
        throw Object.assign(new Error(text), { details: text });
    };
    const noVpc =
        '  vpcId = "vpc-2": is no VPC there; correct the id, pass its region, or pass the provider of its account';

    it("fails when there is no such VPC, and says where and what to do", async () => {
        const none = { "aws:ec2/getVpc:getVpc": fails("no matching EC2 VPC found") };
        assert.deepStrictEqual(await failed(none), [noVpc]);
    });

    it("lists all that is not there or is another VPC's", async () => {
        const answers: Answers = {
            "aws:ec2/getVpc:getVpc": fails("no matching EC2 VPC found"),
        };
        const options = {
            routeTableIds: ["rtb-9", "rtb-2", "rtb-1", "rtb-3"],
            securityGroups: { web: "sg-1", theirs: "sg-9", none: "sg-2" },
        };
        assert.deepStrictEqual(await failed(answers, options), [
            noVpc,
            '  routeTableIds[1] = "rtb-2": is no route table of vpc-2; correct it, or leave routeTableIds out for all that the VPC has',
            '  routeTableIds[3] = "rtb-3": is no route table of vpc-2; correct it, or leave routeTableIds out for all that the VPC has',
            '  securityGroups.theirs = "sg-9": is a security group of vpc-9; name one of vpc-2',
            '  securityGroups.none = "sg-2": is no security group there; name one of vpc-2',
        ]);
    });

    it("names the permissions that the provider lacks", async () => {
        const denied = (operation: string) =>
            fails(`operation error EC2: ${operation}, api error UnauthorizedOperation: You are not authorized`);
        const operations = {
            "aws:ec2/getVpc:getVpc": "DescribeVpcs",
            "aws:ec2/getVpcPeeringConnections:getVpcPeeringConnections": "DescribeVpcPeeringConnections",
            "aws:ec2/getRouteTables:getRouteTables": "DescribeRouteTables",
            "aws:ec2/getSecurityGroups:getSecurityGroups": "DescribeSecurityGroups",
        };
        const answers = Object.entries(operations).map(([call, operation]) => [call, denied(operation)] as const);
        assert.deepStrictEqual(
            await failed(Object.fromEntries(answers), { securityGroups: { web: "sg-1" } }),
            Object.values(operations).map(
                (operation) =>
                    `  vpcId = "vpc-2": may not be read; allow ec2:${operation} in the IAM policy of the provider's credentials, or pass another provider`,
            ),
        );
    });

    it("says what else AWS answers", async () => {
        const broken = { "aws:ec2/getRouteTable:getRouteTable": fails("api error\n  InternalError: AWS's words") };
        assert.deepStrictEqual(await failed(broken), [
            `  vpcId = "vpc-2": can't be read: api error InternalError: AWS's words; correct what that names, then look it up again`,
        ]);
    });
});
