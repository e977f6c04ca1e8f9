import * as pulumi from "@pulumi/pulumi";
import { isPlain, type Tags } from "./tags";

/**
 * The tags of both; of a key that both have, the second one's value. They are an output as a whole only where one of the two
 * is, so that previews show plain tags.
 */
export function mergedTags(first: Tags = {}, second: Tags = {}): Tags {
    return isPlain(first) && isPlain(second)
        ? { ...first, ...second }
        : pulumi.all([first, second]).apply(([one, other]) => ({ ...one, ...other }));
}
