import assert from "node:assert/strict";
import { analyze } from "../analysis.ts";
import { State } from "../state.ts";
import { explain, explainAgainst, reasonLine, verdictLine } from "../text.ts";
import { pair } from "./cases.ts";

const ends = { from: "i-client", to: "i-server" };
const both = { icmp: true, http: true };
const neither = { icmp: false, http: false };
const pingOnly = { ingress: ["icmp 0.0.0.0/0"] };
/** The reason is in the main route table of the server's VPC. */
const noRouteBack = pair({}, { routes: {} });
const blind = pair().map(({ NetworkAcls: _, ...place }) => place);

describe("explainAgainst", () => {
    it("says once what stops both, on which way, and what to change", () => {
        assert.equal(
            explainAgainst(new State(noRouteBack), { ...ends, ...both }),
            `AWS's configuration stops ping and TCP 80 from client (10.1.1.10) to server (10.2.1.10):
  the answer, at route table rtb-two (routes of two): no route to 10.1.1.10 (the main table of vpc-two: subnet-server has none of its own)
  To open the way, run 'pulumi up --refresh' if this stack made it, or
    aws ec2 create-route --region eu-north-1 --route-table-id rtb-two --destination-cidr-block 10.1.0.0/16 --vpc-peering-connection-id pcx-1`,
        );
    });

    it("says what lets pass what was expected to be stopped, and nothing to change", () => {
        assert.equal(
            explainAgainst(new State(pair()), { ...ends, ...neither }),
            `AWS's configuration lets through ping and TCP 80 from client (10.1.1.10) to server (10.2.1.10):
  security group sg-one (group of one): allows all to 0.0.0.0/0
  route table rtb-one (routes of one): 10.2.0.0/16 -> pcx-1 (the main table of vpc-one: subnet-client has none of its own)
  peering connection pcx-1: active
  security group sg-two (group of two): allows all from 0.0.0.0/0`,
        );
    });

    it("points to the servers where the configuration lets pass what was expected, and to what stops the rest", () => {
        assert.equal(
            explainAgainst(new State(pair({}, pingOnly)), { ...ends, ...both }),
            `AWS's configuration lets through ping from client (10.1.1.10) to server (10.2.1.10):
  what stops it is on the servers themselves. Log in to both, and look at
    the route to the other one, which a bridge of Docker's with the same block takes away: 'ip route get 10.2.1.10' on the asking one, 'ip route get 10.1.1.10' on the asked one
    the firewall of the asked one: 'sudo nft list ruleset'
AWS's configuration stops TCP 80 from client (10.1.1.10) to server (10.2.1.10):
  security group sg-two (group of two): lets no TCP 80 in from 10.1.1.10
  To open the way, run 'pulumi up --refresh' if this stack made it, or
    aws ec2 authorize-security-group-ingress --region eu-north-1 --group-id sg-two --ip-permissions 'IpProtocol=tcp,FromPort=80,ToPort=80,IpRanges=[{CidrIp=10.1.1.10/32}]'`,
        );
    });

    it("says nothing to change where packets were expected to be stopped, or nothing opens the way", () => {
        assert.match(explainAgainst(new State(noRouteBack), { ...ends, ...neither }), /^.+:\n.+own\)$/);
        const failed = pair({}, { block: "10.1.0.0/16" }, { "pcx-1": ["one", "two", "failed"] });
        assert.doesNotMatch(explainAgainst(new State(failed), { ...ends, ...both }), /To open the way/);
    });

    it("says what is not known", () => {
        assert.equal(
            explainAgainst(new State(blind), { ...ends, ...both }),
            `AWS's configuration may stop ping and TCP 80 from client (10.1.1.10) to server (10.2.1.10):
  not known: the network ACL of subnet-client; not known: the network ACL of subnet-server`,
        );
    });
});

