import type { InvokeOptions } from "@pulumi/pulumi";
import { findPlaces, unaskedProblem, type FoundPlaces } from "../peering/places";
import { sides, type Side } from "../peering/sides";
import type { Problem } from "../problems";
import { labVpcDefaults } from "./labVpcArgs";
import { findZone } from "./offerings";
import type { PairSideArgs, PeeredVpcPairArgs } from "./pairArgs";

/** The providers of a pair's sides. */
export type PairProviders = Readonly<Record<Side, { readonly provider?: PairSideArgs["provider"] }>>;

/** How AWS is asked about a side: through its provider, or else the default one. */
export function askedOf(pair: PairProviders, side: Side): InvokeOptions {
    const { provider } = pair[side];
    return { ...(provider && { provider }) };
}

/**
 * Where the sides of a pair are, and what is wrong with that: places that can't be peered or asked, and instance types that are not
 * offered there. A side may be where its type is not offered, and by then the other one would be created.
 *
 * @param defaultRegion the region of a side that declares none, for messages.
 * @param choosing how to choose another instance type, as the end of a message: `", as in '…'"`; nothing by default.
 */
export async function findPairPlaces(
    pair: Pick<PeeredVpcPairArgs, "instanceType" | Side> & Parameters<typeof findPlaces>[2],
    defaultRegion: string | undefined,
    choosing: (path: string, type: string) => string = () => "",
): Promise<FoundPlaces> {
    const asked = (side: Side) => askedOf(pair, side);
    const found = await findPlaces(pair, { requester: asked("requester"), accepter: asked("accepter") }, pair);
    if (found.problems.length > 0) {
        return found;
    }
    const wanted = sides.map((side) => {
        const { instanceType: own, region, provider } = pair[side];
        const path = own === undefined ? "instanceType" : `${side}.instanceType`;
        return { side, path, region, provider, value: own ?? pair.instanceType ?? labVpcDefaults.instanceType };
    });
    const [one, other] = wanted;
    // Asked once where both sides have the same type in the same place.
    const isShared = (["path", "region", "provider"] as const).every((key) => one?.[key] === other?.[key]);
    const checks = wanted.slice(isShared ? 1 : 0).map(async ({ side, path, region, value }): Promise<Problem[]> => {
        const offering = await findZone(value, asked(side), region).catch((error: unknown) =>
            unaskedProblem(side, region ?? defaultRegion, error),
        );
        if ("path" in offering) {
            return [offering];
        }
        const message = offering.zone === undefined ? offering.message + choosing(path, offering.instead) : "";
        return offering.zone === undefined ? [{ path, value, message }] : [];
    });
    return { ...found, problems: (await Promise.all(checks)).flat() };
}
