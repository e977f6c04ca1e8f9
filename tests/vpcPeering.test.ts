import * as assert from "assert";
import { mock } from "node:test";
import { Provider } from "@pulumi/aws/provider";
import * as pulumi from "@pulumi/pulumi";
import type { PeeringSideArgs, VpcPeeringArgs } from "../components/peering/peeringArgs";
import { VpcPeering } from "../components/peering/vpcPeering";
import { type Answers, deploy, type Deployment, elsewhere, failure, ownerId, valueOf, withStatus } from "./mocks";

const requester: PeeringSideArgs = {
    vpcId: "vpc-1",
    cidrBlocks: ["10.41.0.0/16"],
    routeTables: { main: "rtb-1" },
    securityGroups: { web: "sg-1" },
};
const accepter: PeeringSideArgs = {
    vpcId: "vpc-2",
    cidrBlocks: ["10.42.0.0/16"],
    routeTables: { main: "rtb-2" },
    securityGroups: { web: "sg-2" },
};
const args: VpcPeeringArgs = { requester, accepter, ports: ["tcp/80"] };
const id = "id-of-p-connection";
const tags = { Name: "p" };
/** Tags of the connection, which has its owner's besides. */
const owned = { ...tags, "pulumi-vpc-peering": `vpc-peering-lab/test/p/${ownerId}` };

const there = () => new Provider("there", { region: "us-west-2" });

/** Makes the peering `p`; arguments that need a provider are made within the program. */
async function peer(
    make: VpcPeeringArgs | (() => VpcPeeringArgs),
    answers: Answers = {},
    opts: () => pulumi.ComponentResourceOptions = () => ({}),
): Promise<Deployment & { peering: VpcPeering }> {
    let peering: VpcPeering | undefined;
    const deployment = await deploy(
        () => {
            peering = new VpcPeering("p", typeof make === "function" ? make() : make, opts());
        },
        {},
        [],
        answers,
    );
    assert.ok(peering);
    return { ...deployment, peering };
}

/** Everything that a peering registered, as it was registered: type, inputs, provider and what must be there before. */
function madeOf({ registrations }: Deployment): Record<string, object> {
    return Object.fromEntries(
        registrations
            .filter(({ parent, name }) => parent === "p" && name !== "p-owner")
            .map(({ type, name, inputs, provider, dependencies }) => [
                name,
                // All of the connection's tags wait for its owner's.
                {
                    type: type.split(":").at(-1),
                    inputs,
                    provider,
                    after: dependencies.filter((on) => on !== "p-owner"),
                },
            ]),
    );
}

/** Connections can't be read, and the engine says why. */
const unread = (details: string): Answers => ({
    ...elsewhere,
    "aws:ec2/getVpcPeeringConnection:getVpcPeeringConnection": () => {
        throw Object.assign(new Error(details), { details });
    },
});

const namesOf = ({ registrations }: Deployment): string[] =>
    registrations
        .map(({ name }) => name)
        .filter((name) => !name.endsWith("-owner"))
        .sort();

interface Part {
    provider?: string;
    after?: string[];
}

