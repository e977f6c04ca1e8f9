import * as assert from "assert";
import { RouteTable, SecurityGroup } from "@pulumi/aws/ec2";
import { Provider } from "@pulumi/aws/provider";
import * as pulumi from "@pulumi/pulumi";
import { VpcPeering } from "../components/peering/vpcPeering";
import { type Answers, deploy, type Deployment, elsewhere, failure, ownerId } from "./mocks";

const route = { routeTableId: "rtb-2", destinationCidrBlock: "10.41.0.0/16" };
const port = { ipProtocol: "tcp", fromPort: 80, toPort: 80 };
const allowed = { securityGroupId: "sg-2", ...port, cidrIpv4: "10.41.0.0/16" };
/** A rule as AWS's provider reads it, with empty texts where it has nothing. */
const rule = { ...port, cidrIpv4: "10.41.0.0/16", referencedSecurityGroupId: "", isEgress: false };

/** A table with these routes, and a group with this rule. */
const standing = (blocks: string[], found: object): Answers => ({
    ...elsewhere,
    "aws:ec2/getRouteTable:getRouteTable": () => ({ routes: blocks.map((cidrBlock) => ({ cidrBlock })) }),
    "aws:vpc/getSecurityGroupRules:getSecurityGroupRules": () => ({ ids: ["sgr-1"] }),
    "aws:vpc/getSecurityGroupRule:getSecurityGroupRule": (inputs) => ({ ...inputs, ...found }),
});

/** Makes the peering `p`; the accepter's side has `at` besides. */
function peering(at: () => object = () => ({})): void {
    const side = (number: string) => ({
        vpcId: `vpc-${number}`,
        cidrBlocks: [`10.4${number}.0.0/16`],
        routeTables: { main: `rtb-${number}` },
        securityGroups: { web: `sg-${number}` },
    });
    new VpcPeering("p", { requester: side("1"), accepter: { ...side("2"), ...at() }, ports: ["tcp/80"] });
}

const peer = (answers: Answers, at?: () => object): Promise<Deployment> =>
    deploy(
        () => {
            peering(at);
        },
        {},
        [],
        answers,
    );

const pair = { vpcId: "vpc-1", peerVpcId: "vpc-2" };
const own = `vpc-peering-lab/test/p/${ownerId}`;

/** Connections that AWS has between the two VPCs. */
const peered = (...connections: object[]): Answers => ({
    ...elsewhere,
    "aws:ec2/getVpcPeeringConnections:getVpcPeeringConnections": ({ filters }) => {
        assert.deepStrictEqual(filters, [
            { name: "requester-vpc-info.vpc-id", values: ["vpc-1", "vpc-2"] },
            { name: "accepter-vpc-info.vpc-id", values: ["vpc-1", "vpc-2"] },
            { name: "status-code", values: ["initiating-request", "pending-acceptance", "provisioning", "active"] },
        ]);
        return { ids: connections.map((_, index) => `pcx-${index}`) };
    },
    "aws:ec2/getVpcPeeringConnection:getVpcPeeringConnection": ({ id }) => ({
        ...{ id, status: "active", vpcId: "vpc-1", peerVpcId: "vpc-2", ownerId: "333333333333", tags: {} },
        ...connections[Number(String(id).slice("pcx-".length))],
    }),
});

