import * as assert from "assert";
import * as pulumi from "@pulumi/pulumi";
import { isolated } from "../components/lab/expectations";
import type { PeeredVpcPairArgs } from "../components/lab/pairArgs";
import { PeeredVpcPair } from "../components/lab/peeredVpcPair";
import { deploy, elsewhere, ownerId, valueOf, type Deployment } from "./mocks";

/** Tags of the connection, with its owner's. */
const owned = { Name: "labVPCPeering", "pulumi-vpc-peering": `vpc-peering-lab/test/p-peering/${ownerId}` };

const args: PeeredVpcPairArgs = {
    requester: { cidrBlock: "10.41.0.0/16", subnetCidrBlock: "10.41.1.0/24", privateIp: "10.41.1.100" },
    accepter: { cidrBlock: "10.42.0.0/16", subnetCidrBlock: "10.42.1.0/24", privateIp: "10.42.1.100" },
    peering: true,
    keyName: "key",
};

const connectionId = "id-of-p-peering-connection";

/** Everything of both sides, which has to be there before the peering and to outlive it. */
const base = ["requester", "accepter"].flatMap((side) =>
    [
        "vpc",
        "internet-gateway",
        "route-table",
        "default-route",
        "subnet",
        "route-table-association",
        "security-group",
        "pings",
        "place",
        "egress",
        "ami",
        "zone",
        "server",
    ].map((part) => `p-${side}-${part}`),
);

function http(side: string, source: string) {
    return {
        type: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        inputs: {
            securityGroupId: `id-of-p-${side}-security-group`,
            cidrIpv4: source,
            ipProtocol: "tcp",
            fromPort: 80,
            toPort: 80,
            tags: { Name: "labVPCPeering" },
        },
        after: ["p-peering-accepter", `p-${side}-security-group`, "p-requests", "p-stage"],
    };
}

function route(side: string, destination: string) {
    return {
        type: "aws:ec2/route:Route",
        inputs: {
            routeTableId: `id-of-p-${side}-route-table`,
            destinationCidrBlock: destination,
            vpcPeeringConnectionId: connectionId,
        },
        after: ["p-peering-accepter", `p-${side}-route-table`, "p-stage"],
    };
}

function dnsResolution(side: string, allow: boolean) {
    return {
        type: "aws:ec2/peeringConnectionOptions:PeeringConnectionOptions",
        inputs: { vpcPeeringConnectionId: connectionId, [side]: { allowRemoteVpcDnsResolution: allow } },
        after: ["p-peering-accepter"],
    };
}

/** Everything that act 2 makes: type, inputs and what must be there before. */
const peering: Record<string, { type: string; inputs: object; after: string[] }> = {
    "p-peering-connection": {
        type: "aws:ec2/vpcPeeringConnection:VpcPeeringConnection",
        inputs: {
            vpcId: "id-of-p-requester-vpc",
            peerVpcId: "id-of-p-accepter-vpc",
            tags: owned,
        },
        after: ["p-peering-owner", "p-stage", ...base],
    },
    "p-peering-owner": { type: "pulumi:index:Stash", inputs: {}, after: [] },
    "p-peering-accepter": {
        type: "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter",
        inputs: { vpcPeeringConnectionId: connectionId, autoAccept: true, tags: owned },
        after: ["p-peering-connection", "p-peering-owner"],
    },
    "p-peering-requester-public-10.42.0.0/16": route("requester", "10.42.0.0/16"),
    "p-peering-accepter-public-10.41.0.0/16": route("accepter", "10.41.0.0/16"),
    "p-peering-requester-server-tcp-80-10.42.0.0/16": http("requester", "10.42.0.0/16"),
    "p-peering-accepter-server-tcp-80-10.41.0.0/16": http("accepter", "10.41.0.0/16"),
    "p-peering-requester-dns-resolution": dnsResolution("requester", true),
    "p-peering-accepter-dns-resolution": dnsResolution("accepter", true),
};

const names = ({ registrations }: Deployment): string[] => registrations.map(({ name }) => name).sort();

