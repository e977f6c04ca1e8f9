import { analyze } from "../analysis.ts";
import type { Place, State } from "../state.ts";
import type { Analysis, Question } from "../types.ts";
import { placesOf, type ConnectionSpec, type SubnetSpec, type VpcSpec } from "./build.ts";

/** A question to a state, and what AWS's rules say. */
export interface Case {
    readonly what: string;
    readonly places: readonly Place[];
    /** Ends and traffic, as `npm run explain` takes them. */
    readonly ask: string;
    readonly verdict: "reachable" | "not reachable" | "unknown";
    /** Each blocker's direction, component and code, in the order of the way. */
    readonly blockers?: readonly string[];
    readonly unknown?: readonly string[];
    /** Commands without `aws ec2` and the region; null if no changes open the way. */
    readonly fixes?: readonly string[] | null;
}

/** Asks a question that is written like a case's. */
export function ask(state: State, text: string): Analysis {
    const [from = "", to = "", traffic = "tcp/80"] = text.split(" ");
    const [protocol, port] = traffic.split("/");
    return analyze(state, {
        from,
        to,
        protocol: protocol as Question["protocol"],
        ...(port !== undefined && { port: Number(port) }),
    });
}

type Parts = Partial<VpcSpec> & Partial<Pick<SubnetSpec, "acl" | "hosts">>;

/** Two VPCs with a host each, peered unless something says otherwise. */
export function pair(
    one: Parts = {},
    two: Parts = {},
    connections: Readonly<Record<string, ConnectionSpec>> = { "pcx-1": ["one", "two", "active"] },
    prefixLists: Readonly<Record<string, readonly string[]>> = {},
): Place[] {
    const vpc = (own: string, other: string, host: string, { acl, hosts, ...parts }: Parts): VpcSpec => ({
        block: `${own}.0.0/16`,
        routes: { [`${other}.0.0/16`]: "pcx-1" },
        subnets: {
            [host]: { block: `${own}.1.0/24`, ...(acl && { acl }), hosts: hosts ?? { [host]: `${own}.1.10` } },
        },
        ...parts,
    });
    const vpcs = { one: vpc("10.1", "10.2", "client", one), two: vpc("10.2", "10.1", "server", two) };
    return placesOf(vpcs, connections, prefixLists);
}

/** The guide's VPC A with peers B and C, which share a block. */
function twins(routes: Readonly<Record<string, string>>, subnets: VpcSpec["subnets"]): Place[] {
    const peer = (host: string, address: string): VpcSpec => ({
        block: "10.0.0.0/16",
        routes: { "172.16.0.0/16": `pcx-${host[0] ?? ""}` },
        subnets: { [host]: { block: "10.0.0.0/16", hosts: { [host]: address } } },
    });
    return placesOf(
        {
            a: { block: "172.16.0.0/16", routes, subnets },
            b: {
                ...peer("b66", "10.0.1.66"),
                subnets: { b: { block: "10.0.0.0/16", hosts: { b77: "10.0.0.77", b66: "10.0.1.66" } } },
            },
            c: peer("c88", "10.0.0.88"),
        },
        { "pcx-b": ["a", "b", "active"], "pcx-c": ["a", "c", "active"] },
    );
}
const inA: VpcSpec["subnets"] = { a: { block: "172.16.1.0/24", hosts: { a: "172.16.1.10" } } };

const specific = "Amazon VPC Peering Guide, VPC peering with specific routes";
const allow = "authorize-security-group-ingress --group-id sg-two --ip-permissions";

