import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { loadPlaces, savePlaces } from "../files.ts";
import { cases } from "./cases.ts";

const named = (what: string) => cases.find((one) => one.what === what)?.places ?? [];
let folder: string;

/** Runs the command as `npm run explain` does, without any credentials or region. */
function explain(...args: string[]) {
    const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [join(import.meta.dirname, "../explain.ts"), ...args],
        {
            encoding: "utf8",
            env: { PATH: process.env["PATH"], NO_COLOR: "1", NODE_NO_WARNINGS: "1" },
        },
    );
    return { status, stdout, stderr };
}

const state = (name: string): string => join(folder, name);

before(() => {
    folder = mkdtempSync(join(tmpdir(), "explain-test-"));
    savePlaces(state("peered"), named("peered"));
    savePlaces(state("apart"), named("accounts and regions differ"));
    savePlaces(state("blind"), named("the other owner's side was not read"));
});
after(() => {
    rmSync(folder, { recursive: true });
});

describe("a folder of states", () => {
    it("has a file for each kind, by account and region, and is read as it was written", () => {
        const places = named("accounts and regions differ");
        assert.deepEqual(readdirSync(join(state("apart"), "accounts")), ["111111111111", "222222222222"]);
        const read = loadPlaces(state("apart")).sort((one, other) => one.account.localeCompare(other.account));
        assert.deepEqual(read, places);
    });

    it("may have the files themselves, or in a folder for each region", () => {
        const [place] = named("peered");
        const Vpcs = JSON.stringify({ Vpcs: place?.Vpcs });
        const flat = mkdtempSync(join(folder, "flat-"));
        writeFileSync(join(flat, "Vpcs.json"), Vpcs);
        assert.deepEqual(loadPlaces(flat), [{ account: "111111111111", region: "unknown", Vpcs: place?.Vpcs }]);
        assert.deepEqual(
            loadPlaces(join(state("peered"), "accounts", "111111111111")).map(({ region }) => region),
            ["eu-north-1"],
        );
    });

    for (const [what, content, message] of [
        ["is not JSON", "{", /Vpcs\.json is not JSON/],
        ["has no list", "{}", /Vpcs\.json has no list 'Vpcs'/],
    ] as const) {
        it(`says which file ${what}`, () => {
            const wrong = mkdtempSync(join(folder, "wrong-"));
            writeFileSync(join(wrong, "Vpcs.json"), content);
            assert.throws(() => loadPlaces(wrong), message);
        });
    }

    it("says that it is none", () => {
        assert.throws(
            () => loadPlaces(mkdtempSync(join(folder, "empty-"))),
            /has no file like accounts\/ID\/REGION\/Vpcs\.json/,
        );
    });
});

