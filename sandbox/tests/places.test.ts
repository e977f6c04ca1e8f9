import { aclAssociationOf, makeMachine } from "./world/side.ts";
import { World } from "./world/world.ts";

// After a change, only what it can have changed is read; the world compares the result with what a first read gives.
describe("What is read after a change is all that it has changed", function () {
    // moto may have to be installed first.
    this.timeout(600_000);
    let world: World;

    before(async () => {
        world = await World.start("an API that is compared");
    });

    after(() => {
        world.stop();
    });

    it("whatever the change", async () => {
        const { api } = world;
        // One after the other, because a change during the comparison would be a difference.
        const { Vpc } = await api.createVpc({ CidrBlock: "10.1.0.0/16" });
        const VpcId = Vpc?.VpcId ?? "";
        const { Vpc: other } = await api.createVpc({ CidrBlock: "10.2.0.0/16" });
        const { Subnet } = await api.createSubnet({ VpcId, CidrBlock: "10.1.1.0/24" });
        const SubnetId = Subnet?.SubnetId ?? "";
        const { InternetGateway } = await api.createInternetGateway({});
        const gateway = { InternetGatewayId: InternetGateway?.InternetGatewayId ?? "" };
        await api.attachInternetGateway({ ...gateway, VpcId });
        const { GroupId: groupId = "" } = await api.createSecurityGroup({ VpcId, GroupName: "s", Description: "s" });
        const { RouteTable: own } = await api.createRouteTable({ VpcId });
        const tableId = own?.RouteTableId ?? "";
        await api.associateRouteTable({ RouteTableId: tableId, SubnetId });
        const one = { vpcId: VpcId, subnetId: SubnetId, groupId, tableId, gatewayId: gateway.InternetGatewayId };

        const { id = "" } = await makeMachine(api, one, "10.1.1.100");
        const InstanceIds = [id];
        await api.modifyInstanceAttribute({ InstanceId: id, Groups: [one.groupId] });
        await api.modifyVpcAttribute({ VpcId, EnableDnsHostnames: { Value: true } });
        await api.stopInstances({ InstanceIds });
        await api.startInstances({ InstanceIds });

        const { VpcPeeringConnection } = await api.createVpcPeeringConnection({ VpcId, PeerVpcId: other?.VpcId });
        const peering = { VpcPeeringConnectionId: VpcPeeringConnection?.VpcPeeringConnectionId };
        await api.acceptVpcPeeringConnection(peering);
        const { CidrBlockAssociation } = await api.associateVpcCidrBlock({ VpcId, CidrBlock: "10.3.0.0/16" });
        await api.disassociateVpcCidrBlock({ AssociationId: CidrBlockAssociation?.AssociationId });

        const { RouteTable } = await api.createRouteTable({ VpcId });
        const RouteTableId = RouteTable?.RouteTableId;
        const route = { RouteTableId, DestinationCidrBlock: "10.2.0.0/16" };
        await api.createRoute({ ...route, ...peering });
        await api.replaceRoute({ ...route, GatewayId: one.gatewayId });
        await api.deleteRoute(route);
        const { RouteTables } = await api.describeRouteTables({ RouteTableIds: [one.tableId] });
        const used = RouteTables?.[0]?.Associations?.[0]?.RouteTableAssociationId;
        const moved = await api.replaceRouteTableAssociation({ AssociationId: used, RouteTableId });
        await api.disassociateRouteTable({ AssociationId: moved.NewAssociationId });
        await api.associateRouteTable({ RouteTableId: one.tableId, SubnetId });
        await api.deleteRouteTable({ RouteTableId });

        const { NetworkAcl } = await api.createNetworkAcl({ VpcId });
        const NetworkAclId = NetworkAcl?.NetworkAclId;
        const entry = { NetworkAclId, RuleNumber: 1, Egress: false };
        const all = { Protocol: "-1", CidrBlock: "0.0.0.0/0" };
        await api.createNetworkAclEntry({ ...entry, ...all, RuleAction: "allow" });
        await api.replaceNetworkAclEntry({ ...entry, ...all, RuleAction: "deny" });
        await api.deleteNetworkAclEntry(entry);
        const { NetworkAclAssociationId: AssociationId } = await aclAssociationOf(api, SubnetId);
        await api.replaceNetworkAclAssociation({ AssociationId, NetworkAclId });

        const { PrefixList } = await api.createManagedPrefixList({
            PrefixListName: "list",
            AddressFamily: "IPv4",
            MaxEntries: 2,
            Entries: [{ Cidr: "192.0.2.0/24" }],
        });
        const { PrefixListId = "" } = PrefixList ?? {};
        const { GroupId } = await api.createSecurityGroup({ VpcId, GroupName: "g", Description: "g" });
        const IpPermissions = [{ IpProtocol: "-1", PrefixListIds: [{ PrefixListId }] }];
        const { SecurityGroupRules } = await api.authorizeSecurityGroupIngress({ GroupId, IpPermissions });
        await api.modifyManagedPrefixList({
            PrefixListId,
            CurrentVersion: 1,
            AddEntries: [{ Cidr: "198.51.100.0/24" }],
        });
        const SecurityGroupRuleIds = [SecurityGroupRules?.[0]?.SecurityGroupRuleId ?? ""];
        await api.revokeSecurityGroupIngress({ GroupId, SecurityGroupRuleIds });
        await api.deleteSecurityGroup({ GroupId });

        await api.terminateInstances({ InstanceIds });
        await api.deleteSubnet({ SubnetId });
        await api.deleteNetworkAcl({ NetworkAclId });
        await api.deleteVpcPeeringConnection(peering);
        await api.detachInternetGateway({ ...gateway, VpcId });
        await api.deleteInternetGateway(gateway);
        await api.deleteRouteTable({ RouteTableId: one.tableId });
        await api.deleteSecurityGroup({ GroupId: one.groupId });
        await api.deleteVpc({ VpcId });
    });
});
