import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inventory } from "../../lab/inventory.ts";
import { internet } from "../../network/planned/network.ts";
import { run } from "./pulumi.ts";

// `npm run on-aws` with a sandbox that it takes for AWS; sandbox/tests/onAws/ has what goes wrong. Runs inside a sandbox.

interface Report {
    readonly proven: boolean;
    readonly acts: readonly {
        readonly name: string;
        readonly checks?: readonly { readonly seen: object }[];
        readonly refusals?: Readonly<Record<string, string>>;
    }[];
    readonly differences: readonly { readonly act: string; readonly differences: readonly object[] }[];
}

describe("on AWS", () => {
    const folder = mkdtempSync(join(tmpdir(), "on-aws-"));
    const onAws = (...args: readonly string[]) => {
        const places = ["--folder", join(folder, "state"), "--report", join(folder, "report")];
        return run("npm", ["run", "--silent", "on-aws", "--", ...args, ...places]);
    };

    it("makes nothing without a terminal to ask on, and says what to type", async () => {
        const { code, text } = await onAws("--ssh-cidr", internet.operator);
        assert.equal(code, 2);
        assert.match(text, /0\.005 for public IPv4 addresses/);
        assert.match(
            text,
            /no terminal to ask on; say --yes and --ssh-cidr, as in 'npm run on-aws -- --yes --ssh-cidr /,
        );
        assert.ok(!existsSync(join(folder, "state")));
    });

    it("plays all acts, leaves nothing, and reports answers that on-aws/sandbox.json has, too", async () => {
        const { code, text } = await onAws("--yes", "--ssh-cidr", internet.operator);
        assert.equal(code, 0, text);
        assert.deepEqual(await inventory(process.env["AWS_ENDPOINT_URL"] ?? "", process.env["AWS_REGION"] ?? ""), []);
        assert.ok(!existsSync(join(folder, "state")));
        const json = readFileSync(join(folder, "report.json"), "utf8");
        const page = readFileSync(join(folder, "report.md"), "utf8");
        const { proven, acts, differences } = JSON.parse(json) as Report;
        assert.ok(proven);
        assert.deepEqual(
            acts.map(({ name, checks = [] }) => [name, ...checks.map(({ seen }) => Object.values(seen).join("/"))]),
            [
                ["base", "public/none/none", "public/none/none"],
                ["peering", "private/page/reply", "private/page/reply"],
                ["peering off", "public/none/none", "public/none/none"],
                ["destroy"],
            ],
        );
        const { refusals = {} } = acts[1] ?? {};
        assert.ok(Object.keys(refusals).length >= 12);
        assert.deepEqual(
            Object.entries(refusals).filter(([, code]) => code === "not refused"),
            [],
        );
        const stale = "on-aws/sandbox.json is stale: 'npm run on-aws:record' makes it anew";
        assert.deepEqual(
            differences.filter(({ differences: some }) => some.length > 0),
            [],
            stale,
        );
        // Who ran it, and with which key, is nobody's business.
        for (const report of [json, page]) {
            assert.ok(!report.includes("123456789012"));
            assert.ok(!report.includes(internet.operator));
            assert.doesNotMatch(report, /PRIVATE KEY|ssh-ed25519/);
        }
    });
});
