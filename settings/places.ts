import type { Provider } from "@pulumi/aws";
import { peeringOptions } from "../components/lab/pairArgs";
import { checkDeclared, checkPlaces } from "../components/peering/peeringRules";
import { placeOf } from "../components/peering/sideAccess";
import { sides, type Place, type Side } from "../components/peering/sides";
import { refusal, type Settings } from "../settings";

/**
 * Where the sides are, as their providers say; nothing of a side where no setting declares any. Throws a RunError that lists
 * every problem when that is not what the settings declare, or when the two can't be peered there, before anything but the
 * providers themselves is registered.
 */
export async function verifyPlaces(
    { pair, access }: Settings,
    providers: Readonly<Record<Side, Provider | undefined>>,
): Promise<Readonly<Record<Side, Place>>> {
    const declared = sides.some((side) => access[side].region !== undefined || access[side].accountId !== undefined);
    if (!declared && providers.requester === undefined && providers.accepter === undefined) {
        return { requester: {}, accepter: {} };
    }
    const [requester, accepter] = await Promise.all([placeOf(providers.requester), placeOf(providers.accepter)]);
    const actual = { requester, accepter };
    const problems = [
        ...sides.flatMap((side) => checkDeclared(side, access[side], actual[side])),
        ...checkPlaces(actual, peeringOptions(pair)),
    ];
    if (problems.length > 0) {
        throw refusal(problems);
    }
    return actual;
}
