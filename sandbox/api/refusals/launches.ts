import ipaddr from "ipaddr.js";
import { Refusal } from "../answers.ts";
import { prefixesIn, type CallParameters, type Rule } from "../call.ts";

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
