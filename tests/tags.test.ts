import * as assert from "assert";
import { checkTags } from "../components/peering/tags";
import { described } from "./config";

describe("checkTags", () => {
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`t${index}`, ""]));
    const cases: [what: string, tags: Record<string, string> | undefined, problems: string[]][] = [
        ["none", undefined, []],
        ["tags as long as AWS allows", { ["k".repeat(128)]: "v".repeat(256), "my:aws:tag": "" }, []],
        ["49 beside Name", many(49), []],
        ["49 and Name", { ...many(49), Name: "x" }, []],
        ["50 beside Name", many(50), ["tags: are 51 with Name, and AWS lets a resource have 50; leave some out"]],
        [
            "a key that is too long",
            { ["k".repeat(129)]: "v" },
            [`tags["${"k".repeat(129)}"] = v: has a key of 1 to 128 characters on AWS; choose another`],
        ],
        ["no key", { "": "v" }, ['tags[""] = v: has a key of 1 to 128 characters on AWS; choose another']],
        [
            "a value that is too long",
            { team: "v".repeat(257) },
            [`tags["team"] = ${"v".repeat(257)}: has 257 characters, and AWS allows 256; shorten it`],
        ],
        [
            "keys of AWS's own",
            { "aws:x": "a", "AWS:y": "b" },
            ['aws:x"] = a', 'AWS:y"] = b'].map(
                (start) =>
                    `tags["${start}: has a key that begins with aws:, which AWS keeps for itself; choose another`,
            ),
        ],
    ];
    for (const [what, tags, problems] of cases) {
        it(`${problems.length === 0 ? "permits" : "refuses"} ${what}`, () => {
            assert.deepStrictEqual(checkTags("tags", tags).map(described), problems);
        });
    }
});
