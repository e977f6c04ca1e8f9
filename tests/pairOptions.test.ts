import * as assert from "assert";
import { Provider } from "@pulumi/aws/provider";
import { isolated, reachable } from "../components/lab/expectations";
import { askedSide, checkPeeredVpcPairArgs, type PeeredVpcPairArgs } from "../components/lab/pairArgs";
import { PeeredVpcPair } from "../components/lab/peeredVpcPair";
import { type Answers, deploy, type Deployment, elsewhere, valueOf, withStatus } from "./mocks";

const args: PeeredVpcPairArgs = {
    requester: { cidrBlock: "10.41.0.0/16", subnetCidrBlock: "10.41.1.0/24", privateIp: "10.41.1.100" },
    accepter: { cidrBlock: "10.42.0.0/16", subnetCidrBlock: "10.42.1.0/24", privateIp: "10.42.1.100" },
    peering: true,
    keyName: "key",
};
const open = { icmpCidrs: ["0.0.0.0/0"] };
const everybodyPings = { requester: { ...args.requester, ...open }, accepter: { ...args.accepter, ...open } };

async function make(
    change: Partial<PeeredVpcPairArgs> | (() => Partial<PeeredVpcPairArgs>),
    answers: Answers = elsewhere,
): Promise<Deployment & { pair: PeeredVpcPair }> {
    let pair: PeeredVpcPair | undefined;
    const deployment = await deploy(
        () => {
            pair = new PeeredVpcPair("p", { ...args, ...(typeof change === "function" ? change() : change) });
        },
        {},
        [],
        answers,
    );
    assert.ok(pair);
    return { ...deployment, pair };
}

const place = { region: "us-west-2", accountId: "222222222222" };
const accepterThere = (more: object = place) => ({
    accepter: { ...args.accepter, ...more, provider: new Provider("there", { region: "us-west-2" }) },
});

/** What of a deployment is one side's: the parts of its VPC, all but the component itself. */
const partsOf = ({ registrations }: Deployment, side: string) =>
    registrations.filter(({ name }) => name.startsWith(`p-${side}-`));