const connection = (inputs: object = {}, { provider = "", after = [] }: Part = {}) => ({
    type: "VpcPeeringConnection",
    inputs: { vpcId: "vpc-1", peerVpcId: "vpc-2", tags: owned, ...inputs },
    provider,
    after,
});
const acceptance = ({ provider = "" }: Part = {}) => ({
    type: "VpcPeeringConnectionAccepter",
    inputs: { vpcPeeringConnectionId: id, autoAccept: true, tags: owned },
    provider,
    after: ["p-connection"],
});
const route = (
    routeTableId: string,
    destinationCidrBlock: string,
    { provider = "", after = ["p-accepter"] }: Part = {},
) => ({
    type: "Route",
    inputs: { routeTableId, destinationCidrBlock, vpcPeeringConnectionId: id },
    provider,
    after,
});
const rule = (securityGroupId: string, source: object, { provider = "", after = ["p-accepter"] }: Part = {}) => ({
    type: "SecurityGroupIngressRule",
    inputs: { securityGroupId, ...source, ipProtocol: "tcp", fromPort: 80, toPort: 80, tags },
    provider,
    after,
});
const dnsOption = (side: string, allow: boolean, { provider = "", after = ["p-accepter"] }: Part = {}) => ({
    type: "PeeringConnectionOptions",
    inputs: { vpcPeeringConnectionId: id, [side]: { allowRemoteVpcDnsResolution: allow } },
    provider,
    after: [...after].sort(),
});
describe("VpcPeering", () => {
    it("connects two VPCs of one provider without asking where they are", async () => {
        const deployment = await peer(args);
        assert.deepStrictEqual(madeOf(deployment), {
            "p-connection": connection(),
            "p-accepter": acceptance(),
            "p-requester-main-10.42.0.0/16": route("rtb-1", "10.42.0.0/16"),
            "p-accepter-main-10.41.0.0/16": route("rtb-2", "10.41.0.0/16"),
            "p-requester-web-tcp-80-10.42.0.0/16": rule("sg-1", { cidrIpv4: "10.42.0.0/16" }),
            "p-accepter-web-tcp-80-10.41.0.0/16": rule("sg-2", { cidrIpv4: "10.41.0.0/16" }),
        });
        assert.deepStrictEqual(
            deployment.calls.map(({ token, inputs }) => [token.split(":").at(-1), (inputs as { id: string }).id]),
            [
                ["getVpcPeeringConnection", id],
                ["getVpcPeeringConnection", id],
            ],
        );
        assert.strictEqual(deployment.get("p").type, "vpc-peering-lab:components:VpcPeering");
        assert.deepStrictEqual(deployment.outputs.get("p"), [
            "connectionId",
            "expires",
            "otherOwner",
            "path",
            "routes",
            "rules",
            "status",
        ]);
        const { connectionId, expires, otherOwner, path } = deployment.peering;
        assert.strictEqual(await valueOf(connectionId), id);
        assert.strictEqual(await valueOf(expires), null);
        assert.deepStrictEqual(await valueOf(otherOwner), []);
        const parts = Object.keys(madeOf(deployment)).filter((name) => name !== "p-accepter");
        assert.deepStrictEqual((await valueOf(path)).sort(), parts.map((name) => `id-of-${name}`).sort());
    });

    it("makes only the connection where nothing else is known of the two VPCs", async () => {
        const deployment = await peer({
            requester: { vpcId: "vpc-1", cidrBlocks: ["10.41.0.0/16"] },
            accepter: { vpcId: "vpc-2", cidrBlocks: ["10.42.0.0/16"] },
            tags: { team: "network", Name: "mine" },
        });
        assert.deepStrictEqual(namesOf(deployment), ["p", "p-accepter", "p-connection"]);
        for (const name of ["p-accepter", "p-connection"]) {
            assert.deepStrictEqual(deployment.get(name).inputs["tags"], { ...owned, team: "network", Name: "mine" });
        }
    });

    it("goes each way through the side's own provider, in two regions and accounts", async () => {
        const deployment = await peer(
            () => ({
                ...args,
                requester: { ...requester, provider: new Provider("here", { region: "us-east-1" }) },
                accepter: { ...accepter, provider: there() },
                dnsResolution: true,
            }),
            elsewhere,
        );
        const [here, far] = [{ provider: "id-of-here" }, { provider: "id-of-there" }];
        assert.deepStrictEqual(madeOf(deployment), {
            "p-connection": connection({ peerRegion: "us-west-2", peerOwnerId: "222222222222" }, here),
            "p-accepter": acceptance(far),
            "p-requester-main-10.42.0.0/16": route("rtb-1", "10.42.0.0/16", here),
            "p-accepter-main-10.41.0.0/16": route("rtb-2", "10.41.0.0/16", far),
            "p-requester-web-tcp-80-10.42.0.0/16": rule("sg-1", { cidrIpv4: "10.42.0.0/16" }, here),
            "p-accepter-web-tcp-80-10.41.0.0/16": rule("sg-2", { cidrIpv4: "10.41.0.0/16" }, far),
            "p-requester-dns-resolution": dnsOption("requester", true, {
                ...here,
                after: ["p-accepter"],
            }),
            "p-accepter-dns-resolution": dnsOption("accepter", true, far),
        });
        assert.deepStrictEqual(
            deployment.calls
                .map(({ token, provider }) => `${token.split(":").at(-1)} ${provider?.split("::").at(-1)}`)
                .sort(),
            ["getCallerIdentity", "getRegion", "getVpcPeeringConnection"].flatMap((call) => [
                `${call} id-of-here`,
                `${call} id-of-there`,
            ]),
        );
    });

    it("names the accepter's region only, or account only, where only that differs", async () => {
        const both = (own: () => VpcPeeringArgs, answers: Answers) => peer(own, { ...elsewhere, ...answers });
        const own = () => ({ requester, accepter: { ...accepter, provider: there() } });
        const region = await both(own, {
            "aws:index/getCallerIdentity:getCallerIdentity": () => ({ accountId: "111111111111" }),
        });
        assert.deepStrictEqual(madeOf(region)["p-connection"], connection({ peerRegion: "us-west-2" }));
        const account = await both(own, { "aws:index/getRegion:getRegion": () => ({ region: "us-east-1" }) });
        assert.deepStrictEqual(madeOf(account)["p-connection"], connection({ peerOwnerId: "222222222222" }));
    });

    it("gives everything to the provider that the component has, which needs no region", async () => {
        const deployment = await peer({ ...args, dnsResolution: false }, {}, () => ({ providers: { aws: there() } }));
        const made = deployment.registrations.filter(({ type }) => type.startsWith("aws:"));
        assert.strictEqual(made.length, 8);
        assert.deepStrictEqual([...new Set(made.map(({ provider }) => provider))], ["id-of-there"]);
        assert.deepStrictEqual(deployment.get("p-accepter-dns-resolution").inputs, dnsOption("accepter", false).inputs);
        assert.strictEqual(deployment.get("p-connection").inputs["peerRegion"], undefined);
    });

    it("comes after what it is told to", async () => {
        for (const many of [true, false]) {
            const deployment = await peer(args, {}, () => {
                const before = new pulumi.Stash("before", { input: 1 });
                return { dependsOn: many ? [before] : before };
            });
            assert.deepStrictEqual(madeOf(deployment)["p-connection"], connection({}, { after: ["before"] }));
        }
    });

    it("lets a request accept itself", async () => {
        const after = ["p-connection"];
        assert.deepStrictEqual(madeOf(await peer({ ...args, autoAccept: true, dnsResolution: true })), {
            "p-connection": connection({ autoAccept: true }),
            "p-requester-main-10.42.0.0/16": route("rtb-1", "10.42.0.0/16", { after }),
            "p-accepter-main-10.41.0.0/16": route("rtb-2", "10.41.0.0/16", { after }),
            "p-requester-web-tcp-80-10.42.0.0/16": rule("sg-1", { cidrIpv4: "10.42.0.0/16" }, { after }),
            "p-accepter-web-tcp-80-10.41.0.0/16": rule("sg-2", { cidrIpv4: "10.41.0.0/16" }, { after }),
            "p-requester-dns-resolution": dnsOption("requester", true, {
                after,
            }),
            "p-accepter-dns-resolution": dnsOption("accepter", true, { after }),
        });
    });

    for (const [details, status] of [
        ["RequestLimitExceeded", "active"],
        ["no matching EC2 VPC Peering Connection found", "deleted"],
    ] as const) {
        it(`has the status ${status} when all is made and a look at the connection ends with ${details}`, async () => {
            const { peering } = await peer(args, unread(details));
            assert.strictEqual(await valueOf(peering.status.requester), status);
            assert.strictEqual(await valueOf(peering.status.accepter), status);
        });
    }

    it("has the status as each side's owner is told it", async () => {
        const { peering } = await peer(() => ({ ...args, accepter: { ...accepter, provider: there() } }), {
            ...elsewhere,
            "aws:ec2/getVpcPeeringConnection:getVpcPeeringConnection": (_, provider) => ({
                status: provider === "there" ? "pending-acceptance" : "active",
            }),
        });
        assert.strictEqual(await valueOf(peering.status.requester), "active");
        assert.strictEqual(await valueOf(peering.status.accepter), "pending-acceptance");
    });
});

