import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
    DescribeVpcPeeringConnectionsCommand,
    EC2Client,
    RejectVpcPeeringConnectionCommand,
} from "@aws-sdk/client-ec2";
import { run, Stack, type Result } from "./pulumi.ts";

// Runs every command that a message or a page suggests, in a shell with the real CLI. Runs inside a sandbox.

const stack = new Stack();
const settingsFile = "Pulumi.dev.yaml";
const settings = readFileSync(settingsFile, "utf8");

/** A home folder with the key pair that pages mention. */
const home = mkdtempSync(join(tmpdir(), "home-"));
const keyFile = join(home, ".ssh/id_ed25519");

/** Runs a command in the checkout with that home folder. */
function type(command: string): Promise<Result> {
    return run("bash", [
        "-c",
        `HOME=${home}; PATH=${process.env["PATH"] ?? ""}; ${command.replace("FILE", keyFile).replace("YOUR-ADDRESS", "203.0.113.7")}`,
    ]);
}

/** The commands in a message: between the outer quotes of either kind. */
function commandsIn(message: string): string[] {
    return [...message.matchAll(/(?<= )(?:"(pulumi [^"]+)"|'(pulumi (?:[^'"]|"[^"]*")+)')/g)].map(
        ([, a, b]) => a ?? b ?? "",
    );
}

