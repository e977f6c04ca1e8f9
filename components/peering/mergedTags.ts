import { getDefaultTags } from "@pulumi/aws/getDefaultTags";
import * as pulumi from "@pulumi/pulumi";
import { isPlain, type PlainTags, type Tags } from "./tags";

/**
 * The tags of both; of a key that both have, the second one's value. They are an output as a whole only where one of the two
 * is, so that previews show plain tags.
 */
export function mergedTags(first: Tags = {}, second: Tags = {}): Tags {
    return isPlain(first) && isPlain(second)
        ? { ...first, ...second }
        : pulumi.all([first, second]).apply(([one, other]) => ({ ...one, ...other }));
}

/**
 * The default tags of two providers, the first one's where both have a key. Whatever both manage gets them all from both, or each
 * would take away what the other has added, in every update.
 */
export async function defaultTagsOf(first: pulumi.InvokeOptions, second: pulumi.InvokeOptions): Promise<PlainTags> {
    const [one, other] = await Promise.all([getDefaultTags({}, first), getDefaultTags({}, second)]);
    return { ...other.tags, ...one.tags };
}
