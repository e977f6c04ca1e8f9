import * as assert from "assert";
import { Provider } from "@pulumi/aws/provider";
import { LabVpc } from "../components/lab/labVpc";
import { findStatus } from "../components/peering/request";
import { providerFor } from "../components/peering/sideAccess";
import { lookUpVpc } from "../components/peering/lookUpVpc";
import { VpcPeering } from "../components/peering/vpcPeering";
import { deploy, elsewhere, failure, type Answers } from "./mocks";

// The region of a side is an argument of what is made there, and of what is asked there.

const plan = {
    side: 1,
    keyName: "key",
    cidrBlock: "10.41.0.0/16",
    subnetCidrBlock: "10.41.1.0/24",
    privateIp: "10.41.1.100",
    secondaryCidrBlocks: ["10.43.0.0/16"],
    sshCidrs: ["192.0.2.0/24"],
};

describe("a LabVpc in another region than its provider's", () => {
    const unregional = ["aws:index/getRegion:getRegion", "aws:index/getCallerIdentity:getCallerIdentity"];

    it("is made and asked about there, all of it", async () => {
        const { registrations, calls } = await deploy(() => new LabVpc("a", { ...plan, region: "us-east-1" }));
        const made = registrations.filter(({ type }) => type.startsWith("aws:"));
        assert.strictEqual(made.length, 11);
        for (const { name, inputs } of made) {
            assert.strictEqual(inputs["region"], "us-east-1", name);
        }
        const regional = calls.filter(({ token }) => !unregional.includes(token));
        assert.deepStrictEqual(
            regional.map(({ inputs }) => (inputs as { region?: string }).region),
            ["us-east-1", "us-east-1", "us-east-1"],
        );
    });

    it("says nothing of regions where none is given", async () => {
        const { registrations, calls } = await deploy(() => new LabVpc("a", plan));
        assert.ok(registrations.every(({ inputs }) => !("region" in inputs)));
        assert.ok(calls.every(({ inputs }) => !("region" in (inputs as object))));
    });

    /** The triggers of the VPC and its image, with what the stash and the state have kept. */
    async function triggers(args: object, kept?: object, vpcArn?: string): Promise<unknown[]> {
        const urn = "urn:pulumi:test::vpc-peering-lab::vpc-peering-lab:components:LabVpc$aws:ec2/vpc:Vpc::a-vpc";
        const { get } = await deploy(() => new LabVpc("a", { ...plan, ...args }), {}, [], {
            ...(kept && { "pulumi:index:Stash": ({ input }) => ({ output: isPlace(input) ? kept : input }) }),
            "pulumi:pulumi:readStackResourceOutputs": () => ({
                outputs: vpcArn === undefined ? {} : { [urn]: { type: "aws:ec2/vpc:Vpc", outputs: { arn: vpcArn } } },
            }),
        });
        const [, image] = get("a-ami").replacementTrigger as string[];
        return [get("a-vpc").replacementTrigger, image];
    }

    const isPlace = (input: unknown) => typeof input === "object" && input !== null && "word" in input;
    const seoul = { region: "ap-northeast-2", accountId: "111111111111" };

    it("is replaced with its image when it moves, and not when its region is said for the first time", async () => {
        const kept = { ...seoul, word: "default" };
        assert.deepStrictEqual(await triggers({}), ["default", "default"]);
        assert.deepStrictEqual(await triggers({ region: "ap-northeast-2" }, kept), ["default", "default"]);
        const moved = "us-east-1 111111111111";
        assert.deepStrictEqual(await triggers({ region: "us-east-1" }, kept), [moved, moved]);
        const otherAccount = { region: "ap-northeast-2", accountId: "222222222222", word: "default" };
        const back = "ap-northeast-2 111111111111";
        assert.deepStrictEqual(await triggers({}, otherAccount), [back, back]);
    });

    it("keeps the trigger of an earlier version, unless it moves in the update that comes with this one", async () => {
        const arn = (region: string) => `arn:aws:ec2:${region}:111111111111:vpc/vpc-1`;
        const standing = { region: "us-east-1", accountId: "111111111111" };
        const word = "us-east-1 111111111111";
        assert.deepStrictEqual(await triggers(standing, undefined, arn("us-east-1")), [word, word]);
        assert.deepStrictEqual(await triggers({ region: "us-east-1" }, undefined, arn("ap-northeast-2")), [word, word]);
        assert.deepStrictEqual(await triggers({}, undefined, arn("ap-northeast-2")), ["default", "default"]);
    });
});

