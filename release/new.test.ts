import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, Stack } from "../sandbox/tests/inside/pulumi.ts";
import { serveGit } from "../sandbox/tests/world/gitServer.ts";
import { folderOf, template } from "./kinds.ts";

// `pulumi new` with the template, as install.test.ts has made it ready, from nothing to two VPCs that are peered, and back. Runs
// inside a sandbox; what npm installs is in its cache by then.

it("begins with a folder of a Git repository", async () => {
    const work = mkdtempSync(join(tmpdir(), "template-"));
    const [repository, project] = [join(work, "lab"), join(work, "project")];
    cpSync(template, join(repository, "template"), { recursive: true });
    const author = "-c user.name=test -c user.email=test@example.com";
    const commit = `git init -q -b main && git add . && git ${author} commit -q -m template`;
    const bare = `git clone -q --bare ${repository} ${work}/owner/lab.git`;
    const cloned = await run("sh", ["-c", `cd ${repository} && ${commit} && ${bare}`]);
    assert.equal(cloned.code, 0, cloned.text);
    const server = await serveGit(work);
    try {
        const trusting = Object.entries(server.env).map(([name, value]) => `${name}=${value}`);
        const source = `${server.url}/owner/lab.git/template`;
        const args = [source, "--generate-only", "--yes", "--name", "from-git", "--dir", project];
        const { code, text } = await run("env", [...trusting, "pulumi", "new", ...args]);
        assert.equal(code, 0, text);
        assert.match(readFileSync(join(project, "Pulumi.yaml"), "utf8"), /^name: from-git$/m);
        assert.match(readFileSync(join(project, "package.json"), "utf8"), /"name": "from-git"/);
    } finally {
        server.close();
    }
});

describe("a project of the template", () => {
    const folder = folderOf("my-own-lab");
    const stack = new Stack(folder);

    before(async function () {
        rmSync(folder, { recursive: true, force: true });
        const key = (await new Stack().pulumi("config", "get", "sshPrivateKeyPath")).text.trim();
        const publicKey = (await run("ssh-keygen", ["-y", "-f", key])).text.trim();
        const settings = { sshPublicKey: publicKey, sshPrivateKeyPath: key, sshCidr: "0.0.0.0/0" };
        const answers = Object.entries(settings).flatMap(([name, value]) => ["--config", `${name}=${value}`]);
        const args = ["new", template, "--dir", folder, "--name", "my-own-lab", "--stack", "dev", "--yes", ...answers];
        const { code, text } = await run("pulumi", args);
        assert.equal(code, 0, text);
    });

    after(() => stack.destroy());

    it("has its settings in its own namespace", () => {
        const settings = readFileSync(join(folder, "Pulumi.dev.yaml"), "utf8");
        assert.match(settings, /my-own-lab:sshPublicKey: ssh-ed25519 /);
        assert.match(settings, /aws:region: us-east-1/);
        assert.match(settings, /my-own-lab:peering: "false"/);
    });

    it("shows that its VPCs are isolated, and peered once they are", async () => {
        type Outputs = { stage: string; seen: { seen: object }[] };
        const seenIn = ({ seen }: Outputs) => seen.map((direction) => direction.seen);
        const base = await stack.updated<Outputs>();
        const nothing = { icmp: "none", http: "none", dns: "public" };
        assert.deepEqual([base.stage, ...seenIn(base)], ["isolated", nothing, nothing]);

        await stack.set({ peering: "true" });
        const peered = await stack.updated<Outputs>();
        const all = { icmp: "reply", http: "page", dns: "private" };
        assert.deepEqual([peered.stage, ...seenIn(peered)], ["reachable", all, all]);
        assert.deepEqual(await stack.plan(), []);
    });

    it("says which setting is in another project's namespace, and how to move it", async () => {
        await stack.set({ "vpc-peering-lab:peering": "true" });
        const { text } = await stack.pulumi("preview");
        const [, command = ""] = /vpc-peering-lab:peering is not read.*move it with '(.+)'/.exec(text) ?? [];
        const moved = await run("sh", ["-c", command], folder);
        assert.equal(moved.code, 0, `${command}: ${moved.text}`);
        assert.doesNotMatch((await stack.pulumi("preview")).text, /is not read/);
    });
});