describe("an analysis in a line", () => {
    const ask = (places: typeof blind, port = 80) => analyze(new State(places), { ...ends, protocol: "tcp", port });

    it("has the verdict, and how many blockers there are if there are several", () => {
        const none = ask(pair({ routes: {} }, { routes: {} }, {}), 443);
        assert.match(
            verdictLine(none),
            /NOT REACHABLE.*TCP 443 from client \(10\.1\.1\.10\) to server .*, 3 blockers$/,
        );
        assert.doesNotMatch(verdictLine(ask(noRouteBack)), /blocker/);
        assert.match(verdictLine(ask(blind)), /UNKNOWN/);
    });

    it("has an address that no interface has once", () => {
        const state = new State(pair());
        const line = verdictLine(analyze(state, { from: "client", to: "10.2.1.99", protocol: "udp", port: 53 }));
        assert.match(line, /UDP 53 from client \(10\.1\.1\.10\) to 10\.2\.1\.99$/);
    });

    it("has each reason once", () => {
        const none = ask(pair({ routes: {} }, { routes: {} }, {}));
        assert.equal(
            reasonLine(none),
            "routes of one: no route to 10.2.1.10; peering connection: vpc-one and vpc-two have none; routes of two: no route to 10.1.1.10",
        );
        assert.equal(
            reasonLine(ask(pair())),
            "group of one: allows all to 0.0.0.0/0; pcx-1: active; group of two: allows all from 0.0.0.0/0",
        );
    });
});

describe("an analysis as a text", () => {
    const told = (places: typeof blind, advice?: readonly string[]) => {
        const state = new State(places);
        return explain(state, analyze(state, { ...ends, protocol: "icmp" }), advice);
    };

    it("names what is not known, in its place and at the end", () => {
        const text = told(blind);
        assert.match(text, /\n {2}\? network ACL of subnet-client: the network ACL of subnet-client\n/);
        assert.match(
            text,
            /\n\nnot known\n {2}the network ACL of subnet-client\n {2}the network ACL of subnet-server$/,
        );
        assert.doesNotMatch(text, /why not|open/);
    });

    it("ends where nobody knows where packets go, and says so", () => {
        const text = told(pair({ routes: { "10.2.0.0/16": "tgw-1" } }, { ingress: [] }, {}));
        assert.ok(
            text.endsWith(`
  ? route table rtb-one (routes of one): where tgw-1 leads; what is behind it is
      not judged

not known
  where tgw-1 leads`),
            text,
        );
    });

    it("does not promise that changes open a way of which something is not known", () => {
        const gateway = { routes: { "10.2.0.0/16": "tgw-1" } };
        assert.match(
            told(pair({ ...gateway, egress: [] }, {}, {})),
            /\n\nto open the way as far as it is known, type\n/,
        );
        const text = told(pair({ routes: {} }, { routes: { "10.1.0.0/16": "tgw-1" } }, {}));
        assert.match(text, /\n\nwhat opens this way is not known\n/);
        assert.doesNotMatch(text, /no set of changes/);
    });

    it("has the stack's own commands first, and breaks them where a shell goes on", () => {
        const long = `pulumi config set --path 'requester.icmpCidrs[0]' 10.2.1.10/32 --stack ${"x".repeat(20)} && pulumi up`;
        assert.ok(
            told(noRouteBack, [long]).includes(`
to open the way
  pulumi config set --path 'requester.icmpCidrs[0]' 10.2.1.10/32 \\
      --stack xxxxxxxxxxxxxxxxxxxx &&
  pulumi up

or by hand
  aws ec2 create-route --region eu-north-1 --route-table-id rtb-two \\
      --destination-cidr-block 10.1.0.0/16 --vpc-peering-connection-id pcx-1`),
        );
    });

    it("says that nothing opens a way", () => {
        const text = told(pair({ routes: {} }, { block: "10.1.0.0/16", routes: {} }, {}));
        assert.match(text, /\n\nno set of changes opens this way as it is$/);
        assert.doesNotMatch(told(pair()), /no set of changes/);
    });

    it("says nothing of accounts where there is one", () => {
        assert.doesNotMatch(told(noRouteBack), /in account/);
    });
});
