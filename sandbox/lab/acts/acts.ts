import type { Act } from "../act.ts";
import {
    flowLogs,
    missingRule,
    networkAcl,
    noTransit,
    noWayOut,
    oneSidedRoute,
    overlap,
    pending,
    resolution,
    second,
    staleGroup,
    twins,
} from "./byHand.ts";
import {
    base,
    destroy,
    oneWay,
    otherAccount,
    otherRegion,
    peered,
    peering,
    someoneElse,
    theyRequest,
} from "./byProgram.ts";

/** The acts that the lab plays by default. */
export const lab: readonly Act[] = [base, peering, destroy];

/** The tour, in order. Acts with the same settings follow one another, because each stack update takes seconds. */
export const tour: readonly Act[] = [
    base,
    pending,
    oneSidedRoute,
    missingRule,
    staleGroup,
    overlap,
    theyRequest,
    peered,
    resolution,
    second,
    noTransit,
    noWayOut,
    networkAcl,
    flowLogs,
    twins,
    otherRegion,
    otherAccount,
    oneWay,
    // Last, because the program can't undo what the other owner created by hand.
    someoneElse,
    destroy,
];

/** The acts with these names, in the order of the names. */
export function actsNamed(names: readonly string[]): readonly Act[] {
    const all = [...lab, ...tour];
    return names.flatMap((name) => all.find((act) => act.name === name) ?? []);
}
