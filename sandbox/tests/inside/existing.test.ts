import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Side } from "../world/side.ts";
import { programsOf } from "./pages/page.ts";
import { connectionOf, home, makeVpc, virginia } from "./pages/vpcs.ts";
import { project, run, type Stack } from "./pulumi.ts";

// What is refused because of what AWS has already, with the real engine. Runs inside a sandbox.

const [page = ""] = programsOf("docs/package/existing-vpcs.md");
/** The page's program, of VPCs by their ids and with all their tables. */
const existing = `import * as aws from "@pulumi/aws";\n${page
    .replace('{ tags: { Name: "shop" } }', 'config.require("requesterVpcId")')
    .replace(/ *subnetIds: .+\n/, "")}`;
const [made = ""] = programsOf("docs/package/new-vpcs.md");

describe("a peering, by what AWS has already", () => {
    let sides: { requester: Side; accepter: Side };

    before(async () => {
        const [requester, accepter] = await Promise.all([
            makeVpc(home, "10.1.0.0/16"),
            makeVpc(virginia, "10.2.0.0/16"),
        ]);
        sides = { requester, accepter };
    });

    it("lists what lookUpVpc does not find", async () => {
        const program = existing.replace(
            'region: "us-east-1",',
            'region: "us-east-1", routeTableIds: ["rtb-0123456789abcdef0", config.require("theirTableId")],',
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

        const alone = await project("alone", made, { sharedVpcId: "vpc-0123456789abcdef0" });
        const { code, text } = await alone.pulumi("preview");
        assert.notEqual(code, 0);
        const region = process.env["AWS_REGION"] ?? "";
        assert.match(text, new RegExp(`vpc-0123456789abcdef0 in ${region} of account \\d{12} has 1 problem;`));
        assert.ok(text.includes(`vpcId = "vpc-0123456789abcdef0": is no VPC there; correct the id`), text);
    });

    it("finds in the preview that a VPC is not in its region, before the program's own VPC has an id", async () => {
        const elsewhere = made.replace("accepter: shared", 'accepter: { ...shared, region: "eu-west-1" }');
        const stack = await project("elsewhere", elsewhere, { sharedVpcId: sides.requester.vpcId });
        const vpcs = async () => (await home.describeVpcs({})).Vpcs?.map(({ VpcId }) => VpcId);
        const before = await vpcs();
        const { code, text } = await stack.pulumi("up", "--yes");
        assert.notEqual(code, 0);
        assert.match(
            text,
            /jobs-shared has 1 problem; no connection was requested:\s+accepter\.vpcId = "vpc-\w+": is no VPC in eu-west-1/,
        );
        assert.deepEqual(await vpcs(), before);
    });

    describe("with a pair that is peered already", () => {
        /** The first example within one region, as a stack of its own. */
        const again = async (name: string, env: Record<string, string> = {}): Promise<Stack> => {
            const program = existing.replace('      region: "us-east-1",\n', "");
            const settings = {
                requesterVpcId: sides.requester.vpcId,
                accepterVpcId: neighbour.vpcId,
                webGroupId: neighbour.groupId,
            };
            return project(name, program, settings, env);
        };
        /** Requests a connection by hand; returns its id. */
        const peerByHand = async (one: Side, other: Side, accepted: boolean): Promise<string> => {
            const ends = { VpcId: one.vpcId, PeerVpcId: other.vpcId };
            const { VpcPeeringConnection: asked } = await home.createVpcPeeringConnection(ends);
            const id = { VpcPeeringConnectionId: asked?.VpcPeeringConnectionId ?? "" };
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
            // By then the state has the component, which an import then names.
            assert.ok(preview.text.includes(said.replace(/pulumi import.*/, "")), preview.text);
            return said;
        };
        /** Types the import of a refusal as it stands there. */
        const take = async (stack: Stack, said: string) => {
            const [, commands = ""] = /take it over with "(.*?)", or/.exec(said) ?? assert.fail(said);
            const { code, text } = await run("bash", ["-c", `${commands} --yes --skip-preview`], stack.folder);
            assert.equal(code, 0, text);
        };
        const commandIn = (said: string, program: string): string =>
            new RegExp(`"(${program} .*?)"`).exec(said)?.[1] ?? assert.fail(said);
        let neighbour: Side;

        before(async () => {
            neighbour = await makeVpc(home, "10.3.0.0/16");
        });

        it("takes over a connection made by hand once its import is typed", async () => {
            const id = await peerByHand(sides.requester, neighbour, true);
            const stack = await again("imported");
            const said = await refused(stack);
            assert.match(
                said,
                new RegExp(`^The connection ${id} between .* is there already \\(active, requested from `),
            );
            await take(stack, said);
            const { connectionId } = await stack.updated<{ connectionId: string }>();
            assert.equal(connectionId, id);
            assert.deepEqual(await stack.plan(), []);

            // Another stack learns whose the connection is. The stack that made it may still replace it.
            assert.match(
                await refused(await again("another")),
                /, and belongs to imported\/dev\/seoul-virginia, which may/,
            );
            // So does one of the same names that is another backend's, and its destroy leaves the connection alone.
            const namesake = await again("imported", {
                PULUMI_BACKEND_URL: `file://${mkdtempSync(join(tmpdir(), "backend-"))}`,
            });
            assert.match(await refused(namesake), /, and belongs to imported\/dev\/seoul-virginia, which may/);
            await namesake.destroy();
            assert.equal((await connectionOf(id)).Status?.Code, "active");
            const urn = "**::seoul-virginia-connection";
            const replaced = await stack.pulumi("up", "--yes", "--replace", urn);
            assert.equal(replaced.code, 0, replaced.text);
            assert.notEqual((await stack.updated<{ connectionId: string }>()).connectionId, id);
            assert.deepEqual(await stack.plan(), []);
            await stack.destroy();
        });

        it("takes one over from the preview alone, through a provider that is yet to be made", async () => {
            const id = await peerByHand(sides.requester, neighbour, true);
            const stack = await again("through");
            const file = join(stack.folder, "index.ts");
            const program = readFileSync(file, "utf8")
                .replace(
                    /^(export = async)/m,
                    `const here = new aws.Provider("here", { region: "${process.env["AWS_REGION"] ?? ""}" });\n$1`,
                )
                .replaceAll(
                    /lookUpVpc\((config.require\("\w+"\))(, {)?/g,
                    (_, of: string, more?: string) => `lookUpVpc(${of}, { provider: here${more ? "," : " }"}`,
                );
            writeFileSync(file, program);
            const { text } = await stack.pulumi("preview");
            await take(stack, text);
            assert.equal((await stack.updated<{ connectionId: string }>()).connectionId, id);
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
});
