import assert from "node:assert/strict";
import { once } from "node:events";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onPath } from "../../engine/find/machine.ts";
import { checkout } from "../../launch/install.mjs";
import { serveGit } from "../world/gitServer.ts";
import { run, Stack } from "./pulumi.ts";

// A component package in TypeScript, used from programs in several languages. Runs inside a sandbox that was started with
// `--languages nodejs,python,yaml,dotnet`; what needs one of them says so where it was not.

/** Programs that create the component and export the VPC's ID as `vpc`, by their runtime. */
const programs = {
    nodejs: {
        "Pulumi.yaml": "name: nodejs\nruntime: nodejs\n",
        "index.ts": `import { SmallNetwork } from "@pulumi/small-network";
export const vpc = new SmallNetwork("small", { cidrBlock: "10.9.0.0/16" }).vpcId;
`,
    },
    yaml: {
        "Pulumi.yaml": `name: yaml
runtime: yaml
resources:
  small:
    type: small-network:SmallNetwork
    properties: { cidrBlock: 10.9.0.0/16 }
outputs:
  vpc: \${small.vpcId}
`,
    },
    python: {
        "Pulumi.yaml": "name: python\nruntime: { name: python, options: { virtualenv: venv } }\n",
        "requirements.txt": "pulumi\n",
        "__main__.py": `import pulumi
import pulumi_small_network as small_network

small = small_network.SmallNetwork("small", cidr_block="10.9.0.0/16")
pulumi.export("vpc", small.vpc_id)
`,
    },
};

