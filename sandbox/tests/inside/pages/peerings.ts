import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { permit } from "../../world/networkLab.ts";
import { project, run } from "../pulumi.ts";
import { hubs } from "./hubs.ts";
import type { Pages } from "./page.ts";
import { answers, connectionOf, home, partner, serve, shared, virginia } from "./vpcs.ts";

// What the pages' peerings do: packets where these are the point, or else what AWS describes.

/** Status outputs of a connection whose sides are both managed. */
const active = { requester: "active", accepter: "active" };

/** The example of the package's README. */
async function peersShopAndStock(program: string): Promise<void> {
    const [shop, stock] = await Promise.all([shared.one(), shared.two()]);
    const stack = await project("shop-stock", program, {
        shopVpcId: shop.vpcId,
        stockVpcId: stock.vpcId,
        stockGroupId: stock.groupId,
    });
    await answers(shop, stock, false);
    assert.equal((await stack.updated<{ status: string }>()).status, "active");
    await answers(shop, stock, true);
    await answers(stock, shop, false);
    await stack.destroy();
    await answers(shop, stock, false);
}

async function peersExisting(program: string): Promise<void> {
    const [requester, accepter] = await Promise.all([shared.one(), serve(virginia, "10.2.0.0/16")]);
    const named = { Resources: [requester.vpcId], Tags: [{ Key: "Name", Value: "shop" }] };
    await home.createTags(named);
    const stack = await project("existing", program, {
        accepterVpcId: accepter.vpcId,
        webSubnetId: accepter.subnetId,
        webGroupId: accepter.groupId,
    });
    await answers(requester, accepter, false);
    assert.deepEqual((await stack.updated<{ status: object }>()).status, active);
    await answers(requester, accepter, true);
    await answers(accepter, requester, false);
    // The subnet's table has the route back, and the main one has none.
    const { RouteTables = [] } = await virginia.describeRouteTables({
        Filters: [{ Name: "route.destination-cidr-block", Values: ["10.1.0.0/16"] }],
    });
    assert.deepEqual(
        RouteTables.map(({ RouteTableId }) => RouteTableId),
        [accepter.tableId],
    );
    const { SecurityGroupRules = [] } = await virginia.describeSecurityGroupRules({
        Filters: [{ Name: "group-id", Values: [accepter.groupId] }],
    });
    assert.ok(
        SecurityGroupRules.some(({ FromPort, Description }) => FromPort === 80 && Description === "shop asks web"),
    );
    assert.deepEqual(await stack.plan(), []);
    await stack.destroy();
    await answers(requester, accepter, false);
    await home.deleteTags(named);
}

async function peersNew(program: string): Promise<void> {
    const { vpcId } = await shared.one();
    const stack = await project("made", program, { sharedVpcId: vpcId });
    const { connectionId, status } = await stack.updated<{ connectionId: string; status: string }>();
    assert.equal(status, "active");
    const { RouteTables = [] } = await home.describeRouteTables({});
    const blocks = RouteTables.flatMap(({ Routes = [] }) => Routes)
        .filter(({ VpcPeeringConnectionId }) => VpcPeeringConnectionId === connectionId)
        .map(({ DestinationCidrBlock, State }) => `${DestinationCidrBlock ?? ""} ${State ?? ""}`);
    // Both tables of the shared VPC lead to the new one, whose only table leads back.
    assert.deepEqual(blocks.sort(), ["10.1.0.0/16 active", "10.99.0.0/16 active", "10.99.0.0/16 active"]);
    await stack.destroy();
}

async function peersHub(program: string): Promise<void> {
    const blocks = ["10.10.0.0/16", "10.11.0.0/16", "10.12.0.0/16"];
    const [hub, shop, jobs] = await Promise.all(blocks.map((block) => serve(home, block)));
    assert.ok(hub && shop && jobs);
    const member = (path: string, { vpcId, groupId }: typeof hub) => ({
        [`${path}.vpcId`]: vpcId,
        [`${path}.groupId`]: groupId,
    });
    const stack = await project("hub", program, { ...member("hub", hub), ...member("spokes.shop", shop) });
    type Outputs = { connections: Record<string, string> };
    const one = await stack.updated<Outputs>();
    assert.deepEqual(Object.keys(one.connections), ["shop"]);

    await stack.set(member("spokes.jobs", jobs));
    const { connections } = await stack.updated<Outputs>();
    assert.equal(connections["shop"], one.connections["shop"]);
    for (const spoke of [shop, jobs]) {
        await answers(spoke, hub, true);
        await answers(hub, spoke, true);
    }
    // Whatever the spokes route and let in, the hub's VPC carries nothing through.
    for (const [name, spoke, other] of [
        ["shop", shop, "10.12.0.0/16"],
        ["jobs", jobs, "10.11.0.0/16"],
    ] as const) {
        const to = { DestinationCidrBlock: other, VpcPeeringConnectionId: connections[name] };
        await home.createRoute({ RouteTableId: spoke.tableId, ...to });
        await home.authorizeSecurityGroupIngress({ GroupId: spoke.groupId, IpPermissions: [permit.http(other)] });
    }
    await answers(shop, jobs, false);
    await answers(jobs, shop, false);
    await stack.destroy();
}