describe("VpcPeering with other arguments of one resource", () => {
    const isRule = (type: string): boolean => type.endsWith(":SecurityGroupIngressRule");

    it("makes what its transformations return, on mocks too", async () => {
        const deployment = await peer(args, {}, () => ({
            transformations: [
                ({ type, props, opts }) =>
                    isRule(type) ? { props: { ...props, description: "NET-1234" }, opts } : undefined,
            ],
        }));
        const described = deployment.registrations.filter(({ inputs }) => inputs["description"] === "NET-1234");
        assert.deepStrictEqual(described.map(({ name }) => name).sort(), [
            "p-accepter-web-tcp-80-10.41.0.0/16",
            "p-requester-web-tcp-80-10.42.0.0/16",
        ]);
    });
});

describe("VpcPeering, each side's own", () => {
    it("opens the side's ports and sets the side's DNS option, or else the peering's", async () => {
        const deployment = await peer({
            ...args,
            requester: { ...requester, ports: [] },
            accepter: { ...accepter, ports: ["tcp/8000-8100", "icmp"], dnsResolution: true },
        });
        assert.deepStrictEqual(
            namesOf(deployment).filter((name) => /-(web|dns)-/.test(name)),
            [
                "p-accepter-dns-resolution",
                "p-accepter-web-icmp-10.41.0.0/16",
                "p-accepter-web-tcp-8000-8100-10.41.0.0/16",
            ],
        );
        const { get } = await peer({
            ...args,
            dnsResolution: true,
            requester: { ...requester, dnsResolution: false },
        });
        assert.deepStrictEqual(
            get("p-requester-dns-resolution").inputs,
            dnsOption("requester", false, { after: [] }).inputs,
        );
        assert.deepStrictEqual(
            get("p-accepter-dns-resolution").inputs,
            dnsOption("accepter", true, { after: [] }).inputs,
        );
    });

    it("tells another owner of the accepter's ports and option", async () => {
        const commandsOf = async (change: Partial<VpcPeeringArgs>) => {
            const foreign = { ...args, ...change, manageAccepter: false };
            const { peering } = await peer(foreign, withStatus("pending-acceptance"));
            return (await valueOf(peering.otherOwner)).join("\n");
        };
        const theirs = await commandsOf({
            requester: { ...requester, ports: ["tcp/1"], dnsResolution: false },
            accepter: { ...accepter, ports: ["icmp/8"], dnsResolution: true },
        });
        assert.match(
            theirs,
            /'\[{"IpProtocol":"icmp","FromPort":8,"ToPort":-1,"IpRanges":\[{"CidrIp":"10.41.0.0\/16"}\]}\]'/,
        );
        assert.match(theirs, /--accepter-peering-connection-options AllowDnsResolutionFromRemoteVpc=true/);
        const ours = await commandsOf({
            dnsResolution: true,
            requester: { ...requester, ports: ["tcp/1"] },
            accepter: { ...accepter, ports: [], dnsResolution: false },
        });
        assert.doesNotMatch(ours, /authorize-security-group-ingress|modify-vpc-peering-connection-options/);
    });
});

describe("VpcPeering, tables and groups", () => {
    it("have the names of a map, or each its id as its name", async () => {
        const deployment = await peer({
            requester: { ...requester, routeTables: { main: pulumi.output("rtb-1") }, securityGroups: undefined },
            accepter: { ...accepter, routeTables: ["rtb-2", "rtb-3"], securityGroups: ["sg-2"] },
            ports: ["tcp/80"],
            requestsFrom: "requester",
        });
        assert.deepStrictEqual(madeOf(deployment), {
            "p-connection": connection(),
            "p-accepter": acceptance(),
            "p-requester-main-10.42.0.0/16": route("rtb-1", "10.42.0.0/16"),
            "p-accepter-rtb-2-10.41.0.0/16": route("rtb-2", "10.41.0.0/16"),
            "p-accepter-rtb-3-10.41.0.0/16": route("rtb-3", "10.41.0.0/16"),
            "p-accepter-sg-2-tcp-80-10.41.0.0/16": rule("sg-2", { cidrIpv4: "10.41.0.0/16" }),
        });
    });

    it("are named as sources and to another owner by their ids", async () => {
        const { get } = await peer({
            ...args,
            ingressFrom: "group",
            requester: { ...requester, securityGroups: ["sg-1"] },
        });
        assert.strictEqual(get("p-accepter-web-tcp-80-group-sg-1").inputs["referencedSecurityGroupId"], "sg-1");
        const { peering } = await peer(
            { ...args, accepter: { ...accepter, routeTables: ["rtb-9"] }, manageAccepter: false },
            withStatus("pending-acceptance"),
        );
        assert.match((await valueOf(peering.otherOwner))[2] ?? "", / --route-table-id rtb-9 /);
    });

    it("are refused as a list that has one twice, or one that is not known yet", async () => {
        let message = "";
        await deploy(() => {
            try {
                new VpcPeering("p", {
                    requester: { ...requester, routeTables: ["rtb-1", "rtb-1"] },
                    accepter: {
                        ...accepter,
                        // @ts-expect-error -- only JavaScript gets this far.
                        routeTables: ["rtb-2", pulumi.output("rtb-3"), pulumi.output("rtb-3")],
                        // @ts-expect-error -- and this.
                        securityGroups: [pulumi.output("sg-2")],
                    },
                });
            } catch (caught) {
                message = (caught as Error).message;
            }
        });
        const unknown = (map: string): string =>
            `is not known until it is made, so it can't name resources; give a map with names of your own, such as ${map}`;
        assert.deepStrictEqual(message.split("\n"), [
            "VpcPeering p has 4 problems; no connection was requested:",
            '  requester.routeTables[1] = "rtb-1": is listed twice; leave one of them out',
            `  accepter.routeTables[1]: ${unknown("{ main: table.id }")}`,
            `  accepter.routeTables[2]: ${unknown("{ main: table.id }")}`,
            `  accepter.securityGroups[0]: ${unknown("{ web: group.id }")}`,
        ]);
    });
});