describe("a component package in TypeScript", () => {
    let folder: string;
    before(() => {
        folder = mkdtempSync(join(tmpdir(), "languages-"));
        // The package has no dependencies to install: it finds those of the checkout in the folder above it.
        cpSync(join(import.meta.dirname, "smallNetwork"), join(folder, "plugin"), { recursive: true });
        symlinkSync(join(checkout, "node_modules"), join(folder, "node_modules"));
    });
    /** Runs a command that must succeed; returns its output. */
    async function succeeds(cwd: string, program: string, ...args: string[]): Promise<string> {
        const { code, text } = await run(program, args, cwd);
        assert.equal(code, 0, text);
        return text;
    }

    /** The schema of a component package; npm's output is before it. */
    async function schemaOf(plugin: string): Promise<object> {
        const text = await succeeds(folder, "pulumi", "package", "get-schema", plugin);
        return JSON.parse(text.slice(text.indexOf("{"))) as object;
    }

    it("has a schema, which is made from its types and comments", async () => {
        const schema = (await schemaOf("./plugin")) as {
            name: string;
            resources: Record<string, { inputProperties: unknown; requiredInputs: string[]; properties: unknown }>;
        };
        assert.equal(schema.name, "small-network");
        const { inputProperties, requiredInputs, properties } =
            schema.resources["small-network:index:SmallNetwork"] ?? {};
        assert.deepEqual(inputProperties, { cidrBlock: { type: "string", description: "The IPv4 block." } });
        assert.deepEqual(requiredInputs, ["cidrBlock"]);
        assert.deepEqual(properties, { vpcId: { type: "string", description: "The VPC's ID." } });
    });

    for (const [language, files] of Object.entries(programs)) {
        it(`is used from ${language}`, async function () {
            const missing = {
                nodejs: false,
                yaml: !onPath("pulumi-language-yaml"),
                python: process.env["PIP_FIND_LINKS"] === undefined,
            }[language];
            if (missing) {
                console.error(`skipped: start the sandbox with --languages ${language}`);
                this.skip();
            }
            const project = join(folder, language);
            mkdirSync(project);
            for (const [name, text] of Object.entries(files)) {
                writeFileSync(join(project, name), text);
            }
            if (language === "nodejs") {
                await layPackages(project);
            }
            await succeeds(project, "pulumi", "stack", "init", "dev");
            await succeeds(project, "pulumi", "package", "add", "../plugin");
            const stack = new Stack(project);
            const { vpc } = await stack.updated<{ vpc: string }>();
            assert.match(vpc, /^vpc-/);
            assert.equal((await run("pulumi", ["stack", "export"], project)).text.includes('"aws:ec2/vpc:Vpc"'), true);
            await stack.destroy();
            assert.equal((await run("pulumi", ["stack", "export"], project)).text.includes('"aws:ec2/vpc:Vpc"'), false);
        });
    }

    /** Gives a project the checkout's packages in such a way that npm may change them. */
    async function layPackages(project: string): Promise<void> {
        for (const name of ["package.json", "package-lock.json"]) {
            copyFileSync(join(checkout, name), join(project, name));
        }
        const [packages, upper, work] = ["node_modules", "../upper", "../work"].map((name) => join(project, name));
        for (const made of [packages, upper, work]) {
            mkdirSync(made ?? "");
        }
        const layers = [`lowerdir=${join(checkout, "node_modules")}`, `upperdir=${upper}`, `workdir=${work}`].join(",");
        await succeeds(project, "mount", "-t", "overlay", "overlay", "-o", layers, packages ?? "");
    }

    it("has an SDK for Go, which compiles", async function () {
        const go = onPath("go");
        if (!go) {
            console.error("skipped: this machine has no Go compiler");
            this.skip();
        }
        await succeeds(folder, "pulumi", "package", "gen-sdk", "./plugin", "--language", "go", "--out", "sdk");
        // With the modules that the engine is built from, which need no network then.
        const [sdk, modules] = [join(folder, "sdk/go/smallnetwork"), join(import.meta.dirname, "../../engine/find/go")];
        const pins = readFileSync(join(modules, "go.mod"), "utf8");
        writeFileSync(join(sdk, "go.mod"), pins.replace(/^module .*/, `module ${moduleOf(sdk)}`));
        copyFileSync(join(modules, "go.sum"), join(sdk, "go.sum"));
        const offline = ["GOWORK=off", "GOPROXY=off", "GOFLAGS=-mod=mod", "GOGC=800"];
        await succeeds(sdk, "env", ...offline, go, "build", "-buildvcs=false", "-gcflags=all=-dwarf=false", "./...");
    });

    /** The path by which a generated SDK for Go imports itself. */
    function moduleOf(sdk: string): string {
        const source = readFileSync(join(sdk, "smallNetwork.go"), "utf8");
        return /"(\S*small-?network\S*)\/internal"/.exec(source)?.[1] ?? "";
    }

    it("is added from a folder of a Git repository, by its tag", async function () {
        if (!onPath("pulumi-language-yaml")) {
            console.error("skipped: start the sandbox with --languages yaml");
            this.skip();
        }
        const [work, repositories] = [join(folder, "work"), join(folder, "repositories")];
        cpSync(join(folder, "plugin"), join(work, "plugin"), { recursive: true });
        const author = ["-c", "user.name=author", "-c", "user.email=author@example.com"];
        await succeeds(folder, "git", "init", "--quiet", work);
        await succeeds(work, "git", "add", ".");
        await succeeds(work, "git", ...author, "commit", "--quiet", "--message", "One");
        await succeeds(work, "git", "tag", "v1.0.0");
        await succeeds(folder, "git", "clone", "--quiet", "--bare", work, join(repositories, "owner/network.git"));
        // Where the engine clones it to, it finds the checkout's packages in a folder above it.
        const packages = join(process.env["PULUMI_HOME"] ?? "", "node_modules");
        symlinkSync(join(checkout, "node_modules"), packages);
        const server = await serveGit(repositories);
        const project = join(folder, "git");
        mkdirSync(project);
        writeFileSync(join(project, "Pulumi.yaml"), "name: git\nruntime: yaml\n");
        const trusting = Object.entries(server.env).map(([name, value]) => `${name}=${value}`);
        const source = `${server.url}/owner/network.git/plugin@v1.0.0`;
        await succeeds(project, "env", ...trusting, "pulumi", "package", "add", source);
        server.close();
        const added = /^ {2}small-network: git\.test\/owner\/network\.git\/plugin@v1\.0\.0$/m;
        assert.match(readFileSync(join(project, "Pulumi.yaml"), "utf8"), added);
    });

    it("has an SDK for .NET", async function () {
        if (!onPath("pulumi-language-dotnet")) {
            console.error("skipped: start the sandbox with --languages dotnet");
            this.skip();
        }
        // The package's logo is downloaded for it.
        const server = createServer((_, response) => response.end("logo")).listen(0, "127.0.0.1");
        await once(server, "listening");
        const logoUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
        writeFileSync(join(folder, "schema.json"), JSON.stringify({ ...(await schemaOf("./plugin")), logoUrl }));
        await succeeds(folder, "pulumi", "package", "gen-sdk", "schema.json", "--language", "dotnet", "--out", "sdk");
        server.close();
        const source = readFileSync(join(folder, "sdk/dotnet/SmallNetwork.cs"), "utf8");
        assert.match(source, /public partial class SmallNetwork : global::Pulumi.ComponentResource/);
    });
});
