import * as assert from "assert";
import { mock } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { checkPeeredVpcPairArgs } from "../components/lab/pairArgs";
import { withAcceptance, withFlags, type AcceptanceArgs } from "../components/peering/acceptance";
import { checkVpcPeeringArgs } from "../components/peering/peeringArgs";
import { VpcPeering } from "../components/peering/vpcPeering";
import { deploy, valueOf, type Answers } from "./mocks";

const sides = {
    requester: { vpcId: "vpc-1", cidrBlocks: ["10.41.0.0/16"], routeTables: { main: "rtb-1" } },
    accepter: {
        vpcId: "vpc-2",
        cidrBlocks: ["10.42.0.0/16"],
        routeTables: { main: "rtb-2" },
        securityGroups: { web: "sg-2" },
    },
};

const request = "pcx-0123";
const ways: [AcceptanceArgs, AcceptanceArgs][] = [
    [{ acceptance: "automatic" }, { autoAccept: true }],
    [{ acceptance: "otherOwner" }, { manageAccepter: false }],
    [{ acceptance: { request } }, { manageRequester: false, peeringConnectionId: request }],
];

const seen: Answers = {
    "aws:ec2/getVpcPeeringConnection:getVpcPeeringConnection": () => ({
        id: request,
        status: "pending-acceptance",
        ownerId: "111111111111",
        vpcId: "vpc-1",
        peerVpcId: "vpc-2",
        cidrBlockSets: [],
    }),
};

/** What a peering with these arguments makes, and the warnings that it prints. */
async function peer(args: AcceptanceArgs) {
    const log = mock.method(pulumi.log, "warn", () => Promise.resolve());
    try {
        const { registrations } = await deploy(() => new VpcPeering("p", { ...sides, ...args }), {}, [], seen);
        const made = registrations.map(({ name, type, inputs }) => ({ name, type, inputs }));
        return { made, warnings: log.mock.calls.map(({ arguments: [message] }) => String(message)) };
    } finally {
        log.mock.restore();
    }
}

describe("who accepts a connection", () => {
    for (const [union, flags] of ways) {
        it(`is the same in both ways: ${JSON.stringify(flags)}`, async () => {
            const [one, other] = [await peer(union), await peer(flags)];
            // The time of the request is a new one in each.
            const timeless = ({ made }: typeof one) => made.filter(({ name }) => name !== "p-requested");
            assert.deepStrictEqual(timeless(one), timeless(other));
            const apart = (warnings: string[]) => warnings.filter((warning) => warning.includes("older arguments"));
            assert.deepStrictEqual(apart(one.warnings), []);
            assert.strictEqual(apart(other.warnings).length, 1);
            assert.ok(other.warnings[0]?.startsWith(`${Object.keys(flags).join(", ")}: `));
            assert.deepStrictEqual(withAcceptance(flags), union);
            assert.deepStrictEqual(withFlags(union), { ...union, ...flags });
        });
    }

    it("is this program, as long as nothing is said", () => {
        assert.deepStrictEqual(withAcceptance({}), {});
        assert.deepStrictEqual(withFlags({}), {});
        assert.deepStrictEqual(withAcceptance({ manageAccepter: true }), { acceptance: "own" });
    });

    /** The problems of these arguments. */
    const problems = (args: object) =>
        checkVpcPeeringArgs({ ...sides, ...args }).map(
            ({ path, value, message }) => `${path} = ${JSON.stringify(value)}: ${message}`,
        );

    it("is told by the argument that says it", () => {
        const places = {
            requester: { ...sides.requester, region: "us-east-1" },
            accepter: { ...sides.accepter, region: "us-west-2" },
        };
        assert.match(
            problems({ ...places, acceptance: "automatic" }).join("\n"),
            /^acceptance = "automatic": works within one account and region only, .*; leave it out, and the accepter's own provider accepts$/,
        );
        assert.match(
            problems({ acceptance: { request: "vpc-1" } }).join("\n"),
            /^acceptance\.request = "vpc-1": is not the id of a peering connection/,
        );
    });

    it("is refused where it is none, or said twice", () => {
        for (const acceptance of ["theirs", {}, true]) {
            assert.match(problems({ acceptance }).join("\n"), /^acceptance = .*: is none; write "own", "automatic", /);
        }
        assert.deepStrictEqual(problems({ acceptance: "otherOwner", autoAccept: false }), [
            "autoAccept = undefined: says the same as acceptance, in the older way; leave it out",
        ]);
        const side = (net: string) => ({
            cidrBlock: `${net}.0.0/16`,
            subnetCidrBlock: `${net}.1.0/24`,
            privateIp: `${net}.1.100`,
        });
        const pair = { requester: side("10.1"), accepter: side("10.2"), keyName: "key", peering: true };
        assert.deepStrictEqual(
            checkPeeredVpcPairArgs({ ...pair, acceptance: "own", manageAccepter: false }).map(({ path }) => path),
            ["manageAccepter"],
        );
    });
});

describe("what a VpcPeering has made", () => {
    it("is there by name", async () => {
        let peering: VpcPeering | undefined;
        await deploy(() => {
            peering = new VpcPeering("p", { ...sides, ports: ["tcp/80"], requestsFrom: "requester" });
        });
        assert.ok(peering);
        assert.deepStrictEqual(await valueOf(peering.routes), {
            "requester-main-10.42.0.0/16": "id-of-p-requester-main-10.42.0.0/16",
            "accepter-main-10.41.0.0/16": "id-of-p-accepter-main-10.41.0.0/16",
        });
        assert.deepStrictEqual(await valueOf(peering.rules), {
            "accepter-web-tcp-80-10.41.0.0/16": "id-of-p-accepter-web-tcp-80-10.41.0.0/16",
        });
        assert.strictEqual(await valueOf(peering.connection.id), "id-of-p-connection");
    });
});

describe("the description of rules", () => {
    it("is that of every rule, and nothing where none is given", async () => {
        const args = { ...sides, ports: ["tcp/80", "tcp/443"] as const, requestsFrom: "requester" as const };
        const described = async (more: object) => {
            const { registrations } = await deploy(() => new VpcPeering("p", { ...args, ...more }));
            return registrations
                .filter(({ type }) => type.endsWith("IngressRule"))
                .map(({ inputs }) => inputs["description"]);
        };
        assert.deepStrictEqual(await described({ ruleDescription: "NET-42" }), ["NET-42", "NET-42"]);
        assert.deepStrictEqual(await described({}), [undefined, undefined]);
    });

    for (const ruleDescription of ["", "a".repeat(256), "käse", "a\nb", "50 %"]) {
        it(`is refused: ${JSON.stringify(ruleDescription).slice(0, 20)}`, () => {
            const problems = checkVpcPeeringArgs({ ...sides, ruleDescription });
            assert.deepStrictEqual(
                problems.map(({ path }) => path),
                ["ruleDescription"],
            );
        });
    }
});