describe("VpcPeering, rules", () => {
    const rulesOf = (deployment: Deployment): [string, object][] =>
        Object.entries(madeOf(deployment)).filter(([name]) => name.includes("-web-"));

    it("lets requests in on the side that is asked only, with routes both ways", async () => {
        for (const [requestsFrom, asked] of [
            ["requester", "p-accepter-web-tcp-80-10.41.0.0/16"],
            ["accepter", "p-requester-web-tcp-80-10.42.0.0/16"],
        ] as const) {
            const deployment = await peer({ ...args, requestsFrom });
            assert.deepStrictEqual(
                rulesOf(deployment).map(([name]) => name),
                [asked],
            );
            assert.strictEqual(deployment.registrations.filter(({ type }) => type.endsWith(":Route")).length, 2);
        }
        assert.strictEqual(rulesOf(await peer({ ...args, requestsFrom: "both" })).length, 2);
    });

    it("opens each port to each source in each group, and no port by default", async () => {
        const many = {
            ...args,
            requestsFrom: "requester",
            ports: ["tcp/443", "udp/53"],
            requester: { ...requester, cidrBlocks: ["10.41.0.0/16", "100.64.0.0/16"] },
            accepter: { ...accepter, securityGroups: { web: "sg-2", db: "sg-3" } },
        } as const;
        const deployment = await peer(many);
        assert.deepStrictEqual(
            namesOf(deployment).filter((name) => /-(tcp|udp)-/.test(name)),
            ["db", "web"].flatMap((group) =>
                ["tcp-443", "udp-53"].flatMap((port) =>
                    ["10.41.0.0/16", "100.64.0.0/16"].map((block) => `p-accepter-${group}-${port}-${block}`),
                ),
            ),
        );
        assert.deepStrictEqual(deployment.get("p-accepter-db-udp-53-100.64.0.0/16").inputs, {
            securityGroupId: "sg-3",
            cidrIpv4: "100.64.0.0/16",
            ipProtocol: "udp",
            fromPort: 53,
            toPort: 53,
            tags,
        });
        assert.strictEqual(rulesOf(await peer({ ...many, ports: undefined })).length, 0);
    });

    it("names groups as sources within an account by their ids", async () => {
        const deployment = await peer({ ...args, ingressFrom: "group" });
        assert.deepStrictEqual(Object.fromEntries(rulesOf(deployment)), {
            "p-requester-web-tcp-80-group-web": rule("sg-1", { referencedSecurityGroupId: "sg-2" }),
            "p-accepter-web-tcp-80-group-web": rule("sg-2", { referencedSecurityGroupId: "sg-1" }),
        });
    });

    it("names groups of another account with the account before them", async () => {
        const far = { provider: "id-of-there" };
        const sameRegion = { ...elsewhere, "aws:index/getRegion:getRegion": () => ({ region: "us-east-1" }) };
        const own = { ...args, ingressFrom: "group" } as const;
        const deployment = await peer(() => ({ ...own, accepter: { ...accepter, provider: there() } }), sameRegion);
        assert.deepStrictEqual(Object.fromEntries(rulesOf(deployment)), {
            "p-requester-web-tcp-80-group-web": rule("sg-1", { referencedSecurityGroupId: "222222222222/sg-2" }),
            "p-accepter-web-tcp-80-group-web": rule("sg-2", { referencedSecurityGroupId: "111111111111/sg-1" }, far),
        });
        const { replaceOnChanges } = deployment.get("p-accepter-web-tcp-80-group-web");
        assert.deepStrictEqual(replaceOnChanges, ["referencedSecurityGroupId"]);
    });
});

describe("VpcPeering, routes", () => {
    const wide = {
        requester: {
            ...requester,
            cidrBlocks: ["10.41.0.0/16", "100.64.0.0/16"],
            routeTables: { a: "rtb-1", b: "rtb-3" },
        },
        accepter: { ...accepter, cidrBlocks: ["10.42.0.0/16", "100.65.0.0/16"] },
    };
    const routesOf = (deployment: Deployment): Record<string, unknown[]> =>
        Object.fromEntries(
            deployment.registrations
                .filter(({ type }) => type.endsWith(":Route"))
                .map(({ name, inputs }) => [name, [inputs["routeTableId"], inputs["destinationCidrBlock"]]]),
        );

    it("lead from each table to each block", async () => {
        assert.deepStrictEqual(routesOf(await peer(wide)), {
            "p-requester-a-10.42.0.0/16": ["rtb-1", "10.42.0.0/16"],
            "p-requester-a-100.65.0.0/16": ["rtb-1", "100.65.0.0/16"],
            "p-requester-b-10.42.0.0/16": ["rtb-3", "10.42.0.0/16"],
            "p-requester-b-100.65.0.0/16": ["rtb-3", "100.65.0.0/16"],
            "p-accepter-main-10.41.0.0/16": ["rtb-2", "10.41.0.0/16"],
            "p-accepter-main-100.64.0.0/16": ["rtb-2", "100.64.0.0/16"],
        });
    });

    it("lead to the routed blocks only where such are named, and so do the rules", async () => {
        const deployment = await peer({
            ...args,
            requester: { ...wide.requester, routedCidrBlocks: ["100.64.1.0/24"] },
            accepter: { ...wide.accepter, routedCidrBlocks: [] },
        });
        assert.deepStrictEqual(
            Object.keys(routesOf(deployment)).filter((name) => name.startsWith("p-accepter")),
            ["p-accepter-main-100.64.1.0/24"],
        );
        assert.deepStrictEqual(
            namesOf(deployment).filter((name) => name.includes("-web-")),
            [
                "p-accepter-web-tcp-80-100.64.1.0/24",
                "p-requester-web-tcp-80-10.42.0.0/16",
                "p-requester-web-tcp-80-100.65.0.0/16",
            ],
        );
    });

    it("and rules are the same in whatever order things are listed", async () => {
        const ports = ["tcp/443", "udp/53"] as const;
        const turned = (side: PeeringSideArgs): PeeringSideArgs => ({
            ...side,
            cidrBlocks: [...side.cidrBlocks].reverse(),
            routeTables: Object.fromEntries(Object.entries(side.routeTables ?? {}).reverse()),
        });
        const [one, other] = [
            await peer({ ...wide, ports }),
            await peer({
                requester: turned(wide.requester),
                accepter: turned(wide.accepter),
                ports: [...ports].reverse(),
            }),
        ];
        assert.deepStrictEqual(madeOf(other), madeOf(one));
    });
});