describe("a VpcPeering whose sides are in two regions", () => {
    const requester = { vpcId: "vpc-1", cidrBlocks: ["10.41.0.0/16"], routeTables: { main: "rtb-1" } };
    const accepter = {
        vpcId: "vpc-2",
        cidrBlocks: ["10.42.0.0/16"],
        routeTables: { main: "rtb-2" },
        securityGroups: { web: "sg-2" },
        region: "us-west-2",
    };
    const statuses: Answers = {
        ...elsewhere,
        "aws:ec2/getVpcPeeringConnections:getVpcPeeringConnections": () => ({ ids: ["pcx-1"] }),
    };

    it("makes each side's parts in its region through one provider", async () => {
        const { get, registrations } = await deploy(
            () => new VpcPeering("p", { requester, accepter, ports: ["tcp/80"], dnsResolution: true }),
            {},
            [],
            statuses,
        );
        const regionOf = ({ name, inputs }: { name: string; inputs: Record<string, unknown> }) => [
            name,
            inputs["region"],
        ];
        const made = registrations.filter(({ type }) => type.startsWith("aws:"));
        assert.deepStrictEqual(Object.fromEntries(made.map(regionOf)), {
            "p-connection": undefined,
            "p-accepter": "us-west-2",
            "p-requester-main-10.42.0.0/16": undefined,
            "p-accepter-main-10.41.0.0/16": "us-west-2",
            "p-accepter-web-tcp-80-10.41.0.0/16": "us-west-2",
            "p-requester-dns-resolution": undefined,
            "p-accepter-dns-resolution": "us-west-2",
        });
        assert.ok(made.every(({ provider }) => provider === ""));
        assert.strictEqual(get("p-connection").inputs["peerRegion"], "us-west-2");
    });

    /** What stands in the way of the connection from the other region. */
    async function refusal(inputs: object): Promise<string> {
        const asked: Answers = {
            ...statuses,
            "aws:ec2/getVpcPeeringConnections:getVpcPeeringConnections": ({ filters, region }) => {
                assert.strictEqual(region, "us-west-2");
                const all = filters as { name: string; values: string[] }[];
                const valuesOf = (name: string) => all.find((one) => one.name === name)?.values;
                const [requested] = valuesOf("requester-vpc-info.vpc-id") ?? [];
                const isThere =
                    (valuesOf("status-code")?.includes("active") ?? true) &&
                    valuesOf("tag:pulumi-vpc-peering") === undefined &&
                    (valuesOf("vpc-peering-connection-id") === undefined || requested !== "vpc-2");
                return isThere ? { ids: ["pcx-1"] } : {};
            },
        };
        const sides = { requester: accepter, accepter: requester };
        const { beforeCreate } = await deploy(() => new VpcPeering("p", sides), {}, [], asked);
        let message = "";
        await beforeCreate("p-connection", { vpcId: "vpc-2", peerVpcId: "vpc-1", ...inputs }).catch(
            (error: unknown) => (message = (error as Error).message),
        );
        return message;
    }

    it("tells of a connection there what can be told of it, with commands for that region", async () => {
        const message = await refusal({ region: "us-west-2", tags: { "pulumi-vpc-peering": "a" } });
        assert.match(
            message,
            /^The connection pcx-1 between vpc-2 and vpc-1 is there already \(active, requested from vpc-1\), /,
        );
        assert.match(message, /delete-vpc-peering-connection --vpc-peering-connection-id pcx-1 --region us-west-2/);
    });

    it("takes a route there over by an id that names the region", async () => {
        const { beforeCreate } = await deploy(() => new VpcPeering("p", { requester, accepter }), {}, [], {
            ...statuses,
            "aws:ec2/getRouteTable:getRouteTable": ({ region }) => ({
                routes: region === "us-west-2" ? [{ cidrBlock: "10.41.0.0/16" }] : [],
            }),
        });
        const route = { routeTableId: "rtb-2", destinationCidrBlock: "10.41.0.0/16", region: "us-west-2" };
        await assert.rejects(
            beforeCreate("p-accepter-main-10.41.0.0/16", route),
            / rtb-2_10\.41\.0\.0\/16@us-west-2 .* --region us-west-2"/,
        );
    });

    it("has a request of another owner read by a provider of that region", async () => {
        const args = { requester, accepter, manageRequester: false, peeringConnectionId: "pcx-0123" };
        const { messages } = await failure(() => new VpcPeering("p", args), statuses);
        assert.match(
            messages,
            /accepter\.region = "us-west-2": is another region than that of the accepter's provider, us-east-1, .* new aws\.Provider\("accepter", \{ region: "us-west-2" \}\)/,
        );
    });
});

