import assert from "node:assert/strict";
import { once } from "node:events";
import { appendFileSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { EC2 } from "@aws-sdk/client-ec2";
import { onPath } from "../../engine/find/machine.ts";
import { serveGit } from "../world/gitServer.ts";
import { makeSide, type Side } from "../world/side.ts";
import { run, Stack } from "../inside/pulumi.ts";
import { curl, makeTwoSides, on, type TwoSides } from "../inside/webServers.ts";

// The examples of plugin/README.md, with the real engine and real packets: `npm run test:languages`. Runs inside a sandbox that was
// started with `--languages nodejs,yaml,python,dotnet`.

const api = new EC2({ endpoint: process.env["AWS_ENDPOINT_URL"] ?? "", region: process.env["AWS_REGION"] ?? "" });
const plugin = resolve("plugin");
const readme = readFileSync("plugin/README.md", "utf8");

/** The example in a language. */
function example(language: string): string {
    const [, code] = new RegExp(`\`\`\`${language}\n(.+?)\`\`\``, "s").exec(readme) ?? [];
    assert.ok(code, `an example in ${language}`);
    return code;
}

/** Runs a command that must succeed; returns its output. */
async function succeeds(cwd: string, program: string, ...args: string[]): Promise<string> {
    const { code, text } = await run(program, args, cwd);
    assert.equal(code, 0, text);
    return text;
}

/** Gives a project the checkout's packages in such a way that npm may change them. */
async function layPackages(project: string): Promise<void> {
    for (const name of ["package.json", "package-lock.json"]) {
        copyFileSync(name, join(project, name));
    }
    const [packages, upper, work] = ["node_modules", "../upper", "../work"].map((name) => join(project, name));
    for (const made of [packages, upper, work]) {
        mkdirSync(made ?? "");
    }
    const layers = [`lowerdir=${resolve("node_modules")}`, `upperdir=${upper}`, `workdir=${work}`].join(",");
    await succeeds(project, "mount", "-t", "overlay", "overlay", "-o", layers, packages ?? "");
}

describe("plugin/README.md", () => {
    const folder = mkdtempSync(join(tmpdir(), "plugin-"));
    let sides: TwoSides;

    before(async () => {
        sides = await makeTwoSides(api);
    });

    /** The example with the two VPCs and their groups in place of those on the page. */
    function program(language: string): string {
        const { requester, accepter } = sides;
        return example(language)
            .replace("vpc-0123456789abcdef0", requester.vpcId)
            .replace("sg-0123456789abcdef0", requester.groupId)
            .replace("vpc-0fedcba9876543210", accepter.vpcId)
            .replace("sg-0fedcba9876543210", accepter.groupId);
    }

    /** A project of these files with the package added to it. */
    async function project(
        name: string,
        files: Readonly<Record<string, string>>,
        prepare?: (dir: string) => Promise<void>,
    ): Promise<Stack> {
        const dir = join(folder, name);
        mkdirSync(dir);
        for (const [file, text] of Object.entries(files)) {
            // Stacks of one project have one name each.
            writeFileSync(join(dir, file), text.replace(/^name: .*/, `name: ${name}`));
        }
        await prepare?.(dir);
        await succeeds(dir, "pulumi", "stack", "init", "dev", "--non-interactive");
        await succeeds(dir, "pulumi", "package", "add", plugin);
        return new Stack(dir);
    }

    async function passes(stack: Stack): Promise<void> {
        assert.deepEqual(await sides.ways(), [undefined, undefined]);
        const { connectionId } = await stack.updated<{ connectionId: string }>();
        assert.match(connectionId, /^pcx-/);
        for (const status of await sides.ways()) {
            assert.match(status ?? "", /^[234]\d\d$/);
        }
        assert.deepEqual(await stack.plan(), []);
        await stack.destroy();
        assert.deepEqual(await sides.ways(), [undefined, undefined]);
    }

    it("passes packets both ways from YAML", async () => {
        await passes(await project("yaml", { "Pulumi.yaml": program("yaml") }));
    });

    it("keeps a rule whose group is renamed, and refuses two components that want one route", async () => {
        const stack = await project("standing", { "Pulumi.yaml": program("yaml") });
        await stack.updated();
        // Adding the package has written to the file.
        const file = join(stack.folder, "Pulumi.yaml");
        const renamed = readFileSync(file, "utf8").replaceAll(/\bweb: (sg-)/g, "renamed: $1");
        writeFileSync(file, renamed);
        // Its arguments are all that changes.
        assert.deepEqual(await stack.plan(), ["update vpc-peering:index:VpcPeering database"]);

        const third = await makeSide(api, "10.2.0.0/16", "own");
        const [, first = ""] = /^resources:\n((?: +.*\n)+)/m.exec(renamed) ?? [];
        const second = first
            .replace(/^ +\w+:/, (name) => name.replace(/\w+/, "second"))
            .replace(sides.accepter.vpcId, third.vpcId)
            .replace(sides.accepter.groupId, third.groupId);
        writeFileSync(file, renamed.replace(first, first + second));
        const { code, text } = await stack.pulumi("preview");
        assert.notEqual(code, 0, text);
        assert.match(
            text,
            /has a route to 10\.2\.0\.0\/16, and a table has one to a block .* by VpcPeering [\w-]+ \(requester\.routeTables\.rtb-\w+\) already/,
        );
        await stack.destroy();
    });

    it("shows each problem at its argument, all at once, before anything is created", async () => {
        const wrong = program("yaml").replace("tcp/80", "tcp/0").replace(sides.accepter.vpcId, "vpc-0");
        const stack = await project("wrong", { "Pulumi.yaml": wrong });
        const { code, text } = await stack.up();
        assert.notEqual(code, 0);
        const [, heading = "", problem = ""] = /```text\n(.+)\n +- (.+); …\n```/.exec(readme) ?? [];
        for (const shown of [
            heading.replace("1 problem;", "3 problems;"),
            problem,
            `property accepter.vpcId with value '{vpc-0}' has a problem: "vpc-0" is no VPC there; correct the id`,
            `property accepter.securityGroups.web with value '{${sides.accepter.groupId}}' has a problem: `,
        ]) {
            assert.ok(shown !== "" && text.includes(shown), `${shown}\n${text}`);
        }
        assert.ok(!(await stack.pulumi("stack", "export")).text.includes('"aws:'));
    });

    it("makes a pair with its check, and peers a VPC of which a preview knows no id", async () => {
        const privateKey = (await new Stack().pulumi("config", "get", "sshPrivateKeyPath")).text.trim();
        const side = (net: string) =>
            `{ cidrBlock: ${net}.0.0/16, subnetCidrBlock: ${net}.1.0/24, privateIp: ${net}.1.10 }`;
        const stack = await project("pair", {
            "Pulumi.yaml": `name: pair
runtime: yaml
resources:
  pair:
    type: vpc-peering:PeeredVpcPair
    properties:
      requester: ${side("10.3")}
      accepter: ${side("10.4")}
      peering: true
      keyName: servers-of-${sides.requester.vpcId}
      sshCidrs: [0.0.0.0/0]
      icmpCidrs: [10.3.0.0/16, 10.4.0.0/16]
      privateKey: { fn::readFile: ${privateKey} }
  another:
    type: vpc-peering:VpcPeering
    properties:
      requester:
        vpcId: \${pair.requester.vpcId}
        cidrBlocks: [10.3.0.0/16]
        routeTables: { public: "\${pair.requester.routeTableId}" }
      accepter:
        vpcId: ${sides.requester.vpcId}
        securityGroups: { web: ${sides.requester.groupId} }
      requestsFrom: requester
      ports: [tcp/80]
outputs:
  stage: \${pair.stage}
  check: \${pair.check}
  publicIp: \${pair.requester.publicIp}
`,
        });
        await stack.plan();
        const { stage, check, publicIp } = await stack.updated<
            Record<"stage" | "publicIp", string> & { check: string[] }
        >();
        assert.deepEqual(
            [stage, ...check.map((line) => line.replace(/ping.*, /, ""))],
            ["reachable", "VPC1 -> VPC2: as expected", "VPC2 -> VPC1: as expected"],
        );
        assert.match((await on(publicIp, curl("10.1.1.10"))) ?? "", /^[234]\d\d$/);
        assert.ok(!(await stack.pulumi("stack", "export")).text.includes("PRIVATE KEY"));
        await stack.destroy();
    });

    it("passes packets both ways from Python", async () => {
        const files = {
            "Pulumi.yaml": "name: database\nruntime: { name: python, options: { virtualenv: venv } }\n",
            "requirements.txt": "pulumi\n",
            "__main__.py": program("python"),
        };
        await passes(await project("python", files));
    });

    it("passes packets both ways from TypeScript", async () => {
        const { requester, accepter } = sides;
        const side = ({ vpcId, groupId }: Side) => JSON.stringify({ vpcId, securityGroups: { web: groupId } });
        const index = `import { VpcPeering } from "@pulumi/vpc-peering";
const requester = ${side(requester)};
const accepter = ${side(accepter)};
export const { connectionId } = new VpcPeering("database", { requester, accepter, ports: ["tcp/80"] });
`;
        const files = { "Pulumi.yaml": "name: nodejs\nruntime: nodejs\n", "index.ts": index };
        await passes(await project("nodejs", files, layPackages));
    });

    it("is added from a tag of the repository, which installs what it needs", async () => {
        const repository = join(folder, "repositories/OWNER/vpc-peering-lab.git");
        await succeeds(folder, "git", "clone", "--bare", "--quiet", process.cwd(), repository);
        const [command = "", version = ""] = /pulumi package add https.*@(v\S+)/.exec(readme) ?? [];
        await succeeds(repository, "git", "tag", "--force", version);
        const server = await serveGit(join(folder, "repositories"));
        const dir = join(folder, "git");
        mkdirSync(dir);
        writeFileSync(join(dir, "Pulumi.yaml"), "name: git\nruntime: yaml\n");
        const trusting = Object.entries(server.env).map(([name, value]) => `${name}=${value}`);
        const typed = command.replace("https://example.com", server.url).split(" ");
        await succeeds(dir, "env", ...trusting, ...typed);
        server.close();
        assert.match(readFileSync(join(dir, "Pulumi.yaml"), "utf8"), /vpc-peering: git\.test\/OWNER\/.*\/plugin@v/);
    });

    it("compiles in Go", async function () {
        this.timeout(600000);
        if (!onPath("go")) {
            console.error("skipped: this machine has no Go compiler");
            this.skip();
        }
        await succeeds(folder, "pulumi", "package", "gen-sdk", plugin, "--language", "go", "--out", "sdk");
        // The versions of the engine's own build, which are in Go's cache.
        const pinned = readFileSync("sandbox/engine/find/go/go.mod", "utf8").replace(/^module .*/, "");
        const sums = readFileSync("sandbox/engine/find/go/go.sum", "utf8");
        const sdk = "example.com/pulumi-vpc-peering/sdk/go/vpc-peering";
        const go = join(folder, "go");
        mkdirSync(go);
        const modules = { [join(folder, "sdk/go/vpcpeering")]: sdk, [go]: "database" };
        for (const [dir, module] of Object.entries(modules)) {
            writeFileSync(join(dir, "go.mod"), `module ${module}\n${pinned}`);
            writeFileSync(join(dir, "go.sum"), sums);
        }
        appendFileSync(join(go, "go.mod"), `\nrequire ${sdk} v0.0.0\nreplace ${sdk} => ../sdk/go/vpcpeering\n`);
        writeFileSync(join(go, "main.go"), example("go"));
        await succeeds(
            go,
            "env",
            "GOFLAGS=-mod=mod",
            "GOPROXY=off",
            "GOWORK=off",
            "go",
            "build",
            "-o",
            "/dev/null",
            ".",
        );
    });

    it("has an SDK for .NET", async () => {
        // The package's logo is downloaded for it.
        const server = createServer((_, response) => response.end("logo")).listen(0, "127.0.0.1");
        await once(server, "listening");
        const logoUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
        const schema = JSON.parse(readFileSync("plugin/schema.json", "utf8")) as object;
        writeFileSync(join(folder, "schema.json"), JSON.stringify({ ...schema, logoUrl }));
        await succeeds(folder, "pulumi", "package", "gen-sdk", "schema.json", "--language", "dotnet", "--out", "sdk");
        server.close();
        const source = readFileSync(join(folder, "sdk/dotnet/VpcPeering.cs"), "utf8");
        assert.match(source, /public partial class VpcPeering : global::Pulumi.ComponentResource/);
    });
});
