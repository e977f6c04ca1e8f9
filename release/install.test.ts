import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../sandbox/cache/process.ts";
import { filesOf, pages } from "../sandbox/tests/inside/pages/page.ts";
import { folderOf, kinds, template, upgrade, type Kind } from "./kinds.ts";

// The package as npm packs it, installed into projects as its users have them: their compilers, their module kinds, the oldest
// and the newest versions. Packets follow in packets.test.ts, inside a sandbox, where there is no registry.

/** Copies the template with the tarball in place of the package's version, as npm would find it once it is published. */
function copyTemplate(): void {
    rmSync(template, { recursive: true, force: true });
    cpSync(join(here, "../template"), template, { recursive: true });
    const manifest = join(template, "package.json");
    const text = readFileSync(manifest, "utf8");
    const published = new RegExp(`("${name}"): "\\^${version.replaceAll(".", "\\.")}"`);
    assert.match(text, published);
    writeFileSync(manifest, text.replace(published, `$1: "file:${tarball}"`));
}

const here = import.meta.dirname;
const { name, version } = JSON.parse(readFileSync(join(here, "../components/package.json"), "utf8")) as {
    name: string;
    version: string;
};
const tarball = join(here, `${name}-${version}.tgz`);

/**
 * Installs what a folder's manifest asks for. Packages of another project go in ahead, where there is one: npm keeps what fits,
 * which takes seconds instead of half a minute.
 */
async function npmInstall(folder: string, like?: string): Promise<void> {
    if (like !== undefined && existsSync(join(like, "node_modules"))) {
        await run("cp", ["-a", join(like, "node_modules"), folder]);
    }
    await run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline"], { cwd: folder, timeout: 300 });
}

/** Makes a project and installs what it needs. */
async function install(kindName: string, { base, versions, checks }: Kind): Promise<void> {
    const folder = folderOf(kindName);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const files = ["index.ts", "mocks.test.ts", ...(checks ? ["check.test.ts"] : [])];
    for (const file of files) {
        cpSync(join(here, "projects", file), join(folder, file));
    }
    cpSync(join(here, "projects", base, "tsconfig.json"), join(folder, "tsconfig.json"));
    const isModule = base === "nodenext";
    const manifest = {
        name: kindName,
        private: true,
        ...(isModule && { type: "module" }),
        dependencies: {
            "@types/mocha": "10.0.10",
            "@types/node": "^22",
            mocha: "11.8.0",
            ...versions,
            [name]: `file:${tarball}`,
        },
    };
    writeFileSync(join(folder, "package.json"), JSON.stringify(manifest, undefined, 2));
    // Pulumi's own compiler reads no ES modules, so such a project is compiled ahead.
    const main = isModule ? "main: bin/index.js\n" : "main: index.ts\n";
    const options = isModule ? "runtime:\n  name: nodejs\n  options:\n    typescript: false\n" : "runtime: nodejs\n";
    writeFileSync(join(folder, "Pulumi.yaml"), `name: ${kindName}\n${options}${main}`);
    await npmInstall(folder);
}

