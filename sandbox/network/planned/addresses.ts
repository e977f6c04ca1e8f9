import { createHash } from "node:crypto";
import ipaddr from "ipaddr.js";
import type { Vpc } from "../described/state.ts";

/** The router's address in a subnet: the first after the network's. Source: Amazon VPC User Guide, "Subnet CIDR blocks". */
export function gatewayOf(block: string): string {
    return addressIn(block, 1);
}

/** The address of a VPC's name server: the second after its primary block's. Source: Amazon VPC User Guide, "Amazon DNS server". */
export function nameServerOf({ cidrBlocks: [primary = "0.0.0.0/0"] }: Vpc): string {
    return addressIn(primary, 2);
}

/** Where every instance can ask its VPC's name server too. Source: Amazon VPC User Guide, "Amazon DNS server". */
export const linkLocalNameServer = "169.254.169.253";

/**
 * The address of the name servers of all VPCs in the sandbox's own namespace. Like the addresses by which they know the
 * VPCs, it is of class E, which is reserved, so that no VPC can have it.
 */
export const nameServersAddress = "240.0.0.1";

/** The address by which the name servers know a VPC. */
export function addressAmongNameServers({ id }: Vpc): string {
    const [first = 0, ...rest] = createHash("sha256").update(id).digest().subarray(0, 4);
    return [241 + (first % 14), ...rest].join(".");
}

function addressIn(block: string, number: number): string {
    const octets = ipaddr.IPv4.networkAddressFromCIDR(block).octets;
    return octets.map((octet, index) => (index === 3 ? octet + number : octet)).join(".");
}
