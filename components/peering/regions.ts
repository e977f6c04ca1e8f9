import { Region } from "@pulumi/aws/types/enums";
import { nearest } from "../nearest";
import type { Problem } from "../problems";

const known: readonly string[] = Object.values(Region);

/** Where in its area a region is. New regions have one of these words too, which tells them from a name with a typo. */
const directions = "(north|south|east|west|central|northeast|northwest|southeast|southwest)";
const form = new RegExp(`^([a-z]{2}|[a-z]{4})(-(?!${directions}-)[a-z]+)?-${directions}-\\d{1,2}$`);

/**
 * The region that is most like a name that can't be a region's; undefined for a region's name. One that is not known but may be a
 * new region's is left to AWS. Source: AWS Regions and Availability Zones User Guide, "AWS Regions".
 */
export function nearestRegion(name: string): string | undefined {
    return known.includes(name) || form.test(name) ? undefined : nearest(name.toLowerCase(), known);
}

/**
 * The `region` argument of a resource or a question, which is left out where the provider's own region is meant. Source: Pulumi's
 * AWS provider, "Enhanced Region Support".
 */
export function inRegion(region: string | undefined): { readonly region?: string } {
    return region === undefined ? {} : { region };
}

/**
 * The problem of a region's name, with the region that is most like it; nothing where none is given.
 *
 * @param set the start of a command that sets a region, if there is one: `pulumi config set aws:region `.
 */
export function checkRegion(path: string, value: string | undefined, set?: string): Problem[] {
    const near = value === undefined || value === "" ? undefined : nearestRegion(value);
    const command = set === undefined ? "" : `, as in '${set}${near ?? ""}'`;
    const message = `is not an AWS region; the nearest name is ${near ?? ""}${command}`;
    return near === undefined ? [] : [{ path, value, message }];
}
