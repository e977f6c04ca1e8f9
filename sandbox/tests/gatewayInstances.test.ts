import assert from "node:assert/strict";
import type { BlockDeviceMapping, Instance, RunInstancesCommandInput } from "@aws-sdk/client-ec2";
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

    /** The groups of an instance, and those of each of its network interfaces, sorted. */
    async function groupsOf(id = ""): Promise<string[][]> {
        const { SecurityGroups = [], NetworkInterfaces = [] } = await described(id);
        return [SecurityGroups, ...NetworkInterfaces.map(({ Groups = [] }) => Groups)].map((groups) =>
            groups.map(({ GroupId = "" }) => GroupId).sort(),
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
            const both = [one, two].sort();
            assert.deepEqual(await groupsOf(InstanceId), [both, both]);
        });
    });

    describe("has a root volume at the device that its image names", () => {
        // moto has the root volumes of all instances at /dev/sda1.
        const device = "/dev/xvda";
        let subnet: string;
        let ImageId: string | undefined;

        before(async () => {
            subnet = await lab.makeSubnet(await lab.makeVpc());
            const { Images = [] } = await lab.api.describeImages({});
            ImageId = Images.find(({ RootDeviceName }) => RootDeviceName === device)?.ImageId;
        });

        const mappings: Readonly<Record<string, readonly BlockDeviceMapping[]>> = {
            "if the call says nothing of volumes": [],
            "if the call says less than its size": [{ DeviceName: device, Ebs: { Encrypted: true } }],
            "beside the volumes of the call": [{ DeviceName: "/dev/sdf", Ebs: { VolumeSize: 1 } }],
        };
        for (const [title, given] of Object.entries(mappings)) {
            it(title, async () => {
                const instance = await launch({ ImageId, SubnetId: subnet, BlockDeviceMappings: [...given] });
                const { BlockDeviceMappings = [], RootDeviceName } = instance;
                assert.equal(RootDeviceName, device);
                const devices = new Set(BlockDeviceMappings.map(({ DeviceName }) => DeviceName));
                assert.equal(devices.size, BlockDeviceMappings.length);
                assert.deepEqual(devices, new Set([device, ...given.map(({ DeviceName }) => DeviceName)]));
                const root = BlockDeviceMappings.find(({ DeviceName }) => DeviceName === device)?.Ebs;
                assert.equal(root?.DeleteOnTermination, true);
                const { Volumes } = await lab.api.describeVolumes({ VolumeIds: [root.VolumeId ?? ""] });
                assert.deepEqual([Volumes?.[0]?.Size, Volumes?.[0]?.State], [8, "in-use"]);
            });
        }
    });
});
