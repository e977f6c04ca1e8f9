import { internet } from "../../network/planned/network.ts";
import { flows, type Call, type Puzzle } from "./puzzle.ts";

// The puzzles. Each begins with two VPCs that are peered as the lab peers them: a route to the other block on each side, and a
// security group that lets in pings from everywhere, SSH from this machine, and HTTP from the other block.

/** HTTP from a source, or another port. */
const tcp = (CidrIp: string, port = 80) => ({
    IpProtocol: "tcp",
    FromPort: port,
    ToPort: port,
    IpRanges: [{ CidrIp }],
});

const all = { IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] };
const pings = { IpProtocol: "icmp", FromPort: -1, ToPort: -1, IpRanges: [{ CidrIp: "0.0.0.0/0" }] };

/** Deletes the connection, and requests another one, which is `$PCX` then. */
const requestAnew: readonly Call[] = [
    { call: "deleteVpcPeeringConnection", input: { VpcPeeringConnectionId: "$PCX" } },
    {
        call: "createVpcPeeringConnection",
        input: { VpcId: "$VPC1", PeerVpcId: "$VPC2" },
        keep: { PCX: "VpcPeeringConnection.VpcPeeringConnectionId" },
    },
];

/** An entry of the network ACL that `$ACL` is. */
const entry = (RuleNumber: number, way: "in" | "out", CidrBlock: string, ports?: readonly [number, number]): Call => ({
    call: "createNetworkAclEntry",
    input: {
        NetworkAclId: "$ACL",
        RuleNumber,
        Egress: way === "out",
        RuleAction: "allow",
        CidrBlock,
        ...(ports
            ? { Protocol: "6", PortRange: { From: ports[0], To: ports[1] } }
            : { Protocol: "1", IcmpTypeCode: { Type: -1, Code: -1 } }),
    },
});