describe("what needs an active connection on the requester's side", () => {
    const requester = { vpcId: "vpc-1", cidrBlocks: ["10.41.0.0/16"], securityGroups: { web: "sg-1" } };
    const there = () => new Provider("there", { region: "us-east-1" });
    const accepter = () => ({
        vpcId: "vpc-2",
        cidrBlocks: ["10.42.0.0/16"],
        securityGroups: { web: "sg-2" },
        provider: there(),
    });

    /** How often the connection was looked at before a part of a peering of two accounts, in one region, is made. */
    async function looksBefore(name: string, statuses: string[], more: object = {}): Promise<number> {
        let looks = 0;
        const answers: Answers = {
            ...elsewhere,
            "aws:index/getRegion:getRegion": () => ({ region: "us-east-1" }),
            "aws:ec2/getVpcPeeringConnection:getVpcPeeringConnection": (_, provider) => {
                looks += provider === "there" ? 0 : 1;
                return { status: (provider === "there" ? "active" : statuses.shift()) ?? "active" };
            },
            "aws:vpc/getSecurityGroupRules:getSecurityGroupRules": () => ({}),
        };
        const args = { ports: ["tcp/80"] as const, ingressFrom: "group" as const, dnsResolution: true };
        const { beforeCreate } = await deploy(
            () => new VpcPeering("p", { requester, accepter: accepter(), ...args, ...more }),
            {},
            [],
            answers,
        );
        looks = 0;
        await beforeCreate(name, {});
        return looks;
    }

    it("waits until that side sees it active", async () => {
        // The component's own look at the status is the first.
        const statuses = ["active", "pending-acceptance", "provisioning"];
        assert.strictEqual(await looksBefore("p-requester-dns-resolution", statuses), 3);
    });

    it("is refused if the connection ends meanwhile", async () => {
        await assert.rejects(
            looksBefore("p-requester-dns-resolution", ["active", "deleted"]),
            /^Error: The connection id-of-p-connection is deleted as the requester's side sees it, /,
        );
    });

    it("asks nothing where both sides are in one place", async () => {
        const one = { accepter: { vpcId: "vpc-2", cidrBlocks: ["10.42.0.0/16"], securityGroups: { web: "sg-2" } } };
        assert.strictEqual(await looksBefore("p-requester-dns-resolution", [], one), 0);
    });
});

