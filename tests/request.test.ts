import * as assert from "assert";
import { checkRequest, requesterPlace, type ExpectedRequest, type SeenRequest } from "../components/peering/request";
import { described } from "./config";

const seen: SeenRequest = {
    id: "pcx-1",
    status: "pending-acceptance",
    vpcId: "vpc-1",
    peerVpcId: "vpc-2",
    cidrBlockSets: [{ cidrBlock: "10.41.0.0/16" }, { cidrBlock: "100.64.0.0/16" }],
    requesterRegion: "us-east-1",
    ownerId: "111111111111",
};
const requester = { vpcId: "vpc-1", cidrBlocks: ["10.41.0.0/16"] };
const expected: ExpectedRequest = { requester, accepter: { vpcId: "vpc-2" } };

describe("checkRequest", () => {
    const other = (path: string, value: string, relation: string, found: string): string =>
        `${path} = ${value}: is declared, but the request pcx-1 ${relation} ${found}; accept another request, or correct what is declared`;
    const cases: [what: string, seen: Partial<SeenRequest>, expected: Partial<ExpectedRequest>, problems: string[]][] =
        [
            ["the request that was expected", {}, {}, []],
            [
                "everything that is declared of the requester",
                {},
                { requester: { ...requester, ...requesterPlace(seen), cidrBlocks: ["100.64.0.0/16", "10.41.0.0/16"] } },
                [],
            ],
            ["blocks and a region that AWS does not tell", { cidrBlockSets: [], requesterRegion: "" }, {}, []],
            [
                "a request for another VPC",
                { peerVpcId: "vpc-9" },
                {},
                [other("accepter.vpcId", "vpc-2", "is for", "vpc-9")],
            ],
            [
                "a request from another VPC, region and account, all at once",
                { vpcId: "vpc-9" },
                { requester: { ...requester, region: "eu-west-1", accountId: "333333333333" } },
                [
                    other("requester.vpcId", "vpc-1", "is from", "vpc-9"),
                    other("requester.region", "eu-west-1", "is from", "us-east-1"),
                    other("requester.accountId", "333333333333", "is from", "111111111111"),
                ],
            ],
            [
                "a block that the requester's VPC does not have",
                {},
                { requester: { ...requester, cidrBlocks: ["10.41.0.0/16", "10.9.0.0/16"] } },
                [
                    "requester.cidrBlocks[1] = 10.9.0.0/16: is not a block of the VPC that the request pcx-1 is from (10.41.0.0/16, 100.64.0.0/16); correct what is declared",
                ],
            ],
        ];
    for (const [what, actual, change, problems] of cases) {
        it(`${problems.length === 0 ? "permits" : "refuses"} ${what}`, () => {
            const found = checkRequest({ ...seen, ...actual }, { ...expected, ...change });
            assert.deepStrictEqual(found.map(described), problems);
        });
    }
});
