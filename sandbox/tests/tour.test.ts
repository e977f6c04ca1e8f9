import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { summarize } from "../lab/report.ts";
import type { Act } from "../lab/act.ts";
import { tour } from "../lab/acts/acts.ts";
import { packetVerdicts } from "../lab/acts/byProgram.ts";
import { readCommand } from "../lab/command.ts";
import { Mends } from "../lab/mends.ts";
import { playActs, type Played } from "../lab/play.ts";

const start = join(import.meta.dirname, "../start.mjs");

function lab(...args: string[]) {
    return spawnSync(process.execPath, [start, "lab", ...args], { encoding: "utf8" });
}

function namesOf(...args: string[]): string[] {
    const command = readCommand(args);
    assert.ok("acts" in command, "says" in command ? command.says : "");
    return command.acts.map(({ name }) => name);
}

function act(name: string, rest: Partial<Act> = {}): Act {
    return { name, shows: "", rule: "", settings: {}, play: () => Promise.resolve([]), ...rest };
}

/** Plays acts, each of which says what it does; those in `fails` fail in that step. */
async function play(
    acts: readonly Act[],
    fails: Readonly<Record<string, keyof Played>>,
    ending = new AbortController(),
) {
    const done: string[] = [];
    const reports = await playActs(
        acts,
        ({ name }) => {
            const step = (what: keyof Played) => () => {
                done.push(`${what} ${name}`);
                if (name === "ends the run") {
                    ending.abort("SIGINT");
                }
                return fails[name] === what ? Promise.reject(new Error(`${what} failed`)) : Promise.resolve();
            };
            const verdicts = () => [{ what: "x", expected: "1", seen: "1" }];
            return {
                prepare: step("prepare"),
                play: () => step("play")().then(verdicts),
                mend: step("mend"),
                changes: () => ({}),
            };
        },
        { log: () => undefined, ending: ending.signal },
    );
    return { done, reports };
}

describe("the lab's arguments", () => {
    it("mean three acts without more, all with `tour`, and an act with what destroys after it", () => {
        assert.deepEqual(namesOf(), ["base", "peering", "destroy"]);
        assert.deepEqual(
            namesOf("tour"),
            tour.map(({ name }) => name),
        );
        assert.deepEqual(namesOf("dns"), ["dns", "destroy"]);
    });

    it("mean acts in the tour's order, and give `destroy` something to destroy", () => {
        assert.deepEqual(namesOf("peered", "pending"), ["pending", "peered", "destroy"]);
        assert.deepEqual(namesOf("destroy"), ["base", "destroy"]);
    });

    it("take a report's file with everything", () => {
        for (const names of [[], ["tour"], ["dns"]]) {
            const command = readCommand([...names, "--report", "lab.json"]);
            assert.equal("report" in command && command.report, "lab.json");
        }
    });

    it("are refused with the name of the act that is not there, and those that are, before anything starts", () => {
        const { status, stdout, stderr } = lab("base", "bsae");
        assert.equal(status, 2);
        assert.equal(stdout, "");
        assert.match(stderr, /^there is no act bsae; there are: tour, base, .*destroy\n$/);
        const option = lab("--lits");
        assert.equal(option.status, 2);
        assert.match(option.stderr, /--lits[^]*usage: npm run lab/);
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

describe("the tour", () => {
    it("has acts of different names, each with AWS's page, and destroys at the end only", () => {
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

    it("has acts that the README names where it says what they show", () => {
        const readme = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");
        const named = [...readme.matchAll(/`([a-z-]+)`/g)].map(([, name]) => name);
        const taught = tour.map(({ name }) => name).filter((name) => !["base", "destroy"].includes(name));
        assert.deepEqual(
            taught.filter((name) => !named.includes(name)),
            [],
        );
    });

    it("has acts follow one another that need the same settings, so that each change is made once", () => {
        const settings = tour.flatMap(({ stack, settings }) => (stack || !settings ? [] : [JSON.stringify(settings)]));
        const changes = settings.filter((now, index) => now !== settings[index - 1]);
        assert.equal(changes.length, new Set(settings).size);
    });

    it("leaves out what comes after a broken act on its stack, goes on elsewhere, and destroys", async () => {
        const acts = [act("one"), act("two"), act("far", { stack: "other-region" }), act("destroy")];
        for (const step of ["prepare", "play", "mend"] as const) {
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

    it("mends whatever an act came to, and keeps what was seen when only the mending failed", async () => {
        const failed = await play([act("one")], { one: "play" });
        assert.deepEqual(failed.done, ["prepare one", "play one", "mend one"]);
        const { reports } = await play([act("one")], { one: "mend" });
        assert.equal(reports[0]?.verdicts.length, 1);
    });

    it("plays nothing more when the run is to end, not even destroy", async () => {
        const { reports } = await play([act("ends the run"), act("two"), act("destroy")], {});
        assert.deepEqual(
            reports.map(({ name }) => name),
            ["ends the run"],
        );
    });
});

describe("Mends", () => {
    it("undo the last first, and all even where some fail, and then say which", async () => {
        const undone: string[] = [];
        const mends = new Mends();
        for (const what of ["vpc", "route", "rule"]) {
            mends.add(what, () => {
                undone.push(what);
                return what === "route" ? Promise.reject(new Error("it is gone")) : Promise.resolve();
            });
        }
        await assert.rejects(mends.run(), { message: "route was not undone: it is gone" });
        assert.deepEqual(undone, ["rule", "route", "vpc"]);
        await mends.run();
        assert.equal(undone.length, 3);
    });
});

describe("packetVerdicts", () => {
    const outputs = (icmp: string, clientSeen: string | null) => ({
        requester: { privateIp: "10.41.1.100" },
        accepter: { privateIp: "10.42.1.100" },
        check: ["VPC1 -> VPC2", "VPC2 -> VPC1"].map((direction) => ({
            direction,
            // What the program itself expects is not asked.
            expected: { icmp, http: "none", dns: "other" },
            seen: { icmp, http: "none", dns: "public" },
            clientSeen,
        })),
    });
    const broken = (...args: Parameters<typeof packetVerdicts>) =>
        packetVerdicts(...args).filter(({ expected, seen }) => expected !== seen);

    it("hold packets against the stage, whatever the program expected of them", () => {
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

    it("miss a check that did not run", () => {
        assert.deepEqual(broken({}, false), [{ what: "check", expected: "two directions", seen: "0 directions" }]);
    });
});
