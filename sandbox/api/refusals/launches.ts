import ipaddr from "ipaddr.js";
import type { Refusal } from "../answers.ts";
import type { Rule } from "./refusals.ts";

/** Where an instance or an interface is to be: what a call asks for, for each interface that it makes. */
interface Placement {
    readonly subnetId: string;
    readonly addresses: readonly string[];
    readonly groupIds: readonly string[];
}

/** Amazon EC2 API Reference, "Error codes": InvalidAMIID.NotFound. */
export const knownImage: Rule = async (parameters, view) => {
    const id = parameters.get("ImageId");
    return id === null || (await view.hasImage(id))
        ? undefined
        : { code: "InvalidAMIID.NotFound", message: `The image id '[${id}]' does not exist` };
};

/** Amazon EC2 API Reference, "Error codes": InvalidKeyPair.NotFound. */
export const knownKeyPair: Rule = async (parameters, view) => {
    const name = parameters.get("KeyName");
    return name === null || (await view.keyNames()).includes(name)
        ? undefined
        : { code: "InvalidKeyPair.NotFound", message: `The key pair '${name}' does not exist` };
};

/** Amazon EC2 API Reference, "Error codes": InvalidParameter (a group and a subnet of different VPCs). */
export const groupsOfVpc: Rule = async (parameters, view) => {
    const placements = placementsOf(parameters).filter(({ groupIds }) => groupIds.length > 0);
    if (placements.length === 0) {
        return undefined;
    }
    const [subnets, groups] = await Promise.all([view.subnets(), view.groups()]);
    for (const { subnetId, groupIds } of placements) {
        const vpcId = subnets.find(({ SubnetId }) => SubnetId === subnetId)?.VpcId;
        const strange = groups.find(
            ({ GroupId = "", VpcId }) => groupIds.includes(GroupId) && vpcId !== undefined && VpcId !== vpcId,
        )?.GroupId;
        if (strange !== undefined) {
            return {
                code: "InvalidParameter",
                message: `Security group ${strange} and subnet ${subnetId} belong to different networks.`,
            };
        }
    }
    return undefined;
};

/** An address has to be one of the subnet's, not reserved, and free. */
export const freeAddress: Rule = async (parameters, view) => {
    const placements = placementsOf(parameters).filter(({ addresses }) => addresses.length > 0);
    if (placements.length === 0) {
        return undefined;
    }
    const [subnets, interfaces] = await Promise.all([view.subnets(), view.interfaces()]);
    for (const { subnetId, addresses } of placements) {
        const subnet = subnets.find(({ SubnetId }) => SubnetId === subnetId);
        const taken = interfaces
            .filter(({ SubnetId }) => SubnetId === subnetId)
            .flatMap(({ PrivateIpAddress, PrivateIpAddresses = [] }) => [
                PrivateIpAddress,
                ...PrivateIpAddresses.map((one) => one.PrivateIpAddress),
            ]);
        for (const address of subnet?.CidrBlock ? addresses : []) {
            const refusal = refuseAddress(address, subnet?.CidrBlock ?? "", taken);
            if (refusal) {
                return refusal;
            }
        }
    }
    return undefined;
};

/**
 * The refusal of an address in a subnet's block, or nothing. Sources: Amazon VPC User Guide, "Subnet CIDR blocks" (the
 * first four addresses and the last one are AWS's); Amazon EC2 API Reference, "Error codes" (InvalidIPAddress.InUse).
 */
export function refuseAddress(
    address: string,
    block: string,
    taken: readonly (string | undefined)[],
): Refusal | undefined {
    const [network, length] = ipaddr.IPv4.parseCIDR(block);
    const invalid = (why: string): Refusal => ({ code: "InvalidParameterValue", message: `Address ${address} ${why}` });
    if (!ipaddr.IPv4.isValidFourPartDecimal(address) || !ipaddr.IPv4.parse(address).match(network, length)) {
        return invalid("does not fall within the subnet's address range");
    }
    const last = 2 ** (32 - length) - 1;
    const number = (one: ipaddr.IPv4) => one.toByteArray().reduce((sum, byte) => sum * 256 + byte, 0);
    const host = number(ipaddr.IPv4.parse(address)) - number(ipaddr.IPv4.networkAddressFromCIDR(block));
    if (host < 4 || host === last) {
        return invalid("is in subnet's reserved address range");
    }
    return taken.includes(address)
        ? { code: "InvalidIPAddress.InUse", message: `Address ${address} is in use.` }
        : undefined;
}

function placementsOf(parameters: URLSearchParams): Placement[] {
    const interfaces = new Set([...parameters.keys()].map((name) => /^NetworkInterface\.\d+\./.exec(name)?.[0]));
    return ["", ...interfaces].flatMap((prefix = "") => {
        const subnetId = parameters.get(`${prefix}SubnetId`);
        const values = (pattern: RegExp) =>
            [...parameters].flatMap(([name, value]) =>
                name.startsWith(prefix) && pattern.test(name.slice(prefix.length)) ? [value] : [],
            );
        return subnetId === null
            ? []
            : [
                  {
                      subnetId,
                      addresses: values(/^(PrivateIpAddress|PrivateIpAddresses\.\d+\.PrivateIpAddress)$/),
                      groupIds: values(/^SecurityGroupId\.\d+$/),
                  },
              ];
    });
}
