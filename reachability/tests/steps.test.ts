import assert from "node:assert/strict";
import { analyze } from "../analysis.ts";
import { State, type Place } from "../state.ts";
import { sentenceOf } from "../text.ts";
import { isBlocker, type Hop, type Question } from "../types.ts";
import { placesOf, type VpcSpec } from "./build.ts";
import { pair } from "./cases.ts";

/** What each component says of a packet, on its way there and back; a blocker has its code, and what is not known a `?`. */
interface Story {
    readonly what: string;
    readonly places: readonly Place[];
    readonly ask: Pick<Question, "from" | "to" | "protocol" | "port">;
    readonly steps: readonly string[];
}

function stepOf(hop: Hop): string {
    const { kind, id, name } = hop.component;
    const title = `${kind} ${id}${name === undefined ? "" : ` (${name})`}`;
    const code = isBlocker(hop) ? ` ${hop.code}` : "";
    return `${hop.isUnknown === true ? "? " : ""}${title}: ${sentenceOf(hop)}${code}`;
}

/** Leaves out what most ways have. */
const isTelling = (step: string) => !/: runs$|^network interface|: active$|allows all/.test(step);

const tcp = { from: "client", to: "server", protocol: "tcp", port: 80 } as const;
const ping = { from: "client", to: "server", protocol: "icmp" } as const;
const ownTable: VpcSpec["subnets"] = {
    server: { block: "10.2.1.0/24", routes: {}, hosts: { server: "10.2.1.10" } },
};
const publicOnly = { routes: { "0.0.0.0/0": "igw-one" }, internet: true };
const known = { client: { address: "10.1.1.10", publicIp: "192.0.2.1" } };
const without = (places: readonly Place[], ...kinds: readonly string[]) =>
    places.map((place) =>
        Object.fromEntries(Object.entries(place).filter(([kind]) => !kinds.includes(kind))),
    ) as unknown as Place[];

const filters = ["NetworkAcls", "SecurityGroups", "Reservations", "PrefixLists"] as const;

