import * as assert from "assert";
import { readFileSync } from "fs";
import { join } from "path";
import * as pulumi from "@pulumi/pulumi";
import type { ConstructResult } from "@pulumi/pulumi/provider";
import { PeeringProvider } from "../plugin/provider";
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
    const state = Object.entries(result.state as Record<string, pulumi.Output<unknown>>);
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
            throw new Error("no matching EC2 VPC found");
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
    "aws:ec2/getVpcPeeringConnections:getVpcPeeringConnections": () => ({ ids: [] }),
    "aws:ec2/getVpcPeeringConnection:getVpcPeeringConnection": () => ({ status: "active" }),
};

const namesOf = ({ registrations }: Deployment, type: string) =>
    registrations.filter((one) => one.type.startsWith(type)).map(({ name }) => name);

describe("the plugin's schema", () => {
    let schema: Schema;

    before(async () => {
        schema = JSON.parse(await provider.getSchema()) as Schema;
    });

    it("is the one that is kept, which 'npm run docs' writes", () => {
        assert.deepStrictEqual(JSON.parse(readFileSync(join(folder, "schema.json"), "utf8")), schema);
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

    it("peers VPCs that the same program makes, and asks AWS nothing of them", async () => {
        const unknown = pulumi.output(pulumi.unknown) as unknown as pulumi.Output<string>;
        const side = (number: number) => ({
            vpcId: unknown,
            cidrBlocks: [`10.${number}.0.0/16`],
            routeTables: { main: unknown },
            securityGroups: { web: unknown },
        });
        const built = await construct("VpcPeering", {
            requester: side(1),
            accepter: side(2),
            ports: ["tcp/443"],
        }).catch((error: unknown) => error);
        assert.ok(!(built instanceof Error), String(built));
    });
});
