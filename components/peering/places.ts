import type { InvokeOptions } from "@pulumi/pulumi";
import { messageOf, type Problem } from "../problems";
import { checkDeclared, checkPlaces, type PeeringOptions } from "./peeringRules";
import { checkRegion } from "./regions";
import { placeOf, type PlaceOf } from "./sideAccess";
import { sides, type Place, type Side } from "./sides";

/** Where two sides are, and what is wrong with that. */
export interface FoundPlaces {
    /** Nothing of either side where nothing depends on it. */
    readonly places: Readonly<Record<Side, Place>>;
    /** Names that are no region's, declarations that are not true, and places that can't be peered; empty when all is well. */
    readonly problems: readonly Problem[];
}

/**
 * Where the sides are: in the region that is declared, or else in their provider's, and in its account; nothing of them where nothing
 * is declared and one provider manages both. The problems are those of accounts and regions that the provider does not lead to, and
 * of two sides that can't be peered where they are; or of names that are no region's, for which AWS is not asked.
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
    const unasked: Problem[] = [];
    const placeThrough = async (side: Side) => {
        try {
            return asked[side] && (await placeOf(asked[side], declared[side].region));
        } catch (error) {
            unasked.push(unaskedProblem(side, declared[side].region, error));
            return undefined;
        }
    };
    const [requester, accepter] = await Promise.all([placeThrough("requester"), placeThrough("accepter")]);
    if (unasked.length > 0) {
        return { places: { requester: {}, accepter: {} }, problems: unasked };
    }
    const places = {
        requester: { ...plain(requester ?? accepter), ...(!requester && given(declared.requester)) },
        accepter: { ...plain(accepter ?? requester), ...(!accepter && given(declared.accepter)) },
    };
    const untrue = sides.flatMap((side) =>
        checkDeclared(side, declared[side], { requester, accepter }[side] ?? places[side]),
    );
    return { places, problems: [...untrue, ...checkPlaces(places, options)] };
}

/** The problem of a side of which AWS could not be asked: as a region that is not there, or credentials that are not valid. */
export function unaskedProblem(side: Side, region: string | undefined, error: unknown): Problem {
    // In one line, without the name of what was asked, which tells nobody more.
    const why = messageOf(error)
        .replace(/^invocation of \S+ returned an error: /, "")
        .trim()
        .replaceAll(/\s+/g, " ");
    const where = region === undefined ? "" : ` in ${region}`;
    return { path: side, message: `AWS could not be asked${where}: ${why}; check the side's region and credentials` };
}

function plain(place: PlaceOf | undefined): Place {
    return place === undefined ? {} : { region: place.region, accountId: place.accountId };
}

/** What is said of a place, without the rest. */
function given({ region, accountId }: Place): Place {
    return { ...(region !== undefined && { region }), ...(accountId !== undefined && { accountId }) };
}
