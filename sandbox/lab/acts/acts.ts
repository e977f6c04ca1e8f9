import type { Act } from "../act.ts";
import { missingRule, noTransit, noWayOut, oneSidedRoute, overlap, pending, resolution, second } from "./byHand.ts";
import { base, destroy, oneWay, otherAccount, otherRegion, peered, someoneElse } from "./byProgram.ts";

/** The tour, in its order: those that need the two VPCs apart first, since every change of the stack takes seconds. */
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
