import * as assert from "assert";
import * as pulumi from "@pulumi/pulumi";
import { ReachabilityCheck, type ProbedVpc } from "pulumi-vpc-peering/check";

const outcome = { icmp: "none", http: "none", dns: "none" };

function probedVpc(label: string, privateIp: string): ProbedVpc {
    const [serverId, publicIp, publicDns] = [pulumi.output(label), pulumi.output("203.0.113.1"), pulumi.output("")];
    return { probed: { label, privateIp, page: label }, serverId, publicIp, publicDns };
}

describe("a stack's own test of ReachabilityCheck on Pulumi's mocks", () => {
    it("logs in to each server with the user's name", async () => {
        const logins: string[] = [];
        await pulumi.runtime.setMocks({
            newResource: ({ name, inputs }) => {
                if (inputs.create) logins.push(String(inputs.create));
                return { id: name, state: { ...inputs, stdout: JSON.stringify({ ...outcome, mark: "1" }) } };
            },
            call: () => ({}),
        });
        const vpcs = [probedVpc("A", "10.1.1.10"), probedVpc("B", "10.2.1.10")] as const;
        const check = new ReachabilityCheck("check", {
            vpcs,
            expect: [outcome, outcome],
            path: [],
            ssh: { user: "admin" },
        });
        await new Promise((resolve) => check.results.apply(resolve));
        assert.deepStrictEqual([...new Set(logins)], ["admin@203.0.113.1"]);
    });
});
