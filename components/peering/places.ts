import type { InvokeOptions } from "@pulumi/pulumi";
import type { Problem } from "../problems";
import { checkDeclared, checkPlaces, type PeeringOptions } from "./peeringRules";
import { checkRegion } from "./regions";
import { placeOf } from "./sideAccess";
import { sides, type Place, type Side } from "./sides";

/** Where two sides are, and what is wrong with that. */
export interface FoundPlaces {
    /** Nothing of either side where nothing depends on it. */
    readonly places: Readonly<Record<Side, Place>>;
    /** Names that are no region's, declarations that are not true, and places that can't be peered; empty when all is well. */
    readonly problems: readonly Problem[];
}

/**
 * Where the sides are, as their providers say; nothing of them where nothing is declared and one provider manages both. The
 * problems are those of declarations that are not true, and of two sides that can't be peered where they are; or of names that
 * are no region's, for which AWS is not asked.
 *
 * @param asked how to ask for each side's place; undefined for another owner's, which is taken to be where it is declared to
 * be, or else where the other side is.
 */
export async function findPlaces(
    declared: Readonly<Record<Side, Place>>,
    asked: Readonly<Record<Side, InvokeOptions | undefined>>,
    options: PeeringOptions,
): Promise<FoundPlaces> {
    const misnamed = sides.flatMap((side) => checkRegion(`${side}.region`, declared[side].region));
    if (misnamed.length > 0) {
        return { places: { requester: {}, accepter: {} }, problems: misnamed };
    }
    const isDeclared = sides.some(
        (side) => declared[side].region !== undefined || declared[side].accountId !== undefined,
    );
    if (!isDeclared && asked.requester && asked.accepter && asked.requester.provider === asked.accepter.provider) {
        return { places: { requester: {}, accepter: {} }, problems: [] };
    }
    const placeThrough = async (opts: InvokeOptions | undefined) => opts && placeOf(opts);
    const [requester, accepter] = await Promise.all([placeThrough(asked.requester), placeThrough(asked.accepter)]);
    const places = {
        requester: requester ?? { ...accepter, ...given(declared.requester) },
        accepter: accepter ?? { ...requester, ...given(declared.accepter) },
    };
    const untrue = sides.flatMap((side) => checkDeclared(side, declared[side], places[side]));
    return { places, problems: [...untrue, ...checkPlaces(places, options)] };
}

/** What is said of a place, without the rest. */
function given({ region, accountId }: Place): Place {
    return { ...(region !== undefined && { region }), ...(accountId !== undefined && { accountId }) };
}
