import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { serve, type Served, home } from "./pages/vpcs.ts";
import { project, run, type Stack } from "./pulumi.ts";
import { on } from "./webServers.ts";

// What may change about a peering that stands: packets keep passing, or the preview refuses, with a remedy that works. Runs inside a
// sandbox with the real engine, while each server pings the other one five times a second.

const head = `
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { VpcPeering } from "pulumi-vpc-peering";

const config = new pulumi.Config();
const [one, two, three] = config.requireObject<{ vpcId: string; tableId: string; groupId: string }[]>("sides");
const side = (of: typeof one, block: string) => ({ vpcId: of.vpcId, cidrBlocks: [block] });
const [first, second, third] = [side(one, "10.1.0.0/16"), side(two, "10.2.0.0/16"), side(three, "10.3.0.0/16")];
`;

/** A program that peers the first VPC with the second. */
const peered = (requester: string, accepter: string, more = 'ports: ["icmp"]', options = ""): string =>
    `${head}
new VpcPeering("p", {
    requester: { ...first, ${requester} },
    accepter: { ...second, ${accepter} },
    ${more},
}${options});
`;

const lists = peered(
    "routeTables: [one.tableId], securityGroups: [one.groupId]",
    "routeTables: [two.tableId], securityGroups: [two.groupId]",
);
const both = "routeTables: [two.tableId], securityGroups: [two.groupId]";
const mapped = (name: string, more?: string): string =>
    peered(
        `routeTables: { ${name}: one.tableId }, securityGroups: { ${name}: one.groupId }`,
        `routeTables: { ${name}: two.tableId }, securityGroups: { ${name}: two.groupId }`,
        more,
    );

/** Pings from one server to another until it is asked what was lost. */
async function ping(from: Served, to: Served): Promise<() => Promise<string>> {
    const id = await on(from.server, `ping -i 0.2 ${to.address} >/tmp/ping 2>&1 & echo $!`);
    return async () => {
        const said = await on(from.server, `kill -INT ${id ?? ""}; sleep 0.5; cat /tmp/ping`);
        const [, sent = "", received = ""] = /(\d+) packets transmitted, (\d+) received/.exec(said ?? "") ?? [];
        assert.ok(Number(sent) > 0, said);
        return `${Number(sent) - Number(received)} of ${sent} lost`;
    };
}

