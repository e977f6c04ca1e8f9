import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
    DeleteRouteCommand,
    DeleteVpcPeeringConnectionCommand,
    DescribeRouteTablesCommand,
    DescribeVpcPeeringConnectionsCommand,
    EC2Client,
} from "@aws-sdk/client-ec2";
import { inventory } from "../../lab/inventory.ts";
import { run, Stack, type Result } from "./pulumi.ts";

// Manual use of the lab: peering on from the start, off, on again, a change outside of Pulumi, its repair, and destroy. Runs
// inside a sandbox with the real engine.

interface Outputs {
    stage: string;
    requester: { serverId: string };
    accepter: { serverId: string };
    peering?: { id: string; status: { requester: string; accepter: string } };
    check: string[];
    checkResults: { direction: string; seen: { icmp: string; http: string } }[];
}

const stack = new Stack();
const pulumi = (...args: string[]): Promise<Result> => stack.pulumi(...args);

async function up(): Promise<Result> {
    const result = await stack.up();
    assert.ok(!result.text.includes(secret), "the private key is in the output");
    return result;
}

async function upWith(settings: Record<string, string>): Promise<Result> {
    await stack.set(settings);
    return up();
}

async function outputs(): Promise<Outputs> {
    return JSON.parse((await pulumi("stack", "output", "--json")).text) as Outputs;
}

const endpoint = process.env["AWS_ENDPOINT_URL"] ?? "";
const region = process.env["AWS_REGION"] ?? "";
const ec2 = new EC2Client({ endpoint, region });

/** A line that only the private key of this run contains. */
let secret: string;
let servers: string[];

const seen = ({ checkResults }: Outputs): string[] => checkResults.map(({ seen: { icmp, http } }) => `${icmp}/${http}`);
const serversOf = ({ requester, accepter }: Outputs): string[] => [requester.serverId, accepter.serverId];

