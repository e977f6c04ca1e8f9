import * as assert from "assert";
import * as pulumi from "@pulumi/pulumi";
import { isolated, reachable } from "../components/lab/expectations";
import { LabVpc } from "../components/lab/labVpc";
import { overSsh } from "../components/check/overSsh";
import { accessLogScript, probeScript, readyScript, type ProbeOutcome } from "../components/check/probe";
import {
    ReachabilityCheck,
    type DirectionResult,
    type ReachabilityCheckArgs,
} from "../components/check/reachabilityCheck";
import { deploy, valueOf, type Deployment } from "./mocks";

interface Checked {
    readonly deployment: Deployment;
    readonly check: ReachabilityCheck;
    readonly vpcs: readonly [LabVpc, LabVpc];
}

async function checked(change: Partial<ReachabilityCheckArgs> = {}): Promise<Checked> {
    let made: Omit<Checked, "deployment"> | undefined;
    const deployment = await deploy(() => {
        const vpcs = [1, 2].map(
            (side) =>
                new LabVpc(`v${side}`, {
                    side,
                    cidrBlock: `10.4${side}.0.0/16`,
                    subnetCidrBlock: `10.4${side}.1.0/24`,
                    privateIp: `10.4${side}.1.100`,
                    keyName: "key",
                }),
        ) as [LabVpc, LabVpc];
        const check = new ReachabilityCheck(
            "c",
            {
                vpcs,
                expect: [reachable, { ...reachable, http: "none" }],
                path: ["one", pulumi.output("two")],
                ssh: { privateKey: "the private key" },
                timeLimit: 101,
                ...change,
            },
            { dependsOn: [vpcs[0]] },
        );
        made = { check, vpcs };
    });
    assert.ok(made);
    return { ...made, deployment };
}

