import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

// `npm run release`: tests, packs and tags the version that components/package.json has. Nothing leaves this machine unless
// `--publish` says so.

const root = join(import.meta.dirname, "..");
const { values } = parseArgs({ options: { publish: { type: "boolean", default: false } } });

function git(...args: string[]): string {
    return execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
}

/** Runs a command in view; throws if it fails. */
function show(command: string, ...args: string[]): void {
    console.log(`== ${[command, ...args].join(" ")}`);
    execFileSync(command, args, { cwd: root, stdio: "inherit" });
}

const { name, version } = JSON.parse(readFileSync(join(root, "components/package.json"), "utf8")) as {
    name: string;
    version: string;
};
const tag = `v${version}`;
const tarball = `release/${name}-${version}.tgz`;
const heading = new RegExp(`^## ${version.replaceAll(".", "\\.")} \\(\\d{4}-\\d\\d-\\d\\d\\)$`, "m");

const problems = [
    ...(git("status", "--porcelain") === "" ? [] : ["The working tree has changes: commit them, or 'git stash' them."]),
    ...(git("tag", "--list", tag) === "" ? [] : [`${tag} is tagged already: write the next version's number.`]),
    ...(heading.test(readFileSync(join(root, "CHANGELOG.md"), "utf8"))
        ? []
        : [`CHANGELOG.md has no '## ${version} (YYYY-MM-DD)': say there what this version changes, and its date.`]),
];
if (problems.length > 0) {
    console.error([`${tag} can't be released; nothing was changed:`, ...problems].join("\n  "));
    process.exit(1);
}

show("npm", "test");
show("npm", "run", "test:package");
show("git", "tag", "--annotate", tag, "--message", `${name} ${version}`);
// The next version is tested by an upgrade from this one.
copyFileSync(join(root, tarball), join(import.meta.dirname, "previous.tgz"));
show("git", "commit", "--message", `Keep ${version} to upgrade from`, "release/previous.tgz");
// The workflow publishes, where a person approves it and npm can tell what it was built from.
const published = "publishes it once a person has approved it: .github/workflows/release.yml";
if (values.publish) {
    show("git", "push", "origin", "HEAD", tag);
    console.log(`${tag} is pushed. A workflow tests it, and ${published}.`);
} else {
    console.log(
        `${tag} is tagged and packed, and nothing is published. To publish it, 'git push origin HEAD ${tag}': a workflow tests it, and ${published}.`,
    );
}
