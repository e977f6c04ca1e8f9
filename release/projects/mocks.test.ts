import * as assert from "assert";
import * as pulumi from "@pulumi/pulumi";
import { VpcPeering } from "pulumi-vpc-peering";

const made: { type: string; name: string; inputs: Record<string, unknown> }[] = [];

describe("a stack's own test of VpcPeering on Pulumi's mocks", () => {
    before(() =>
        pulumi.runtime.setMocks({
            newResource: ({ type, name, inputs }) => {
                made.push({ type, name, inputs });
                return { id: `${name}-id`, state: { ...inputs, acceptStatus: "active" } };
            },
            call: ({ token }) => (token.includes("getVpcPeeringConnection:") ? { status: "active" } : { ids: [] }),
        }),
    );

    const side = (net: string) => ({
        vpcId: `vpc-${net}`,
        cidrBlocks: [`10.${net}.0.0/16`],
        routeTables: { main: `rtb-${net}` },
        securityGroups: { server: `sg-${net}` },
    });

    it("has a route and a rule on each side", async () => {
        const peering = new VpcPeering("one", { requester: side("1"), accepter: side("2"), ports: ["tcp/443"] });
        await new Promise((resolve) => peering.path.apply(resolve));
        const inputs = (kind: string, key: string) =>
            made.filter(({ type }) => type.endsWith(kind)).map(({ inputs: all }) => all[key]);
        assert.deepStrictEqual(inputs(":Route", "destinationCidrBlock"), ["10.2.0.0/16", "10.1.0.0/16"]);
        assert.deepStrictEqual(inputs("Rule", "cidrIpv4"), ["10.2.0.0/16", "10.1.0.0/16"]);
        assert.deepStrictEqual(inputs("Rule", "fromPort"), [443, 443]);
    });

    it("is refused where AWS would refuse it, with the path and the remedy", () => {
        assert.throws(
            () =>
                new VpcPeering("same", {
                    requester: side("1"),
                    accepter: { ...side("2"), cidrBlocks: ["10.1.0.0/16"] },
                }),
            /accepter\.cidrBlocks\[0\] = "10\.1\.0\.0\/16": equals requester\.cidrBlocks\[0\].*choose another block/,
        );
    });
});