describe("PeeredVpcPair", () => {
    it("makes nothing of the peering while peering is off", async () => {
        let pair: PeeredVpcPair | undefined;
        const base = await deploy(() => (pair = new PeeredVpcPair("p", { ...args, peering: false })));
        const sideParts = names(base).filter((name) => name.startsWith("p-requester"));
        assert.deepStrictEqual(
            names(base),
            [
                "p",
                "p-requests",
                "p-stage",
                ...sideParts,
                ...sideParts.map((name) => name.replace("requester", "accepter")),
            ].sort(),
        );
        assert.ok(!base.registrations.some(({ type }) => /peering/i.test(type.split(":")[1] ?? "")));
        assert.ok(pair);
        assert.strictEqual(pair.peering, undefined);
        assert.strictEqual(await valueOf(pair.stage), "isolated");
        assert.deepStrictEqual(await valueOf(pair.expect), [isolated, isolated]);
    });

    it("adds just the peering when it is turned on, and leaves the base as it is", async () => {
        const base = await deploy(() => new PeeredVpcPair("p", { ...args, peering: false }));
        assert.deepStrictEqual(names(peered), [...names(base), "p-peering", ...Object.keys(peering)].sort());
        for (const registration of base.registrations.filter(({ name }) => name !== "p-stage")) {
            assert.deepStrictEqual(peered.get(registration.name), registration);
        }
    });

    let peered: Deployment;
    // For each test anew, so that mutation testing knows which code each of them runs.
    beforeEach(async () => {
        peered = await deploy(() => new PeeredVpcPair("p", args));
    });

    for (const [name, { type, inputs, after }] of Object.entries(peering)) {
        it(`makes ${name}`, () => {
            const found = peered.get(name);
            assert.deepStrictEqual(
                { type: found.type, inputs: found.inputs, parent: found.parent, after: found.dependencies },
                { type, inputs, parent: "p-peering", after: after.sort() },
            );
        });
    }

    it("replaces the stage when it changes, and deletes it, and so what depends on it, first", async () => {
        for (const [on, stage] of [
            [false, "isolated"],
            [true, "reachable"],
        ] as const) {
            const { get } = await deploy(() => new PeeredVpcPair("p", { ...args, peering: on }));
            const { type, parent, inputs, replacementTrigger, deleteBeforeReplace } = get("p-stage");
            assert.deepStrictEqual(
                { type, parent, inputs, replacementTrigger, deleteBeforeReplace },
                {
                    type: "pulumi:index:Stash",
                    parent: "p",
                    inputs: { input: stage },
                    replacementTrigger: stage,
                    deleteBeforeReplace: true,
                },
            );
        }
    });

    it("accepts another owner's request on the accepter's side, once all of its VPCs are there", async () => {
        const theirs = { ...args, manageRequester: false, peeringConnectionId: "pcx-1" };
        const request = {
            id: "pcx-1",
            status: "pending-acceptance",
            vpcId: "id-of-p-requester-vpc",
            peerVpcId: "id-of-p-accepter-vpc",
            cidrBlockSets: [],
            ownerId: "111111111111",
        };
        const deployment = await deploy(() => new PeeredVpcPair("p", theirs), {}, [], {
            ...elsewhere,
            "aws:ec2/getVpcPeeringConnection:getVpcPeeringConnection": () => request,
        });
        assert.strictEqual(deployment.get("p-stage").inputs["input"], "accepted");
        assert.deepStrictEqual(
            names(deployment).filter((name) => name.startsWith("p-peering-")),
            Object.keys(peering)
                .filter((name) => /^p-peering-(accepter|owner)/.test(name))
                .sort(),
        );
        assert.deepStrictEqual(deployment.get("p-peering-accepter").dependencies, ["p-stage", ...base].sort());
    });

    it("gives each side its number, what is its own and what is shared", async () => {
        const { get } = await deploy(
            () =>
                new PeeredVpcPair("p", {
                    ...args,
                    accepter: { ...args.accepter, label: "Other", instanceType: "t3.nano" },
                    prefix: "me",
                    tags: { team: "network" },
                }),
        );
        assert.deepStrictEqual(get("p-requester-vpc").inputs["tags"], { team: "network", Name: "meVPC1" });
        assert.deepStrictEqual(get("p-accepter-vpc").inputs["tags"], { team: "network", Name: "meOther" });
        assert.deepStrictEqual(get("p-accepter-route-table").inputs["tags"], {
            team: "network",
            Name: "meVPCPeering-RT2",
        });
        assert.deepStrictEqual(get("p-peering-connection").inputs["tags"], {
            ...owned,
            team: "network",
            Name: "meVPCPeering",
        });
        assert.deepStrictEqual(get("p-peering-accepter").inputs["tags"], {
            ...owned,
            team: "network",
            Name: "meVPCPeering",
        });
        assert.deepStrictEqual(get("p-peering-accepter-server-tcp-80-10.41.0.0/16").inputs["tags"], {
            team: "network",
            Name: "meVPCPeering",
        });
        assert.strictEqual(get("p-requester-server").inputs["instanceType"], "t3.micro");
        assert.strictEqual(get("p-accepter-server").inputs["instanceType"], "t3.nano");
        assert.strictEqual(get("p-accepter-server").inputs["keyName"], "key");
    });

    it("turns DNS resolution off when told to", async () => {
        const { get } = await deploy(() => new PeeredVpcPair("p", { ...args, dnsResolution: false }));
        for (const side of ["requester", "accepter"]) {
            assert.deepStrictEqual(get(`p-peering-${side}-dns-resolution`).inputs, dnsResolution(side, false).inputs);
        }
    });

    it("exposes the connection and the path of the packets", async () => {
        let pair: PeeredVpcPair | undefined;
        const { outputs } = await deploy(() => (pair = new PeeredVpcPair("p", args)));
        assert.ok(pair?.peering);
        assert.strictEqual(await valueOf(pair.stage), "reachable");
        assert.strictEqual(await valueOf(pair.peering.connectionId), connectionId);
        assert.strictEqual(await valueOf(pair.peering.status.requester), "active");
        assert.strictEqual(await valueOf(pair.peering.status.accepter), "active");
        const path = await valueOf(pair.path);
        assert.deepStrictEqual(
            path.slice(0, 8).sort(),
            [
                "reachable",
                ...Object.keys(peering)
                    .filter((name) => !/^p-peering-(accepter|owner)$/.test(name))
                    .map((name) => `id-of-${name}`),
            ].sort(),
        );
        assert.ok(path.includes("id-of-p-requester-server") && path.includes("id-of-p-accepter-server"));
        assert.deepStrictEqual(outputs.get("p"), ["expect", "path", "stage"]);
    });

    it("puts the stage on the path of an isolated pair too", async () => {
        let pair: PeeredVpcPair | undefined;
        await deploy(() => (pair = new PeeredVpcPair("p", { ...args, peering: false })));
        assert.ok(pair);
        const path = await valueOf(pair.path);
        assert.strictEqual(path[0], "isolated");
        assert.ok(path.includes("id-of-p-requester-server") && path.includes("id-of-p-accepter-server"));
    });

    it("stands beside another pair with another prefix", async () => {
        const { registrations } = await deploy(() => {
            new PeeredVpcPair("p", args);
            new PeeredVpcPair("q", { ...args, prefix: "other" });
        });
        const urns = registrations.map(({ type, name }) => `${type} ${name}`);
        assert.strictEqual(new Set(urns).size, urns.length);
        const nameTags = (pair: string): string[] =>
            registrations.flatMap(({ name, inputs }) =>
                name.startsWith(`${pair}-`) && inputs["tags"] ? [(inputs["tags"] as { Name: string }).Name] : [],
            );
        assert.deepStrictEqual(
            nameTags("q").sort(),
            nameTags("p")
                .map((name) => name.replace(/^lab/, "other"))
                .sort(),
        );
    });

    const refusals: { what: string; change: Partial<PeeredVpcPairArgs>; lines: string[] }[] = [
        {
            what: "equal blocks",
            change: { accepter: args.requester },
            lines: [
                '  accepter.cidrBlock = "10.41.0.0/16": equals requester.cidrBlock, and AWS peers only VPCs whose blocks are apart (VPC Peering Guide, "VPC peering limitations"); choose another block for one of them',
            ],
        },
        {
            what: "a requester inside the accepter, a wrong prefix once, and equal labels",
            change: {
                prefix: "1",
                requester: { ...args.requester, label: "A" },
                accepter: {
                    label: "A",
                    cidrBlock: "10.40.0.0/16",
                    subnetCidrBlock: "10.42.1.0/24",
                    privateIp: "10.42.1.100",
                },
            },
            lines: [
                '  prefix = "1": may have letters, digits and hyphens only, begins with a letter and has 20 characters at most',
                '  accepter.subnetCidrBlock = "10.42.1.0/24": is not inside its VPC\'s block; choose a part of 10.40.0.0/16',
                '  accepter.label = "A": is the requester\'s label too; choose another one for one of them',
            ],
        },
    ];
    for (const { what, change, lines } of refusals) {
        it(`refuses ${what}, before it makes anything`, async () => {
            let error: unknown;
            const { registrations } = await deploy(() => {
                try {
                    new PeeredVpcPair("p", { ...args, ...change });
                } catch (caught) {
                    error = caught;
                }
            });
            assert.ok(error instanceof Error);
            assert.ok(pulumi.ResourceError.isInstance(error) && error.hideStack);
            const count = lines.length === 1 ? "1 problem" : `${lines.length} problems`;
            assert.deepStrictEqual(error.message.split("\n"), [
                `PeeredVpcPair p has ${count}; nothing was changed:`,
                ...lines,
            ]);
            assert.deepStrictEqual(
                registrations.map(({ name }) => name),
                ["p"],
            );
        });
    }
});
