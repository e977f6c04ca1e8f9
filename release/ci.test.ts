import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../sandbox/cache/process.ts";

// The repository as images of CI install it: its tracked files and `npm ci --omit=dev`, outside of the checkout, whose own packages
// would stand in for a missing one. Needs a registry, and makes a sandbox for the preview.

const checkout = join(import.meta.dirname, "..");

describe("the lab, installed without what its tests need", function () {
    this.timeout(400_000);
    const folder = mkdtempSync(join(tmpdir(), "lab-ci-"));

    before(async () => {
        const tracked = await run("git", ["ls-files", "-z"], { cwd: checkout });
        for (const file of tracked.split("\0").filter((name) => name !== "")) {
            cpSync(join(checkout, file), join(folder, file));
        }
        const options = ["--omit=dev", "--no-audit", "--no-fund", "--prefer-offline"];
        await run("npm", ["ci", ...options], { cwd: folder, timeout: 300 });
    });

    after(() => {
        rmSync(folder, { recursive: true, force: true });
    });

    it("has a preview", async () => {
        assert.ok(!existsSync(join(folder, "node_modules/mocha")));
        // The sandbox is that of the checkout, with a key pair and the address that may log in.
        const commands = [
            'key=$(pulumi config get sshPrivateKeyPath); public=$(ssh-keygen -y -f "$key")',
            `cd '${folder}'; pulumi stack init ci; pulumi config set sshPrivateKeyPath "$key"; pulumi config set sshPublicKey "$public"`,
            "pulumi config set --path 'sshCidrs[0]' 203.0.113.7/32; pulumi config set aws:region ap-northeast-2",
            "pulumi config set peering true; pulumi preview --non-interactive",
        ];
        const sandbox = [join(checkout, "sandbox/start.mjs"), "shell", "bash", "-ec", commands.join("; ")];
        const text = await run("node", sandbox, { cwd: checkout, timeout: 300 });
        assert.match(text, /aws:ec2:VpcPeeringConnection +lab-peering-connection +create/);
        assert.match(text, /\+ \d\d to create/);
    });
});