async function peersRegions(program: string): Promise<void> {
    const [own, far] = await Promise.all([shared.one(), serve(virginia, "10.4.0.0/16")]);
    const stack = await project("far", program, { vpcId: own.vpcId, farVpcId: far.vpcId, farGroupId: far.groupId });
    const { connectionId, status } = await stack.updated<{ connectionId: string; status: object }>();
    assert.deepEqual(status, active);
    assert.equal((await connectionOf(connectionId)).AccepterVpcInfo?.Region, "us-east-1");
    await answers(own, far, true);
    await answers(far, own, false);
    assert.deepEqual(await stack.plan(), []);
    await stack.destroy();
}

async function peersAccounts(_: string, program: string): Promise<void> {
    const there = await partner.api("us-east-1");
    const [own, theirs] = await Promise.all([shared.one(), serve(there, "10.2.0.0/16")]);
    const stack = await project("partner", program, {
        vpcId: own.vpcId,
        partnerVpcId: theirs.vpcId,
        partnerGroupId: theirs.groupId,
    });
    const { connectionId, status } = await stack.updated<{ connectionId: string; status: object }>();
    assert.deepEqual(status, active);
    const { AccepterVpcInfo } = await connectionOf(connectionId);
    assert.deepEqual([AccepterVpcInfo?.OwnerId, AccepterVpcInfo?.Region], [partner.account, "us-east-1"]);
    await answers(own, theirs, true);
    await answers(theirs, own, false);
    assert.deepEqual(await stack.plan(), []);
    await stack.destroy();

    const wrong = program.replace(/accountId: "\d+"/, 'accountId: "333333333333"');
    writeFileSync(join(stack.folder, "index.ts"), wrong);
    const refused = await stack.up();
    assert.notEqual(refused.code, 0);
    assert.match(
        refused.text,
        /accepter\.accountId = "333333333333": is declared, but the accepter's provider leads to/,
    );
}

async function waitsForAcceptance(program: string): Promise<void> {
    const [own, theirs] = await Promise.all([shared.one(), serve(await partner.api(), "10.2.0.0/16")]);
    const stack = await project("supplier", program, {
        vpcId: own.vpcId,
        supplierVpcId: theirs.vpcId,
        supplierAccountId: partner.account,
        supplierGroupId: theirs.groupId,
    });
    type Outputs = { status: string; expires: string | null; otherOwner: string[] };
    const asked = await stack.updated<Outputs>();
    assert.equal(asked.status, "pending-acceptance");
    const days = (Date.parse(asked.expires ?? "") - Date.now()) / (24 * 60 * 60 * 1000);
    assert.ok(days > 6.9 && days <= 7, asked.expires ?? "");
    await answers(own, theirs, false);

    const credentials = `AWS_ACCESS_KEY_ID=${await partner.key()}`;
    for (const command of asked.otherOwner) {
        const { code, text } = await run("env", [credentials, "sh", "-c", command]);
        assert.equal(code, 0, `${command}: ${text}`);
    }
    const { status, expires, otherOwner } = await stack.updated<Outputs>();
    assert.deepEqual([status, expires, otherOwner], ["active", null, []]);
    await answers(own, theirs, true);
    await answers(theirs, own, false);
    await stack.destroy();
}

async function acceptsRequest(program: string): Promise<void> {
    const own = await shared.one();
    const { Vpc } = await home.createVpc({ CidrBlock: "192.168.248.0/21" });
    const vendor = { VpcId: Vpc?.VpcId ?? "", PeerVpcId: own.vpcId };
    await home.modifyVpcAttribute({ VpcId: vendor.VpcId, EnableDnsHostnames: { Value: true } });
    const { VpcPeeringConnection: request } = await home.createVpcPeeringConnection(vendor);
    const requestId = request?.VpcPeeringConnectionId ?? "";
    const stack = await project("vendor", program, {
        requestId,
        vendorVpcId: vendor.VpcId,
        vendorAccountId: "333333333333",
        vpcId: own.vpcId,
    });
    const refused = await stack.up();
    assert.notEqual(refused.code, 0);
    assert.match(refused.text, /requester\.accountId = "333333333333": is declared, but the request pcx-/);
    assert.equal((await connectionOf(requestId)).Status?.Code, "pending-acceptance");

    const vendorAccountId = request?.RequesterVpcInfo?.OwnerId ?? "";
    await stack.set({ vendorAccountId });
    const outputs = await stack.updated<{ connectionId: string; status: string }>();
    assert.deepEqual(outputs, { connectionId: requestId, status: "active" });
    assert.deepEqual(await stack.plan(), []);
    await stack.destroy();
    // The vendor's to delete.
    assert.equal((await connectionOf(requestId)).Status?.Code, "active");
    await home.deleteVpcPeeringConnection({ VpcPeeringConnectionId: requestId });
}