describe("PeeredVpcPair with a side elsewhere", () => {
    it("makes everything of the side through its provider, and nothing else", async () => {
        const deployment = await make(() => accepterThere());
        for (const { name, type, provider } of deployment.registrations) {
            if (type.startsWith("aws:") && /^p(-peering)?-accepter/.test(name)) {
                assert.strictEqual(provider, "id-of-there", name);
            } else if (type.startsWith("aws:")) {
                assert.strictEqual(provider, "", name);
            }
        }
        const { inputs } = deployment.get("p-peering-connection");
        assert.strictEqual(inputs["peerRegion"], "us-west-2");
        assert.strictEqual(inputs["peerOwnerId"], "222222222222");
    });

    it("opens each server with its own side's key pair, or the pair's", async () => {
        const { get } = await make({ accepter: { ...args.accepter, keyName: "there" } });
        assert.strictEqual(get("p-requester-server").inputs["keyName"], "key");
        assert.strictEqual(get("p-accepter-server").inputs["keyName"], "there");
    });

    it("makes each server by its side's arguments, or the pair's", async () => {
        const { get, calls, registrations } = await make({
            peering: false,
            dnsResolution: false,
            instanceType: "t3.nano",
            ami: "al2",
            sshCidrs: ["192.0.2.0/24"],
            icmpCidrs: ["10.0.0.0/8"],
            accepter: {
                ...args.accepter,
                instanceType: "t3.small",
                ami: "al2023",
                sshCidrs: ["198.51.100.0/24"],
                icmpCidrs: [],
                dnsHostnames: false,
            },
        });
        assert.strictEqual(get("p-requester-server").inputs["instanceType"], "t3.nano");
        assert.strictEqual(get("p-accepter-server").inputs["instanceType"], "t3.small");
        assert.deepStrictEqual(
            registrations
                .map(({ name }) => name)
                .filter((name) => /-(ssh|icmp)-/.test(name))
                .sort(),
            ["p-accepter-ssh-198.51.100.0/24", "p-requester-icmp-10.0.0.0/8", "p-requester-ssh-192.0.2.0/24"],
        );
        const images = calls
            .map(({ inputs }) => String((inputs as { name?: string }).name))
            .filter((name) => name.includes("ami-amazon"));
        assert.deepStrictEqual(
            images.map((name) => /al2023|amzn2/.exec(name)?.[0]),
            ["amzn2", "al2023"],
        );
        assert.strictEqual(get("p-requester-vpc").inputs["enableDnsHostnames"], true);
        assert.strictEqual(get("p-accepter-vpc").inputs["enableDnsHostnames"], false);
    });

    const parameter = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64";

    it("makes all of a side anew when its place changes, for its place is everything's trigger", async () => {
        const deployment = await make(() => ({ ...accepterThere(), peering: false }));
        for (const [side, place] of [
            ["requester", "default"],
            ["accepter", "us-west-2 222222222222"],
        ] as const) {
            // The pings have a trigger of their own, the place has none, and neither is on AWS.
            const parts = partsOf(deployment, side).filter(({ name }) => !/-(pings|place)$/.test(name));
            assert.strictEqual(parts.length, 11);
            const choices: Record<string, string> = { ami: parameter, zone: "t2.micro" };
            for (const { name, replacementTrigger } of parts) {
                const choice = choices[name.split("-").at(-1) ?? ""];
                assert.deepStrictEqual(replacementTrigger, choice === undefined ? place : [choice, place], name);
            }
        }
    });

    it("says of a place what is known of it", async () => {
        for (const [known, word] of [
            [{ region: "us-west-2" }, "us-west-2"],
            [{ accountId: "222222222222" }, "222222222222"],
        ] as const) {
            const { get } = await make(() => ({ ...accepterThere(known), peering: false }));
            assert.strictEqual(get("p-accepter-vpc").replacementTrigger, word);
        }
        // Where it is declared makes no difference to what the default provider has made.
        const { get } = await make({ accepter: { ...args.accepter, region: "us-east-1" }, peering: false });
        assert.strictEqual(get("p-accepter-vpc").replacementTrigger, "default");
    });
});

describe("PeeredVpcPair, what is connected", () => {
    const outcomesOf = async (change: Partial<PeeredVpcPairArgs>, answers?: Answers) => {
        const { pair, get } = await make({ ...everybodyPings, ...change }, answers);
        return { stage: await valueOf(pair.stage), expect: await valueOf(pair.expect), input: get("p-stage").inputs };
    };

    it("promises that each reaches the other", async () => {
        assert.deepStrictEqual(await outcomesOf({}), {
            stage: "reachable",
            expect: [reachable, reachable],
            input: { input: "reachable" },
        });
    });

    it("promises what requests one way can do", async () => {
        assert.deepStrictEqual(await outcomesOf({ requestsFrom: "requester" }), {
            stage: "one-way",
            expect: [reachable, { ...reachable, http: "none" }],
            input: { input: "reachable" },
        });
        const { stage } = await outcomesOf({ requestsFrom: "requester", peering: false });
        assert.strictEqual(stage, "isolated");
    });

    it("promises nothing while another owner has yet to accept", async () => {
        const change = { manageAccepter: false };
        assert.deepStrictEqual(await outcomesOf(change, withStatus("pending-acceptance")), {
            stage: "pending-acceptance",
            expect: [isolated, isolated],
            input: { input: "requested" },
        });
        assert.deepStrictEqual((await outcomesOf({ ...change, peering: false })).input, { input: "isolated" });
    });

    for (const slow of ["", "there"]) {
        it(`promises that the connection is active, even while the ${slow === "" ? "requester" : "accepter"} still sees it otherwise`, async () => {
            let asked = 0;
            const { pair } = await make(() => accepterThere(), {
                ...elsewhere,
                "aws:ec2/getVpcPeeringConnection:getVpcPeeringConnection": (_, provider) => ({
                    status: provider === slow && asked++ === 0 ? "provisioning" : "active",
                }),
            });
            assert.strictEqual(await valueOf(pair.stage), "reachable");
            assert.ok(pair.peering);
            const status = await Promise.all(
                [pair.peering.status.requester, pair.peering.status.accepter].map(valueOf),
            );
            assert.deepStrictEqual(status, ["active", "active"]);
        });
    }

    it("promises the accepter's private address only, where only its name is to be resolved", async () => {
        const { expect } = await outcomesOf({ requester: { ...everybodyPings.requester, dnsResolution: false } });
        assert.deepStrictEqual(
            expect.map(({ dns }) => dns),
            ["private", "public"],
        );
    });

    for (const port of ["icmp", "icmp/8", "all"] as const) {
        it(`promises pings by ${port} on the side that opens it, to those who may ask`, async () => {
            const accepter = { ...args.accepter, extraPorts: [port] };
            const pings = async (change: Partial<PeeredVpcPairArgs>) =>
                (await outcomesOf({ requester: args.requester, accepter, ...change })).expect.map(({ icmp }) => icmp);
            assert.deepStrictEqual(await pings({}), ["reply", "none"]);
            assert.deepStrictEqual(await pings({ requestsFrom: "accepter" }), ["none", "none"]);
            assert.deepStrictEqual(await pings({ peering: false }), ["none", "none"]);
        });
    }

    it("promises public addresses without DNS resolution", async () => {
        const { expect } = await outcomesOf({ dnsResolution: false });
        assert.deepStrictEqual(
            expect.map(({ dns }) => dns),
            ["public", "public"],
        );
    });
});