export const cases: readonly Case[] = [
    { what: "peered", places: pair(), ask: "client server tcp/80", verdict: "reachable" },
    {
        what: "by address, interface and instance",
        places: pair(),
        ask: "eni-client 10.2.1.10 icmp",
        verdict: "reachable",
    },
    {
        what: "nothing connects them",
        places: pair({ routes: {} }, { routes: {}, ingress: [] }, {}),
        ask: "client server tcp/80",
        verdict: "not reachable",
        blockers: [
            "forward rtb-one NO_ROUTE_TO_DESTINATION",
            "forward none DISCONNECTED_VPCS",
            "forward sg-two SG_HAS_NO_RULES",
            "back rtb-two NO_ROUTE_TO_DESTINATION",
        ],
        fixes: [
            "pcx=$(create-vpc-peering-connection --vpc-id vpc-one --peer-vpc-id vpc-two --peer-owner-id 111111111111 --peer-region eu-north-1 --query VpcPeeringConnection.VpcPeeringConnectionId --output text)",
            'wait vpc-peering-connection-exists --vpc-peering-connection-ids "$pcx" && accept-vpc-peering-connection --vpc-peering-connection-id "$pcx"',
            `${allow} 'IpProtocol=tcp,FromPort=80,ToPort=80,IpRanges=[{CidrIp=10.1.1.10/32}]'`,
            'create-route --route-table-id rtb-one --destination-cidr-block 10.2.0.0/16 --vpc-peering-connection-id "$pcx"',
            'create-route --route-table-id rtb-two --destination-cidr-block 10.1.0.0/16 --vpc-peering-connection-id "$pcx"',
        ],
    },
    {
        what: "nothing connects two that share a block, and nothing can",
        places: pair({ routes: {} }, { block: "10.1.0.0/16", routes: {} }, {}),
        ask: "client server tcp/80",
        verdict: "not reachable",
        blockers: [
            "forward rtb-one NO_ROUTE_TO_DESTINATION",
            "forward none DISCONNECTED_VPCS",
            "back rtb-two ROUTE_WRONG_NETWORK",
        ],
        fixes: null,
    },
    {
        what: "the request waits",
        places: pair(
            { routes: { "10.2.0.0/16": "pcx-1!" } },
            { routes: { "10.1.0.0/16": "pcx-1!" } },
            {
                "pcx-1": ["one", "two", "pending-acceptance"],
            },
        ),
        ask: "client server tcp/80",
        verdict: "not reachable",
        blockers: ["forward pcx-1 BAD_STATE"],
        fixes: ["accept-vpc-peering-connection --vpc-peering-connection-id pcx-1"],
    },
    {
        what: "AWS still makes the connection",
        places: pair({}, {}, { "pcx-1": ["one", "two", "provisioning"] }),
        ask: "client server tcp/80",
        verdict: "not reachable",
        blockers: ["forward pcx-1 BAD_STATE"],
        fixes: null,
    },
    {
        what: "the connection was deleted, and its routes remain",
        places: pair(
            { routes: { "10.2.0.0/16": "pcx-1!" } },
            { routes: { "10.1.0.0/16": "pcx-1!" } },
            {
                "pcx-1": ["one", "two", "deleted"],
            },
        ),
        ask: "client server tcp/80",
        verdict: "not reachable",
        blockers: ["forward rtb-one BAD_STATE_ROUTE", "forward pcx-1 BAD_STATE", "back rtb-two BAD_STATE_ROUTE"],
        fixes: [
            "pcx=$(create-vpc-peering-connection --vpc-id vpc-one --peer-vpc-id vpc-two --peer-owner-id 111111111111 --peer-region eu-north-1 --query VpcPeeringConnection.VpcPeeringConnectionId --output text)",
            'wait vpc-peering-connection-exists --vpc-peering-connection-ids "$pcx" && accept-vpc-peering-connection --vpc-peering-connection-id "$pcx"',
            'replace-route --route-table-id rtb-one --destination-cidr-block 10.2.0.0/16 --vpc-peering-connection-id "$pcx"',
            'replace-route --route-table-id rtb-two --destination-cidr-block 10.1.0.0/16 --vpc-peering-connection-id "$pcx"',
        ],
    },
    {
        what: "an old connection was deleted, and a new one is active",
        places: pair(
            { routes: { "10.2.0.0/16": "pcx-0!" } },
            {},
            {
                "pcx-0": ["one", "two", "deleted"],
                "pcx-1": ["two", "one", "active"],
            },
        ),
        ask: "client server tcp/80",
        verdict: "not reachable",
        blockers: ["forward rtb-one BAD_STATE_ROUTE"],
        fixes: [
            "replace-route --route-table-id rtb-one --destination-cidr-block 10.2.0.0/16 --vpc-peering-connection-id pcx-1",
        ],
    },
    {
        what: "only the answer has no route",
        places: pair({}, { routes: {} }),
        ask: "client server icmp",
        verdict: "not reachable",
        blockers: ["back rtb-two NO_ROUTE_TO_DESTINATION"],
        fixes: [
            "create-route --route-table-id rtb-two --destination-cidr-block 10.1.0.0/16 --vpc-peering-connection-id pcx-1",
        ],
    },
    {
        what: "the default route leads to the internet, which has no private addresses",
        places: pair({ routes: { "0.0.0.0/0": "igw-one" }, internet: true }),
        ask: "client server tcp/80",
        verdict: "not reachable",
        blockers: ["forward rtb-one IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS"],
        fixes: [
            "create-route --route-table-id rtb-one --destination-cidr-block 10.2.0.0/16 --vpc-peering-connection-id pcx-1",
        ],
    },
    {
        what: "the shared range of RFC 6598",
        places: pair(
            { routes: { "0.0.0.0/0": "igw-one" }, internet: true },
            {
                block: "100.64.0.0/16",
                subnets: { server: { block: "100.64.1.0/24", hosts: { server: "100.64.1.10" } } },
            },
        ),
        ask: "client server tcp/80",
        verdict: "not reachable",
        blockers: ["forward rtb-one IGW_DESTINATION_ADDRESS_NOT_IN_RFC6598_EGRESS"],
        fixes: [
            "create-route --route-table-id rtb-one --destination-cidr-block 100.64.0.0/16 --vpc-peering-connection-id pcx-1",
        ],
    },
    {
        what: "the route is in the main table, but the subnet has one of its own",
        places: pair({
            subnets: { client: { block: "10.1.1.0/24", routes: {}, hosts: { client: "10.1.1.10" } } },
        }),
        ask: "client server tcp/80",
        verdict: "not reachable",
        blockers: ["forward rtb-client NO_ROUTE_TO_DESTINATION"],
        fixes: [
            "create-route --route-table-id rtb-client --destination-cidr-block 10.2.0.0/16 --vpc-peering-connection-id pcx-1",
        ],
    },
    {
        what: "the server's group allows another port, another protocol and another block",
        places: pair(
            {},
            { ingress: ["tcp/443 0.0.0.0/0", "udp/80 0.0.0.0/0", "tcp/80 10.9.0.0/16", "icmp/8 0.0.0.0/0"] },
        ),
        ask: "client server tcp/80",
        verdict: "not reachable",
        blockers: ["forward sg-two ENI_SG_RULES_MISMATCH"],
        fixes: [`${allow} 'IpProtocol=tcp,FromPort=80,ToPort=80,IpRanges=[{CidrIp=10.1.1.10/32}]'`],
    },
    {
        what: "a rule for pings lets pings in",
        places: pair({}, { ingress: ["icmp/8 10.1.1.10/32"] }),
        ask: "client server icmp",
        verdict: "reachable",
    },
    {
        what: "a rule for TCP lets no ping in",
        places: pair({}, { ingress: ["tcp/0-65535 0.0.0.0/0"] }),
        ask: "client server icmp",
        verdict: "not reachable",
        blockers: ["forward sg-two ENI_SG_RULES_MISMATCH"],
        fixes: [`${allow} 'IpProtocol=icmp,FromPort=8,ToPort=-1,IpRanges=[{CidrIp=10.1.1.10/32}]'`],
    },
    {
        what: "the client's group lets nothing out",
        places: pair({ egress: [] }),
        ask: "client server udp/53",
        verdict: "not reachable",
        blockers: ["forward sg-one SG_HAS_NO_RULES"],
        fixes: [
            "authorize-security-group-egress --group-id sg-one --ip-permissions 'IpProtocol=udp,FromPort=53,ToPort=53,IpRanges=[{CidrIp=10.2.1.10/32}]'",
        ],
    },
    {
        what: "a rule by the peer's group",
        places: pair({}, { ingress: ["tcp/80 sg-one"] }),
        ask: "client server tcp/80",
        verdict: "reachable",
    },
    {
        what: "a rule by a group that the client is not in",
        places: pair({}, { ingress: ["tcp/80 sg-other"] }),
        ask: "client server tcp/80",
        verdict: "not reachable",
        blockers: ["forward sg-two ENI_SG_RULES_MISMATCH"],
        fixes: [`${allow} 'IpProtocol=tcp,FromPort=80,ToPort=80,IpRanges=[{CidrIp=10.1.1.10/32}]'`],
    },
    {
        what: "a rule by group means nothing across regions",
        places: pair({}, { region: "us-east-1", ingress: ["tcp/80 sg-one"] }),
        ask: "client server tcp/80",
        verdict: "not reachable",
        blockers: ["forward sg-two ENI_SG_RULES_MISMATCH"],
        fixes: [`${allow} 'IpProtocol=tcp,FromPort=80,ToPort=80,IpRanges=[{CidrIp=10.1.1.10/32}]'`],
    },
    {
        what: "prefix lists in a rule and in a route",
        places: pair({ routes: { "pl-two": "pcx-1" } }, { ingress: ["tcp/80 pl-one"] }, undefined, {
            "pl-one": ["10.1.0.0/16"],
            "pl-two": ["10.9.0.0/16", "10.2.0.0/16", "fd00::/8"],
        }),
        ask: "client server tcp/80",
        verdict: "reachable",
    },
    {
        what: "prefix lists without entries that could be read",
        places: pair({ routes: { "pl-two": "pcx-1" } }, { ingress: ["tcp/80 pl-one"] }),
        ask: "client server tcp/80",
        verdict: "unknown",
        unknown: ["the entries of prefix list pl-two", "the entries of prefix list pl-one"],
    },
    {
        what: "an ACL denies the request with its last rule",
        places: pair({}, { acl: ["in 100 allow tcp/443 0.0.0.0/0", "out 100 allow all 0.0.0.0/0"] }),
        ask: "client server tcp/80",
        verdict: "not reachable",
        blockers: ["forward acl-server SUBNET_ACL_RESTRICTION"],
        fixes: [
            "create-network-acl-entry --network-acl-id acl-server --ingress --rule-number 32766 --rule-action allow --protocol tcp --port-range From=80,To=80 --cidr-block 10.1.1.10/32",
        ],
    },
    {
        what: "the lowest number decides, whatever the order",
        places: pair({
            acl: [
                "out 100 allow all 0.0.0.0/0",
                "out 90 deny tcp/80-443 10.2.0.0/16",
                "out 89 allow udp 0.0.0.0/0",
                "in 1 allow all 0.0.0.0/0",
            ],
        }),
        ask: "client server tcp/80",
        verdict: "not reachable",
        blockers: ["forward acl-client SUBNET_ACL_RESTRICTION"],
        fixes: [
            "create-network-acl-entry --network-acl-id acl-client --egress --rule-number 88 --rule-action allow --protocol tcp --port-range From=80,To=80 --cidr-block 10.2.1.10/32",
        ],
    },
    {
        what: "an ACL denies with its very first rule",
        places: pair({}, { acl: ["in 1 deny all 0.0.0.0/0", "out 1 allow all 0.0.0.0/0"] }),
        ask: "client server tcp/80",
        verdict: "not reachable",
        blockers: ["forward acl-server SUBNET_ACL_RESTRICTION"],
        fixes: null,
    },
    {
        what: "ACLs are stateless: the answers are denied on both sides",
        places: pair(
            { acl: ["out 1 allow all 0.0.0.0/0", "in 100 allow tcp/80 0.0.0.0/0"] },
            { acl: ["in 1 allow all 0.0.0.0/0", "out 100 allow tcp/1024-40000 0.0.0.0/0"] },
        ),
        ask: "client server tcp/80",
        verdict: "not reachable",
        blockers: ["back acl-server SUBNET_ACL_RESTRICTION", "back acl-client SUBNET_ACL_RESTRICTION"],
        fixes: [
            "create-network-acl-entry --network-acl-id acl-server --egress --rule-number 32766 --rule-action allow --protocol tcp --port-range From=32768,To=60999 --cidr-block 10.1.1.10/32",
            "create-network-acl-entry --network-acl-id acl-client --ingress --rule-number 32766 --rule-action allow --protocol tcp --port-range From=32768,To=60999 --cidr-block 10.2.1.10/32",
        ],
    },
    {
        what: "several entries allow all the ports of answers together",
        places: pair(
            {},
            {
                acl: [
                    "in 1 allow all 0.0.0.0/0",
                    "out 9 allow tcp/40001-65535 0.0.0.0/0",
                    "out 8 allow tcp/1024-40000 0.0.0.0/0",
                ],
            },
        ),
        ask: "client server tcp/80",
        verdict: "reachable",
    },
    {
        what: "an ACL lets pings in and no replies out",
        places: pair({}, { acl: ["in 1 allow icmp/8 0.0.0.0/0", "out 1 allow icmp/8 0.0.0.0/0"] }),
        ask: "client server icmp",
        verdict: "not reachable",
        blockers: ["back acl-server SUBNET_ACL_RESTRICTION"],
        fixes: [
            "create-network-acl-entry --network-acl-id acl-server --egress --rule-number 32766 --rule-action allow --protocol icmp --icmp-type-code Type=0,Code=-1 --cidr-block 10.1.1.10/32",
        ],
    },
    {
        what: "the server is stopped",
        places: pair({}, { hosts: { server: { address: "10.2.1.10", state: "stopped" } } }),
        ask: "client server tcp/80",
        verdict: "not reachable",
        blockers: ["forward i-server UNASSOCIATED_COMPONENT"],
        fixes: ["start-instances --instance-ids i-server"],
    },
    {
        what: "the client is being terminated",
        places: pair({ hosts: { client: { address: "10.1.1.10", state: "shutting-down" } } }),
        ask: "client server tcp/80",
        verdict: "not reachable",
        blockers: ["forward i-client UNASSOCIATED_COMPONENT"],
        fixes: null,
    },
    {
        what: "nobody has the address in the peer",
        places: pair(),
        ask: "client 10.2.1.99 tcp/80",
        verdict: "not reachable",
        blockers: ["forward 10.2.1.99 UNKNOWN_DESTINATION"],
        fixes: null,
    },
    {
        what: "nobody has the address in the own VPC",
        places: pair(),
        ask: "client 10.1.1.99 tcp/80",
        verdict: "not reachable",
        blockers: ["forward 10.1.1.99 UNKNOWN_DESTINATION"],
        fixes: null,
    },
    {
        what: "the other owner's side was not read",
        places: pair({}, { account: "222222222222" }).slice(0, 1),
        ask: "client 10.2.1.10 tcp/80",
        verdict: "unknown",
        unknown: ["what is in vpc-two, which was not read"],
    },
    {
        what: "the other owner's side was not read, and the own one stops the packet already",
        places: pair({ routes: {} }, { account: "222222222222" }).slice(0, 1),
        ask: "client 10.2.1.10 tcp/80",
        verdict: "not reachable",
        blockers: ["forward rtb-one NO_ROUTE_TO_DESTINATION"],
        unknown: ["what is in vpc-two, which was not read"],
        fixes: [
            "create-route --route-table-id rtb-one --destination-cidr-block 10.2.0.0/16 --vpc-peering-connection-id pcx-1",
        ],
    },
    {
        what: "accounts and regions differ",
        places: pair({ routes: {} }, { routes: {}, account: "222222222222", region: "us-east-1" }, {}),
        ask: "client server tcp/80",
        verdict: "not reachable",
        blockers: [
            "forward rtb-one NO_ROUTE_TO_DESTINATION",
            "forward none DISCONNECTED_VPCS",
            "back rtb-two NO_ROUTE_TO_DESTINATION",
        ],
        fixes: [
            "pcx=$(create-vpc-peering-connection --vpc-id vpc-one --peer-vpc-id vpc-two --peer-owner-id 222222222222 --peer-region us-east-1 --query VpcPeeringConnection.VpcPeeringConnectionId --output text)",
            'wait vpc-peering-connection-exists --vpc-peering-connection-ids "$pcx" && accept-vpc-peering-connection --vpc-peering-connection-id "$pcx"',
            'create-route --route-table-id rtb-one --destination-cidr-block 10.2.0.0/16 --vpc-peering-connection-id "$pcx"',
            'create-route --route-table-id rtb-two --destination-cidr-block 10.1.0.0/16 --vpc-peering-connection-id "$pcx"',
        ],
    },
    {
        what: "a transit gateway, which is not followed",
        places: pair({ routes: { "10.2.0.0/16": "tgw-1" } }),
        ask: "client server tcp/80",
        verdict: "unknown",
        unknown: ["where tgw-1 leads"],
    },
    {
        what: "peering is not transitive: the peer's peer",
        places: placesOf(
            {
                a: {
                    block: "10.1.0.0/16",
                    routes: { "10.2.0.0/15": "pcx-ab" },
                    subnets: { a: { block: "10.1.1.0/24", hosts: { a: "10.1.1.10" } } },
                },
                b: { block: "10.2.0.0/16", subnets: {} },
                c: {
                    block: "10.3.0.0/16",
                    routes: { "10.1.0.0/16": "pcx-bc" },
                    subnets: { c: { block: "10.3.1.0/24", hosts: { c: "10.3.1.10" } } },
                },
            },
            { "pcx-ab": ["a", "b", "active"], "pcx-bc": ["b", "c", "active"] },
        ),
        ask: "a c tcp/80",
        verdict: "not reachable",
        blockers: [
            "forward rtb-a PCX_REQUIRES_ADDRESS_IN_VPC_CIDR",
            "forward none DISCONNECTED_VPCS",
            "back rtb-c PCX_REQUIRES_ADDRESS_IN_VPC_CIDR",
        ],
        fixes: [
            "pcx=$(create-vpc-peering-connection --vpc-id vpc-a --peer-vpc-id vpc-c --peer-owner-id 111111111111 --peer-region eu-north-1 --query VpcPeeringConnection.VpcPeeringConnectionId --output text)",
            'wait vpc-peering-connection-exists --vpc-peering-connection-ids "$pcx" && accept-vpc-peering-connection --vpc-peering-connection-id "$pcx"',
            'create-route --route-table-id rtb-a --destination-cidr-block 10.3.0.0/16 --vpc-peering-connection-id "$pcx"',
            'create-route --route-table-id rtb-c --destination-cidr-block 10.1.1.10/32 --vpc-peering-connection-id "$pcx"',
        ],
    },
    {
        what: `${specific}: .77 of B talks to A`,
        places: twins({ "10.0.0.77/32": "pcx-b", "10.0.0.0/16": "pcx-c" }, inA),
        ask: "b77 a tcp/80",
        verdict: "reachable",
    },
    {
        what: `${specific}: A reaches C`,
        places: twins({ "10.0.0.77/32": "pcx-b", "10.0.0.0/16": "pcx-c" }, inA),
        ask: "a c88 tcp/80",
        verdict: "reachable",
    },
    {
        what: `${specific}: the answer to another address of B goes to C`,
        places: twins({ "10.0.0.77/32": "pcx-b", "10.0.0.0/16": "pcx-c" }, inA),
        ask: "b66 a tcp/80",
        verdict: "not reachable",
        blockers: ["back rtb-a ROUTE_WRONG_NETWORK"],
        fixes: [
            "create-route --route-table-id rtb-a --destination-cidr-block 10.0.1.66/32 --vpc-peering-connection-id pcx-b",
        ],
    },
    {
        what: `${specific}: 10.0.1.0/24 to B corrects it`,
        places: twins({ "10.0.1.0/24": "pcx-b", "10.0.0.0/16": "pcx-c" }, inA),
        ask: "b66 a tcp/80",
        verdict: "reachable",
    },
    {
        what: "a more specific route leads to C what is meant for B",
        places: twins({ "10.0.1.0/24": "pcx-c", "10.0.0.0/16": "pcx-b" }, inA),
        ask: "a b66 tcp/80",
        verdict: "not reachable",
        blockers: ["forward rtb-a MORE_SPECIFIC_ROUTE", "back rtb-a ROUTE_WRONG_NETWORK"].slice(0, 1),
        fixes: [
            "create-route --route-table-id rtb-a --destination-cidr-block 10.0.1.66/32 --vpc-peering-connection-id pcx-b",
        ],
    },
    {
        what: "a route for that address alone leads to C",
        places: twins({ "10.0.1.66/32": "pcx-c" }, inA),
        ask: "a b66 tcp/80",
        verdict: "not reachable",
        blockers: ["forward rtb-a ROUTE_WRONG_NETWORK"],
        fixes: [
            "replace-route --route-table-id rtb-a --destination-cidr-block 10.0.1.66/32 --vpc-peering-connection-id pcx-b",
        ],
    },
    ...["a1 b66", "a2 c88"].map((ask): Case => ({
        what: `${specific}: subnets of A with a peer each, ${ask}`,
        places: twins(
            {},
            {
                a1: { block: "172.16.1.0/24", routes: { "10.0.0.0/16": "pcx-b" }, hosts: { a1: "172.16.1.10" } },
                a2: { block: "172.16.2.0/24", routes: { "10.0.0.0/16": "pcx-c" }, hosts: { a2: "172.16.2.10" } },
            },
        ),
        ask: `${ask} tcp/80`,
        verdict: "reachable",
    })),
    {
        what: "two subnets of a VPC, by the local route, and both ACLs",
        places: placesOf({
            one: {
                block: "10.1.0.0/16",
                ingress: ["tcp/80 sg-one"],
                subnets: {
                    a: { block: "10.1.1.0/24", acl: ["out 5 allow all 10.1.0.0/16"], hosts: { a: "10.1.1.10" } },
                    b: { block: "10.1.2.0/24", hosts: { b: "10.1.2.10" } },
                },
            },
        }),
        ask: "a b tcp/80",
        verdict: "not reachable",
        blockers: ["back acl-a SUBNET_ACL_RESTRICTION"],
        fixes: [
            "create-network-acl-entry --network-acl-id acl-a --ingress --rule-number 32766 --rule-action allow --protocol tcp --port-range From=32768,To=60999 --cidr-block 10.1.2.10/32",
        ],
    },
    {
        what: "one subnet: its ACL has no say",
        places: placesOf({
            one: {
                block: "10.1.0.0/16",
                subnets: { a: { block: "10.1.1.0/24", acl: [], hosts: { a: "10.1.1.10", b: "10.1.1.11" } } },
            },
        }),
        ask: "a b tcp/80",
        verdict: "reachable",
    },
    {
        what: "itself",
        places: pair({ ingress: [], egress: [], acl: [] }),
        ask: "client client tcp/80",
        verdict: "reachable",
    },
    ...addresses(),
    ...connections(),
    {
        what: "a group without rules beside one with another port",
        places: pair(
            {},
            {
                ingress: [],
                groups: { web: ["tcp/443 0.0.0.0/0"] },
                hosts: { server: { address: "10.2.1.10", groups: ["sg-two", "sg-web"] } },
            },
        ),
        ask: "client server tcp/80",
        verdict: "not reachable",
        blockers: ["forward sg-two, sg-web ENI_SG_RULES_MISMATCH"],
        fixes: [`${allow} 'IpProtocol=tcp,FromPort=80,ToPort=80,IpRanges=[{CidrIp=10.1.1.10/32}]'`],
    },
    ...[
        [["in 3 allow udp 0.0.0.0/0", "in 2 deny all 0.0.0.0/0"], 1],
        [
            [
                "in 90 deny all 0.0.0.0/0",
                "in 89 allow udp 0.0.0.0/0",
                "in 88 allow udp 0.0.0.0/0",
                "out 87 deny udp 0.0.0.0/0",
            ],
            87,
        ],
    ].map(([acl, number]): Case => ({
        what: `the entry that opens the way takes number ${String(number)}, which is free`,
        places: pair({}, { acl: [...(acl as string[]), "out 100 allow all 0.0.0.0/0"] }),
        ask: "client server tcp/80",
        verdict: "not reachable",
        blockers: ["forward acl-server SUBNET_ACL_RESTRICTION"],
        fixes: [
            `create-network-acl-entry --network-acl-id acl-server --ingress --rule-number ${String(number)} --rule-action allow --protocol tcp --port-range From=80,To=80 --cidr-block 10.1.1.10/32`,
        ],
    })),
    {
        what: "a more specific route leads the answer to C, though there is one to B",
        places: twins({ "10.0.1.0/24": "pcx-c", "10.0.0.0/16": "pcx-b" }, inA),
        ask: "b66 a tcp/80",
        verdict: "not reachable",
        blockers: ["back rtb-a ROUTE_WRONG_NETWORK"],
        fixes: [
            "create-route --route-table-id rtb-a --destination-cidr-block 10.0.1.66/32 --vpc-peering-connection-id pcx-b",
        ],
    },
    {
        what: "the dead route is a prefix list's, which the fix leaves as it is",
        places: pair({ routes: { "pl-two": "pcx-0!" } }, {}, undefined, { "pl-two": ["10.2.0.0/16"] }),
        ask: "client server tcp/80",
        verdict: "not reachable",
        blockers: ["forward rtb-one BAD_STATE_ROUTE"],
        fixes: [
            "create-route --route-table-id rtb-one --destination-cidr-block 10.2.1.10/32 --vpc-peering-connection-id pcx-1",
        ],
    },
    ...internet(),
];

