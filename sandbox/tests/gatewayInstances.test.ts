import assert from "node:assert/strict";
import type { Instance, RunInstancesCommandInput } from "@aws-sdk/client-ec2";
import { GatewayLab } from "./world/gatewayLab.ts";
import { image } from "./world/world.ts";

// How instances are described, which is what infrastructure tools compare with their state. Source: Amazon EC2 API Reference,
// "Instance".

describe("An instance", () => {
    const lab = GatewayLab.ofSuite();

    async function launch(more: Partial<RunInstancesCommandInput>): Promise<Instance> {
        const { Instances } = await lab.api.runInstances({
            ImageId: image,
            InstanceType: "t3.micro",
            MinCount: 1,
            MaxCount: 1,
            ...more,
        });
        return described(Instances?.[0]?.InstanceId ?? "");
    }

    async function described(id: string): Promise<Instance> {
        const { Reservations } = await lab.api.describeInstances({ InstanceIds: [id] });
        return Reservations?.[0]?.Instances?.[0] ?? {};
    }

    /** The groups of an instance, and those of each of its network interfaces. */
    async function groupsOf(id = ""): Promise<(string | undefined)[][]> {
        const { SecurityGroups = [], NetworkInterfaces = [] } = await described(id);
        return [SecurityGroups, ...NetworkInterfaces.map(({ Groups = [] }) => Groups)].map((groups) =>
            groups.map(({ GroupId }) => GroupId),
        );
    }

    describe("has the groups of its network interface", () => {
        let subnet: string;
        let one: string;
        let two: string;

        before(async () => {
            const vpc = await lab.makeVpc();
            [subnet, one, two] = await Promise.all([
                lab.makeSubnet(vpc),
                lab.makeGroup(vpc, "one"),
                lab.makeGroup(vpc, "two"),
            ]);
        });

        it("if the call names them for the interface", async () => {
            const nic = { DeviceIndex: 0, SubnetId: subnet, AssociatePublicIpAddress: true, Groups: [one] };
            const { InstanceId } = await launch({ NetworkInterfaces: [nic] });
            assert.deepEqual(await groupsOf(InstanceId), [[one], [one]]);
        });

        it("if the call names them for the instance, or not at all", async () => {
            const named = await launch({ SubnetId: subnet, SecurityGroupIds: [one] });
            assert.deepEqual(await groupsOf(named.InstanceId), [[one], [one]]);
            const [own, ...interfaces] = await groupsOf((await launch({ SubnetId: subnet })).InstanceId);
            assert.equal(own?.length, 1);
            assert.deepEqual(interfaces, [own]);
        });

        it("after these change, by its own ID or the interface's", async () => {
            const { InstanceId, NetworkInterfaces } = await launch({ SubnetId: subnet, SecurityGroupIds: [one] });
            await lab.api.modifyInstanceAttribute({ InstanceId, Groups: [two] });
            assert.deepEqual(await groupsOf(InstanceId), [[two], [two]]);
            const { NetworkInterfaceId } = NetworkInterfaces?.[0] ?? {};
            await lab.api.modifyNetworkInterfaceAttribute({ NetworkInterfaceId, Groups: [one, two] });
            assert.deepEqual(
                (await groupsOf(InstanceId)).map((groups) => groups.sort()),
                [[one, two].sort(), [one, two].sort()],
            );
        });
    });
});
