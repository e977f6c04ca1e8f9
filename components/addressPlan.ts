import { contains, isReserved, overlaps, parseAddress, parseCidr, suggestAddress, type Cidr } from "./cidr";
import type { Problem } from "./problems";

/** The addresses of one VPC with its subnet and its server. */
export interface AddressPlan {
    /** The VPC's IPv4 CIDR block, /16 to /28: `10.41.0.0/16`. */
    readonly cidrBlock: string;
    /** The public subnet's CIDR block, inside the VPC's, /16 to /28: `10.41.1.0/24`. */
    readonly subnetCidrBlock: string;
    /** The server's private address, inside the subnet: `10.41.1.100`. */
    readonly privateIp: string;
}

/** How the parts of an address plan are called where they were configured. */
export type AddressPlanKeys = Readonly<Record<keyof AddressPlan, string>>;

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
    const report = (part: keyof AddressPlan, message: string | undefined): void => {
        if (message !== undefined) {
            problems.push({ key: keys[part], value: plan[part], message });
        }
    };

    const vpc = blockProblem(plan.cidrBlock);
    report("cidrBlock", vpc.message);
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

/**
 * The problem that two VPCs' blocks are equal or overlap; empty when they don't, or when one of them is no block at all.
 * Source: Amazon VPC Peering Guide, "VPC peering limitations".
 */
export function checkOverlap(
    a: { readonly key: string; readonly cidrBlock: string },
    b: { readonly key: string; readonly cidrBlock: string },
): Problem[] {
    const [first, second] = [parseCidr(a.cidrBlock), parseCidr(b.cidrBlock)];
    if (!first.ok || !second.ok || !overlaps(first.value, second.value)) {
        return [];
    }
    const relation = a.cidrBlock === b.cidrBlock ? "equals" : "overlaps";
    return [
        {
            key: b.key,
            value: b.cidrBlock,
            message: `${relation} ${a.key} = ${a.cidrBlock}, and AWS peers only VPCs whose blocks don't; choose another block for one of them`,
        },
    ];
}

/** What is wrong with a list of CIDR blocks that a security group rule lets in; empty when all is well. */
export function checkSourceCidrs(key: string, cidrs: readonly string[]): Problem[] {
    return cidrs.flatMap((value, index) => {
        const parsed = parseCidr(value);
        if (!parsed.ok) {
            return [{ key, value, message: parsed.message }];
        }
        return cidrs.indexOf(value) < index ? [{ key, value, message: "is listed twice; leave one of them out" }] : [];
    });
}
