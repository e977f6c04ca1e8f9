import * as assert from "assert";
import * as aws from "@pulumi/aws/provider";
import * as pulumi from "@pulumi/pulumi";
import { LabVpc } from "../components/lab/labVpc";
import type { LabVpcArgs } from "../components/lab/labVpcArgs";
import { deploy, failure, valueOf, type Answers, type Registration } from "./mocks";

const al2023 = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64";

const args: LabVpcArgs = {
    side: 1,
    cidrBlock: "10.41.0.0/16",
    subnetCidrBlock: "10.41.1.0/24",
    privateIp: "10.41.1.100",
    keyName: "key",
    sshCidrs: ["192.0.2.0/24", "198.51.100.7/32"],
    icmpCidrs: ["0.0.0.0/0"],
};

/** Everything that act 1 makes for side 1: type, inputs and what must be there before. */
const expected: Record<string, { type: string; inputs: object; after: string[] }> = {
    "a-vpc": {
        type: "aws:ec2/vpc:Vpc",
        inputs: {
            cidrBlock: "10.41.0.0/16",
            enableDnsSupport: true,
            enableDnsHostnames: true,
            tags: { Name: "labVPC1" },
        },
        after: [],
    },
    "a-internet-gateway": {
        type: "aws:ec2/internetGateway:InternetGateway",
        inputs: { vpcId: "id-of-a-vpc", tags: { Name: "labVPCPeering-IGW1" } },
        after: ["a-vpc"],
    },
    "a-route-table": {
        type: "aws:ec2/routeTable:RouteTable",
        inputs: { vpcId: "id-of-a-vpc", tags: { Name: "labVPCPeering-RT1" } },
        after: ["a-vpc"],
    },
    "a-default-route": {
        type: "aws:ec2/route:Route",
        inputs: {
            routeTableId: "id-of-a-route-table",
            destinationCidrBlock: "0.0.0.0/0",
            gatewayId: "id-of-a-internet-gateway",
        },
        after: ["a-internet-gateway", "a-route-table"],
    },
    "a-zone": {
        type: "pulumi:index:Stash",
        inputs: { input: { zone: "ap-northeast-2a", instanceType: "t3.micro", defaultType: "t3.micro" } },
        after: [],
    },
    "a-subnet": {
        type: "aws:ec2/subnet:Subnet",
        inputs: {
            vpcId: "id-of-a-vpc",
            cidrBlock: "10.41.1.0/24",
            availabilityZone: "ap-northeast-2a",
            mapPublicIpOnLaunch: true,
            tags: { Name: "labVPCPeering-VPC1-Subnet1" },
        },
        after: ["a-vpc", "a-zone"],
    },
    "a-route-table-association": {
        type: "aws:ec2/routeTableAssociation:RouteTableAssociation",
        inputs: { routeTableId: "id-of-a-route-table", subnetId: "id-of-a-subnet" },
        after: ["a-route-table", "a-subnet"],
    },
    "a-security-group": {
        type: "aws:ec2/securityGroup:SecurityGroup",
        inputs: {
            name: "labVPC1-EC2-SecurityGroup",
            description: "VPC1-EC2-SecurityGroup",
            vpcId: "id-of-a-vpc",
            tags: { Name: "labVPC1-EC2-SecurityGroup" },
        },
        after: ["a-vpc"],
    },
    ...Object.fromEntries(
        [
            { role: "ssh-192.0.2.0/24", cidrIpv4: "192.0.2.0/24", ipProtocol: "tcp", port: 22 },
            { role: "ssh-198.51.100.7/32", cidrIpv4: "198.51.100.7/32", ipProtocol: "tcp", port: 22 },
            { role: "icmp-0.0.0.0/0", cidrIpv4: "0.0.0.0/0", ipProtocol: "icmp", port: -1 },
        ].map(({ role, cidrIpv4, ipProtocol, port }) => [
            `a-${role}`,
            {
                type: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
                inputs: {
                    securityGroupId: "id-of-a-security-group",
                    cidrIpv4,
                    ipProtocol,
                    fromPort: port,
                    toPort: port,
                    tags: { Name: "labVPC1-EC2-SecurityGroup" },
                },
                after: [...(ipProtocol === "icmp" ? ["a-pings"] : []), "a-security-group"],
            },
        ]),
    ),
    "a-place": {
        type: "pulumi:index:Stash",
        inputs: { input: { region: "ap-northeast-2", accountId: "111111111111", word: "default" } },
        after: [],
    },
    "a-pings": {
        type: "pulumi:index:Stash",
        inputs: { input: "0.0.0.0/0" },
        after: [],
    },
    "a-egress": {
        type: "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        inputs: {
            securityGroupId: "id-of-a-security-group",
            cidrIpv4: "0.0.0.0/0",
            ipProtocol: "-1",
            tags: { Name: "labVPC1-EC2-SecurityGroup" },
        },
        after: ["a-security-group"],
    },
    "a-ami": {
        type: "pulumi:index:Stash",
        inputs: { input: `image-of-${al2023}` },
        after: [],
    },
    "a-server": {
        type: "aws:ec2/instance:Instance",
        inputs: {
            ami: `image-of-${al2023}`,
            instanceType: "t3.micro",
            subnetId: "id-of-a-subnet",
            privateIp: "10.41.1.100",
            vpcSecurityGroupIds: ["id-of-a-security-group"],
            keyName: "key",
            userDataReplaceOnChange: true,
            metadataOptions: { httpEndpoint: "enabled", httpTokens: "required" },
            rootBlockDevice: { encrypted: true, volumeSize: 8 },
            tags: { Name: "labVPC1-EC2" },
        },
        after: [
            "a-ami",
            "a-default-route",
            "a-egress",
            "a-route-table-association",
            "a-security-group",
            "a-subnet",
            "a-zone",
        ],
    },
};

