import type { Act } from "../act.ts";
import { missingRule, noTransit, noWayOut, oneSidedRoute, overlap, pending, resolution, second } from "./byHand.ts";
import { base, destroy, oneWay, otherAccount, otherRegion, peered, peering, someoneElse } from "./byProgram.ts";

/** What the lab plays when nothing else is asked for. */
export const lab: readonly Act[] = [base, peering, destroy];

/** The tour, in its order: acts with the same settings follow one another, since every change of the stack takes seconds. */
export const tour: readonly Act[] = [
    base,
    pending,
    oneSidedRoute,
    missingRule,
    overlap,
    peered,
    resolution,
    second,
    noTransit,
    noWayOut,
    otherRegion,
    otherAccount,
    oneWay,
    // Last, since what someone else made by hand is not the program's to undo.
    someoneElse,
    destroy,
];

/** Acts of the lab and the tour by their names, in the order of the names. */
export function actsNamed(names: readonly string[]): readonly Act[] {
    const all = [...lab, ...tour];
    return names.flatMap((name) => all.find((act) => act.name === name) ?? []);
}