const single: readonly Puzzle[] = [
    {
        name: "missing-route",
        complaint:
            "Since this morning the two servers are cut off from each other: no ping is answered, no page loads.",
        causes: ["VPC2's route table had lost its route to VPC1's block."],
        calls: [{ call: "deleteRoute", input: { RouteTableId: "$RT2", DestinationCidrBlock: "$BLOCK1" } }],
        fails: flows,
        faults: [{ kind: "route table", vpc: 2, code: "IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS" }],
        changes: ["routes 2"],
    },
    {
        name: "small-block",
        complaint:
            "VPC1's team followed the peering guide to the letter, they say. Still no packet gets through, in either direction.",
        causes: ["VPC1's route was for the first /24 of VPC2's block only, in which VPC2's server is not."],
        calls: [
            { call: "deleteRoute", input: { RouteTableId: "$RT1", DestinationCidrBlock: "$BLOCK2" } },
            {
                call: "createRoute",
                input: { RouteTableId: "$RT1", DestinationCidrBlock: "10.42.0.0/24", VpcPeeringConnectionId: "$PCX" },
            },
        ],
        fails: flows,
        faults: [{ kind: "route table", vpc: 1, code: "IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS" }],
        changes: ["routes 1"],
    },
    {
        name: "host-route",
        complaint: "Both sides have a route to the other's block; both teams have looked twice. Still nothing passes.",
        causes: ["VPC2's route table had a route for VPC1's server alone, a /32, to the internet gateway."],
        calls: [
            {
                call: "createRoute",
                input: { RouteTableId: "$RT2", DestinationCidrBlock: "$IP1/32", GatewayId: "$IGW2" },
            },
        ],
        fails: flows,
        faults: [{ kind: "route table", vpc: 2, code: "IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS" }],
        changes: ["routes 2"],
    },
    {
        name: "dead-routes",
        complaint:
            "The console shows an active peering connection, and yet not a single packet gets to the other side.",
        causes: [
            "Someone had deleted the connection and created a new one, and both VPCs' routes still named the old one.",
        ],
        calls: [...requestAnew, { call: "acceptVpcPeeringConnection", input: { VpcPeeringConnectionId: "$PCX" } }],
        fails: flows,
        faults: [
            { kind: "route table", vpc: 1, code: "BAD_STATE_ROUTE" },
            { kind: "route table", vpc: 2, code: "BAD_STATE_ROUTE" },
        ],
        changes: ["connection", "routes 1", "routes 2"],
    },
    {
        name: "not-accepted",
        complaint:
            "After a mishap VPC1's team set the peering up anew. Not one packet has arrived since, in either direction.",
        causes: ["The connection had been deleted and requested anew, and nobody had accepted the new one."],
        calls: [
            ...requestAnew,
            ...(["1", "2"] as const).map((side): Call => {
                const DestinationCidrBlock = side === "1" ? "$BLOCK2" : "$BLOCK1";
                const input = { RouteTableId: `$RT${side}`, DestinationCidrBlock, VpcPeeringConnectionId: "$PCX" };
                return { call: "replaceRoute", input };
            }),
        ],
        fails: flows,
        faults: [{ kind: "peering connection", code: "BAD_STATE" }],
        changes: ["connection", "routes 1", "routes 2"],
    },
    {
        name: "gone",
        complaint:
            "Somebody was told to cut costs, and did. Neither server gets an answer from the other one any more.",
        causes: ["The peering connection had been deleted, which leaves the routes to it as blackholes."],
        calls: [{ call: "deleteVpcPeeringConnection", input: { VpcPeeringConnectionId: "$PCX" } }],
        fails: flows,
        faults: [
            { kind: "peering connection", code: "BAD_STATE" },
            { kind: "route table", vpc: 1, code: "BAD_STATE_ROUTE" },
            { kind: "route table", vpc: 2, code: "BAD_STATE_ROUTE" },
        ],
        changes: ["connection", "routes 1", "routes 2"],
    },
    {
        name: "main-table",
        complaint:
            "VPC1's server still reaches the internet, but not VPC2's server any more, nor does that one reach it.",
        causes: ["VPC1's subnet used the VPC's main route table, which has no route to VPC2."],
        calls: [
            {
                call: "createRoute",
                input: { RouteTableId: "$MAIN1", DestinationCidrBlock: "0.0.0.0/0", GatewayId: "$IGW1" },
            },
            {
                call: "replaceRouteTableAssociation",
                input: { AssociationId: "$TABLE_ASSOCIATION1", RouteTableId: "$MAIN1" },
            },
        ],
        fails: flows,
        faults: [{ kind: "route table", vpc: 1, code: "IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS" }],
        changes: ["routes 1"],
    },
    {
        name: "twin",
        complaint:
            "VPC1's team has connected a new partner, who is happy. Between VPC1 and VPC2 nothing has passed since.",
        causes: ["VPC1 was peered with a third VPC that has VPC2's block, and had a more specific route to it."],
        calls: [
            { call: "createVpc", input: { CidrBlock: "$BLOCK2" }, keep: { VPC3: "Vpc.VpcId" } },
            {
                call: "createVpcPeeringConnection",
                input: { VpcId: "$VPC1", PeerVpcId: "$VPC3" },
                keep: { PCX3: "VpcPeeringConnection.VpcPeeringConnectionId" },
            },
            { call: "acceptVpcPeeringConnection", input: { VpcPeeringConnectionId: "$PCX3" } },
            {
                call: "createRoute",
                input: { RouteTableId: "$RT1", DestinationCidrBlock: "10.42.0.0/20", VpcPeeringConnectionId: "$PCX3" },
            },
        ],
        fails: flows,
        faults: [
            { kind: "route table", vpc: 1, code: "MORE_SPECIFIC_ROUTE" },
            { kind: "route table", vpc: 1, code: "ROUTE_WRONG_NETWORK" },
        ],
        changes: ["routes 1"],
    },
    {
        name: "wrong-source",
        complaint: "In VPC1, VPC2's page does not load. Pings are answered, and the other way around all is well.",
        causes: ["VPC2's security group let in HTTP from 10.43.0.0/16, which is not VPC1's block."],
        calls: [
            {
                call: "revokeSecurityGroupIngress",
                input: { GroupId: "$SG2", IpPermissions: [tcp("$BLOCK1")] },
            },
            {
                call: "authorizeSecurityGroupIngress",
                input: { GroupId: "$SG2", IpPermissions: [tcp("10.43.0.0/16")] },
            },
        ],
        fails: ["1>2 HTTP"],
        faults: [{ kind: "security group", vpc: 2, code: "ENI_SG_RULES_MISMATCH" }],
        changes: ["group 2"],
    },
    {
        name: "wrong-port",
        complaint:
            "Monitoring in VPC2 shows VPC1's server as healthy, since it only pings. But its page does not load there.",
        causes: ["VPC1's security group let in TCP 8080 from VPC2's block, not TCP 80."],
        calls: [
            {
                call: "revokeSecurityGroupIngress",
                input: { GroupId: "$SG1", IpPermissions: [tcp("$BLOCK2")] },
            },
            {
                call: "authorizeSecurityGroupIngress",
                input: { GroupId: "$SG1", IpPermissions: [tcp("$BLOCK2", 8080)] },
            },
        ],
        fails: ["2>1 HTTP"],
        faults: [{ kind: "security group", vpc: 1, code: "ENI_SG_RULES_MISMATCH" }],
        changes: ["group 1"],
    },
    {
        name: "pings-only",
        complaint:
            "The network is fine, says the network team, and pings the other side to prove it. But no page loads, either way.",
        causes: ["Neither security group let in HTTP from the other VPC."],
        calls: [
            {
                call: "revokeSecurityGroupIngress",
                input: { GroupId: "$SG1", IpPermissions: [tcp("$BLOCK2")] },
            },
            {
                call: "revokeSecurityGroupIngress",
                input: { GroupId: "$SG2", IpPermissions: [tcp("$BLOCK1")] },
            },
        ],
        fails: ["1>2 HTTP", "2>1 HTTP"],
        faults: [
            { kind: "security group", vpc: 1, code: "ENI_SG_RULES_MISMATCH" },
            { kind: "security group", vpc: 2, code: "ENI_SG_RULES_MISMATCH" },
        ],
        changes: ["group 1", "group 2"],
    },
    {
        name: "no-egress",
        complaint: "VPC1's server answers everybody, but gets no answer from VPC2's server, whatever it asks.",
        causes: ["VPC1's security group had no outbound rule left. Answers need none: a security group keeps state."],
        calls: [{ call: "revokeSecurityGroupEgress", input: { GroupId: "$SG1", IpPermissions: [all] } }],
        fails: ["1>2 ping", "1>2 HTTP"],
        faults: [{ kind: "security group", vpc: 1, code: "SG_HAS_NO_RULES" }],
        changes: ["group 1"],
    },
    {
        name: "no-ping",
        complaint:
            "Monitoring in VPC1 reports VPC2's server as down, since it does not answer pings. But its page loads.",
        causes: ["VPC2's security group no longer let in ICMP."],
        calls: [{ call: "revokeSecurityGroupIngress", input: { GroupId: "$SG2", IpPermissions: [pings] } }],
        fails: ["1>2 ping"],
        faults: [{ kind: "security group", vpc: 2, code: "ENI_SG_RULES_MISMATCH" }],
        changes: ["group 2"],
    },
    {
        name: "forgotten-answers",
        complaint: "After the security audit VPC2's page no longer loads in VPC1. All else works, in both directions.",
        causes: [
            "VPC2's subnet had a new network ACL, whose outbound rules forgot the ports that answers to VPC1 go to.",
        ],
        calls: [
            { call: "createNetworkAcl", input: { VpcId: "$VPC2" }, keep: { ACL: "NetworkAcl.NetworkAclId" } },
            entry(100, "in", "0.0.0.0/0"),
            entry(110, "in", "0.0.0.0/0", [22, 22]),
            entry(120, "in", "0.0.0.0/0", [80, 80]),
            entry(130, "in", "0.0.0.0/0", [1024, 65535]),
            entry(100, "out", "0.0.0.0/0"),
            entry(110, "out", "0.0.0.0/0", [80, 80]),
            // Where people log in from.
            entry(120, "out", `${internet.operator}/32`, [1024, 65535]),
            {
                call: "replaceNetworkAclAssociation",
                input: { AssociationId: "$ACL_ASSOCIATION2", NetworkAclId: "$ACL" },
            },
        ],
        fails: ["1>2 HTTP"],
        faults: [{ kind: "network ACL", vpc: 2, code: "SUBNET_ACL_RESTRICTION" }],
        changes: ["ACL 2"],
    },
    {
        name: "deny-first",
        complaint: "VPC1's page does not load in VPC2, although VPC1's security group allows that. Pings are answered.",
        causes: [
            "VPC1's network ACL denied HTTP from VPC2 by a rule with a lower number than the one that allows everything.",
        ],
        calls: [
            {
                call: "createNetworkAclEntry",
                input: {
                    NetworkAclId: "$ACL1",
                    RuleNumber: 90,
                    Egress: false,
                    RuleAction: "deny",
                    Protocol: "6",
                    PortRange: { From: 80, To: 80 },
                    CidrBlock: "$BLOCK2",
                },
            },
        ],
        fails: ["2>1 HTTP"],
        faults: [{ kind: "network ACL", vpc: 1, code: "SUBNET_ACL_RESTRICTION" }],
        changes: ["ACL 1"],
    },
];

/** A puzzle of several ones, which have to change different parts. */
export function combined(name: string, complaint: string, parts: readonly Puzzle[]): Puzzle {
    return {
        name,
        complaint,
        causes: parts.flatMap(({ causes }) => causes),
        calls: parts.flatMap(({ calls }) => calls),
        fails: flows.filter((flow) => parts.some(({ fails }) => fails.includes(flow))),
        faults: parts.flatMap(({ faults }) => faults),
        changes: parts.flatMap(({ changes }) => changes),
    };
}

/** The puzzles with these names. */
function named(...names: readonly string[]): Puzzle[] {
    return single.filter(({ name }) => names.includes(name));
}

/** All puzzles by name. */
export const puzzles: readonly Puzzle[] = [
    ...single,
    combined(
        "two-faults",
        "Nothing passes between the two servers. VPC2's team suspects that more than one thing is wrong this time.",
        named("missing-route", "wrong-source"),
    ),
];

/** The puzzles that a seed chooses from. */
export const parts = single;