describe("PeeredVpcPair, rules and blocks", () => {
    it("deletes the rules that leave the program before the check looks", async () => {
        const cases: [change: Partial<PeeredVpcPairArgs>, word: string][] = [
            [{}, "both by cidr"],
            [{ requestsFrom: "accepter", ingressFrom: "group" }, "accepter by group"],
            [{ extraPorts: ["icmp/0", "all"] }, "both by cidr, pings to the requester, pings to the accepter"],
            [{ requester: { ...args.requester, extraPorts: ["icmp/8"] } }, "both by cidr, pings to the requester"],
        ];
        for (const [change, word] of cases) {
            const { get } = await make({ ...change, peering: false });
            const { type, parent, inputs, replacementTrigger, deleteBeforeReplace } = get("p-requests");
            assert.deepStrictEqual(
                { type, parent, inputs, replacementTrigger, deleteBeforeReplace },
                {
                    type: "pulumi:index:Stash",
                    parent: "p",
                    inputs: { input: word },
                    replacementTrigger: word,
                    deleteBeforeReplace: true,
                },
            );
        }
    });

    it("opens the ports to each other's groups", async () => {
        const { get, registrations } = await make({
            ingressFrom: "group",
            requestsFrom: "requester",
            extraPorts: ["udp/53"],
        });
        assert.deepStrictEqual(
            registrations
                .map(({ name }) => name)
                .filter((name) => name.startsWith("p-peering-accepter-server"))
                .sort(),
            ["p-peering-accepter-server-tcp-80-group-server", "p-peering-accepter-server-udp-53-group-server"],
        );
        assert.ok(!registrations.some(({ name }) => name.startsWith("p-peering-requester-server")));
        assert.strictEqual(
            get("p-peering-accepter-server-udp-53-group-server").inputs["referencedSecurityGroupId"],
            "id-of-p-requester-security-group",
        );
    });

    it("opens a side's own ports, and resolves its own names, or else the pair's", async () => {
        const { registrations, get } = await make({
            extraPorts: ["tcp/443"],
            dnsResolution: false,
            accepter: { ...args.accepter, extraPorts: ["tcp/8000-8100"], dnsResolution: true },
        });
        const rules = registrations.map(({ name }) => name).filter((name) => /^p-peering-\w+-server-/.test(name));
        assert.deepStrictEqual(rules.sort(), [
            "p-peering-accepter-server-tcp-80-10.41.0.0/16",
            "p-peering-accepter-server-tcp-8000-8100-10.41.0.0/16",
            "p-peering-requester-server-tcp-443-10.42.0.0/16",
            "p-peering-requester-server-tcp-80-10.42.0.0/16",
        ]);
        for (const [side, allowRemoteVpcDnsResolution] of [
            ["requester", false],
            ["accepter", true],
        ] as const) {
            const { inputs } = get(`p-peering-${side}-dns-resolution`);
            assert.deepStrictEqual(inputs[side], { allowRemoteVpcDnsResolution });
        }
    });

    it("leads to secondary blocks, or to the routed ones only", async () => {
        const { registrations, get } = await make({
            requester: { ...args.requester, secondaryCidrBlocks: ["10.43.0.0/16"] },
            accepter: {
                ...args.accepter,
                secondaryCidrBlocks: ["100.64.0.0/16"],
                routedCidrBlocks: ["10.42.1.0/24"],
            },
        });
        assert.deepStrictEqual(
            registrations
                .map(({ name }) => name)
                .filter((name) => name.includes("-public-"))
                .sort(),
            [
                "p-peering-accepter-public-10.41.0.0/16",
                "p-peering-accepter-public-10.43.0.0/16",
                "p-peering-requester-public-10.42.1.0/24",
            ],
        );
        for (const block of ["p-requester-10.43.0.0/16", "p-accepter-100.64.0.0/16"]) {
            assert.ok(get("p-peering-connection").dependencies.includes(block), block);
        }
    });

    it("lets the request accept itself, and gives no names without hostnames", async () => {
        const { get, registrations } = await make({ autoAccept: true, dnsHostnames: false, dnsResolution: false });
        assert.strictEqual(get("p-peering-connection").inputs["autoAccept"], true);
        assert.ok(!registrations.some(({ name }) => name === "p-peering-accepter"));
        assert.strictEqual(get("p-requester-vpc").inputs["enableDnsHostnames"], false);
        assert.strictEqual(get("p-accepter-vpc").inputs["enableDnsHostnames"], false);
    });
});

