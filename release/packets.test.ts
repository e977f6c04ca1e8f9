import assert from "node:assert/strict";
import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { EC2 } from "@aws-sdk/client-ec2";
import { run, Stack } from "../sandbox/tests/inside/pulumi.ts";
import { curl, makeServer, on } from "../sandbox/tests/inside/webServers.ts";
import { makeSide, type Side } from "../sandbox/tests/world/side.ts";
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
    let sides: { requester: Side; accepter: Side };
    let servers: { requester: string; accepter: string };

    before(async () => {
        const [requester, accepter] = await Promise.all([
            makeSide(api, "10.1.0.0/16", "own"),
            makeSide(api, "10.2.0.0/16", "own"),
        ]);
        sides = { requester, accepter };
        servers = {
            requester: await makeServer(api, requester, "10.1.1.10"),
            accepter: await makeServer(api, accepter, "10.2.1.10"),
        };
    });

    for (const [name, { title }] of Object.entries(kinds)) {
        it(title, async () => {
            const settings = Object.entries(sides).map(([side, { vpcId, tableId, groupId }]) => ({
                [`${side}Vpc`]: vpcId,
                [`${side}Block`]: side === "requester" ? "10.1.0.0/16" : "10.2.0.0/16",
                [`${side}Table`]: tableId,
                [`${side}Group`]: groupId,
            }));
            const folder = folderOf(name);
            offerPlugin("aws", folder);
            offerPlugin("command", folder);
            const stack = new Stack(folder);
            const { code, text } = await run("pulumi", ["stack", "init", "dev", "--non-interactive"], folder);
            assert.equal(code, 0, text);
            await stack.set({ ...settings[0], ...settings[1] });

            const ways = () =>
                Promise.all([on(servers.requester, curl("10.2.1.10")), on(servers.accepter, curl("10.1.1.10"))]);
            assert.deepEqual(await ways(), [undefined, undefined]);
            const outputs = await stack.updated<{ status: string; order: string[] }>();
            assert.deepEqual([outputs.status, outputs.order], ["active", ["requester", "accepter"]]);
            for (const status of await ways()) {
                assert.match(status ?? "", /^[234]\d\d$/);
            }
            await stack.destroy();
            assert.deepEqual(await ways(), [undefined, undefined]);
        });
    }
});
