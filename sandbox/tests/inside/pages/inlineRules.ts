import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntilInstanceTerminated } from "@aws-sdk/client-ec2";
import { makeMachine } from "../../world/side.ts";
import { project, run, type Result, type Stack } from "../pulumi.ts";
import { curl, on } from "../webServers.ts";
import { missingFrom, outputsOf, programsOf, type Pages } from "./page.ts";
import { home, shared } from "./vpcs.ts";

// What inline routes and rules do to those of a peering, without and with each remedy of the page.

const page = "docs/package/inline-rules.md";

/** What the page's programs make, and the instance that the tests add. */
interface Stock {
    readonly vpcId: string;
    readonly subnetId: string;
    readonly tableId: string;
    readonly groupId: string;
}

/** The program without its remedy. */
function withInlineRules(program: string): string {
    const inline = program.replaceAll(/\n +\{ ignoreChanges: .+\},/g, "");
    assert.doesNotMatch(inline, /ignoreChanges/);
    return inline;
}

function write({ folder }: Stack, program: string): void {
    writeFileSync(join(folder, "index.ts"), program);
}

/** Runs an update that reads AWS first, which must succeed. */
async function refreshed(stack: Stack): Promise<Result> {
    const result = await stack.pulumi("up", "--yes", "--skip-preview", "--refresh");
    assert.equal(result.code, 0, result.text);
    return result;
}

/** Launches a web server in the program's subnet and group; returns its id. */
async function launch({ vpcId, subnetId, tableId, groupId }: Stock): Promise<string> {
    const UserData = Buffer.from("#!/bin/sh\nyum install -y httpd\nsystemctl enable --now httpd\n").toString("base64");
    const side = { vpcId, subnetId, tableId, groupId, gatewayId: "" };
    const { id = "" } = await makeMachine(home, side, "10.50.1.10", { UserData });
    return id;
}

async function terminate(id: string): Promise<void> {
    await home.terminateInstances({ InstanceIds: [id] });
    await waitUntilInstanceTerminated({ client: home, maxWaitTime: 60, minDelay: 1 }, { InstanceIds: [id] });
}

/** Whether the shop's server gets an answer from the stock's. */
async function isAnswered(): Promise<boolean> {
    const { server } = await shared.one();
    return /^[234]\d\d$/.test((await on(server, curl("10.50.1.10"))) ?? "");
}

/** Waits until the stock's server has booted. */
async function booted(): Promise<void> {
    for (let tries = 0; tries < 50 && !(await isAnswered()); tries++) {
        await sleep(200);
    }
    assert.ok(await isAnswered());
}

/** Whether the program's table has a route to the shop, whether its group has a rule for it, and whether packets pass. */
async function standing({ tableId, groupId }: Stock): Promise<[route: boolean, rule: boolean, answer: boolean]> {
    const { RouteTables } = await home.describeRouteTables({ RouteTableIds: [tableId] });
    const Filters = [{ Name: "group-id", Values: [groupId] }];
    const { SecurityGroupRules } = await home.describeSecurityGroupRules({ Filters });
    return [
        RouteTables?.[0]?.Routes?.some(({ DestinationCidrBlock }) => DestinationCidrBlock === "10.1.0.0/16") ?? false,
        SecurityGroupRules?.some(({ CidrIpv4, FromPort }) => CidrIpv4 === "10.1.0.0/16" && FromPort === 80) ?? false,
        await isAnswered(),
    ];
}

const all = [true, true, true];
const none = [false, false, false];

/** Asserts that an update and two that read AWS first leave the peering as it is. */
async function staysUp(stack: Stack, stock: Stock): Promise<void> {
    await stack.updated();
    assert.deepEqual(await standing(stock), all);
    for (const time of ["first", "second"]) {
        await refreshed(stack);
        assert.deepEqual(await standing(stock), all, time);
    }
}