describe("VpcPeering with another owner's VPC", () => {
    const foreign: VpcPeeringArgs = { ...args, manageAccepter: false, dnsResolution: true };

    it("makes only the request until they accept, and says what they have to run and by when", async () => {
        for (const status of ["pending-acceptance", "initiating-request", "provisioning"]) {
            const deployment = await peer(foreign, withStatus(status));
            assert.deepStrictEqual(namesOf(deployment), ["p", "p-connection", "p-requested"]);
            assert.deepStrictEqual(madeOf(deployment)["p-connection"], connection());
            const { peering, get } = deployment;
            assert.strictEqual(await valueOf(peering.status.requester), status);
            assert.strictEqual(await valueOf(peering.status.accepter), status);
            assert.deepStrictEqual(await valueOf(peering.path), [id]);
            const requested = get("p-requested");
            assert.strictEqual(requested.parent, "p");
            assert.strictEqual(requested.replacementTrigger, id);
            assert.deepStrictEqual(requested.ignoreChanges, ["input"]);
            const time = Date.parse(String(requested.inputs["input"]));
            assert.ok(Math.abs(Date.now() - time) < 60_000);
            assert.strictEqual(await valueOf(peering.expires), new Date(time + 7 * 24 * 3600 * 1000).toISOString());
            assert.deepStrictEqual(
                (await valueOf(peering.otherOwner)).filter((line) => !line.startsWith("tries")),
                [
                    `accept-vpc-peering-connection --region us-east-1 --vpc-peering-connection-id ${id}`,
                    `create-route --region us-east-1 --route-table-id rtb-2 --destination-cidr-block 10.41.0.0/16 --vpc-peering-connection-id ${id}`,
                    `authorize-security-group-ingress --region us-east-1 --group-id sg-2 --ip-permissions '[{"IpProtocol":"tcp","FromPort":80,"ToPort":80,"IpRanges":[{"CidrIp":"10.41.0.0/16"}]}]'`,
                    `modify-vpc-peering-connection-options --region us-east-1 --vpc-peering-connection-id ${id} --accepter-peering-connection-options AllowDnsResolutionFromRemoteVpc=true`,
                ].map((line) => `aws ec2 ${line}`),
            );
        }
    });

    it("completes its own side once they have, and awaits nothing more", async () => {
        const deployment = await peer(foreign, withStatus("active"));
        const after = ["p-connection"];
        const made = Object.entries(madeOf(deployment)).filter(([name]) => name !== "p-requested");
        assert.deepStrictEqual(Object.fromEntries(made), {
            "p-connection": connection(),
            "p-requester-main-10.42.0.0/16": route("rtb-1", "10.42.0.0/16", { after }),
            "p-requester-web-tcp-80-10.42.0.0/16": rule("sg-1", { cidrIpv4: "10.42.0.0/16" }, { after }),
            "p-requester-dns-resolution": dnsOption("requester", true, { after }),
        });
        const { peering } = deployment;
        assert.strictEqual(await valueOf(peering.expires), null);
        assert.deepStrictEqual(await valueOf(peering.otherOwner), []);
        assert.deepStrictEqual(await valueOf(peering.path), [
            id,
            "id-of-p-requester-main-10.42.0.0/16",
            "id-of-p-requester-web-tcp-80-10.42.0.0/16",
            "id-of-p-requester-dns-resolution",
        ]);
    });

    it("takes it to be where it is declared to be", async () => {
        const { peering, get, calls } = await peer(
            { ...foreign, accepter: { ...accepter, region: "eu-west-1", accountId: "333333333333" } },
            withStatus("pending-acceptance"),
        );
        assert.strictEqual(get("p-connection").inputs["peerRegion"], "eu-west-1");
        assert.strictEqual(get("p-connection").inputs["peerOwnerId"], "333333333333");
        assert.match((await valueOf(peering.otherOwner))[0] ?? "", / --region eu-west-1 /);
        assert.strictEqual(calls.filter(({ token }) => token.endsWith(":getRegion")).length, 1);
    });

    it("asks them for rules only where requests come their way, and for groups by their account", async () => {
        const commands = async (change: Partial<VpcPeeringArgs>): Promise<string[]> => {
            const { peering } = await peer({ ...foreign, ...change }, withStatus("pending-acceptance"));
            return (await valueOf(peering.otherOwner)).filter((line) => !/ (accept|describe)-vpc/.test(line));
        };
        const ours = await commands({ requestsFrom: "accepter", dnsResolution: undefined });
        assert.deepStrictEqual(
            ours.map((line) => line.split(" ")[2]),
            ["create-route"],
        );
        const noPort = await commands({ ports: undefined, dnsResolution: false });
        assert.deepStrictEqual(
            noPort.map((line) => line.split(" ")[2]),
            ["create-route"],
        );
        const [loop, rule] = await commands({
            requestsFrom: "requester",
            ingressFrom: "group",
            accepter: { ...accepter, accountId: "333333333333", routeTables: undefined },
        });
        assert.match(loop ?? "", /Values=vpc-2 .* create-route /);
        assert.match(rule ?? "", /"UserIdGroupPairs":\[{"UserId":"111111111111","GroupId":"sg-1"}\]/);
    });
});