describe("checkPeeredVpcPairArgs", () => {
    it("finds a side's arguments where the side has them, and the others where the pair has", () => {
        const problems = checkPeeredVpcPairArgs({
            ...args,
            sshCidrs: ["x"],
            icmpCidrs: ["10.0.0.0/8"],
            accepter: { ...args.accepter, sshCidrs: ["10.0.0.0/8", "y"], icmpCidrs: ["z"] },
        });
        assert.deepStrictEqual(
            problems.map(({ path, value }) => [path, value]),
            [
                ["sshCidrs[0]", "x"],
                ["accepter.sshCidrs[1]", "y"],
                ["accepter.icmpCidrs[0]", "z"],
            ],
        );
    });

    it("names every argument by its path", () => {
        const problems = checkPeeredVpcPairArgs({
            ...args,
            requester: { ...args.requester, secondaryCidrBlocks: ["10.42.9.0/24"], region: "us-east-1" },
            accepter: {
                ...args.accepter,
                routedCidrBlocks: ["10.9.0.0/16"],
                region: "us-gov-east-1",
                dnsHostnames: false,
            },
            autoAccept: true,
            ingressFrom: "group",
            extraPorts: ["tcp/80"],
            dnsHostnames: false,
        });
        assert.deepStrictEqual(
            problems.map(({ path, value }) => [path, value]),
            [
                ["accepter.cidrBlock", "10.42.0.0/16"],
                ["accepter.routedCidrBlocks[0]", "10.9.0.0/16"],
                ["dnsHostnames", false],
                ["accepter.dnsHostnames", false],
                ["accepter.region", "us-gov-east-1"],
                ["autoAccept", true],
                ["ingressFrom", "group"],
                ["extraPorts[0]", "tcp/80"],
            ],
        );
        assert.match(problems[0]?.message ?? "", /^overlaps requester\.secondaryCidrBlocks\[0\], 10\.42\.9\.0\/24,/);
    });

    it("refuses ports that a server's group opens to the other's blocks already", () => {
        const problemsOf = (change: Partial<PeeredVpcPairArgs>) =>
            checkPeeredVpcPairArgs({ ...args, ...change }).map(({ path, value }) => [path, value]);
        const ssh = { ...args.accepter, sshCidrs: ["10.41.1.0/24"], extraPorts: ["icmp", "tcp/22"] as const };
        const routed = { requester: { ...args.requester, routedCidrBlocks: ["10.41.1.0/24"] }, accepter: ssh };
        assert.deepStrictEqual(problemsOf({ accepter: ssh }), []);
        assert.deepStrictEqual(problemsOf(routed), [["accepter.extraPorts[1]", "tcp/22"]]);
        assert.deepStrictEqual(problemsOf({ ...routed, ingressFrom: "group" }), []);
        assert.deepStrictEqual(problemsOf({ ...routed, requestsFrom: "accepter" }), []);
        const both = { icmpCidrs: ["10.42.0.0/16"], extraPorts: ["icmp"] as const };
        assert.deepStrictEqual(problemsOf(both), [["extraPorts[0]", "icmp"]]);
        const own = { ...args.accepter, extraPorts: ["tcp/443", "tcp/80"] as const };
        assert.deepStrictEqual(problemsOf({ accepter: own }), [["accepter.extraPorts[1]", "tcp/80"]]);
    });

    it("wants hostnames of both sides as soon as the names of one are to be resolved", () => {
        const change = { dnsResolution: false, dnsHostnames: false };
        const accepter = { ...args.accepter, dnsResolution: true };
        const problems = checkPeeredVpcPairArgs({ ...args, ...change, accepter });
        assert.deepStrictEqual(
            problems.map(({ path }) => path),
            ["dnsHostnames"],
        );
    });

    it("knows the two accounts, and who manages the accepter's side", () => {
        const there = {
            requester: { ...args.requester, accountId: "111111111111" },
            accepter: { ...args.accepter, accountId: "222222222222" },
        };
        const keysOf = (change: Partial<PeeredVpcPairArgs>) =>
            checkPeeredVpcPairArgs({ ...args, ...change }).map(({ path }) => path);
        assert.deepStrictEqual(keysOf({ ...there, autoAccept: true }), ["autoAccept"]);
        assert.deepStrictEqual(keysOf({ autoAccept: true, manageAccepter: false }), ["autoAccept"]);
        assert.deepStrictEqual(keysOf({ ...there, manageAccepter: false }), []);
    });

    it("finds nothing wrong without labels, nor without DNS of any kind", () => {
        assert.deepStrictEqual(checkPeeredVpcPairArgs(args), []);
        assert.deepStrictEqual(checkPeeredVpcPairArgs({ ...args, dnsHostnames: false, dnsResolution: false }), []);
    });
});

