import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { project, type Stack } from "./pulumi.ts";

// An instance of a user's own program, with as few arguments as many programs have. Runs inside a sandbox.

/** A program whose instance has these arguments. */
const withServer = (args: string) => `
import * as aws from "@pulumi/aws";

const name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64";
const vpc = new aws.ec2.Vpc("vpc", { cidrBlock: "10.1.0.0/16" });
const subnet = new aws.ec2.Subnet("subnet", { vpcId: vpc.id, cidrBlock: "10.1.1.0/24" });
const one = new aws.ec2.SecurityGroup("one", { vpcId: vpc.id });
const two = new aws.ec2.SecurityGroup("two", { vpcId: vpc.id });
const server = new aws.ec2.Instance("server", {
    ami: aws.ssm.getParameterOutput({ name }).value,
    subnetId: subnet.id,
    associatePublicIpAddress: true,
    ${args}
});
export const id = server.id;
`;

describe("an instance without settings of its volumes", () => {
    let stack: Stack;

    async function updated(args: string): Promise<string> {
        writeFileSync(join(stack.folder, "index.ts"), withServer(args));
        const { id } = await stack.updated<{ id: string }>();
        const again = await stack.pulumi("up", "--yes", "--skip-preview", "--refresh", "--expect-no-changes", "--diff");
        assert.equal(again.code, 0, again.text);
        return id;
    }

    it("is updated in place, and is what the provider knows it to be", async () => {
        const first = 'instanceType: "t3.micro", vpcSecurityGroupIds: [one.id]';
        stack = await project("own", withServer(first), {});
        const id = await updated(first);
        const tagged = 'tags: { Name: "web" }';
        for (const args of [
            `instanceType: "t3.micro", vpcSecurityGroupIds: [one.id], ${tagged}`,
            `instanceType: "t3.small", vpcSecurityGroupIds: [one.id], ${tagged}`,
            `instanceType: "t3.small", vpcSecurityGroupIds: [two.id], ${tagged}`,
        ]) {
            assert.equal(await updated(args), id, args);
        }
        await stack.destroy();
    });
});