describe("VpcPeering with another owner's request", () => {
    const theirs: VpcPeeringArgs = {
        ...args,
        requester: { vpcId: "vpc-1", cidrBlocks: ["10.41.0.0/16"], securityGroups: { theirs: "sg-1" } },
        manageRequester: false,
        peeringConnectionId: "pcx-1",
        dnsResolution: true,
    };
    /** The request, as AWS shows it; `change` makes it another one. */
    const request = (change: object = {}): Answers => ({
        ...elsewhere,
        "aws:ec2/getVpcPeeringConnection:getVpcPeeringConnection": () => ({
            id: "pcx-1",
            status: "pending-acceptance",
            vpcId: "vpc-1",
            peerVpcId: "vpc-2",
            cidrBlockSets: [{ cidrBlock: "10.41.0.0/16" }],
            requesterRegion: "us-east-1",
            ownerId: "333333333333",
            ...change,
        }),
    });

    it("accepts it and makes the accepter's side only", async () => {
        const deployment = await peer(theirs, request());
        const theirId = (part: { inputs: object }) => ({
            ...part,
            inputs: { ...part.inputs, vpcPeeringConnectionId: "pcx-1" },
        });
        assert.deepStrictEqual(madeOf(deployment), {
            // The tag is its requester's.
            "p-accepter": { ...theirId({ ...acceptance(), inputs: { autoAccept: true, tags } }), after: [] },
            "p-accepter-main-10.41.0.0/16": theirId(route("rtb-2", "10.41.0.0/16")),
            "p-accepter-web-tcp-80-10.41.0.0/16": rule("sg-2", { cidrIpv4: "10.41.0.0/16" }),
            "p-accepter-dns-resolution": theirId(dnsOption("accepter", true)),
        });
        const { peering } = deployment;
        assert.strictEqual(await valueOf(peering.connectionId), "pcx-1");
        assert.strictEqual(await valueOf(peering.expires), null);
        assert.deepStrictEqual(await valueOf(peering.otherOwner), []);
        assert.deepStrictEqual(await valueOf(peering.path), [
            "pcx-1",
            "id-of-p-accepter-main-10.41.0.0/16",
            "id-of-p-accepter-web-tcp-80-10.41.0.0/16",
            "id-of-p-accepter-dns-resolution",
        ]);
    });

    it("lets the requester's groups in by the account that the request is from", async () => {
        const { get } = await peer({ ...theirs, ingressFrom: "group" }, request());
        const { inputs } = get("p-accepter-web-tcp-80-group-theirs");
        assert.strictEqual(inputs["referencedSecurityGroupId"], "333333333333/sg-1");
    });

    it("looks at it through the accepter's provider, and comes after what the component comes after", async () => {
        const { get, calls } = await peer(
            () => ({ ...theirs, accepter: { ...accepter, provider: there() } }),
            request(),
            () => ({ dependsOn: new pulumi.Stash("first", { input: 1 }) }),
        );
        for (const { token, provider } of calls) {
            assert.match(provider ?? "", /::there::/, token);
        }
        assert.strictEqual(get("p-accepter").provider, "id-of-there");
        assert.deepStrictEqual(get("p-accepter").dependencies, ["first"]);
    });

    const refused: [what: string, change: object | undefined, args: Partial<VpcPeeringArgs>, message: RegExp][] = [
        [
            "is from another VPC",
            { vpcId: "vpc-9" },
            {},
            /VpcPeering p has 1 problem; no connection was accepted:\n {2}requester\.vpcId = "vpc-1": is declared, but the request pcx-1 is from vpc-9;/,
        ],
        [
            "is from another account",
            {},
            { requester: { ...theirs.requester, accountId: "444444444444" } },
            /requester\.accountId = "444444444444": is declared, but the request pcx-1 is from 333333333333;/,
        ],
        [
            "has no id yet, where the accepter's provider leads elsewhere",
            {},
            {
                peeringConnectionId: pulumi.output(pulumi.unknown as string),
                accepter: { ...accepter, accountId: "444444444444" },
            },
            /no connection was accepted:\n {2}accepter\.accountId = "444444444444": is declared, but the accepter's provider leads to 111111111111;/,
        ],
        [
            "is from a region from which groups can't be named",
            { requesterRegion: "eu-west-1" },
            { ingressFrom: "group" },
            /ingressFrom = "group": works within one region only, and the sides are in eu-west-1 and us-east-1/,
        ],
        [
            "has ended",
            { status: "expired" },
            {},
            /is expired: the accepter's owner did not accept it within 7 days; have its owner ask again, and accept the new request by its id/,
        ],
        [
            "is not there",
            undefined,
            {},
            /VpcPeering p has 1 problem; no connection was accepted:\n {2}acceptance\.request, peeringConnectionId = "pcx-1": is no request that AWS shows to the accepter's owner/,
        ],
    ];
    for (const [what, change, more, message] of refused) {
        it(`accepts nothing that ${what}`, async () => {
            const answers = change ? request(change) : unread("no matching EC2 VPC Peering Connection found");
            const { messages, made } = await failure(() => new VpcPeering("p", { ...theirs, ...more }), answers);
            assert.match(messages, message);
            assert.deepStrictEqual(made, []);
        });
    }
});

