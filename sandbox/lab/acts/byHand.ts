import type { State } from "../../../reachability/state.ts";
import { isActive, isBetween, isPending } from "../../api/client/vpcs.ts";
import { internet } from "../../network/planned/network.ts";
import type { Act } from "../act.ts";
import { aclByHand, allowHttp, peerByHand, routeByHand, thirdVpc, unrouteByHand } from "../hands.ts";
import { arrivalVerdict, bothWays, http, isolated, nameVerdicts, oneWay, ping, reachable } from "../probes.ts";
import { flowLogsByHand } from "../records.ts";
import type { Verdict } from "../report.ts";
import type { Scene } from "../scene.ts";
import type { Ends } from "../why.ts";

// Acts that call the EC2 API directly, and undo every change. The first ones start from two VPCs without a peering
// connection, the others from two peered VPCs.

const apart = {};
const together = { peering: true };

/** Routes and rules exist, but the connection is not accepted. */
export const pending: Act = {
    name: "pending",
    shows: "a connection carries no traffic until it is accepted, whatever the routes and rules are",
    rule: 'Amazon VPC Peering Guide, "VPC peering connection lifecycle"',
    settings: apart,
    play: async (scene) => {
        const id = await peerByHand(scene, { accepted: false });
        return [
            { what: "the connection", expected: "pending-acceptance", seen: await statusOf(scene, id) },
            ...(await Promise.all(
                scene.pair.map(async ({ label, routeTableId }) => {
                    const { RouteTables = [] } = await scene.ec2.describeRouteTables({ RouteTableIds: [routeTableId] });
                    const route = RouteTables[0]?.Routes?.find(({ VpcPeeringConnectionId }) => VpcPeeringConnectionId);
                    return { what: `${label}'s route`, expected: "blackhole", seen: route?.State ?? "none" };
                }),
            )),
            ...(await bothWays(scene.pair, isolated("connection"))),
        ];
    },
};

export const oneSidedRoute: Act = {
    name: "one-sided-route",
    shows: "with a route on one side only, replies don't come back",
    rule: 'Amazon VPC Peering Guide, "Update your route tables for a VPC peering connection"',
    settings: apart,
    play: async (scene) => {
        const [one, two] = scene.pair;
        await peerByHand(scene, { routes: [one] });
        return [
            await arrivalVerdict(one, two, "arrives"),
            await arrivalVerdict(two, one, "does not arrive"),
            ...(await bothWays(scene.pair, isolated("server's routes"), isolated("client's routes"))),
        ];
    },
};

export const missingRule: Act = {
    name: "missing-rule",
    shows: "the VPCs are connected, but the security groups allow only pings, no HTTP",
    rule: 'Amazon VPC Peering Guide, "Update your security groups to reference peer security groups"',
    settings: apart,
    play: async (scene) => {
        await peerByHand(scene, { rules: [] });
        return bothWays(scene.pair, { ping: "reply", http: "none", stoppedBy: "server's group" });
    },
};

/** AWS calls such a rule stale: it can be deleted as any other. */
export const staleGroup: Act = {
    name: "stale-group",
    shows: "a rule that references the peer's group stays when the connection is deleted, and allows nothing any more",
    rule: 'Amazon VPC Peering Guide, "Update your security groups to reference peer security groups"',
    settings: apart,
    play: async (scene) => {
        const [one, two] = scene.pair;
        const connection = { VpcPeeringConnectionId: await peerByHand(scene, { rules: [] }) };
        await allowHttp(scene, two, { UserIdGroupPairs: [{ GroupId: one.securityGroupId }] });
        const before = await oneWay(one, two, reachable, "connected");
        await scene.ec2.deleteVpcPeeringConnection(connection);
        const after = await oneWay(one, two, isolated("client's routes", "connection", "server's routes"), "deleted");
        const { SecurityGroups = [] } = await scene.ec2.describeSecurityGroups({ GroupIds: [two.securityGroupId] });
        const groups = SecurityGroups.flatMap(({ IpPermissions = [] }) => IpPermissions)
            .flatMap(({ UserIdGroupPairs = [] }) => UserIdGroupPairs)
            .map(({ GroupId }) => GroupId);
        const again = await scene.ec2
            .authorizeSecurityGroupIngress({
                GroupId: two.securityGroupId,
                IpPermissions: [
                    {
                        IpProtocol: "tcp",
                        FromPort: 443,
                        ToPort: 443,
                        UserIdGroupPairs: [{ GroupId: one.securityGroupId }],
                    },
                ],
            })
            .then(
                () => "not refused",
                (error: unknown) => (error instanceof Error ? error.name : String(error)),
            );
        return [
            ...before,
            ...after,
            { what: "the group in VPC2's rule", expected: one.securityGroupId, seen: groups.join(", ") || "none" },
            { what: "another rule by VPC1's group", expected: "InvalidGroup.NotFound", seen: again },
        ];
    },
};

