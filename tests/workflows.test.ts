import assert from "assert/strict";
import * as fs from "fs";
import * as path from "path";
import { parse } from "yaml";
import { reference } from "../settings/schema";

const root = path.join(__dirname, "..");

interface Step {
    readonly uses?: string;
    readonly run?: string;
}

interface Job {
    readonly steps: readonly Step[];
    readonly "timeout-minutes"?: number;
    readonly permissions?: Readonly<Record<string, string>>;
}

interface Workflow {
    readonly permissions?: Readonly<Record<string, string>>;
    readonly concurrency?: object;
    readonly jobs: Readonly<Record<string, Job>>;
}

const exists = (file: string) => fs.existsSync(path.join(root, file));

/** What is read of a manifest. */
interface Manifest {
    readonly name: string;
    readonly scripts: Readonly<Record<string, string>>;
    readonly devDependencies: Readonly<Record<string, string>>;
}

const manifestOf = (file: string) => JSON.parse(fs.readFileSync(path.join(root, file), "utf8")) as Manifest;
const { scripts, devDependencies } = manifestOf("package.json");
const { name: packageName } = manifestOf("components/package.json");

/** What a line of a `run` may be, and whether all that it refers to is there; the first that matches counts. */
const lines: readonly (readonly [RegExp, (...groups: string[]) => boolean])[] = [
    [/^npm (?:ci|test)$/, () => true],
    [/^npm run (\S+)(?: -- .*)?$/, (script) => script in scripts],
    [/^npx (\S+) .*?(\S+\.ts)$/, (program, file) => program in devDependencies && exists(file)],
    [/^(\.\S+)$/, (file) => (fs.statSync(path.join(root, file)).mode & 0o111) !== 0],
    // The package by its name, and its manifest.
    [/^npm pkg set --workspace (\S+) /, (name) => name === packageName],
    [/^npm publish "\.\/release\/(\S+)-\$\{GITHUB_REF_NAME#v\}\.tgz" /, (name) => name === packageName],
    [/^test "\$GITHUB_REF_NAME" = .*require\("\.\/([^"]+)"\)/, exists],
    [/^sudo (?:sysctl|apt-get) /, () => true],
    [/^pulumi (?:preview|up --yes) --stack dev$/, () => exists("Pulumi.dev.yaml")],
    [
        /^pulumi config set --stack dev (?:--path ')?(\w+)/,
        (setting) => reference.some(({ path: one }) => one === setting),
    ],
    [/^git checkout (\S+)$/, exists],
];

/** Why a line of a `run` can't work; undefined if nothing is known against it. */
function problemOf(line: string): string | undefined {
    for (const [form, isThere] of lines) {
        const match = form.exec(line);
        if (match) return isThere(...match.slice(1)) ? undefined : `${line}: it refers to something that is not there`;
    }
    return `${line}: no test knows what it refers to`;
}

describe("the workflows", () => {
    // The last ones are to be copied.
    const files = [".github/workflows", "docs/teams"].flatMap((folder) =>
        fs.readdirSync(path.join(root, folder)).map((file) => path.join(folder, file)),
    );
    for (const file of files.filter((one) => one.endsWith(".yml"))) {
        const { jobs, permissions, concurrency } = parse(fs.readFileSync(path.join(root, file), "utf8")) as Workflow;

        it(`${file} runs scripts and files that there are`, () => {
            const steps = Object.values(jobs).flatMap((job) => job.steps);
            const typed = steps.flatMap(({ run = "" }) => run.split(/\n| && /).filter((line) => line !== ""));
            assert.ok(typed.length > 0);
            assert.deepEqual(
                typed.map(problemOf).filter((problem) => problem !== undefined),
                [],
            );
        });

        it(`${file} may only read, has time limits, and names versions of what it uses`, () => {
            // All jobs of the one to copy get a role of AWS's.
            const needed = file.startsWith("docs/") ? { "id-token": "write" } : {};
            assert.deepEqual(permissions, { contents: "read", ...needed });
            assert.ok(concurrency);
            for (const [name, { steps, ...job }] of Object.entries(jobs)) {
                assert.ok(Number(job["timeout-minutes"]) > 0, name);
                const more = Object.entries(job.permissions ?? {}).filter(([, level]) => level !== "read");
                assert.deepEqual(more, name === "publish" ? [["id-token", "write"]] : []);
                for (const { uses } of steps) {
                    assert.match(uses ?? "a/b@v1", /^[\w-]+\/[\w-]+@(v\d+|[0-9a-f]{40})$/);
                }
            }
        });
    }

    it("would fail over a script, a file or a program that is not there", () => {
        for (const line of [
            "npm run no-such",
            "npx mocha tests/none.test.ts",
            "npx none tests/mocks.ts",
            "pulumi config set --stack dev none x",
            "make",
        ]) {
            assert.ok(problemOf(line) !== undefined, line);
        }
    });
});
