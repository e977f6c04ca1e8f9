import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
    DescribeVpcPeeringConnectionsCommand,
    EC2Client,
    RejectVpcPeeringConnectionCommand,
} from "@aws-sdk/client-ec2";
import { run, Stack, type Result } from "./pulumi.ts";

// Every command that a message or a page tells a person to type is typed, in a shell, to the real CLI. Runs inside a sandbox.

const stack = new Stack();
const settingsFile = "Pulumi.dev.yaml";
const settings = readFileSync(settingsFile, "utf8");

/** A home with the key pair that pages speak of. */
const home = mkdtempSync(join(tmpdir(), "home-"));
const keyFile = join(home, ".ssh/id_ed25519");

/** Types a command as a person does who has that home, in the checkout. */
function type(command: string): Promise<Result> {
    return run("bash", ["-c", `HOME=${home}; PATH=${process.env["PATH"] ?? ""}; ${command.replace("FILE", keyFile)}`]);
}

/** The commands in a message: between quotes of either kind, of which the outer ones count. */
function commandsIn(message: string): string[] {
    return [...message.matchAll(/(?<= )(?:"(pulumi [^"]+)"|'(pulumi (?:[^'"]|"[^"]*")+)')/g)].map(
        ([, a, b]) => a ?? b ?? "",
    );
}

/** The commands of a page: the lines of its shell blocks, without comments, and what else is set as code and begins like one. */
function commandsOf(page: string): string[] {
    const text = readFileSync(page, "utf8");
    const blocks = [...text.matchAll(/```sh\n(.+?)```/gs)].flatMap(([, block = ""]) => block.split("\n"));
    const inline = [...text.replaceAll(/```.+?```/gs, "").matchAll(/`((?:pulumi|npm) [^`]+)`/g)].map(
        ([, code = ""]) => code,
    );
    return [...blocks, ...inline].map((line) => line.replace(/\s+#.*$/, "").trim()).filter((line) => line !== "");
}

const pages = [
    "README.md",
    "CONTRIBUTING.md",
    "docs/own-stack.md",
    "docs/choosing.md",
    "docs/settings.md",
    "docs/rules.md",
    "sandbox/README.md",
];

/** Commands that are typed elsewhere, by what they begin with; of npm's it is here only asked whether the script is there. */
const elsewhere: Readonly<Record<string, string>> = {
    "npm ": "CI and the tests of the sandbox",
    "pulumi up": "stages.test.ts",
    "pulumi destroy": "stages.test.ts",
    "pulumi new": "a project of its own",
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

    it("in refusals and warnings do what they promise", async () => {
        await stack.set({
            peerring: "true",
            "requester.cidrBlok": "10.1.0.0/16",
            icmpCidrs: '["10.41.0.0/16"]',
            sshPrivateKey: "not encrypted",
            sshPublicKey: "",
        });
        const before = await stack.pulumi("preview");
        assert.notEqual(before.code, 0);
        const commands = [...new Set(commandsIn(before.text))];
        assert.deepEqual(commands.sort(), [
            "pulumi config rm --path peerring",
            "pulumi config rm --path requester.cidrBlok",
            "pulumi config set --path 'sshCidrs[0]' 203.0.113.7/32",
            "pulumi config set --secret sshPrivateKey < FILE",
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

    for (const page of pages) {
        it(`in ${page} are taken by the CLI`, async () => {
            const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };
            for (const command of new Set(commandsOf(page))) {
                const script = /^npm (?:run (?:--silent )?)?([\w:]+)/.exec(command)?.[1] ?? "";
                if (command.startsWith("npm ")) {
                    assert.ok(["ci", "cit", "install"].includes(script) || script in scripts, command);
                }
                if (!Object.keys(elsewhere).some((start) => command.startsWith(start))) {
                    // One that is only named is asked for its help.
                    const { code, text } = await type(/^pulumi [a-z ]+$/.test(command) ? `${command} --help` : command);
                    assert.equal(code, 0, `${command}: ${text}`);
                }
            }
        });
    }

    it("in the failure of an update whose request was turned down ask again", async () => {
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
        assert.deepEqual(VpcPeeringConnections.map(({ Status }) => Status?.Code).sort(), [
            "pending-acceptance",
            "rejected",
        ]);
        await stack.destroy();
    });
});