/** Which interface, address and VPC are meant. */
function addresses(): Case[] {
    const from = (address: string) => ({ ingress: [`tcp/80 ${address}/32`] });
    const two = (block: string, more: VpcSpec["more"] = {}): Parts => ({
        block,
        more,
        subnets: { server: { block, hosts: { server: block.replace("0/24", "10") } } },
    });
    const nobody = (what: string, places: readonly Place[], ask: string, blockers: readonly string[]): Case => ({
        what,
        places,
        ask: `${ask} tcp/80`,
        verdict: "not reachable",
        blockers,
        fixes: null,
    });
    const notThere = (address: string) => `forward ${address} UNKNOWN_DESTINATION`;
    const nowhere = (address: string) => [
        "forward rtb-one NO_ROUTE_TO_DESTINATION",
        "forward none DISCONNECTED_VPCS",
        notThere(address),
    ];
    const chain = placesOf(
        {
            one: {
                block: "10.1.0.0/16",
                subnets: { client: { block: "10.1.1.0/24", hosts: { client: "10.1.1.10" } } },
            },
            two: { block: "10.2.0.0/16", subnets: {} },
            three: { block: "10.3.0.0/16", subnets: {} },
        },
        { "pcx-23": ["three", "two", "active"], "pcx-12": ["one", "two", "active"] },
    );
    const strangers = (routes: Readonly<Record<string, string>>) =>
        placesOf(
            {
                one: {
                    block: "10.1.0.0/16",
                    routes,
                    subnets: { client: { block: "10.1.1.0/24", hosts: { client: "10.1.1.10" } } },
                },
                two: { block: "10.2.0.0/16", account: "222222222222", subnets: {} },
                three: {
                    block: "10.3.0.0/16",
                    account: "222222222222",
                    more: { "10.4.0.0/16": "associated" },
                    subnets: {},
                },
            },
            { "pcx-2": ["one", "two", "active"], "pcx-3": ["three", "one", "active"] },
        ).slice(0, 1);
    return [
        {
            what: "an instance is meant by its first interface",
            places: pair(
                {
                    hosts: {
                        second: { address: "10.1.1.9", of: "client" },
                        client: "10.1.1.10",
                        third: { address: "10.1.1.8", of: "client" },
                    },
                },
                from("10.1.1.10"),
            ),
            ask: "i-client server tcp/80",
            verdict: "reachable",
        },
        {
            what: "an interface is meant by the address that is asked for",
            places: pair({ hosts: { client: { address: "10.1.1.10", secondary: ["10.1.1.20"] } } }, from("10.1.1.20")),
            ask: "10.1.1.20 server tcp/80",
            verdict: "reachable",
        },
        {
            what: "a VPC's block may be public addresses",
            places: pair({ routes: { "203.0.113.0/24": "pcx-1" } }, two("203.0.113.0/24")),
            ask: "client 203.0.113.10 tcp/80",
            verdict: "reachable",
        },
        nobody(
            "a public address of a peer's second block",
            pair({ routes: { "203.0.113.0/24": "pcx-1" } }, two("10.2.1.0/24", { "203.0.113.0/24": "associated" })),
            "client 203.0.113.99",
            [notThere("203.0.113.99")],
        ),
        nobody(
            "an address of the own VPC's second block",
            pair({ more: { "10.5.0.0/16": "associated" } }),
            "client 10.5.0.9",
            [notThere("10.5.0.9")],
        ),
        nobody(
            "a block that the VPC has no more",
            pair({ more: { "10.5.0.0/16": "disassociated" } }),
            "client 10.5.0.9",
            nowhere("10.5.0.9"),
        ),
        nobody("an address of the peer's peer", chain, "client 10.3.0.9", nowhere("10.3.0.9")),
        nobody(
            "an address that two peers have is where the route leads",
            twins({ "10.0.0.0/16": "pcx-c" }, inA),
            "a 10.0.0.99",
            [notThere("10.0.0.99")],
        ),
        nobody("an address that two peers have, and no route", twins({}, inA), "a 10.0.0.99", [
            "forward rtb-a NO_ROUTE_TO_DESTINATION",
            notThere("10.0.0.99"),
        ]),
        ...["10.2.0.9 pcx-2 two", "10.3.0.9 pcx-3 three", "10.4.0.9 pcx-3 three"].map((text): Case => {
            const [address = "", connection = "", vpc = ""] = text.split(" ");
            return {
                what: "the other owners' blocks are known by the connections",
                places: strangers({ [`${address}/32`]: connection }),
                ask: `client ${address} tcp/80`,
                verdict: "unknown",
                unknown: [`what is in vpc-${vpc}, which was not read`],
            };
        }),
        {
            what: "the routes to an address are not known",
            places: pair({ routes: { "pl-two": "pcx-1" } }),
            ask: "client 10.2.1.99 tcp/80",
            verdict: "not reachable",
            blockers: [notThere("10.2.1.99")],
            unknown: ["the entries of prefix list pl-two"],
            fixes: null,
        },
    ];
}

