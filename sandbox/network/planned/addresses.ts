import { createHash } from "node:crypto";
import ipaddr from "ipaddr.js";
import type { Vpc } from "../described/state.ts";

/** The router's address in a subnet: the network address plus one. Source: Amazon VPC User Guide, "Subnet CIDR blocks". */
export function gatewayOf(block: string): string {
    return addressIn(block, 1);
}

/** The address of a VPC's name server: its primary block's network address plus two. Source: Amazon VPC User Guide, "Amazon DNS server". */
export function nameServerOf({ cidrBlocks: [primary = "0.0.0.0/0"] }: Vpc): string {
    return addressIn(primary, 2);
}

/** The link-local address of every VPC's name server. Source: Amazon VPC User Guide, "Amazon DNS server". */
export const linkLocalNameServer = "169.254.169.253";

/**
 * The address of all VPCs' name servers in the sandbox's own namespace. This address and those that identify the VPCs are
 * in the reserved class E, which no VPC can use.
 */
export const nameServersAddress = "240.0.0.1";

/** The source address that identifies a VPC to the name servers. */
export function addressAmongNameServers({ id }: Vpc): string {
    const [first = 0, ...rest] = createHash("sha256").update(id).digest().subarray(0, 4);
    return [241 + (first % 14), ...rest].join(".");
}

function addressIn(block: string, number: number): string {
    const octets = ipaddr.IPv4.networkAddressFromCIDR(block).octets;
    return octets.map((octet, index) => (index === 3 ? octet + number : octet)).join(".");
}
