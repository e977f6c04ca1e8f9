import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { EC2Client, paginateDescribeTags } from "@aws-sdk/client-ec2";
import { inventory } from "../../lab/inventory.ts";
import { Stack } from "./pulumi.ts";

// The actions of docs/iam-policy.json are those that the program's provider calls, no more and no less. Runs inside a sandbox
// with the real engine. What the policy's conditions compare is on the resources; the sandbox does not enforce them.

interface Statement {
    readonly Sid: string;
    readonly Action: string | readonly string[];
    readonly Condition?: { readonly StringLike?: Readonly<Record<string, string>> };
}

const { Statement: statements } = JSON.parse(readFileSync("docs/iam-policy.json", "utf8")) as {
    readonly Statement: readonly Statement[];
};
const endpoint = process.env["AWS_ENDPOINT_URL"] ?? "";
const region = process.env["AWS_REGION"] ?? "";

/** The IAM actions of everything that was called so far, except by the SDK of this test. */
function called(): string[] {
    const calls = readFileSync("/run/vpc-peering-lab/log/calls", "utf8").trim().split("\n");
    const actions = calls.map((line) => line.split("\t")).filter(([, agent]) => !agent?.startsWith("aws-sdk-js"));
    return [...new Set(actions.map(([action = ""]) => action))].sort();
}

describe("docs/iam-policy.json", () => {
    const stack = new Stack();

    it("has conditions that match the names of what the program creates", async () => {
        await stack.updated();
        await stack.set({
            peering: "true",
            "tags.team": "network",
            "requester.secondaryCidrBlocks[0]": "10.50.0.0/16",
        });
        await stack.updated();
        const names = new Map<string | undefined, string | undefined>();
        for await (const { Tags = [] } of paginateDescribeTags(
            { client: new EC2Client({ endpoint, region }) },
            { Filters: [{ Name: "key", Values: ["Name"] }] },
        )) {
            Tags.forEach(({ ResourceId, Value }) => names.set(ResourceId, Value));
        }
        const patterns = new Set(statements.flatMap(({ Condition }) => Object.values(Condition?.StringLike ?? {})));
        assert.deepEqual([...patterns], ["ljh*"]);
        const made = (await inventory(endpoint, region)).map((item) => item.split(" ").at(-1) ?? "");
        // Key pairs, network interfaces and volumes have no names, and every VPC has a route table and a group of its own.
        const named = made.filter((id) => /^(vpc|subnet|igw|i|pcx)-/.test(id));
        assert.equal(named.length, 9);
        for (const id of [...named, ...made.filter((one) => names.has(one))]) {
            assert.match(names.get(id) ?? "", /^ljh/, id);
        }
    });

    it("allows what the provider calls from the first update to the last, and nothing else", async () => {
        await stack.set({
            "accepter.roleArn": "arn:aws:iam::222222222222:role/peering",
            ingressFrom: "group",
            dnsResolution: "false",
            "requester.instanceType": "t3.small",
        });
        assert.equal((await stack.pulumi("config", "rm", "tags")).code, 0);
        assert.equal((await stack.pulumi("config", "rm", "--path", "requester.secondaryCidrBlocks")).code, 0);
        await stack.updated();
        await stack.set({ "requester.label": "Blue" });
        await stack.updated();
        assert.equal((await stack.pulumi("refresh", "--yes", "--skip-preview")).code, 0);
        await stack.destroy();
        const allowed = new Set(statements.flatMap(({ Action }) => Action));
        assert.deepEqual(called(), [...allowed].sort());
        assert.equal(new Set(statements.map(({ Sid }) => Sid)).size, statements.length);
    });
});
