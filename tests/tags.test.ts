import * as assert from "assert";
import * as pulumi from "@pulumi/pulumi";
import { LabVpc } from "../components/lab/labVpc";
import { PeeredVpcPair } from "../components/lab/peeredVpcPair";
import { mergedTags } from "../components/peering/mergedTags";
import { checkTags, type Tags } from "../components/peering/tags";
import { VpcPeering } from "../components/peering/vpcPeering";
import { described } from "./config";
import { deploy, type Deployment, elsewhere, valueOf, ownerId } from "./mocks";

describe("checkTags", () => {
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`t${index}`, ""]));
    const cases: [what: string, tags: Tags | undefined, problems: string[]][] = [
        ["none", undefined, []],
        ["tags as long as AWS allows", { ["k".repeat(128)]: "v".repeat(256), "my:aws:tag": "" }, []],
        ["49 beside Name", many(49), []],
        ["49 and Name", { ...many(49), Name: "x" }, []],
        ["50 beside Name", many(50), ["tags: are 51 with Name, and AWS lets a resource have 50; leave some out"]],
        [
            "a key that is too long",
            { ["k".repeat(129)]: "v" },
            [`tags["${"k".repeat(129)}"] = v: has a key of 1 to 128 characters on AWS; choose another`],
        ],
        ["no key", { "": "v" }, ['tags[""] = v: has a key of 1 to 128 characters on AWS; choose another']],
        [
            "a value that is too long",
            { team: "v".repeat(257) },
            [`tags["team"] = ${"v".repeat(257)}: has 257 characters, and AWS allows 256; shorten it`],
        ],
        [
            "a key of AWS's own with a value that is not known yet",
            { "aws:x": pulumi.output("a") },
            ['tags["aws:x"]: has a key that begins with aws:, which AWS keeps for itself; choose another'],
        ],
        ["a value that is not known yet, whatever it will be", { team: pulumi.output("v".repeat(257)) }, []],
        ["tags that are not known yet", pulumi.output({ "aws:x": "a" }), []],
        ["tags that are promised", Promise.resolve({ "aws:x": "a" }), []],
        [
            "keys of AWS's own",
            { "aws:x": "a", "AWS:y": "b" },
            ['aws:x"] = a', 'AWS:y"] = b'].map(
                (start) =>
                    `tags["${start}: has a key that begins with aws:, which AWS keeps for itself; choose another`,
            ),
        ],
    ];
    for (const [what, tags, problems] of cases) {
        it(`${problems.length === 0 ? "permits" : "refuses"} ${what}`, () => {
            assert.deepStrictEqual(checkTags("tags", tags).map(described), problems);
        });
    }
});

describe("mergedTags", () => {
    it("keeps plain tags plain, and the second value of a key", () => {
        const owner = pulumi.output("me");
        assert.deepStrictEqual(mergedTags(), {});
        const merged = mergedTags({ team: "a", Name: "b" }, { Name: "c", owner });
        assert.deepStrictEqual(Object.keys(merged), ["team", "Name", "owner"]);
        assert.ok("owner" in merged && merged.owner === owner);
    });

    for (const [what, tags] of [
        ["outputs", pulumi.output({ team: "a", Name: "b" })],
        ["promises", Promise.resolve({ team: "a", Name: "b" })],
    ] as const) {
        it(`merges ${what} from either end`, async () => {
            const ends = [mergedTags(tags, { Name: "c" }), mergedTags({ Name: "c" }, tags)];
            assert.deepStrictEqual(await Promise.all(ends.map((end) => valueOf(pulumi.output(end)))), [
                { team: "a", Name: "c" },
                { team: "a", Name: "b" },
            ]);
        });
    }
});

describe("tags of the components", () => {
    const side = (number: number) => ({
        cidrBlock: `10.4${number}.0.0/16`,
        subnetCidrBlock: `10.4${number}.1.0/24`,
        privateIp: `10.4${number}.1.100`,
    });
    const peered = (number: number) => ({
        vpcId: `vpc-${number}`,
        cidrBlocks: [`10.4${number}.0.0/16`],
        securityGroups: { web: `sg-${number}` },
    });
    const make = (tags: Tags): Promise<Deployment> =>
        deploy(
            () => {
                new LabVpc("vpc", { ...side(3), side: 1, keyName: "key", tags });
                const shared = { keyName: "key", peering: true, tags };
                new PeeredVpcPair("pair", { ...shared, requester: side(1), accepter: side(2) });
                new VpcPeering("peering", { requester: peered(1), accepter: peered(2), ports: ["tcp/80"], tags });
            },
            {},
            [],
            elsewhere,
        );
    const tagsOf = ({ registrations }: Deployment): Record<string, unknown> =>
        Object.fromEntries(registrations.flatMap(({ name, inputs: { tags } }) => (tags ? [[name, tags]] : [])));

    it("are the same whether known now, as a whole later, or value by value", async () => {
        const plain = tagsOf(await make({ team: "network" }));
        assert.strictEqual(Object.keys(plain).length, 29);
        for (const tags of Object.values(plain) as Record<string, string>[]) {
            assert.strictEqual(tags["team"], "network");
            assert.ok(tags["Name"]);
        }
        assert.deepStrictEqual(tagsOf(await make(pulumi.output({ team: "network" }))), plain);
        assert.deepStrictEqual(tagsOf(await make({ team: pulumi.output("network") })), plain);
        const named = { team: "network", Name: "mine" };
        const own = tagsOf(await make(pulumi.output(named)));
        const ofOwner = (owner: string) => ({ "pulumi-vpc-peering": `vpc-peering-lab/test/${owner}/${ownerId}` });
        assert.deepStrictEqual(own["peering-connection"], { ...named, ...ofOwner("peering") });
        assert.deepStrictEqual(own["pair-peering-connection"], {
            team: "network",
            Name: "labVPCPeering",
            ...ofOwner("pair-peering"),
        });
        assert.deepStrictEqual(own["vpc-vpc"], { team: "network", Name: "labVPC1" });
    });
});
