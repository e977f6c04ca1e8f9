import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import grpc from "@grpc/grpc-js";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import service from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engine from "@pulumi/pulumi/proto/engine_pb.js";
import protocol from "@pulumi/pulumi/proto/provider_pb.js";
import { rewriteForBridge } from "../engine/plugins/aws/rewrite.ts";
import { bridgeToken, bridgeUrn } from "../engine/plugins/aws/tokens.ts";
import { BridgeLog } from "../engine/plugins/aws/bridgeLog.ts";
import { CrashLog } from "../engine/plugins/aws/crashLog.ts";
import { EngineLog } from "../engine/plugins/engineLog.ts";
import { pinnedVersion } from "../engine/versions.ts";
import { bindLoopback } from "../engine/plugins/rpc.ts";

describe("names between @pulumi/aws and the Terraform bridge", () => {
    const tokens = {
        "aws:ec2/vpc:Vpc": "aws:index/vpc:Vpc",
        "aws:ec2/internetGatewayAttachment:InternetGatewayAttachment":
            "aws:index/internetGatewayAttachment:InternetGatewayAttachment",
        "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter":
            "aws:index/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter",
        "aws:ec2/peeringConnectionOptions:PeeringConnectionOptions":
            "aws:index/vpcPeeringConnectionOptions:VpcPeeringConnectionOptions",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule":
            "aws:index/vpcSecurityGroupIngressRule:VpcSecurityGroupIngressRule",
        "aws:iam/role:Role": "aws:index/iamRole:IamRole",
        "aws:ssm/getParameter:getParameter": "aws:index/getSsmParameter:getSsmParameter",
        "aws:ec2/getAmi:getAmi": "aws:index/getAmi:getAmi",
        "aws:ec2/getElasticIp:getElasticIp": "aws:index/getEip:getEip",
        "aws:index/getAvailabilityZones:getAvailabilityZones": "aws:index/getAvailabilityZones:getAvailabilityZones",
        "pulumi:providers:aws": "pulumi:providers:aws",
        "pulumi:providers:aws/terraformConfig": "pulumi:providers:aws/terraformConfig",
    };
    for (const [token, expected] of Object.entries(tokens)) {
        it(token, () => {
            assert.equal(bridgeToken(token), expected);
        });
    }

    it("changes only the last type of a URN", () => {
        assert.equal(
            bridgeUrn(
                "urn:pulumi:dev::lab::lab:index:LabVpc$aws:ec2/vpc:Vpc$aws:ec2/subnet:Subnet::a::b aws:ec2/vpc:Vpc",
            ),
            "urn:pulumi:dev::lab::lab:index:LabVpc$aws:ec2/vpc:Vpc$aws:index/subnet:Subnet::a::b aws:ec2/vpc:Vpc",
        );
        assert.equal(bridgeUrn(""), "");
    });

    it("renames inline rules of a security group in requests and responses", () => {
        const request = new protocol.CheckRequest()
            .setUrn("urn:pulumi:dev::lab::aws:ec2/securityGroup:SecurityGroup::web")
            .setNews(struct.Struct.fromJavaScript({ ingress: [{ fromPort: 22 }], name: "web" }));
        const { back } = rewriteForBridge(request);
        assert.deepEqual(request.getNews()?.toJavaScript(), { ingresses: [{ fromPort: 22 }], name: "web" });
        const diff = new protocol.DiffResponse().setDiffsList(["ingresses", "ingressesLike"]);
        diff.getDetaileddiffMap().set("ingresses[0].fromPort", new protocol.PropertyDiff());
        back(diff);
        assert.deepEqual(diff.getDiffsList(), ["ingress", "ingressesLike"]);
        assert.deepEqual([...diff.getDetaileddiffMap().keys()], ["ingress[0].fromPort"]);
    });

    it("wraps the provider's default tags in a list exactly once, also inside a secret", () => {
        const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
        const request = new protocol.ConfigureRequest().setArgs(
            struct.Struct.fromJavaScript({
                defaultTags: '{"tags":{}}',
                ignoreTags: { ...secret, value: { keys: ["a"] } },
            }),
        );
        rewriteForBridge(request);
        rewriteForBridge(request);
        assert.deepEqual(request.getArgs()?.toJavaScript(), {
            defaultTags: '[{"tags":{}}]',
            ignoreTags: { ...secret, value: [{ keys: ["a"] }] },
        });
    });
});

describe("the bridge's log", () => {
    it("becomes the message of an error that has none", async () => {
        const server = new grpc.Server();
        const log = new BridgeLog(server);
        const client = new service.EngineClient(await bindLoopback(server), grpc.credentials.createInsecure());
        const line = new engine.LogRequest().setUrn("bridged").setSeverity(engine.LogSeverity.ERROR);
        const work = log.during("bridged", "urn", new EngineLog(undefined), async () => {
            await new Promise((resolve) => client.log(line.setMessage("[ERROR] : no such VPC"), resolve));
            throw Object.assign(new Error(), { details: "" });
        });
        await assert.rejects(work, { details: "no such VPC" });
        client.close();
        server.forceShutdown();
    });
});

describe("the bridge's output", () => {
    const time = "2026-11-30T23:51:28.236Z";
    const name = "provider.terraform-provider-aws_v5.100.0_x5";
    const exit =
        'plugin process exited: plugin=/opt/tf-plugins/terraform-provider-aws_v5.100.0_x5 id=86 error="exit status 2"';

    function read(...lines: readonly string[]): { crash: string | undefined; others: readonly string[] } {
        const log = new CrashLog();
        const taken = lines.map((line) => log.take(line));
        return {
            crash: taken.find(({ crash }) => crash !== undefined)?.crash,
            others: taken.flatMap(({ other }) => other ?? []),
        };
    }

    it("says why the Terraform provider crashed", () => {
        const { crash, others } = read(
            `${time} [ERROR] ${name}: panic: can't use ElementIterator on null value`,
            `${time} [ERROR] ${name}`,
            `${time} [ERROR] ${name}: goroutine 1004 [running]:`,
            `${time} [ERROR] provider: ${exit}`,
        );
        assert.match(crash ?? "", /crashed \(panic: can't use ElementIterator on null value\)/);
        assert.deepEqual(others, []);
    });

    it("says how it ended if it was killed", () => {
        const { crash } = read(`${time} [ERROR] provider: ${exit.replace("exit status 2", "signal: killed")}`);
        assert.match(crash ?? "", /crashed \(signal: killed\)/);
    });

    it("is shown unless it is the provider's log, which its errors are in", () => {
        const { crash, others } = read(
            `${time} [ERROR] ${name}: Response contains error diagnostic: diagnostic_severity=ERROR`,
            "  diagnostic_detail=",
            "  | panic: nothing",
            "panic: in the bridge",
            "  of its own",
        );
        assert.equal(crash, undefined);
        assert.deepEqual(others, ["panic: in the bridge", "  of its own"]);
    });
});

describe("the engine's go.mod", () => {
    it("requires the version of the CLI that package.json pins", () => {
        const text = readFileSync(join(import.meta.dirname, "../engine/find/go/go.mod"), "utf8");
        assert.match(text, new RegExp(`pulumi/pkg/v3 v${pinnedVersion("pulumi").replaceAll(".", "\\.")}`));
    });
});