export const overlap: Act = {
    name: "overlap",
    shows: "VPCs with overlapping CIDR blocks can't be peered: the program rejects them, and so does AWS",
    rule: 'Amazon VPC Peering Guide, "VPC peering limitations" (overlapping CIDR blocks)',
    settings: apart,
    play: async (scene) => {
        const before = await scene.inventory();
        const reason = await scene.refusal({
            peering: true,
            accepter: { cidrBlock: "10.41.0.0/16", subnetCidrBlock: "10.41.2.0/24", privateIp: "10.41.2.100" },
        });
        const after = await scene.inventory();
        const [{ vpcId }] = scene.pair;
        const { Vpc } = await scene.ec2.createVpc({ CidrBlock: "10.41.128.0/17" });
        scene.cleanup.add("the overlapping VPC", () => scene.ec2.deleteVpc({ VpcId: Vpc?.VpcId }));
        const request = { VpcId: vpcId, PeerVpcId: Vpc?.VpcId };
        const { VpcPeeringConnection: made } = await scene.ec2.createVpcPeeringConnection(request);
        const status = await statusOf(scene, made?.VpcPeeringConnectionId);
        const refused = reason?.includes("accepter.cidrBlock") ? "refused" : (reason ?? "not refused");
        return [
            { what: "pulumi up with 10.41.0.0/16 on both sides", expected: "refused", seen: refused },
            { what: "resources afterwards", expected: `${before.length}`, seen: `${after.length}` },
            { what: "a connection between 10.41.0.0/16 and 10.41.128.0/17", expected: "failed", seen: status },
        ];
    },
};

export const resolution: Act = {
    name: "dns",
    shows: "public DNS names resolve to private addresses across the connection, if DNS resolution is enabled",
    rule: 'Amazon VPC Peering Guide, "Enable DNS resolution for a VPC peering connection"',
    settings: together,
    play: async (scene) => {
        const set = (AllowDnsResolutionFromRemoteVpc: boolean) =>
            scene.ec2.modifyVpcPeeringConnectionOptions({
                VpcPeeringConnectionId: scene.peeringId,
                RequesterPeeringConnectionOptions: { AllowDnsResolutionFromRemoteVpc },
                AccepterPeeringConnectionOptions: { AllowDnsResolutionFromRemoteVpc },
            });
        scene.cleanup.add("disabling DNS resolution", () => set(true));
        await set(false);
        const off = await nameVerdicts(scene.pair, "public", "off");
        await set(true);
        return [...off, ...(await nameVerdicts(scene.pair, "private", "on"))];
    },
};

export const second: Act = {
    name: "second-connection",
    shows: "two VPCs have one connection: a second request returns it, and one in the other direction can't be accepted",
    rule: 'Amazon VPC Peering Guide, "VPC peering limitations" (one connection between two VPCs)',
    settings: together,
    play: async (scene) => {
        const [{ vpcId }, peer] = scene.pair;
        const request = { VpcId: vpcId, PeerVpcId: peer.vpcId };
        const { VpcPeeringConnection: made } = await scene.ec2.createVpcPeeringConnection(request);
        const id = made?.VpcPeeringConnectionId ?? "none";
        if (id !== scene.peeringId) {
            scene.cleanup.add("the second connection", () =>
                scene.ec2.deleteVpcPeeringConnection({ VpcPeeringConnectionId: id }),
            );
        }
        const { VpcPeeringConnections = [] } = await scene.ec2.describeVpcPeeringConnections();
        const between = VpcPeeringConnections.filter(
            (one) => (isActive(one) || isPending(one)) && isBetween(one, vpcId, peer.vpcId),
        );
        const back = await scene.ec2.createVpcPeeringConnection({ VpcId: peer.vpcId, PeerVpcId: vpcId });
        const backId = back.VpcPeeringConnection?.VpcPeeringConnectionId ?? "none";
        scene.cleanup.add("the request in the other direction", () =>
            scene.ec2.deleteVpcPeeringConnection({ VpcPeeringConnectionId: backId }),
        );
        const accepted = await scene.ec2.acceptVpcPeeringConnection({ VpcPeeringConnectionId: backId }).then(
            () => "accepted",
            (error: unknown) => (error as Error).name,
        );
        return [
            { what: "the connection of a second request", expected: scene.peeringId, seen: id },
            { what: "connections between the two VPCs", expected: "1", seen: `${between.length}` },
            {
                what: "the acceptance of a request in the other direction",
                expected: "VpcPeeringConnectionAlreadyExists",
                seen: accepted,
            },
        ];
    },
};

