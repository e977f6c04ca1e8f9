import assert from "node:assert/strict";
import { GatewayLab, refuses } from "./world/gatewayLab.ts";

// Calls on network ACLs and prefix lists that AWS refuses, with the error code from the cited page, and those that it allows.
describe("Gateway, network ACLs and prefix lists", () => {
    const lab = GatewayLab.ofSuite();

    async function makeAcl(VpcId: string): Promise<string> {
        return (await lab.api.createNetworkAcl({ VpcId })).NetworkAcl?.NetworkAclId ?? "";
    }

    const numbersIn = async (id: string) => {
        const { NetworkAcls } = await lab.api.describeNetworkAcls({ NetworkAclIds: [id] });
        const entries = NetworkAcls?.[0]?.Entries ?? [];
        return entries.map(
            ({ RuleNumber, Egress, RuleAction }) => `${RuleNumber} ${Egress ? "out" : "in"} ${RuleAction}`,
        );
    };

    const everything = { RuleAction: "allow", Protocol: "-1", CidrBlock: "0.0.0.0/0", Egress: false } as const;

    // Amazon VPC User Guide, "Network ACL rules"; Amazon EC2 API Reference, "CreateNetworkAclEntry" and "Error codes".
    it("has network ACLs whose last entry, which nobody can change, denies everything", async () => {
        const NetworkAclId = await makeAcl((await lab.makeVpc()).id);
        const last = ["32767 out deny", "32767 in deny"];
        assert.deepEqual(await numbersIn(NetworkAclId), last);
        for (const RuleNumber of [0, 32767]) {
            const entry = { NetworkAclId, RuleNumber, Egress: false };
            const calls = [
                () => lab.api.createNetworkAclEntry({ ...everything, ...entry }),
                () => lab.api.replaceNetworkAclEntry({ ...everything, ...entry }),
                () => lab.api.deleteNetworkAclEntry(entry),
            ];
            for (const call of calls) {
                await refuses(call(), "InvalidParameterValue", /ruleNumber is invalid/);
            }
        }
        await lab.api.createNetworkAclEntry({ ...everything, NetworkAclId, RuleNumber: 32766 });
        assert.deepEqual(await numbersIn(NetworkAclId), [...last, "32766 in allow"]);
    });

    it("has no entries that do not exist, by number and direction", async () => {
        const NetworkAclId = await makeAcl((await lab.makeVpc()).id);
        await lab.api.createNetworkAclEntry({ ...everything, NetworkAclId, RuleNumber: 7 });
        const missing = { NetworkAclId, RuleNumber: 7, Egress: true };
        for (const call of [
            () => lab.api.deleteNetworkAclEntry(missing),
            () => lab.api.replaceNetworkAclEntry({ ...everything, ...missing }),
        ]) {
            await refuses(call(), "InvalidNetworkAclEntry.NotFound", /identified by 7 does not exist/);
        }
        await lab.api.deleteNetworkAclEntry({ ...missing, Egress: false });
    });

    it("associates subnets with network ACLs of their VPC only, and keeps the default one", async () => {
        const [vpc, other] = [await lab.makeVpc(), await lab.makeVpc()];
        const SubnetId = await lab.makeSubnet(vpc);
        const Filters = [{ Name: "association.subnet-id", Values: [SubnetId] }];
        const associated = async () => (await lab.api.describeNetworkAcls({ Filters })).NetworkAcls?.[0];
        const old = await associated();
        const AssociationId = old?.Associations?.[0]?.NetworkAclAssociationId;
        const replace = (association = AssociationId, NetworkAclId?: string) =>
            lab.api.replaceNetworkAclAssociation({ AssociationId: association, NetworkAclId });
        const own = await makeAcl(vpc.id);
        await refuses(replace("aclassoc-1", own), "InvalidAssociationID.NotFound", /'aclassoc-1' does not exist/);
        await refuses(replace(AssociationId, "acl-1"), "InvalidNetworkAclID.NotFound", /'acl-1' does not exist/);
        const foreign = replace(AssociationId, await makeAcl(other.id));
        await refuses(foreign, "InvalidParameterValue", /belong to different networks/);
        assert.deepEqual(await associated(), old);
        await replace(AssociationId, own);
        assert.equal((await associated())?.NetworkAclId, own);
        const remove = lab.api.deleteNetworkAcl({ NetworkAclId: old?.NetworkAclId });
        await refuses(remove, "InvalidParameterValue", /cannot delete default network ACL/);
    });

    it("has routes and rules by prefix lists that exist only", async () => {
        const vpc = await lab.makeVpc();
        const [RouteTableId, GatewayId] = [await lab.makeTable(vpc), await lab.makeGateway(vpc)];
        const GroupId = await lab.makeGroup(vpc);
        const rule = (PrefixListId = "pl-1") => ({
            GroupId,
            IpPermissions: [{ IpProtocol: "-1", PrefixListIds: [{ PrefixListId }] }],
        });
        const route = { RouteTableId, GatewayId, DestinationPrefixListId: "pl-1" };
        for (const call of [
            () => lab.api.createRoute(route),
            () => lab.api.authorizeSecurityGroupIngress(rule()),
            () => lab.api.authorizeSecurityGroupEgress(rule()),
        ]) {
            await refuses(call(), "InvalidPrefixListID.NotFound", /'pl-1' does not exist/);
        }
        const list = { PrefixListName: "list", AddressFamily: "IPv4", MaxEntries: 1 };
        const id = (await lab.api.createManagedPrefixList(list)).PrefixList?.PrefixListId ?? "";
        await lab.api.createRoute({ ...route, DestinationPrefixListId: id });
        const { SecurityGroupRules } = await lab.api.authorizeSecurityGroupIngress(rule(id));
        const SecurityGroupRuleId = SecurityGroupRules?.[0]?.SecurityGroupRuleId;
        const modify = (PrefixListId: string) =>
            lab.api.modifySecurityGroupRules({
                GroupId,
                SecurityGroupRules: [
                    {
                        SecurityGroupRuleId,
                        SecurityGroupRule: { IpProtocol: "tcp", FromPort: 1, ToPort: 2, PrefixListId },
                    },
                ],
            });
        await refuses(modify("pl-1"), "InvalidPrefixListID.NotFound", /'pl-1' does not exist/);
        await modify(id);
    });
});
