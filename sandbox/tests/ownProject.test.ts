import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkout } from "../launch/install.mjs";
import { refusal, secretsProblem } from "../launch/secrets.ts";

// A project of one's own, in a folder that outlives the sandboxes. Each run is a sandbox with the real CLI.

const program = `
const { Config } = require("@pulumi/pulumi");
exports.size = new Config().require("size");
exports.length = new Config().requireSecret("word").apply((word) => word.length);
`;

describe("a project of one's own", function () {
    this.timeout(600_000);
    const folder = mkdtempSync(join(tmpdir(), "own-project-"));
    const settingsFile = join(folder, "Pulumi.dev.yaml");

    /** Runs commands in the project's folder, in a fresh sandbox. */
    function type(commands: string): { readonly status: number | null; readonly text: string } {
        const script = `cd '${folder}' && { ${commands}; } 2>&1`;
        const args = ["sandbox/start.mjs", "shell", "bash", "-ec", script];
        const { status, stdout } = spawnSync("node", args, { cwd: checkout, encoding: "utf8" });
        return { status, text: stdout };
    }

    before(() => {
        symlinkSync(join(checkout, "node_modules"), join(folder, "node_modules"));
        writeFileSync(join(folder, "index.js"), program);
        writeFileSync(join(folder, "Pulumi.yaml"), "name: own\nruntime: nodejs\nmain: index.js\n");
    });

    after(() => {
        rmSync(folder, { recursive: true });
    });

    const up = "pulumi up --yes --skip-preview --non-interactive && pulumi stack output --json --show-secrets";

    it("finds its settings in the next sandbox, a secret among them", () => {
        const first = type(
            `pulumi stack init dev; pulumi config set size 3; echo -n hush | pulumi config set --secret word; ${up}`,
        );
        assert.equal(first.status, 0, first.text);
        const kept = readFileSync(settingsFile, "utf8");
        assert.doesNotMatch(kept, /hush/);

        const second = type(`pulumi stack init dev; pulumi config get word; ${up}`);
        assert.equal(second.status, 0, second.text);
        assert.match(second.text, /^hush$/m);
        assert.match(second.text, /"length": 4,\s+"size": "3"/);
        assert.equal(readFileSync(settingsFile, "utf8"), kept);
    });

    it("is opened with the passphrase that its settings file was made with elsewhere", () => {
        const mine = "export PULUMI_CONFIG_PASSPHRASE=mine";
        rmSync(settingsFile, { force: true });
        const first = type(`${mine}; pulumi stack init dev; echo -n hush | pulumi config set --secret word`);
        assert.equal(first.status, 0, first.text);
        const kept = readFileSync(settingsFile, "utf8");

        const refused = type("pulumi stack select --create dev");
        assert.equal(refused.status, 1, refused.text);
        assert.match(
            refused.text,
            /^Pulumi\.dev\.yaml: its secrets are encrypted with another passphrase than the sandbox's; /,
        );
        assert.equal(readFileSync(settingsFile, "utf8"), kept);

        assert.equal(secretsProblem(kept, "mine"), undefined);
        assert.match(refusal(folder, ["stack", "init", "own/dev"], "sandbox") ?? "", /another passphrase/);
        assert.equal(refusal(folder, ["stack", "init", "other"], "sandbox"), undefined);

        const opened = type(`${mine}; pulumi stack init dev --non-interactive; pulumi config get word`);
        assert.equal(opened.status, 0, opened.text);
        assert.match(opened.text, /^hush$/m);
    });

    it("is not opened where what encrypts its secrets is out of reach", () => {
        const secret = "config:\n  own:word:\n    secure: AAAA\n";
        const why = (text: string) => secretsProblem(text, "sandbox");
        assert.equal(
            why("secretsprovider: awskms://alias/key\nencryptedkey: AAAA\n"),
            "its secrets are encrypted by awskms://alias/key, which can't be reached from a sandbox",
        );
        assert.equal(why(secret), "its secrets are encrypted by Pulumi Cloud, which can't be reached from a sandbox");
        assert.match(why(`${secret}encryptionsalt: v1:AAAA\n`) ?? "", /another passphrase/);
        assert.equal(why("config:\n  own:size: 3\n"), undefined);
        assert.equal(why(""), undefined);
    });
});