describe("a connection that is there already", () => {
    const deletion = (command: string): string =>
        `"aws ec2 ${command}-vpc-peering-connection --vpc-peering-connection-id pcx-0 --region us-east-1"; then run 'pulumi up' again`;
    const forward =
        "The connection pcx-0 between vpc-1 and vpc-2 is there already (active, requested from vpc-1 by account 333333333333";
    const importing = `"pulumi import aws:ec2/vpcPeeringConnection:VpcPeeringConnection p-connection pcx-0 --protect=false --generate-code=false"`;
    const backward = (status: string): string =>
        `The connection pcx-0 between vpc-1 and vpc-2 is there already (${status}, requested from vpc-2 by account 333333333333), and this stack does not manage it. Remove it with`;
    const back = { vpcId: "vpc-2", peerVpcId: "vpc-1" };
    const cases: [what: string, connection: object, message: string][] = [
        [
            "made by hand",
            {},
            `${forward}), and this stack does not manage it. Have the stack take it over with ${importing}, or remove it with ${deletion("delete")}`,
        ],
        [
            "of another stack",
            { tags: { "pulumi-vpc-peering": "shop/dev/p" } },
            `${forward}), and belongs to shop/dev/p, which may use it. Leave this one out; or, if shop/dev/p gives it up, have the stack take it over with ${importing}, or remove it with ${deletion("delete")}`,
        ],
        [
            "of what was called so by a stack of these names",
            { tags: { "pulumi-vpc-peering": "vpc-peering-lab/test/old" } },
            `${forward}), and belongs to vpc-peering-lab/test/old, which may use it. Leave this one out; or, if vpc-peering-lab/test/old gives it up, have the stack take it over with ${importing}, or remove it with ${deletion("delete")}`,
        ],
        [
            "of another stack of the same names",
            { tags: { "pulumi-vpc-peering": own.replace("0b6f", "ffff") } },
            `${forward}), and belongs to vpc-peering-lab/test/p, which may use it. Leave this one out; or, if vpc-peering-lab/test/p gives it up, have the stack take it over with ${importing}, or remove it with ${deletion("delete")}`,
        ],
        ["in the other direction, which can't be imported", back, `${backward("active")} ${deletion("delete")}`],
        [
            "requested in the other direction, which only its requester may delete",
            { ...back, status: "pending-acceptance" },
            `${backward("pending-acceptance")} ${deletion("reject")}`,
        ],
    ];
    for (const [what, connection, message] of cases) {
        it(`keeps one from being created: one ${what}`, async () => {
            const { beforeCreate } = await peer(peered(connection));
            await assert.rejects(beforeCreate("p-connection", pair), { message });
        });
    }

    const managed = (type: string, urn: string, outputs: object): Answers => ({
        "pulumi:pulumi:readStackResourceOutputs": ({ stackName }) => {
            assert.strictEqual(stackName, "organization/vpc-peering-lab/test");
            return { outputs: { [urn]: { type, outputs } } };
        },
    });
    const connection = "aws:ec2/vpcPeeringConnection:VpcPeeringConnection";
    const urn = (name: string, chain = "vpc-peering-lab:components:VpcPeering$") =>
        `urn:pulumi:test::vpc-peering-lab::${chain}${connection}::${name}`;

    it("is known by the state, by whatever name this stack manages it", async () => {
        const answers = (name: string, chain?: string) => ({
            ...peered({}),
            ...managed(connection, urn(name, chain), pair),
        });
        const renamed = await peer(answers("old-connection"));
        await assert.rejects(renamed.beforeCreate("p-connection", pair), {
            message: `The connection pcx-0 between vpc-1 and vpc-2 is that of old in this stack; if it was renamed, give it the option aliases: [{ name: "old" }]; if not, leave one of the two out`,
        });
        const byHand = await peer(answers("hand", ""));
        await assert.rejects(byHand.beforeCreate("p-connection", pair), {
            message: `${forward}), and this stack manages it as hand. Leave that resource out of the program, and hand it over with "pulumi state delete ${urn("hand", "")} --yes && ${importing.slice(1)}; then run 'pulumi up' again`,
        });
    });

    it("is its own where the state has it and it is to be replaced, whatever its tags are", async () => {
        const answers = { ...peered({}), ...managed(connection, urn("p-connection"), { ...pair, id: "pcx-0" }) };
        const { beforeCreate } = await peer(answers);
        await beforeCreate("p-connection", pair, urn("p-connection"));
        const stale = { ...peered({}), ...managed(connection, urn("p-connection"), { ...pair, id: "pcx-9" }) };
        const other = await peer(stale);
        await assert.rejects(other.beforeCreate("p-connection", pair, urn("p-connection")), /does not manage it/);
    });

    it("is refused where requester and accepter have changed places", async () => {
        const answers = managed(connection, urn("p-connection"), { vpcId: "vpc-2", peerVpcId: "vpc-1" });
        const { messages, made } = await failure(
            () => {
                peering();
            },
            { ...elsewhere, ...answers },
        );
        assert.match(
            messages,
            /VpcPeering p has 1 problem; no connection was requested:\n {2}requester.vpcId = "vpc-1": is the accepter's VPC of the existing connection\. A connection carries/,
        );
        assert.ok(!made.includes("p-connection"));
    });

    it("has a tag of 256 characters at most, which ends with the id that tells it from others", async () => {
        const name = "p".repeat(300);
        const { get } = await deploy(
            () =>
                new VpcPeering(name, {
                    requester: { vpcId: "vpc-1", cidrBlocks: ["10.41.0.0/16"] },
                    accepter: { vpcId: "vpc-2", cidrBlocks: ["10.42.0.0/16"] },
                }),
            {},
            [],
            elsewhere,
        );
        const tag = (get(`${name}-connection`).inputs["tags"] as Record<string, string>)["pulumi-vpc-peering"] ?? "";
        assert.strictEqual(tag.length, 256);
        assert.ok(tag.startsWith("vpc-peering-lab/test/ppp") && tag.endsWith(`p/${ownerId}`), tag);
    });

    it("is found beside the stack's own, which keeps none from being created", async () => {
        const ours = { tags: { "pulumi-vpc-peering": own } };
        const wanted = { ...pair, ...ours };
        const { beforeCreate } = await peer(peered(ours));
        await beforeCreate("p-connection", wanted);
        const both = await peer(peered(ours, back));
        await assert.rejects(both.beforeCreate("p-connection", wanted), /The connection pcx-1 between/);
    });

    it("is not looked for while a VPC has no id, and found in previews otherwise", async () => {
        const { beforeCreate, previewed, calls } = await peer(peered({}));
        const asked = calls.length;
        await beforeCreate("p-connection", { ...pair, vpcId: pulumi.unknown });
        await beforeCreate("p-connection", { ...pair, peerVpcId: pulumi.unknown });
        assert.strictEqual(calls.length, asked);
        assert.ok(previewed("p-connection"));
        assert.ok(previewed("p-accepter-main-10.41.0.0/16"));
    });

    it("would be returned in place of one that replaces it, so that one is deleted first", async () => {
        assert.strictEqual((await peer(elsewhere)).get("p-connection").deleteBeforeReplace, true);
    });
});

