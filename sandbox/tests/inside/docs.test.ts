import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EC2 } from "@aws-sdk/client-ec2";
import { makeSide, type Side } from "../world/side.ts";
import { run, Stack } from "./pulumi.ts";
import { curl, makeServer, on } from "./webServers.ts";

// The examples of docs/own-stack.md, unchanged, with the real engine and real packets. Runs inside a sandbox.

const endpoint = process.env["AWS_ENDPOINT_URL"] ?? "";
const home = new EC2({ endpoint, region: process.env["AWS_REGION"] ?? "" });
const virginia = new EC2({ endpoint, region: "us-east-1" });

/** The programs on the page, in order. */
const programs = [...readFileSync("docs/own-stack.md", "utf8").matchAll(/```ts\n(.+?)```/gs)].map(
    ([, code]) => code ?? "",
);

/** Creates a project with an example as its program; returns its stack. */
async function project(name: string, program: string, settings: Record<string, string>): Promise<Stack> {
    const folder = mkdtempSync(join(tmpdir(), `${name}-`));
    mkdirSync(folder, { recursive: true });
    cpSync("components", join(folder, "components"), { recursive: true });
    cpSync("tsconfig.json", join(folder, "tsconfig.json"));
    symlinkSync(join(process.cwd(), "node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, "index.ts"), program);
    writeFileSync(join(folder, "Pulumi.yaml"), `name: ${name}\nruntime: nodejs\nmain: index.ts\n`);
    const stack = new Stack(folder);
    const init = await run("pulumi", ["stack", "init", "dev", "--non-interactive"], folder);
    assert.equal(init.code, 0, init.text);
    await stack.set({ "aws:region": process.env["AWS_REGION"] ?? "", ...settings });
    return stack;
}

describe("docs/own-stack.md", () => {
    let sides: { requester: Side; accepter: Side; shared: Side };
    let servers: { requester: string; accepter: string };

    before(async () => {
        assert.equal(programs.length, 5);
        const [requester, accepter, shared] = await Promise.all([
            makeSide(home, "10.1.0.0/16", "own"),
            makeSide(virginia, "10.2.0.0/16", "own"),
            makeSide(home, "10.3.0.0/16", "shared"),
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
