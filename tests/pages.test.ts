import * as assert from "assert";
import * as fs from "fs";
import * as path from "path";
import { pages } from "../docs/generate";

const root = path.join(__dirname, "..");

describe("the generated pages", () => {
    for (const [page, text] of Object.entries(pages)) {
        it(`${page} is what \`npm run docs\` makes of the code`, () => {
            assert.strictEqual(fs.readFileSync(path.join(root, page), "utf8"), text());
        });
    }
});

describe("the pages", () => {
    const all = ["", "docs", "docs/package", "components", "sandbox"].flatMap((folder) =>
        fs.readdirSync(path.join(root, folder)).map((file) => path.join(folder, file)),
    );
    for (const page of all.filter((file) => file.endsWith(".md"))) {
        it(`${page} links to files that there are`, () => {
            const text = fs.readFileSync(path.join(root, page), "utf8");
            const links = [...text.matchAll(/\]\(([^)#]+)[^)]*\)|^\[[^\]]+\]: (\S+)$/gm)].map(
                ([, a, b]) => a ?? b ?? "",
            );
            const missing = links
                .filter((link) => !link.includes("://"))
                .filter((link) => !fs.existsSync(path.join(root, path.dirname(page), link)));
            assert.deepStrictEqual(missing, []);
        });
    }

    it("about the package are all in the table of docs/own-stack.md", () => {
        const table = fs.readFileSync(path.join(root, "docs/own-stack.md"), "utf8");
        const listed = [...table.matchAll(/\(package\/([^)]+)\)/g)].map(([, page = ""]) => page);
        assert.deepStrictEqual(listed.sort(), fs.readdirSync(path.join(root, "docs/package")).sort());
    });

    it("use no reference in the table of rules that is not there", () => {
        const text = fs.readFileSync(path.join(root, "docs/rules.md"), "utf8");
        const defined = [...text.matchAll(/^\[([^\]]+)\]: /gm)].map(([, name]) => String(name));
        const table = text.slice(0, text.indexOf("[network]:"));
        const used = [...table.matchAll(/\[([a-z ]+)\](?!\()/g)].map(([, name]) => String(name));
        assert.deepStrictEqual([...new Set(used)].sort(), [...defined].sort());
    });
});