export const noTransit: Act = {
    name: "no-transit",
    shows: "VPC1 and VPC3 are both peered with VPC2, but can't reach each other through it",
    rule: 'Amazon VPC Peering Guide, "VPC peering limitations" (transitive peering)',
    settings: together,
    play: async (scene) => {
        const [one, two] = scene.pair;
        const three = await thirdVpc(scene, two);
        // As close to transit as routes allow: VPC1 and VPC3 send traffic for each other to VPC2.
        await routeByHand(scene, one.routeTableId, three.cidrBlock, scene.peeringId);
        await routeByHand(scene, three.routeTableId, one.cidrBlock, three.peeringId);
        const [direct, through] = await Promise.all([ping(two, three.privateIp), ping(one, three.privateIp)]);
        return [
            { what: "VPC2 -> VPC3 ping", expected: reachable.ping, seen: direct },
            { what: "VPC1 -> VPC3 ping", expected: "none", seen: through },
            stoppedBy(scene, await scene.state(), "VPC1 -> VPC3 ping", { from: one.serverId, to: three.privateIp }, [
                "client's routes",
                "connection",
                "server's routes",
            ]),
        ];
    },
};

export const noWayOut: Act = {
    name: "no-way-out",
    shows: "a VPC can't reach the internet through its peer's internet gateway",
    rule: 'Amazon VPC Peering Guide, "VPC peering limitations" (edge to edge routing)',
    settings: together,
    play: async (scene) => {
        const [one, two] = scene.pair;
        const own = await ping(one, internet.address);
        // For this address only: all other traffic, such as SSH replies, still uses the VPC's own gateway.
        await routeByHand(scene, one.routeTableId, `${internet.address}/32`, scene.peeringId);
        const others = await ping(one, internet.address);
        const state = await scene.state();
        // The gateway works for its own VPC.
        const peers = await ping(two, internet.address);
        return [
            { what: "internet ping through its own gateway", expected: "reply", seen: own },
            { what: "internet ping through the peer's gateway", expected: "none", seen: others },
            stoppedBy(
                scene,
                state,
                "internet ping through the peer's gateway",
                { from: one.serverId, to: internet.address },
                ["client's routes"],
            ),
            { what: "internet ping from the peer", expected: "reply", seen: peers },
        ];
    },
};

export const networkAcl: Act = {
    name: "network-acl",
    shows: "a network ACL filters what enters and leaves a subnet, and, unlike a security group, responses as well",
    rule: 'Amazon VPC User Guide, "Control subnet traffic with network access control lists"',
    settings: together,
    play: async (scene) => {
        const [one, two] = scene.pair;
        const enter = await aclByHand(scene, two);
        const http = { Protocol: "6", PortRange: { From: 80, To: 80 } };
        const responses = { Protocol: "6", PortRange: { From: 1024, To: 65535 } };
        const page = { ping: "none", http: "page", stoppedBy: "nothing" } as const;
        const stopped = isolated("server's ACL");
        const empty = await oneWay(one, two, stopped, "no entries");
        await enter({ RuleNumber: 100, Egress: false, RuleAction: "allow", ...http, CidrBlock: one.cidrBlock });
        const requests = await oneWay(one, two, stopped, "only HTTP in");
        await enter({ RuleNumber: 100, Egress: true, RuleAction: "allow", ...responses, CidrBlock: one.cidrBlock });
        const both = await oneWay(one, two, page, "and responses out");
        const denied = `${one.privateIp}/32`;
        await enter({ RuleNumber: 90, Egress: false, RuleAction: "deny", ...http, CidrBlock: denied });
        const lower = await oneWay(one, two, stopped, "denied by a lower number");
        return [...empty, ...requests, ...both, ...lower];
    },
};

