import * as assert from "assert";
import { Region } from "@pulumi/aws/types/enums";
import { sideProvider } from "../components/peering/sideAccess";
import { LabVpc } from "../components/lab/labVpc";
import { distance } from "../components/nearest";
import { checkRegion, nearestRegion } from "../components/peering/regions";
import { deploy } from "./mocks";

describe("nearestRegion", () => {
    it("takes every region that Pulumi's AWS provider knows", () => {
        for (const region of Object.values(Region)) {
            assert.strictEqual(nearestRegion(region), undefined, region);
        }
    });

    it("takes names that new regions may have", () => {
        for (const region of ["ap-southeast-9", "sa-west-1", "nz-north-1", "us-gov-west-2", "eusc-fr-west-1"]) {
            assert.strictEqual(nearestRegion(region), undefined, region);
        }
    });

    const typos = {
        "ap-northest-2": "ap-northeast-2",
        "ap-north-east-2": "ap-northeast-2",
        "AP-Northeast-2": "ap-northeast-2",
        "us-easst-1": "us-east-1",
        "us-esat-2": "us-east-2",
        "uss-east-1": "us-east-1",
        "us-east1": "us-east-1",
        "us-east-1a": "us-east-1",
        "eu-centrl-1": "eu-central-1",
        "us-gov-wst-1": "us-gov-west-1",
    };
    for (const [typo, region] of Object.entries(typos)) {
        it(`knows what ${typo} was to be`, () => {
            assert.strictEqual(nearestRegion(typo), region);
        });
    }
});

describe("distance", () => {
    it("counts the letters that differ", () => {
        for (const [one, other, count] of [
            ["", "", 0],
            ["abc", "abc", 0],
            ["", "abc", 3],
            ["abc", "", 3],
            ["kitten", "sitting", 3],
            ["ab", "ba", 2],
            ["flaw", "lawn", 2],
        ] as const) {
            assert.strictEqual(distance(one, other), count, `${one} ${other}`);
        }
    });
});

describe("a region that is none", () => {
    const problem = 'region = "us-easst-1": is not an AWS region; the nearest name is us-east-1';

    it("is a problem only where one is given", () => {
        assert.deepStrictEqual(checkRegion("region", undefined), []);
        assert.deepStrictEqual(checkRegion("region", ""), []);
    });

    it("makes no provider", async () => {
        const { registrations } = await deploy(() => {
            for (const [access, region] of [
                [{ region: "us-easst-1" }, undefined],
                [{ profile: "me" }, "us-easst-1"],
            ] as const) {
                assert.throws(() => sideProvider("lab", access, region), {
                    message: `The provider lab has 1 problem; nothing was changed:\n  ${problem}`,
                });
            }
        });
        assert.deepStrictEqual(registrations, []);
    });

    it("makes no lab VPC", async () => {
        await deploy(() => {
            const plan = { cidrBlock: "10.41.0.0/16", subnetCidrBlock: "10.41.1.0/24", privateIp: "10.41.1.100" };
            assert.throws(
                () => new LabVpc("a", { ...plan, side: 1, keyName: "key", region: "us-easst-1" }),
                (error: Error) => error.message.endsWith(`\n  ${problem}`),
            );
        });
    });
});
