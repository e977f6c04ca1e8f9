import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EC2 } from "@aws-sdk/client-ec2";
import { makeSide, type Side } from "../world/side.ts";
import { project, run, type Stack } from "./pulumi.ts";
import { curl, makeServer, on } from "./webServers.ts";

// The examples of docs/own-stack.md, unchanged, with the real engine and real packets. Runs inside a sandbox.

const endpoint = process.env["AWS_ENDPOINT_URL"] ?? "";
const home = new EC2({ endpoint, region: process.env["AWS_REGION"] ?? "" });
const virginia = new EC2({ endpoint, region: "us-east-1" });

/** The programs on the page, in order. */
const programs = [...readFileSync("docs/own-stack.md", "utf8").matchAll(/```ts\n(.+?)```/gs)].map(
    ([, code]) => code ?? "",
);

describe("docs/own-stack.md", () => {
    let sides: { requester: Side; accepter: Side; shared: Side };
    let servers: { requester: string; accepter: string };

    before(async () => {
        assert.equal(programs.length, 5);
        const [requester, accepter, shared] = await Promise.all([
            makeSide(home, "10.1.0.0/16", "own"),
            makeSide(virginia, "10.2.0.0/16", "own"),
            makeSide(home, "10.3.0.0/16", "own"),
        ]);
        for (const [api, { vpcId }] of [
            [home, requester],
            [virginia, accepter],
            [home, shared],
        ] as const) {
            await api.modifyVpcAttribute({ VpcId: vpcId, EnableDnsHostnames: { Value: true } });
        }
        sides = { requester, accepter, shared };
        servers = {
            requester: await makeServer(home, requester, "10.1.1.10"),
            accepter: await makeServer(virginia, accepter, "10.2.1.10"),
        };
    });

    it("peers two existing VPCs, with traffic in one direction only", async () => {
        const stack = await project("existing", programs[0] ?? "", {
            requesterVpcId: sides.requester.vpcId,
            accepterVpcId: sides.accepter.vpcId,
            webGroupId: sides.accepter.groupId,
        });
        assert.equal(await on(servers.requester, curl("10.2.1.10")), undefined);
        const { status } = await stack.updated<{ status: object }>();
        assert.deepEqual(status, { requester: "active", accepter: "active" });
        assert.match((await on(servers.requester, curl("10.2.1.10"))) ?? "", /^[234]\d\d$/);
        assert.equal(await on(servers.accepter, curl("10.1.1.10")), undefined);
        assert.deepEqual(await stack.plan(), []);
        await stack.destroy();
        assert.equal(await on(servers.requester, curl("10.2.1.10")), undefined);
    });

    it("lists what lookUpVpc does not find", async () => {
        const program = (programs[0] ?? "").replace(
            "provider: virginia,",
            'provider: virginia, routeTableIds: ["rtb-0123456789abcdef0", config.require("theirTableId")],',
        );
        const { RouteTables = [] } = await virginia.describeRouteTables({});
        const theirs = RouteTables.find(({ VpcId }) => VpcId !== sides.accepter.vpcId);
        const stack = await project("lost", program, {
            requesterVpcId: sides.requester.vpcId,
            accepterVpcId: sides.accepter.vpcId,
            theirTableId: theirs?.RouteTableId ?? "",
            webGroupId: "sg-0123456789abcdef0",
        });
        const lost = await stack.pulumi("preview");
        assert.notEqual(lost.code, 0);
        const place = `lookUpVpc of ${sides.accepter.vpcId} in us-east-1 of account \\d{12}`;
        assert.match(lost.text, new RegExp(`${place} has 3 problems; it found no side`));
        const noTable = `is no route table of ${sides.accepter.vpcId};`;
        assert.ok(lost.text.includes(`routeTableIds[0] = "rtb-0123456789abcdef0": ${noTable}`), lost.text);
        assert.ok(lost.text.includes(`routeTableIds[1] = "${theirs?.RouteTableId ?? ""}": ${noTable}`), lost.text);
        const noGroup = "is no security group there; name one of";
        assert.ok(lost.text.includes(`securityGroups.web = "sg-0123456789abcdef0": ${noGroup}`), lost.text);

        const alone = await project("alone", programs[1] ?? "", { sharedVpcId: "vpc-0123456789abcdef0" });
        const { code, text } = await alone.pulumi("preview");
        assert.notEqual(code, 0);
        const region = process.env["AWS_REGION"] ?? "";
        assert.match(text, new RegExp(`vpc-0123456789abcdef0 in ${region} of account \\d{12} has 1 problem;`));
        assert.ok(text.includes(`vpcId = "vpc-0123456789abcdef0": is no VPC there; correct the id`), text);
    });

    it("peers a VPC of the program with an existing one", async () => {
        const stack = await project("made", programs[1] ?? "", { sharedVpcId: sides.requester.vpcId });
        const { connectionId, status } = await stack.updated<{ connectionId: string; status: string }>();
        assert.equal(status, "active");
        const { RouteTables = [] } = await home.describeRouteTables({});
        const blocks = RouteTables.flatMap(({ Routes = [] }) => Routes)
            .filter(({ VpcPeeringConnectionId }) => VpcPeeringConnectionId === connectionId)
            .map(({ DestinationCidrBlock, State }) => `${DestinationCidrBlock ?? ""} ${State ?? ""}`);
        // Both tables of the shared VPC lead to the new one, whose only table leads back.
        assert.deepEqual(blocks.sort(), ["10.1.0.0/16 active", "10.99.0.0/16 active", "10.99.0.0/16 active"]);
        await stack.destroy();
    });

    it("finds in the preview that a provider leads elsewhere, before the program's VPC has an id", async () => {
        const elsewhere = (programs[1] ?? "").replace(
            "accepter: shared",
            'accepter: { ...shared, region: "eu-west-1" }',
        );
        const stack = await project("elsewhere", elsewhere, { sharedVpcId: sides.requester.vpcId });
        const vpcs = async () => (await home.describeVpcs({})).Vpcs?.map(({ VpcId }) => VpcId);
        const before = await vpcs();
        const { code, text } = await stack.pulumi("up", "--yes");
        assert.notEqual(code, 0);
        assert.match(
            text,
            /jobs-shared has 1 problem; no connection was requested:\s+accepter\.region = "eu-west-1": is declared/,
        );
        assert.deepEqual(await vpcs(), before);
    });

    describe("with a pair that is peered already", () => {
        /** The first example within one region, as a stack of its own. */
        const again = async (name: string): Promise<Stack> => {
            const program = (programs[0] ?? "").replace("      provider: virginia,\n", "");
            return project(name, program, {
                requesterVpcId: sides.requester.vpcId,
                accepterVpcId: neighbour.vpcId,
                webGroupId: neighbour.groupId,
            });
        };
        /** Requests a connection by hand; returns its id. */
        const peerByHand = async (one: Side, other: Side, accepted: boolean): Promise<string> => {
            const ends = { VpcId: one.vpcId, PeerVpcId: other.vpcId };
            const { VpcPeeringConnection: made } = await home.createVpcPeeringConnection(ends);
            const id = { VpcPeeringConnectionId: made?.VpcPeeringConnectionId ?? "" };
            if (accepted) {
                await home.acceptVpcPeeringConnection(id);
            }
            return id.VpcPeeringConnectionId;
        };
        /** What a preview and an update without one say, which both must fail; they make nothing. */
        const refused = async (stack: Stack): Promise<string> => {
            const preview = await stack.pulumi("preview");
            assert.notEqual(preview.code, 0, preview.text);
            const { code, text } = await stack.up();
            assert.notEqual(code, 0);
            const [said = ""] = /The connection pcx-.*?'pulumi up' again/.exec(text) ?? assert.fail(text);
            assert.ok(preview.text.includes(said), preview.text);
            return said;
        };
        const commandIn = (said: string, program: string): string =>
            new RegExp(`"(${program} .*?)"`).exec(said)?.[1] ?? assert.fail(said);
        let neighbour: Side;

        before(async () => {
            neighbour = await makeSide(home, "10.3.0.0/16", "own");
            await home.modifyVpcAttribute({ VpcId: neighbour.vpcId, EnableDnsHostnames: { Value: true } });
        });

        it("takes over a connection made by hand once its import is typed", async () => {
            const id = await peerByHand(sides.requester, neighbour, true);
            const stack = await again("imported");
            const said = await refused(stack);
            assert.match(
                said,
                new RegExp(`^The connection ${id} between .* is there already \\(active, requested from `),
            );
            const command = commandIn(said, "pulumi import").split(" ").slice(1);
            const { code, text } = await stack.pulumi(...command, "--yes", "--skip-preview");
            assert.equal(code, 0, text);
            const { connectionId } = await stack.updated<{ connectionId: string }>();
            assert.equal(connectionId, id);
            assert.deepEqual(await stack.plan(), []);

            // Another stack is told whose it is, and one's own is replaced in spite of it.
            assert.match(await refused(await again("another")), / for imported\/dev\/seoul-virginia\)/);
            const urn = "**::seoul-virginia-connection";
            const replaced = await stack.pulumi("up", "--yes", "--replace", urn);
            assert.equal(replaced.code, 0, replaced.text);
            assert.notEqual((await stack.updated<{ connectionId: string }>()).connectionId, id);
            assert.deepEqual(await stack.plan(), []);
            await stack.destroy();
        });

        it("keeps the connection of a component that is renamed once it has the alias", async () => {
            const stack = await again("renamed");
            const { connectionId } = await stack.updated<{ connectionId: string }>();
            const rename = (options: string) => {
                const program = readFileSync(join(stack.folder, "index.ts"), "utf8");
                const renamed = program
                    .replace('"seoul-virginia"', '"new"')
                    .replace(/(dnsResolution: true,\n {2}}).*;/, `$1${options});`);
                writeFileSync(join(stack.folder, "index.ts"), renamed);
            };
            rename("");
            const { code, text } = await stack.pulumi("preview");
            assert.notEqual(code, 0);
            const [, alias = ""] =
                /is that of seoul-virginia in this stack; .* option (aliases: .*?\]);/.exec(text) ?? [];
            rename(`, { ${alias} }`);
            assert.deepEqual(await stack.updated(), {
                connectionId,
                status: { requester: "active", accepter: "active" },
            });
            assert.deepEqual(await stack.plan(), []);
            await stack.destroy();
        });

        for (const [direction, accepted] of [
            ["the same", true],
            ["the other", true],
            ["the other", false],
        ] as const) {
            it(`makes its own once one in ${direction} direction is gone, ${accepted ? "active" : "pending"}`, async () => {
                const ends = [sides.requester, neighbour] as const;
                const [one, other] = direction === "the same" ? ends : [ends[1], ends[0]];
                const id = await peerByHand(one, other, accepted);
                const stack = await again(`removed-${direction.replace(" ", "-")}-${accepted ? "active" : "pending"}`);
                const said = await refused(stack);
                assert.equal(said.includes("pulumi import"), direction === "the same");
                const { code, text } = await run("sh", ["-c", commandIn(said, "aws ec2")]);
                assert.equal(code, 0, text);
                const { connectionId } = await stack.updated<{ connectionId: string }>();
                assert.notEqual(connectionId, id);
                await stack.destroy();
            });
        }
    });

    it("accepts another owner's request, and refuses one from another account", async () => {
        const { Vpc } = await home.createVpc({ CidrBlock: "192.168.248.0/21" });
        const vendor = { VpcId: Vpc?.VpcId ?? "", PeerVpcId: sides.requester.vpcId };
        await home.modifyVpcAttribute({ VpcId: vendor.VpcId, EnableDnsHostnames: { Value: true } });
        const { VpcPeeringConnection: request } = await home.createVpcPeeringConnection(vendor);
        const requestId = request?.VpcPeeringConnectionId ?? "";
        const stack = await project("vendor", programs[2] ?? "", {
            requestId,
            vendorVpcId: vendor.VpcId,
            vendorAccountId: "333333333333",
            vpcId: sides.requester.vpcId,
        });
        const statusOf = async () => {
            const ids = { VpcPeeringConnectionIds: [requestId] };
            const { VpcPeeringConnections = [] } = await home.describeVpcPeeringConnections(ids);
            return VpcPeeringConnections[0]?.Status?.Code;
        };
        const refused = await stack.up();
        assert.notEqual(refused.code, 0);
        assert.match(refused.text, /requester\.accountId = "333333333333": is declared, but the request pcx-/);
        assert.equal(await statusOf(), "pending-acceptance");

        const vendorAccountId = request?.RequesterVpcInfo?.OwnerId ?? "";
        await stack.set({ vendorAccountId });
        const outputs = await stack.updated<{ connectionId: string; status: string }>();
        assert.deepEqual(outputs, { connectionId: requestId, status: "active" });
        assert.deepEqual(await stack.plan(), []);
        await stack.destroy();
        // The vendor's to delete.
        assert.equal(await statusOf(), "active");
        await home.deleteVpcPeeringConnection({ VpcPeeringConnectionId: requestId });
    });

    it("opens to each side what that side says, with the DNS option of one", async () => {
        const { requester: apps, shared } = sides;
        const stack = await project("sides", programs[3] ?? "", {
            appsVpcId: apps.vpcId,
            appsGroupId: apps.groupId,
            sharedVpcId: shared.vpcId,
            sharedGroupId: shared.groupId,
        });
        const { connectionId } = await stack.updated<{ connectionId: string }>();
        const rulesOf = async (GroupId: string) => {
            const filters = [{ Name: "group-id", Values: [GroupId] }];
            const { SecurityGroupRules = [] } = await home.describeSecurityGroupRules({ Filters: filters });
            return SecurityGroupRules.filter(({ Tags = [] }) => Tags.some(({ Value }) => Value === "network")).map(
                ({ IpProtocol, FromPort, ToPort, CidrIpv4 }) => [IpProtocol, FromPort, ToPort, CidrIpv4],
            );
        };
        assert.deepEqual(await rulesOf(apps.groupId), [["icmp", 8, -1, "10.3.0.0/16"]]);
        assert.deepEqual(await rulesOf(shared.groupId), [["tcp", 8000, 8100, "10.1.0.0/16"]]);
        const found = await home.describeVpcPeeringConnections({ VpcPeeringConnectionIds: [connectionId] });
        const [{ RequesterVpcInfo, AccepterVpcInfo, Tags = [] } = {}] = found.VpcPeeringConnections ?? [];
        const resolves = [RequesterVpcInfo, AccepterVpcInfo].map(
            (side) => side?.PeeringOptions?.AllowDnsResolutionFromRemoteVpc ?? false,
        );
        assert.deepEqual(resolves, [false, true]);
        assert.ok(Tags.some(({ Key, Value }) => Key === "stage" && Value === "test"));
        assert.deepEqual(await stack.plan(), []);
        await stack.destroy();
    });

    for (const option of ["transformations", "transforms"]) {
        it(`changes other arguments of the component's resources by ${option}`, async () => {
            const program = (programs[4] ?? "").replace("{ transformations:", `{ ${option}:`);
            const stack = await project(option, program, {
                requesterVpcId: sides.requester.vpcId,
                accepterVpcId: sides.shared.vpcId,
                accepterGroupId: sides.shared.groupId,
            });
            await stack.updated();
            const Filters = [{ Name: "group-id", Values: [sides.shared.groupId] }];
            const { SecurityGroupRules = [] } = await home.describeSecurityGroupRules({ Filters });
            assert.deepEqual(
                SecurityGroupRules.filter(({ FromPort }) => FromPort === 5432).map(({ Description }) => Description),
                ["NET-1234"],
            );
            const refused = await stack.pulumi("destroy", "--yes", "--skip-preview");
            assert.notEqual(refused.code, 0);
            assert.match(refused.text, /audited-connection.* protected|protected.*audited-connection/s);
            const { code, text } = await stack.pulumi("state", "unprotect", "--all", "--yes");
            assert.equal(code, 0, text);
            await stack.destroy();
        });
    }
});