export const flowLogs: Act = {
    name: "flow-logs",
    shows: "flow logs tell what stops a packet: REJECT means a security group or a network ACL, silence means routing",
    rule: 'Amazon VPC User Guide, "Flow log record examples" (security group and network ACL rules)',
    settings: together,
    play: async (scene) => {
        const [one, two] = scene.pair;
        const recorded = await flowLogsByHand(scene);
        const [answered] = await Promise.all([oneWay(one, two, reachable), http(one, two.privateIp, 8080)]);
        const before = await recorded();

        const enter = await aclByHand(scene, two);
        const all = { RuleNumber: 100, RuleAction: "allow", Protocol: "-1", CidrBlock: "0.0.0.0/0" } as const;
        await Promise.all([enter({ ...all, Egress: false }), enter({ ...all, Egress: true })]);
        const requests = { Protocol: "6", PortRange: { From: 80, To: 80 }, CidrBlock: one.cidrBlock };
        await enter({ RuleNumber: 90, Egress: false, RuleAction: "deny", ...requests });
        await http(one, two.privateIp);
        // The ACL allows pings.
        await unrouteByHand(scene, one.routeTableId, two.cidrBlock, scene.peeringId);
        await ping(one, two.privateIp);
        const after = await recorded();

        const there = "ACCEPT at VPC1, ACCEPT at VPC2";
        const back = "ACCEPT at VPC2, ACCEPT at VPC1";
        const rejected = "ACCEPT at VPC1, REJECT at VPC2";
        const silent = "ACCEPT at VPC1, nothing at VPC2";
        return [
            ...answered,
            { what: "records of the ping", expected: there, ...before.of(one, two, "ping") },
            { what: "records of its reply", expected: back, ...before.of(two, one, "ping") },
            { what: "records of the HTTP request", expected: there, ...before.of(one, two, 80) },
            { what: "records of its response", expected: back, ...before.of(two, one, 80) },
            { what: "records of a port that no rule allows", expected: rejected, ...before.of(one, two, 8080) },
            { what: "records of a port that an ACL denies", expected: rejected, ...after.of(one, two, 80) },
            { what: "records of a ping without a route", expected: silent, ...after.of(one, two, "ping") },
        ];
    },
};

export const twins: Act = {
    name: "twins",
    shows: "VPC2 and VPC3 have the same CIDR block and both are peered with VPC1, whose routes decide which one it reaches",
    rule: 'Amazon VPC Peering Guide, "VPC peering configurations with specific routes" (longest prefix matches)',
    settings: together,
    play: async (scene) => {
        const [one, two] = scene.pair;
        // VPC1 has a route to VPC2 for the whole block already.
        const privateIp = two.privateIp.replace(/\d+$/, "200");
        const routedBlock = `${privateIp}/32`;
        const three = await thirdVpc(scene, one, { cidrBlock: two.cidrBlock, privateIp, routedBlock });
        const seen = async (when: string, twin: "reply" | "none") => {
            const [second, third, back] = await Promise.all([
                ping(one, two.privateIp),
                ping(one, privateIp),
                ping(three, one.privateIp),
            ]);
            return [
                { what: `${when}, VPC1 -> VPC2 ping`, expected: "reply", seen: second },
                { what: `${when}, VPC1 -> VPC3 ping`, expected: twin, seen: third },
                { what: `${when}, VPC3 -> VPC1 ping`, expected: twin, seen: back },
            ];
        };
        const routed = await seen(`with a route to ${routedBlock}`, "reply");
        const route = { RouteTableId: one.routeTableId, DestinationCidrBlock: routedBlock };
        // VPC1 sends the replies to VPC2 now.
        await scene.ec2.replaceRoute({ ...route, VpcPeeringConnectionId: scene.peeringId });
        return [
            ...routed,
            ...(await seen("without it", "none")),
            await arrivalVerdict(three, one, "arrives"),
            stoppedBy(scene, await scene.state(), "VPC3 -> VPC1 ping", { from: privateIp, to: one.serverId }, [
                "server's routes",
            ]),
        ];
    },
};

/** What the reachability analysis says stops a ping. */
function stoppedBy(scene: Scene, state: State, what: string, ends: Ends, expected: readonly string[]): Verdict {
    const { stoppedBy: seen, text } = scene.why(state, { ...ends, protocol: "icmp" }, what);
    return { what: `${what} is stopped by`, expected: expected.join(", "), seen, why: text };
}

async function statusOf(scene: Scene, id: string | undefined): Promise<string> {
    return (await scene.connection(id))?.Status?.Code ?? "none";
}