describe("what is there already", () => {
    it("keeps a route from being created, and the error has what imports and what removes it", async () => {
        const { beforeCreate } = await peer(standing(["10.0.0.0/8", "10.41.0.0/16"], rule));
        await assert.rejects(beforeCreate("p-accepter-main-10.41.0.0/16", route), {
            message: `A route to 10.41.0.0/16 is in rtb-2 already, and this stack does not manage it. Have the stack take it over with "pulumi import aws:ec2/route:Route p-accepter-main-10.41.0.0/16 rtb-2_10.41.0.0/16 --protect=false --generate-code=false", or remove it with "aws ec2 delete-route --route-table-id rtb-2 --destination-cidr-block 10.41.0.0/16 --region us-east-1"; then run 'pulumi up' again`,
        });
    });

    it("keeps a rule from being created, in the place and with the provider of its side", async () => {
        const there = () => ({ provider: new Provider("there", { region: "us-west-2" }) });
        const { beforeCreate } = await peer(standing([], rule), there);
        await assert.rejects(beforeCreate("p-accepter-web-tcp-80-10.41.0.0/16", allowed), {
            message: `The rule sgr-1 of sg-2 lets the same in already, and this stack does not manage it. Have the stack take it over with "pulumi up --target urn:pulumi:test::vpc-peering-lab::pulumi:providers:aws::there --yes --skip-preview && pulumi import aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule p-accepter-web-tcp-80-10.41.0.0/16 sgr-1 --provider provider=urn:pulumi:test::vpc-peering-lab::pulumi:providers:aws::there --protect=false --generate-code=false", or remove it with "aws ec2 revoke-security-group-ingress --group-id sg-2 --security-group-rule-ids sgr-1 --region us-west-2"; then run 'pulumi up' again`,
        });
    });

    it("is imported under its component and through its provider where the state has these", async () => {
        const there = () => ({ provider: new Provider("there", { region: "us-west-2" }) });
        const stack = "urn:pulumi:test::vpc-peering-lab::";
        const component = `${stack}vpc-peering-lab:components:VpcPeering::p`;
        const provider = `${stack}pulumi:providers:aws::there`;
        const { beforeCreate } = await peer(
            {
                ...standing(["10.41.0.0/16"], rule),
                "pulumi:pulumi:readStackResourceOutputs": () => ({
                    outputs: { [component]: { type: "", outputs: {} }, [provider]: { type: "", outputs: {} } },
                }),
            },
            there,
        );
        await assert.rejects(beforeCreate("p-accepter-main-10.41.0.0/16", route), (error: Error) =>
            error.message.includes(
                `"pulumi import aws:ec2/route:Route p-accepter-main-10.41.0.0/16 rtb-2_10.41.0.0/16 --parent parent=${component} --provider provider=${provider} --protect=false --generate-code=false"`,
            ),
        );
    });

    it("is kept where it was imported before its component was there, at the top of the stack", async () => {
        const type = "aws:ec2/vpcPeeringConnection:VpcPeeringConnection";
        const urn = `urn:pulumi:test::vpc-peering-lab::${type}::p-connection`;
        const { get } = await peer({
            ...elsewhere,
            "pulumi:pulumi:readStackResourceOutputs": () => ({ outputs: { [urn]: { type, outputs: {} } } }),
        });
        assert.deepStrictEqual(get("p-connection").aliases, [urn]);
    });

    it("is nothing in a table and a group that have nothing", async () => {
        const nothing = () => ({});
        const { beforeCreate } = await peer({
            ...elsewhere,
            "aws:ec2/getRouteTable:getRouteTable": nothing,
            "aws:vpc/getSecurityGroupRules:getSecurityGroupRules": nothing,
            "aws:ec2/getVpcPeeringConnections:getVpcPeeringConnections": nothing,
        });
        await beforeCreate("p-accepter-main-10.41.0.0/16", route);
        await beforeCreate("p-accepter-web-tcp-80-10.41.0.0/16", allowed);
        await beforeCreate("p-connection", pair);
    });

    it("is asked for once a table and a group: 51 calls for 40 rules in a group of 50", async () => {
        const ids = Array.from({ length: 50 }, (_, index) => `sgr-${index}`);
        const { beforeCreate, calls } = await peer({
            ...standing([], { ...rule, cidrIpv4: "192.0.2.0/24" }),
            "aws:vpc/getSecurityGroupRules:getSecurityGroupRules": () => ({ ids }),
        });
        const before = calls.length;
        const wanted = Array.from({ length: 40 }, (_, index) => ({ ...allowed, cidrIpv4: `10.41.${index}.0/24` }));
        await Promise.all(wanted.map((one) => beforeCreate("p-accepter-web-tcp-80-10.41.0.0/16", one)));
        assert.strictEqual(calls.length - before, 51);
        await Promise.all([1, 2, 3].map(() => beforeCreate("p-accepter-main-10.41.0.0/16", route)));
        assert.strictEqual(calls.length - before, 52);
    });

    it("is not asked for in a table and a group that this update makes", async () => {
        const { beforeCreate, calls } = await peer(standing([], rule), () => ({
            routeTables: { main: new RouteTable("new", { vpcId: "vpc-2" }).id },
            securityGroups: { web: new SecurityGroup("new", { vpcId: "vpc-2" }).id },
        }));
        const before = calls.length;
        await beforeCreate("p-accepter-main-10.41.0.0/16", { ...route, routeTableId: "id-of-new" });
        await beforeCreate("p-accepter-web-tcp-80-10.41.0.0/16", { ...allowed, securityGroupId: "id-of-new" });
        assert.strictEqual(calls.length, before);
    });

    it("is not said to be nobody's where the state can't be read", async () => {
        const unreadable: Answers = {
            ...standing(["10.41.0.0/16"], rule),
            "pulumi:pulumi:readStackResourceOutputs": () => {
                throw new Error("no backend client is available");
            },
        };
        const { beforeCreate } = await peer(unreadable);
        await assert.rejects(
            beforeCreate("p-accepter-main-10.41.0.0/16", route),
            /is in rtb-2 already, and the stack's state can't be read. If this stack manages it by another name, use that name again; if not, have the stack take it over with "pulumi import/,
        );
    });

    it("is no route to another block", async () => {
        const { beforeCreate } = await peer(standing(["10.0.0.0/8", "10.41.0.0/24"], rule));
        await beforeCreate("p-accepter-main-10.41.0.0/16", route);
    });

    for (const [what, other] of Object.entries({
        "for outbound traffic": { isEgress: true },
        "of another protocol": { ipProtocol: "udp" },
        "from another port on": { fromPort: 79 },
        "up to another port": { toPort: 81 },
        "from another block": { cidrIpv4: "10.41.0.0/24" },
        "from a group": { cidrIpv4: "", referencedSecurityGroupId: "sg-1" },
    })) {
        it(`is no rule ${what}`, async () => {
            const { beforeCreate } = await peer(standing([], { ...rule, ...other }));
            await beforeCreate("p-accepter-web-tcp-80-10.41.0.0/16", allowed);
        });
    }
});

