import type * as pulumi from "@pulumi/pulumi";
import type { Problem } from "../problems";

/** Tags by their keys, as a whole or value by value known now or only later. */
export type Tags = pulumi.Input<Readonly<Record<string, pulumi.Input<string>>>>;

/** Tags whose keys are known now. */
export type PlainTags = Readonly<Record<string, pulumi.Input<string>>>;

/** Whether it is known now which tags there are: an output and a promise are objects of classes. */
export function isPlain(tags: Tags): tags is PlainTags {
    return Object.getPrototypeOf(tags) === Object.prototype;
}

/**
 * What is wrong with tags, as far as they are known now. Source: Amazon EC2 User Guide, "Tag your Amazon EC2 resources", "Tag
 * restrictions".
 */
export function checkTags(path: string, tags: Tags = {}): Problem[] {
    if (!isPlain(tags)) {
        return [];
    }
    // `Name` comes on top.
    const count = Object.keys({ ...tags, Name: "" }).length;
    const tooMany = `are ${count} with Name, and AWS lets a resource have 50; leave some out`;
    return [
        ...(count > 50 ? [{ path, message: tooMany }] : []),
        ...Object.entries(tags).flatMap(([key, given]) => {
            const value = typeof given === "string" ? given : undefined;
            const length = value?.length ?? 0;
            const messages = [
                ...(key === "" || key.length > 128 ? ["has a key of 1 to 128 characters on AWS; choose another"] : []),
                ...(/^aws:/i.test(key)
                    ? ["has a key that begins with aws:, which AWS keeps for itself; choose another"]
                    : []),
                ...(length > 256 ? [`has ${length} characters, and AWS allows 256; shorten it`] : []),
            ];
            return messages.map((message) => ({ path: `${path}["${key}"]`, value, message }));
        }),
    ];
}
