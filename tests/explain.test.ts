import assert from "assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "fs";
import { tmpdir } from "os";
import { join } from "path";
import { stripVTControlCharacters } from "util";
import { adviceOf, main } from "../commands/explain";
import { analyze } from "../reachability/analysis";
import { loadPlaces, savePlaces } from "../reachability/files";
import { State } from "../reachability/state";
import { cases, pair } from "../reachability/tests/cases";
import type { Question } from "../reachability/types";

const named = (what: string) => cases.find((one) => one.what === what)?.places ?? [];
const folder = mkdtempSync(join(tmpdir(), "explain-test-"));
const state = (name: string): string => join(folder, name);

/** Runs the command without any credentials or region. */
async function explain(...args: string[]) {
    const [stdout, stderr]: [string[], string[]] = [[], []];
    const add = (to: string[]) => (line: string) => to.push(stripVTControlCharacters(line), "\n");
    const status = await main(args, {}, { log: add(stdout), error: add(stderr) });
    return { status, stdout: stdout.join(""), stderr: stderr.join("") };
}

before(() => {
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

    it("keeps the account of a place whose VPC another account shares, and nothing that was not read", () => {
        const Vpcs = [{ VpcId: "vpc-shared", OwnerId: "999999999999" }];
        savePlaces(state("shared"), [{ account: "111111111111", region: "eu-north-1", Vpcs }]);
        assert.deepEqual(loadPlaces(state("shared")), [{ account: "111111111111", region: "eu-north-1", Vpcs }]);
    });

    for (const [where, content, account] of [
        ["a folder of an account alone", { Vpcs: [{ VpcId: "vpc-1", OwnerId: "999999999999" }] }, "111111111111"],
        [".", { Vpcs: [] }, "unknown"],
        [".", { Subnets: [] }, "unknown"],
    ] as const) {
        it(`does not know the region of ${Object.keys(content).join("")} in ${where}, and the account is ${account}`, () => {
            const dir = mkdtempSync(join(folder, "some-"));
            const inside = account === "unknown" ? dir : join(dir, "accounts", account);
            mkdirSync(inside, { recursive: true });
            for (const [kind, items] of Object.entries(content)) {
                writeFileSync(join(inside, `${kind}.json`), JSON.stringify({ [kind]: items }));
            }
            assert.deepEqual(loadPlaces(dir), [{ account, region: "unknown", ...content }]);
        });
    }

    for (const [what, content, message] of [
        ["is not JSON", "{", /Vpcs\.json is not JSON/],
        ["has no list", "{}", /Vpcs\.json has no list 'Vpcs'/],
        ["has nothing", "null", /Vpcs\.json has no list 'Vpcs'/],
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
    it("prints the verdict, the way with each blocker between bars, and what to change", async () => {
        const { status, stdout, stderr } = await explain("client", "server", "tcp/443", "--state", state("apart"));
        assert.equal(status, 0, stderr);
        assert.equal(
            stdout,
            `NOT REACHABLE  TCP 443 from client (10.1.1.10) to server (10.2.1.10), 3 blockers

there
  -> instance i-client (client): runs
  -> network interface eni-client: 10.1.1.10
  -> security group sg-one (group of one): allows all to 0.0.0.0/0
  -> network ACL acl-client: outbound rule 100 allows all to 0.0.0.0/0
  | route table rtb-one (routes of one) | 1
  | peering connection | 2
  -> network ACL acl-server: inbound rule 100 allows all from 0.0.0.0/0
  -> security group sg-two (group of two): allows all from 0.0.0.0/0
  -> network interface eni-server: 10.2.1.10
  -> instance i-server (server): runs

back
  -> network interface eni-server: 10.2.1.10
  -> network ACL acl-server: outbound rule 100 allows all to 0.0.0.0/0
  | route table rtb-two (routes of two) | 3
  | peering connection | 2
  -> network ACL acl-client: inbound rule 100 allows all from 0.0.0.0/0
  -> network interface eni-client: 10.1.1.10

why not
  1. route table rtb-one (routes of one): no route to 10.2.1.10 (the main table
     of vpc-one: subnet-client has none of its own)
     NO_ROUTE_TO_DESTINATION
  2. peering connection: vpc-one and vpc-two have none
     DISCONNECTED_VPCS
  3. the answer, at route table rtb-two (routes of two): no route to 10.1.1.10
     (the main table of vpc-two: subnet-server has none of its own)
     NO_ROUTE_TO_DESTINATION

to open the way, type
  # in account 111111111111
  pcx=$(aws ec2 create-vpc-peering-connection --region eu-north-1 \\
      --vpc-id vpc-one --peer-vpc-id vpc-two --peer-owner-id 222222222222 \\
      --peer-region us-east-1 \\
      --query VpcPeeringConnection.VpcPeeringConnectionId --output text)
  # in account 222222222222
  aws ec2 wait vpc-peering-connection-exists --region us-east-1 \\
      --vpc-peering-connection-ids "$pcx" &&
  aws ec2 accept-vpc-peering-connection --region us-east-1 \\
      --vpc-peering-connection-id "$pcx"
  # in account 111111111111
  aws ec2 create-route --region eu-north-1 --route-table-id rtb-one \\
      --destination-cidr-block 10.2.0.0/16 --vpc-peering-connection-id "$pcx"
  # in account 222222222222
  aws ec2 create-route --region us-east-1 --route-table-id rtb-two \\
      --destination-cidr-block 10.1.0.0/16 --vpc-peering-connection-id "$pcx"
`,
        );
    });

    it("prints a line for each pair with --all", async () => {
        const { stdout } = await explain("--all", "icmp", "--state", state("peered"));
        assert.equal(
            stdout,
            `REACHABLE  ping from client (10.1.1.10) to server (10.2.1.10)
    group of one: allows all to 0.0.0.0/0; pcx-1: active; group of two: allows all from 0.0.0.0/0
REACHABLE  ping from server (10.2.1.10) to client (10.1.1.10)
    group of two: allows all to 0.0.0.0/0; pcx-1: active; group of one: allows all from 0.0.0.0/0
`,
        );
    });

    it("prints AWS's form of an analysis with --json", async () => {
        const { stdout } = await explain("client", "server", "--json", "--state", state("apart"));
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
        assert.deepEqual(
            Explanations.map((one) => (one as { Direction: string }).Direction),
            ["egress", "egress", "ingress"],
        );
    });

    it("prints the routes of a way that is open with --json", async () => {
        const { stdout } = await explain("client", "server", "--json", "--state", state("peered"));
        const { NetworkPathFound, ForwardPathComponents } = JSON.parse(stdout) as Record<string, unknown[]>;
        assert.equal(NetworkPathFound, true);
        assert.deepEqual(ForwardPathComponents?.[4], {
            SequenceNumber: 5,
            Component: { Id: "rtb-one", Name: "routes of one" },
            RouteTableRoute: { DestinationCidr: "10.2.0.0/16", VpcPeeringConnectionId: "pcx-1", State: "active" },
        });
    });

    it("writes what it read with --save", async () => {
        assert.equal(
            (await explain("client", "server", "--state", state("peered"), "--save", state("saved"))).status,
            0,
        );
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
        it(`exits with ${status} if ${name} is asserted to be ${assertion}`, async () => {
            assert.equal((await explain("client", to, "--assert", assertion, "--state", state(name))).status, status);
        });
    }

    it("helps", async () => {
        const { status, stdout } = await explain("--help");
        assert.equal(status, 0);
        assert.match(stdout, /^Usage: npm run explain -- FROM TO \[tcp\/PORT\|udp\/PORT\|icmp\]/);
    });

    it("writes a page with a picture, for one question and for everyone's", async () => {
        const file = join(folder, "page.html");
        const one = await explain("client", "server", "--state", state("peered"), "--html", file);
        assert.equal(one.status, 0, one.stderr);
        assert.match(readFileSync(file, "utf8"), /<h2>REACHABLE {2}TCP 80 from client \(10\.1\.1\.10\) to server/);
        await explain("--all", "icmp", "--state", state("peered"), "--html", file);
        const page = readFileSync(file, "utf8");
        assert.match(page, /<h2>icmp, everyone to everyone<\/h2>/);
        assert.match(page, /2 of 2 ways are open\./);
        assert.equal(page.match(/<svg viewBox="0 0 [^"]*" role="img"/g)?.length, 1);
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
        [
            "a folder that is not there",
            ["a", "b", "--state", "/nowhere/at/all"],
            /^--state \/nowhere\/at\/all: there is no such folder/,
        ],
        [
            "a page nowhere",
            ["a", "b", "--region", "x", "--html", "/nowhere/page.html"],
            /^--html \/nowhere\/page\.html: there is/,
        ],
    ] as const) {
        it(`exits with 2 on ${what}, and says what is wrong`, async () => {
            const { status, stdout, stderr } = await explain(...args);
            assert.deepEqual({ status, stdout }, { status: 2, stdout: "" });
            assert.match(stderr, message);
        });
    }

    it("exits with 2 on an end that is not there", async () => {
        const { status, stderr } = await explain("client", "nobody", "--state", state("peered"));
        assert.equal(status, 2);
        assert.match(stderr, /^No interface that was read has 'nobody'/);
    });
});

describe("the settings that open a way between the stack's servers", () => {
    const side = (name: string, host: string) => ({
        vpcId: `vpc-${name}`,
        routeTableId: `rtb-${name}`,
        securityGroupId: `sg-${name}`,
        serverId: `i-${host}`,
        privateIp: "",
        publicIp: "",
        publicDns: "",
    });
    const outputs = { requester: side("one", "client"), accepter: side("two", "server") };
    const apart = pair({ routes: {} }, { routes: {}, ingress: [] }, {});
    const closed = pair({}, { ingress: [] });
    const tcp = (port: number) => ({ protocol: "tcp", port }) as const;
    const advice = (places: typeof apart, traffic: Pick<Question, "protocol" | "port">, settings: object) => {
        const analysis = analyze(new State(places), { from: "client", to: "server", ...traffic });
        const setting = (name: string) => Promise.resolve((settings as Record<string, unknown>)[name]);
        return adviceOf({ outputs, setting }, "requester", analysis);
    };
    const peered = { peering: "true" };

    for (const [what, places, traffic, settings, expected] of [
        ["peering itself", apart, tcp(80), {}, ["pulumi config set peering true && pulumi up"]],
        ["peering that is off", apart, tcp(80), { peering: "false" }, ["pulumi config set peering true && pulumi up"]],
        ["another port", closed, tcp(443), peered, ["pulumi config set --path 'extraPorts[0]' tcp/443 && pulumi up"]],
        [
            "one port more",
            closed,
            { protocol: "udp", port: 53 },
            { ...peered, extraPorts: ["tcp/443"] },
            ["pulumi config set --path 'extraPorts[1]' udp/53 && pulumi up"],
        ],
        [
            "pings from one address more, at the side that has its own list",
            closed,
            { protocol: "icmp" },
            { ...peered, icmpCidrs: ["10.0.0.0/8"], accepter: { icmpCidrs: ["10.2.0.0/16", "10.3.0.0/16"] } },
            ["pulumi config set --path 'accepter.icmpCidrs[2]' 10.1.1.10/32 && pulumi up"],
        ],
        [
            "requests of both sides",
            closed,
            tcp(80),
            { ...peered, requestsFrom: "accepter" },
            ["pulumi config set requestsFrom both && pulumi up"],
        ],
        ["nothing but what was changed by hand", closed, tcp(80), peered, ["pulumi up --refresh"]],
        [
            "no peering where a transit gateway may connect them",
            pair({ routes: { "10.2.0.0/16": "tgw-1" }, egress: [] }, {}, {}),
            tcp(80),
            {},
            ["pulumi up --refresh"],
        ],
        ["nothing where nothing stops them", pair(), tcp(80), peered, []],
        [
            "nothing where something else stops them",
            pair({}, { acl: ["in 10 deny all 0.0.0.0/0", "out 10 allow all 0.0.0.0/0"] }),
            tcp(80),
            peered,
            [],
        ],
    ] as const) {
        it(`are ${what}`, async () => {
            assert.deepEqual(await advice(places, traffic, settings), expected);
        });
    }
});
