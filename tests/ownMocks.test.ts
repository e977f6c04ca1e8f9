import assert from "assert/strict";
import { runtime } from "@pulumi/pulumi";
import { ReachabilityCheck } from "../components/check/reachabilityCheck";
import { PeeredVpcPair } from "../components/lab/peeredVpcPair";
import { valueOf } from "./mocks";

/** What AWS tells of the place and of what it offers. */
const answers: Readonly<Record<string, object>> = {
    "aws:index/getCallerIdentity:getCallerIdentity": { accountId: "111111111111" },
    "aws:index/getRegion:getRegion": { region: "eu-north-1" },
    "aws:index/getAvailabilityZones:getAvailabilityZones": { names: ["eu-north-1a"] },
    "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": {
        locations: ["eu-north-1a"],
        instanceTypes: ["t3.micro"],
    },
};

// As a user tests a stack of their own: on Pulumi's mocks as they are, which run no hooks.
describe("the components on Pulumi's own mocks", () => {
    it("ask for what they make, and end", async () => {
        const made: string[] = [];
        await runtime.setMocks({
            newResource: ({ name, type, inputs }) => {
                made.push(type);
                const { create } = inputs as Record<string, unknown>;
                return {
                    id: `id-of-${name}`,
                    state: {
                        ...(inputs as object),
                        publicIp: "203.0.113.1",
                        publicDns: "server.example",
                        stdout: create && JSON.stringify({ mark: "1" }),
                    },
                };
            },
            call: ({ token, inputs }) => answers[token] ?? (inputs as object),
        });
        const side = (net: string) => ({
            cidrBlock: `${net}.0.0/16`,
            subnetCidrBlock: `${net}.1.0/24`,
            privateIp: `${net}.1.100`,
        });
        const sides = { requester: side("10.1"), accepter: side("10.2") };
        const pair = new PeeredVpcPair("pair", { peering: true, keyName: "key", ...sides });
        const check = new ReachabilityCheck("check", {
            vpcs: [pair.requester, pair.accepter],
            expect: pair.expect,
            path: pair.path,
            ssh: {},
            explain: () => Promise.resolve("why"),
        });
        assert.equal((await valueOf(check.results)).length, 2);
        assert.equal(await valueOf(pair.stage), "reachable");
        assert.equal(made.filter((type) => type === "aws:ec2/route:Route").length, 4);
    });
});