const stories: readonly Story[] = [
    {
        what: "rules with ports, of several groups, by a prefix list and by a group",
        places: pair(
            {
                egress: ["tcp/0-1023 pl-two"],
                acl: ["out 5 allow tcp/80-81 10.2.0.0/16", "in 6 allow tcp/1024-65535 10.2.0.0/16"],
            },
            {
                groups: { web: ["tcp/443 10.1.0.0/16", "tcp/80 sg-other", "tcp/80 sg-one"] },
                ingress: ["udp/80 10.1.0.0/16"],
                hosts: { server: { address: "10.2.1.10", groups: ["sg-two", "sg-web"] } },
            },
            undefined,
            { "pl-two": ["10.9.0.0/16", "10.2.0.0/16"] },
        ),
        ask: tcp,
        steps: [
            "security group sg-one (group of one): allows tcp 0-1023 to pl-two",
            "network ACL acl-client: outbound rule 5 allows tcp 80-81 to 10.2.0.0/16",
            "route table rtb-one (routes of one): 10.2.0.0/16 -> pcx-1 (the main table of vpc-one: subnet-client has none of its own)",
            "security group sg-two, sg-web: allows tcp 80 from sg-one",
            "route table rtb-two (routes of two): 10.1.0.0/16 -> pcx-1 (the main table of vpc-two: subnet-server has none of its own)",
            "network ACL acl-client: inbound rule 6 allows tcp 1024-65535 from 10.2.0.0/16",
        ],
    },
    {
        what: "everything that stops a TCP request and its answer",
        places: pair(
            { routes: { "10.2.0.0/16": "pcx-0!" }, egress: ["tcp/443 0.0.0.0/0"], acl: ["out 7 deny all 0.0.0.0/0"] },
            { ingress: [], subnets: ownTable },
            { "pcx-1": ["one", "two", "failed", "The blocks overlap"] },
        ),
        ask: tcp,
        steps: [
            "security group sg-one (group of one): lets no TCP 80 out to 10.2.1.10 ENI_SG_RULES_MISMATCH",
            "network ACL acl-client: outbound rule 7 denies TCP 80 to 10.2.1.10 SUBNET_ACL_RESTRICTION",
            "route table rtb-one (routes of one): 10.2.0.0/16 -> pcx-0 is a blackhole: its target is gone (the main table of vpc-one: subnet-client has none of its own) BAD_STATE_ROUTE",
            "peering connection pcx-1: is failed, not active: The blocks overlap BAD_STATE",
            "security group sg-two (group of two): lets no TCP 80 in from 10.1.1.10: it has no inbound rules SG_HAS_NO_RULES",
            "route table rtb-server (routes of server): no route to 10.1.1.10 (associated with subnet-server) NO_ROUTE_TO_DESTINATION",
            "peering connection pcx-1: is failed, not active: The blocks overlap BAD_STATE",
            "network ACL acl-client: inbound rule * denies the answer's TCP 32768-60999 from 10.2.1.10 SUBNET_ACL_RESTRICTION",
        ],
    },
    {
        what: "everything that stops a ping and its reply",
        places: pair(
            {
                egress: ["icmp/0 0.0.0.0/0"],
                acl: ["out 100 allow icmp/8 0.0.0.0/0"],
                hosts: { client: { address: "10.1.1.10", state: "stopping" } },
            },
            { ingress: ["tcp/8 0.0.0.0/0"], acl: ["in 100 allow icmp/8 0.0.0.0/0", "out 100 deny icmp 10.1.0.0/16"] },
            { "pcx-1": ["one", "two", "pending-acceptance", "Pending acceptance by 111111111111"] },
        ),
        ask: ping,
        steps: [
            "instance i-client (client): is stopping UNASSOCIATED_COMPONENT",
            "security group sg-one (group of one): lets no ping out to 10.2.1.10 ENI_SG_RULES_MISMATCH",
            "network ACL acl-client: outbound rule 100 allows icmp to 0.0.0.0/0",
            "route table rtb-one (routes of one): 10.2.0.0/16 -> pcx-1 (the main table of vpc-one: subnet-client has none of its own)",
            "peering connection pcx-1: is pending-acceptance, not active BAD_STATE",
            "network ACL acl-server: inbound rule 100 allows icmp from 0.0.0.0/0",
            "security group sg-two (group of two): lets no ping in from 10.1.1.10 ENI_SG_RULES_MISMATCH",
            "network ACL acl-server: outbound rule 100 denies the answer's ICMP to 10.1.1.10 SUBNET_ACL_RESTRICTION",
            "route table rtb-two (routes of two): 10.1.0.0/16 -> pcx-1 (the main table of vpc-two: subnet-server has none of its own)",
            "peering connection pcx-1: is pending-acceptance, not active BAD_STATE",
            "network ACL acl-client: inbound rule * denies the answer's ICMP from 10.2.1.10 SUBNET_ACL_RESTRICTION",
        ],
    },
    {
        what: "a group that lets nothing out, and routes that lead elsewhere",
        places: placesOf(
            {
                one: {
                    block: "10.1.0.0/16",
                    egress: [],
                    routes: { "10.2.1.0/24": "pcx-c", "10.2.0.0/16": "pcx-1" },
                    subnets: { client: { block: "10.1.1.0/24", hosts: { client: "10.1.1.10" } } },
                },
                two: {
                    block: "10.2.0.0/16",
                    routes: { "10.1.0.0/16": "pcx-d" },
                    subnets: { server: { block: "10.2.1.0/24", hosts: { server: "10.2.1.10" } } },
                },
                c: { block: "10.2.0.0/16", subnets: {} },
                d: { block: "10.1.0.0/16", subnets: {} },
            },
            { "pcx-1": ["one", "two", "active"], "pcx-c": ["c", "one", "active"], "pcx-d": ["two", "d", "active"] },
        ),
        ask: tcp,
        steps: [
            "security group sg-one (group of one): lets no TCP 80 out to 10.2.1.10: it has no outbound rules SG_HAS_NO_RULES",
            "route table rtb-one (routes of one): 10.2.1.0/24 -> pcx-c is more specific than the route to pcx-1 (the main table of vpc-one: subnet-client has none of its own) MORE_SPECIFIC_ROUTE",
            "route table rtb-two (routes of two): 10.1.0.0/16 -> pcx-d (vpc-two - vpc-d) leads the answer to another network (the main table of vpc-two: subnet-server has none of its own) ROUTE_WRONG_NETWORK",
        ],
    },
    {
        what: "an internet gateway takes no private address, and a peer hands nothing on",
        places: placesOf(
            {
                one: {
                    ...publicOnly,
                    block: "10.1.0.0/16",
                    subnets: { client: { block: "10.1.1.0/24", hosts: { client: "10.1.1.10" } } },
                },
                two: {
                    block: "10.2.0.0/16",
                    routes: { "10.0.0.0/8": "pcx-d" },
                    subnets: { server: { block: "10.2.1.0/24", hosts: { server: "10.2.1.10" } } },
                },
                d: { block: "10.3.0.0/16", subnets: {} },
            },
            { "pcx-d": ["two", "d", "active"] },
        ),
        ask: tcp,
        steps: [
            "route table rtb-one (routes of one): no route to 10.2.1.10 but 0.0.0.0/0 -> igw-one, and an internet gateway takes no private address (the main table of vpc-one: subnet-client has none of its own) IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS",
            "peering connection none: vpc-one and vpc-two have none DISCONNECTED_VPCS",
            "route table rtb-two (routes of two): 10.0.0.0/8 -> pcx-d, whose other VPC does not have 10.1.1.10: peering is not transitive (the main table of vpc-two: subnet-server has none of its own) PCX_REQUIRES_ADDRESS_IN_VPC_CIDR",
            "peering connection none: vpc-one and vpc-two have none DISCONNECTED_VPCS",
        ],
    },
    {
        what: "the own block is the other end's, too, and a connection failed without a message",
        places: pair(
            { routes: {} },
            { block: "10.1.0.0/16", more: { "10.2.0.0/16": "associated" }, routes: {} },
            { "pcx-1": ["one", "two", "failed"] },
        ),
        ask: tcp,
        steps: [
            "route table rtb-one (routes of one): no route to 10.2.1.10 (the main table of vpc-one: subnet-client has none of its own) NO_ROUTE_TO_DESTINATION",
            "peering connection pcx-1: is failed, not active BAD_STATE",
            "route table rtb-two (routes of two): 10.1.0.0/16 -> local leads the answer to another network (the main table of vpc-two: subnet-server has none of its own) ROUTE_WRONG_NETWORK",
            "peering connection pcx-1: is failed, not active BAD_STATE",
        ],
    },
    {
        what: "out to the internet",
        places: pair({ ...publicOnly, hosts: known }),
        ask: { ...tcp, to: "198.51.100.7" },
        steps: [
            "route table rtb-one (routes of one): 0.0.0.0/0 -> igw-one (the main table of vpc-one: subnet-client has none of its own)",
            "internet gateway igw-one: 10.1.1.10 = 192.0.2.1",
            "destination 198.51.100.7: on the internet",
            "internet gateway igw-one: 10.1.1.10 = 192.0.2.1",
        ],
    },
    {
        what: "to a public address of a VPC without an internet gateway",
        places: pair(
            { ...publicOnly, hosts: known },
            { hosts: { server: { address: "10.2.1.10", publicIp: "192.0.2.2" } } },
            {},
        ),
        ask: { ...tcp, to: "192.0.2.2" },
        steps: [
            "route table rtb-one (routes of one): 0.0.0.0/0 -> igw-one (the main table of vpc-one: subnet-client has none of its own)",
            "internet gateway igw-one: 10.1.1.10 = 192.0.2.1",
            "internet gateway none: vpc-two has none BAD_STATE",
            "route table rtb-two (routes of two): no route to 192.0.2.1 (the main table of vpc-two: subnet-server has none of its own) NO_ROUTE_TO_DESTINATION",
            "internet gateway none: vpc-two has none BAD_STATE",
            "internet gateway igw-one: 10.1.1.10 = 192.0.2.1",
        ],
    },
    {
        what: "in from the internet to an interface without a public address",
        places: pair({}, { routes: { "0.0.0.0/0": "igw-two" }, internet: true }),
        ask: { ...ping, from: "198.51.100.7" },
        steps: [
            "internet gateway igw-two: passes only interfaces with a public address, and eni-server has none IGW_PUBLIC_IP_ASSOCIATION_FOR_INGRESS",
            "route table rtb-two (routes of two): 0.0.0.0/0 -> igw-two (the main table of vpc-two: subnet-server has none of its own)",
            "internet gateway igw-two: passes only interfaces with a public address, and eni-server has none IGW_PUBLIC_IP_ASSOCIATION_FOR_INGRESS",
            "destination 198.51.100.7: on the internet",
        ],
    },
    {
        what: "to an address in the peer that no interface has",
        places: pair(),
        ask: { ...tcp, to: "10.2.1.99" },
        steps: [
            "route table rtb-one (routes of one): 10.2.0.0/16 -> pcx-1 (the main table of vpc-one: subnet-client has none of its own)",
            "destination 10.2.1.99: no interface in vpc-two has this address UNKNOWN_DESTINATION",
        ],
    },
    {
        what: "to an address that no VPC has",
        places: pair({ routes: { "0.0.0.0/0": "nat-1" } }),
        ask: { ...tcp, to: "10.9.9.9" },
        steps: ["? route table rtb-one (routes of one): where nat-1 leads; what is behind it is not judged"],
    },
    {
        what: "to an address that no VPC has, without a route",
        places: pair(),
        ask: { ...tcp, to: "10.9.9.9" },
        steps: [
            "route table rtb-one (routes of one): no route to 10.9.9.9 (the main table of vpc-one: subnet-client has none of its own) NO_ROUTE_TO_DESTINATION",
            "peering connection none: none leads to a VPC that has the address DISCONNECTED_VPCS",
            "destination 10.9.9.9: no VPC that was read has this address UNKNOWN_DESTINATION",
            "peering connection none: none leads to a VPC that has the address DISCONNECTED_VPCS",
        ],
    },
    {
        what: "to itself",
        places: pair(),
        ask: { ...tcp, to: "client" },
        steps: [],
    },
    {
        what: "within a subnet, from an interface that no instance has",
        places: pair({ acl: [], hosts: { client: { address: "10.1.1.10", of: "none" }, near: "10.1.1.11" } }),
        ask: { ...ping, from: "eni-client", to: "near" },
        steps: [],
    },
    {
        what: "where only interfaces and connections were read",
        places: without(pair(), ...filters, "Vpcs", "Subnets", "RouteTables", "InternetGateways"),
        ask: { ...tcp, from: "i-client", to: "i-server" },
        steps: [
            "? instance i-client: whether i-client runs",
            "? security group sg-one: the rules of sg-one",
            "? network ACL of subnet-client: the network ACL of subnet-client",
            "? route table of subnet-client: the route table of subnet-client; what is behind it is not judged",
        ],
    },
    {
        what: "where no instances and no filters were read",
        places: without(pair(), ...filters),
        ask: { ...tcp, from: "i-client", to: "i-server" },
        steps: [
            "? instance i-client: whether i-client runs",
            "? security group sg-one: the rules of sg-one",
            "? network ACL of subnet-client: the network ACL of subnet-client",
            "route table rtb-one (routes of one): 10.2.0.0/16 -> pcx-1 (the main table of vpc-one: subnet-client has none of its own)",
            "? network ACL of subnet-server: the network ACL of subnet-server",
            "? security group sg-two: the rules of sg-two",
            "? instance i-server: whether i-server runs",
            "? network ACL of subnet-server: the network ACL of subnet-server",
            "route table rtb-two (routes of two): 10.1.0.0/16 -> pcx-1 (the main table of vpc-two: subnet-server has none of its own)",
            "? network ACL of subnet-client: the network ACL of subnet-client",
        ],
    },
    {
        what: "where one of two groups and no internet gateway was read",
        places: without(
            pair({ ...publicOnly, hosts: { client: { address: "10.1.1.10", groups: ["sg-one", "sg-gone"] } } }),
            "InternetGateways",
        ),
        ask: { ...tcp, to: "198.51.100.7" },
        steps: [
            "? security group sg-one, sg-gone: the rules of sg-one, sg-gone",
            "? route table rtb-one (routes of one): where igw-one leads",
            "? internet gateway none: the internet gateway of vpc-one",
            "destination 198.51.100.7: on the internet",
            "? internet gateway none: the internet gateway of vpc-one",
        ],
    },
    {
        what: "where no connections were read",
        places: without(pair(), "VpcPeeringConnections"),
        ask: tcp,
        steps: [
            "? route table rtb-one (routes of one): where pcx-1 leads",
            "? peering connection none: the peering connections of vpc-one",
            "? route table rtb-two (routes of two): where pcx-1 leads",
            "? peering connection none: the peering connections of vpc-one",
        ],
    },
    {
        what: "where a rule names a group, and the other owner's interfaces were not read",
        places: pair({ egress: ["all sg-two"], routes: { "10.2.0.0/16": "nat-1" } }, { account: "222222222222" }).slice(
            0,
            1,
        ),
        ask: { ...tcp, to: "10.2.1.10" },
        steps: [
            "? security group sg-one (group of one): whether 10.2.1.10 is a member of sg-two",
            "? route table rtb-one (routes of one): where nat-1 leads; what is behind it is not judged",
        ],
    },
    {
        what: "to another owner's address, whose VPC was not read",
        places: pair({ acl: ["out 100 allow all 0.0.0.0/0"] }, { account: "222222222222" }).slice(0, 1),
        ask: { ...tcp, to: "10.2.1.10" },
        steps: [
            "route table rtb-one (routes of one): 10.2.0.0/16 -> pcx-1 (the main table of vpc-one: subnet-client has none of its own)",
            "? destination 10.2.1.10: what is in vpc-two, which was not read",
        ],
    },
];

describe("each step of a packet", () => {
    for (const { what, places, ask, steps } of stories) {
        it(what, () => {
            const { forward, back } = analyze(new State(places), ask);
            assert.deepEqual([...forward, ...back].map(stepOf).filter(isTelling), steps);
        });
    }
});
