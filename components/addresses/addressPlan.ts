import {
    contains,
    isReserved,
    overlaps,
    parseAddress,
    parseCidr,
    shareAddresses,
    suggestAddress,
    type Cidr,
    type Parsed,
} from "./cidr";
import type { Problem } from "../problems";

/** The addresses of one VPC with its subnet and its server. */
export interface AddressPlan {
    /** The VPC's IPv4 CIDR block, /16 to /28: `10.41.0.0/16`. */
    readonly cidrBlock: string;
    /** Further IPv4 CIDR blocks of the VPC, apart from one another; none by default. */
    readonly secondaryCidrBlocks?: readonly string[] | undefined;
    /** The public subnet's CIDR block, inside the VPC's, /16 to /28: `10.41.1.0/24`. */
    readonly subnetCidrBlock: string;
    /** The server's private address, inside the subnet: `10.41.1.100`. */
    readonly privateIp: string;
}

/** How the parts of an address plan are called where they were configured. */
export type AddressPlanKeys = Readonly<Record<keyof AddressPlan, string>>;

/** A CIDR block, and how it is called where it was configured. */
export interface NamedBlock {
    readonly key: string;
    readonly cidrBlock: string;
}

/** Largest and smallest block of a VPC or subnet. Source: Amazon VPC User Guide, "VPC CIDR blocks". */
const prefixes = { smallest: 16, largest: 28 } as const;

function blockProblem(text: string): { readonly cidr: Cidr | undefined; readonly message: string | undefined } {
    const parsed = parseCidr(text);
    if (!parsed.ok) {
        return { cidr: undefined, message: parsed.message };
    }
    const { prefix } = parsed.value;
    if (prefix < prefixes.smallest || prefix > prefixes.largest) {
        return { cidr: undefined, message: "AWS takes blocks from /16 to /28 only; choose a prefix between them" };
    }
    return { cidr: parsed.value, message: undefined };
}

/** Everything that is wrong with the addresses of one VPC; empty when all is well. */
export function checkAddressPlan(plan: AddressPlan, keys: AddressPlanKeys): Problem[] {
    const problems: Problem[] = [];
    const report = (part: "cidrBlock" | "subnetCidrBlock" | "privateIp", message: string | undefined): void => {
        if (message !== undefined) {
            problems.push({ key: keys[part], value: plan[part], message });
        }
    };

    const vpc = blockProblem(plan.cidrBlock);
    report("cidrBlock", vpc.message);
    problems.push(...checkSecondaryBlocks(plan, keys));
    const subnet = blockProblem(plan.subnetCidrBlock);
    report("subnetCidrBlock", subnet.message);
    if (vpc.cidr && subnet.cidr && !contains(vpc.cidr, subnet.cidr)) {
        report("subnetCidrBlock", `is not inside its VPC's block; choose a part of ${vpc.cidr.text}`);
    }

    const address = parseAddress(plan.privateIp);
    if (!address.ok) {
        report("privateIp", address.message);
    } else if (subnet.cidr) {
        const remedy = `choose another address in ${subnet.cidr.text}, such as ${suggestAddress(subnet.cidr)}`;
        if (address.value < subnet.cidr.first || address.value > subnet.cidr.last) {
            report("privateIp", `is not inside its subnet; ${remedy}`);
        } else if (isReserved(subnet.cidr, address.value)) {
            report("privateIp", `is one of the five that AWS reserves in every subnet; ${remedy}`);
        }
    }
    return problems;
}

/** Every block of a plan's VPC, the primary one first. */
export function blocksOf(plan: AddressPlan): string[] {
    return [plan.cidrBlock, ...(plan.secondaryCidrBlocks ?? [])];
}

/** The ranges of private addresses, of which a VPC may have blocks of one only. Source: RFC 1918. */
const privateRanges = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].flatMap((text) => {
    const range = parseCidr(text);
    return range.ok ? [range.value] : [];
});

/**
 * What is wrong with a VPC's secondary blocks.
 * Source: Amazon VPC User Guide, "VPC CIDR blocks", the restrictions of IPv4 block associations.
 */
function checkSecondaryBlocks(plan: AddressPlan, keys: AddressPlanKeys): Problem[] {
    const blocks = blocksOf(plan);
    const primaryRange = privateRanges.find((range) => {
        const primary = parseCidr(plan.cidrBlock);
        return primary.ok && overlaps(range, primary.value);
    });
    return blocks.slice(1).flatMap((value, index) => {
        const key = keys.secondaryCidrBlocks;
        const { cidr, message } = blockProblem(value);
        if (cidr === undefined) {
            return [{ key, value, message: message ?? "" }];
        }
        const range = privateRanges.find((other) => overlaps(other, cidr));
        if (primaryRange && range && range !== primaryRange) {
            const remedy = `is in ${range.text} and the VPC's primary block in ${primaryRange.text}, and AWS lets a VPC have private blocks of one such range only; choose one in ${primaryRange.text} or 100.64.0.0/10`;
            return [{ key, value, message: remedy }];
        }
        const earlier = blocks.slice(0, index + 1).find((other) => {
            const parsed = parseCidr(other);
            return parsed.ok && overlaps(parsed.value, cidr);
        });
        return earlier === undefined
            ? []
            : [{ key, value, message: `overlaps ${earlier} of the same VPC; leave it out or choose another block` }];
    });
}

/**
 * The problems that blocks of two VPCs are equal or overlap, one for each pair that does; what is no block at all is
 * somebody else's problem. Source: Amazon VPC Peering Guide, "VPC peering limitations".
 */
export function checkOverlap(ones: readonly NamedBlock[], others: readonly NamedBlock[]): Problem[] {
    return others.flatMap((other) =>
        ones.flatMap((one) => {
            if (!shareAddresses(one.cidrBlock, other.cidrBlock)) {
                return [];
            }
            const relation = one.cidrBlock === other.cidrBlock ? "equals" : "overlaps";
            return [
                {
                    key: other.key,
                    value: other.cidrBlock,
                    message: `${relation} ${one.key} = ${one.cidrBlock}, and AWS peers only VPCs none of whose blocks do (VPC Peering Guide, "VPC peering limitations"); choose another block for one of them`,
                },
            ];
        }),
    );
}

/** What is wrong with a list of CIDR blocks, of IPv4 unless `parse` is for others; empty when all is well. */
export function checkCidrList(
    key: string,
    cidrs: readonly string[],
    parse: (text: string) => Parsed<unknown> = parseCidr,
): Problem[] {
    return cidrs.flatMap((value, index) => {
        const parsed = parse(value);
        if (!parsed.ok) {
            return [{ key, value, message: parsed.message }];
        }
        return cidrs.indexOf(value) < index ? [{ key, value, message: "is listed twice; leave one of them out" }] : [];
    });
}
