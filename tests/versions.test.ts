import assert from "assert/strict";
import { globSync, readFileSync } from "fs";

/** What is read of a manifest. */
interface Manifest {
    readonly version: string;
    readonly dependencies: Readonly<Record<string, string>>;
}

function manifest(folder: string): Manifest {
    return JSON.parse(readFileSync(`${folder}package.json`, "utf8")) as Manifest;
}

// One version is released as a whole: package, template, and what CHANGELOG.md says of it.
describe("the package's version", () => {
    const { version } = manifest("components/");

    it("is what the lab and the template install", () => {
        assert.equal(manifest("").dependencies["pulumi-vpc-peering"], version);
        assert.equal(manifest("template/").dependencies["pulumi-vpc-peering"], `^${version}`);
    });

    it("is the plugin's, which a kept schema has too", () => {
        const { version: own, dependencies } = manifest("plugin/");
        const schema = JSON.parse(readFileSync("plugin/schema.json", "utf8")) as Manifest;
        assert.deepEqual([own, dependencies["pulumi-vpc-peering"], schema.version], [version, version, version]);
    });

    it("is the one that the pages install", () => {
        for (const page of ["README.md", "components/README.md", "docs/own-stack.md"]) {
            assert.ok(readFileSync(page, "utf8").includes(`release/pulumi-vpc-peering-${version}.tgz`), page);
        }
        assert.ok(readFileSync("plugin/README.md", "utf8").includes(`/plugin@v${version}`));
    });

    it("is installed from a tarball first, while its name on npm is free for anybody to take", () => {
        const all = ["README.md", "components/README.md", "plugin/README.md", ...globSync("docs/**/*.md")];
        const byName = all.filter((page) => /npm install\s+pulumi-vpc-peering/.test(readFileSync(page, "utf8")));
        assert.ok(byName.length > 2);
        for (const page of byName) {
            const [first = ""] = /npm install\s+[^\s]*pulumi-vpc-peering[^\s`]*/.exec(readFileSync(page, "utf8")) ?? [];
            assert.match(first, /\.tgz$/, page);
        }
    });

    it("is the newest of the changelog", () => {
        const [, newest] = /^## (\S+)/m.exec(readFileSync("CHANGELOG.md", "utf8")) ?? [];
        assert.equal(newest, version);
    });
});
