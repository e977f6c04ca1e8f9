import type { Provider } from "@pulumi/aws/provider";
import type { Problem } from "../problems";
import { checkDeclared, checkPlaces, type PeeringOptions } from "./peeringRules";
import { placeOf } from "./sideAccess";
import { sides, type Place, type Side } from "./sides";

/** Where two sides are, and what is wrong with that. */
export interface FoundPlaces {
    readonly places: Readonly<Record<Side, Place>>;
    readonly problems: readonly Problem[];
}

/**
 * Where the sides are, as their providers say (undefined is the default one); nothing of them where nothing is declared and
 * the default provider makes both. The problems are those of declarations that are not true, and of two sides that can't be
 * peered where they are.
 */
export async function findPlaces(
    declared: Readonly<Record<Side, Place>>,
    providers: Readonly<Record<Side, Provider | undefined>>,
    options: PeeringOptions,
): Promise<FoundPlaces> {
    const isDeclared = sides.some(
        (side) => declared[side].region !== undefined || declared[side].accountId !== undefined,
    );
    if (!isDeclared && providers.requester === undefined && providers.accepter === undefined) {
        return { places: { requester: {}, accepter: {} }, problems: [] };
    }
    const [requester, accepter] = await Promise.all([placeOf(providers.requester), placeOf(providers.accepter)]);
    const places = { requester, accepter };
    const untrue = sides.flatMap((side) => checkDeclared(side, declared[side], places[side]));
    return { places, problems: [...untrue, ...checkPlaces(places, options)] };
}