/** The commands of a page: the lines of its shell blocks without comments, and inline code that starts with pulumi or npm. */
function commandsOf(page: string): string[] {
    const text = readFileSync(page, "utf8");
    const blocks = [...text.matchAll(/```sh\n(.+?)```/gs)].flatMap(([, block = ""]) => block.split("\n"));
    const inline = [...text.replaceAll(/```.+?```/gs, "").matchAll(/`((?:pulumi|npm) [^`]+)`/g)].map(
        ([, code = ""]) => code,
    );
    return [...blocks, ...inline].map((line) => line.replace(/\s+#.*$/, "").trim()).filter((line) => line !== "");
}

const pages = [".", "docs", "docs/package", "components", "sandbox"]
    .flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)))
    // The commands of by-hand.md build on one another; byHand.test.ts types them. Those of teams.md are of AWS's login, S3 and KMS, which
    // the sandbox does not have.
    .filter((file) => file.endsWith(".md") && !["docs/by-hand.md", "docs/teams.md"].includes(file));

/** Prefixes of commands that other tests run. For npm commands, this test only checks that the script exists. */
const elsewhere: Readonly<Record<string, string>> = {
    "npm ": "CI and the tests of the sandbox",
    "aws sso login": "nothing here: it is AWS's own login",
    "pulumi up": "stages.test.ts",
    "pulumi destroy": "stages.test.ts",
    "pulumi new": "a project of its own",
    "pulumi stack output otherOwner": "docs.test.ts",
};

describe("commands", () => {
    before(async () => {
        mkdirSync(join(home, ".ssh"));
        const { code, text } = await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", keyFile]);
        assert.equal(code, 0, text);
    });

    afterEach(() => {
        writeFileSync(settingsFile, settings);
    });

    it("in errors and warnings work", async () => {
        await stack.set({
            peerring: "true",
            "requester.cidrBlok": "10.1.0.0/16",
            "accepter.region": "us-easst-1",
            "aws:region": "ap-northest-2",
            icmpCidrs: '["10.41.0.0/16"]',
            sshPrivateKey: "not encrypted",
            sshPublicKey: "",
        });
        await stack.pulumi("config", "rm", "sshCidrs");
        const before = await stack.pulumi("preview");
        assert.notEqual(before.code, 0);
        const commands = [...new Set(commandsIn(before.text))];
        assert.deepEqual(commands.sort(), [
            "pulumi config rm --path peerring",
            "pulumi config rm --path requester.cidrBlok",
            "pulumi config set --path 'sshCidrs[0]' YOUR-ADDRESS/32",
            "pulumi config set --path accepter.region us-east-1",
            "pulumi config set --secret sshPrivateKey < FILE",
            "pulumi config set aws:region ap-northeast-2",
            "pulumi config set check false",
            'pulumi config set sshPublicKey "$(cat ~/.ssh/id_ed25519.pub)"',
        ]);
        for (const command of commands) {
            const { code, text } = await type(command);
            assert.equal(code, 0, `${command}: ${text}`);
        }
        const after = await stack.pulumi("preview");
        assert.equal(after.code, 0, after.text);
        assert.deepEqual(commandsIn(after.text), []);
    });

    it("in the error about keys that were set without --path set what was meant", async () => {
        const wrong = {
            "requester.label": "Blue",
            "accepter.icmpCidrs[0]": "10.40.0.0/14",
            "sshCidrs[0]": "203.0.113.7/32",
            "tags.team": "it's ours",
        };
        for (const [key, value] of Object.entries({ ...wrong, "accepter.labl": "Green" })) {
            assert.equal((await stack.pulumi("config", "set", key, value)).code, 0);
        }
        const set = await stack.pulumi("config", "set", "--secret", "accepter.label", "Green");
        assert.equal(set.code, 0, set.text);
        const before = await stack.pulumi("preview");
        assert.match(before.text, /has 6 problems; nothing was changed/);
        assert.doesNotMatch(before.text, /accepter\.label = .*Green/);
        const commands = [...before.text.matchAll(/(?:; set|; remove) it with (["'])(.+?)\1(?:, or|$)/gm)];
        assert.equal(commands.length, 6, before.text);
        for (const [, , command = ""] of commands) {
            const { code, text } = await type(command);
            assert.equal(code, 0, `${command}: ${text}`);
        }
        const after = await stack.pulumi("preview");
        assert.equal(after.code, 0, after.text);
        const shown = await stack.pulumi("config", "--json", "--show-secrets");
        const config = JSON.parse(shown.text) as Record<string, { objectValue?: object; secret: boolean }>;
        assert.deepEqual(
            Object.keys(config).filter((key) => /[.[]/.test(key)),
            [],
        );
        const own = (key: string) => config[`vpc-peering-lab:${key}`];
        assert.partialDeepStrictEqual(own("requester")?.objectValue, { label: "Blue", cidrBlock: "10.41.0.0/16" });
        assert.partialDeepStrictEqual(own("accepter"), {
            objectValue: { label: "Green", icmpCidrs: ["10.40.0.0/14"] },
            secret: true,
        });
        assert.deepEqual(own("sshCidrs")?.objectValue, ["203.0.113.7/32"]);
        assert.deepEqual(own("tags")?.objectValue, { team: "it's ours" });
    });

    it("in the error about settings in another project's namespace move them", async () => {
        const secret = ["config", "set", "--secret", "--path"];
        await stack.set({
            "lab:prefix": "other",
            "lab:requester.label": "Blue",
            "lab:requester.instanceType": "t3.micro",
            "lab:sshCidrs[0]": "203.0.113.7/32",
            "lab:tags.team": "it's ours",
        });
        assert.equal((await stack.pulumi(...secret, "lab:accepter.label", "Green")).code, 0);
        // What the project's settings file has is left out, so that there is something to move.
        for (const key of ["requester.label", "sshCidrs", "tags"]) {
            await stack.pulumi("config", "rm", "--path", key);
        }
        const before = await stack.pulumi("preview");
        assert.notEqual(before.code, 0);
        assert.match(before.text, /has 6 problems; nothing was changed/);
        assert.doesNotMatch(before.text, /Green/);
        const moves = [...before.text.matchAll(/move it with (["'])(.+?)\1, or remove it/g)].map(
            ([, , move]) => move ?? "",
        );
        assert.equal(moves.length, 5);
        for (const command of moves) {
            const { code, text } = await type(command);
            assert.equal(code, 0, `${command}: ${text}`);
        }
        const after = await stack.pulumi("preview");
        assert.equal(after.code, 0, after.text);
        const shown = await stack.pulumi("config", "--json", "--show-secrets");
        const config = JSON.parse(shown.text) as Record<
            string,
            { value: string; objectValue?: object; secret: boolean }
        >;
        assert.deepEqual(
            Object.keys(config).filter((key) => key.startsWith("lab:")),
            [],
        );
        const { prefix, requester, accepter, sshCidrs, tags } = Object.fromEntries(
            Object.entries(config).map(([key, value]) => [key.replace(/.*:/, ""), value]),
        );
        assert.equal(prefix?.value, "other");
        assert.deepEqual(sshCidrs?.objectValue, ["203.0.113.7/32"]);
        assert.deepEqual(tags?.objectValue, { team: "it's ours" });
        // The fields that the project had are still there.
        assert.partialDeepStrictEqual(requester?.objectValue, {
            cidrBlock: "10.41.0.0/16",
            label: "Blue",
            instanceType: "t3.micro",
        });
        assert.partialDeepStrictEqual(accepter, { objectValue: { label: "Green" }, secret: true });
    });

    for (const page of pages) {
        it(`in ${page} are accepted by the CLI`, async () => {
            const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };
            for (const command of new Set(commandsOf(page))) {
                const script = /^npm (?:run (?:--silent )?)?([\w:-]+)/.exec(command)?.[1] ?? "";
                if (command.startsWith("npm ")) {
                    assert.ok(["ci", "cit", "install"].includes(script) || script in scripts, command);
                }
                if (!Object.keys(elsewhere).some((start) => command.startsWith(start))) {
                    // A command that is only named runs with --help.
                    const { code, text } = await type(/^pulumi [a-z ]+$/.test(command) ? `${command} --help` : command);
                    assert.equal(code, 0, `${command}: ${text}`);
                }
            }
        });
    }

    it("in the error about a rejected request send a new one", async () => {
        const ec2 = new EC2Client({
            endpoint: process.env["AWS_ENDPOINT_URL"] ?? "",
            region: process.env["AWS_REGION"] ?? "",
        });
        await stack.set({ peering: "true", manageAccepter: "false", check: "false" });
        const { peering } = await stack.updated<{ peering: { id: string } }>();
        await ec2.send(new RejectVpcPeeringConnectionCommand({ VpcPeeringConnectionId: peering.id }));
        const refused = await stack.up();
        assert.notEqual(refused.code, 0);
        const command = commandsIn(refused.text).find((one) => one.startsWith("pulumi up"));
        assert.equal(command, "pulumi up --refresh");
        const { code, text } = await type(`${command} --yes --skip-preview --stack dev --non-interactive`);
        assert.equal(code, 0, text);
        const { VpcPeeringConnections = [] } = await ec2.send(new DescribeVpcPeeringConnectionsCommand());
        assert.deepEqual(VpcPeeringConnections.map(({ Status }) => String(Status?.Code)).sort(), [
            "pending-acceptance",
            "rejected",
        ]);
        await stack.destroy();
    });
});
