import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { State, type Place } from "../../reachability/state.ts";
import { readCommand } from "../lab/command.ts";
import { MOST, puzzleOf } from "../lab/puzzle/choose.ts";
import { findingsIn } from "../lab/puzzle/findings.ts";
import { hint, LAST_HINT, solution } from "../lab/puzzle/hints.ts";
import { flows, type Puzzle } from "../lab/puzzle/puzzle.ts";
import { parts, puzzles } from "../lab/puzzle/puzzles.ts";
import { readArguments } from "../launch/command.ts";

function refused(...args: string[]): string {
    const command = readCommand(["puzzle", ...args]);
    assert.ok("says" in command && command.code === 2, args.join(" "));
    return command.says;
}

describe("a puzzle's arguments", () => {
    it("select a puzzle by name, by seed, or none, with a file for the report", () => {
        const read = (...args: string[]) => readCommand(["puzzle", ...args]);
        const none = { name: undefined, seed: undefined, report: undefined, html: undefined };
        assert.deepEqual(read(), { puzzle: none });
        assert.deepEqual(read("missing-route"), { puzzle: { ...none, name: "missing-route" } });
        assert.deepEqual(read("--seed", "0"), { puzzle: { ...none, seed: 0 } });
        assert.deepEqual(read("--report", "mine.json"), { puzzle: { ...none, report: "mine.json" } });
        assert.deepEqual(read("--html", "mine.html"), { puzzle: { ...none, html: "mine.html" } });
    });

    it("prepare Pulumi and the AWS CLI", () => {
        const command = readArguments(["lab", "puzzle", "twin"]);
        assert.ok("task" in command && "puzzle" in command.task && command.pulumi && command.awsCli);
    });

    it("are refused before anything starts, with the remedy", () => {
        const start = join(import.meta.dirname, "../start.mjs");
        const args = [start, "lab", "puzzle", "mising-route"];
        const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
        assert.deepEqual([status, stdout], [2, ""]);
        assert.match(stderr, /^there is no puzzle mising-route; there are: missing-route, .*two-faults\n$/);
        for (const seed of ["x", "1.5", "", "-1", String(MOST + 1)]) {
            assert.equal(refused(`--seed=${seed}`), `--seed takes a whole number from 0 to 4294967295, not '${seed}'`);
        }
        assert.equal(refused("twin", "--seed", "1"), "a puzzle has a name or a seed: give twin or --seed 1");
        assert.equal(refused("twin", "gone"), "a run plays one puzzle, not 2: give one of twin, gone");
        assert.match(
            refused("--report", "/none/here.json", "--html", "/none/here.html"),
            /^--report \/none\/here\.json: give the path of .*\n--html \/none\/here\.html: give/,
        );
        const elsewhere = readCommand(["tour", "--seed", "1"]);
        assert.ok("says" in elsewhere && elsewhere.code === 2);
        assert.equal(elsewhere.says, "--seed is for puzzles: npm run lab -- puzzle --seed 1");
    });

    it("list the puzzles with their complaints", () => {
        const command = readCommand(["puzzle", "--list"]);
        assert.ok("says" in command && command.code === 0);
        for (const { name, complaint } of puzzles) {
            assert.match(command.says, new RegExp(`^${name} +${complaint.replaceAll("?", "\\?")}$`, "m"));
        }
    });
});

describe("the puzzles", () => {
    const seeded = Array.from({ length: 200 }, (_, seed) => puzzleOf(seed));
    const sizeOf = ({ causes }: Puzzle) => causes.length;

    it("have names of their own, and each breaks something", () => {
        assert.equal(new Set(puzzles.map(({ name }) => name)).size, puzzles.length);
        assert.ok(puzzles.length >= 10);
        for (const { name, calls, fails, faults, changes } of puzzles) {
            assert.match(name, /^[a-z]+(-[a-z]+)*$/);
            assert.ok(
                [calls, fails, faults, changes].every((list) => list.length > 0),
                name,
            );
            assert.deepEqual(
                fails,
                flows.filter((flow) => fails.includes(flow)),
            );
        }
    });

    it("have complaints that name neither what is broken nor any resource", () => {
        for (const { name, complaint, faults } of [...puzzles, ...seeded]) {
            for (const { kind } of faults) {
                assert.ok(!complaint.includes(kind), name);
            }
            assert.doesNotMatch(complaint, /\b(rtb|sg|acl|pcx|vpc|igw|subnet)-|\$/, name);
        }
    });

    it("chosen by a seed are the same for the same seed, of two to four faults in different parts", () => {
        for (const [seed, puzzle] of seeded.entries()) {
            assert.deepEqual(puzzleOf(seed), puzzle);
            assert.ok([2, 3, 4].includes(sizeOf(puzzle)), puzzle.name);
            assert.equal(new Set(puzzle.changes).size, puzzle.changes.length, puzzle.name);
        }
        const different = new Set(seeded.map(({ causes }) => causes.join())).size;
        assert.ok(different > 100, `${different}`);
        assert.deepEqual(new Set(seeded.map(sizeOf)), new Set([2, 3, 4]));
        const used = parts.filter((part) =>
            seeded.some(({ causes }) => part.causes.every((cause) => causes.includes(cause))),
        );
        assert.equal(used.length, parts.length);
    });

    it("chosen by a seed complain of what fails", () => {
        const half = seeded.find(({ fails }) => fails.join() === "1>2 ping,1>2 HTTP,2>1 HTTP");
        assert.equal(
            half?.complaint,
            "In VPC1, VPC2's server answers no pings, and its page does not load. In VPC2, VPC1's server answers pings, but its page does not load.",
        );
        const all = seeded.find(({ fails }) => fails.length === flows.length);
        assert.match(all?.complaint ?? "", /^Nothing passes/);
    });
});

