import { getInstanceTypeOfferings } from "@pulumi/aws/ec2/getInstanceTypeOfferings";
import { getAvailabilityZones } from "@pulumi/aws/getAvailabilityZones";
import type { InvokeOptions } from "@pulumi/pulumi";
import { inRegion } from "../peering/regions";

/** Types that a region without the wanted one may offer, the best first: small, with an x86_64 processor. */
const others = ["t3.micro", "t2.micro", "t3.small"];

/** Where a type is offered, or else why it can't be used, and a type that can. */
export type Offering =
    | { readonly zone: string; readonly zones: readonly string[] }
    | { readonly zone?: undefined; readonly message: string; readonly instead: string };

/**
 * The region's availability zones, of those that need no opt-in, that offer the instance type, and the first of them: not every
 * region does, nor every zone of one that does. Source: Amazon EC2 User Guide, "Find an Amazon EC2 instance type".
 *
 * @param region the region; that of the provider by default.
 */
export async function findZone(instanceType: string, opts: InvokeOptions, region?: string): Promise<Offering> {
    const [{ names: zones }, { instanceTypes, locations }] = await Promise.all([
        getAvailabilityZones(
            {
                state: "available",
                filters: [{ name: "opt-in-status", values: ["opt-in-not-required"] }],
                ...inRegion(region),
            },
            opts,
        ),
        getInstanceTypeOfferings(
            {
                locationType: "availability-zone",
                filters: [{ name: "instance-type", values: [...new Set([instanceType, ...others])] }],
                ...inRegion(region),
            },
            opts,
        ),
    ]);
    const zonesOf = (type: string) =>
        zones.filter((zone) => locations.some((location, index) => location === zone && instanceTypes[index] === type));
    const offering = zonesOf(instanceType);
    const [zone] = offering;
    const instead = others.find((other) => zonesOf(other).length > 0) ?? "t3.micro";
    const message = `is not offered in any zone of the region (${zones.join(", ")}); choose another type, such as ${instead}, or another region`;
    return zone === undefined ? { message, instead } : { zone, zones: offering };
}
