import * as assert from "assert";
import { readFileSync } from "fs";
import { join } from "path";
import * as pulumi from "@pulumi/pulumi";
import type { ConstructResult } from "@pulumi/pulumi/provider";
import { PeeringProvider } from "../plugin/provider";
import { inferredSchema } from "../plugin/inferSchema";
import { privateKey } from "./config";
import { deploy, elsewhere, valueOf, type Answers, type Deployment } from "./mocks";

const provider = new PeeringProvider();
const folder = join(__dirname, "../plugin");

/** The kinds of property that a schema has, as far as they are looked at here. */
interface Schema {
    readonly resources: Record<string, { inputProperties: Described; properties: Described; description: string }>;
    readonly types: Record<string, { properties?: Described; enum?: { description: string }[] }>;
}
type Described = Record<string, { description?: string }>;

/** What a construction came to: the deployment with the component's outputs, or the problems by path. */
type Built = Deployment & { state: Record<string, unknown> };

async function construct(
    type: "VpcPeering" | "PeeredVpcPair",
    inputs: pulumi.Inputs,
    answers: Answers = aws,
    options: pulumi.ComponentResourceOptions = {},
): Promise<Built> {
    let result: ConstructResult | undefined;
    const deployment = await deploy(
        async () => {
            result = await provider.construct("p", `vpc-peering:index:${type}`, inputs, options);
        },
        { "aws:region": "us-east-1" },
        [],
        answers,
    );
    assert.ok(result);
    const state = Object.entries<pulumi.Output<unknown>>(result.state);
    const values = await Promise.all(state.map(async ([key, output]) => [key, await valueOf(output)] as const));
    return { ...deployment, state: Object.fromEntries(values) };
}

/** The reasons of a refusal by path, and that nothing but providers was made by then. */
async function refused(...args: Parameters<typeof construct>): Promise<Record<string, string>> {
    let caught: unknown;
    const [type, inputs, answers = aws, options = {}] = args;
    const { registrations } = await deploy(
        async () => {
            try {
                await provider.construct("p", `vpc-peering:index:${type}`, inputs, options);
            } catch (error) {
                caught = error;
            }
        },
        { "aws:region": "us-east-1" },
        [],
        answers,
    );
    assert.ok(pulumi.InputPropertiesError.isInstance(caught), String(caught));
    const made = registrations.map(({ type: one }) => one).filter((one) => !one.startsWith("pulumi:p"));
    assert.deepStrictEqual(made, []);
    const count = caught.errors.length;
    const subject = `${type} p has ${count} problem${count === 1 ? "" : "s"}; nothing was created`;
    assert.strictEqual(caught.message, subject);
    return Object.fromEntries(caught.errors.map(({ propertyPath, reason }) => [propertyPath, reason]));
}

const block = (cidrBlock: string) => ({ cidrBlock, state: "associated" });
const blocks: Record<string, string> = { "vpc-1": "10.41.0.0/16", "vpc-2": "10.42.0.0/16", "vpc-3": "10.41.128.0/17" };

/** Three VPCs with two route tables each. */
const aws: Answers = {
    ...elsewhere,
    "aws:ec2/getVpc:getVpc": ({ id }) => {
        const cidrBlock = blocks[String(id)];
        if (cidrBlock === undefined) {
            throw Object.assign(new Error(), { details: "no matching EC2 VPC found" });
        }
        return {
            cidrBlockAssociations: [block(cidrBlock)],
            enableDnsSupport: true,
            enableDnsHostnames: id !== "vpc-3",
        };
    },
    "aws:ec2/getRouteTables:getRouteTables": ({ vpcId }) => ({
        ids: [`rtb-of-${String(vpcId)}-b`, `rtb-of-${String(vpcId)}-a`],
    }),
    "aws:ec2/getRouteTable:getRouteTable": () => ({ routes: [] }),
    // Group sg-N is one of VPC vpc-N.
    "aws:ec2/getSecurityGroups:getSecurityGroups": ({ filters }) => {
        const ids = (filters as { values: string[] }[])[0]?.values ?? [];
        return { ids, vpcIds: ids.map((id) => id.replace("sg", "vpc")) };
    },
    "aws:ec2/getVpcPeeringConnections:getVpcPeeringConnections": () => ({ ids: [] }),
    "aws:ec2/getVpcPeeringConnection:getVpcPeeringConnection": () => ({ status: "active" }),
};