describe("a puzzle's hints", () => {
    /** Two VPCs with a server each, which no connection connects, and whose groups and network ACLs let nothing in. */
    const place: Place = {
        account: "111111111111",
        region: "eu-west-1",
        ...Object.fromEntries(
            (
                [
                    ["Vpcs", (n) => ({ VpcId: `vpc-${n}`, CidrBlock: `10.${n}.0.0/16` })],
                    ["Subnets", (n) => ({ SubnetId: `subnet-${n}`, VpcId: `vpc-${n}` })],
                    [
                        "RouteTables",
                        (n) => ({
                            RouteTableId: `rtb-${n}`,
                            VpcId: `vpc-${n}`,
                            Associations: [{ SubnetId: `subnet-${n}` }],
                            Routes: [{ DestinationCidrBlock: `10.${n}.0.0/16`, GatewayId: "local" }],
                        }),
                    ],
                    [
                        "NetworkAcls",
                        (n) => ({
                            NetworkAclId: `acl-${n}`,
                            VpcId: `vpc-${n}`,
                            Associations: [{ SubnetId: `subnet-${n}` }],
                            Entries: [true, false].map((Egress) => ({
                                Egress,
                                Protocol: "-1",
                                RuleAction: "deny",
                                RuleNumber: 32767,
                                CidrBlock: "0.0.0.0/0",
                            })),
                        }),
                    ],
                    ["SecurityGroups", (n) => ({ GroupId: `sg-${n}` })],
                    [
                        "NetworkInterfaces",
                        (n) => ({
                            NetworkInterfaceId: `eni-${n}`,
                            SubnetId: `subnet-${n}`,
                            VpcId: `vpc-${n}`,
                            PrivateIpAddress: `10.${n}.1.9`,
                            Groups: [{ GroupId: `sg-${n}` }],
                        }),
                    ],
                ] satisfies readonly (readonly [string, (n: number) => object])[]
            ).map(([kind, one]) => [kind, [one(1), one(2)]]),
        ),
        VpcPeeringConnections: [],
        InternetGateways: [],
        PrefixLists: [],
        Reservations: [],
    };
    const end = (n: number) => ({ label: `VPC${n}`, vpcId: `vpc-${n}`, serverId: `eni-${n}` });
    const found = findingsIn(new State([place]), [end(1), end(2)]);

    it("tell the traffic, the kinds, the components and all of it, one after another", () => {
        const [first = "", second = "", third = "", last = "", again = ""] = [1, 2, 3, 4, 5].map((n) => hint(found, n));
        assert.match(first, /^hint 1 of 4: what is stopped\n {2}VPC1 -> VPC2: ping and TCP 80, on the way there\n/);
        assert.doesNotMatch(first, /rtb|route table/);
        assert.match(second, /^ {2}a route table of VPC1$/m);
        assert.match(second, /^ {2}the peering connection between VPC1 and VPC2$/m);
        assert.doesNotMatch(second, /rtb-|sg-/);
        assert.match(third, /^ {2}route table rtb-1$/m);
        assert.doesNotMatch(third, /no route/);
        assert.match(last, /^ {2}route table rtb-1\n {4}no route to 10\.2\.1\.9/m);
        assert.equal(again, last);
        assert.equal(LAST_HINT, 4);
    });

    it("end with a solution that requests one connection, and gives each new entry of a network ACL its own number", () => {
        const said = solution(found).replaceAll(/ \\\n +/g, " ");
        assert.equal(said.match(/create-vpc-peering-connection /g)?.length, 1);
        const entries = [...said.matchAll(/--network-acl-id (\S+) --(\w+) --rule-number (\d+)/g)].map(([all]) => all);
        assert.equal(entries.length, 16);
        assert.equal(new Set(entries).size, 16);
        const commands = said.match(/aws ec2 .*/g) ?? [];
        assert.equal(new Set(commands).size, commands.length);
    });

    it("say that nothing is found when nothing is", () => {
        assert.match(hint({ findings: [], unknown: [], commands: [] }, 1), /^The analysis finds nothing/);
        assert.match(solution({ findings: [], unknown: [], commands: [] }), /^The analysis finds nothing/);
    });

    it("say so when no commands repair it", () => {
        assert.match(solution({ ...found, commands: undefined }), /No commands repair this as it is now\. `exit` /);
    });
});
