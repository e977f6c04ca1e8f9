import * as pulumi from "@pulumi/pulumi";
import { placeOf } from "../peering/sideAccess";
import type { Place } from "../peering/sides";
import { stackState } from "../peering/stackState";

/** Where a version before 0.6.0 took a VPC of a pair to be: nothing of it without a provider of its own. */
export interface FormerPlace {
    readonly formerPlace?: Place;
}

/** What a stash keeps of where a VPC was made. */
interface KeptPlace extends Place {
    /** What its resources have as their trigger since then. */
    readonly word: string;
}

/**
 * The trigger that replaces a VPC and everything in it. It changes when the VPC moves to another region or account, and stays as long
 * as the VPC does. AWS's provider by itself replaces what moves to another region, but not the stashes, which have an image and a zone
 * of the old one. In another account it would look for the old resources.
 *
 * @param args the VPC's arguments. The word came from nothing else before version 0.6.0, and what stands since then keeps it.
 */
export function placeWord(name: string, args: Place & FormerPlace, parent: pulumi.Resource): pulumi.Output<string> {
    const { formerPlace: former = args } = args;
    const known = [former.region, former.accountId].filter(Boolean).join(" ") || "default";
    const state = stackState(() => Promise.resolve(false));
    // At once, while it is still that of before this update.
    const before = state();
    const find = async () => {
        const now = await placeOf({ parent }, args.region);
        const vpc = (await before)?.find(({ urn }) => urn.endsWith(`$aws:ec2/vpc:Vpc::${name}-vpc`));
        const { region, accountId } = vpc ? placeIn(String(vpc.outputs["arn"])) : now;
        return { now, first: { region, accountId, word: known } };
    };
    const found = pulumi.output(find());
    const stash = new pulumi.Stash(
        `${name}-place`,
        { input: found.apply(({ first }) => first) },
        { parent, ignoreChanges: ["input"] },
    );
    const kept = stash.output as pulumi.Output<KeptPlace | undefined>;
    return pulumi
        .all([found, kept])
        .apply(([{ now, first }, { region, accountId, word } = first]) =>
            region === now.region && accountId === now.accountId ? word : `${now.region} ${now.accountId}`,
        );
}

/** Where something of this ARN is. */
function placeIn(arn: string): Place {
    const [, , , region, accountId] = arn.split(":");
    return { region, accountId };
}
