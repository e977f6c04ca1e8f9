import { parseCidr, parseIpv6Cidr, type Cidr } from "./cidr";

/** The blocks that can be read, of either family. */
export function readable(blocks: readonly string[]): Cidr[] {
    return blocks
        .map((text) => (text.includes(":") ? parseIpv6Cidr(text) : parseCidr(text)))
        .flatMap((parsed) => (parsed.ok ? [parsed.value] : []));
}
