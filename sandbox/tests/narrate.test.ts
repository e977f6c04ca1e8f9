import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { delimiter } from "node:path";
import { text } from "node:stream/consumers";
import { EC2 } from "@aws-sdk/client-ec2";
import { prepareAwsCli } from "../cache/awsCli.ts";
import { run } from "../cache/process.ts";
import { narrate } from "../lab/narrate.ts";

const block = "10.42.0.0/16";
const connection = { VpcPeeringConnectionId: "pcx-1" };
const options = { AllowDnsResolutionFromRemoteVpc: false };
const http = { IpProtocol: "tcp", FromPort: 80, ToPort: 80 };
const entry = { NetworkAclId: "acl-1", RuleNumber: 100, Protocol: "6", RuleAction: "allow", CidrBlock: block } as const;

/** Calls of every shape that the acts make. */
const calls: Record<string, (ec2: EC2) => Promise<unknown>> = {
    words: (ec2) => ec2.createVpcPeeringConnection({ VpcId: "vpc-1", PeerVpcId: "vpc-2" }),
    "a route": (ec2) => ec2.createRoute({ RouteTableId: "rtb-1", DestinationCidrBlock: block, ...connection }),
    "options that are structures": (ec2) =>
        ec2.modifyVpcPeeringConnectionOptions({ ...connection, RequesterPeeringConnectionOptions: options }),
    "lists of structures": (ec2) =>
        ec2.authorizeSecurityGroupIngress({
            GroupId: "sg-1",
            IpPermissions: [{ ...http, IpRanges: [{ CidrIp: block, Description: "the peer's" }] }],
        }),
    "an entry out": (ec2) => ec2.createNetworkAclEntry({ ...entry, Egress: true, PortRange: { From: 80, To: 80 } }),
    "an entry in": (ec2) => ec2.createNetworkAclEntry({ ...entry, Egress: false, PortRange: { From: 1, To: 9 } }),
    "an attribute": (ec2) => ec2.modifyVpcAttribute({ VpcId: "vpc-1", EnableDnsHostnames: { Value: false } }),
    "lists of words": (ec2) => ec2.terminateInstances({ InstanceIds: ["i-1", "i-2"] }),
    "a launch": (ec2) =>
        ec2.runInstances({
            ImageId: "ami-1",
            InstanceType: "t2.micro",
            MinCount: 1,
            MaxCount: 1,
            NetworkInterfaces: [{ DeviceIndex: 0, SubnetId: "subnet-1", AssociatePublicIpAddress: true }],
        }),
};

describe("narrate", function () {
    this.timeout(60_000);
    let server: Server;
    let bodies: URLSearchParams[] = [];
    let env: Record<string, string>;

    before(async () => {
        server = createServer((request, response) => {
            void text(request).then((body) => {
                bodies.push(new URLSearchParams(body));
                response.setHeader("content-type", "text/xml").end("<Response/>");
            });
        });
        await once(server.listen(0, "127.0.0.1"), "listening");
        const cli = await prepareAwsCli(console.error);
        env = {
            AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
            AWS_DEFAULT_REGION: "eu-north-1",
            AWS_ACCESS_KEY_ID: "test",
            AWS_SECRET_ACCESS_KEY: "test",
            AWS_EC2_METADATA_DISABLED: "true",
            PATH: [cli ?? [], process.env["PATH"] ?? ""].flat().join(delimiter),
        };
    });

    after(() => {
        server.close();
    });

    /** Makes a call, and returns what was told of it. */
    async function toldOf(call: (ec2: EC2) => Promise<unknown>): Promise<string[]> {
        const credentials = { accessKeyId: "test", secretAccessKey: "test" };
        const ec2 = new EC2({ region: "eu-north-1", endpoint: env["AWS_ENDPOINT_URL"] ?? "", credentials });
        const told: string[] = [];
        narrate(ec2, (line) => told.push(line));
        bodies = [];
        await call(ec2);
        ec2.destroy();
        return told;
    }

    for (const [what, call] of Object.entries(calls)) {
        it(`tells ${what} as the command that makes the same call`, async () => {
            const told = await toldOf(call);
            assert.match(told.join("\n"), /^\$ aws ec2 [^\n]+$/);
            await run("sh", ["-c", (told[0] ?? "").slice(2)], { env });
            const [bySdk, byCli] = bodies.map((body) =>
                Object.fromEntries([...body].filter(([name]) => !["ClientToken", "Version"].includes(name))),
            );
            assert.ok(bySdk && Object.keys(bySdk).length > 1);
            assert.deepEqual(byCli, bySdk);
        });
    }

    it("tells nothing of what changes nothing", async () => {
        const told = await toldOf((ec2) => ec2.describeVpcs());
        assert.deepEqual(told, []);
    });
});
