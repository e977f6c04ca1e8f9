import * as assert from "assert";
import { spawnSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import { mock } from "node:test";
import * as path from "path";
import * as pulumi from "@pulumi/pulumi";
import { namespaced, privateKey, sshPublicKey, type Change } from "./config";
import { deploy, valueOf, type Answers, type Deployment } from "./mocks";

/** Runs the whole program with these settings; gives what it registered and its outputs. */
async function up(
    change: Change,
    answers: Answers = {},
    more: Record<string, string> = {},
): Promise<Deployment & { exports: Record<string, unknown> }> {
    let exports: Record<string, unknown> = {};
    const deployment = await deploy(
        async () => {
            const program = require.resolve("../index");
            // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- the program is to run anew
            delete require.cache[program];
            // eslint-disable-next-line @typescript-eslint/no-require-imports
            exports = await (require(program) as () => Promise<Record<string, unknown>>)();
        },
        { "aws:region": "ap-northeast-2", ...namespaced(change), ...more },
        [],
        answers,
    );
    return { ...deployment, exports };
}

const resolved = (output: unknown): Promise<unknown> => valueOf(pulumi.output(output));

describe("the program", () => {
    it("builds the base with the taught names and addresses, and checks that it is isolated", async () => {
        const { get, registrations, exports } = await up({});
        for (const side of [1, 2]) {
            const name = side === 1 ? "lab-requester" : "lab-accepter";
            assert.deepStrictEqual(get(`${name}-vpc`).inputs["tags"], { Name: `ljhVPC${side}` });
            assert.strictEqual(get(`${name}-vpc`).inputs["cidrBlock"], `10.4${side}.0.0/16`);
            assert.strictEqual(get(`${name}-subnet`).inputs["cidrBlock"], `10.4${side}.1.0/24`);
            assert.strictEqual(get(`${name}-server`).inputs["privateIp"], `10.4${side}.1.100`);
            assert.strictEqual(get(`${name}-server`).inputs["keyName"], "lab-key-generated");
        }
        assert.deepStrictEqual(get("lab-key").inputs, { publicKey: sshPublicKey, tags: {} });
        assert.strictEqual(registrations.filter(({ type }) => /peering/i.test(type.split(":")[1] ?? "")).length, 0);
        assert.match(String(get("lab-check-VPC1-to-VPC2").inputs["stdin"]), /expected_icmp='none'/);
        assert.strictEqual(await resolved(exports["stage"]), "isolated");
        assert.strictEqual(exports["peering"], undefined);
    });

    it("peers the two and checks that they are reachable", async () => {
        const { get, exports } = await up({ peering: "true" });
        assert.match(String(get("lab-check-VPC2-to-VPC1").inputs["stdin"]), /expected_icmp='reply'/);
        assert.deepStrictEqual((get("lab-check-VPC2-to-VPC1").inputs["triggers"] as string[]).slice(0, 2), [
            "reachable",
            "id-of-lab-peering-connection",
        ]);
        for (const carrier of [
            "lab-peering-requester-public-10.42.0.0/16",
            "lab-peering-accepter-server-tcp-80-10.41.0.0/16",
            "lab-requester-server",
        ]) {
            assert.ok(get("lab-check-VPC1-ready").dependencies.includes(carrier), carrier);
        }
        assert.strictEqual(await resolved(exports["stage"]), "reachable");
        assert.deepStrictEqual(await resolved(exports["peering"]), {
            id: "id-of-lab-peering-connection",
            status: { requester: "active", accepter: "active" },
            expires: null,
            otherOwner: [],
        });
    });

    it("outputs what a person needs next", async () => {
        const { exports } = await up({});
        assert.deepStrictEqual(await resolved(exports["requester"]), {
            region: "ap-northeast-2",
            vpcId: "id-of-lab-requester-vpc",
            routeTableId: "id-of-lab-requester-route-table",
            securityGroupId: "id-of-lab-requester-security-group",
            serverId: "id-of-lab-requester-server",
            privateIp: "10.41.1.100",
            publicIp: "public-ip-of-lab-requester-server",
            publicDns: "dns-of-lab-requester-server",
            ssh: "ssh ec2-user@public-ip-of-lab-requester-server",
        });
        assert.strictEqual(
            ((await resolved(exports["accepter"])) as { vpcId: string }).vpcId,
            "id-of-lab-accepter-vpc",
        );
        const results = (await resolved(exports["checkResults"])) as { direction: string }[];
        assert.deepStrictEqual(
            results.map(({ direction }) => direction),
            ["VPC1 -> VPC2", "VPC2 -> VPC1"],
        );
        const lines = (await resolved(exports["check"])) as string[];
        assert.deepStrictEqual(
            lines.map((line) => line.slice(0, 20)),
            ["VPC1 -> VPC2: ping r", "VPC2 -> VPC1: ping r"],
        );
    });

    it("uses an existing key pair, and names the key's file in an ssh command that works as typed", async () => {
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), "program-test-"));
        const file = path.join(folder, "it's my key");
        fs.writeFileSync(file, privateKey());
        const { get, registrations, exports } = await up({
            sshPublicKey: "",
            keyName: "mine",
            sshAgent: "false",
            sshPrivateKeyPath: file,
        });
        fs.rmSync(folder, { recursive: true });
        assert.ok(!registrations.some(({ name }) => name === "lab-key"));
        assert.strictEqual(get("lab-accepter-server").inputs["keyName"], "mine");
        const { ssh } = (await resolved(exports["requester"])) as { ssh: string };
        const { stdout } = spawnSync("sh", ["-c", ssh.replace(/^ssh /, "printf '%s\\n' ")], { encoding: "utf8" });
        assert.strictEqual(stdout, `-i\n${file}\nec2-user@public-ip-of-lab-requester-server\n`);
    });

    it("refuses a private key with a passphrase before anything is registered", async () => {
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), "program-test-"));
        const file = path.join(folder, "key");
        fs.writeFileSync(file, privateKey("secret"));
        const asked: string[] = [];
        const answers = Object.fromEntries(
            ["aws:index/getAvailabilityZones:getAvailabilityZones", "aws:ssm/getParameter:getParameter"].map((call) => [
                call,
                () => {
                    asked.push(call);
                    return {};
                },
            ]),
        );
        await assert.rejects(
            up({ sshAgent: "false", sshPrivateKeyPath: file }, answers),
            /sshPrivateKeyPath = .*: is protected by a passphrase/,
        );
        fs.rmSync(folder, { recursive: true });
        assert.deepStrictEqual(asked, []);
    });

    it("leaves the check out when it is off", async () => {
        const { registrations, exports } = await up({ check: "false", sshAgent: "false" });
        assert.ok(!registrations.some(({ type }) => type.startsWith("command:")));
        assert.strictEqual(exports["check"], undefined);
        assert.strictEqual(exports["checkResults"], undefined);
    });

    describe("with an accepter in another region and account", () => {
        const roleArn = "arn:aws:iam::222222222222:role/peering";
        const change = {
            peering: "true",
            "accepter.region": "us-west-2",
            "accepter.roleArn": roleArn,
            "accepter.externalId": "word",
        };
        const answers: Answers = {
            "aws:index/getRegion:getRegion": (_, provider) => ({
                region: provider === "" ? "ap-northeast-2" : "us-west-2",
            }),
            "aws:index/getCallerIdentity:getCallerIdentity": (_, provider) => ({
                accountId: provider === "" ? "111111111111" : "222222222222",
            }),
        };
        const provider = "lab-accepter-222222222222";

        it("makes the accepter's side there, with a key pair of its own", async () => {
            const { get, registrations, exports } = await up(change, answers);
            assert.deepStrictEqual(
                registrations.filter(({ type }) => type === "pulumi:providers:aws").map(({ name }) => name),
                [provider],
            );
            assert.strictEqual(get(provider).inputs["region"], "us-west-2");
            assert.deepStrictEqual(JSON.parse(get(provider).inputs["assumeRoles"] as string), [
                { roleArn, sessionName: "vpc-peering", externalId: "word" },
            ]);
            for (const { name, type, provider: through } of registrations) {
                if (type.startsWith("aws:")) {
                    const far = /^lab(-key|-peering)?-accepter/.test(name);
                    assert.strictEqual(through, far ? `id-of-${provider}` : "", name);
                }
            }
            const key = "lab-key-accepter-us-west-2-222222222222";
            assert.deepStrictEqual(get(key).inputs, { region: "us-west-2", publicKey: sshPublicKey, tags: {} });
            assert.strictEqual(get("lab-requester-server").inputs["keyName"], "lab-key-generated");
            assert.strictEqual(get("lab-accepter-server").inputs["keyName"], `${key}-generated`);
            assert.strictEqual(get("lab-accepter-vpc").replacementTrigger, "us-west-2 222222222222");
            const { inputs } = get("lab-peering-connection");
            assert.deepStrictEqual([inputs["peerRegion"], inputs["peerOwnerId"]], ["us-west-2", "222222222222"]);
            const regions = ["requester", "accepter"].map(
                async (side) => ((await resolved(exports[side])) as { region: string }).region,
            );
            assert.deepStrictEqual(await Promise.all(regions), ["ap-northeast-2", "us-west-2"]);
        });

        it("takes the existing key pair's name for both", async () => {
            const named = { ...change, sshPublicKey: "", keyName: "mine", peering: "false", check: "false" };
            const { get, registrations } = await up(named, answers);
            assert.ok(!registrations.some(({ type }) => type.endsWith(":KeyPair")));
            assert.strictEqual(get("lab-requester-server").inputs["keyName"], "mine");
            assert.strictEqual(get("lab-accepter-server").inputs["keyName"], "mine");
        });

        it("fails when the role's provider leads to another account", async () => {
            const identity = () => ({ accountId: "111111111111" });
            await assert.rejects(
                up(change, { ...answers, "aws:index/getCallerIdentity:getCallerIdentity": identity }),
                /accepter.accountId = "222222222222": is declared, but the accepter's provider leads to 111111111111/,
            );
        });
    });

    it("outputs what the other owner has to run, and by when, while they have not accepted", async () => {
        const { get, exports } = await up(
            { peering: "true", manageAccepter: "false" },
            {
                "aws:index/getRegion:getRegion": () => ({ region: "ap-northeast-2" }),
                "aws:index/getCallerIdentity:getCallerIdentity": () => ({ accountId: "111111111111" }),
                "aws:ec2/getVpcPeeringConnection:getVpcPeeringConnection": () => ({ status: "pending-acceptance" }),
            },
        );
        assert.strictEqual(await resolved(exports["stage"]), "pending-acceptance");
        const { expires, otherOwner } = (await resolved(exports["peering"])) as {
            expires: string;
            otherOwner: string[];
        };
        const requested = Date.parse(String(get("lab-peering-requested").inputs["input"]));
        assert.strictEqual(Date.parse(expires) - requested, 7 * 24 * 3600 * 1000);
        assert.match(otherOwner[0] ?? "", /^aws ec2 accept-vpc-peering-connection --region ap-northeast-2 /);
        assert.match(String(get("lab-check-VPC1-to-VPC2").inputs["stdin"]), /expected_icmp='none'/);
    });

    describe("asks how many VPCs there are", () => {
        const account = (count: number, made: readonly string[] = []): Answers => ({
            "aws:ec2/getVpcs:getVpcs": ({ filters, region }) => {
                const [{ name, values } = { name: "", values: [] as string[] }] =
                    (filters as { name: string; values: string[] }[] | undefined) ?? [];
                assert.ok(filters === undefined || name === "tag:Name", name);
                const all = region === "us-west-2" ? 1 : count;
                return filters === undefined
                    ? { ids: Array.from({ length: all }, (_, index) => `vpc-${index}`) }
                    : { ids: made.filter((one) => values.includes(one)) };
            },
        });
        const warnings = async (config: Record<string, string>, answers: Answers) => {
            const log = mock.method(pulumi.log, "warn", () => Promise.resolve());
            try {
                await up(config, answers);
                return log.mock.calls.map(({ arguments: [message] }) => String(message));
            } finally {
                log.mock.restore();
            }
        };

        it("and warns before it makes more than AWS allows, with what raises the quota", async () => {
            assert.deepStrictEqual(await warnings({}, account(4)), [
                'There are 4 VPCs in ap-northeast-2, and this makes 2 more; AWS allows 5 by default (Amazon VPC User Guide, "Amazon VPC quotas"). Unless the quota has been raised, delete VPCs that nobody needs, choose another region, or raise it with "aws service-quotas request-service-quota-increase --service-code vpc --quota-code L-F678F1CE --desired-value 6 --region ap-northeast-2"',
            ]);
            assert.deepStrictEqual(await warnings({}, account(3)), []);
        });

        it("and says nothing of VPCs that are there already", async () => {
            assert.deepStrictEqual(await warnings({}, account(9, ["ljhVPC1", "ljhVPC2"])), []);
            const [one] = await warnings({ "requester.label": "Blue" }, account(9, ["ljhVPC1", "ljhVPC2"]));
            assert.match(one ?? "", /^There are 9 VPCs in ap-northeast-2, and this makes 1 more;/);
        });

        it("in each side's region by itself", async () => {
            const apart = { "accepter.region": "us-west-2" };
            const [one = "", ...more] = await warnings(apart, account(5));
            assert.match(one, /^There are 5 VPCs in ap-northeast-2, and this makes 1 more;/);
            assert.deepStrictEqual(more, []);
            assert.deepStrictEqual(await warnings(apart, account(4)), []);
        });

        it("and goes on where it may not be told", async () => {
            const denied: Answers = { "aws:ec2/getVpcs:getVpcs": () => assert.fail("UnauthorizedOperation") };
            assert.deepStrictEqual(await warnings({}, denied), []);
        });
    });

    it("registers nothing where a side's region does not offer its instance type, and says how to choose another", async () => {
        const offered = { instanceTypes: ["t2.micro"], locations: ["ap-northeast-2b"] };
        const offers: Answers = { "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": () => offered };
        const why =
            "is not offered in any zone of the region (ap-northeast-2a, ap-northeast-2b); choose another type, such as t2.micro, or another region";
        await assert.rejects(up({ "accepter.instanceType": "c5.large" }, offers), (error: Error) => {
            assert.deepStrictEqual(error.message.split("\n").slice(1), [
                `  instanceType = "t3.micro": ${why}, as in 'pulumi config set --path instanceType t2.micro'`,
                `  accepter.instanceType = "c5.large": ${why}, as in 'pulumi config set --path accepter.instanceType t2.micro'`,
            ]);
            return true;
        });
        await assert.rejects(up({ instanceType: "c5.large" }, offers), (error: Error) => {
            assert.deepStrictEqual(error.message.split("\n").slice(1), [
                `  instanceType = "c5.large": ${why}, as in 'pulumi config set --path instanceType t2.micro'`,
            ]);
            return true;
        });
    });

    it("says of which sides AWS could not be asked, before anything of the pair is registered", async () => {
        const failing: Answers = {
            "aws:index/getAvailabilityZones:getAvailabilityZones": () => {
                throw Object.assign(new Error("no such host"), { details: "no such host" });
            },
        };
        await assert.rejects(up({ "accepter.instanceType": "t3.small" }, failing), (error: Error) => {
            const why =
                "AWS could not be asked in ap-northeast-2: no such host; check the side's region and credentials";
            assert.deepStrictEqual(error.message.split("\n").slice(1), [`  requester: ${why}`, `  accepter: ${why}`]);
            return true;
        });
    });

    it("registers nothing when a setting is in another project's namespace", async () => {
        await assert.rejects(up({}, {}, { "lab:peering": "true" }), /\n {2}lab:peering = true: is not read, /);
    });

    it("registers nothing when a setting is wrong", async () => {
        await assert.rejects(up({ "requester.cidrBlock": "10.41.1.0/16" }), /the block is 10\.41\.0\.0\/16/);
    });
});