describe("npm run explain", () => {
    it("prints the verdict, the way with each blocker between bars, and what to change", () => {
        const { status, stdout, stderr } = explain("client", "server", "tcp/443", "--state", state("apart"));
        assert.equal(status, 0, stderr);
        assert.equal(
            stdout,
            `NOT REACHABLE  TCP 443 from client (10.1.1.10) to server (10.2.1.10), 3 blockers

there
  -> instance i-client (client): runs
  -> network interface eni-client: 10.1.1.10
  -> security group sg-one (group of one): allows all to 0.0.0.0/0
  -> network ACL acl-client: outbound rule 100 allows all to 0.0.0.0/0
  | route table rtb-one (routes of one) |
      no route to 10.2.1.10 (the main table of vpc-one: subnet-client has none of its own)
  | peering connection |
      no peering connection of vpc-one and vpc-two
  -> network ACL acl-server: inbound rule 100 allows all from 0.0.0.0/0
  -> security group sg-two (group of two): allows all from 0.0.0.0/0
  -> network interface eni-server: 10.2.1.10
  -> instance i-server (server): runs

back
  -> network interface eni-server: 10.2.1.10
  -> network ACL acl-server: outbound rule 100 allows all to 0.0.0.0/0
  | route table rtb-two (routes of two) |
      no route to 10.1.1.10 (the main table of vpc-two: subnet-server has none of its own)
  | peering connection |
      no peering connection of vpc-one and vpc-two
  -> network ACL acl-client: inbound rule 100 allows all from 0.0.0.0/0
  -> network interface eni-client: 10.1.1.10

why not
  1. route table rtb-one (routes of one): no route to 10.2.1.10 (the main table of vpc-one: subnet-client has none of its own)
     NO_ROUTE_TO_DESTINATION
  2. peering connection: no peering connection of vpc-one and vpc-two
     DISCONNECTED_VPCS
  3. the answer, at route table rtb-two (routes of two): no route to 10.1.1.10 (the main table of vpc-two: subnet-server has none of its own)
     NO_ROUTE_TO_DESTINATION

to open the way
  pcx=$(aws ec2 create-vpc-peering-connection --region eu-north-1 --vpc-id vpc-one --peer-vpc-id vpc-two --peer-owner-id 222222222222 --peer-region us-east-1 --query VpcPeeringConnection.VpcPeeringConnectionId --output text)  # account 111111111111
  aws ec2 wait vpc-peering-connection-exists --region us-east-1 --vpc-peering-connection-ids "$pcx" && aws ec2 accept-vpc-peering-connection --region us-east-1 --vpc-peering-connection-id "$pcx"  # account 222222222222
  aws ec2 create-route --region eu-north-1 --route-table-id rtb-one --destination-cidr-block 10.2.0.0/16 --vpc-peering-connection-id "$pcx"  # account 111111111111
  aws ec2 create-route --region us-east-1 --route-table-id rtb-two --destination-cidr-block 10.1.0.0/16 --vpc-peering-connection-id "$pcx"  # account 222222222222
`,
        );
    });

    it("prints a line for each pair with --all", () => {
        const { stdout } = explain("--all", "icmp", "--state", state("peered"));
        assert.equal(
            stdout,
            `REACHABLE  ping from client (10.1.1.10) to server (10.2.1.10)
    group of one allows all to 0.0.0.0/0; pcx-1 active; group of two allows all from 0.0.0.0/0
REACHABLE  ping from server (10.2.1.10) to client (10.1.1.10)
    group of two allows all to 0.0.0.0/0; pcx-1 active; group of one allows all from 0.0.0.0/0
`,
        );
    });

    it("prints AWS's form of an analysis with --json", () => {
        const { stdout } = explain("client", "server", "--json", "--state", state("apart"));
        const { NetworkPathFound, ForwardPathComponents, ReturnPathComponents, Explanations, Verdict, Fixes } =
            JSON.parse(stdout) as Record<string, unknown[]>;
        assert.deepEqual({ NetworkPathFound, Verdict }, { NetworkPathFound: false, Verdict: "not reachable" });
        assert.equal(Fixes?.length, 4);
        assert.equal(ReturnPathComponents?.length, 6);
        assert.deepEqual(ForwardPathComponents?.slice(2, 4), [
            {
                SequenceNumber: 3,
                Component: { Id: "sg-one", Name: "group of one" },
                SecurityGroupRule: {
                    SecurityGroupId: "sg-one",
                    Direction: "egress",
                    Protocol: "all",
                    Cidr: "0.0.0.0/0",
                },
            },
            {
                SequenceNumber: 4,
                Component: { Id: "acl-client" },
                AclRule: { Cidr: "0.0.0.0/0", Egress: true, Protocol: "all", RuleAction: "allow", RuleNumber: 100 },
            },
        ]);
        assert.deepEqual(Explanations?.[0], {
            ExplanationCode: "NO_ROUTE_TO_DESTINATION",
            Direction: "egress",
            RouteTable: { Id: "rtb-one", Name: "routes of one" },
            ComponentAccount: "111111111111",
            ComponentRegion: "eu-north-1",
            Text: "no route to 10.2.1.10 (the main table of vpc-one: subnet-client has none of its own)",
        });
    });

    it("writes what it read with --save", () => {
        assert.equal(explain("client", "server", "--state", state("peered"), "--save", state("saved")).status, 0);
        assert.deepEqual(loadPlaces(state("saved")), loadPlaces(state("peered")));
    });

    for (const [name, to, assertion, status] of [
        ["peered", "server", "reachable", 0],
        ["peered", "server", "unreachable", 1],
        ["apart", "server", "reachable", 1],
        ["apart", "server", "unreachable", 0],
        ["blind", "10.2.1.10", "reachable", 2],
        ["blind", "10.2.1.10", "unreachable", 2],
    ] as const) {
        it(`exits with ${status} if ${name} is asserted to be ${assertion}`, () => {
            assert.equal(explain("client", to, "--assert", assertion, "--state", state(name)).status, status);
        });
    }

    it("helps", () => {
        const { status, stdout } = explain("--help");
        assert.equal(status, 0);
        assert.match(stdout, /^Usage: npm run explain -- FROM TO \[tcp\/PORT\|udp\/PORT\|icmp\]/);
    });

    for (const [what, args, message] of [
        ["nothing", [], /^Say FROM, TO and the traffic/],
        ["too much", ["a", "b", "tcp/80", "c"], /^Say FROM, TO and the traffic/],
        [
            "another protocol",
            ["a", "b", "gre"],
            /^'gre' is not a protocol with a port; write it like tcp\/80, udp\/53 or icmp\./,
        ],
        ["port 0", ["a", "b", "tcp/0"], /^'tcp\/0' is not/],
        ["a port too high", ["a", "b", "udp/65536"], /^'udp\/65536' is not/],
        [
            "another assertion",
            ["a", "b", "--assert", "maybe"],
            /^--assert takes reachable or unreachable, not 'maybe'\./,
        ],
        ["an unknown option", ["a", "b", "--quick"], /--quick/],
        ["no region", ["a", "b"], /^No region: give --region, or set AWS_REGION\./],
        ["a folder that is not there", ["a", "b", "--state", "/nowhere/at/all"], /ENOENT/],
    ] as const) {
        it(`exits with 2 on ${what}, and says what is wrong`, () => {
            const { status, stdout, stderr } = explain(...args);
            assert.deepEqual({ status, stdout }, { status: 2, stdout: "" });
            assert.match(stderr, message);
        });
    }

    it("exits with 2 on an end that is not there", () => {
        const { status, stderr } = explain("client", "nobody", "--state", state("peered"));
        assert.equal(status, 2);
        assert.match(stderr, /^No interface that was read has 'nobody'/);
    });
});