/** Several connections, and some that can't become active. */
function connections(): Case[] {
    const gone = { "pcx-8": ["one", "two", "failed"], "pcx-9": ["two", "one", "deleted"] } as const;
    const again = [
        "pcx=$(create-vpc-peering-connection --vpc-id vpc-one --peer-vpc-id vpc-two --peer-owner-id 111111111111 --peer-region eu-north-1 --query VpcPeeringConnection.VpcPeeringConnectionId --output text)",
        'wait vpc-peering-connection-exists --vpc-peering-connection-ids "$pcx" && accept-vpc-peering-connection --vpc-peering-connection-id "$pcx"',
    ];
    const change = (action: string, vpc: string, block: string) =>
        `${action}-route --route-table-id rtb-${vpc} --destination-cidr-block ${block} --vpc-peering-connection-id "$pcx"`;
    const blind = (places: readonly Place[], kind: keyof Place) =>
        places.map(({ [kind]: _, ...place }) => place as Place);
    return [
        {
            what: "of connections that are gone, the one that the client's route names",
            places: pair({ routes: { "10.2.0.0/16": "pcx-9!" } }, { routes: {} }, gone),
            ask: "client server tcp/80",
            verdict: "not reachable",
            blockers: [
                "forward rtb-one BAD_STATE_ROUTE",
                "forward pcx-9 BAD_STATE",
                "back rtb-two NO_ROUTE_TO_DESTINATION",
            ],
            fixes: [...again, change("replace", "one", "10.2.0.0/16"), change("create", "two", "10.1.0.0/16")],
        },
        {
            what: "of connections that are gone, the one that the server's route names",
            places: pair({ routes: {} }, { routes: { "10.1.0.0/16": "pcx-9!" } }, gone),
            ask: "client server tcp/80",
            verdict: "not reachable",
            blockers: [
                "forward rtb-one NO_ROUTE_TO_DESTINATION",
                "forward pcx-9 BAD_STATE",
                "back rtb-two BAD_STATE_ROUTE",
            ],
            fixes: [...again, change("create", "one", "10.2.0.0/16"), change("replace", "two", "10.1.0.0/16")],
        },
        {
            what: "of connections that are gone, the first if no route names one",
            places: pair({ routes: {} }, { routes: {} }, gone),
            ask: "client server tcp/80",
            verdict: "not reachable",
            blockers: [
                "forward rtb-one NO_ROUTE_TO_DESTINATION",
                "forward pcx-8 BAD_STATE",
                "back rtb-two NO_ROUTE_TO_DESTINATION",
            ],
            fixes: [...again, change("create", "one", "10.2.0.0/16"), change("create", "two", "10.1.0.0/16")],
        },
        {
            what: "the active connection comes before one that waits",
            places: pair({}, {}, { "pcx-0": ["one", "two", "pending-acceptance"], "pcx-1": ["one", "two", "active"] }),
            ask: "client server tcp/80",
            verdict: "reachable",
        },
        {
            what: "a request that AWS still makes comes before a connection that is gone",
            places: pair({}, {}, { "pcx-0": ["one", "two", "expired"], "pcx-1": ["one", "two", "initiating-request"] }),
            ask: "client server tcp/80",
            verdict: "not reachable",
            blockers: ["forward pcx-1 BAD_STATE"],
            fixes: null,
        },
        {
            what: "nothing connects two whose second blocks overlap, and nothing can",
            places: pair(
                { routes: {}, more: { "10.8.0.0/16": "associated" } },
                { routes: {}, more: { "10.8.1.0/24": "associated" } },
                {},
            ),
            ask: "client server tcp/80",
            verdict: "not reachable",
            blockers: [
                "forward rtb-one NO_ROUTE_TO_DESTINATION",
                "forward none DISCONNECTED_VPCS",
                "back rtb-two NO_ROUTE_TO_DESTINATION",
            ],
            fixes: null,
        },
        {
            what: "no route, and connections that could not be read",
            places: blind(pair({ routes: {} }), "VpcPeeringConnections"),
            ask: "client server tcp/80",
            verdict: "not reachable",
            blockers: ["forward rtb-one NO_ROUTE_TO_DESTINATION"],
            unknown: ["the peering connections of vpc-one", "where pcx-1 leads"],
            fixes: null,
        },
        {
            what: "no route, and internet gateways that could not be read",
            places: blind(pair({ routes: {} }), "InternetGateways"),
            ask: "client 198.51.100.7 tcp/80",
            verdict: "not reachable",
            blockers: ["forward rtb-one NO_ROUTE_TO_DESTINATION"],
            unknown: ["the internet gateway of vpc-one"],
            fixes: null,
        },
    ];
}

