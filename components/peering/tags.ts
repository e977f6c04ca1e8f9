import type { Problem } from "../problems";

/** What is wrong with tags. Source: Amazon EC2 User Guide, "Tag your Amazon EC2 resources", "Tag restrictions". */
export function checkTags(path: string, tags: Readonly<Record<string, string>> = {}): Problem[] {
    // `Name` comes on top.
    const count = Object.keys({ ...tags, Name: "" }).length;
    const tooMany = `are ${count} with Name, and AWS lets a resource have 50; leave some out`;
    return [
        ...(count > 50 ? [{ path, message: tooMany }] : []),
        ...Object.entries(tags).flatMap(([key, value]) => {
            const messages = [
                ...(key === "" || key.length > 128 ? ["has a key of 1 to 128 characters on AWS; choose another"] : []),
                ...(/^aws:/i.test(key)
                    ? ["has a key that begins with aws:, which AWS keeps for itself; choose another"]
                    : []),
                ...(value.length > 256 ? [`has ${value.length} characters, and AWS allows 256; shorten it`] : []),
            ];
            return messages.map((message) => ({ path: `${path}["${key}"]`, value, message }));
        }),
    ];
}
