import assert from "node:assert/strict";
import { cpSync, mkdtempSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DescribeVpcsCommand, EC2Client } from "@aws-sdk/client-ec2";
import { inventory } from "../../lab/inventory.ts";
import { run, Stack } from "./pulumi.ts";

// A stack that was deployed by version 0.1 is updated by this one, and then moved to another region. Runs inside a sandbox,
// with the real engine.

/** The last commit of version 0.1. */
const earlier = "9e21bf7";

interface Outputs {
    readonly requester: { readonly serverId: string };
    readonly accepter: { readonly serverId: string };
    readonly peering: { readonly id: string };
    readonly check: readonly { readonly seen: { readonly icmp: string; readonly http: string } }[];
}

const endpoint = process.env["AWS_ENDPOINT_URL"] ?? "";
const home = process.env["AWS_REGION"] ?? "";
const away = "us-east-1";

async function blocksIn(region: string): Promise<string[]> {
    const { Vpcs = [] } = await new EC2Client({ endpoint, region }).send(new DescribeVpcsCommand());
    return Vpcs.filter(({ IsDefault }) => !IsDefault).map(({ CidrBlock = "" }) => CidrBlock);
}

/** The folder of the earlier version, with this one's packages and settings; undefined where the history is not there. */
async function checkOut(): Promise<string | undefined> {
    const git = ["-c", "safe.directory=*"];
    if ((await run("git", [...git, "cat-file", "-e", `${earlier}^{commit}`])).code !== 0) {
        return undefined;
    }
    const folder = mkdtempSync(join(tmpdir(), "earlier-"));
    const files = ["index.ts", "settings.ts", "components", "Pulumi.yaml", "package.json", "tsconfig.json"].join(" ");
    const unpack = `git ${git.join(" ")} archive ${earlier} ${files} | tar -x -C ${folder}`;
    assert.equal((await run("bash", ["-o", "pipefail", "-c", unpack])).code, 0);
    symlinkSync(join(process.cwd(), "node_modules"), join(folder, "node_modules"));
    return folder;
}

describe("a stack of version 0.1", () => {
    const stack = new Stack();
    let before_: Outputs;

    before(async function () {
        const folder = await checkOut();
        if (folder === undefined) {
            console.log(`This clone has no commit ${earlier}, which a deep one has: there is nothing to update from.`);
            this.skip();
        }
        await stack.set({ peering: "true" });
        cpSync("Pulumi.dev.yaml", join(folder, "Pulumi.dev.yaml"));
        before_ = await new Stack(folder).updated();
    });

    it("is taken over without replacing or deleting anything of AWS", async () => {
        const steps = await stack.plan();
        assert.deepEqual(
            steps.filter((step) => / aws:/.test(step) && !step.startsWith("update ")),
            [],
        );
        const after_ = await stack.updated<Outputs>();
        const idsOf = ({ requester, accepter, peering }: Outputs) => [
            requester.serverId,
            accepter.serverId,
            peering.id,
        ];
        assert.deepEqual(idsOf(after_), idsOf(before_));
        assert.deepEqual(
            after_.check.map(({ seen }) => `${seen.icmp}/${seen.http}`),
            ["reply/page", "reply/page"],
        );
        assert.deepEqual(await stack.plan(), []);
    });

    it("has a side made anew in another region when told to, and nothing of it left where it was", async () => {
        await stack.set({ vpc2Region: away });
        const { check } = await stack.updated<Outputs>();
        assert.deepEqual(
            check.map(({ seen }) => `${seen.icmp}/${seen.http}`),
            ["reply/page", "reply/page"],
        );
        assert.deepEqual([await blocksIn(home), await blocksIn(away)], [["10.41.0.0/16"], ["10.42.0.0/16"]]);
    });

    it("leaves its regions alone when it may not go there, and says why", async () => {
        await stack.set({ vpc2Region: "eu-west-1", vpc2AccountId: "333333333333" });
        const { code, text } = await stack.up();
        assert.notEqual(code, 0);
        assert.match(text, /vpc2AccountId = "333333333333": is declared, but the accepter's provider is of \d{12};/);
        assert.deepEqual([await blocksIn(home), await blocksIn(away)], [["10.41.0.0/16"], ["10.42.0.0/16"]]);
    });

    it("leaves nothing behind in either region", async () => {
        await stack.destroy();
        assert.deepEqual([await inventory(endpoint, home), await inventory(endpoint, away)], [[], []]);
    });
});
