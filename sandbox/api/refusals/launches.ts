import type { _InstanceType } from "@aws-sdk/client-ec2";
import ipaddr from "ipaddr.js";
import { Refusal } from "../answers.ts";
import { prefixesIn, type CallParameters, type Rule } from "../call.ts";
import type { View } from "../client/view.ts";

// Calls that AWS refuses when they launch instances or create network interfaces.

/** Amazon EC2 API Reference, "Error codes": InvalidAMIID.NotFound. */
export const knownImage: Rule = async ({ ImageId: id }, view) => {
    if (id !== undefined) {
        const { Images = [] } = await view.ec2.describeImages({ Filters: [{ Name: "image-id", Values: [id] }] });
        if (Images.length === 0) {
            throw new Refusal("InvalidAMIID.NotFound", `The image id '[${id}]' does not exist`);
        }
    }
};

/**
 * The instance type must be offered in the subnet's Availability Zone. Sources: Amazon EC2 API Reference,
 * "DescribeInstanceTypeOfferings", "RunInstances" (the default is m1.small) and "Error codes" (Unsupported).
 */
export const offeredType: Rule = async (parameters, view) => {
    const { InstanceType: type = "m1.small" } = parameters;
    const [placement] = placementsOf(parameters);
    const [zones, subnet] = await Promise.all([zonesOffering(type, view), view.subnet(placement?.subnetId)]);
    const zone = subnet?.AvailabilityZone ?? parameters["Placement.AvailabilityZone"];
    if (zones.length > 0 && (zone === undefined || zones.includes(zone))) {
        return;
    }
    if (zones.length === 0 && !(await isType(type, view))) {
        throw new Refusal("InvalidParameterValue", `Invalid value '${type}' for InstanceType.`);
    }
    throw new Refusal(
        "Unsupported",
        zones.length === 0
            ? "The requested configuration is currently not supported. Please check the documentation for supported configurations."
            : `Your requested instance type (${type}) is not supported in your requested Availability Zone (${zone ?? ""}). Please retry your request by not specifying an Availability Zone or choosing ${zones.join(", ")}.`,
    );
};

async function zonesOffering(type: string, { ec2 }: View): Promise<string[]> {
    const { InstanceTypeOfferings = [] } = await ec2.describeInstanceTypeOfferings({
        LocationType: "availability-zone",
        Filters: [{ Name: "instance-type", Values: [type] }],
    });
    return InstanceTypeOfferings.flatMap(({ Location }) => Location ?? []).sort();
}

/** Whether an instance type exists in any region; the call fails for one that does not. */
function isType(type: string, { ec2 }: View): Promise<boolean> {
    return ec2.describeInstanceTypes({ InstanceTypes: [type as _InstanceType] }).then(
        () => true,
        () => false,
    );
}

/** Amazon EC2 API Reference, "Error codes": InvalidKeyPair.NotFound. */
export const knownKeyPair: Rule = async ({ KeyName: name }, view) => {
    if (name !== undefined && !(await view.keyPairs()).some(({ KeyName }) => KeyName === name)) {
        throw new Refusal("InvalidKeyPair.NotFound", `The key pair '${name}' does not exist`);
    }
};

/** Amazon EC2 API Reference, "Error codes": InvalidParameter (a security group and a subnet of different VPCs). */
export const groupsOfVpc: Rule = async (parameters, view) => {
    for (const { subnetId, groupIds } of placementsOf(parameters).filter(({ groupIds }) => groupIds.length > 0)) {
        const [subnet, groups] = await Promise.all([view.subnet(subnetId), view.groups()]);
        const foreign = groups.find(({ GroupId = "", VpcId }) => groupIds.includes(GroupId) && VpcId !== subnet?.VpcId);
        if (subnet && foreign) {
            throw new Refusal(
                "InvalidParameter",
                `Security group ${foreign.GroupId ?? ""} and subnet ${subnetId} belong to different networks.`,
            );
        }
    }
};

/** An address must be in the subnet's block, not reserved and not in use. */
export const freeAddress: Rule = async (parameters, view) => {
    for (const { subnetId, addresses } of placementsOf(parameters).filter(({ addresses }) => addresses.length > 0)) {
        const [subnet, interfaces] = await Promise.all([view.subnet(subnetId), view.interfaces()]);
        const taken = interfaces
            .filter(({ SubnetId }) => SubnetId === subnetId)
            .flatMap(({ PrivateIpAddress, PrivateIpAddresses = [] }) => [
                PrivateIpAddress,
                ...PrivateIpAddresses.map((one) => one.PrivateIpAddress),
            ]);
        for (const address of subnet?.CidrBlock === undefined ? [] : addresses) {
            refuseOutside(address, subnet?.CidrBlock ?? "");
            if (taken.includes(address)) {
                throw new Refusal("InvalidIPAddress.InUse", `Address ${address} is in use.`);
            }
        }
    }
};

/**
 * Refuses an address outside a subnet's block and those that AWS reserves, the first four and the last. Source:
 * Amazon VPC User Guide, "Subnet CIDR blocks".
 */
function refuseOutside(address: string, block: string): void {
    const invalid = (why: string) => new Refusal("InvalidParameterValue", `Address ${address} ${why}`);
    if (
        !ipaddr.IPv4.isValidFourPartDecimal(address) ||
        !ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parseCIDR(block))
    ) {
        throw invalid("does not fall within the subnet's address range");
    }
    const number = (one: ipaddr.IPv4) => Buffer.from(one.toByteArray()).readUInt32BE();
    const own = number(ipaddr.IPv4.parse(address));
    const first = number(ipaddr.IPv4.networkAddressFromCIDR(block));
    if (own < first + 4 || own === number(ipaddr.IPv4.broadcastAddressFromCIDR(block))) {
        throw invalid("is in subnet's reserved address range");
    }
}

/** The subnet, addresses and groups that a call requests for a network interface. */
interface Placement {
    readonly subnetId: string;
    readonly addresses: readonly string[];
    readonly groupIds: readonly string[];
}

function placementsOf(parameters: CallParameters): Placement[] {
    return ["", ...prefixesIn(parameters, /^NetworkInterface\.\d+\./)].flatMap((prefix) => {
        const subnetId = parameters[`${prefix}SubnetId`];
        const values = (pattern: RegExp) =>
            Object.entries(parameters)
                .filter(([name]) => name.startsWith(prefix) && pattern.test(name.slice(prefix.length)))
                .map(([, value]) => value);
        const addresses = values(/^(PrivateIpAddress|PrivateIpAddresses\.\d+\.PrivateIpAddress)$/);
        return subnetId === undefined ? [] : [{ subnetId, addresses, groupIds: values(/^SecurityGroupId\.\d+$/) }];
    });
}
