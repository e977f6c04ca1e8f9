import assert from "node:assert/strict";
import { fixesOf } from "../fixes.ts";
import { State, type Kinds, type Place } from "../state.ts";
import { placesOf } from "./build.ts";
import { ask, pair } from "./cases.ts";

/** What is said of a question: the verdict, blockers, what is not known, and commands without their beginning. */
function told(places: readonly Place[], question = "client server tcp/80") {
    const found = ask(new State(places), question);
    return {
        verdict: found.verdict,
        blockers: found.blockers.map(({ direction, component, code }) => `${direction} ${component.id} ${code}`),
        unknown: found.unknown,
        fixes: fixesOf(found)?.map(({ command }) => command.replace(/^(\w+=\$\()?aws ec2 (\S+).*/, "$2")) ?? null,
    };
}

function without(places: readonly Place[], kind: keyof Kinds): Place[] {
    return places.map(({ [kind]: _, ...place }) => place as Place);
}

const nothing = { blockers: [], fixes: [] };
const stopped = (host: string, address: string) => ({ [host]: { address, state: "stopped" } });
const noAnswers = ["out 100 allow all 0.0.0.0/0"];
/** Everything that can stop a packet which arrives, and its answer. */
const shut = { routes: {}, ingress: [], acl: [], hosts: stopped("server", "10.2.1.10") };
const targets = {
    "a transit gateway": "tgw-1",
    "an appliance": "eni-appliance",
    "a virtual private gateway": "vgw-1",
    "Cloud WAN": "arn:aws:networkmanager::111111111111:core-network/core-network-1",
    "a VPC endpoint": "vpce-1",
    "a NAT gateway": "nat-1",
    "something new": "",
};

for (const [kind, target] of Object.entries(targets)) {
    const leads = `where ${target || "the route to 10.2.0.0/16"} leads`;
    const back = leads.replace("10.2.", "10.1.");
    const routes = { "10.2.0.0/16": target };
    const answers = { routes: { "10.1.0.0/16": target } };

    describe(`behind a route to ${kind}`, () => {
        for (const [what, connections] of [
            ["no connection", {}],
            ["an active connection", { "pcx-1": ["one", "two", "active"] }],
            ["a connection that is gone", { "pcx-1": ["one", "two", "deleted"] }],
        ] as const) {
            it(`nothing is judged, and nothing is to change, with ${what}`, () => {
                const expected = { verdict: "unknown", ...nothing, unknown: [leads] };
                assert.deepEqual(told(pair({ routes, acl: noAnswers }, shut, connections)), expected);
            });
        }

        it("nothing is judged in the own VPC", () => {
            const places = placesOf({
                one: {
                    block: "10.1.0.0/16",
                    ingress: [],
                    routes: { "10.1.2.0/24": target },
                    subnets: {
                        client: { block: "10.1.1.0/24", hosts: { client: "10.1.1.10" } },
                        server: { block: "10.1.2.0/24", acl: [], hosts: { server: "10.1.2.10" } },
                    },
                },
            });
            const unknown = [leads.replace("10.2.0.0/16", "10.1.2.0/24")];
            assert.deepEqual(told(places), { verdict: "unknown", ...nothing, unknown });
        });

        for (const internet of [true, false]) {
            it(`a private server needs no public address, with ${internet ? "an" : "no"} internet gateway`, () => {
                const places = pair({ routes: { "0.0.0.0/0": target }, internet, acl: noAnswers });
                const unknown = [leads.replace("10.2.0.0/16", "0.0.0.0/0")];
                const expected = { verdict: "unknown", ...nothing, unknown };
                assert.deepEqual(told(places, "client 198.51.100.7 tcp/443"), expected);
            });
        }

        it("what is in front of it decides", () => {
            const client = {
                routes,
                egress: [],
                acl: ["in 1 allow all 0.0.0.0/0"],
                hosts: stopped("client", "10.1.1.10"),
            };
            assert.deepEqual(told(pair(client, shut, {})), {
                verdict: "not reachable",
                blockers: [
                    "forward i-client UNASSOCIATED_COMPONENT",
                    "forward sg-one SG_HAS_NO_RULES",
                    "forward acl-client SUBNET_ACL_RESTRICTION",
                ],
                unknown: [leads],
                fixes: ["start-instances", "authorize-security-group-egress", "create-network-acl-entry"],
            });
        });

        it("the answer is not judged", () => {
            const expected = { verdict: "unknown", ...nothing, unknown: [back] };
            assert.deepEqual(told(pair({ acl: noAnswers }, answers)), expected);
        });

        it("what is in front of it on the answer's way decides", () => {
            const places = pair({ acl: noAnswers }, { ...answers, acl: ["in 100 allow all 0.0.0.0/0"] });
            assert.deepEqual(told(places), {
                verdict: "not reachable",
                blockers: ["back acl-server SUBNET_ACL_RESTRICTION"],
                unknown: [back],
                fixes: ["create-network-acl-entry"],
            });
        });

        it("a request that the answer follows is judged", () => {
            const places = pair({ routes: { "10.2.0.0/16": "pcx-0!" } }, { ...answers, ingress: [] });
            assert.deepEqual(told(places), {
                verdict: "not reachable",
                blockers: ["forward rtb-one BAD_STATE_ROUTE", "forward sg-two SG_HAS_NO_RULES"],
                unknown: [back],
                fixes: ["authorize-security-group-ingress", "replace-route"],
            });
        });

        for (const [what, one, connections] of [
            ["a missing route", {}, {}],
            ["a dead route", { "10.2.0.0/16": "pcx-1!" }, { "pcx-1": ["one", "two", "deleted"] }],
        ] as const) {
            it(`no connection is made for ${what} where the answer goes there`, () => {
                const { verdict, blockers, unknown, fixes } = told(pair({ routes: one }, answers, connections));
                assert.deepEqual({ verdict, fixes }, { verdict: "not reachable", fixes: null });
                assert.match(blockers.join(), /^forward rtb-one (NO_ROUTE_TO_DESTINATION|BAD_STATE_ROUTE)$/);
                assert.match(unknown.join(), /^whether .* connects vpc-one and vpc-two$/);
            });
        }

        for (const [what, publicIp, verdict] of [
            ["with a public address", "192.0.2.2", "unknown"],
            ["without a public address, which gets none", undefined, "not reachable"],
        ] as const) {
            it(`is the answer to the internet of a server ${what}`, () => {
                const server = { address: "10.2.1.10", ...(publicIp !== undefined && { publicIp }) };
                const two = { routes: { "0.0.0.0/0": target }, internet: true, hosts: { server } };
                const found = told(pair({}, two), "198.51.100.7 server tcp/80");
                const unknown = [leads.replace("10.2.0.0/16", "0.0.0.0/0")];
                assert.deepEqual([found.verdict, found.unknown], [verdict, unknown]);
                assert.deepEqual(found.fixes, publicIp === undefined ? null : []);
            });
        }

        it("a dead one decides, and what would be behind it is not to change", () => {
            assert.deepEqual(told(pair({ routes: { "10.2.0.0/16": `${target}!` } }, shut, {})), {
                verdict: "not reachable",
                blockers: ["forward rtb-one BAD_STATE_ROUTE"],
                unknown: [],
                fixes: null,
            });
        });

        it("a connection that is there takes the place of a dead one", () => {
            assert.deepEqual(told(pair({ routes: { "10.2.0.0/16": `${target}!` } })), {
                verdict: "not reachable",
                blockers: ["forward rtb-one BAD_STATE_ROUTE"],
                unknown: [],
                fixes: ["replace-route"],
            });
        });

        it("nothing is judged where a prefix list that was not read may lead there", () => {
            const places = pair({ routes: { "pl-far": target } }, shut, {});
            assert.deepEqual(told(places), {
                verdict: "unknown",
                ...nothing,
                unknown: ["the entries of prefix list pl-far"],
            });
        });
    });
}

describe("a peer that was not read", () => {
    const theirs = { account: "222222222222" };
    const unknown = ["what is in vpc-two, which was not read"];

    it("hides what is behind it, and the answer", () => {
        const [own] = pair({ acl: noAnswers }, theirs);
        assert.ok(own);
        assert.deepEqual(told([own], "client 10.2.1.10 tcp/80"), { verdict: "unknown", ...nothing, unknown });
    });

    it("does not hide what is in front of it", () => {
        const [own] = pair({ acl: [] }, theirs, { "pcx-1": ["one", "two", "pending-acceptance"] });
        assert.ok(own);
        assert.deepEqual(told([own], "client 10.2.1.10 tcp/80"), {
            verdict: "not reachable",
            blockers: ["forward acl-client SUBNET_ACL_RESTRICTION", "forward pcx-1 BAD_STATE"],
            unknown,
            fixes: ["create-network-acl-entry", "accept-vpc-peering-connection"],
        });
    });

    it("may have any address where its connections were not read, either", () => {
        assert.deepEqual(
            told(
                without(pair({ routes: { "10.9.0.0/16": "pcx-1" } }), "VpcPeeringConnections"),
                "client 10.9.9.9 tcp/80",
            ),
            {
                verdict: "unknown",
                ...nothing,
                unknown: ["where pcx-1 leads", "the peering connections of vpc-one"],
            },
        );
    });
});

describe("a route table that was not read", () => {
    it("hides what is behind it, and the answer", () => {
        const places = without(pair({ acl: noAnswers }, shut, {}), "RouteTables");
        assert.deepEqual(told(places), {
            verdict: "unknown",
            ...nothing,
            unknown: ["the route table of subnet-client"],
        });
    });

    it("hides whether something connects the two where it is the answer's", () => {
        const [one, two] = pair({ routes: {} }, { ...shut, account: "222222222222" }, {});
        assert.ok(one && two);
        assert.deepEqual(told([one, ...without([two], "RouteTables")]), {
            verdict: "not reachable",
            blockers: ["forward rtb-one NO_ROUTE_TO_DESTINATION"],
            unknown: ["whether something else connects vpc-one and vpc-two"],
            fixes: null,
        });
    });
});

describe("a filter that was not read", () => {
    const hosts = shut.hosts;
    const acls = ["the network ACL of subnet-client", "the network ACL of subnet-server"];
    const groups = ["the rules of sg-one", "the rules of sg-two"];
    const list = ["the entries of prefix list pl-two"];
    const filters = {
        "network ACLs": [{}, "NetworkAcls", acls],
        "security groups": [{}, "SecurityGroups", groups],
        "a prefix list in a rule": [{ egress: ["all pl-two"] }, "PrefixLists", list],
        "a prefix list in a route": [{ routes: { "pl-two": "pcx-1" } }, "PrefixLists", list],
    } as const;
    for (const [what, [one, kind, unknown]] of Object.entries(filters)) {
        it(`${what}: is all that is not known`, () => {
            assert.deepEqual(told(without(pair(one), kind)), { verdict: "unknown", ...nothing, unknown });
        });

        it(`${what}: what is behind it decides`, () => {
            assert.deepEqual(told(without(pair(one, { hosts }), kind)), {
                verdict: "not reachable",
                blockers: ["forward i-server UNASSOCIATED_COMPONENT"],
                unknown,
                fixes: ["start-instances"],
            });
        });

        it(`${what}: what is on the answer's way decides`, () => {
            assert.deepEqual(told(without(pair(one, { routes: {} }), kind)), {
                verdict: "not reachable",
                blockers: ["back rtb-two NO_ROUTE_TO_DESTINATION"],
                unknown,
                fixes: ["create-route"],
            });
        });
    }
});
