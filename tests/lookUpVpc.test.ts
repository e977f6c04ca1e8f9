import * as assert from "assert";
import type { GetVpcResult } from "@pulumi/aws/ec2";
import { Provider } from "@pulumi/aws/provider";
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
            },
            region: "us-west-2",
            accountId: "222222222222",
            provider: undefined,
        });
        assert.deepStrictEqual([...new Set(calls.map(({ provider }) => provider ?? ""))], [""]);
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
        const routeTableIds = ["rtb-4", "rtb-2"];
        const { side, calls } = await lookUp(aws(), { routeTableIds, securityGroups: { server: "sg-1" } });
        assert.deepStrictEqual(Object.entries(side.routeTables ?? {}), [
            ["rtb-2", "rtb-2"],
            ["rtb-4", "rtb-4"],
        ]);
        assert.deepStrictEqual(Object.keys(side.usage?.routes ?? {}), ["rtb-2", "rtb-4"]);
        assert.deepStrictEqual(side.securityGroups, { server: "sg-1" });
        assert.ok(!calls.some(({ token }) => token.endsWith(":getRouteTables")));
        assert.deepStrictEqual(routeTableIds, ["rtb-4", "rtb-2"]);
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

    it("fails when there is no such VPC", async () => {
        const none = () => {
            throw new Error("no matching EC2 VPC found");
        };
        await assert.rejects(lookUp({ ...aws(), "aws:ec2/getVpc:getVpc": none }));
    });
});
