import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EC2 } from "@aws-sdk/client-ec2";
import { startGateway } from "../control/gateway.ts";
import { prepareMoto, startMoto } from "../control/moto.ts";
import { Upstream } from "../control/upstream.ts";

// What AWS refuses, with the code that the page named beside it gives, and next to each what it permits.

const region = "ap-northeast-2";
const otherRegion = "eu-west-1";
const otherAccount = "210987654321";
const image = "ami-12c6146b";

describe("Refusals", function () {
    // Where moto has to be installed first.
    this.timeout(600_000);
    let stop: () => void;
    /** The API as everybody uses it, and as the other region and the other account do. */
    let api: EC2, abroad: EC2, stranger: EC2;
    /** The API behind the gateway's back. */
    let bare: EC2;
    let blocks = 0;

    before(async () => {
        const dir = mkdtempSync(join(tmpdir(), "refusals-test-"));
        const moto = await startMoto(await prepareMoto(console.error), join(dir, "moto.log"));
        const gateway = await startGateway({
            upstream: moto.endpoint,
            onChange: () => Promise.resolve(),
            onError: () => assert.fail("nothing follows a change here"),
        });
        const client = (region: string, accessKeyId = "test", { endpoint } = gateway) =>
            new EC2({
                endpoint,
                region,
                credentials: { accessKeyId, secretAccessKey: "test" },
                maxAttempts: 1,
            });
        const upstream = new Upstream(moto.endpoint);
        const view = await upstream.view({ accessKeyId: "test", region }).elsewhere(otherAccount, region);
        [api, abroad, stranger] = [client(region), client(otherRegion), client(region, view.caller.accessKeyId)];
        bare = client(region, "test", moto);
        stop = () => {
            [api, abroad, stranger, bare].forEach((one) => {
                one.destroy();
            });
            upstream.stop();
            gateway.stop();
            moto.stop();
            rmSync(dir, { recursive: true });
        };
    });

    after(() => {
        stop();
    });

    /** A VPC with a block that no other has, or with the one given. */
    async function makeVpc(on = api, CidrBlock = `10.${++blocks}.0.0/16`): Promise<{ id: string; block: string }> {
        const { Vpc } = await on.createVpc({ CidrBlock });
        return { id: Vpc?.VpcId ?? "", block: CidrBlock };
    }

    async function makeSubnet({ id, block }: { id: string; block: string }): Promise<string> {
        const CidrBlock = block.replace(/0\.0\/16$/, "1.0/24");
        const { Subnet } = await api.createSubnet({ VpcId: id, CidrBlock });
        return Subnet?.SubnetId ?? "";
    }

    async function makeGroup({ id: VpcId }: { id: string }, GroupName = "group"): Promise<string> {
        return (await api.createSecurityGroup({ VpcId, GroupName, Description: "group" })).GroupId ?? "";
    }

    async function makeTable({ id: VpcId }: { id: string }): Promise<string> {
        return (await api.createRouteTable({ VpcId })).RouteTable?.RouteTableId ?? "";
    }

    async function makeGateway({ id: VpcId }: { id: string }): Promise<string> {
        const { InternetGateway } = await api.createInternetGateway({});
        const InternetGatewayId = InternetGateway?.InternetGatewayId ?? "";
        await api.attachInternetGateway({ InternetGatewayId, VpcId });
        return InternetGatewayId;
    }

    async function request(VpcId: string, PeerVpcId: string, more: { PeerRegion?: string; PeerOwnerId?: string } = {}) {
        const { VpcPeeringConnection } = await api.createVpcPeeringConnection({ VpcId, PeerVpcId, ...more });
        assert.equal(VpcPeeringConnection?.AccepterVpcInfo?.VpcId, PeerVpcId);
        return VpcPeeringConnection.VpcPeeringConnectionId ?? "";
    }

    async function peer(one: string, other: string): Promise<string> {
        const VpcPeeringConnectionId = await request(one, other);
        await api.acceptVpcPeeringConnection({ VpcPeeringConnectionId });
        return VpcPeeringConnectionId;
    }

    async function statusOf(id: string, on = api): Promise<string | undefined> {
        const { VpcPeeringConnections } = await on.describeVpcPeeringConnections({ VpcPeeringConnectionIds: [id] });
        return VpcPeeringConnections?.[0]?.Status?.Code;
    }

    async function statesOf(table: string): Promise<Record<string, string | undefined>> {
        const { RouteTables } = await api.describeRouteTables({ RouteTableIds: [table] });
        const routes = RouteTables?.[0]?.Routes ?? [];
        return Object.fromEntries(routes.map(({ DestinationCidrBlock = "", State }) => [DestinationCidrBlock, State]));
    }

    async function refuses(call: Promise<unknown>, code: string, message: RegExp): Promise<void> {
        const {
            name,
            message: said,
            ...error
        } = await call.then(
            () => assert.fail("it was let through"),
            (error: unknown) => error as Error & { $metadata: { httpStatusCode: number; requestId: string } },
        );
        assert.deepEqual([name, error.$metadata.httpStatusCode], [code, 400]);
        assert.match(said, message);
    }

    // VPC Peering Guide, "VPC peering limitations" and "VPC peering connection lifecycle".
    describe("of peering connections", () => {
        const failures: Record<
            string,
            () => Promise<{ one: string; other: string; PeerRegion?: string; PeerOwnerId?: string }>
        > = {
            "with itself": async () => {
                const { id } = await makeVpc();
                return { one: id, other: id };
            },
            "with the same block": async () => {
                const one = await makeVpc();
                return { one: one.id, other: (await makeVpc(api, one.block)).id };
            },
            "with a second block inside one of the other's": async () => {
                const [one, other] = [await makeVpc(), await makeVpc()];
                await api.associateVpcCidrBlock({ VpcId: other.id, CidrBlock: one.block.replace("0.0/16", "7.0/24") });
                return { one: one.id, other: other.id };
            },
            "with the same block in another region": async () => {
                const one = await makeVpc();
                return { one: one.id, other: (await makeVpc(abroad, one.block)).id, PeerRegion: otherRegion };
            },
            "with the same block in another account": async () => {
                const one = await makeVpc();
                return { one: one.id, other: (await makeVpc(stranger, one.block)).id, PeerOwnerId: otherAccount };
            },
            "with a VPC that is not there": async () => ({ one: (await makeVpc()).id, other: "vpc-12345678" }),
            "with a VPC of another account than the one named": async () => {
                const other = await makeVpc();
                return { one: (await makeVpc()).id, other: other.id, PeerOwnerId: otherAccount };
            },
        };
        for (const [what, make] of Object.entries(failures)) {
            it(`lets a connection fail ${what}, and stay so`, async () => {
                const { one, other, ...more } = await make();
                const VpcPeeringConnectionId = await request(one, other, more);
                const ids = { VpcPeeringConnectionIds: [VpcPeeringConnectionId] };
                const { VpcPeeringConnections } = await api.describeVpcPeeringConnections(ids);
                const [{ Status, RequesterVpcInfo, AccepterVpcInfo } = {}] = VpcPeeringConnections ?? [];
                assert.deepEqual(Status, {
                    Code: "failed",
                    Message: "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range",
                });
                assert.deepEqual(
                    [
                        RequesterVpcInfo?.VpcId,
                        AccepterVpcInfo?.VpcId,
                        AccepterVpcInfo?.Region,
                        AccepterVpcInfo?.OwnerId,
                    ],
                    [one, other, more.PeerRegion ?? region, more.PeerOwnerId ?? RequesterVpcInfo?.OwnerId],
                );
                const accept = api.acceptVpcPeeringConnection({ VpcPeeringConnectionId });
                await refuses(accept, "InvalidStateTransition", /pcx-/);
                // Amazon EC2 API Reference, "DeleteVpcPeeringConnection".
                const remove = api.deleteVpcPeeringConnection({ VpcPeeringConnectionId });
                await refuses(remove, "InvalidStateTransition", /from failed to deleting/);
                assert.equal(await statusOf(VpcPeeringConnectionId), "failed");
                for (const side of [abroad, stranger]) {
                    assert.equal(await statusOf(VpcPeeringConnectionId, side), undefined);
                }
            });
        }

        it("gives the connection that a pair has when it is asked for again", async () => {
            const [one, other] = [await makeVpc(), await makeVpc()];
            const id = await request(one.id, other.id);
            assert.equal(await request(one.id, other.id), id);
            await api.acceptVpcPeeringConnection({ VpcPeeringConnectionId: id });
            assert.equal(await request(one.id, other.id), id);
            await api.deleteVpcPeeringConnection({ VpcPeeringConnectionId: id });
            assert.notEqual(await request(one.id, other.id), id);
        });

        it("does not accept a second one between a pair, the other way round", async () => {
            const [one, other] = [await makeVpc(), await makeVpc()];
            const VpcPeeringConnectionId = await request(other.id, one.id);
            const first = await peer(one.id, other.id);
            const accept = () => api.acceptVpcPeeringConnection({ VpcPeeringConnectionId });
            await refuses(accept(), "VpcPeeringConnectionAlreadyExists", new RegExp(VpcPeeringConnectionId));
            await api.deleteVpcPeeringConnection({ VpcPeeringConnectionId: first });
            await accept();
            assert.equal(await statusOf(VpcPeeringConnectionId), "active");
        });

        // Amazon EC2 API Reference, "AcceptVpcPeeringConnection".
        it("is accepted by the accepter's owner, in the accepter's region, once", async () => {
            const one = await makeVpc();
            const far = await request(one.id, (await makeVpc(abroad)).id, { PeerRegion: otherRegion });
            const strange = await request(one.id, (await makeVpc(stranger)).id, { PeerOwnerId: otherAccount });
            for (const [VpcPeeringConnectionId, owner] of [
                [far, abroad],
                [strange, stranger],
            ] as const) {
                const accept = (on: EC2) => on.acceptVpcPeeringConnection({ VpcPeeringConnectionId });
                await refuses(accept(api), "OperationNotPermitted", new RegExp(VpcPeeringConnectionId));
                await accept(owner);
                await refuses(accept(owner), "InvalidStateTransition", new RegExp(VpcPeeringConnectionId));
            }
        });

        // Amazon EC2 API Reference, "DeleteVpcPeeringConnection".
        it("is not deleted when it was rejected", async () => {
            const [one, other] = [await makeVpc(), await makeVpc()];
            const VpcPeeringConnectionId = await request(one.id, other.id);
            await api.rejectVpcPeeringConnection({ VpcPeeringConnectionId });
            const remove = api.deleteVpcPeeringConnection({ VpcPeeringConnectionId });
            await refuses(remove, "InvalidStateTransition", /from rejected to deleting/);
        });
    });

    // Amazon EC2 API Reference, "ModifyVpcPeeringConnectionOptions".
    describe("of peering options", () => {
        const on = { AllowDnsResolutionFromRemoteVpc: true };
        const withDns = async (where = api) => {
            const { id } = await makeVpc(where);
            await where.modifyVpcAttribute({ VpcId: id, EnableDnsHostnames: { Value: true } });
            return id;
        };

        it("sets them on an active connection only", async () => {
            const VpcPeeringConnectionId = await request(await withDns(), await withDns());
            const set = () =>
                api.modifyVpcPeeringConnectionOptions({
                    VpcPeeringConnectionId,
                    RequesterPeeringConnectionOptions: on,
                    AccepterPeeringConnectionOptions: on,
                });
            await refuses(set(), "OperationNotPermitted", /is not active. Peering options can be added only to active/);
            await api.acceptVpcPeeringConnection({ VpcPeeringConnectionId });
            assert.deepEqual((await set()).AccepterPeeringConnectionOptions?.AllowDnsResolutionFromRemoteVpc, true);
        });

        // VPC Peering Guide, "Enable DNS resolution for a VPC peering connection".
        for (const attribute of ["EnableDnsHostnames", "EnableDnsSupport"]) {
            it(`resolves names only where both VPCs have ${attribute}`, async () => {
                const other = await withDns();
                const VpcPeeringConnectionId = await peer(await withDns(), other);
                const set = (AllowDnsResolutionFromRemoteVpc: boolean) =>
                    api.modifyVpcPeeringConnectionOptions({
                        VpcPeeringConnectionId,
                        RequesterPeeringConnectionOptions: { AllowDnsResolutionFromRemoteVpc },
                    });
                await api.modifyVpcAttribute({ VpcId: other, [attribute]: { Value: false } });
                await refuses(set(true), "InvalidVpcPeeringConnectionState.DnsHostnamesDisabled", /DNS hostname/);
                await set(false);
                await api.modifyVpcAttribute({ VpcId: other, [attribute]: { Value: true } });
                await set(true);
            });
        }

        it("lets everybody set his own side's", async () => {
            const one = await withDns();
            for (const [owner, more, message] of [
                [abroad, { PeerRegion: otherRegion }, /^Accepter's .* for a different region$/],
                [
                    stranger,
                    { PeerOwnerId: otherAccount },
                    /^User \d+ does not have permission to modify the accepter side/,
                ],
            ] as const) {
                const VpcPeeringConnectionId = await request(one, await withDns(owner), more);
                await owner.acceptVpcPeeringConnection({ VpcPeeringConnectionId });
                const call = { VpcPeeringConnectionId, AccepterPeeringConnectionOptions: on };
                await refuses(api.modifyVpcPeeringConnectionOptions(call), "OperationNotPermitted", message);
                await owner.modifyVpcPeeringConnectionOptions(call);
                await api.modifyVpcPeeringConnectionOptions({
                    VpcPeeringConnectionId,
                    RequesterPeeringConnectionOptions: on,
                });
            }
        });
    });

    // Amazon VPC User Guide, "Configure route tables"; Amazon EC2 API Reference, "CreateRoute" and "Error codes".
    describe("of routes", () => {
        it("keeps the VPC's own blocks its own", async () => {
            const [one, other] = [await makeVpc(), await makeVpc()];
            const second = (await makeVpc()).block;
            await api.associateVpcCidrBlock({ VpcId: one.id, CidrBlock: second });
            const VpcPeeringConnectionId = await peer(one.id, other.id);
            const RouteTableId = await makeTable(one);
            for (const DestinationCidrBlock of [one.block, second, one.block.replace("0.0/16", "1.0/24")]) {
                const route = { RouteTableId, DestinationCidrBlock, VpcPeeringConnectionId };
                const message = /is equal to or more specific than one of this VPC's CIDR blocks/;
                await refuses(api.createRoute(route), "InvalidParameterValue", message);
                await refuses(api.replaceRoute(route), "InvalidParameterValue", message);
            }
            await api.createRoute({ RouteTableId, DestinationCidrBlock: "10.0.0.0/8", VpcPeeringConnectionId });
            const SubnetId = await makeSubnet(one);
            const { NetworkInterface } = await api.createNetworkInterface({ SubnetId });
            const through = { RouteTableId, NetworkInterfaceId: NetworkInterface?.NetworkInterfaceId };
            const again = api.createRoute({ ...through, DestinationCidrBlock: one.block });
            await refuses(again, "RouteAlreadyExists", /already exists/);
            await api.createRoute({ ...through, DestinationCidrBlock: one.block.replace("0.0/16", "1.0/24") });
        });

        it("lead to connections and gateways of the table's own VPC", async () => {
            const [one, other, third] = [await makeVpc(), await makeVpc(), await makeVpc()];
            const VpcPeeringConnectionId = await peer(one.id, other.id);
            const GatewayId = await makeGateway(one);
            const strange = { RouteTableId: await makeTable(third), DestinationCidrBlock: "192.0.2.0/24" };
            const own = { ...strange, RouteTableId: await makeTable(one) };
            const message = /^route table rtb-\w+ and network gateway (pcx|igw)-\w+ belong to different networks$/;
            const byPeering = api.createRoute({ ...strange, VpcPeeringConnectionId });
            await refuses(byPeering, "InvalidParameterValue", message);
            await refuses(api.createRoute({ ...strange, GatewayId }), "InvalidParameterValue", message);
            await api.createRoute({ ...own, VpcPeeringConnectionId });
            await refuses(
                api.createRoute({ ...own, GatewayId }),
                "RouteAlreadyExists",
                /192\.0\.2\.0\/24 already exists/,
            );
            await api.replaceRoute({ ...own, GatewayId });
        });

        // Amazon EC2 API Reference, "Route" (state).
        it("are blackholes while their target takes no packets", async () => {
            const [one, other] = [await makeVpc(), await makeVpc()];
            const RouteTableId = await makeTable(one);
            const GatewayId = await makeGateway(one);
            const VpcPeeringConnectionId = await request(one.id, other.id);
            await api.createRoute({ RouteTableId, DestinationCidrBlock: other.block, VpcPeeringConnectionId });
            await api.createRoute({ RouteTableId, DestinationCidrBlock: "0.0.0.0/0", GatewayId });
            const states = async () => {
                const {
                    [one.block]: local,
                    [other.block]: peering,
                    "0.0.0.0/0": internet,
                } = await statesOf(RouteTableId);
                return { local, peering, internet };
            };
            assert.deepEqual(await states(), { local: "active", peering: "blackhole", internet: "active" });
            await api.acceptVpcPeeringConnection({ VpcPeeringConnectionId });
            await api.detachInternetGateway({ InternetGatewayId: GatewayId, VpcId: one.id });
            assert.deepEqual(await states(), { local: "active", peering: "active", internet: "blackhole" });
            await api.deleteVpcPeeringConnection({ VpcPeeringConnectionId });
            await api.attachInternetGateway({ InternetGatewayId: GatewayId, VpcId: one.id });
            assert.deepEqual(await states(), { local: "active", peering: "blackhole", internet: "active" });
            const { RouteTables } = await api.describeRouteTables({ RouteTableIds: [RouteTableId] });
            assert.deepEqual([RouteTables?.length, RouteTables?.[0]?.VpcId], [1, one.id]);
        });

        it("are blackholes when their gateway or interface is gone, or in use by nobody", async () => {
            const vpc = await makeVpc();
            const [RouteTableId, SubnetId] = [await makeTable(vpc), await makeSubnet(vpc)];
            const { NatGateway } = await api.createNatGateway({ SubnetId, ConnectivityType: "private" });
            const { NetworkInterface } = await api.createNetworkInterface({ SubnetId });
            const [NatGatewayId, NetworkInterfaceId] = [NatGateway?.NatGatewayId, NetworkInterface?.NetworkInterfaceId];
            const { Instances } = await api.runInstances({ ImageId: image, MinCount: 1, MaxCount: 1, SubnetId });
            await api.createRoute({ RouteTableId, DestinationCidrBlock: "192.0.2.0/24", NatGatewayId });
            await api.createRoute({ RouteTableId, DestinationCidrBlock: "198.51.100.0/24", NetworkInterfaceId });
            const states = async () => {
                const { "192.0.2.0/24": nat, "198.51.100.0/24": middlebox } = await statesOf(RouteTableId);
                return { nat, middlebox };
            };
            assert.deepEqual(await states(), { nat: "active", middlebox: "blackhole" });
            const InstanceId = Instances?.[0]?.InstanceId;
            await api.attachNetworkInterface({ NetworkInterfaceId, InstanceId, DeviceIndex: 1 });
            await api.deleteNatGateway({ NatGatewayId });
            assert.deepEqual(await states(), { nat: "blackhole", middlebox: "active" });
        });
    });

    // Amazon VPC User Guide, "Amazon VPC quotas" (gateways).
    it("lets a VPC have one internet gateway", async () => {
        const [vpc, other] = [await makeVpc(), await makeVpc()];
        const InternetGatewayId = await makeGateway(vpc);
        await refuses(
            makeGateway(vpc),
            "InvalidParameterValue",
            /^Network vpc-\w+ already has an internet gateway attached$/,
        );
        await makeGateway(other);
        await api.detachInternetGateway({ InternetGatewayId, VpcId: vpc.id });
        await makeGateway(vpc);
    });

    // VPC Peering Guide, "Update your security groups to reference peer security groups".
    it("lets rules name a peer VPC's groups only while the connection is active", async () => {
        const [one, other] = [await makeVpc(), await makeVpc()];
        const [GroupId, named] = [await makeGroup(one), await makeGroup(other)];
        const IpPermissions = [{ IpProtocol: "-1", UserIdGroupPairs: [{ GroupId: named }] }];
        const different = /^You have specified two resources that belong to different networks\.$/;
        const allow = (way: "Ingress" | "Egress") => api[`authorizeSecurityGroup${way}`]({ GroupId, IpPermissions });
        await refuses(allow("Ingress"), "InvalidGroup.NotFound", different);
        const VpcPeeringConnectionId = await request(one.id, other.id);
        await refuses(allow("Egress"), "InvalidGroup.NotFound", different);
        await api.acceptVpcPeeringConnection({ VpcPeeringConnectionId });
        await allow("Ingress");
        await allow("Egress");
        const far = await abroad.createSecurityGroup({
            VpcId: (await makeVpc(abroad)).id,
            GroupName: "far",
            Description: "far",
        });
        const UserIdGroupPairs = [{ GroupId: far.GroupId }];
        const farther = api.authorizeSecurityGroupIngress({
            GroupId,
            IpPermissions: [{ IpProtocol: "-1", UserIdGroupPairs }],
        });
        await refuses(farther, "InvalidGroup.NotFound", /does not exist/);
    });

    // Amazon EC2 API Reference, "Error codes" (DependencyViolation), and the pages of the actions.
    describe("of removing what is in use", () => {
        it("keeps a group that an interface has, or another group's rule names", async () => {
            const vpc = await makeVpc();
            const [used, named, naming] = [
                await makeGroup(vpc, "1"),
                await makeGroup(vpc, "2"),
                await makeGroup(vpc, "3"),
            ];
            const { NetworkInterface } = await api.createNetworkInterface({
                SubnetId: await makeSubnet(vpc),
                Groups: [used],
            });
            const IpPermissions = [{ IpProtocol: "-1", UserIdGroupPairs: [{ GroupId: named }] }];
            await api.authorizeSecurityGroupIngress({ GroupId: naming, IpPermissions });
            await api.authorizeSecurityGroupIngress({ GroupId: named, IpPermissions });
            for (const GroupId of [used, named]) {
                const remove = api.deleteSecurityGroup({ GroupId });
                await refuses(
                    remove,
                    "DependencyViolation",
                    new RegExp(`^resource ${GroupId} has a dependent object$`),
                );
            }
            await api.deleteNetworkInterface({ NetworkInterfaceId: NetworkInterface?.NetworkInterfaceId });
            for (const GroupId of [used, naming, named]) {
                await api.deleteSecurityGroup({ GroupId });
            }
        });

        // Amazon VPC User Guide, "Default security groups for your VPCs".
        it("keeps a default group", async () => {
            const Filters = [{ Name: "vpc-id", Values: [(await makeVpc()).id] }];
            const { GroupId } = (await api.describeSecurityGroups({ Filters })).SecurityGroups?.[0] ?? {};
            await refuses(
                api.deleteSecurityGroup({ GroupId }),
                "CannotDelete",
                /name: "default" cannot be deleted by a user/,
            );
        });

        it("keeps a subnet with an interface, and a gateway with public addresses behind it", async () => {
            const vpc = await makeVpc();
            const SubnetId = await makeSubnet(vpc);
            await api.modifySubnetAttribute({ SubnetId, MapPublicIpOnLaunch: { Value: true } });
            const gateway = { InternetGatewayId: await makeGateway(vpc), VpcId: vpc.id };
            const { Instances } = await api.runInstances({ ImageId: image, MinCount: 1, MaxCount: 1, SubnetId });
            const InstanceIds = [Instances?.[0]?.InstanceId ?? ""];
            await refuses(
                api.deleteSubnet({ SubnetId }),
                "DependencyViolation",
                /^The subnet 'subnet-\w+' has dependencies/,
            );
            await refuses(api.detachInternetGateway(gateway), "DependencyViolation", /has some mapped public address/);
            await api.stopInstances({ InstanceIds });
            await api.detachInternetGateway(gateway);
            await api.terminateInstances({ InstanceIds });
            await api.deleteSubnet({ SubnetId });
        });

        it("keeps a main route table, and one that is associated", async () => {
            const vpc = await makeVpc();
            const Filters = [{ Name: "vpc-id", Values: [vpc.id] }];
            const main = (await api.describeRouteTables({ Filters })).RouteTables?.[0]?.RouteTableId ?? "";
            const used = await makeTable(vpc);
            const { AssociationId } = await api.associateRouteTable({
                RouteTableId: used,
                SubnetId: await makeSubnet(vpc),
            });
            for (const RouteTableId of [main, used]) {
                const remove = api.deleteRouteTable({ RouteTableId });
                await refuses(remove, "DependencyViolation", /^The routeTable 'rtb-\w+' has dependencies/);
            }
            await api.disassociateRouteTable({ AssociationId });
            await api.deleteRouteTable({ RouteTableId: used });
        });

        // Also: VPC Peering Guide, "Delete a VPC peering connection".
        const kept: Record<string, (vpc: { id: string; block: string }) => Promise<() => Promise<unknown>>> = {
            "an internet gateway": async (vpc) => {
                const gateway = { InternetGatewayId: await makeGateway(vpc), VpcId: vpc.id };
                return () => api.detachInternetGateway(gateway);
            },
            "a security group": async (vpc) => {
                const GroupId = await makeGroup(vpc);
                return () => api.deleteSecurityGroup({ GroupId });
            },
            "a subnet": async (vpc) => {
                const SubnetId = await makeSubnet(vpc);
                return () => api.deleteSubnet({ SubnetId });
            },
            "a route table": async (vpc) => {
                const RouteTableId = await makeTable(vpc);
                return () => api.deleteRouteTable({ RouteTableId });
            },
            "an active peering connection": async (vpc) => {
                const VpcPeeringConnectionId = await peer(vpc.id, (await makeVpc()).id);
                return () => api.deleteVpcPeeringConnection({ VpcPeeringConnectionId });
            },
            "a request of another account's": async (vpc) => {
                const { OwnerId } = (await api.describeVpcs({ VpcIds: [vpc.id] })).Vpcs?.[0] ?? {};
                const { VpcPeeringConnection } = await stranger.createVpcPeeringConnection({
                    VpcId: (await makeVpc(stranger)).id,
                    PeerVpcId: vpc.id,
                    PeerOwnerId: OwnerId,
                });
                const { VpcPeeringConnectionId } = VpcPeeringConnection ?? {};
                return () => api.rejectVpcPeeringConnection({ VpcPeeringConnectionId });
            },
        };
        for (const [what, make] of Object.entries(kept)) {
            it(`keeps a VPC with ${what}`, async () => {
                const vpc = await makeVpc();
                const remove = await make(vpc);
                const message = /^The vpc '?vpc-\w+'? has dependencies and cannot be deleted\.$/;
                await refuses(api.deleteVpc({ VpcId: vpc.id }), "DependencyViolation", message);
                await remove();
                await api.deleteVpc({ VpcId: vpc.id });
            });
        }
    });

    // Amazon EC2 API Reference, "RunInstances" and "Error codes"; Amazon VPC User Guide, "Subnet CIDR blocks".
    describe("of launches", () => {
        let run: (more: object) => Promise<unknown>;
        let address: (last: number) => string;
        let subnet: string;

        before(async () => {
            const vpc = await makeVpc();
            subnet = await makeSubnet(vpc);
            address = (last) => vpc.block.replace("0.0/16", `1.${last}`);
            run = (more) => api.runInstances({ ImageId: image, MinCount: 1, MaxCount: 1, SubnetId: subnet, ...more });
            await run({ PrivateIpAddress: address(9), SecurityGroupIds: [await makeGroup(vpc)] });
        });

        it("knows the image", async () => {
            const message = /^The image id '\[ami-12345678\]' does not exist$/;
            await refuses(run({ ImageId: "ami-12345678" }), "InvalidAMIID.NotFound", message);
        });

        it("knows the key pair", async () => {
            await refuses(
                run({ KeyName: "a key" }),
                "InvalidKeyPair.NotFound",
                /^The key pair 'a key' does not exist$/,
            );
            await api.createKeyPair({ KeyName: "a key" });
            await run({ KeyName: "a key", PrivateIpAddress: address(20) });
        });

        it("takes groups of the subnet's VPC", async () => {
            const group = await makeGroup(await makeVpc());
            const message = /^Security group sg-\w+ and subnet subnet-\w+ belong to different networks\.$/;
            await refuses(run({ SecurityGroupIds: [group] }), "InvalidParameter", message);
        });

        it("takes addresses that are the subnet's, not reserved, and free", async () => {
            const outside = address(20).replace(".1.20", ".2.20");
            await refuses(
                run({ PrivateIpAddress: outside }),
                "InvalidParameterValue",
                /does not fall within the subnet's/,
            );
            for (const last of [0, 1, 2, 3, 255]) {
                await refuses(
                    run({ PrivateIpAddress: address(last) }),
                    "InvalidParameterValue",
                    /reserved address range/,
                );
            }
            for (const last of [4, 254]) {
                await run({ PrivateIpAddress: address(last) });
                await refuses(run({ PrivateIpAddress: address(last) }), "InvalidIPAddress.InUse", /is in use/);
            }
            const NetworkInterfaces = [{ DeviceIndex: 0, SubnetId: subnet, PrivateIpAddress: address(9) }];
            await refuses(run({ SubnetId: undefined, NetworkInterfaces }), "InvalidIPAddress.InUse", /is in use/);
            const taken = api.createNetworkInterface({ SubnetId: subnet, PrivateIpAddress: address(9) });
            await refuses(taken, "InvalidIPAddress.InUse", /is in use/);
        });
    });

    // Amazon VPC User Guide, "Amazon VPC quotas" (VPC peering connections).
    describe("of more connections than the quotas", () => {
        it("lets an account have 25 requests that wait", async () => {
            const { id: VpcId } = await makeVpc(abroad);
            const ids: string[] = [];
            const ask = async () => {
                const { id: PeerVpcId } = await makeVpc(abroad);
                const { VpcPeeringConnection } = await abroad.createVpcPeeringConnection({ VpcId, PeerVpcId });
                ids.push(VpcPeeringConnection?.VpcPeeringConnectionId ?? "");
            };
            for (let count = 0; count < 25; count++) {
                await ask();
            }
            await refuses(ask(), "PendingVpcPeeringConnectionLimitExceeded", /limit exceeded/);
            await abroad.acceptVpcPeeringConnection({ VpcPeeringConnectionId: ids.pop() });
            await ask();
        });

        it("lets a VPC have 50 active connections", async () => {
            const ask = async () => {
                const { id: PeerVpcId } = hub;
                const { id: VpcId } = await makeVpc(bare, `192.168.${count++}.0/24`);
                const { VpcPeeringConnection } = await bare.createVpcPeeringConnection({ VpcId, PeerVpcId });
                return { VpcPeeringConnectionId: VpcPeeringConnection?.VpcPeeringConnectionId };
            };
            let count = 0;
            const hub = await makeVpc();
            for (; count < 49;) {
                await bare.acceptVpcPeeringConnection(await ask());
            }
            const fiftieth = await ask();
            await api.acceptVpcPeeringConnection(fiftieth);
            const next = await ask();
            await refuses(
                api.acceptVpcPeeringConnection(next),
                "ActiveVpcPeeringConnectionPerVpcLimitExceeded",
                /limit/,
            );
            await api.deleteVpcPeeringConnection(fiftieth);
            await api.acceptVpcPeeringConnection(next);
        });
    });
});
