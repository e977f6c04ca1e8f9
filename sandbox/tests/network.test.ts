import assert from "node:assert/strict";
import * as ec2 from "@aws-sdk/client-ec2";
import { makeMachine, makeSide, operator, World, type Machine, type Side } from "./networkLab.ts";

// Real packets through what the EC2 API describes: every case is one fault, made by the API's own calls in a lab in which
// all is right, and mended afterwards. No case waits for anything: when the API has answered, packets obey.

/** What gets through, by direction; `1>2` is from server 1 to server 2. Only answered packets count. */
type Verdict = Readonly<Record<string, string>>;

type Mend = () => Promise<unknown>;

/** What packets do when all is right. */
const right: Verdict = { "1>2": "ping http ssh", "2>1": "ping http ssh" };

describe("Network", function () {
    this.timeout(30_000);
    let world: World;
    let one: Side, two: Side, three: Side;
    let machines: Record<string, Machine>;
    let peering: string;

    before(async () => {
        world = await World.start();
        // The twin has the same block as VPC 1, and its server the same address as server 1.
        let twin: Side;
        [one, two, three, twin] = await Promise.all([
            makeSide(world, 41, "own"),
            makeSide(world, 42, "own"),
            makeSide(world, 43, "main"),
            makeSide(world, 41, "own"),
        ]);
        const [m1, m2, neighbor, m3, mTwin] = await Promise.all([
            makeMachine(world, one, "10.41.1.100", one.groupId),
            makeMachine(world, two, "10.42.1.100", two.groupId),
            makeMachine(world, two, "10.42.1.101", two.groupId),
            makeMachine(world, three, "10.43.1.100", three.groupId),
            makeMachine(world, twin, "10.41.1.100", twin.groupId),
            allow(one, icmp("0.0.0.0/0"), ssh("0.0.0.0/0"), http("10.42.0.0/16")),
            allow(two, icmp("0.0.0.0/0"), ssh("0.0.0.0/0"), http("10.41.0.0/16")),
            allow(three, everything("10.0.0.0/8")),
            allow(twin, everything("0.0.0.0/0")),
        ]);
        machines = { "1": m1, "2": m2, neighbor, "3": m3, twin: mTwin, internet: operator };
        peering = await peer(one, two);
        const onward = await peer(two, three);
        await Promise.all([
            route(one, "10.42.0.0/16", peering),
            route(two, "10.41.0.0/16", peering),
            route(two, "10.43.0.0/16", onward),
            route(three, "10.42.0.0/16", onward),
            // The way that packets would have to take in transit.
            route(one, "10.43.0.0/16", peering),
            route(three, "10.41.0.0/16", onward),
        ]);
    });

    after(() => {
        world.stop();
    });

    // What the faults are made of

    async function peer(requester: Side, accepter: Side, how = { accept: true }): Promise<string> {
        const { VpcPeeringConnection } = await world.api.send(
            new ec2.CreateVpcPeeringConnectionCommand({ VpcId: requester.vpcId, PeerVpcId: accepter.vpcId }),
        );
        const id = VpcPeeringConnection?.VpcPeeringConnectionId ?? "";
        if (how.accept) {
            await accept(id);
        }
        return id;
    }

    const accept = (id: string) =>
        world.api.send(new ec2.AcceptVpcPeeringConnectionCommand({ VpcPeeringConnectionId: id }));
    const unpeer = (id: string) =>
        world.api.send(new ec2.DeleteVpcPeeringConnectionCommand({ VpcPeeringConnectionId: id }));

    async function route({ tableId }: Side, DestinationCidrBlock: string, target: string): Promise<Mend> {
        const key = { RouteTableId: tableId, DestinationCidrBlock };
        const to = target.startsWith("pcx") ? { VpcPeeringConnectionId: target } : { GatewayId: target };
        await world.api.send(new ec2.CreateRouteCommand({ ...key, ...to }));
        return () => world.api.send(new ec2.DeleteRouteCommand(key));
    }

    async function unroute(side: Side, DestinationCidrBlock: string, target: string): Promise<Mend> {
        await world.api.send(new ec2.DeleteRouteCommand({ RouteTableId: side.tableId, DestinationCidrBlock }));
        return () => route(side, DestinationCidrBlock, target);
    }

    const icmp = (CidrIp: string, type = -1): ec2.IpPermission => ({
        IpProtocol: "icmp",
        FromPort: type,
        ToPort: -1,
        IpRanges: [{ CidrIp }],
    });
    const tcp = (FromPort: number, ToPort: number, CidrIp: string): ec2.IpPermission => ({
        IpProtocol: "tcp",
        FromPort,
        ToPort,
        IpRanges: [{ CidrIp }],
    });
    const http = (cidr: string) => tcp(80, 80, cidr);
    const ssh = (cidr: string) => tcp(22, 22, cidr);
    const everything = (CidrIp: string): ec2.IpPermission => ({ IpProtocol: "-1", IpRanges: [{ CidrIp }] });
    const httpFrom = ({ groupId }: Side): ec2.IpPermission => ({
        IpProtocol: "tcp",
        FromPort: 80,
        ToPort: 80,
        UserIdGroupPairs: [{ GroupId: groupId }],
    });

    async function allow({ groupId }: Side, ...IpPermissions: ec2.IpPermission[]): Promise<Mend> {
        const rules = { GroupId: groupId, IpPermissions };
        await world.api.send(new ec2.AuthorizeSecurityGroupIngressCommand(rules));
        return () => world.api.send(new ec2.RevokeSecurityGroupIngressCommand(rules));
    }

    async function revoke({ groupId }: Side, ...IpPermissions: ec2.IpPermission[]): Promise<Mend> {
        const rules = { GroupId: groupId, IpPermissions };
        await world.api.send(new ec2.RevokeSecurityGroupIngressCommand(rules));
        return () => world.api.send(new ec2.AuthorizeSecurityGroupIngressCommand(rules));
    }

    async function exchange(side: Side, before: ec2.IpPermission, after: ec2.IpPermission): Promise<Mend> {
        const mends = [await revoke(side, before), await allow(side, after)];
        return () => Promise.all(mends.map((mend) => mend()));
    }

    async function revokeEgress({ groupId }: Side): Promise<Mend> {
        const rules = { GroupId: groupId, IpPermissions: [everything("0.0.0.0/0")] };
        await world.api.send(new ec2.RevokeSecurityGroupEgressCommand(rules));
        return () => world.api.send(new ec2.AuthorizeSecurityGroupEgressCommand(rules));
    }

    /** Takes the connection's place by another one; the routes are left as they were unless they are to follow. */
    async function replacePeering(replace: () => Promise<string | undefined>): Promise<Mend> {
        await unpeer(peering);
        const other = await replace();
        return async () => {
            if (other !== undefined) {
                await unpeer(other);
            }
            peering = await peer(one, two);
            await aim(peering);
        };
    }

    const aim = (target: string) =>
        Promise.all(
            [
                { RouteTableId: one.tableId, DestinationCidrBlock: "10.42.0.0/16" },
                { RouteTableId: one.tableId, DestinationCidrBlock: "10.43.0.0/16" },
                { RouteTableId: two.tableId, DestinationCidrBlock: "10.41.0.0/16" },
            ].map((key) => world.api.send(new ec2.ReplaceRouteCommand({ ...key, VpcPeeringConnectionId: target }))),
        );

    // The cases

    const cases: readonly { name: string; rule: string; fault: () => Promise<Mend>; verdict: Verdict }[] = [
        {
            name: "all right",
            rule: "accepted, routed on both sides and allowed: open both ways; another VPC with the same block is no matter",
            fault: () => Promise.resolve(() => Promise.resolve()),
            verdict: {
                ...right,
                "2>3": "ping http ssh",
                "3>2": "ping ssh",
                "2>neighbor": "ping ssh",
                "1>internet": "ping http ssh",
                "internet>1": "ping ssh",
                "internet>twin": "ping http ssh",
                "twin>2": "",
            },
        },
        {
            name: "the route missing at server 1",
            rule: "both route tables need a route to the peer: without it requests, or replies, have nowhere to go",
            fault: () => unroute(one, "10.42.0.0/16", peering),
            verdict: { "1>2": "", "2>1": "", "2>3": "ping http ssh" },
        },
        {
            name: "the route missing at server 2",
            rule: "both route tables need a route to the peer",
            fault: () => unroute(two, "10.41.0.0/16", peering),
            verdict: { "1>2": "", "2>1": "", "2>3": "ping http ssh" },
        },
        {
            name: "the HTTP rule missing at server 1",
            rule: "a security group lets in only what a rule allows; replies to its own requests need no rule",
            fault: () => revoke(one, http("10.42.0.0/16")),
            verdict: { "1>2": "ping http ssh", "2>1": "ping ssh" },
        },
        {
            name: "the HTTP rule missing at server 2",
            rule: "a security group lets in only what a rule allows",
            fault: () => revoke(two, http("10.41.0.0/16")),
            verdict: { "1>2": "ping ssh", "2>1": "ping http ssh" },
        },
        {
            name: "the connection pending",
            rule: "routes to a connection that is not accepted yet are blackholes",
            fault: () =>
                replacePeering(async () => {
                    const pending = await peer(one, two, { accept: false });
                    await aim(pending);
                    return pending;
                }),
            verdict: { "1>2": "", "2>1": "", "2>3": "ping http ssh" },
        },
        {
            name: "the connection deleted and its routes left behind",
            rule: "routes to a deleted connection are blackholes",
            fault: () => replacePeering(() => Promise.resolve(undefined)),
            verdict: { "1>2": "", "2>1": "", "2>3": "ping http ssh" },
        },
        {
            name: "base: no connection and no routes",
            rule: "VPCs are isolated from each other: a private address is not reached over an internet gateway",
            fault: async () => {
                const unrouted = [
                    await unroute(one, "10.42.0.0/16", ""),
                    await unroute(one, "10.43.0.0/16", ""),
                    await unroute(two, "10.41.0.0/16", ""),
                ];
                assert.equal(unrouted.length, 3);
                await unpeer(peering);
                return async () => {
                    peering = await peer(one, two);
                    await Promise.all([
                        route(one, "10.42.0.0/16", peering),
                        route(one, "10.43.0.0/16", peering),
                        route(two, "10.41.0.0/16", peering),
                    ]);
                };
            },
            verdict: { "1>2": "", "2>1": "", "internet>1": "ping ssh", "1>internet": "ping http ssh" },
        },
        {
            name: "a third VPC, which is peered with the second only",
            rule: "no transitive peering: 1-2 and 2-3 don't make 1-3, whatever the route tables say",
            fault: () => Promise.resolve(() => Promise.resolve()),
            verdict: { ...right, "1>3": "", "3>1": "" },
        },
        {
            name: "the internet over the peer's gateway",
            rule: "no edge to edge routing: a peer's internet gateway can't be used over the peering",
            fault: async () => {
                const mend = await unroute(one, "0.0.0.0/0", one.gatewayId);
                const undo = await route(one, "0.0.0.0/0", peering);
                return async () => {
                    await undo();
                    await mend();
                };
            },
            verdict: { ...right, "1>internet": "", "internet>1": "", "2>internet": "ping http ssh" },
        },
    ];

    const more: typeof cases = [
        {
            name: "no egress rule at server 1",
            rule: "without an egress rule nothing is sent; replies to what was let in are no matter",
            fault: () => revokeEgress(one),
            verdict: { "1>2": "", "2>1": "ping http ssh", "1>internet": "", "internet>1": "ping ssh" },
        },
        {
            name: "no ingress rule at all at server 1",
            rule: "security groups keep state: replies to requests come in without a rule",
            fault: () => revoke(one, icmp("0.0.0.0/0"), ssh("0.0.0.0/0"), http("10.42.0.0/16")),
            verdict: { "1>2": "ping http ssh", "2>1": "", "1>internet": "ping http ssh", "internet>1": "" },
        },
        {
            name: "HTTP allowed from the peer's group",
            rule: "a rule may name a group of the peer VPC, and means its members' private addresses",
            fault: () => exchange(two, http("10.41.0.0/16"), httpFrom(one)),
            verdict: { ...right, "neighbor>2": "ping ssh", "3>2": "ping ssh" },
        },
        {
            name: "HTTP allowed from the own group",
            rule: "a rule that names its own group means the group's members, and in one subnet they need it too",
            fault: () => exchange(two, http("10.41.0.0/16"), httpFrom(two)),
            verdict: { "1>2": "ping ssh", "2>1": "ping http ssh", "neighbor>2": "ping http ssh", "3>2": "ping ssh" },
        },
        {
            name: "only echo replies allowed",
            rule: "an ICMP rule is of a type: echo requests are type 8",
            fault: () => exchange(two, icmp("0.0.0.0/0"), icmp("0.0.0.0/0", 0)),
            verdict: { "1>2": "http ssh", "2>1": "ping http ssh", "neighbor>2": "ssh" },
        },
        {
            name: "a range of ports, and one address",
            rule: "a rule covers its ports, both ends included, and its block's addresses only",
            fault: () => exchange(two, http("10.41.0.0/16"), tcp(23, 80, "10.43.1.100/32")),
            verdict: { "1>2": "ping ssh", "2>1": "ping http ssh", "3>2": "ping http ssh" },
        },
        {
            name: "SSH allowed from elsewhere only",
            rule: "public addresses are subject to the rules as well",
            fault: () => exchange(one, ssh("0.0.0.0/0"), ssh("203.0.113.0/24")),
            verdict: { "1>2": "ping http ssh", "2>1": "ping http", "internet>1": "ping" },
        },
        {
            name: "a route to one address that leads elsewhere",
            rule: "the longest prefix wins",
            fault: () => route(one, "10.42.1.100/32", one.gatewayId),
            verdict: { "1>2": "", "2>1": "", "1>neighbor": "ping http ssh" },
        },
        {
            name: "a route for a block whose last bits are not zero",
            rule: "such a block is taken for the network that the address is in",
            fault: () => route(one, "10.42.1.100/24", one.gatewayId),
            verdict: { "1>2": "", "1>neighbor": "" },
        },
        {
            name: "a route for the VPC's own block",
            rule: "the local route wins",
            fault: () => route(two, "10.42.0.0/16", peering),
            verdict: { ...right, "2>neighbor": "ping ssh" },
        },
        {
            name: "the subnet without a table of its own",
            rule: "a subnet that no table is associated with uses the main table",
            fault: async () => {
                const tables = await world.api.send(
                    new ec2.DescribeRouteTablesCommand({ RouteTableIds: [one.tableId] }),
                );
                const AssociationId = tables.RouteTables?.[0]?.Associations?.[0]?.RouteTableAssociationId;
                await world.api.send(new ec2.DisassociateRouteTableCommand({ AssociationId }));
                return () =>
                    world.api.send(
                        new ec2.AssociateRouteTableCommand({ RouteTableId: one.tableId, SubnetId: one.subnetId }),
                    );
            },
            verdict: { "1>2": "", "2>1": "", "1>internet": "", "internet>1": "" },
        },
        {
            name: "the internet gateway detached, its route left behind",
            rule: "a route to a detached gateway is a blackhole; the peering does not care",
            fault: async () => {
                const gateway = { VpcId: one.vpcId, InternetGatewayId: one.gatewayId };
                await world.api.send(new ec2.DetachInternetGatewayCommand(gateway));
                return () => world.api.send(new ec2.AttachInternetGatewayCommand(gateway));
            },
            verdict: { ...right, "1>internet": "", "internet>1": "" },
        },
        {
            name: "a route to another VPC's gateway",
            rule: "a route leads through gateways of its own VPC only",
            fault: async () => {
                const key = { RouteTableId: one.tableId, DestinationCidrBlock: "0.0.0.0/0" };
                await world.api.send(new ec2.ReplaceRouteCommand({ ...key, GatewayId: two.gatewayId }));
                return () => world.api.send(new ec2.ReplaceRouteCommand({ ...key, GatewayId: one.gatewayId }));
            },
            verdict: { ...right, "1>internet": "", "internet>1": "" },
        },
    ];

    async function reached(verdict: Verdict): Promise<Verdict> {
        const found = Object.keys(verdict).map(async (direction) => {
            const [from = "", to = ""] = direction.split(">");
            return [direction, await world.reach(machines[from] ?? operator, machines[to] ?? operator)] as const;
        });
        return Object.fromEntries(await Promise.all(found));
    }

    for (const { name, rule, fault, verdict } of [...cases, ...more]) {
        it(`${name}: ${rule}`, async () => {
            const mend = await fault();
            try {
                assert.deepEqual(await reached(verdict), verdict);
            } finally {
                await mend();
            }
        });
    }
});
