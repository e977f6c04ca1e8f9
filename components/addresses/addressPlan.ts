import type { Problem } from "../problems";
import { isLinkLocal, restrictedRange } from "./associations";
import {
    contains,
    isReserved,
    overlaps,
    parseAddress,
    parseCidr,
    suggestAddress,
    type Cidr,
    type Parsed,
} from "./cidr";
import { readable } from "./readable";

/** The addresses of one VPC with its subnet and its server. */
export interface AddressPlan {
    /** The VPC's IPv4 CIDR block, /16 to /28: `"10.41.0.0/16"`. */
    readonly cidrBlock: string;
    /** Further IPv4 CIDR blocks of the VPC, apart from one another: `["100.64.0.0/16"]`; none by default. */
    readonly secondaryCidrBlocks?: readonly string[] | undefined;
    /** The public subnet's CIDR block, inside the VPC's, /16 to /28: `"10.41.1.0/24"`. */
    readonly subnetCidrBlock: string;
    /** The server's private address, inside the subnet: `"10.41.1.100"`. */
    readonly privateIp: string;
}

/** A CIDR block, and the path of the argument that has it. */
export interface NamedBlock {
    readonly path: string;
    readonly cidrBlock: string;
}

/** Largest and smallest block of a VPC or subnet. Source: Amazon VPC User Guide, "VPC CIDR blocks". */
const prefixes = { shortest: 16, longest: 28 } as const;

/** Reads the block of a VPC or subnet. */
function parseBlock(text: string): Parsed<Cidr> {
    const parsed = parseCidr(text);
    if (parsed.ok && isLinkLocal(parsed.value)) {
        return {
            ok: false,
            message:
                'is link-local, and AWS gives such addresses to no VPC (VPC User Guide, "VPC CIDR blocks"); choose one in 10.0.0.0/8',
        };
    }
    return parsed.ok && (parsed.value.prefix < prefixes.shortest || parsed.value.prefix > prefixes.longest)
        ? { ok: false, message: "AWS takes blocks from /16 to /28 only; choose a prefix between them" }
        : parsed;
}

/** Everything that is wrong with the addresses of one VPC; empty when all is well. */
export function checkAddressPlan(plan: AddressPlan): Problem[] {
    const vpc = parseBlock(plan.cidrBlock);
    const subnet = parseBlock(plan.subnetCidrBlock);
    const address = parseAddress(plan.privateIp);
    return [
        ...problem(plan, "cidrBlock", vpc.ok ? undefined : vpc.message),
        ...checkSecondaryBlocks(plan),
        ...problem(plan, "subnetCidrBlock", subnet.ok ? checkSubnet(vpc, subnet.value) : subnet.message),
        ...problem(plan, "privateIp", address.ok ? checkAddress(subnet, address.value) : address.message),
    ];
}

function problem(plan: AddressPlan, path: keyof AddressPlan, message: string | undefined): Problem[] {
    return message === undefined ? [] : [{ path, value: plan[path], message }];
}

function checkSubnet(vpc: Parsed<Cidr>, subnet: Cidr): string | undefined {
    return !vpc.ok || contains(vpc.value, subnet)
        ? undefined
        : `is not inside its VPC's block; choose a part of ${vpc.value.text}`;
}

function checkAddress(subnet: Parsed<Cidr>, address: Cidr): string | undefined {
    if (!subnet.ok) {
        return undefined;
    }
    const remedy = `choose another address in ${subnet.value.text}, such as ${suggestAddress(subnet.value)}`;
    if (!contains(subnet.value, address)) {
        return `is not inside its subnet; ${remedy}`;
    }
    return isReserved(subnet.value, address)
        ? `is one of the five that AWS reserves in every subnet; ${remedy}`
        : undefined;
}

/** Every block of a plan's VPC, the primary one first. */
export function blocksOf(plan: AddressPlan): string[] {
    return [plan.cidrBlock, ...(plan.secondaryCidrBlocks ?? [])];
}

/**
 * What is wrong with a VPC's secondary blocks.
 * Source: Amazon VPC User Guide, "VPC CIDR blocks", the restrictions of IPv4 block associations.
 */
function checkSecondaryBlocks(plan: AddressPlan): Problem[] {
    const blocks = blocksOf(plan);
    return blocks.slice(1).flatMap((value, index) => {
        const path = `secondaryCidrBlocks[${index}]`;
        const parsed = parseBlock(value);
        if (!parsed.ok) {
            return [{ path, value, message: parsed.message }];
        }
        const others = readable(blocks.slice(0, index + 1));
        const taken = others.find((other) => overlaps(other, parsed.value))?.text;
        if (taken !== undefined) {
            const relation = taken === value ? "is listed twice" : `overlaps ${taken}`;
            return [{ path, value, message: `${relation} in the same VPC; leave it out or choose another block` }];
        }
        return others
            .flatMap((other) => {
                const range = restrictedRange(other, parsed.value);
                const message = `is in ${range ?? ""}, of which AWS adds no block to a VPC that has ${other.text} (VPC User Guide, "VPC CIDR blocks"); choose one in 100.64.0.0/10`;
                return range === undefined ? [] : [{ path, value, message }];
            })
            .slice(0, 1);
    });
}

/**
 * The problems of blocks of two VPCs that are equal or overlap, one for each such pair; malformed blocks are reported
 * elsewhere. Source: Amazon VPC Peering Guide, "VPC peering limitations".
 */
export function checkOverlap(ones: readonly NamedBlock[], others: readonly NamedBlock[]): Problem[] {
    return others.flatMap(({ path, cidrBlock: value }) =>
        ones.flatMap((one) => {
            const [block, other] = [readable([one.cidrBlock])[0], readable([value])[0]];
            if (!block || !other || !overlaps(block, other)) {
                return [];
            }
            const relation = block.text === other.text ? `equals ${one.path}` : `overlaps ${one.path}, ${block.text}`;
            const message = `${relation}, and AWS peers only VPCs whose blocks are apart (VPC Peering Guide, "VPC peering limitations"); choose another block for one of them`;
            return [{ path, value, message }];
        }),
    );
}

/** What is wrong with a list of CIDR blocks, of IPv4 unless `parse` is for others; empty when all is well. */
export function checkCidrList(
    path: string,
    cidrs: readonly string[],
    parse: (text: string) => Parsed<Cidr> = parseCidr,
): Problem[] {
    return cidrs.flatMap((value, index) => {
        const parsed = parse(value);
        const message = parsed.ok ? "is listed twice; leave one of them out" : parsed.message;
        return parsed.ok && cidrs.indexOf(value) === index ? [] : [{ path: `${path}[${index}]`, value, message }];
    });
}
