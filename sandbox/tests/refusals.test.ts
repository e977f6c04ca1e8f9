import { GatewayLab, refuses, type Vpc } from "./world/gatewayLab.ts";
import { image } from "./world/side.ts";

// What AWS refuses to remove and to launch, with the code that the page named beside it gives, and what it permits.
describe("Gateway, what is in use, and launches", function () {
    // Where moto has to be installed first.
    this.timeout(600_000);
    let lab: GatewayLab;

    before(async () => {
        lab = await GatewayLab.start();
    });

    after(() => {
        lab.stop();
    });

    // Amazon EC2 API Reference, "Error codes" (DependencyViolation), and the pages of the actions.
    describe("of removing what is in use", () => {
        it("keeps a group that an interface has, or another group's rule names", async () => {
            const vpc = await lab.makeVpc();
            const groups = ["used", "named", "naming"].map((name) => lab.makeGroup(vpc, name));
            const [used = "", named = "", naming = ""] = await Promise.all(groups);
            const SubnetId = await lab.makeSubnet(vpc);
            const { NetworkInterface } = await lab.api.createNetworkInterface({ SubnetId, Groups: [used] });
            const IpPermissions = [{ IpProtocol: "-1", UserIdGroupPairs: [{ GroupId: named }] }];
            await lab.api.authorizeSecurityGroupIngress({ GroupId: naming, IpPermissions });
            await lab.api.authorizeSecurityGroupIngress({ GroupId: named, IpPermissions });
            for (const GroupId of [used, named]) {
                const remove = lab.api.deleteSecurityGroup({ GroupId });
                await refuses(
                    remove,
                    "DependencyViolation",
                    new RegExp(`^resource ${GroupId} has a dependent object$`),
                );
            }
            await lab.api.deleteNetworkInterface({ NetworkInterfaceId: NetworkInterface?.NetworkInterfaceId });
            for (const GroupId of [used, naming, named]) {
                await lab.api.deleteSecurityGroup({ GroupId });
            }
        });

        // Amazon VPC User Guide, "Default security groups for your VPCs".
        it("keeps a default group", async () => {
            const Filters = [{ Name: "vpc-id", Values: [(await lab.makeVpc()).id] }];
            const { GroupId } = (await lab.api.describeSecurityGroups({ Filters })).SecurityGroups?.[0] ?? {};
            await refuses(
                lab.api.deleteSecurityGroup({ GroupId }),
                "CannotDelete",
                /name: "default" cannot be deleted by a user/,
            );
        });

        it("keeps a subnet with an interface, and a gateway with public addresses behind it", async () => {
            const vpc = await lab.makeVpc();
            const SubnetId = await lab.makeSubnet(vpc);
            await lab.api.modifySubnetAttribute({ SubnetId, MapPublicIpOnLaunch: { Value: true } });
            const gateway = { InternetGatewayId: await lab.makeGateway(vpc), VpcId: vpc.id };
            const { Instances } = await lab.api.runInstances({ ImageId: image, MinCount: 1, MaxCount: 1, SubnetId });
            const InstanceIds = [Instances?.[0]?.InstanceId ?? ""];
            await refuses(
                lab.api.deleteSubnet({ SubnetId }),
                "DependencyViolation",
                /^The subnet 'subnet-\w+' has dependencies/,
            );
            await refuses(
                lab.api.detachInternetGateway(gateway),
                "DependencyViolation",
                /has some mapped public address/,
            );
            await lab.api.stopInstances({ InstanceIds });
            await lab.api.detachInternetGateway(gateway);
            await lab.api.terminateInstances({ InstanceIds });
            await lab.api.deleteSubnet({ SubnetId });
        });

        it("keeps a main route table, and one that is associated", async () => {
            const vpc = await lab.makeVpc();
            const Filters = [{ Name: "vpc-id", Values: [vpc.id] }];
            const main = (await lab.api.describeRouteTables({ Filters })).RouteTables?.[0]?.RouteTableId ?? "";
            const used = await lab.makeTable(vpc);
            const { AssociationId } = await lab.api.associateRouteTable({
                RouteTableId: used,
                SubnetId: await lab.makeSubnet(vpc),
            });
            for (const RouteTableId of [main, used]) {
                const remove = lab.api.deleteRouteTable({ RouteTableId });
                await refuses(remove, "DependencyViolation", /^The routeTable 'rtb-\w+' has dependencies/);
            }
            await lab.api.disassociateRouteTable({ AssociationId });
            await lab.api.deleteRouteTable({ RouteTableId: used });
        });

        // Also: VPC Peering Guide, "Delete a VPC peering connection".
        const kept: Record<string, (vpc: Vpc) => Promise<() => Promise<unknown>>> = {
            "an internet gateway": async (vpc) => {
                const gateway = { InternetGatewayId: await lab.makeGateway(vpc), VpcId: vpc.id };
                return () => lab.api.detachInternetGateway(gateway);
            },
            "a security group": async (vpc) => {
                const GroupId = await lab.makeGroup(vpc);
                return () => lab.api.deleteSecurityGroup({ GroupId });
            },
            "a subnet": async (vpc) => {
                const SubnetId = await lab.makeSubnet(vpc);
                return () => lab.api.deleteSubnet({ SubnetId });
            },
            "a route table": async (vpc) => {
                const RouteTableId = await lab.makeTable(vpc);
                return () => lab.api.deleteRouteTable({ RouteTableId });
            },
            "an active peering connection": async (vpc) => {
                const VpcPeeringConnectionId = await lab.peer(vpc.id, (await lab.makeVpc()).id);
                return () => lab.api.deleteVpcPeeringConnection({ VpcPeeringConnectionId });
            },
            "a request of another account's": async (vpc) => {
                const { OwnerId } = (await lab.api.describeVpcs({ VpcIds: [vpc.id] })).Vpcs?.[0] ?? {};
                const { VpcPeeringConnection } = await lab.stranger.createVpcPeeringConnection({
                    VpcId: (await lab.makeVpc(lab.stranger)).id,
                    PeerVpcId: vpc.id,
                    PeerOwnerId: OwnerId,
                });
                const { VpcPeeringConnectionId } = VpcPeeringConnection ?? {};
                return () => lab.api.rejectVpcPeeringConnection({ VpcPeeringConnectionId });
            },
        };
        for (const [what, make] of Object.entries(kept)) {
            it(`keeps a VPC with ${what}`, async () => {
                const vpc = await lab.makeVpc();
                const remove = await make(vpc);
                const message = /^The vpc '?vpc-\w+'? has dependencies and cannot be deleted\.$/;
                await refuses(lab.api.deleteVpc({ VpcId: vpc.id }), "DependencyViolation", message);
                await remove();
                await lab.api.deleteVpc({ VpcId: vpc.id });
            });
        }
    });

    // Amazon EC2 API Reference, "RunInstances" and "Error codes"; Amazon VPC User Guide, "Subnet CIDR blocks".
    describe("of launches", () => {
        let run: (more: object) => Promise<unknown>;
        let address: (last: number) => string;
        let subnet: string;

        before(async () => {
            const vpc = await lab.makeVpc();
            subnet = await lab.makeSubnet(vpc);
            address = (last) => vpc.block.replace("0.0/16", `1.${last}`);
            run = (more) =>
                lab.api.runInstances({ ImageId: image, MinCount: 1, MaxCount: 1, SubnetId: subnet, ...more });
            await run({ PrivateIpAddress: address(9), SecurityGroupIds: [await lab.makeGroup(vpc)] });
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
            await lab.api.createKeyPair({ KeyName: "a key" });
            await run({ KeyName: "a key", PrivateIpAddress: address(20) });
        });

        it("takes groups of the subnet's VPC", async () => {
            const group = await lab.makeGroup(await lab.makeVpc());
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
            const taken = lab.api.createNetworkInterface({ SubnetId: subnet, PrivateIpAddress: address(9) });
            await refuses(taken, "InvalidIPAddress.InUse", /is in use/);
        });
    });
});
