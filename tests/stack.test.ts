import * as assert from "assert";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { main } from "../commands/explain";
import { projectName, readStack, sourcesOf } from "../commands/stack";
import { savePlaces } from "../reachability/files";
import { pair } from "../reachability/tests/cases";

describe("projectName", () => {
    it("is the one in Pulumi.yaml, with or without quotes", () => {
        assert.strictEqual(projectName("# A name: x\nname: my-lab.2\ndescription: A name\n"), "my-lab.2");
        assert.strictEqual(projectName('runtime: nodejs\nname: "42"\n'), "42");
    });
});

const servers = { requester: { serverId: "i-client", region: "eu-north-1" }, accepter: { serverId: "i-server" } };
const typed = { name: "explain", args: ["requester", "accepter"], env: {} } as const;

/** What the CLI prints for each of its commands; it fails on any other one. */
type Answers = Readonly<Record<string, unknown>>;

/** Runs something where `pulumi` answers so, or, without answers, where there is none. */
async function where<Result>(answers: Answers | undefined, run: (folder: string) => Promise<Result>): Promise<Result> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "stack-test-"));
    const cases = Object.entries(answers ?? {}).map(
        ([args, answer]) => `'${args}') echo '${JSON.stringify(answer)}' ;;`,
    );
    if (answers) {
        const script = `#!/bin/sh\ncase "$*" in ${cases.join(" ")} *) echo "no answer to $*" >&2; exit 1 ;; esac\n`;
        fs.writeFileSync(path.join(folder, "pulumi"), script, { mode: 0o755 });
    }
    const before = process.env["PATH"];
    process.env["PATH"] = answers ? `${folder}:${before ?? ""}` : folder;
    try {
        return await run(folder);
    } finally {
        process.env["PATH"] = before;
        fs.rmSync(folder, { recursive: true });
    }
}

const [outputs, config] = ["stack output --json", "config --json"];

describe("the stack's settings", () => {
    it("are the project's own, or else AWS's provider's, whatever other namespaces have", async () => {
        const values = {
            "aws:profile": { value: "work" },
            "lab:peering": { value: "false" },
            "random:prefix": { value: "x" },
            "vpc-peering-lab:peering": { value: "true" },
        };
        const found = await where({ [outputs]: servers, [config]: values }, async () => {
            const { setting } = await readStack(typed);
            return Promise.all(["profile", "peering", "prefix"].map(setting));
        });
        assert.deepStrictEqual(found, ["work", "true", undefined]);
    });
});

