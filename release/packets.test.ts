import assert from "node:assert/strict";
import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { EC2 } from "@aws-sdk/client-ec2";
import { run, Stack } from "../sandbox/tests/inside/pulumi.ts";
import { makeTwoSides, type TwoSides } from "../sandbox/tests/inside/webServers.ts";
import { folderOf, kinds } from "./kinds.ts";

// What the projects of install.test.ts peer passes packets, both ways. Runs inside a sandbox.

const api = new EC2({ endpoint: process.env["AWS_ENDPOINT_URL"] ?? "", region: process.env["AWS_REGION"] ?? "" });

/**
 * Has the engine take its one version of a plugin for the one that a project asks for; they speak one protocol. Without it the engine
 * would look for a download, which a sandbox has none of.
 */
function offerPlugin(name: string, folder: string): void {
    const manifest = join(folder, "node_modules/@pulumi", name, "package.json");
    if (!existsSync(manifest)) {
        return;
    }
    const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
    const plugins = join(process.env["PULUMI_HOME"] ?? "", "plugins");
    const wanted = `resource-${name}-v${version}`;
    const present = readdirSync(plugins);
    const [other = ""] = present.filter((plugin) => plugin.startsWith(`resource-${name}-v`));
    if (!present.includes(wanted)) {
        cpSync(join(plugins, other), join(plugins, wanted), { recursive: true });
    }
}

describe("the package, installed, in packets", () => {
    let sides: TwoSides;

    before(async () => {
        sides = await makeTwoSides(api);
    });

    for (const [name, { title }] of Object.entries(kinds)) {
        it(title, async () => {
            const settingsOf = (side: "requester" | "accepter", block: string) => ({
                [`${side}Vpc`]: sides[side].vpcId,
                [`${side}Block`]: block,
                [`${side}Table`]: sides[side].tableId,
                [`${side}Group`]: sides[side].groupId,
            });
            const folder = folderOf(name);
            offerPlugin("aws", folder);
            offerPlugin("command", folder);
            const stack = new Stack(folder);
            const { code, text } = await run("pulumi", ["stack", "init", "dev", "--non-interactive"], folder);
            assert.equal(code, 0, text);
            await stack.set({ ...settingsOf("requester", "10.1.0.0/16"), ...settingsOf("accepter", "10.2.0.0/16") });

            assert.deepEqual(await sides.ways(), [undefined, undefined]);
            const outputs = await stack.updated<{ status: string; order: string[] }>();
            assert.deepEqual([outputs.status, outputs.order], ["active", ["requester", "accepter"]]);
            for (const status of await sides.ways()) {
                assert.match(status ?? "", /^[234]\d\d$/);
            }
            await stack.destroy();
            assert.deepEqual(await sides.ways(), [undefined, undefined]);
        });
    }
});
