import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { summarize } from "../lab/report.ts";
import type { Act } from "../lab/act.ts";
import { actsNamed, lab as labActs, tour } from "../lab/acts/acts.ts";
import { packetVerdicts } from "../lab/acts/byProgram.ts";
import { Cleanup } from "../lab/cleanup.ts";
import { readCommand } from "../lab/command.ts";
import { playActs, type Stage } from "../lab/play.ts";
import { withoutSecrets, withSettings } from "../lab/settings.ts";
import { readArguments } from "../launch/command.ts";

const start = join(import.meta.dirname, "../start.mjs");

function sandbox(...args: string[]) {
    return spawnSync(process.execPath, [start, ...args], { encoding: "utf8" });
}

function lab(...args: string[]) {
    return sandbox("lab", ...args);
}

function namesOf(...args: string[]): string[] {
    const command = readCommand(args);
    assert.ok("acts" in command, "says" in command ? command.says : "");
    return [...command.acts];
}

function act(name: string, rest: Partial<Act<Stage>> = {}): Act<Stage> {
    return { name, shows: "", rule: "", settings: {}, play: () => Promise.resolve([]), ...rest };
}

const verdict = { what: "x", expected: "1", seen: "1" };

type Step = "prepare" | "play" | "cleanUp";

/** Plays acts and notes their steps; an act in `fails` fails in the step that is given for it. */
async function play(
    acts: readonly Act<Stage>[],
    fails: Readonly<Record<string, Step>>,
    ending = new AbortController(),
) {
    const done: string[] = [];
    const step = (what: Step, name: string): Promise<void> => {
        done.push(`${what} ${name}`);
        if (name === "ends the run") {
            ending.abort("SIGINT");
        }
        return fails[name] === what ? Promise.reject(new Error(`${what} failed`)) : Promise.resolve();
    };
    const reports = await playActs(
        acts.map((each) => ({
            ...each,
            play: async (stage) => {
                await step("play", each.name);
                return [verdict, ...(await each.play(stage))];
            },
        })),
        ({ name }) => ({
            prepare: () => step("prepare", name),
            cleanUp: () => step("cleanUp", name),
            changes: {},
        }),
        { log: () => undefined, ending: ending.signal },
    );
    return { done, reports };
}

describe("the lab's arguments", () => {
    it("select three acts by default, all acts for `tour`, and one act and `destroy` for its name", () => {
        assert.deepEqual(namesOf(), ["base", "peering", "destroy"]);
        assert.deepEqual(
            namesOf("tour"),
            tour.map(({ name }) => name),
        );
        assert.deepEqual(namesOf("dns"), ["dns", "destroy"]);
    });

    it("name acts in any order, which are played in the tour's order; `destroy` alone adds `base`", () => {
        assert.deepEqual(namesOf("peered", "pending"), ["pending", "peered", "destroy"]);
        assert.deepEqual(namesOf("destroy"), ["base", "destroy"]);
    });

    it("take a file for the report with any acts", () => {
        for (const names of [[], ["tour"], ["dns"]]) {
            const command = readCommand([...names, "--report", "lab.json"]);
            assert.equal("report" in command && command.report, "lab.json");
            const pictured = readCommand([...names, "--html", "lab.html"]);
            assert.equal("html" in pictured && pictured.html, "lab.html");
        }
    });

    it("are refused before anything starts, with the unknown act's name and the known ones", () => {
        const { status, stdout, stderr } = lab("base", "bsae");
        assert.equal(status, 2);
        assert.equal(stdout, "");
        assert.match(stderr, /^there is no act bsae; there are: tour, base, .*destroy\n$/);
        const option = lab("--lits");
        assert.equal(option.status, 2);
        assert.match(option.stderr, /--lits[^]*usage: npm run lab/);
        const command = readCommand(["--report", "/nowhere/lab.json", "--html", import.meta.dirname]);
        assert.ok("says" in command && command.code === 2);
        assert.match(
            command.says,
            /^--report \/nowhere\/lab\.json: give the path of a file.*\n--html .*: give the path/,
        );
    });

    it("ask for predictions on a terminal only", () => {
        const command = readCommand(["dns", "--predict"], true);
        assert.ok("predict" in command && command.predict);
        const piped = readCommand(["dns", "--predict"], false);
        assert.deepEqual(piped, {
            says: "--predict asks on a terminal, and standard input is none: run it without a pipe",
            code: 2,
        });
        const puzzle = readCommand(["puzzle", "--predict"], true);
        assert.ok("says" in puzzle && puzzle.says.startsWith("--predict is for acts"));
        const both = readCommand(["dns", "--predict", "--step"], true);
        assert.ok("says" in both && both.says.startsWith("--predict and --step both ask"));
    });

    it("select the acts by name", () => {
        assert.deepEqual(actsNamed(namesOf()), labActs);
        assert.deepEqual(actsNamed(namesOf("tour")), tour);
    });

    it("ask for help", () => {
        for (const option of ["--help", "-h"]) {
            const { status, stdout, stderr } = lab(option);
            assert.deepEqual([status, stderr], [0, ""]);
            assert.match(stdout, /^usage: npm run lab /);
        }
    });

    it("list the acts, a line each", () => {
        const { status, stdout, stderr } = lab("--list");
        assert.equal(status, 0);
        assert.equal(stderr, "");
        const lines = stdout.trim().split("\n");
        assert.equal(lines.length, tour.length);
        for (const [index, { name, shows }] of tour.entries()) {
            assert.ok(lines[index]?.startsWith(`${name} `) && lines[index].endsWith(` ${shows}`), lines[index]);
        }
    });
});

