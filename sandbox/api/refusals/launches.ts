import ipaddr from "ipaddr.js";
import { Refusal } from "../answers.ts";
import type { Rule } from "./rule.ts";

// Calls that AWS refuses when they launch instances or create network interfaces.

/** Amazon EC2 API Reference, "Error codes": InvalidAMIID.NotFound. */
export const knownImage: Rule = async (parameters, view) => {
    const id = parameters.get("ImageId");
    if (id !== null) {
        const { Images = [] } = await view.ec2.describeImages({ Filters: [{ Name: "image-id", Values: [id] }] });
        if (Images.length === 0) {
            throw new Refusal("InvalidAMIID.NotFound", `The image id '[${id}]' does not exist`);
        }
    }
};

/** Amazon EC2 API Reference, "Error codes": InvalidKeyPair.NotFound. */
export const knownKeyPair: Rule = async (parameters, view) => {
    const name = parameters.get("KeyName");
    if (name !== null && !(await view.keyPairs()).some(({ KeyName }) => KeyName === name)) {
        throw new Refusal("InvalidKeyPair.NotFound", `The key pair '${name}' does not exist`);
    }
};

/** Amazon EC2 API Reference, "Error codes": InvalidParameter (a security group and a subnet of different VPCs). */
export const groupsOfVpc: Rule = async (parameters, view) => {
    for (const { subnetId, groupIds } of placementsOf(parameters).filter(({ groupIds }) => groupIds.length > 0)) {
        const [subnets, groups] = await Promise.all([view.subnets(), view.groups()]);
        const vpcId = subnets.find(({ SubnetId }) => SubnetId === subnetId)?.VpcId;
        const foreign = groups.find(({ GroupId = "", VpcId }) => groupIds.includes(GroupId) && VpcId !== vpcId);
        if (vpcId !== undefined && foreign) {
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
        const [subnets, interfaces] = await Promise.all([view.subnets(), view.interfaces()]);
        const block = subnets.find(({ SubnetId }) => SubnetId === subnetId)?.CidrBlock;
        const taken = interfaces
            .filter(({ SubnetId }) => SubnetId === subnetId)
            .flatMap(({ PrivateIpAddress, PrivateIpAddresses = [] }) => [
                PrivateIpAddress,
                ...PrivateIpAddresses.map((one) => one.PrivateIpAddress),
            ]);
        for (const address of block === undefined ? [] : addresses) {
            refuseOutside(address, block ?? "");
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
    const [network, length] = ipaddr.IPv4.parseCIDR(block);
    const invalid = (why: string) => new Refusal("InvalidParameterValue", `Address ${address} ${why}`);
    if (!ipaddr.IPv4.isValidFourPartDecimal(address) || !ipaddr.IPv4.parse(address).match(network, length)) {
        throw invalid("does not fall within the subnet's address range");
    }
    const last = 2 ** (32 - length) - 1;
    const number = (one: ipaddr.IPv4) => one.toByteArray().reduce((sum, byte) => sum * 256 + byte, 0);
    const host = number(ipaddr.IPv4.parse(address)) - number(ipaddr.IPv4.networkAddressFromCIDR(block));
    if (host < 4 || host === last) {
        throw invalid("is in subnet's reserved address range");
    }
}

/** The subnet, addresses and groups that a call requests for a network interface. */
interface Placement {
    readonly subnetId: string;
    readonly addresses: readonly string[];
    readonly groupIds: readonly string[];
}

function placementsOf(parameters: URLSearchParams): Placement[] {
    const interfaces = new Set([...parameters.keys()].map((name) => /^NetworkInterface\.\d+\./.exec(name)?.[0]));
    return ["", ...interfaces].flatMap((prefix = ""): Placement[] => {
        const subnetId = parameters.get(`${prefix}SubnetId`);
        const values = (pattern: RegExp) =>
            [...parameters].flatMap(([name, value]) =>
                name.startsWith(prefix) && pattern.test(name.slice(prefix.length)) ? [value] : [],
            );
        const addresses = values(/^(PrivateIpAddress|PrivateIpAddresses\.\d+\.PrivateIpAddress)$/);
        return subnetId === null ? [] : [{ subnetId, addresses, groupIds: values(/^SecurityGroupId\.\d+$/) }];
    });
}
