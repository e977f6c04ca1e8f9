import * as assert from "assert";
import { ReachabilityCheck } from "../components/check/reachabilityCheck";
import { PeeredVpcPair } from "../components/lab/peeredVpcPair";
import { deploy } from "./mocks";

const side = (net: string) => ({
    cidrBlock: `${net}.0.0/16`,
    subnetCidrBlock: `${net}.1.0/24`,
    privateIp: `${net}.1.100`,
});

/** How long the creations of a pair and its check may take, by name. */
async function timeouts(opts: object): Promise<Map<string, string | undefined>> {
    const { registrations } = await deploy(() => {
        const args = { peering: true, keyName: "key", icmpCidrs: ["10.0.0.0/8"], sshCidrs: ["192.0.2.1/32"] };
        const pair = new PeeredVpcPair("p", { ...args, requester: side("10.1"), accepter: side("10.2") }, opts);
        const { requester, accepter, expect, path } = pair;
        new ReachabilityCheck("c", { vpcs: [requester, accepter], expect, path, ssh: {} }, opts);
    });
    const made = registrations.filter(({ type }) => /^(aws|command):/.test(type));
    return new Map(made.map(({ name, createTimeout }) => [name, createTimeout]));
}

describe("a component's customTimeouts", () => {
    it("are those of everything that it makes", async () => {
        const found = await timeouts({ customTimeouts: { create: "7m" } });
        assert.ok(found.has("p-peering-connection") && found.has("p-requester-server") && found.has("c-VPC1-ready"));
        for (const [name, timeout] of found) {
            assert.strictEqual(timeout, "7m", name);
        }
    });

    it("are left to the provider where none are given", async () => {
        for (const [name, timeout] of await timeouts({})) {
            assert.strictEqual(timeout, undefined, name);
        }
    });
});
