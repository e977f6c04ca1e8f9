import assert from "node:assert/strict";
import { readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { EC2, type Instance } from "@aws-sdk/client-ec2";
import { project, type Stack } from "./pulumi.ts";

const home = new EC2({ endpoint: process.env["AWS_ENDPOINT_URL"] ?? "", region: process.env["AWS_REGION"] ?? "" });

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

/** The processes of the Terraform provider behind the sandbox's own aws plugin; none if the plugin is the vendor's. */
function terraformProviders(): number[] {
    const pids = readdirSync("/proc").map(Number).filter(Number.isInteger);
    return pids.filter((pid) => {
        try {
            return readlinkSync(`/proc/${pid}/exe`).includes("terraform-provider-aws");
        } catch {
            // It has ended, or is the kernel's.
            return false;
        }
    });
}

describe("an instance without settings of its volumes", () => {
    const tagged = 'tags: { Name: "web" }';
    const first = 'instanceType: "t3.micro", vpcSecurityGroupIds: [one.id]';
    const last = `instanceType: "t3.small", vpcSecurityGroupIds: [two.id], ${tagged}`;
    let stack: Stack;
    let id: string;

    /** Updates the stack to an instance with these arguments, which is then as the provider knows it. */
    async function updated(args: string): Promise<string> {
        writeFileSync(join(stack.folder, "index.ts"), withServer(args));
        const { id } = await stack.updated<{ id: string }>();
        const again = await stack.pulumi("up", "--yes", "--skip-preview", "--refresh", "--expect-no-changes", "--diff");
        assert.equal(again.code, 0, again.text);
        return id;
    }

    async function described(): Promise<Instance> {
        const { Reservations } = await home.describeInstances({ InstanceIds: [id] });
        return Reservations?.[0]?.Instances?.[0] ?? {};
    }

    before(async () => {
        stack = await project("own", withServer(first), {});
        id = await updated(first);
    });
    after(() => stack.destroy());

    it("is updated in place", async () => {
        const larger = `instanceType: "t3.small", vpcSecurityGroupIds: [one.id], ${tagged}`;
        for (const args of [`${first}, ${tagged}`, larger, last]) {
            assert.equal(await updated(args), id, args);
        }
    });

    it("is updated in place with a volume that the program does not name", async () => {
        const { Placement } = await described();
        const { VolumeId } = await home.createVolume({ AvailabilityZone: Placement?.AvailabilityZone, Size: 1 });
        await home.attachVolume({ InstanceId: id, VolumeId, Device: "/dev/sdf" });
        await updated(last);
        assert.equal(await updated(last.replace("web", "site")), id);
        const { BlockDeviceMappings } = await described();
        assert.deepEqual(
            BlockDeviceMappings?.map(({ DeviceName }) => DeviceName),
            ["/dev/xvda", "/dev/sdf"],
        );
    });

    it("is updated by the next command if the Terraform provider ends during an update", async function () {
        const providers = terraformProviders();
        if (providers.length === 0) {
            this.skip();
        }
        writeFileSync(join(stack.folder, "index.ts"), withServer(last.replace("t3.small", "t3.micro")));
        const updating = stack.up();
        while ((await described()).State?.Name !== "stopped") {
            await sleep(100);
        }
        providers.forEach((pid) => process.kill(pid, "SIGKILL"));
        const { code, text } = await updating;
        assert.notEqual(code, 0);
        assert.match(text, /error: The Terraform provider crashed \(signal: killed\)\. The next command/);
        assert.equal(await updated(last.replace("t3.small", "t3.micro")), id);
        assert.equal((await described()).State?.Name, "running");
    });
});