describe("what the state has by another name", () => {
    const routeType = "aws:ec2/route:Route";
    const ruleType = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
    const stateOf = (...resources: [type: string, name: string, outputs: object, chain?: string][]): Answers => ({
        ...elsewhere,
        "pulumi:pulumi:readStackResourceOutputs": () => ({
            outputs: Object.fromEntries(
                resources.map(([type, name, outputs, chain]) => [urnOf(type, name, chain), { type, outputs }]),
            ),
        }),
    });
    const urnOf = (type: string, name: string, chain = "vpc-peering-lab:components:VpcPeering$"): string =>
        `urn:pulumi:test::vpc-peering-lab::${chain}${type}::${name}`;

    it("is kept by it: a route of its table and block, a rule of its group, source and ports", async () => {
        const { get } = await peer(
            stateOf(
                [routeType, "p-accepter-old-10.41.0.0/16", { ...route, vpcPeeringConnectionId: "pcx-9" }],
                [routeType, "q-accepter-main-10.41.0.0/24", { ...route, destinationCidrBlock: "10.41.0.0/24" }],
                [ruleType, "p-accepter-old-tcp-80-10.41.0.0/16", { ...allowed, referencedSecurityGroupId: "" }],
                [ruleType, "p-accepter-old-tcp-81-10.41.0.0/16", { ...allowed, fromPort: 81, toPort: 81 }],
            ),
        );
        assert.deepStrictEqual(get("p-accepter-main-10.41.0.0/16").aliases, [
            urnOf(routeType, "p-accepter-old-10.41.0.0/16"),
        ]);
        assert.deepStrictEqual(get("p-accepter-web-tcp-80-10.41.0.0/16").aliases, [
            urnOf(ruleType, "p-accepter-old-tcp-80-10.41.0.0/16"),
        ]);
        assert.deepStrictEqual(get("p-requester-main-10.42.0.0/16").aliases, []);
    });

    it("is refused where no peering has made it, or the name is another's now, with who manages it", async () => {
        const byHand = await peer({
            ...stateOf([routeType, "hand", route, ""]),
            ...standing(["10.41.0.0/16"], rule),
            "pulumi:pulumi:readStackResourceOutputs":
                stateOf([routeType, "hand", route, ""])["pulumi:pulumi:readStackResourceOutputs"] ?? (() => ({})),
        });
        assert.deepStrictEqual(byHand.get("p-accepter-main-10.41.0.0/16").aliases, []);
        await assert.rejects(
            byHand.beforeCreate("p-accepter-main-10.41.0.0/16", route),
            /is in rtb-2 already, and this stack manages it as hand\. Leave that resource out of the program, and hand it over with "pulumi state delete urn:pulumi:test::vpc-peering-lab::aws:ec2\/route:Route::hand --yes && pulumi import /,
        );
        const exchanged = await peer({
            ...standing(["10.41.0.0/16"], rule),
            ...stateOf([routeType, "p-accepter-b-10.41.0.0/16", route]),
        });
        await assert.rejects(
            exchanged.beforeCreate("p-accepter-main-10.41.0.0/16", route),
            /manages it as p-accepter-b-10\.41\.0\.0\/16\. Names of tables and groups may change, but not be exchanged/,
        );
    });

    it("is not created a second time by --replace", async () => {
        const name = "p-accepter-main-10.41.0.0/16";
        const { beforeCreate } = await peer({
            ...standing(["10.41.0.0/16"], rule),
            ...stateOf([routeType, name, route]),
        });
        await assert.rejects(
            beforeCreate(name, route, urnOf(routeType, name)),
            /manages it under this name\. AWS can't have it twice, so it can't be replaced: leave out --replace; or remove it with "aws ec2 delete-route /,
        );
    });

    it("turns DNS resolution off that was on and is left out, and leaves alone what was never set", async () => {
        const options = "aws:ec2/peeringConnectionOptions:PeeringConnectionOptions";
        const { get, registrations } = await peer(stateOf([options, "p-accepter-dns-resolution", {}]));
        assert.deepStrictEqual(get("p-accepter-dns-resolution").inputs["accepter"], {
            allowRemoteVpcDnsResolution: false,
        });
        assert.ok(!registrations.some(({ name }) => name === "p-requester-dns-resolution"));
    });
});

