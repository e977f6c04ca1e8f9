import { IPv4, IPv6 } from "ipaddr.js";

/** An address block of IPv4 or IPv6 in canonical form: no bit is set behind the prefix. */
export interface Cidr {
    /** The block as text: `10.41.0.0/16`. */
    readonly text: string;
    /** Its first address. */
    readonly network: IPv4 | IPv6;
    /** Length of the prefix in bits. */
    readonly prefix: number;
}

/** What a parser gives: the value, or what is wrong with the text and how to correct it. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

/** Reads an IPv4 address in dotted decimal form, as a block of one; fails on anything else, such as `10.1` or IPv6. */
export function parseAddress(text: string): Parsed<Cidr> {
    if (!IPv4.isValidFourPartDecimal(text)) {
        return { ok: false, message: "is not an IPv4 address; write four decimal numbers, such as 10.41.1.100" };
    }
    return { ok: true, value: { text, network: IPv4.parse(text), prefix: 32 } };
}

/** Reads an IPv4 CIDR block; fails on malformed text and on a block with bits set behind its prefix. */
export function parseCidr(text: string): Parsed<Cidr> {
    return IPv4.isValidCIDRFourPartDecimal(text) && plainPrefix.test(text)
        ? canonical(text, IPv4)
        : { ok: false, message: "is not an IPv4 CIDR block; write ADDRESS/PREFIX, such as 10.41.0.0/16" };
}

/** Reads an IPv6 CIDR block; fails as {@link parseCidr} does. */
export function parseIpv6Cidr(text: string): Parsed<Cidr> {
    return IPv6.isValidCIDR(text) && plainPrefix.test(text)
        ? canonical(text, IPv6)
        : { ok: false, message: "is not an IPv6 CIDR block; write ADDRESS/PREFIX, such as 2001:db8:1200::/56" };
}

/** A prefix without leading zeros. */
const plainPrefix = /\/(0|[1-9]\d*)$/;

function canonical(text: string, family: typeof IPv4 | typeof IPv6): Parsed<Cidr> {
    const [address, prefix] = family.parseCIDR(text);
    const network = family.networkAddressFromCIDR(text);
    return network.toString() === address.toString()
        ? { ok: true, value: { text, network, prefix } }
        : { ok: false, message: `has bits set behind its prefix; the block is ${network.toString()}/${prefix}` };
}

/** Whether the two agree in so many bits; blocks of two families never do. */
function agree({ network: a }: Cidr, { network: b }: Cidr, bits: number): boolean {
    return a instanceof IPv4 ? b instanceof IPv4 && a.match(b, bits) : b instanceof IPv6 && a.match(b, bits);
}

/** Whether the whole of `inner` lies in `outer`. */
export function contains(outer: Cidr, inner: Cidr): boolean {
    return outer.prefix <= inner.prefix && agree(outer, inner, outer.prefix);
}

/** Whether the two blocks share an address. */
export function overlaps(a: Cidr, b: Cidr): boolean {
    return agree(a, b, Math.min(a.prefix, b.prefix));
}

/** An address of a subnet by its number from the network's on, for numbers that stay in the last octet. */
function addressOf({ network }: Cidr, number: number): string {
    return new IPv4(network.toByteArray().map((octet, at) => (at === 3 ? octet + number : octet))).toString();
}

/**
 * Whether AWS keeps the address for itself: the first four and the last one of every subnet.
 * Source: Amazon VPC User Guide, "Subnet CIDR blocks".
 */
export function isReserved(subnet: Cidr, address: Cidr): boolean {
    const last = IPv4.broadcastAddressFromCIDR(subnet.text).toString();
    return [...[0, 1, 2, 3].map((number) => addressOf(subnet, number)), last].includes(address.text);
}

/** An address of `subnet` that a server can have: the hundredth, as the lab does, or else the last that is free. */
export function suggestAddress(subnet: Cidr): string {
    return addressOf(subnet, Math.min(100, 2 ** (32 - subnet.prefix) - 2));
}
