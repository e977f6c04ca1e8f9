import { IPv4, IPv6 } from "ipaddr.js";

/** An IPv4 address block in canonical form: no bit is set behind the prefix. */
export interface Cidr {
    /** The block as text: `10.41.0.0/16`. */
    readonly text: string;
    /** First address of the block, as an unsigned 32-bit number. */
    readonly first: number;
    /** Last address of the block, as an unsigned 32-bit number. */
    readonly last: number;
    /** Length of the prefix in bits, 0 to 32. */
    readonly prefix: number;
}

/** What a parser gives: the value, or the reason why there is none and how to mend it. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

function toNumber(address: IPv4): number {
    return address.octets.reduce((number, octet) => number * 256 + octet, 0);
}

/** Reads an IPv4 address in dotted decimal form; fails on anything else, such as `10.1`, `010.0.0.1` or IPv6. */
export function parseAddress(text: string): Parsed<number> {
    if (!IPv4.isValidFourPartDecimal(text)) {
        return { ok: false, message: "is not an IPv4 address; write four decimal numbers, such as 10.41.1.100" };
    }
    return { ok: true, value: toNumber(IPv4.parse(text)) };
}

/** Reads an IPv4 CIDR block; fails on malformed text and on a block with bits set behind its prefix. */
export function parseCidr(text: string): Parsed<Cidr> {
    if (!IPv4.isValidCIDRFourPartDecimal(text) || !/\/(0|[1-9]\d?)$/.test(text)) {
        return { ok: false, message: "is not an IPv4 CIDR block; write ADDRESS/PREFIX, such as 10.41.0.0/16" };
    }
    const [, prefix] = IPv4.parseCIDR(text);
    const canonical = `${IPv4.networkAddressFromCIDR(text).toString()}/${prefix}`;
    if (canonical !== text) {
        return { ok: false, message: `has bits set behind its prefix; the block is ${canonical}` };
    }
    const first = toNumber(IPv4.networkAddressFromCIDR(text));
    const last = toNumber(IPv4.broadcastAddressFromCIDR(text));
    return { ok: true, value: { text, first, last, prefix } };
}

/** Reads an IPv6 CIDR block and gives it as it stands; fails as {@link parseCidr} does. */
export function parseIpv6Cidr(text: string): Parsed<string> {
    if (!IPv6.isValidCIDR(text) || !/\/(0|[1-9]\d*)$/.test(text)) {
        return { ok: false, message: "is not an IPv6 CIDR block; write ADDRESS/PREFIX, such as 2001:db8:1200::/56" };
    }
    const [address, prefix] = IPv6.parseCIDR(text);
    const first = IPv6.networkAddressFromCIDR(text);
    if (first.toString() !== address.toString()) {
        return { ok: false, message: `has bits set behind its prefix; the block is ${first.toString()}/${prefix}` };
    }
    return { ok: true, value: text };
}

/** Whether the two blocks share an address, which only those of one family do; texts that are no blocks share nothing. */
export function shareAddresses(one: string, other: string): boolean {
    const [a, b] = [parseCidr(one), parseCidr(other)];
    if (a.ok && b.ok) {
        return overlaps(a.value, b.value);
    }
    if (!parseIpv6Cidr(one).ok || !parseIpv6Cidr(other).ok) {
        return false;
    }
    const [[address, prefix], block] = [IPv6.parseCIDR(one), IPv6.parseCIDR(other)];
    return address.match(block[0], Math.min(prefix, block[1]));
}

/** Whether the whole of `inner` lies in `outer`. */
export function contains(outer: Cidr, inner: Cidr): boolean {
    return outer.first <= inner.first && inner.last <= outer.last;
}

/** Whether the two blocks share an address; it makes no difference which comes first. */
export function overlaps(a: Cidr, b: Cidr): boolean {
    return a.first <= b.last && b.first <= a.last;
}

/**
 * Whether AWS keeps the address for itself: the first four and the last one of every subnet.
 * Source: Amazon VPC User Guide, "Subnet CIDR blocks".
 */
export function isReserved(subnet: Cidr, address: number): boolean {
    return address < subnet.first + 4 || address === subnet.last;
}

/** An address of `subnet` that a server can have: the hundredth, as the lab does, or else the last that is free. */
export function suggestAddress(subnet: Cidr): string {
    const number = Math.min(subnet.first + 100, subnet.last - 1);
    return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join(".");
}