describe("two that want the same", () => {
    const block = "100.64.0.0/16";
    const hub = { vpcId: "vpc-1", cidrBlocks: ["10.1.0.0/16"] };
    const spokes =
        (names: string[], accepter: object, requester: object = {}) =>
        () => {
            for (const name of names) {
                new VpcPeering(name, {
                    requester: { vpcId: `vpc-${name}`, cidrBlocks: [block], ...requester },
                    accepter: { ...hub, ...accepter },
                    ...("securityGroups" in accepter && { ports: ["tcp/80"] as const }),
                });
            }
        };

    it("are refused by name, route or rule, and no second connection is requested", async () => {
        for (const [accepter, problem] of [
            [
                { routeTables: ["rtb-1"] },
                `accepter.routeTables.rtb-1 = "rtb-1": has a route to ${block}, and a table has one to a block (Amazon VPC User Guide, "Route tables"), by VpcPeering a (accepter.routeTables.rtb-1) already; give each of the two a part of its own in requester.routedCidrBlocks`,
            ],
            [
                { securityGroups: { web: "sg-1" } },
                `accepter.securityGroups.web = "sg-1": lets ${block} in on the same port, and a group has a rule once (Amazon VPC User Guide, "Security group rules"), by VpcPeering a (accepter.securityGroups.web) already; give each of the two a part of its own in requester.routedCidrBlocks`,
            ],
        ] as const) {
            const { messages, made } = await failure(spokes(["a", "b"], accepter), elsewhere);
            assert.ok(
                messages.includes(`VpcPeering b has 1 problem; no connection was requested:\n  ${problem}`),
                messages,
            );
            assert.deepStrictEqual(
                made.filter((name) => name.endsWith("connection")),
                ["a-connection"],
            );
        }
    });

    it("are refused where a table has no id yet, and two names mean the same one", async () => {
        const program = () => {
            const table = new RouteTable("hub", { vpcId: "vpc-1" });
            const unknown = pulumi.all([table.id]).apply(() => pulumi.unknown as string);
            spokes(["a", "b"], { routeTables: { hub: unknown } })();
        };
        const { messages } = await failure(program, elsewhere);
        assert.match(messages, /accepter\.routeTables\.hub: has a route to 100\.64\.0\.0\/16,.* by VpcPeering a /);
        const twice = await failure(spokes(["a"], { routeTables: { one: "rtb-1", two: "rtb-1" } }), elsewhere);
        assert.match(
            twice.messages,
            /accepter\.routeTables\.two = "rtb-1": has a route .* as accepter\.routeTables\.one already; leave one of the two out/,
        );
    });

    it("are none where blocks, tables or runs differ", async () => {
        const { made } = await failure(() => {
            spokes(["a"], { routeTables: ["rtb-1"] }, { routedCidrBlocks: ["100.64.1.0/24"] })();
            spokes(["b"], { routeTables: ["rtb-1"] })();
            spokes(["c"], { routeTables: ["rtb-2"] })();
        }, elsewhere);
        assert.strictEqual(made.filter((name) => name.endsWith("-connection")).length, 3);
    });
});