describe("the sandbox's arguments", () => {
    it("ask for help", () => {
        for (const option of ["--help", "-h"]) {
            const { status, stdout, stderr } = sandbox("shell", option);
            assert.deepEqual([status, stderr], [0, ""]);
            assert.match(stdout, /^usage: npm run sandbox /);
        }
    });

    it("are rejected if an option is unknown, and passed on after the program's name", () => {
        const { status, stdout, stderr } = sandbox("shell", "--no-plumi", "true");
        assert.deepEqual([status, stdout], [2, ""]);
        assert.match(stderr, /^unknown option --no-plumi\n\nusage: npm run sandbox /);
        assert.deepEqual(readArguments(["shell", "--no-pulumi", "terraform", "--help"]), {
            task: { shell: ["terraform", "--help"] },
            pulumi: false,
            awsCli: false,
        });
    });

    it("take languages to make ready for, and reject others", () => {
        assert.deepEqual(readArguments(["shell", "--languages", "yaml,python", "pulumi", "up"]), {
            task: { shell: ["pulumi", "up"] },
            pulumi: true,
            languages: ["yaml", "python"],
            awsCli: false,
        });
        for (const list of [["cobol"], [], ["yaml", "--no-pulumi"]]) {
            const reply = readArguments(["shell", "--languages", ...list]);
            assert.match("says" in reply ? reply.says : "", /^--languages (takes a list of nodejs, |needs Pulumi)/);
        }
    });
});

describe("withSettings", () => {
    it("adds settings to a file, and to what is nested in it, and replaces lists", () => {
        const file = `config:
  aws:region: eu-west-1 # the only one
  lab:sshCidrs: [192.0.2.0/24, 198.51.100.0/24]
  lab:accepter: { cidrBlock: 10.42.0.0/16, subnet: { cidrBlock: 10.42.1.0/24 } }
`;
        const settings = { peering: true, sshCidrs: ["0.0.0.0/0"], accepter: { region: "x", subnet: { name: "y" } } };
        assert.deepEqual(parse(withSettings(file, "lab", settings)), {
            config: {
                "aws:region": "eu-west-1",
                "lab:peering": true,
                "lab:sshCidrs": ["0.0.0.0/0"],
                "lab:accepter": {
                    cidrBlock: "10.42.0.0/16",
                    region: "x",
                    subnet: { cidrBlock: "10.42.1.0/24", name: "y" },
                },
            },
        });
    });
});

describe("withoutSecrets", () => {
    it("leaves out secrets, nested ones too, and the salt or key of their encryption", () => {
        const file = `secretsprovider: awskms://alias/key
encryptedkey: AAAA
encryptionsalt: v1:AAAA
config:
  lab:sshPrivateKey: { secure: AAAA }
  lab:accepter: { region: us-east-1, externalId: { secure: AAAA } }
  lab:sshCidrs: [192.0.2.0/24, { secure: AAAA }]
`;
        assert.deepEqual(parse(withoutSecrets(file)), {
            config: { "lab:accepter": { region: "us-east-1" }, "lab:sshCidrs": ["192.0.2.0/24"] },
        });
    });
});