describe("where AWS describes the stack's sides", () => {
    const side = { profile: "theirs", roleArn: "arn:aws:iam::222222222222:role/x", externalId: "1234" };
    const usual = { region: undefined, profile: "work", roleArn: undefined, externalId: undefined, isSecret: false };
    const key = "vpc-peering-lab:requester";
    const sources = (answers: Answers) =>
        where({ [outputs]: servers, ...answers }, async () => sourcesOf(await readStack(typed)));

    // As version 3.259 prints them.
    for (const [what, shown, asked] of [
        ["an object", { objectValue: side }, {}],
        ["text of an object", { value: JSON.stringify(side) }, {}],
        [
            "an object with a secret in it",
            { secret: true },
            { value: JSON.stringify(side), objectValue: side, secret: true },
        ],
        ["a secret text of an object", { secret: true }, { value: JSON.stringify(side), secret: true }],
    ] as const) {
        it(`has a side's role and profile that are ${what}`, async () => {
            const values = { "aws:profile": { value: "work" }, [key]: shown };
            assert.deepStrictEqual(await sources({ [config]: values, [`config get ${key} --json`]: asked }), [
                { region: "eu-north-1", ...side, isSecret: "secret" in shown },
                usual,
            ]);
        });
    }

    it("has the usual profile, also where it is a secret", async () => {
        const asked = { "config get aws:profile --json": { value: "work", secret: true } };
        const [, accepter] = await sources({ [config]: { "aws:profile": { secret: true } }, ...asked });
        assert.deepStrictEqual(accepter, { ...usual, isSecret: true });
    });

    it("is not known of a side that is no object, which says how to set one, and not what it is", async () => {
        const answers = { [config]: { [key]: { secret: true } }, [`config get ${key} --json`]: { value: "hush" } };
        await assert.rejects(sources(answers), (error: Error) => {
            assert.match(error.message, /'requester' is not an object/);
            assert.match(
                error.message,
                / pulumi config rm requester && pulumi config set --path requester\.region eu-north-1$/,
            );
            assert.doesNotMatch(error.message, /hush/);
            return true;
        });
    });

    it("is not known where a secret can't be read", async () => {
        await assert.rejects(sources({ [config]: { [key]: { secret: true } } }), (error: Error) => {
            assert.match(error.message, /^The secret in 'vpc-peering-lab:requester' can't be read: no answer/);
            return true;
        });
    });
});

describe("the stack's servers", () => {
    it("are known where a side is a secret, or its ID", async () => {
        for (const requester of ["[secret]", { serverId: "[secret]" }]) {
            const answers = {
                [outputs]: { ...servers, requester },
                [`${outputs} --show-secrets`]: servers,
                [config]: {},
            };
            const { outputs: found } = await where(answers, () => readStack(typed));
            assert.strictEqual(found.requester.serverId, "i-client");
        }
    });

    it("are read without secrets where none is needed", async () => {
        const answers = { [outputs]: { ...servers, keyPair: "[secret]" }, [config]: {} };
        const { outputs: found } = await where(answers, () => readStack(typed));
        assert.deepStrictEqual(Object.keys(found), ["requester", "accepter", "checkResults"]);
    });

    const npm = { npm_lifecycle_event: "explain" };
    /** What a command that can't be answered says, and what it says to type last. */
    const refused = async (answers: Answers | undefined, args: readonly string[], env: NodeJS.ProcessEnv) => {
        const lines: string[] = [];
        const add = (line: string) => lines.push(line);
        const status = await where(answers, () => main(args, env, { log: add, error: add }));
        const text = lines.join("\n");
        return { status, text, commands: [...text.matchAll(/^ {2}(.*)$/gm)].map(([, command]) => command ?? "") };
    };

    for (const [what, found] of [
        ["another project's outputs", { url: "http://192.0.2.1", servers: ["i-1", "i-2"] }],
        ["outputs of the same name that are no servers", { requester: "vpc-1", accepter: { vpcId: "vpc-2" } }],
        ["no outputs", {}],
    ] as const) {
        it(`are not found among ${what}, which says what to type instead`, async () => {
            const places = pair();
            for (const env of [{}, npm]) {
                const { status, text, commands } = await refused(
                    { [outputs]: found, [config]: {} },
                    ["requester", "accepter"],
                    { ...env, AWS_REGION: "eu-north-1" },
                );
                assert.strictEqual(status, 2);
                assert.ok(text.includes(path.join(__dirname, "..")), text);
                assert.match(text, /outputs 'requester' and 'accepter'/);
                const [, typed = ""] = /^(?:npm run explain --|explain) (.*)$/.exec(commands.at(-1) ?? "") ?? [];
                assert.strictEqual(commands.at(-1)?.startsWith("npm"), env === npm);
                // The remedy works, and so does what it is said to be about: a name, an ID or an address.
                const lines: string[] = [];
                const answered = await where(undefined, async (folder) => {
                    savePlaces(folder, places);
                    const out = { log: (line: string) => lines.push(line), error: (line: string) => lines.push(line) };
                    const ends = [
                        ["client", "10.2.1.10"],
                        ["i-client", "eni-server"],
                    ];
                    const all = [typed.split(" "), ...ends].map((args) => main([...args, "--state", folder], {}, out));
                    return Promise.all(all);
                });
                assert.deepStrictEqual(answered, [0, 0, 0], lines.join("\n"));
            }
        });
    }

    it("have no region by default, which the command that shows others asks for", async () => {
        const { commands } = await refused({ [outputs]: {}, [config]: {} }, ["requester", "accepter"], {});
        assert.deepStrictEqual(commands, ["explain --all --region REGION"]);
        const placed = ["requester", "accepter", "--region", "eu-north-1"];
        const { commands: same } = await refused({ [outputs]: {}, [config]: {} }, placed, {});
        assert.deepStrictEqual(same, ["explain --all --region eu-north-1"]);
    });

    it("are not known without the CLI, which says where it is and what to type there", async () => {
        const args = ["requester", "accepter", "tcp/443", "--save", "a folder"];
        const { status, text, commands } = await refused(undefined, args, npm);
        assert.strictEqual(status, 2);
        assert.match(text, /^The Pulumi CLI was not found on PATH/);
        assert.match(text, /'npm run sandbox' opens a shell/);
        assert.match(text, /https:\/\/www\.pulumi\.com\/docs\/install\/$/);
        assert.doesNotMatch(text, /ENOENT/);
        assert.deepStrictEqual(commands, [
            "pulumi up --yes",
            "npm run explain -- requester accepter tcp/443 --save 'a folder'",
        ]);
        const check = where(undefined, () => readStack({ name: "check", args: [], env: npm }));
        await assert.rejects(check, /^ {2}npm run check$/m);
    });

    it("are not known where the CLI fails, which says why itself", async () => {
        await assert.rejects(
            where({}, () => readStack(typed)),
            /^Error: no answer to /,
        );
    });
});