describe("the lab by hand", () => {
    before(async () => {
        const path = (await pulumi("config", "get", "sshPrivateKeyPath")).text.trim();
        secret = readFileSync(path, "utf8").split("\n")[3] ?? "";
        assert.ok(secret.length > 40);
    });

    it("is peered in one update if peering is on from the start", async () => {
        assert.deepEqual(await inventory(endpoint, region), []);
        const { code, text } = await upWith({ peering: "true" });
        assert.equal(code, 0, text);
        const out = await outputs();
        assert.equal(out.stage, "reachable");
        assert.deepEqual(out.peering?.status, { requester: "active", accepter: "active" });
        assert.deepEqual(seen(out), ["reply/page", "reply/page"]);
        servers = serversOf(out);
    });

    it("does not store the private key in the state as plain text", async () => {
        const { text } = await pulumi("stack", "export");
        assert.match(text, /lab-check-VPC1-ready/);
        assert.ok(!text.includes(secret));
    });

    it("is isolated and verified by the same `pulumi up` that turns peering off", async () => {
        const { code, text } = await upWith({ peering: "false" });
        assert.equal(code, 0, text);
        const out = await outputs();
        assert.deepEqual(seen(out), ["none/none", "none/none"]);
        assert.equal(out.peering, undefined);
        assert.deepEqual(serversOf(out), servers, "a server was replaced");
        assert.deepEqual(
            (await inventory(endpoint, region)).filter((item) => item.startsWith("peering")),
            [],
        );
        const { RouteTables = [] } = await ec2.send(new DescribeRouteTablesCommand());
        assert.ok(!RouteTables.some(({ Routes = [] }) => Routes.some((route) => route.VpcPeeringConnectionId)));
    });

    it("has no pending changes after that", async () => {
        const { code, text } = await pulumi("up", "--yes", "--skip-preview", "--expect-no-changes");
        assert.equal(code, 0, text);
    });

    it("has none either once AWS has a newer image, and another zone that comes first", async () => {
        const file = join(mkdtempSync(join(tmpdir(), "state-")), "state.json");
        assert.equal((await pulumi("stack", "export", "--file", file)).code, 0);
        const state = JSON.parse(readFileSync(file, "utf8")) as {
            deployment: { resources: { urn: string; inputs: { input?: unknown }; outputs: { input?: unknown } }[] };
        };
        const stashes = state.deployment.resources.filter(({ urn }) => /::lab-\w+-(ami|zone)$/.test(urn));
        assert.equal(stashes.length, 4);
        for (const { inputs, outputs } of stashes) {
            inputs.input = outputs.input = "what AWS had before";
        }
        writeFileSync(file, JSON.stringify(state));
        assert.equal((await pulumi("stack", "import", "--file", file)).code, 0);
        const { code, text } = await pulumi("preview", "--expect-no-changes");
        assert.equal(code, 0, text);
    });

    const deleteRoute = async () => {
        const { RouteTables = [] } = await ec2.send(
            new DescribeRouteTablesCommand({ Filters: [{ Name: "tag:Name", Values: ["ljhVPCPeering-RT2"] }] }),
        );
        const RouteTableId = RouteTables[0]?.RouteTableId;
        await ec2.send(new DeleteRouteCommand({ RouteTableId, DestinationCidrBlock: "10.41.0.0/16" }));
    };
    /** The command that the failure's message has. */
    let fix: string;

    it("fails if a check fails, and reports what was expected, what was observed, what stops it and what to change", async () => {
        assert.equal((await upWith({ peering: "true" })).code, 0);
        await deleteRoute();
        // The command that the README gives to run a check that has passed again.
        const { code, text } = await pulumi("up", "--yes", "--skip-preview", "--replace", "**::lab-check-*");
        assert.notEqual(code, 0);
        for (const direction of [
            "VPC1 (10.41.1.100) -> VPC2 (10.42.1.100)",
            "VPC2 (10.42.1.100) -> VPC1 (10.41.1.100)",
        ]) {
            assert.ok(text.includes(`${direction}, icmp: expected reply, seen none`), text);
            assert.ok(text.includes(`${direction}, http: expected page, seen none`), text);
        }
        assert.match(
            text,
            /AWS's configuration stops ping and TCP 80 from ljhVPC1-EC2 \(10\.41\.1\.100\) to ljhVPC2-EC2 \(10\.42\.1\.100\):\s+the answer, at route table rtb-\w+ \(ljhVPCPeering-RT2\): no route to 10\.41\.1\.100/,
        );
        const commands = [...new Set(text.match(/aws ec2 .*/g))];
        assert.equal(commands.length, 1, text);
        fix = commands[0] ?? "";
    });

    it("is repaired by the command that the failure names", async () => {
        const { code, text } = await run("bash", ["-c", fix]);
        assert.equal(code, 0, text);
        const result = await up();
        assert.equal(result.code, 0, result.text);
        assert.deepEqual(seen(await outputs()), ["reply/page", "reply/page"]);
    });

    it("is repaired by `pulumi up --refresh`, which measures again", async () => {
        await deleteRoute();
        const { code, text } = await pulumi("up", "--refresh", "--yes", "--skip-preview");
        assert.equal(code, 0, text);
        assert.match(text, /lab-check-VPC1-to-VPC2/);
        assert.deepEqual(seen(await outputs()), ["reply/page", "reply/page"]);
    });

    it("is opened for another port by the settings that the explanation names, and both are measured at once", async () => {
        assert.equal((await upWith({ peering: "false" })).code, 0);
        const { text } = await run("explain", ["requester", "accepter", "tcp/443"]);
        const [, settings = ""] = /\nto open the way\n((?: {2}.*\n)+)/.exec(text) ?? [];
        assert.match(settings, /peering true &&\n.*extraPorts\[0\]' tcp\/443 &&\n {2}pulumi up/s, text);
        const typed = await run("bash", ["-ec", settings.replace("pulumi up", "pulumi up --yes --skip-preview")]);
        assert.equal(typed.code, 0, typed.text);
        const opened = await run("explain", ["requester", "accepter", "tcp/443", "--assert", "reachable"]);
        assert.equal(opened.code, 0, opened.text);
        assert.deepEqual(await run("check", []), {
            code: 0,
            text: ["VPC1 -> VPC2", "VPC2 -> VPC1"]
                .map((direction) => `${direction}: ping reply, HTTP page, name private, as expected\n`)
                .join(""),
        });
        assert.equal((await run("pulumi", ["config", "rm", "extraPorts"])).code, 0);
    });

    it("fails over a connection that was made by hand, and says what lets the packets pass", async () => {
        assert.equal((await upWith({ peering: "false" })).code, 0);
        const { requester, accepter } = await outputs();
        const { code: asked, text: told } = await run("explain", [requester.serverId, accepter.serverId]);
        assert.equal(asked, 0, told);
        const [, fixes = ""] = told.split("\nto open the way, type\n");
        const typed = await run("bash", ["-ec", fixes]);
        assert.equal(typed.code, 0, typed.text);
        const { code, text } = await pulumi("up", "--yes", "--skip-preview", "--replace", "**::lab-check-*");
        const { VpcPeeringConnections = [] } = await ec2.send(new DescribeVpcPeeringConnectionsCommand());
        const made =
            VpcPeeringConnections.find(({ Status }) => Status?.Code === "active")?.VpcPeeringConnectionId ?? "";
        await ec2.send(new DeleteVpcPeeringConnectionCommand({ VpcPeeringConnectionId: made }));
        assert.notEqual(code, 0);
        for (const traffic of ["ping", "TCP 80"]) {
            const start = `AWS's configuration lets through ${traffic} from ljhVPC1-EC2`;
            assert.ok(text.includes(start), text);
        }
        assert.ok(text.includes(`peering connection ${made}: active`), text);
    });

    it("leaves nothing behind after `pulumi destroy`", async () => {
        const { code, text } = await pulumi("destroy", "--yes", "--skip-preview");
        assert.equal(code, 0, text);
        assert.deepEqual(await inventory(endpoint, region), []);
    });
});
