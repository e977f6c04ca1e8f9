import assert from "node:assert/strict";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run, Stack } from "../sandbox/tests/inside/pulumi.ts";
import { upgrade } from "./kinds.ts";

// A stack that the version before has made, updated to this one. The two projects differ in the installed package alone. Runs inside
// a sandbox.

describe("an upgrade from the version before", () => {
    const [before_, now] = [new Stack(upgrade.before), new Stack(upgrade.now)];

    before(async function () {
        for (const folder of [upgrade.before, upgrade.now]) {
            rmSync(join(folder, "Pulumi.dev.yaml"), { force: true });
        }
        const { code, text } = await run("pulumi", ["stack", "init", "dev", "--non-interactive"], upgrade.before);
        assert.equal(code, 0, text);
        const key = (await new Stack().pulumi("config", "get", "sshPrivateKeyPath")).text.trim();
        const publicKey = (await run("ssh-keygen", ["-y", "-f", key])).text.trim();
        await before_.set({ sshPublicKey: publicKey, sshPrivateKeyPath: key });
        cpSync(join(upgrade.before, "Pulumi.dev.yaml"), join(upgrade.now, "Pulumi.dev.yaml"));
    });

    after(() => now.destroy());

    it("replaces and deletes nothing", async () => {
        const made = await before_.updated<{ stage: string; requested: string }>();
        assert.deepEqual([made.stage, made.requested], ["reachable", "pending-acceptance"]);
        const changes = (await now.plan()).filter((step) => !/^(update|read|refresh) /.test(step));
        // The ids by which components know their connections, and the places of VPCs.
        assert.deepEqual(changes.sort(), [
            "create pulumi:index:Stash distant-owner",
            "create pulumi:index:Stash far-place",
            "create pulumi:index:Stash pair-accepter-place",
            "create pulumi:index:Stash pair-peering-owner",
            "create pulumi:index:Stash pair-requester-place",
            "create pulumi:index:Stash request-owner",
        ]);
        const updated = await now.updated<{ stage: string; requested: string }>();
        assert.deepEqual(updated, made);
        assert.deepEqual(await now.plan(), []);
    });

    it("keeps the instance type that was the default when the servers were made", async () => {
        const { text } = await now.pulumi("stack", "export");
        const { deployment } = JSON.parse(text) as {
            deployment: { resources: { type: string; outputs: { instanceType?: string } }[] };
        };
        const servers = deployment.resources.filter(({ type }) => type === "aws:ec2/instance:Instance");
        assert.deepEqual(
            servers.map(({ outputs }) => outputs.instanceType),
            ["t2.micro", "t2.micro", "t2.micro"],
        );
    });
});