describe("lookUpVpc in another region", () => {
    it("asks there, and says so of the side", async () => {
        let region: string | undefined;
        const { calls } = await deploy(
            async () => ({ region } = await lookUpVpc("vpc-2", { region: "us-west-2", securityGroups: ["sg-2"] })),
            {},
            [],
            {
                ...elsewhere,
                "aws:ec2/getVpc:getVpc": () => ({
                    cidrBlockAssociations: [{ cidrBlock: "10.42.0.0/16", state: "associated" }],
                    enableDnsSupport: true,
                    enableDnsHostnames: true,
                }),
                "aws:ec2/getVpcPeeringConnections:getVpcPeeringConnections": () => ({ ids: [] }),
                "aws:ec2/getRouteTables:getRouteTables": () => ({ ids: ["rtb-2"] }),
                "aws:ec2/getRouteTable:getRouteTable": () => ({ routes: [] }),
                "aws:ec2/getSecurityGroups:getSecurityGroups": () => ({ ids: ["sg-2"], vpcIds: ["vpc-2"] }),
            },
        );
        assert.strictEqual(region, "us-west-2");
        const regional = calls.filter(({ token }) => token.startsWith("aws:ec2/"));
        assert.strictEqual(regional.length, 6);
        assert.ok(regional.every(({ inputs }) => (inputs as { region?: string }).region === "us-west-2"));
    });

    it("refuses a region that is none", async () => {
        await deploy(() =>
            assert.rejects(lookUpVpc("vpc-2", { region: "us-wst-2" }), /region = "us-wst-2": is not an AWS region/),
        );
    });
});

describe("findStatus in another region than the provider's", () => {
    for (const status of ["active", "pending-acceptance", "rejected", undefined]) {
        it(`finds ${status ?? "none"}`, async () => {
            let found: string | undefined = "unasked";
            await deploy(async () => (found = await findStatus("pcx-1", {}, "us-west-2")), {}, [], {
                ...elsewhere,
                "aws:ec2/getVpcPeeringConnections:getVpcPeeringConnections": ({ filters }) => {
                    const [, { values } = { values: [] }] = filters as { values: string[] }[];
                    return { ids: status !== undefined && values.includes(status) ? ["pcx-1"] : [] };
                },
            });
            assert.strictEqual(found, status);
        });
    }
});

describe("providerFor", () => {
    const role = { roleArn: "arn:aws:iam::222222222222:role/peering" };

    /** The providers that are made for this access, in a stack that has these already. */
    async function made(access: object, has: string[] = [], readsRequest = false): Promise<string[]> {
        const urns = has.map((name) => `urn:pulumi:test::vpc-peering-lab::pulumi:providers:aws::${name}`);
        const { registrations } = await deploy(
            () => providerFor("lab-accepter", access, "ap-northeast-2", {}, readsRequest),
            {},
            [],
            {
                "pulumi:pulumi:readStackResourceOutputs": () => ({
                    outputs: Object.fromEntries(
                        urns.map((urn) => [urn, { type: "pulumi:providers:aws", outputs: {} }]),
                    ),
                }),
            },
        );
        return registrations.map(({ name, inputs }) => `${name} in ${String(inputs["region"])}`);
    }

    it("makes none for a region", async () => {
        assert.deepStrictEqual(await made({ region: "us-east-1" }), []);
        assert.deepStrictEqual(await made({}), []);
    });

    it("makes one for credentials, by whose they are", async () => {
        assert.deepStrictEqual(await made(role), ["lab-accepter-222222222222 in ap-northeast-2"]);
        assert.deepStrictEqual(await made({ region: "us-east-1", profile: "partner" }), [
            "lab-accepter-partner in us-east-1",
        ]);
    });

    it("keeps one that an earlier version has made, as long as it leads there", async () => {
        const has = ["lab-accepter-us-east-1", "lab-accepter-us-east-1-222222222222"];
        assert.deepStrictEqual(await made({ region: "us-east-1" }, has), ["lab-accepter-us-east-1 in us-east-1"]);
        assert.deepStrictEqual(await made({ region: "us-east-1", ...role }, has), [
            "lab-accepter-us-east-1-222222222222 in us-east-1",
        ]);
        assert.deepStrictEqual(await made({ region: "us-west-2" }, has), []);
    });

    it("makes one for a region where a request is to be read", async () => {
        assert.deepStrictEqual(await made({ region: "us-east-1" }, [], true), ["lab-accepter-us-east-1 in us-east-1"]);
    });
});
