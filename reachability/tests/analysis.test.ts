import assert from "node:assert/strict";
import { analyze } from "../analysis.ts";
import { fixesOf } from "../fixes.ts";
import { State, type Place } from "../state.ts";
import { QuestionError } from "../types.ts";
import { placesOf } from "./build.ts";
import { ask, cases, pair } from "./cases.ts";

describe("analyze", () => {
    for (const { what, places, ask: text, verdict, blockers = [], unknown = [], fixes = [] } of cases) {
        it(`${what}: ${text} is ${verdict}`, () => {
            const state = new State(places);
            const found = ask(state, text);
            assert.deepEqual(
                {
                    verdict: found.verdict,
                    blockers: found.blockers.map(
                        ({ direction, component, code }) => `${direction} ${component.id} ${code}`,
                    ),
                    unknown: found.unknown,
                    fixes:
                        fixesOf(found)?.map(({ command }) =>
                            command.replace(/aws ec2 /g, "").replace(/ --region \S+/g, ""),
                        ) ?? null,
                },
                { verdict, blockers, unknown, fixes },
            );
        });
    }

    it("names each place where a fix has to be run", () => {
        const [one, two] = cases.find(({ what }) => what === "accounts and regions differ")?.places ?? [];
        assert.ok(one && two);
        const state = new State([one, { ...two, profile: "theirs" }]);
        const fixes = fixesOf(ask(state, "client server tcp/80")) ?? [];
        assert.deepEqual(
            fixes.map(({ account, region, command }) => [
                account,
                region,
                / --profile (\S+) --region (\S+)/.exec(command)?.slice(1),
            ]),
            [
                ["111111111111", "eu-north-1", undefined],
                ["222222222222", "us-east-1", ["theirs", "us-east-1"]],
                ["111111111111", "eu-north-1", undefined],
                ["222222222222", "us-east-1", ["theirs", "us-east-1"]],
            ],
        );
    });

    const peered = cases[0]?.places ?? [];
    const kinds = {
        Reservations: /^whether i-client runs \(UnauthorizedOperation\)$/m,
        SecurityGroups: /^the rules of sg-one \(UnauthorizedOperation\)$/m,
        NetworkAcls: /^the network ACL of subnet-client \(UnauthorizedOperation\)$/m,
        RouteTables: /^the route table of subnet-client \(UnauthorizedOperation\)$/m,
        VpcPeeringConnections: /^the peering connections of vpc-one \(UnauthorizedOperation\)$/m,
    } as const;
    for (const [kind, message] of Object.entries(kinds)) {
        it(`does not know what depends on ${kind} that could not be read, and says why`, () => {
            const state = new State(
                peered.map(({ [kind as keyof Place]: _, ...rest }) => ({
                    ...rest,
                    unread: { [kind]: "UnauthorizedOperation" },
                })) as Place[],
            );
            const { verdict, unknown } = ask(state, "eni-client eni-server tcp/80");
            assert.equal(verdict, "unknown");
            assert.match(unknown.join("\n"), message);
        });
    }

    for (const [what, text, message] of [
        ["an end that is not there", "client elsewhere tcp/80", /^No interface that was read has 'elsewhere'/],
        ["a start that is not there", "10.9.9.9 server tcp/80", /^No interface that was read has '10\.9\.9\.9'/],
        ["two ends on the internet", "198.51.100.1 198.51.100.2 tcp/80", /one has to be an interface that was read/],
    ] as const) {
        it(`refuses ${what}`, () => {
            assert.throws(
                () => ask(new State(peered), text),
                (error) => error instanceof QuestionError && message.test(error.message),
            );
        });
    }

    it("asks which one is meant by an address that two have", () => {
        const vpc = (host: string) => ({
            block: "10.0.0.0/16",
            subnets: { [host]: { block: "10.0.0.0/24", hosts: { [host]: "10.0.0.10" } } },
        });
        const state = new State(placesOf({ one: vpc("a"), two: vpc("b") }));
        assert.throws(() => ask(state, "a 10.0.0.10 tcp/80"), /eni-a in vpc-one, eni-b in vpc-two/);
    });

    it("asks which one is meant, too, where no instance has them", () => {
        const vpc = (host: string) => ({
            block: "10.0.0.0/16",
            subnets: { [host]: { block: "10.0.0.0/24", hosts: { [host]: { address: "10.0.0.10", of: "none" } } } },
        });
        const state = new State(placesOf({ one: vpc("a"), two: vpc("b") }));
        assert.throws(() => ask(state, "eni-a 10.0.0.10 tcp/80"), /eni-a in vpc-one, eni-b in vpc-two/);
    });

    it("knows no way back from an interface to itself", () => {
        assert.deepEqual(ask(new State(peered), "client client tcp/80").back, []);
    });

    it("has the other owner accept, whose VPC was not read", () => {
        const theirs = { account: "222222222222", region: "us-east-1" };
        const [own] = pair({}, theirs, { "pcx-1": ["one", "two", "pending-acceptance"] });
        assert.ok(own);
        assert.deepEqual(fixesOf(ask(new State([own]), "client 10.2.1.10 tcp/80")), [
            {
                ...theirs,
                command: "aws ec2 accept-vpc-peering-connection --region us-east-1 --vpc-peering-connection-id pcx-1",
            },
        ]);
    });

    it("gives the new entries of one network ACL different numbers", () => {
        const acl = ["out 100 allow all 0.0.0.0/0"];
        const [place] = placesOf({
            one: {
                block: "10.1.0.0/16",
                subnets: {
                    a: { block: "10.1.1.0/24", acl, hosts: { a: "10.1.1.10" } },
                    b: { block: "10.1.2.0/24", hosts: { b: "10.1.2.10" } },
                },
            },
        });
        const NetworkAcls = place?.NetworkAcls?.slice(0, 1).map((one) => ({
            ...one,
            Associations: [{ SubnetId: "subnet-a" }, { SubnetId: "subnet-b" }],
        }));
        const fixes = fixesOf(
            ask(new State(place ? [{ ...place, NetworkAcls: NetworkAcls ?? [] }] : []), "a b tcp/80"),
        );
        assert.deepEqual(
            fixes?.map(({ command }) => /--rule-number (\d+)/.exec(command)?.[1]),
            ["32766", "32765"],
        );
    });

    it("gives them different numbers in analyses that share them", () => {
        const acl = ["out 100 allow all 0.0.0.0/0", "in 100 allow udp/53 0.0.0.0/0"];
        const state = new State(
            placesOf({
                one: {
                    block: "10.1.0.0/16",
                    subnets: {
                        a: { block: "10.1.1.0/24", hosts: { a: "10.1.1.10" } },
                        b: { block: "10.1.2.0/24", acl, hosts: { b: "10.1.2.10" } },
                    },
                },
            }),
        );
        const numbersOf = (port: number, ...shared: Set<string>[]) =>
            fixesOf(analyze(state, { from: "a", to: "b", protocol: "tcp", port }, ...shared))
                ?.filter(({ command }) => command.includes("--rule-number"))
                .map(({ command }) => /--rule-number (\d+)/.exec(command)?.[1]);
        const shared = new Set<string>();
        assert.deepEqual([numbersOf(80), numbersOf(81)], [["32766"], ["32766"]]);
        assert.deepEqual([numbersOf(80, shared), numbersOf(81, shared)], [["32766"], ["32765"]]);
    });

    it("takes 100 ms at most among 1,000 VPCs with 50 rules each", () => {
        const rules = Array.from({ length: 50 }, (_, index) => `tcp/${index + 1000} 10.0.0.0/8`);
        const vpcs = Object.fromEntries(
            Array.from({ length: 1000 }, (_, index) => {
                const block = `10.${Math.floor(index / 250)}.${index % 250}.0/24`;
                const address = block.replace("0/24", "10");
                return [
                    `v${index}`,
                    { block, ingress: rules, subnets: { [`h${index}`]: { block, hosts: { [`h${index}`]: address } } } },
                ];
            }),
        );
        const state = new State(placesOf(vpcs));
        const begin = performance.now();
        assert.equal(ask(state, "h1 h999 tcp/80").verdict, "not reachable");
        assert.ok(performance.now() - begin < 100);
    });
});