describe("the package, installed", () => {
    it("has 100 KB at most, and nothing of its users' business", async () => {
        assert.ok(statSync(tarball).size <= 100_000, `${statSync(tarball).size} bytes`);
        const files = (await run("tar", ["tzf", tarball])).trim().split("\n");
        const roots = new Set(files.map((file) => file.replace(/^package\//, "").replace(/\/.*|\..*/, "")));
        const wanted = [
            "addresses",
            "check",
            "index",
            "internal",
            "lab",
            "namespaces",
            "nearest",
            "ordering",
            "peering",
            "problems",
            "rules",
            "shell",
        ];
        assert.deepEqual([...roots].sort(), ["CHANGELOG", "LICENSE", "README", ...wanted, "package"].sort());
    });

    for (const [kindName, kind] of Object.entries(kinds)) {
        describe(kind.title, () => {
            const folder = folderOf(kindName);
            const bin = (program: string) => join(folder, "node_modules/.bin", program);

            before(() => install(kindName, kind));

            it("is what npm installs, and it alone", () => {
                const inside = readdirSync(join(folder, "node_modules", name));
                assert.ok(inside.includes("index.js") && inside.includes("index.d.ts"));
                assert.equal(existsSync(join(folder, "node_modules/@pulumi/command")), kind.checks);
                const own = JSON.parse(readFileSync(join(folder, "node_modules/.package-lock.json"), "utf8")) as {
                    packages: Record<string, { version: string }>;
                };
                for (const [dependency, wanted] of Object.entries(kind.versions)) {
                    const found = own.packages[`node_modules/${dependency}`]?.version ?? "";
                    assert.ok(wanted.startsWith("^") || found === wanted, `${dependency} ${found}`);
                }
            });

            it("is type-checked and compiled", async () => {
                await run(bin("tsc"), [], { cwd: folder });
            });

            it("runs on Pulumi's mocks", async () => {
                const files = ["bin/mocks.test.js", ...(kind.checks ? ["bin/check.test.js"] : [])];
                for (const file of files) {
                    await run(bin("mocha"), ["--timeout", "60000", file], { cwd: folder });
                }
            });
        });
    }

    // A suite, so that it runs after those before it, whose packages it has.
    describe("its pages", () => {
        it("have programs that a strict compiler takes", async () => {
            const folder = folderOf("newest");
            const programs = join(folder, "pages");
            rmSync(programs, { recursive: true, force: true });
            for (const page of pages) {
                const own = join(programs, page.replaceAll("/", "-"));
                mkdirSync(own, { recursive: true });
                for (const [file, program] of Object.entries(filesOf(page))) {
                    writeFileSync(join(own, file), program);
                }
            }
            // Only its types are needed; its plugin can't be had everywhere.
            const options = ["--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
            await run("npm", ["install", ...options, "@pulumi/awsx@3.9.0"], { cwd: folder, timeout: 300 });
            writeFileSync(join(programs, "tsconfig.json"), JSON.stringify({ extends: "../tsconfig.json" }));
            await run(join(folder, "node_modules/.bin/tsc"), ["--noEmit", "-p", programs], { cwd: folder });
            // Or the engine would look for its plugin in a later test.
            await run("npm", ["prune", "--no-audit", "--no-fund"], { cwd: folder });
        });
    });

    it("is installed beside the version before, for an upgrade", async () => {
        const packages = { [upgrade.before]: join(here, "previous.tgz"), [upgrade.now]: tarball };
        for (const [folder, file] of Object.entries(packages)) {
            rmSync(folder, { recursive: true, force: true });
            mkdirSync(folder, { recursive: true });
            cpSync(join(here, "projects/upgrade.ts"), join(folder, "index.ts"));
            cpSync(join(here, "projects/template/tsconfig.json"), join(folder, "tsconfig.json"));
            const dependencies = { ...kinds["newest"]?.versions, [name]: `file:${file}` };
            writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, dependencies }));
            writeFileSync(join(folder, "Pulumi.yaml"), "name: upgrade\nruntime: nodejs\nmain: index.ts\n");
            await npmInstall(folder, folderOf("newest"));
        }
        const installed = readFileSync(join(upgrade.before, "node_modules", name, "package.json"), "utf8");
        assert.notEqual((JSON.parse(installed) as { version: string }).version, version);
    });

    it("is what the template asks for, in its version", async () => {
        copyTemplate();
        const folder = folderOf("template-itself");
        rmSync(folder, { recursive: true, force: true });
        cpSync(template, folder, { recursive: true });
        // Also leaves in npm's cache what `pulumi new` installs inside a sandbox.
        await npmInstall(folder, folderOf("newest"));
        await run(join(folder, "node_modules/.bin/tsc"), ["--noEmit"], { cwd: folder });
    });
});