/** A value as the engine gets it when it is a secret: with the mark by which it knows one. */
const secret = (value: unknown) => ({ "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value });

const serverOf: Record<string, string> = {
    "c-VPC1-ready": "v1",
    "c-VPC2-ready": "v2",
    "c-VPC1-to-VPC2": "v1",
    "c-VPC1-to-VPC2-access-log": "v2",
    "c-VPC2-to-VPC1": "v2",
    "c-VPC2-to-VPC1-access-log": "v1",
};

describe("ReachabilityCheck", () => {
    let all: Checked;
    // For each test anew, so that mutation testing knows which code each of them runs.
    beforeEach(async () => {
        all = await checked();
    });
    const commands = () => all.deployment.registrations.filter(({ type }) => type === "command:local:Command");

    it("runs a command for each server and two for each direction", () => {
        assert.deepStrictEqual(
            commands()
                .map(({ name }) => name)
                .sort(),
            Object.keys(serverOf).sort(),
        );
        for (const { name, parent } of commands()) {
            assert.strictEqual(parent, "c", name);
        }
        assert.strictEqual(all.deployment.get("c").type, "vpc-peering-lab:components:ReachabilityCheck");
        assert.deepStrictEqual(all.deployment.outputs.get("c"), ["results"]);
    });

    it("logs in to the right server, as ec2-user, with the private key as a secret, until the time is up", () => {
        for (const { name, inputs } of commands()) {
            const { create, interpreter, triggers, logging, environment, addPreviousOutputInEnv } = inputs;
            const on = serverOf[name] ?? "";
            assert.deepStrictEqual(
                { create, interpreter, triggers, logging, environment, addPreviousOutputInEnv },
                {
                    create: `ec2-user@public-ip-of-${on}-server`,
                    interpreter: overSsh(true),
                    triggers: ["one", "two"],
                    logging: "stderr",
                    addPreviousOutputInEnv: false,
                    environment: secret({
                        CHECK_LABEL: on.replace("v", "VPC"),
                        CHECK_LIMIT: name.endsWith("-ready") ? "101" : "120",
                        CHECK_PRIVATE_KEY: "the private key",
                    }),
                },
                name,
            );
        }
    });

    it("gives each command its script", () => {
        const [one, two] = all.vpcs.map(({ probed }) => probed) as [LabVpc["probed"], LabVpc["probed"]];
        const end = (side: number) => ({
            publicIp: `public-ip-of-v${side}-server`,
            publicDns: `dns-of-v${side}-server`,
        });
        const back = { ...reachable, http: "none" };
        const scripts = Object.fromEntries(commands().map(({ name, inputs }) => [name, inputs["stdin"]]));
        assert.deepStrictEqual(scripts, {
            "c-VPC1-ready": readyScript(one),
            "c-VPC2-ready": readyScript(two),
            "c-VPC1-to-VPC2": probeScript(one, { ...two, ...end(2) }, reachable),
            "c-VPC2-to-VPC1": probeScript(two, { ...one, ...end(1) }, back),
            "c-VPC1-to-VPC2-access-log": accessLogScript(one, two, reachable, "abc"),
            "c-VPC2-to-VPC1-access-log": accessLogScript(two, one, back, "abc"),
        });
    });

    it("waits for everything on the path, then for both servers, then for the probe", () => {
        const { get } = all.deployment;
        for (const { name, dependencies } of commands()) {
            assert.ok(dependencies.includes("v1-default-route"), name);
        }
        for (const probe of ["c-VPC1-to-VPC2", "c-VPC2-to-VPC1"]) {
            assert.ok(get(probe).dependencies.includes("c-VPC1-ready"));
            assert.ok(get(probe).dependencies.includes("c-VPC2-ready"));
            assert.ok(get(`${probe}-access-log`).dependencies.includes(probe));
        }
    });

    it("outputs what was seen, which is not a secret", async () => {
        const result = (direction: string, asked: number, expected: ProbeOutcome): DirectionResult => ({
            direction,
            measured: "2026-01-31T12:00:00Z",
            expected,
            seen: { icmp: "reply", http: "page", dns: "private" },
            publicName: `dns-of-v${asked}-server`,
            resolved: "10.42.1.100",
            roundTripMs: 0.25,
            clientSeen: "10.41.1.100",
        });
        assert.deepStrictEqual(await valueOf(all.check.results), [
            result("VPC1 -> VPC2", 2, reachable),
            result("VPC2 -> VPC1", 1, { ...reachable, http: "none" }),
        ]);
        assert.strictEqual(await pulumi.isSecret(all.check.results), false);
    });

    it("expects what it is told to", async () => {
        const { deployment, check } = await checked({ expect: pulumi.output([isolated, isolated] as const) });
        assert.match(String(deployment.get("c-VPC1-to-VPC2").inputs["stdin"]), /expected_icmp='none'/);
        assert.match(String(deployment.get("c-VPC1-to-VPC2-access-log").inputs["stdin"]), /expected='none'/);
        assert.deepStrictEqual((await valueOf(check.results))[0]?.expected, isolated);
    });

    it("has a broken promise explained in its direction, and nothing else", async () => {
        const asked: unknown[] = [];
        const explain = (broken: unknown) => {
            asked.push(broken);
            return Promise.resolve("because");
        };
        const { deployment } = await checked({ explain });
        assert.deepStrictEqual(asked, []);
        assert.strictEqual(await deployment.onError("c-VPC2-to-VPC1"), false);
        assert.deepStrictEqual(asked, [
            { from: "id-of-v2-server", to: "id-of-v1-server", expected: { ...reachable, http: "none" } },
        ]);
        await assert.rejects(deployment.onError("c-VPC1-ready"), /nothing runs/);
        await assert.rejects(deployment.onError("c-VPC2-to-VPC1-access-log"), /nothing runs/);
    });

    it("lets the failure stand when it can't be explained", async () => {
        const { deployment } = await checked({ explain: () => Promise.reject(new Error("UnauthorizedOperation")) });
        assert.strictEqual(await deployment.onError("c-VPC1-to-VPC2"), false);
    });

    it("asks the SSH agent when it has no private key, and takes another user and five minutes", async () => {
        const { deployment } = await checked({ ssh: { user: "admin" }, timeLimit: undefined });
        const { create, interpreter, environment } = deployment.get("c-VPC1-ready").inputs;
        assert.deepStrictEqual(
            { create, interpreter, environment },
            {
                create: "admin@public-ip-of-v1-server",
                interpreter: overSsh(false),
                environment: { CHECK_LABEL: "VPC1", CHECK_LIMIT: "300" },
            },
        );
    });
});
