import assert from "node:assert/strict";
import { GatewayLab, refuses, otherAccount, otherRegion } from "./world/gatewayLab.ts";

// Calls between peers that AWS refuses, with the error code from the cited page, and calls that it allows.
describe("Gateway, across a peering connection", () => {
    const lab = GatewayLab.ofSuite();

    // Amazon EC2 API Reference, "ModifyVpcPeeringConnectionOptions".
    describe("peering options", () => {
        const on = { AllowDnsResolutionFromRemoteVpc: true };
        const withDns = async (where = lab.api) => {
            const { id } = await lab.makeVpc(where);
            await where.modifyVpcAttribute({ VpcId: id, EnableDnsHostnames: { Value: true } });
            return id;
        };

        it("can be set only on an active connection", async () => {
            const VpcPeeringConnectionId = await lab.request(await withDns(), await withDns());
            const set = () =>
                lab.api.modifyVpcPeeringConnectionOptions({
                    VpcPeeringConnectionId,
                    RequesterPeeringConnectionOptions: on,
                    AccepterPeeringConnectionOptions: on,
                });
            await refuses(set(), "OperationNotPermitted", /is not active. Peering options can be added only to active/);
            await lab.api.acceptVpcPeeringConnection({ VpcPeeringConnectionId });
            assert.deepEqual((await set()).AccepterPeeringConnectionOptions?.AllowDnsResolutionFromRemoteVpc, true);
        });

        // VPC Peering Guide, "Enable DNS resolution for a VPC peering connection".
        for (const attribute of ["EnableDnsHostnames", "EnableDnsSupport"]) {
            it(`allow DNS resolution only if both VPCs have ${attribute}`, async () => {
                const other = await withDns();
                const VpcPeeringConnectionId = await lab.peer(await withDns(), other);
                const set = (AllowDnsResolutionFromRemoteVpc: boolean) =>
                    lab.api.modifyVpcPeeringConnectionOptions({
                        VpcPeeringConnectionId,
                        RequesterPeeringConnectionOptions: { AllowDnsResolutionFromRemoteVpc },
                    });
                await lab.api.modifyVpcAttribute({ VpcId: other, [attribute]: { Value: false } });
                await refuses(set(true), "InvalidVpcPeeringConnectionState.DnsHostnamesDisabled", /DNS hostname/);
                await set(false);
                await lab.api.modifyVpcAttribute({ VpcId: other, [attribute]: { Value: true } });
                await set(true);
            });
        }

        it("can be set by owners only for their own side", async () => {
            const one = await withDns();
            for (const [owner, more, message] of [
                [lab.abroad, { PeerRegion: otherRegion }, /^Accepter's .* for a different region$/],
                [
                    lab.stranger,
                    { PeerOwnerId: otherAccount },
                    /^User \d+ does not have permission to modify the accepter side/,
                ],
            ] as const) {
                const VpcPeeringConnectionId = await lab.request(one, await withDns(owner), more);
                await owner.acceptVpcPeeringConnection({ VpcPeeringConnectionId });
                const call = { VpcPeeringConnectionId, AccepterPeeringConnectionOptions: on };
                await refuses(lab.api.modifyVpcPeeringConnectionOptions(call), "OperationNotPermitted", message);
                await owner.modifyVpcPeeringConnectionOptions(call);
                await lab.api.modifyVpcPeeringConnectionOptions({
                    VpcPeeringConnectionId,
                    RequesterPeeringConnectionOptions: on,
                });
            }
        });
    });

    // VPC Peering Guide, "Update your security groups to reference peer security groups".
    it("allows rules to reference a peer VPC's groups only while the connection is active", async () => {
        const [one, other] = [await lab.makeVpc(), await lab.makeVpc()];
        const [GroupId, named] = [await lab.makeGroup(one), await lab.makeGroup(other)];
        const IpPermissions = [{ IpProtocol: "-1", UserIdGroupPairs: [{ GroupId: named }] }];
        const different = /^You have specified two resources that belong to different networks\.$/;
        const allow = (way: "Ingress" | "Egress") =>
            lab.api[`authorizeSecurityGroup${way}`]({ GroupId, IpPermissions });
        await refuses(allow("Ingress"), "InvalidGroup.NotFound", different);
        const VpcPeeringConnectionId = await lab.request(one.id, other.id);
        await refuses(allow("Egress"), "InvalidGroup.NotFound", different);
        await lab.api.acceptVpcPeeringConnection({ VpcPeeringConnectionId });
        await allow("Ingress");
        await allow("Egress");
        const far = await lab.abroad.createSecurityGroup({
            VpcId: (await lab.makeVpc(lab.abroad)).id,
            GroupName: "far",
            Description: "far",
        });
        const UserIdGroupPairs = [{ GroupId: far.GroupId }];
        const farther = lab.api.authorizeSecurityGroupIngress({
            GroupId,
            IpPermissions: [{ IpProtocol: "-1", UserIdGroupPairs }],
        });
        await refuses(farther, "InvalidGroup.NotFound", /does not exist/);
    });

    // The same page: groups in another account.
    it("allows rules to reference a group in another account only while the connection is active", async () => {
        const [one, other] = [await lab.makeVpc(), await lab.makeVpc(lab.stranger)];
        const GroupId = await lab.makeGroup(one);
        const named = await lab.stranger.createSecurityGroup({
            VpcId: other.id,
            GroupName: "foreign",
            Description: "foreign",
        });
        const allow = (of: string | undefined) =>
            lab.api.authorizeSecurityGroupIngress({
                GroupId,
                IpPermissions: [{ IpProtocol: "-1", UserIdGroupPairs: [{ UserId: otherAccount, GroupId: of }] }],
            });
        const different = /^You have specified two resources that belong to different networks\.$/;
        await refuses(allow(named.GroupId), "InvalidGroup.NotFound", different);
        const VpcPeeringConnectionId = await lab.request(one.id, other.id, { PeerOwnerId: otherAccount });
        await lab.stranger.acceptVpcPeeringConnection({ VpcPeeringConnectionId });
        await allow(named.GroupId);
        await refuses(allow("sg-0123456789abcdef0"), "InvalidGroup.NotFound", different);
    });

    // Amazon EC2 API Reference, "ModifySecurityGroupRules".
    describe("a rule that is changed", () => {
        const changed = async (
            GroupId: string,
            rule: {
                ReferencedGroupId?: string;
                CidrIpv4?: string;
                IpProtocol?: string;
                FromPort?: number;
                ToPort?: number;
            },
            from: object,
        ) => {
            const { SecurityGroupRules } = await lab.api.authorizeSecurityGroupIngress({
                GroupId,
                IpPermissions: [{ IpProtocol: "tcp", FromPort: 80, ToPort: 80, ...from }],
            });
            const SecurityGroupRuleId = SecurityGroupRules?.[0]?.SecurityGroupRuleId ?? "";
            await lab.api.modifySecurityGroupRules({
                GroupId,
                SecurityGroupRules: [
                    {
                        SecurityGroupRuleId,
                        SecurityGroupRule: { IpProtocol: "tcp", FromPort: 80, ToPort: 80, ...rule },
                    },
                ],
            });
            const Filters = [{ Name: "security-group-rule-id", Values: [SecurityGroupRuleId] }];
            return (await lab.api.describeSecurityGroupRules({ Filters })).SecurityGroupRules?.[0];
        };

        it("references groups of its own VPC and of active peers only", async () => {
            const [one, near, foreign, strange] = [
                await lab.makeVpc(),
                await lab.makeVpc(),
                await lab.makeVpc(lab.stranger),
                await lab.makeVpc(),
            ];
            await lab.peer(one.id, near.id);
            const VpcPeeringConnectionId = await lab.request(one.id, foreign.id, { PeerOwnerId: otherAccount });
            const named = await lab.stranger.createSecurityGroup({
                VpcId: foreign.id,
                GroupName: "foreign",
                Description: "foreign",
            });
            const GroupId = await lab.makeGroup(one);
            const to = async (ReferencedGroupId = "", from = GroupId) => {
                const group = await lab.makeGroup(one, `changed to ${ReferencedGroupId}${Math.random()}`);
                return changed(group, { ReferencedGroupId }, { UserIdGroupPairs: [{ GroupId: from }] });
            };
            const different = /^You have specified two resources that belong to different networks\.$/;
            await refuses(to(await lab.makeGroup(strange)), "InvalidGroup.NotFound", different);
            await refuses(to(named.GroupId), "InvalidGroup.NotFound", different);
            await refuses(to("sg-0123456789abcdef0"), "InvalidGroup.NotFound", different);
            await lab.stranger.acceptVpcPeeringConnection({ VpcPeeringConnectionId });
            const group = await lab.makeGroup(near);
            assert.equal((await to(group))?.ReferencedGroupInfo?.GroupId, group);
            assert.deepEqual((await to(named.GroupId))?.ReferencedGroupInfo, {
                GroupId: named.GroupId,
                UserId: otherAccount,
            });
        });

        it("has a valid block, and is not equal to another one", async () => {
            const GroupId = await lab.makeGroup(await lab.makeVpc());
            const block = (last: number) => ({ IpRanges: [{ CidrIp: `192.0.2.${last}/32` }] });
            const malformed = changed(GroupId, { CidrIpv4: "192.0.2.0/33" }, block(1));
            await refuses(malformed, "InvalidParameterValue", /^CIDR block 192\.0\.2\.0\/33 is malformed$/);
            const same = changed(GroupId, { CidrIpv4: "192.0.2.1/32" }, block(2));
            await refuses(same, "InvalidPermission.Duplicate", /already exists/);
            const { CidrIpv4, IpProtocol } =
                (await changed(GroupId, { CidrIpv4: "192.0.2.4/32", IpProtocol: "-1" }, block(3))) ?? {};
            assert.deepEqual([CidrIpv4, IpProtocol], ["192.0.2.4/32", "-1"]);
            const { SecurityGroupRules = [] } = await lab.api.describeSecurityGroupRules({
                Filters: [{ Name: "group-id", Values: [GroupId] }],
            });
            const blocks = SecurityGroupRules.filter(({ IsEgress }) => !IsEgress).map((one) => one.CidrIpv4);
            assert.deepEqual(blocks, ["192.0.2.1/32", "192.0.2.2/32", "192.0.2.4/32"]);
        });
    });
});
