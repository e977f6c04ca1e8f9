import { labVpcDefaults } from "./labVpcArgs";

/** The first default instance type, which is the original lab's. */
export const formerDefaultType = "t2.micro";

/** What a stash keeps of the choice of a server's zone. While the default was the former one, it was the zone alone. */
export interface Placement {
    readonly zone: string;
    /** The instance type that the zone was chosen for. */
    readonly instanceType: string;
    /** The default instance type of that time. */
    readonly defaultType: string;
}

/** The word that replaces a stash when it changes. Where no type is given it has to stay what it was, or servers are replaced. */
export function placementTrigger(given: string | undefined): string {
    return given ?? formerDefaultType;
}

/**
 * The zone and the type of a server, by what its stash has kept: the zone stays, and so does a type that was a default, whatever
 * the default is now.
 *
 * @param kept what the stash has kept; undefined on mocks that keep nothing.
 * @param given the instance type that the program asks for; undefined for the default.
 * @param zones the zones that offer that type, or the default one of now; the first one is taken.
 */
export function placed(
    kept: Placement | string | undefined,
    given: string | undefined,
    zones: readonly string[],
): { readonly zone: string; readonly instanceType: string } {
    const [first = ""] = zones;
    if (typeof kept !== "object") {
        const instanceType = kept === undefined ? labVpcDefaults.instanceType : formerDefaultType;
        return { zone: kept ?? first, instanceType: given ?? instanceType };
    }
    const instanceType = given ?? kept.defaultType;
    // The former default has the trigger that no type has, so that a zone may be kept that was chosen for another type.
    const stays = kept.instanceType === instanceType || zones.includes(kept.zone);
    return { zone: stays ? kept.zone : first, instanceType };
}