describe("askedSide", () => {
    const cases: [icmpCidrs: string[] | undefined, letsPing: boolean][] = [
        [undefined, false],
        [[], false],
        [["10.41.0.0/16"], false],
        [["x"], false],
        [["10.42.1.99/32", "10.42.1.101/32"], false],
        [["x", "10.42.1.100/32"], true],
        [["10.41.0.0/16", "10.42.0.0/16"], true],
    ];
    for (const [icmpCidrs, letsPing] of cases) {
        it(`${letsPing ? "lets" : "doesn't let"} the other's server ping with ${JSON.stringify(icmpCidrs)}`, () => {
            const asked = askedSide({ ...args, requester: { ...args.requester, icmpCidrs } }, "requester");
            assert.deepStrictEqual(asked, { letsPing, opensPing: false, dnsHostnames: true, dnsResolution: true });
        });
    }

    it("has a public name unless told otherwise, and lets no malformed address ping", () => {
        const { requester, accepter } = everybodyPings;
        assert.deepStrictEqual(askedSide({ ...args, accepter, dnsHostnames: false }, "accepter"), {
            letsPing: true,
            opensPing: false,
            dnsHostnames: false,
            dnsResolution: true,
        });
        const nobody = { ...args, requester, accepter: { ...accepter, privateIp: "x" } };
        assert.strictEqual(askedSide(nobody, "requester").letsPing, false);
    });
});