function withoutUserData({ inputs }: Registration): object {
    return Object.fromEntries(Object.entries(inputs).filter(([key]) => key !== "userData"));
}

describe("LabVpc", () => {
    it("makes everything of act 1 for one side, and nothing else", async () => {
        const { registrations, get, outputs } = await deploy(() => new LabVpc("a", args));

        assert.deepStrictEqual(registrations.map(({ name }) => name).sort(), ["a", ...Object.keys(expected)].sort());
        for (const [name, { type, inputs, after }] of Object.entries(expected)) {
            const found = get(name);
            assert.deepStrictEqual(
                { type: found.type, inputs: withoutUserData(found), parent: found.parent, after: found.dependencies },
                { type, inputs, parent: "a", after },
                name,
            );
        }
        assert.strictEqual(get("a").type, "vpc-peering-lab:components:LabVpc");
        assert.deepStrictEqual(outputs.get("a"), [
            "path",
            "privateIp",
            "publicDns",
            "publicIp",
            "routeTableId",
            "securityGroupId",
            "serverId",
            "subnetId",
            "vpcId",
        ]);
    });

    it("gives the server user data with its own name and page", async () => {
        const { get } = await deploy(() => new LabVpc("a", args));
        const { userData } = get("a-server").inputs;
        assert.match(String(userData), /hostnamectl set-hostname 'labVPC1-EC2'/);
        assert.match(String(userData), /VPC Peering Lab - VPC1 Web Server/);
    });

    it("exposes ids, addresses and the path of its packets", async () => {
        let made: LabVpc | undefined;
        await deploy(() => (made = new LabVpc("a", args)));
        assert.ok(made);
        const { vpcId, subnetId, routeTableId, securityGroupId, serverId, privateIp, publicIp, publicDns, path } = made;
        assert.deepStrictEqual(
            await Promise.all(
                [vpcId, subnetId, routeTableId, securityGroupId, serverId, privateIp, publicIp, publicDns].map(valueOf),
            ),
            [
                "id-of-a-vpc",
                "id-of-a-subnet",
                "id-of-a-route-table",
                "id-of-a-security-group",
                "id-of-a-server",
                "10.41.1.100",
                "public-ip-of-a-server",
                "dns-of-a-server",
            ],
        );
        assert.deepStrictEqual(
            (await valueOf(path)).sort(),
            Object.keys(expected)
                .filter((name) => !["a-ami", "a-pings", "a-place", "a-zone"].includes(name))
                .map((name) => `id-of-${name}`)
                .sort(),
        );
        assert.deepStrictEqual(made.probed, {
            label: "VPC1",
            privateIp: "10.41.1.100",
            page: "<html><h1>VPC Peering Lab - VPC1 Web Server</h1></html>",
        });
    });

    it("opens no port unless told to", async () => {
        const { registrations } = await deploy(
            () => new LabVpc("a", { ...args, sshCidrs: undefined, icmpCidrs: undefined }),
        );
        assert.deepStrictEqual(
            registrations.filter(({ type }) => type.includes("IngressRule")),
            [],
        );
    });

    it("takes its image from the parameter that is chosen, and another choice replaces the server", async () => {
        const { get, calls } = await deploy(() => new LabVpc("a", { ...args, ami: "al2" }));
        const parameter = "/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2";
        assert.ok(calls.some(({ inputs }) => (inputs as { name?: string }).name === parameter));
        assert.deepStrictEqual(get("a-ami").replacementTrigger, [parameter, "default"]);
        assert.deepStrictEqual(get("a-ami").ignoreChanges, ["input"]);
        assert.strictEqual(get("a-server").inputs["ami"], `image-of-${parameter}`);
    });

    it("asks for zones that need no opt-in and that offer the instance type", async () => {
        const { calls } = await deploy(() => new LabVpc("a", { ...args, instanceType: "c5.large" }));
        assert.deepStrictEqual(calls.find(({ token }) => token.includes("getAvailabilityZones"))?.inputs, {
            state: "available",
            filters: [{ name: "opt-in-status", values: ["opt-in-not-required"] }],
        });
        assert.deepStrictEqual(calls.find(({ token }) => token.includes("getInstanceTypeOfferings"))?.inputs, {
            locationType: "availability-zone",
            filters: [{ name: "instance-type", values: ["c5.large", "t3.micro", "t2.micro", "t3.small"] }],
        });
    });

    /** A region with these offers, by type and zone. */
    const offering = (...offers: [type: string, zone: string][]): Answers => ({
        "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": () => ({
            instanceTypes: offers.map(([type]) => type),
            locations: offers.map(([, zone]) => zone),
        }),
    });

    it("refuses names that begin as a group's id does, and tags of AWS's own", async () => {
        await deploy(() => {
            const wrong = { ...args, prefix: "sg-me", tags: { "aws:x": "y" } };
            assert.throws(
                () => new LabVpc("a", wrong),
                (error: Error) => {
                    assert.deepStrictEqual(error.message.split("\n").slice(1), [
                        '  prefix = "sg-me": begins with sg-, as no name of a security group may on AWS; choose another prefix',
                        '  tags["aws:x"] = "y": has a key that begins with aws:, which AWS keeps for itself; choose another',
                    ]);
                    return true;
                },
            );
            new LabVpc("a", { ...args, prefix: "sgme" });
        });
    });

    /** A stack whose stash of the zone has kept this, and what the subnet and the server come to. */
    const kept = async (output: unknown, change: Partial<LabVpcArgs>, offers: Answers) => {
        const stash: Answers = {
            "pulumi:index:Stash": ({ input }) => (typeof input === "object" ? { output } : {}),
        };
        const { get } = await deploy(() => new LabVpc("a", { ...args, ...change }), {}, [], { ...offers, ...stash });
        return [get("a-subnet").inputs["availabilityZone"], get("a-server").inputs["instanceType"]];
    };
    const [a, b] = ["ap-northeast-2a", "ap-northeast-2b"] as const;
    const t2There = offering(["t3.micro", a], ["t2.micro", b]);

    it("takes the first zone that offers the type, and keeps it until another type is chosen", async () => {
        for (const [instanceType, zone] of [
            [undefined, a],
            ["t3.micro", a],
            ["t2.micro", b],
        ] as const) {
            const { get } = await deploy(() => new LabVpc("a", { ...args, instanceType }), {}, [], t2There);
            assert.strictEqual(get("a-subnet").inputs["availabilityZone"], zone);
            const { replacementTrigger, ignoreChanges, inputs } = get("a-zone");
            // Where none is given the trigger is what it was when the default was t2.micro, or the subnets of then are replaced.
            assert.deepStrictEqual(replacementTrigger, [instanceType ?? "t2.micro", "default"]);
            assert.deepStrictEqual(ignoreChanges, ["input"]);
            assert.deepStrictEqual(inputs["input"], {
                zone,
                instanceType: instanceType ?? "t3.micro",
                defaultType: "t3.micro",
            });
        }
    });

    it("keeps the default type and the zone of a stack that a version with another default has made", async () => {
        assert.deepStrictEqual(await kept(b, {}, t2There), [b, "t2.micro"]);
        assert.deepStrictEqual(await kept(b, { instanceType: "t2.micro" }, t2There), [b, "t2.micro"]);
        assert.deepStrictEqual(await kept(b, { instanceType: "c5.large" }, offering(["c5.large", a])), [b, "c5.large"]);
        const once = { zone: b, instanceType: "t3.nano", defaultType: "t3.nano" };
        assert.deepStrictEqual(await kept(once, {}, t2There), [b, "t3.nano"]);
    });

    it("keeps the zone when t2.micro is chosen or no more, but for one that does not offer the type", async () => {
        const both = offering(["t3.micro", a], ["t2.micro", a], ["t3.micro", b], ["t2.micro", b]);
        const byDefault = { zone: a, instanceType: "t3.micro", defaultType: "t3.micro" };
        const byChoice = { zone: b, instanceType: "t2.micro", defaultType: "t3.micro" };
        const t2 = { instanceType: "t2.micro" };
        assert.deepStrictEqual(await kept(byDefault, {}, t2There), [a, "t3.micro"]);
        assert.deepStrictEqual(await kept(byDefault, t2, both), [a, "t2.micro"]);
        assert.deepStrictEqual(await kept(byDefault, t2, t2There), [b, "t2.micro"]);
        assert.deepStrictEqual(await kept(byChoice, t2, t2There), [b, "t2.micro"]);
        assert.deepStrictEqual(await kept(byChoice, {}, both), [b, "t3.micro"]);
        assert.deepStrictEqual(await kept(byChoice, {}, t2There), [a, "t3.micro"]);
        // What is not offered there any more runs on.
        assert.deepStrictEqual(await kept({ ...byDefault, zone: b }, {}, t2There), [b, "t3.micro"]);
    });

    it("takes the default on mocks that keep nothing", async () => {
        assert.deepStrictEqual(await kept(undefined, {}, t2There), [a, "t3.micro"]);
    });

    it("creates nothing in a region that does not offer the type, and names one that it does", async () => {
        for (const [offers, instead] of [
            [offering(["t3.small", "ap-northeast-2b"], ["t2.micro", "ap-northeast-2d"]), "t3.small"],
            [offering(), "t3.micro"],
        ] as const) {
            const { messages, made } = await failure(() => new LabVpc("a", args), offers);
            const line = `  instanceType = "t3.micro": is not offered in any zone of the region (ap-northeast-2a, ap-northeast-2b); choose another type, such as ${instead}, or another region`;
            assert.ok(messages.includes(`LabVpc a has 1 problem; nothing was changed:\n${line}`), messages);
            assert.deepStrictEqual(made, []);
        }
    });

    it("frees the server's private address before it makes another server", async () => {
        const { get } = await deploy(() => new LabVpc("a", args));
        assert.strictEqual(get("a-server").deleteBeforeReplace, true);
    });

    it("replaces the internet gateway with its VPC, the subnet after the old one, and the group before it", async () => {
        const { get } = await deploy(() => new LabVpc("a", args));
        assert.deepStrictEqual(get("a-internet-gateway").replaceOnChanges, ["vpcId"]);
        assert.strictEqual(get("a-subnet").deleteBeforeReplace, true);
        assert.strictEqual(get("a-security-group").deleteBeforeReplace, false);
    });

    it("names and tags everything as told", async () => {
        const { registrations, get } = await deploy(
            () =>
                new LabVpc("a", {
                    ...args,
                    side: 2,
                    prefix: "me",
                    label: "Blue",
                    instanceType: "t3.nano",
                    tags: { team: "network", Name: "x" },
                }),
        );
        const tags = registrations.flatMap(({ inputs }) => (inputs["tags"] ? [inputs["tags"]] : []));
        assert.strictEqual(tags.length, 10);
        for (const tag of tags) {
            assert.match(JSON.stringify(tag), /"team":"network"/);
            assert.match(JSON.stringify(tag), /"Name":"me(Blue|VPCPeering-)/);
        }
        assert.strictEqual(get("a-server").inputs["instanceType"], "t3.nano");
        assert.match(String(get("a-server").inputs["userData"]), /VPC Peering Lab - Blue Web Server/);
        assert.deepStrictEqual(get("a-route-table").inputs["tags"], { team: "network", Name: "meVPCPeering-RT2" });
    });

    it("adds secondary blocks, named after themselves, and gives its VPC's id only when it has them", async () => {
        let made: LabVpc | undefined;
        let follower: pulumi.Resource | undefined;
        const secondaryCidrBlocks = ["10.43.0.0/16", "100.64.0.0/16"];
        const { registrations, get } = await deploy(() => {
            made = new LabVpc("a", { ...args, secondaryCidrBlocks });
            follower = new pulumi.Stash("follower", { input: made.vpcId });
        });
        for (const cidrBlock of secondaryCidrBlocks) {
            const { type, inputs, parent } = get(`a-${cidrBlock}`);
            assert.deepStrictEqual(
                { type, inputs, parent },
                {
                    type: "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation",
                    inputs: { vpcId: "id-of-a-vpc", cidrBlock },
                    parent: "a",
                },
            );
        }
        assert.strictEqual(registrations.length, Object.keys(expected).length + 4);
        assert.ok(made && follower);
        assert.deepStrictEqual(made.cidrBlocks, ["10.41.0.0/16", ...secondaryCidrBlocks]);
        assert.strictEqual(get("follower").inputs["input"], "id-of-a-vpc");
        assert.deepStrictEqual(get("follower").dependencies, ["a-10.43.0.0/16", "a-100.64.0.0/16", "a-vpc"]);
    });

    it("has no DNS hostnames when told so, and one block by default", async () => {
        let made: LabVpc | undefined;
        const { get } = await deploy(() => (made = new LabVpc("a", { ...args, dnsHostnames: false })));
        assert.strictEqual(get("a-vpc").inputs["enableDnsHostnames"], false);
        assert.strictEqual(get("a-vpc").inputs["enableDnsSupport"], true);
        assert.deepStrictEqual(made?.cidrBlocks, ["10.41.0.0/16"]);
    });

    it("hands its provider on to everything that it makes and asks", async () => {
        const { registrations, calls } = await deploy(() => {
            const provider = new aws.Provider("elsewhere", { region: "eu-central-1" });
            new LabVpc("a", args, { providers: { aws: provider } });
        });
        const made = registrations.filter(({ type }) => type.startsWith("aws:"));
        assert.strictEqual(made.length, 12);
        for (const { name, provider } of made) {
            assert.strictEqual(provider, "id-of-elsewhere", name);
        }
        assert.deepStrictEqual(
            calls.map(({ provider }) => provider?.split("::").at(-1)),
            Array.from({ length: 5 }, () => "id-of-elsewhere"),
        );
    });

    it("refuses what AWS would refuse, all at once, before it makes anything", async () => {
        let error: unknown;
        const { registrations } = await deploy(() => {
            try {
                new LabVpc("a", {
                    ...args,
                    prefix: "-",
                    label: "Ünder",
                    cidrBlock: "10.41.1.0/16",
                    secondaryCidrBlocks: ["all"],
                    privateIp: "10.41.1.1",
                    sshCidrs: ["anywhere"],
                    icmpCidrs: ["10.0.0.0/8", "10.0.0.0/8"],
                });
            } catch (caught) {
                error = caught;
            }
        });
        assert.ok(pulumi.ResourceError.isInstance(error) && error.hideStack);
        assert.strictEqual(
            error.message,
            [
                "LabVpc a has 7 problems; nothing was changed:",
                '  cidrBlock = "10.41.1.0/16": has bits set behind its prefix; the block is 10.41.0.0/16',
                '  secondaryCidrBlocks[0] = "all": is not an IPv4 CIDR block; write ADDRESS/PREFIX, such as 10.41.0.0/16',
                '  privateIp = "10.41.1.1": is one of the five that AWS reserves in every subnet; choose another address in 10.41.1.0/24, such as 10.41.1.100',
                '  sshCidrs[0] = "anywhere": is not an IPv4 CIDR block; write ADDRESS/PREFIX, such as 10.41.0.0/16',
                '  icmpCidrs[1] = "10.0.0.0/8": is listed twice; leave one of them out',
                '  prefix = "-": may have letters, digits and hyphens only, begins with a letter and has 20 characters at most',
                '  label = "Ünder": may have letters, digits and hyphens only, begins with a letter and has 20 characters at most',
            ].join("\n"),
        );
        assert.deepStrictEqual(
            registrations.map(({ name }) => name),
            ["a"],
        );
    });
});