describe("the tour", () => {
    it("has acts with different names, each with an AWS page, and destroys at the end only", () => {
        assert.equal(new Set(tour.map(({ name }) => name)).size, tour.length);
        for (const { name, rule } of tour) {
            assert.match(rule, /^Amazon (VPC|EC2)[A-Za-z ]*, ".+"/, name);
        }
        assert.deepEqual(
            tour.filter(({ settings }) => !settings).map(({ name }) => name),
            ["destroy"],
        );
        assert.equal(tour.at(-1)?.name, "destroy");
    });

    it("has acts that the table of rules names", () => {
        const rules = readFileSync(join(import.meta.dirname, "../../docs/rules.md"), "utf8");
        const named = [...rules.matchAll(/`([a-z-]+)`/g)].map(([, name]) => name);
        const taught = tour.map(({ name }) => name).filter((name) => !["base", "destroy"].includes(name));
        assert.deepEqual(
            taught.filter((name) => !named.includes(name)),
            [],
        );
    });

    it("plays acts with the same settings one after another, so that each change is made once", () => {
        const settings = tour.flatMap(({ stack, settings }) => (stack || !settings ? [] : [JSON.stringify(settings)]));
        const changes = settings.filter((now, index) => now !== settings[index - 1]);
        assert.equal(changes.length, new Set(settings).size);
    });

    it("skips later acts on the stack of a failed act, continues on other stacks, and destroys", async () => {
        const acts = [act("one"), act("two"), act("far", { stack: "other-region" }), act("destroy")];
        for (const step of ["prepare", "play", "cleanUp"] as const) {
            const { reports } = await play(acts, { one: step });
            assert.deepEqual(
                reports.map(({ name, error }) => [name, error]),
                [
                    ["one", `${step} failed`],
                    ["far", undefined],
                    ["destroy", undefined],
                ],
            );
            assert.equal(summarize(reports, []).ok, false);
        }
    });

    it("cleans up after an act that failed, and keeps what was seen when only the cleanup failed", async () => {
        const failed = await play([act("one")], { one: "play" });
        assert.deepEqual(failed.done, ["prepare one", "play one", "cleanUp one"]);
        const { reports } = await play([act("one")], { one: "cleanUp" });
        assert.equal(reports[0]?.verdicts.length, 1);
    });

    it("asks for the verdicts that can wait beside the last act, or after the run that lacks one", async () => {
        const done: string[] = [];
        const late = (what: string) => () => {
            done.push(what);
            return what === "two" ? Promise.reject(new Error("no answer")) : Promise.resolve({ ...verdict, what });
        };
        const waiting = (name: string) => act(name, { play: () => Promise.resolve([late(name)]) });
        const last = act("destroy", {
            play: () => {
                done.push("destroy");
                return Promise.resolve([]);
            },
        });
        const { reports } = await play([waiting("one"), waiting("two"), last], {});
        assert.deepEqual(done, ["one", "two", "destroy"]);
        assert.deepEqual(
            reports.map(({ verdicts, error }) => [verdicts.map(({ what }) => what), error]),
            [
                [["x", "one"], undefined],
                [["x"], "no answer"],
                [["x"], undefined],
            ],
        );
        assert.equal((await play([waiting("one")], {})).reports[0]?.verdicts.length, 2);
    });

    it("plays nothing more once the run is asked to end, not even destroy", async () => {
        const ends = act("ends the run", { play: () => Promise.resolve([() => Promise.resolve(verdict)]) });
        const { reports } = await play([ends, act("two"), act("destroy")], {});
        assert.deepEqual(
            reports.map(({ name, error }) => [name, error]),
            [["ends the run", "the run ended before all of its verdicts were in"]],
        );
    });
});

describe("Cleanup", () => {
    it("undoes all steps from the last to the first, and reports those that failed", async () => {
        const undone: string[] = [];
        const cleanup = new Cleanup();
        for (const what of ["vpc", "route", "rule"]) {
            cleanup.add(what, () => {
                undone.push(what);
                return what === "route" ? Promise.reject(new Error("it is gone")) : Promise.resolve();
            });
        }
        await assert.rejects(cleanup.run(), { message: "route was not undone: it is gone" });
        assert.deepEqual(undone, ["rule", "route", "vpc"]);
        await cleanup.run();
        assert.equal(undone.length, 3);
    });
});

describe("packetVerdicts", () => {
    const outputs = (icmp: string, clientSeen: string | null) => ({
        requester: { privateIp: "10.41.1.100" },
        accepter: { privateIp: "10.42.1.100" },
        checkResults: ["VPC1 -> VPC2", "VPC2 -> VPC1"].map((direction) => ({
            direction,
            // The program's own expectations do not count.
            expected: { icmp, http: "none", dns: "other" },
            seen: { icmp, http: "none", dns: "public" },
            clientSeen,
        })),
    });
    const broken = (...args: Parameters<typeof packetVerdicts>) =>
        packetVerdicts(...args).filter(({ expected, seen }) => expected !== seen);

    it("compare packets with the stage, and ignore the program's own expectations", () => {
        assert.deepEqual(broken(outputs("none", null), false), []);
        assert.deepEqual(
            broken(outputs("reply", null), false).map(({ what }) => what),
            ["VPC1 -> VPC2 ping", "VPC2 -> VPC1 ping"],
        );
        assert.deepEqual(
            broken(outputs("reply", "10.41.1.100"), true).map(({ what }) => what),
            [
                "VPC1 -> VPC2 HTTP",
                "VPC1 -> VPC2 public name",
                "VPC2 -> VPC1 HTTP",
                "VPC2 -> VPC1 public name",
                "VPC2 -> VPC1 client in the log",
            ],
        );
        assert.deepEqual(broken(outputs("reply", "10.42.1.100"), true)[2], {
            what: "VPC1 -> VPC2 client in the log",
            expected: "10.41.1.100",
            seen: "10.42.1.100",
        });
    });

    it("report a check that did not run", () => {
        assert.deepEqual(broken({}, false), [{ what: "check", expected: "two directions", seen: "0 directions" }]);
    });
});
