import assert from "node:assert/strict";
import { readPlaces, type Source } from "../read.ts";

describe("places", () => {
    it("are opened once each, and left out where there are no credentials", async () => {
        const opened: Source[] = [];
        const open = (source: Source) => {
            opened.push(source);
            return undefined;
        };
        const here = { region: "eu-north-1", profile: undefined };
        assert.deepEqual(await readPlaces([here, { ...here }, { ...here, profile: "theirs" }], open), []);
        assert.deepEqual(opened, [here, { ...here, profile: "theirs" }]);
    });
});
