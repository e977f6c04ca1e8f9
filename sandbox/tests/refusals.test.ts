import assert from "node:assert/strict";
import { GatewayLab, refuses, type Vpc } from "./world/gatewayLab.ts";
import { image, region } from "./world/world.ts";

// Deletions and launches that AWS refuses, with the error code from the cited page, and those that it allows.
describe("Gateway, resources in use and launches", () => {
    const lab = GatewayLab.ofSuite();

    // Amazon EC2 API Reference, "Error codes" (DependencyViolation), and the pages of the actions.
    describe("resources in use", () => {
        it("include a security group that an interface uses or another group's rule references", async () => {
            const vpc = await lab.makeVpc();
            const groups = ["used", "named", "naming"].map((name) => lab.makeGroup(vpc, name));
            const [used = "", named = "", naming = ""] = await Promise.all(groups);
            const SubnetId = await lab.makeSubnet(vpc);
            const launch = { ImageId: image, InstanceType: "t2.micro", MinCount: 1, MaxCount: 1 } as const;
            const { Instances } = await lab.api.runInstances({ ...launch, SubnetId, SecurityGroupIds: [used] });
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
            await lab.api.terminateInstances({ InstanceIds: [Instances?.[0]?.InstanceId ?? ""] });
            for (const GroupId of [used, naming, named]) {
                await lab.api.deleteSecurityGroup({ GroupId });
            }
        });

        // Amazon VPC User Guide, "Default security groups for your VPCs".
        it("include a default security group", async () => {
            const Filters = [{ Name: "vpc-id", Values: [(await lab.makeVpc()).id] }];
            const { GroupId } = (await lab.api.describeSecurityGroups({ Filters })).SecurityGroups?.[0] ?? {};
            await refuses(
                lab.api.deleteSecurityGroup({ GroupId }),
                "CannotDelete",
                /name: "default" cannot be deleted by a user/,
            );
        });

        it("include a subnet with an interface, and an internet gateway with mapped public addresses", async () => {
            const vpc = await lab.makeVpc();
            const SubnetId = await lab.makeSubnet(vpc);
            await lab.api.modifySubnetAttribute({ SubnetId, MapPublicIpOnLaunch: { Value: true } });
            const gateway = { InternetGatewayId: await lab.makeGateway(vpc), VpcId: vpc.id };
            const { Instances } = await lab.api.runInstances({
                ImageId: image,
                InstanceType: "t2.micro",
                MinCount: 1,
                MaxCount: 1,
                SubnetId,
            });
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

        it("include a main route table and one that is associated with a subnet", async () => {
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

        // "DeleteSubnet": its associations are deleted with it.
        it("do not include what a deleted subnet was associated with", async () => {
            const vpc = await lab.makeVpc();
            const [RouteTableId, SubnetId] = [await lab.makeTable(vpc), await lab.makeSubnet(vpc)];
            await lab.api.associateRouteTable({ RouteTableId, SubnetId });
            const { NetworkAcl } = await lab.api.createNetworkAcl({ VpcId: vpc.id });
            const { NetworkAcls } = await lab.api.describeNetworkAcls({
                Filters: [{ Name: "association.subnet-id", Values: [SubnetId] }],
            });
            const NetworkAclId = NetworkAcl?.NetworkAclId;
            const used = NetworkAcls?.[0]?.Associations?.find((one) => one.SubnetId === SubnetId);
            await lab.api.replaceNetworkAclAssociation({ AssociationId: used?.NetworkAclAssociationId, NetworkAclId });
            await lab.api.deleteSubnet({ SubnetId });
            await lab.api.deleteRouteTable({ RouteTableId });
            await lab.api.deleteNetworkAcl({ NetworkAclId });
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
            "a pending request from another account": async (vpc) => {
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
            it(`include a VPC with ${what}`, async () => {
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
    describe("launches", () => {
        let run: (more: object) => Promise<unknown>;
        let address: (last: number) => string;
        let subnet: string;
        let vpc: Vpc;

        before(async () => {
            vpc = await lab.makeVpc();
            subnet = await lab.makeSubnet(vpc);
            address = (last) => vpc.block.replace("0.0/16", `1.${last}`);
            run = (more) =>
                lab.api.runInstances({
                    ImageId: image,
                    InstanceType: "t2.micro",
                    MinCount: 1,
                    MaxCount: 1,
                    SubnetId: subnet,
                    ...more,
                });
            await run({ PrivateIpAddress: address(9), SecurityGroupIds: [await lab.makeGroup(vpc)] });
        });

        it("require an existing image", async () => {
            const message = /^The image id '\[ami-12345678\]' does not exist$/;
            await refuses(run({ ImageId: "ami-12345678" }), "InvalidAMIID.NotFound", message);
        });

        // "DescribeInstanceTypeOfferings": t2.micro is offered in the zones a and c of this region, m1.small in none.
        it("require an instance type that is offered in the subnet's zone", async () => {
            const { Subnet } = await lab.api.createSubnet({
                VpcId: vpc.id,
                CidrBlock: vpc.block.replace("0.0/16", "2.0/24"),
                AvailabilityZone: `${region}b`,
            });
            await refuses(
                run({ SubnetId: Subnet?.SubnetId }),
                "Unsupported",
                /^Your requested instance type \(t2\.micro\) is not supported in your requested Availability Zone \(ap-northeast-2b\)\. .* or choosing ap-northeast-2a, ap-northeast-2c\.$/,
            );
            await refuses(run({ InstanceType: undefined }), "Unsupported", /configuration is currently not supported/);
            await refuses(run({ InstanceType: "t2.huge" }), "InvalidParameterValue", /^Invalid value 't2\.huge'/);
        });

        it("require an existing key pair", async () => {
            await refuses(
                run({ KeyName: "a key" }),
                "InvalidKeyPair.NotFound",
                /^The key pair 'a key' does not exist$/,
            );
            await lab.api.createKeyPair({ KeyName: "a key" });
            await run({ KeyName: "a key", PrivateIpAddress: address(20) });
        });

        it("require security groups of the subnet's VPC", async () => {
            const group = await lab.makeGroup(await lab.makeVpc());
            const message = /^Security group sg-\w+ and subnet subnet-\w+ belong to different networks\.$/;
            await refuses(run({ SecurityGroupIds: [group] }), "InvalidParameter", message);
        });

        it("have as many instances as they may have", async () => {
            const { Instances } = (await run({ MaxCount: 3 })) as { Instances: { InstanceId: string }[] };
            assert.equal(Instances.length, 3);
            await lab.api.terminateInstances({ InstanceIds: Instances.map(({ InstanceId }) => InstanceId) });
        });

        // Amazon EC2 User Guide, "Terminate Amazon EC2 instances".
        it("create an interface that is deleted with the instance, unless they say otherwise", async () => {
            for (const [DeleteOnTermination, left] of [
                [undefined, 0],
                [false, 1],
            ] as const) {
                const launched = (await run({
                    SubnetId: undefined,
                    NetworkInterfaces: [
                        { DeviceIndex: 0, SubnetId: subnet, PrivateIpAddress: address(30), DeleteOnTermination },
                    ],
                })) as { Instances: { InstanceId: string; NetworkInterfaces: { NetworkInterfaceId: string }[] }[] };
                const [{ InstanceId, NetworkInterfaces: [nic] } = assert.fail()] = launched.Instances;
                await lab.api.terminateInstances({ InstanceIds: [InstanceId] });
                const { NetworkInterfaces = [] } = await lab.api.describeNetworkInterfaces({});
                const kept = NetworkInterfaces.filter((one) => one.NetworkInterfaceId === nic?.NetworkInterfaceId);
                assert.equal(kept.length, left);
            }
        });

        it("require addresses that are in the subnet's block, not reserved and not in use", async () => {
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
        });
    });
});
