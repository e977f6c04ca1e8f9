import * as assert from "assert";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { projectName, readStack } from "../commands/stack";

describe("projectName", () => {
    it("is the one in Pulumi.yaml, with or without quotes", () => {
        assert.strictEqual(projectName("# A name: x\nname: my-lab.2\ndescription: A name\n"), "my-lab.2");
        assert.strictEqual(projectName('runtime: nodejs\nname: "42"\n'), "42");
    });
});

describe("the stack's settings", () => {
    it("are the project's own, or else AWS's provider's, whatever other namespaces have", async () => {
        const config = {
            "aws:profile": { value: "work" },
            "lab:peering": { value: "false" },
            "random:prefix": { value: "x" },
            "vpc-peering-lab:peering": { value: "true" },
        };
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), "stack-test-"));
        const answers = `case "$1" in stack) echo '{"requester":{},"accepter":{}}' ;; *) echo '${JSON.stringify(config)}' ;; esac`;
        fs.writeFileSync(path.join(folder, "pulumi"), `#!/bin/sh\n${answers}\n`, { mode: 0o755 });
        const before = process.env["PATH"];
        process.env["PATH"] = `${folder}:${before ?? ""}`;
        try {
            const { setting } = await readStack();
            const names = ["profile", "peering", "prefix"];
            assert.deepStrictEqual(await Promise.all(names.map(setting)), ["work", "true", undefined]);
        } finally {
            process.env["PATH"] = before;
            fs.rmSync(folder, { recursive: true });
        }
    });
});