describe("VpcPeering, refusals", () => {
    const itself = `  accepter.vpcId = "vpc-1": is the requester's VPC too, and a VPC can't be peered with itself (VPC Peering Guide, "VPC peering limitations"); name another one`;

    it("lists everything that shows before anything is asked, and makes nothing", async () => {
        let error: unknown;
        const { registrations, calls } = await deploy(() => {
            try {
                new VpcPeering("p", {
                    requester: { ...requester, routedCidrBlocks: ["10.99.0.0/16"] },
                    accepter: { ...accepter, vpcId: "vpc-1", cidrBlocks: ["10.50.0.0/16", "10.41.0.0/16"], dns: false },
                    dnsResolution: true,
                    autoAccept: true,
                    manageAccepter: false,
                });
            } catch (caught) {
                error = caught;
            }
        });
        assert.ok(pulumi.ResourceError.isInstance(error) && error.hideStack);
        assert.deepStrictEqual(error.message.split("\n"), [
            "VpcPeering p has 5 problems; no connection was requested:",
            itself,
            '  accepter.cidrBlocks[1] = "10.41.0.0/16": equals requester.cidrBlocks[0], and AWS peers only VPCs whose blocks are apart (VPC Peering Guide, "VPC peering limitations"); choose another block for one of them',
            `  requester.routedCidrBlocks[0] = "10.99.0.0/16": is not inside any block of that VPC (10.41.0.0/16), and a peering connection leads to the VPC's own addresses only (VPC Peering Guide, "VPC peering limitations"); choose one of those blocks or a part of one`,
            '  accepter.dns = false: is off, and AWS resolves names across a connection only between VPCs that have DNS support and DNS hostnames (VPC Peering Guide, "Enable DNS resolution for a VPC peering connection"); turn it on, or DNS resolution off',
            `  autoAccept = true: is on while the accepter's side is another owner's (manageAccepter is off), and only the accepter's owner can accept (VPC Peering Guide, "Accept or reject a VPC peering connection"); change one of the two`,
        ]);
        assert.deepStrictEqual(
            registrations.map(({ name }) => name),
            ["p"],
        );
        assert.deepStrictEqual(calls, []);
    });

    it("wants hostnames of both sides as soon as the names of one are to be resolved", async () => {
        await deploy(() => {
            assert.throws(
                () =>
                    new VpcPeering("p", {
                        requester: { ...requester, dns: false, ports: ["tcp/0"] },
                        accepter: { ...accepter, dnsResolution: true },
                    }),
                /has 2 problems; no connection was requested:\n {2}requester\.ports\[0\] = "tcp\/0": has the port 0.*\n {2}requester\.dns = false: is off/,
            );
        });
    });

    it("finds lists wrong that nothing could be made of, and blocks of IPv6 that overlap", async () => {
        let message = "";
        await deploy(() => {
            try {
                new VpcPeering("p", {
                    requester: {
                        ...requester,
                        cidrBlocks: ["10.41.0.0"],
                        securityGroups: {},
                        ipv6CidrBlocks: ["2001:db8:0:100::/56"],
                    },
                    accepter: {
                        ...accepter,
                        cidrBlocks: ["10.42.0.0/16", "10.42.0.0/16"],
                        ipv6CidrBlocks: ["10.43.0.0/16", "2001:db8:0:100::/60"],
                    },
                    ports: ["tcp/443", "tcp/443"],
                    ingressFrom: "group",
                    tags: { "aws:x": "y" },
                });
            } catch (caught) {
                message = (caught as Error).message;
            }
        });
        assert.deepStrictEqual(message.split("\n"), [
            "VpcPeering p has 7 problems; no connection was requested:",
            '  requester.cidrBlocks[0] = "10.41.0.0": is not an IPv4 CIDR block; write ADDRESS/PREFIX, such as 10.41.0.0/16',
            '  accepter.cidrBlocks[1] = "10.42.0.0/16": is listed twice; leave one of them out',
            '  accepter.ipv6CidrBlocks[0] = "10.43.0.0/16": is not an IPv6 CIDR block; write ADDRESS/PREFIX, such as 2001:db8:1200::/56',
            '  ports[1] = "tcp/443": is open already; leave it out',
            '  ingressFrom = "group": leaves the ports closed, because no group is there to be the rules\' source; name groups in requester.securityGroups, or choose cidr',
            '  tags["aws:x"] = "y": has a key that begins with aws:, which AWS keeps for itself; choose another',
            '  accepter.ipv6CidrBlocks[1] = "2001:db8:0:100::/60": overlaps requester.ipv6CidrBlocks[0], 2001:db8:0:100::/56, and AWS peers only VPCs whose blocks are apart (VPC Peering Guide, "VPC peering limitations"); choose another block for one of them',
        ]);
    });

    it("refuses a side without blocks, to which no route would lead", async () => {
        await deploy(() => {
            assert.throws(
                () => new VpcPeering("p", { ...args, requester: { ...requester, cidrBlocks: [] } }),
                /requester\.cidrBlocks = \[\]: has no block, and every VPC has one \(.*\); list all IPv4 blocks of the VPC$/,
            );
        });
    });

    it("refuses declared places that never peer", async () => {
        await deploy(() => {
            assert.throws(
                () =>
                    new VpcPeering("p", {
                        requester: { ...requester, region: "us-east-1" },
                        accepter: { ...accepter, region: "cn-north-1" },
                    }),
                /accepter\.region = "cn-north-1": can't be peered with us-east-1/,
            );
        });
    });

    const late: [what: string, make: () => VpcPeeringArgs, answers: Answers, lines: string[]][] = [
        [
            "VPCs that turn out to be one",
            () => ({ requester, accepter: { ...accepter, vpcId: pulumi.output("vpc-1") } }),
            {},
            ["VpcPeering p has 1 problem; no connection was requested:", itself],
        ],
        [
            "providers of other accounts and partitions than declared",
            () => ({
                requester: { ...requester, region: "us-gov-west-1" },
                accepter: { ...accepter, accountId: "333333333333", provider: there() },
            }),
            elsewhere,
            [
                "VpcPeering p has 3 problems; no connection was requested:",
                `  requester.region = "us-gov-west-1": is of the partition aws-us-gov, and the requester's provider is in us-east-1, of aws; give the side a provider with credentials of that partition, or choose another region`,
                `  accepter.accountId = "333333333333": is declared, but the accepter's provider leads to 222222222222; correct what the provider is made with (profile, role) or what is declared`,
                `  accepter.region = "us-west-2": can't be peered with us-gov-west-1: its partition is aws, the requester's aws-us-gov, and partitions never peer (VPC Peering Guide, "VPC peering limitations"); choose two regions of one partition`,
            ],
        ],
        [
            "places of a VPC that has no id yet, as in the preview of one that the program makes",
            () => ({
                requester: { ...requester, vpcId: pulumi.output(pulumi.unknown as string) },
                accepter: { ...accepter, accountId: "333333333333", provider: there() },
            }),
            elsewhere,
            [
                "VpcPeering p has 1 problem; no connection was requested:",
                `  accepter.accountId = "333333333333": is declared, but the accepter's provider leads to 222222222222; correct what the provider is made with (profile, role) or what is declared`,
            ],
        ],
        [
            "autoAccept where the providers turn out to differ",
            () => ({ requester, accepter: { ...accepter, provider: there() }, autoAccept: true }),
            elsewhere,
            [
                "VpcPeering p has 1 problem; no connection was requested:",
                `  autoAccept = true: works within one account and region only, and the sides differ (Amazon EC2 API Reference, "AcceptVpcPeeringConnection"); turn it off, and the accepter's own provider accepts`,
            ],
        ],
    ];
    for (const [what, make, answers, lines] of late) {
        it(`refuses ${what}, before it asks for a connection`, async () => {
            const { messages, made } = await failure(() => new VpcPeering("p", make()), answers);
            assert.ok(messages.includes(lines.join("\n")), messages);
            assert.deepStrictEqual(made, []);
        });
    }

    it("takes a connection that is there no more for deleted", async () => {
        const { messages } = await failure(
            () => new VpcPeering("p", { ...args, manageAccepter: false }),
            unread("no matching EC2 VPC Peering Connection found"),
        );
        assert.match(
            messages,
            /The peering connection is deleted: one of the owners deleted it; run 'pulumi up --refresh'/,
        );
    });

    it("does not take a connection that it may not read for deleted", async () => {
        const { messages, made } = await failure(
            () => new VpcPeering("p", { ...args, manageAccepter: false }),
            unread("UnauthorizedOperation"),
        );
        assert.match(messages, /UnauthorizedOperation/);
        assert.deepStrictEqual(made, ["p-connection"]);
    });

    for (const [status, why] of [
        ["expired", "the accepter's owner did not accept it within 7 days"],
        ["rejected", "the accepter's owner turned it down"],
        ["failed", "AWS finds no such VPC or account there, or their blocks overlap"],
        ["deleting", "one of the owners is deleting it"],
        ["deleted", "one of the owners deleted it"],
    ] as const) {
        it(`fails when the request is ${status}, and says why and what helps`, async () => {
            const { messages, made } = await failure(
                () => new VpcPeering("p", { ...args, manageAccepter: false }),
                withStatus(status),
            );
            const line = `The peering connection is ${status}: ${why}; run 'pulumi up --refresh', which forgets it and asks again`;
            assert.ok(messages.includes(line), messages);
            assert.deepStrictEqual(made, ["p-connection"]);
        });
    }

    it("names each argument that must be plain and is an output or a promise, as JavaScript lets it be", async () => {
        const later = pulumi.output("10.42.0.0/16");
        const refusedWith = async (more: object, text: string) => {
            await assert.rejects(peer({ ...args, ...more }), { message: text });
        };
        const first = "VpcPeering p has";
        const outcome = "no connection was requested:";
        const why = "is an output or a promise, and names and checks need it before anything is made";
        await refusedWith(
            {
                accepter: {
                    ...accepter,
                    cidrBlocks: [later],
                    routeTables: pulumi.output({ main: "rtb-2" }),
                    region: later,
                },
            },
            [
                `${first} 3 problems; ${outcome}`,
                ...["accepter.cidrBlocks[0]", "accepter.routeTables", "accepter.region"].map(
                    (path) => `  ${path}: ${why}; write what it will be`,
                ),
            ].join("\n"),
        );
        await refusedWith(
            { accepter: Promise.resolve(accepter), ports: pulumi.output(["tcp/80"]) },
            [
                `${first} 2 problems; ${outcome}`,
                `  accepter: ${why}; await it`,
                `  ports: ${why}; write what it will be`,
            ].join("\n"),
        );
    });

    it("gives the connection of two providers in one place the default tags of both, so that neither removes any", async () => {
        const { get } = await peer(
            () => ({
                ...args,
                requester: { ...requester, provider: new Provider("one", { region: "us-east-1" }) },
                accepter: { ...accepter, provider: new Provider("two", { region: "us-east-1" }) },
            }),
            {
                ...elsewhere,
                "aws:index/getDefaultTags:getDefaultTags": (_, provider) => ({
                    tags: { [provider]: "yes", both: provider, Name: "default" },
                }),
            },
        );
        const expected = { one: "yes", two: "yes", both: "one", ...owned };
        assert.deepStrictEqual(get("p-connection").inputs["tags"], expected);
        assert.deepStrictEqual(get("p-accepter").inputs["tags"], expected);
    });

    it("warns of arguments that come to nothing, before anything is made", async () => {
        const log = mock.method(pulumi.log, "warn", () => Promise.resolve());
        try {
            await peer({ ...args, requester: { ...requester, securityGroups: {} } });
            assert.deepStrictEqual(
                log.mock.calls.map(({ arguments: [message] }) => message as unknown),
                [
                    `ports = ["tcp/80"]: stays closed on the requester's side; name groups in requester.securityGroups, or set requestsFrom to requester if only its servers send requests`,
                ],
            );
        } finally {
            log.mock.restore();
        }
    });

    it("warns of quotas by what the sides have and get", async () => {
        const log = mock.method(pulumi.log, "warn", () => Promise.resolve());
        const many = (count: number) => Array.from({ length: count }, (_, index) => `${index}`);
        const full: VpcPeeringArgs = {
            ...args,
            requester: { ...requester, usage: { activePeerings: [...many(41), "pcx-0"] } },
            accepter: { ...accepter, usage: { routes: { main: many(399) } } },
        };
        const own: Answers = {
            "aws:ec2/getVpcPeeringConnections:getVpcPeeringConnections": ({ filters }) => {
                assert.deepStrictEqual(filters, [
                    { name: "tag:pulumi-vpc-peering", values: [`vpc-peering-lab/test/p/${ownerId}`] },
                    { name: "status-code", values: ["active"] },
                ]);
                return { ids: ["pcx-0"] };
            },
        };
        try {
            // As in a preview, where a connection that is to be replaced has no id.
            await peer(
                { ...full, requester: { ...full.requester, vpcId: pulumi.output(pulumi.unknown as string) } },
                own,
            );
            assert.deepStrictEqual(
                log.mock.calls.map(({ arguments: [message] }) => (message as string).split(";")[0]),
                [
                    "With this one the requester's VPC has 42 active peering connections",
                    "With this connection the accepter's route table main has 400 routes",
                ],
            );
            log.mock.resetCalls();
            const request = { acceptance: { request: "pcx-0" } };
            const theirs = { ...full.requester, securityGroups: {} };
            await peer({ ...full, ...request, requester: theirs }, withStatus("pending-acceptance"));
            assert.strictEqual(log.mock.callCount(), 2);
            log.mock.resetCalls();
            await peer(args);
            assert.strictEqual(log.mock.callCount(), 0);
        } finally {
            log.mock.restore();
        }
    });
});
