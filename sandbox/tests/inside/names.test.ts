import assert from "node:assert/strict";
import { mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pulumi } from "../../lab/pulumi.ts";
import { generateKeyPair } from "../../servers/keys.ts";
import { run, Stack } from "./pulumi.ts";

// In which order the aws plugin has resources replaced. Runs inside a sandbox with the real engine.

const program = `
const { Config } = require("@pulumi/pulumi");
const { KeyPair, SecurityGroup } = require("@pulumi/aws/ec2");
const description = new Config().require("description");
const publicKey = new Config().require("publicKey");
new SecurityGroup("group", { description });
new SecurityGroup("named-group", { description, name: "mine" });
new SecurityGroup("named-group-that-stays", { description, name: "yours-" + description }, { deleteBeforeReplace: false });
new KeyPair("key", { publicKey });
new KeyPair("named-key", { publicKey, keyName: "mine" });
`;

describe("the aws plugin", () => {
    it("deletes first what has a name of its own, unless the program says otherwise", async () => {
        const folder = mkdtempSync(join(tmpdir(), "names-"));
        symlinkSync(join(process.cwd(), "node_modules"), join(folder, "node_modules"));
        writeFileSync(join(folder, "index.js"), program);
        writeFileSync(join(folder, "Pulumi.yaml"), "name: names\nruntime: nodejs\nmain: index.js\n");
        const stack = new Stack(folder);
        assert.equal((await run("pulumi", ["stack", "init", "dev", "--non-interactive"], folder)).code, 0);
        const region = process.env["AWS_REGION"] ?? "";
        await stack.set({ "aws:region": region, description: "one", publicKey: generateKeyPair("one").public });
        await stack.updated();
        await stack.set({ description: "two", publicKey: generateKeyPair("two").public });
        const done: string[] = [];
        const backend = process.env["PULUMI_BACKEND_URL"] ?? "";
        const location = { stack: "dev", cwd: folder, settingsFile: join(folder, "Pulumi.dev.yaml"), backend };
        await pulumi("up", location, {
            say: () => undefined,
            note: (line) => {
                done.push(line);
            },
        });
        const isDeletedFirst = (name: string): boolean => {
            const [first = ""] = done.filter((line) => line.includes(` ${name} (`));
            assert.match(first, /^(create-replacement|delete-replaced) /);
            return first.startsWith("delete");
        };
        const names = ["group", "named-group", "named-group-that-stays", "key", "named-key"];
        assert.deepEqual(names.filter(isDeletedFirst), ["named-group", "named-key"]);
        await stack.destroy();
    });
});
