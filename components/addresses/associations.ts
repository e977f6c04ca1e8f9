import { contains, overlaps, type Cidr } from "./cidr";
import { readable } from "./readable";

const [ten, oneSevenTwo, oneNineTwo] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"] as const;
const benchmarks = "198.19.0.0/16";

/**
 * Which blocks AWS adds to no VPC that has one of a range; a VPC with blocks of none of these ranges has public blocks or blocks
 * of 100.64.0.0/10. Source: Amazon VPC User Guide, "VPC CIDR blocks", "IPv4 CIDR block association restrictions".
 */
const restrictions: readonly (readonly [existing: string, added: readonly string[]])[] = [
    ["10.0.0.0/15", ["10.0.0.0/16"]],
    [ten, [oneSevenTwo, oneNineTwo, benchmarks]],
    [oneSevenTwo, [ten, oneNineTwo, "172.31.0.0/16", benchmarks]],
    [oneNineTwo, [ten, oneSevenTwo, benchmarks]],
    [benchmarks, [ten, oneSevenTwo, oneNineTwo]],
];
const ofOthers = [ten, oneSevenTwo, oneNineTwo, benchmarks] as const;

const isIn = (block: Cidr, range: string): boolean => readable([range]).some((whole) => overlaps(whole, block));

/** The range for which AWS does not add a block to a VPC that has the other one; undefined if it does. */
export function restrictedRange(existing: Cidr, added: Cidr): string | undefined {
    const rows = restrictions.filter(([range]) => isIn(existing, range));
    const ranges = rows.length === 0 ? ofOthers : rows.flatMap(([, restricted]) => restricted);
    return ranges.find((range) => isIn(added, range));
}

/** Whether the block has link-local addresses, which AWS gives to no VPC. Source: the same table. */
export function isLinkLocal(block: Cidr): boolean {
    return readable(["169.254.0.0/16"]).some((range) => contains(range, block));
}
