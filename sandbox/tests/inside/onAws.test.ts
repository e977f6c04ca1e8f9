import assert from "node:assert/strict";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, readSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pinnedVersion } from "../../engine/versions.ts";
import { inventory } from "../../lab/inventory.ts";
import { internet } from "../../network/planned/network.ts";
import { run } from "./pulumi.ts";

// `npm run on-aws` with a sandbox that it takes for AWS; sandbox/tests/onAws/ has what goes wrong. Runs inside a sandbox.

interface Report {
    readonly proven: boolean;
    readonly versions: Readonly<Record<string, string>>;
    readonly acts: readonly {
        readonly name: string;
        readonly checks?: readonly { readonly seen: object }[];
        readonly refusals?: Readonly<Record<string, string>>;
    }[];
    readonly differences: readonly { readonly differences: readonly { readonly path: string }[] }[];
}

/** Whether the aws plugin is the sandbox's own, a script, and not the vendor's program. */
function hasOwnPlugin(): boolean {
    const program = join(
        process.env["PULUMI_HOME"] ?? "",
        `plugins/resource-aws-v${pinnedVersion("aws")}/pulumi-resource-aws`,
    );
    const file = openSync(program, "r");
    const start = Buffer.alloc(2);
    readSync(file, start);
    closeSync(file);
    return start.toString() === "#!";
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
        const { proven, versions, acts, differences } = JSON.parse(json) as Report;
        assert.ok(proven);
        assert.equal(versions["aws plugin"], pinnedVersion("aws"));
        assert.equal(versions["command plugin"], pinnedVersion("command"));
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
        // The vendor's plugin asks for a few things that the sandbox's own does not; what the run itself asks is the same.
        const found = differences.flatMap(({ differences: some }) => some);
        assert.deepEqual(
            found.filter(({ path }) => hasOwnPlugin() || path.startsWith("Refusals")),
            [],
            "on-aws/sandbox.json is stale: 'npm run on-aws:record' makes it anew",
        );
        // Who ran it, and with which key, is nobody's business.
        for (const report of [json, page]) {
            assert.ok(!report.includes("123456789012"));
            assert.ok(!report.includes(internet.operator));
            assert.doesNotMatch(report, /PRIVATE KEY|ssh-ed25519/);
        }
    });
});
