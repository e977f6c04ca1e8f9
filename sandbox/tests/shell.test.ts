import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { checkout } from "../launch/install.mjs";

/** Makes two named VPCs with a named server each, the second one first, and prints the id of the first VPC. */
const makeTwo = `import { readFileSync } from "node:fs";
import { EC2 } from "${join(checkout, "node_modules/@aws-sdk/client-ec2/dist-cjs/index.js")}";
import ssh2 from "${join(checkout, "node_modules/ssh2/lib/index.js")}";
const ec2 = new EC2({});
const key = ssh2.utils.parseKey(readFileSync("/run/vpc-peering-lab/id_ed25519"));
const publicKey = key.type + " " + key.getPublicSSH().toString("base64");
await ec2.importKeyPair({ KeyName: "key", PublicKeyMaterial: Buffer.from(publicKey) });
const named = (ResourceType, Value) => ({ TagSpecifications: [{ ResourceType, Tags: [{ Key: "Name", Value }] }] });
for (const n of [2, 1]) {
    const { Vpc: { VpcId } } = await ec2.createVpc({ CidrBlock: "10." + n + ".0.0/16", ...named("vpc", "net" + n) });
    const { Subnet: { SubnetId } } = await ec2.createSubnet({ VpcId, CidrBlock: "10." + n + ".1.0/24" });
    const { InternetGateway: { InternetGatewayId } } = await ec2.createInternetGateway({});
    await ec2.attachInternetGateway({ VpcId, InternetGatewayId });
    const { RouteTables: [{ RouteTableId }] } = await ec2.describeRouteTables({ Filters: [{ Name: "vpc-id", Values: [VpcId] }] });
    await ec2.createRoute({ RouteTableId, DestinationCidrBlock: "0.0.0.0/0", GatewayId: InternetGatewayId });
    const { GroupId } = await ec2.createSecurityGroup({ VpcId, GroupName: "ssh", Description: "ssh" });
    const anybody = { IpProtocol: "tcp", FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: "0.0.0.0/0" }] };
    await ec2.authorizeSecurityGroupIngress({ GroupId, IpPermissions: [anybody] });
    const Groups = [GroupId];
    await ec2.runInstances({
        ImageId: "ami-12c6146b", InstanceType: "t2.micro", MinCount: 1, MaxCount: 1, KeyName: "key", ...named("instance", "web" + n),
        NetworkInterfaces: [{ DeviceIndex: 0, SubnetId, PrivateIpAddress: "10." + n + ".1.9", AssociatePublicIpAddress: true, Groups }],
    });
    if (n === 1) console.log("made", VpcId, RouteTableId, GroupId, "10.1.1.9");
}
`;

/** A sandbox shell in a terminal. */
class Terminal {
    readonly #child: ChildProcess;
    #output = "";

    constructor(home: string) {
        this.#child = spawn("script", ["-qefc", "npm run --silent sandbox -- --no-pulumi", "/dev/null"], {
            cwd: checkout,
            env: { ...process.env, SHELL: "/bin/bash", HOME: home, TERM: "dumb" },
            stdio: ["pipe", "pipe", "inherit"],
        });
        this.#child.stdout?.on("data", (data: Buffer) => (this.#output += data.toString()));
    }

    /** Waits for the next prompt, and gives what was printed before it. */
    async prompt(): Promise<string> {
        const prompt = /\(vpc-peering-lab\) \S+ [#$] $/;
        while (!prompt.test(this.#output)) {
            assert.equal(this.#child.exitCode, null, this.#output);
            await sleep(20);
        }
        const printed = this.#output.replace(prompt, "");
        this.#output = "";
        return printed;
    }

    /** Types a command, and gives its output. */
    async type(command: string): Promise<string> {
        this.#child.stdin?.write(`${command}\n`);
        const [, ...lines] = (await this.prompt()).trim().split("\r\n");
        return lines.join("\n");
    }

    /** Ends the shell, if it has not ended. */
    end(): void {
        this.#child.kill();
    }

    async exit(): Promise<unknown> {
        const ended = once(this.#child, "exit");
        this.#child.stdin?.write("exit 3\n");
        return (await ended)[0];
    }
}

describe("The sandbox's shell", () => {
    let terminal: Terminal | undefined;

    afterEach(() => {
        terminal?.end();
    });

    it("has a prompt of its own, and updates the names of servers and of VPC resources as they change", async () => {
        const home = mkdtempSync(join(tmpdir(), "shell-test-"));
        writeFileSync(join(home, "make.mjs"), makeTwo);
        // A person's own file, which ends its command with a semicolon as some programs do.
        writeFileSync(join(home, ".bashrc"), "greeting=hello; PROMPT_COMMAND='true;'\n");
        terminal = new Terminal(home);
        assert.match(await terminal.prompt(), /^A fresh sandbox: .* ssh vpc1 /s);
        assert.equal(await terminal.type("echo $greeting $VPC1."), "hello .");

        const made = await terminal.type("node ~/make.mjs");
        assert.match(made, /^made vpc-\w+ rtb-\w+ sg-\w+ 10\.1\.1\.9$/);
        assert.equal(await terminal.type("echo made $VPC1 $RT1 $SG1 $IP1"), made);
        assert.equal(await terminal.type("bash -c 'echo $IP2'"), "10.2.1.9");
        const login = "until ssh -n $HOST hostname 2>/dev/null; do sleep 0.2; done";
        for (const [host, server] of [
            ["vpc1", "ip-10-1-1-9"],
            ["vpc2", "ip-10-2-1-9"],
            ["web2", "ip-10-2-1-9"],
        ]) {
            assert.equal(await terminal.type(login.replace("$HOST", host ?? "")), server);
        }

        const end = `import {EC2} from '@aws-sdk/client-ec2'; const ec2 = new EC2({});
const {Reservations} = await ec2.describeInstances({Filters:[{Name:'vpc-id',Values:[process.env.VPC1]}]});
await ec2.terminateInstances({InstanceIds:[Reservations[0].Instances[0].InstanceId]});`.replaceAll("\n", " ");
        assert.equal(await terminal.type(`node --input-type=module -e "${end}"`), "");
        assert.equal(await terminal.type("echo ${VPC1:0:4} ${IP1-gone}"), "vpc- gone");
        assert.equal(await terminal.exit(), 3);
        rmSync(home, { recursive: true });
    });
});