describe("a peering that stands", () => {
    let sides: [Served, Served, Served];
    let stack: Stack;

    const write = (program: string) => {
        writeFileSync(join(stack.folder, "index.ts"), program);
    };
    /** Runs something while both servers ping each other; none of their packets may be lost. */
    const undisturbed = async (act: () => Promise<void>) => {
        const [one, two] = sides;
        const lost = await Promise.all([ping(one, two), ping(two, one)]);
        await act();
        for (const result of await Promise.all(lost.map((end) => end()))) {
            assert.match(result, /^0 of /);
        }
    };
    /** Changes the program, with no packet lost; afterwards nothing is left to change. */
    const becomes = async (program: string) => {
        await undisturbed(async () => {
            write(program);
            const { code, text } = await stack.pulumi("up", "--yes");
            assert.equal(code, 0, text);
        });
        assert.deepEqual(await stack.plan(), []);
    };
    const steps = async (program: string) => {
        write(program);
        return stack.plan();
    };

    /** Writes a program that a preview and an update must refuse, with nothing changed; returns what they say. */
    const refused = async (program: string) => {
        write(program);
        const preview = await stack.pulumi("preview");
        assert.notEqual(preview.code, 0, preview.text);
        await undisturbed(async () => {
            assert.notEqual((await stack.up()).code, 0);
        });
        return preview.text;
    };

    before(async () => {
        sides = await Promise.all([serve(home, "10.1.0.0/16"), serve(home, "10.2.0.0/16"), serve(home, "10.3.0.0/16")]);
        stack = await project("changing", lists, {});
        for (const [index, { vpcId, tableId, groupId }] of sides.entries()) {
            for (const [key, value] of Object.entries({ vpcId, tableId, groupId })) {
                assert.equal((await stack.pulumi("config", "set", "--path", `sides[${index}].${key}`, value)).code, 0);
            }
        }
        const { code, text } = await stack.pulumi("up", "--yes");
        assert.equal(code, 0, text);
    });

    it("keeps its routes and rules when a list becomes a map, a name changes, and back", async () => {
        assert.deepEqual(await steps(mapped("main")), []);
        await becomes(mapped("main"));
        await becomes(mapped("public"));
        await becomes(lists);
    });

    it("keeps them when names are exchanged, as far as the preview lets it", async () => {
        const [{ vpcId }] = sides;
        const { RouteTable } = await home.createRouteTable({ VpcId: vpcId });
        const extra = RouteTable?.RouteTableId ?? "";
        const named = (one: string, other: string) =>
            peered(`routeTables: { ${one}: one.tableId, ${other}: "${extra}" }, securityGroups: [one.groupId]`, both);
        await becomes(named("a", "b"));
        const text = await refused(named("b", "a"));
        assert.match(
            text,
            /A route to 10\.2\.0\.0\/16 is in rtb-\w+ already, and this stack manages it as p-requester-[ab]-10/,
        );
        // A name that goes to another table, while its own table gets a new one.
        const moved = await refused(named("c", "a"));
        assert.match(moved, /and this stack manages it as p-requester-[ab]-10/);
        // Either remedy.
        assert.deepEqual(await steps(named("a", "b")), []);
        await becomes(named("c", "d"));
        await becomes(lists);
        await home.deleteRouteTable({ RouteTableId: extra });
    });

    it("refuses to exchange requester and accepter, which would take the connection down", async () => {
        const exchanged = lists
            .replace("requester: { ...first,", "accepter: { ...first,")
            .replace("accepter: { ...second,", "requester: { ...second,");
        const text = await refused(exchanged);
        assert.match(
            text,
            /VpcPeering p has 1 problem; no connection was requested:\s+requester.vpcId = "vpc-\w+": is the accepter's VPC of the existing connection\./,
        );
        assert.deepEqual(await steps(lists), []);
    });

    it("takes over a route that the program made itself, by the commands of the refusal", async () => {
        const own = `${peered("securityGroups: [one.groupId]", both).replace("new VpcPeering", "const peering = new VpcPeering")}
new aws.ec2.Route("mine", {
    routeTableId: one.tableId,
    destinationCidrBlock: "10.2.0.0/16",
    vpcPeeringConnectionId: peering.connectionId,
});
`;
        write(own.replace("new aws.ec2.Route", "if (false) new aws.ec2.Route"));
        assert.equal((await stack.up()).code, 0);
        write(own);
        assert.equal((await stack.up()).code, 0);
        const text = await refused(lists);
        const [, commands = ""] =
            /manages it as mine\. Leave that .*? hand it over with "(.*?)"; then/.exec(text) ?? [];
        await undisturbed(async () => {
            const done = await run("bash", ["-c", `${commands} --yes --skip-preview`], stack.folder);
            assert.equal(done.code, 0, done.text);
        });
        await becomes(lists);
    });

    it("grows and shrinks: a block, a group that is new and has no rule, ports, tags", async () => {
        const group = `const extra = new aws.ec2.SecurityGroup("extra", { vpcId: two.vpcId });\n`;
        const grown = peered(
            "routeTables: [one.tableId], securityGroups: [one.groupId]",
            `cidrBlocks: ["10.2.0.0/16"], routedCidrBlocks: ["10.2.128.0/17", "10.2.0.0/16"], routeTables: [two.tableId],
            securityGroups: { [two.groupId]: two.groupId, extra: extra.id }`,
            'ports: ["tcp/80", "icmp"], tags: { team: "network" }',
        ).replace("\nnew VpcPeering", `${group}new VpcPeering`);
        await becomes(grown);
        assert.deepEqual(
            await steps(grown.replace('"10.2.128.0/17", "10.2.0.0/16"', '"10.2.0.0/16", "10.2.128.0/17"')),
            [],
        );
        await becomes(lists);
    });

    it("turns DNS resolution off again where it is left out", async () => {
        const options = async () => {
            const { VpcPeeringConnections: [found] = [] } = await home.describeVpcPeeringConnections({
                Filters: [{ Name: "status-code", Values: ["active"] }],
            });
            return [found?.RequesterVpcInfo, found?.AccepterVpcInfo].map(
                (info) => info?.PeeringOptions?.AllowDnsResolutionFromRemoteVpc ?? false,
            );
        };
        await becomes(lists.replace('ports: ["icmp"]', 'ports: ["icmp"], dnsResolution: true'));
        assert.deepEqual(await options(), [true, true]);
        await becomes(lists);
        assert.deepEqual(await options(), [false, false]);
    });

    it("settles where two providers of one place have other default tags", async () => {
        const provider = (name: string, tags: string) =>
            `const ${name} = new aws.Provider("${name}", { region: "${process.env["AWS_REGION"] ?? ""}", defaultTags: { tags: ${tags} } });\n`;
        const tagged = lists
            .replace(
                "\nnew VpcPeering",
                `${provider("here", '{ team: "a", one: "1" }')}${provider("there", '{ team: "b", two: "2" }')}new VpcPeering`,
            )
            .replace("...first,", "...first, provider: here,")
            .replace("...second,", "...second, provider: there,");
        await becomes(tagged);
        for (const command of ["preview", "preview --refresh", "up --refresh --yes", "preview --refresh"]) {
            const { code, text } = await stack.pulumi(...command.split(" "), "--expect-no-changes");
            assert.equal(code, 0, `${command}: ${text}`);
        }
    });

    it("refuses to replace a route that stands, and creates it again once it is removed as told", async () => {
        write(lists);
        const { code, text } = await stack.pulumi("up", "--yes", "--replace", "**::p-requester-*-10.2.0.0/16");
        assert.notEqual(code, 0, text);
        const [, command = ""] =
            /under this name\. .* remove it with "(aws ec2 delete-route .*?)" and run/.exec(text) ?? [];
        const removed = await run("bash", ["-c", command]);
        assert.equal(removed.code, 0, `${command}: ${removed.text}`);
        const again = await stack.pulumi("up", "--refresh", "--yes");
        assert.equal(again.code, 0, again.text);
        await undisturbed(() => Promise.resolve());
        assert.deepEqual(await stack.plan(), []);
    });

    it("goes", async () => {
        await stack.destroy();
    });
});