async function opensBySide(program: string): Promise<void> {
    const [apps, common] = await Promise.all([shared.one(), shared.three()]);
    const stack = await project("sides", program, {
        appsVpcId: apps.vpcId,
        appsGroupId: apps.groupId,
        sharedVpcId: common.vpcId,
        sharedGroupId: common.groupId,
    });
    const { connectionId } = await stack.updated<{ connectionId: string }>();
    const rulesOf = async (GroupId: string) => {
        const Filters = [{ Name: "group-id", Values: [GroupId] }];
        const { SecurityGroupRules = [] } = await home.describeSecurityGroupRules({ Filters });
        return SecurityGroupRules.filter(({ Tags = [] }) => Tags.some(({ Value }) => Value === "network")).map(
            ({ IpProtocol, FromPort, ToPort, CidrIpv4 }) => [IpProtocol, FromPort, ToPort, CidrIpv4],
        );
    };
    assert.deepEqual(await rulesOf(apps.groupId), [["icmp", 8, -1, "10.3.0.0/16"]]);
    assert.deepEqual(await rulesOf(common.groupId), [["tcp", 8000, 8100, "10.1.0.0/16"]]);
    const { RequesterVpcInfo, AccepterVpcInfo, Tags = [] } = await connectionOf(connectionId);
    const resolves = [RequesterVpcInfo, AccepterVpcInfo].map(
        (side) => side?.PeeringOptions?.AllowDnsResolutionFromRemoteVpc ?? false,
    );
    assert.deepEqual(resolves, [false, true]);
    assert.ok(Tags.some(({ Key, Value }) => Key === "stage" && Value === "test"));
    assert.deepEqual(await stack.plan(), []);
    await stack.destroy();
}

/** Changes other arguments by one of Pulumi's two options for that. */
async function changesArguments(option: "transformations" | "transforms", program: string): Promise<void> {
    const [requester, accepter] = await Promise.all([shared.one(), shared.three()]);
    assert.ok(program.includes("{ transformations:"));
    const stack = await project(option, program.replace("{ transformations:", `{ ${option}:`), {
        requesterVpcId: requester.vpcId,
        accepterVpcId: accepter.vpcId,
        accepterGroupId: accepter.groupId,
    });
    await stack.updated();
    const Filters = [{ Name: "group-id", Values: [accepter.groupId] }];
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
}

async function renames(program: string): Promise<void> {
    const [requester, accepter] = await Promise.all([shared.one(), shared.three()]);
    const alias = '{ aliases: [{ name: "peering" }] },';
    const before = program.replace('"shop-stock"', '"peering"').replace(alias, "");
    assert.ok(program.includes(alias) && before.includes('"peering"'));
    const stack = await project("renamed", before, {
        requesterVpcId: requester.vpcId,
        accepterVpcId: accepter.vpcId,
        webGroupId: accepter.groupId,
    });
    const { connectionId } = await stack.updated<{ connectionId: string }>();
    writeFileSync(join(stack.folder, "index.ts"), program);
    const changes = await stack.plan();
    assert.deepEqual(
        changes.filter((change) => !change.startsWith("update ")),
        [],
    );
    assert.ok(changes.some((change) => change.endsWith(" shop-stock-connection")));
    assert.equal((await stack.updated<{ connectionId: string }>()).connectionId, connectionId);
    writeFileSync(join(stack.folder, "index.ts"), program.replace(alias, ""));
    assert.deepEqual(await stack.plan(), []);
    await stack.destroy();
}

export const peerings: Pages = {
    ...hubs,
    "components/README.md": {
        programs: 1,
        tests: { "lets one VPC ask another, and not the other way": peersShopAndStock },
    },
    "docs/package/existing-vpcs.md": {
        programs: 1,
        tests: { "peers two existing VPCs, with traffic in one direction only": peersExisting },
    },
    "docs/package/new-vpcs.md": {
        programs: 1,
        tests: { "peers a VPC of the program with an existing one": peersNew },
    },
    "docs/package/hub-and-spokes.md": {
        programs: 1,
        tests: { "connects each spoke with the hub, and no spoke with another": peersHub },
    },
    "docs/package/regions-and-accounts.md": {
        programs: 2,
        tests: {
            "peers with a VPC of another region through one provider": peersRegions,
            "peers with a VPC of another region and account, and refuses a third account": peersAccounts,
        },
    },
    "docs/package/another-owner-accepts.md": {
        programs: 1,
        tests: { "passes packets once the other owner has run the commands": waitsForAcceptance },
    },
    "docs/package/another-owner-requests.md": {
        programs: 1,
        tests: { "accepts another owner's request, and refuses one from another account": acceptsRequest },
    },
    "docs/package/what-each-side-opens.md": {
        programs: 1,
        tests: { "opens to each side what that side says, with the DNS option of one": opensBySide },
    },
    "docs/package/other-arguments.md": {
        programs: 1,
        tests: {
            "changes other arguments by transformations": (program = "") =>
                changesArguments("transformations", program),
            "changes other arguments by transforms": (program = "") => changesArguments("transforms", program),
        },
    },
    "docs/package/names.md": {
        programs: 1,
        tests: { "keeps everything of a component that is renamed": renames },
    },
};