/** One stack: every second refresh deletes route and rule, until the lists' changes are ignored. */
async function losesInOneStack(ignoring = ""): Promise<void> {
    const stack = await project("inline", withInlineRules(ignoring), { shopVpcId: (await shared.one()).vpcId });
    const stock = await stack.updated<Stock>();
    const server = await launch(stock);
    await booted();
    await stack.updated();
    assert.deepEqual(await standing(stock), all);

    const { text } = await stack.pulumi("preview", "--refresh", "--diff");
    const [, change = ""] = /aws:ec2\/routeTable:RouteTable: \(update\)(.+)Resources:/s.exec(text) ?? [];
    assert.match(change, /routes: \[/);
    assert.doesNotMatch(change, /10\.1\.0\.0|pcx-/);
    const lost = await refreshed(stack);
    assert.match(lost.text, /~ 2 updated/);
    assert.doesNotMatch(lost.text, /delet|warning: (?!Could not find a package)/);
    assert.deepEqual(await standing(stock), none);
    const explained = await run("explain", ["10.1.1.10", "10.50.1.10"]);
    assert.deepEqual(missingFrom(explained.text, outputsOf(page)[0] ?? [""]), [], explained.text);

    assert.deepEqual(await stack.plan(), []);
    await stack.updated();
    assert.deepEqual(await standing(stock), none);
    assert.match((await refreshed(stack)).text, /\+ 2 created/);
    assert.deepEqual(await standing(stock), all);
    await refreshed(stack);
    assert.deepEqual(await standing(stock), none);
    await refreshed(stack);

    write(stack, ignoring);
    await staysUp(stack, stock);
    // That is the price.
    write(stack, ignoring.replace("fromPort: 22, toPort: 22", "fromPort: 25, toPort: 25"));
    assert.deepEqual(await stack.plan(), []);
    await terminate(server);
    await stack.destroy();
}

/** Two stacks: the owner's refreshes delete route and rule, the peering's create them again, and `ignoreChanges` ends that. */
async function losesInTwoStacks(ignoring = ""): Promise<void> {
    const alone = ignoring.replace(/ {2}new VpcPeering\(.+?\n {2}\}\);\n/s, "");
    assert.doesNotMatch(alone, /new VpcPeering/);
    const { vpcId } = await shared.one();
    const owner = await project("owner", withInlineRules(alone), { shopVpcId: vpcId });
    const stock = await owner.updated<Stock>();
    const [program = ""] = programsOf("docs/package/names.md");
    const peering = await project("peering", program, {
        requesterVpcId: vpcId,
        accepterVpcId: stock.vpcId,
        webGroupId: stock.groupId,
    });
    await peering.updated();
    const server = await launch(stock);
    await booted();
    await owner.updated();
    assert.deepEqual(await standing(stock), all);
    await refreshed(owner);
    assert.deepEqual(await standing(stock), none);
    await refreshed(owner);
    await peering.updated();
    assert.deepEqual(await standing(stock), none);
    await refreshed(peering);
    assert.deepEqual(await standing(stock), all);

    write(owner, alone);
    await staysUp(owner, stock);
    await terminate(server);
    await peering.destroy();
    await owner.destroy();
}

/** Changes a stack with inline lists to the other program, with the page's commands. */
async function takesOver(ignoring = "", separate = ""): Promise<void> {
    const stack = await project("taken", withInlineRules(ignoring), { shopVpcId: (await shared.one()).vpcId });
    const stock = await stack.updated<Stock>();
    const server = await launch(stock);
    await booted();
    write(stack, separate);
    assert.match((await stack.up()).text, /RouteAlreadyExists|InvalidPermission\.Duplicate/);

    const Filters = [{ Name: "group-id", Values: [stock.groupId] }];
    const { SecurityGroupRules = [] } = await home.describeSecurityGroupRules({ Filters });
    const ssh = SecurityGroupRules.find(({ FromPort }) => FromPort === 22);
    const [, commands = ""] = /```bash\n(.+?)```/s.exec(readFileSync(page, "utf8")) ?? [];
    const typed = commands
        .trimEnd()
        .replace("rtb-0123456789abcdef0", stock.tableId)
        .replace("sgr-0123456789abcdef0", ssh?.SecurityGroupRuleId ?? "")
        .replaceAll(/$/gm, " --yes --stack dev");
    const imported = await run("bash", ["-ec", typed], stack.folder);
    assert.equal(imported.code, 0, imported.text);
    assert.deepEqual(await standing(stock), all);
    await staysUp(stack, stock);
    write(stack, separate.replace("fromPort: 22", "fromPort: 25").replace("toPort: 22", "toPort: 25"));
    assert.deepEqual(await stack.plan(), [
        "update aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule stock-ssh",
    ]);
    await terminate(server);
    await stack.destroy();
}

export const inlineRules: Pages = {
    [page]: {
        programs: 2,
        tests: {
            "loses route and rule to inline lists of its stack, until their changes are ignored": losesInOneStack,
            "loses route and rule to inline lists of another stack, until their changes are ignored": losesInTwoStacks,
            "keeps them where each is a resource, also of a stack that had inline lists": takesOver,
        },
    },
};