/** To and from the internet. */
function internet(): Case[] {
    const host = { address: "10.1.1.10", publicIp: "192.0.2.1" };
    const routes = { "0.0.0.0/0": "igw-one" };
    const other = {
        routes: { "0.0.0.0/0": "igw-two" },
        internet: true,
        hosts: { server: { address: "10.2.1.10", publicIp: "192.0.2.2" } },
    };
    const out = pair({ routes, internet: true, hosts: { client: host } }, other, {});
    return [
        { what: "out to the internet", places: out, ask: "client 198.51.100.7 tcp/443", verdict: "reachable" },
        { what: "in from the internet", places: out, ask: "198.51.100.7 server tcp/80", verdict: "reachable" },
        {
            what: "to another VPC by public addresses",
            places: out,
            ask: "client 192.0.2.2 tcp/80",
            verdict: "reachable",
        },
        {
            what: "by public addresses, rules are asked for these",
            places: pair(
                { routes, internet: true, hosts: { client: host }, egress: ["all 192.0.2.2/32"] },
                { ...other, ingress: ["all 192.0.2.1/32"] },
                {},
            ),
            ask: "client 192.0.2.2 tcp/80",
            verdict: "reachable",
        },
        {
            what: "by public addresses, a packet leaves its subnet even to reach the same one",
            places: pair({
                routes,
                internet: true,
                acl: ["in 100 allow all 0.0.0.0/0"],
                hosts: { client: host, near: { address: "10.1.1.11", publicIp: "192.0.2.3" } },
            }),
            ask: "client 192.0.2.3 icmp",
            verdict: "not reachable",
            blockers: ["forward acl-client SUBNET_ACL_RESTRICTION", "back acl-client SUBNET_ACL_RESTRICTION"],
            fixes: [
                "create-network-acl-entry --network-acl-id acl-client --egress --rule-number 32766 --rule-action allow --protocol icmp --icmp-type-code Type=8,Code=-1 --cidr-block 192.0.2.3/32",
                "create-network-acl-entry --network-acl-id acl-client --egress --rule-number 32765 --rule-action allow --protocol icmp --icmp-type-code Type=0,Code=-1 --cidr-block 192.0.2.1/32",
            ],
        },
        {
            what: "by public addresses, a rule by group means nothing",
            places: pair(
                { routes, internet: true, hosts: { client: host } },
                { ...other, ingress: ["all sg-one"] },
                {},
            ),
            ask: "client 192.0.2.2 tcp/80",
            verdict: "not reachable",
            blockers: ["forward sg-two ENI_SG_RULES_MISMATCH"],
            fixes: [`${allow} 'IpProtocol=tcp,FromPort=80,ToPort=80,IpRanges=[{CidrIp=192.0.2.1/32}]'`],
        },
        {
            what: "no public address",
            places: pair({ routes, internet: true }),
            ask: "client 198.51.100.7 tcp/443",
            verdict: "not reachable",
            blockers: ["forward igw-one IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS"],
            fixes: [
                "address=$(allocate-address --domain vpc --query AllocationId --output text)",
                'associate-address --allocation-id "$address" --network-interface-id eni-client',
            ],
        },
        {
            what: "no internet gateway and no route",
            places: pair({ routes: {}, hosts: { client: host } }),
            ask: "client 198.51.100.7 tcp/443",
            verdict: "not reachable",
            blockers: ["forward rtb-one NO_ROUTE_TO_DESTINATION", "forward none BAD_STATE"],
            fixes: [
                "igw_one=$(create-internet-gateway --query InternetGateway.InternetGatewayId --output text)",
                'attach-internet-gateway --internet-gateway-id "$igw_one" --vpc-id vpc-one',
                'create-route --route-table-id rtb-one --destination-cidr-block 0.0.0.0/0 --gateway-id "$igw_one"',
            ],
        },
        {
            what: "no way to the internet through a peer",
            places: pair({ routes: { "0.0.0.0/0": "pcx-1" }, hosts: { client: host }, internet: true }),
            ask: "client 198.51.100.7 tcp/443",
            verdict: "not reachable",
            blockers: ["forward rtb-one PCX_REQUIRES_ADDRESS_IN_VPC_CIDR"],
            fixes: [
                "create-route --route-table-id rtb-one --destination-cidr-block 198.51.100.7/32 --gateway-id igw-one",
            ],
        },
        {
            what: "the answer to the internet has no route",
            places: pair({}, { ...other, routes: {} }, {}),
            ask: "198.51.100.7 server tcp/80",
            verdict: "not reachable",
            blockers: ["back rtb-two NO_ROUTE_TO_DESTINATION"],
            fixes: ["create-route --route-table-id rtb-two --destination-cidr-block 0.0.0.0/0 --gateway-id igw-two"],
        },
    ];
}