const namesOf = ({ registrations }: Deployment, type: string) =>
    registrations.filter((one) => one.type.startsWith(type)).map(({ name }) => name);

describe("the plugin's schema", () => {
    let schema: Schema;

    before(async () => {
        schema = JSON.parse(await inferredSchema()) as Schema;
    });

    it("is the one that is kept, which 'npm run docs' writes", () => {
        assert.deepStrictEqual(JSON.parse(provider.schema), schema);
    });

    it("has the package's version", () => {
        const version = (path: string) =>
            (JSON.parse(readFileSync(join(folder, path), "utf8")) as { version: string }).version;
        assert.strictEqual(version("package.json"), version("../components/package.json"));
    });

    it("describes everything, each property with an example", () => {
        const properties = [
            ...Object.values(schema.resources).flatMap((one) => [one.inputProperties, one.properties]),
            ...Object.values(schema.types).map((one) => one.properties ?? {}),
        ].flatMap((some) => Object.entries(some));
        assert.ok(properties.length > 60);
        for (const [name, { description }] of properties) {
            assert.match(description ?? "", /`[^`]+`/, name);
        }
        assert.ok(Object.values(schema.resources).every(({ description }) => description !== ""));
        assert.ok(Object.values(schema.types).every((one) => (one.enum ?? []).every(({ description }) => description)));
    });
});

describe("VpcPeering for other languages", () => {
    const existing = {
        requester: { vpcId: "vpc-1", securityGroups: { web: "sg-1" } },
        accepter: { vpcId: "vpc-2" },
        ports: ["tcp/443"],
    };

    it("peers two VPCs that exist by their ids", async () => {
        const built = await construct("VpcPeering", existing);
        assert.deepStrictEqual(built.get("p-connection").inputs["vpcId"], "vpc-1");
        assert.strictEqual(built.get("p-connection").parent, "p");
        assert.deepStrictEqual(namesOf(built, "aws:ec2/route:").sort(), [
            "p-accepter-rtb-of-vpc-2-a-10.41.0.0/16",
            "p-accepter-rtb-of-vpc-2-b-10.41.0.0/16",
            "p-requester-rtb-of-vpc-1-a-10.42.0.0/16",
            "p-requester-rtb-of-vpc-1-b-10.42.0.0/16",
        ]);
        assert.deepStrictEqual(namesOf(built, "aws:vpc/"), ["p-requester-web-tcp-443-10.42.0.0/16"]);
        assert.deepStrictEqual(namesOf(built, "pulumi:providers"), []);
        assert.deepStrictEqual(built.state, {
            connectionId: "id-of-p-connection",
            requesterStatus: "active",
            accepterStatus: "active",
            expires: "",
            otherOwner: [],
        });
    });

    const unknown = pulumi.output(pulumi.unknown) as unknown as pulumi.Output<string>;

    it("peers VPCs that the same program makes, and asks AWS nothing of them", async () => {
        const side = (number: number) => ({
            vpcId: pulumi.output(`vpc-${number}`),
            cidrBlocks: [`10.${number}.0.0/16`],
            routeTables: { main: pulumi.output(`rtb-${number}`) },
            securityGroups: { web: pulumi.output(`sg-${number}`) },
        });
        const built = await construct("VpcPeering", { requester: side(1), accepter: side(2), ports: ["tcp/443"] });
        assert.deepStrictEqual(built.get("p-accepter-main-10.1.0.0/16").inputs["routeTableId"], "rtb-2");
        assert.deepStrictEqual(built.get("p-accepter-web-tcp-443-10.1.0.0/16").inputs["securityGroupId"], "sg-2");
        assert.ok(!built.calls.some(({ token }) => /getVpc:|getRouteTable/.test(token)));
    });

    it("takes ids that a preview does not know, and sides that are one output", async () => {
        const side = (number: number) =>
            pulumi.output({ vpcId: unknown, cidrBlocks: [`10.${number}.0.0/16`], routeTables: { main: "rtb-1" } });
        await deploy(async () => {
            await provider.construct(
                "p",
                "vpc-peering:index:VpcPeering",
                { requester: side(1), accepter: side(2) },
                {},
            );
        });
    });

    it("passes tags on that are outputs", async () => {
        const built = await construct("VpcPeering", { ...existing, tags: { team: pulumi.output("network") } });
        const { team } = built.get("p-connection").inputs["tags"] as Record<string, string>;
        assert.strictEqual(team, "network");
    });

    it("gives the routes of a VPC that is looked up to the tables that are named", async () => {
        const requester = { ...existing.requester, routeTables: { main: "rtb-of-vpc-1-a" } };
        const built = await construct("VpcPeering", { ...existing, requester });
        assert.deepStrictEqual(
            namesOf(built, "aws:ec2/route:").filter((name) => name.startsWith("p-requester")),
            ["p-requester-main-10.42.0.0/16"],
        );
    });

    it("makes a provider for a side with credentials of its own, and looks the VPC up through it", async () => {
        const accepter = {
            vpcId: "vpc-2",
            region: "us-west-2",
            roleArn: "arn:aws:iam::222222222222:role/peering",
            externalId: "agreed-upon",
            accountId: "222222222222",
        };
        const there = "p-accepter-222222222222";
        const built = await construct(
            "VpcPeering",
            { ...existing, accepter },
            {
                ...aws,
                "aws:index/getRegion:getRegion": (_, through) => ({
                    region: through === there ? "us-west-2" : "us-east-1",
                }),
                "aws:index/getCallerIdentity:getCallerIdentity": (_, through) => ({
                    accountId: through === there ? "222222222222" : "111111111111",
                }),
            },
        );
        assert.deepStrictEqual(namesOf(built, "pulumi:providers"), [there]);
        const { inputs } = built.get(there);
        assert.strictEqual(inputs["region"], "us-west-2");
        assert.deepStrictEqual(JSON.parse(String(inputs["assumeRoles"])), [
            { roleArn: accepter.roleArn, externalId: "agreed-upon", sessionName: "vpc-peering" },
        ]);
        assert.strictEqual(built.get("p-accepter").provider, `id-of-${there}`);
        assert.strictEqual(built.get("p-connection").provider, "");
        assert.strictEqual(built.get("p-connection").inputs["peerRegion"], "us-west-2");
        const through = built.calls.filter(({ token }) => token.endsWith(":getVpc")).map(({ provider: one }) => one);
        assert.deepStrictEqual(through.filter((one) => one?.includes(there)).length, 1);
    });

    it("refuses all that is wrong at once, each problem at its argument", async () => {
        const problems = await refused("VpcPeering", {
            requester: { vpcId: "vpc-1", cidrBlocks: ["10.41.0.0"], externalId: "agreed-upon" },
            accepter: { vpcId: "vpc-2", cidrBlocks: ["10.42.0.0/16"], roleArn: "peering", ports: ["tcp/70000"] },
            requestsFrom: "reqester",
            ingressFrom: "groups",
            ports: ["http"],
            autoAccept: true,
            manageAccepter: false,
            tags: { "aws:x": "y" },
        });
        assert.deepStrictEqual(Object.keys(problems).sort(), [
            "accepter.ports[0]",
            "accepter.roleArn",
            "autoAccept",
            "ingressFrom",
            "ports",
            "ports[0]",
            "requester.cidrBlocks[0]",
            "requester.externalId",
            "requestsFrom",
            'tags["aws:x"]',
        ]);
        assert.strictEqual(
            problems["requester.cidrBlocks[0]"],
            '"10.41.0.0" is not an IPv4 CIDR block; write ADDRESS/PREFIX, such as 10.41.0.0/16',
        );
        assert.strictEqual(
            problems["requestsFrom"],
            '"reqester" is not one of both, requester, accepter; choose one of these',
        );
    });

    it("asks AWS nothing through a role that is none", async () => {
        const problems = await refused("VpcPeering", {
            requester: { vpcId: "vpc-1", roleArn: "arn:aws:iam::222222222222:user/me" },
            accepter: { vpcId: "vpc-9", roleArn: "arn:aws:iam::222222222222:role/peering", accountId: "333333333333" },
            ports: ["tcp/0"],
        });
        assert.deepStrictEqual(Object.keys(problems), ["requester.roleArn", "accepter.roleArn", "ports[0]", "ports"]);
        assert.match(problems["requester.roleArn"] ?? "", /is not the ARN of an IAM role; write one such as/);
        assert.match(problems["accepter.roleArn"] ?? "", /is a role of another account than accepter.accountId/);
    });

    it("refuses what only a look at the VPCs shows: overlapping blocks, and DNS that is off", async () => {
        const problems = await refused("VpcPeering", {
            requester: { vpcId: "vpc-1" },
            accepter: { vpcId: "vpc-3" },
            dnsResolution: true,
        });
        assert.deepStrictEqual(Object.keys(problems), ["accepter.cidrBlocks[0]", "accepter.dns"]);
        assert.match(problems["accepter.cidrBlocks[0]"] ?? "", /^"10\.41\.128\.0\/17" overlaps requester/);
    });

    it("refuses VPCs that are not there, without a word on their blocks", async () => {
        const problems = await refused("VpcPeering", {
            requester: { vpcId: "vpc-8", routedCidrBlocks: ["10.41.1.0/24"] },
            accepter: { vpcId: "vpc-9" },
            ports: ["tcp/0"],
        });
        assert.deepStrictEqual(Object.keys(problems), ["requester.vpcId", "accepter.vpcId", "ports[0]", "ports"]);
        assert.match(
            problems["accepter.vpcId"] ?? "",
            /^"vpc-9" is no VPC there; correct the id, pass its region, or pass/,
        );
    });

    it("refuses tables and groups that are not the VPC's, each by its name", async () => {
        const problems = await refused("VpcPeering", {
            requester: { vpcId: "vpc-1", routeTables: { main: "rtb-of-vpc-2-a" } },
            accepter: { vpcId: "vpc-2", securityGroups: { web: "sg-1" } },
            ports: ["tcp/443"],
        });
        assert.deepStrictEqual(problems, {
            "requester.routeTables.main":
                '"rtb-of-vpc-2-a" is no route table of vpc-1; correct it, or leave requester.routeTables out for all that the VPC has',
            "accepter.securityGroups.web": '"sg-1" is a security group of vpc-1; name one of vpc-2',
        });
    });

    it("refuses a VPC that it can't look up: one whose id is not known yet, or another owner's", async () => {
        assert.deepStrictEqual(
            await refused("VpcPeering", {
                requester: { vpcId: unknown },
                accepter: { vpcId: "vpc-2" },
                manageAccepter: false,
            }),
            {
                "requester.cidrBlocks":
                    "are needed, because the VPC's id is not known yet, so it can't be looked up; list its IPv4 blocks, and name its route tables in requester.routeTables",
                "accepter.cidrBlocks":
                    "are needed, because another owner's VPC can't be looked up; list its IPv4 blocks",
            },
        );
    });

    it("refuses a list that a preview does not know, since its items name resources", async () => {
        const message =
            "is not known before the update, and previews need it; give the value itself, not an output of what is yet to be made";
        const problems = await refused("VpcPeering", {
            requester: { vpcId: "vpc-1", cidrBlocks: ["10.41.0.0/16", unknown] },
            accepter: { vpcId: "vpc-2" },
            ports: unknown,
        });
        assert.deepStrictEqual(problems, { "requester.cidrBlocks[1]": message, ports: message });
    });

    it("refuses a side whose provider leads elsewhere", async () => {
        const problems = await refused("VpcPeering", {
            requester: { vpcId: "vpc-1", accountId: "333333333333" },
            accepter: { vpcId: "vpc-2" },
        });
        assert.match(
            problems["requester.accountId"] ?? "",
            /^"333333333333" is declared, but the requester's provider leads to 111111111111/,
        );
    });
});

describe("PeeredVpcPair for other languages", () => {
    const side = (number: number) => ({
        cidrBlock: `10.${number}.0.0/16`,
        subnetCidrBlock: `10.${number}.1.0/24`,
        privateIp: `10.${number}.1.100`,
    });
    const pair = { requester: side(41), accepter: side(42), peering: true, keyName: "my-key-pair" };

    it("makes the two VPCs and their peering, and checks nothing without a way to log in", async () => {
        const built = await construct("PeeredVpcPair", pair);
        assert.strictEqual(built.get("p-requester-server").inputs["keyName"], "my-key-pair");
        assert.deepStrictEqual(namesOf(built, "command:"), []);
        const { stage, connectionId, check, requester } = built.state;
        assert.deepStrictEqual([stage, connectionId, check], ["reachable", "id-of-p-peering-connection", []]);
        assert.strictEqual((requester as Record<string, string>)["publicIp"], "public-ip-of-p-requester-server");
    });

    it("has no connection while it is not peered", async () => {
        const { state } = await construct("PeeredVpcPair", { ...pair, peering: false });
        assert.deepStrictEqual([state["stage"], state["connectionId"]], ["isolated", ""]);
    });

    it("checks with a private key, which is kept as a secret", async () => {
        const built = await construct("PeeredVpcPair", { ...pair, privateKey: privateKey() });
        assert.strictEqual(namesOf(built, "command:").length, 6);
        assert.deepStrictEqual(
            (built.state["check"] as string[]).map((line) => line.replace(/:.*/, "")),
            ["VPC1 -> VPC2", "VPC2 -> VPC1"],
        );
        const inputs = JSON.stringify(built.registrations.filter(({ type }) => !type.startsWith("command:")));
        assert.ok(!inputs.includes("PRIVATE KEY"));
    });

    it("refuses all that is wrong at once, each problem at its argument, and never shows the key", async () => {
        const problems = await refused("PeeredVpcPair", {
            ...pair,
            requester: { ...side(41), privateIp: "10.41.1.1", ami: "al1" },
            accepter: { ...side(42), subnetCidrBlock: "10.43.0.0/24" },
            privateKey: "secret",
            sshAgent: true,
            sshCidrs: ["203.0.113.7"],
        });
        assert.deepStrictEqual(Object.keys(problems).sort(), [
            "accepter.privateIp",
            "accepter.subnetCidrBlock",
            "privateKey",
            "requester.ami",
            "requester.privateIp",
            "sshAgent",
            "sshCidrs[0]",
        ]);
        assert.ok(!JSON.stringify(problems).includes("secret"));
    });

    it("refuses a check that can't log in, and a type that is not offered", async () => {
        const problems = await refused(
            "PeeredVpcPair",
            {
                ...pair,
                check: true,
                accepter: { ...side(42), instanceType: "t9.micro" },
            },
            {
                ...aws,
                "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": () => ({
                    instanceTypes: ["t3.micro"],
                    locations: ["ap-northeast-2a"],
                }),
            },
        );
        assert.deepStrictEqual(Object.keys(problems), ["check", "accepter.instanceType"]);
    });
});
