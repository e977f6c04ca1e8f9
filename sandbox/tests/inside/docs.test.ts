import assert from "node:assert/strict";
import { others } from "./pages/others.ts";
import { pages, programsOf } from "./pages/page.ts";
import { peerings } from "./pages/peerings.ts";

// The programs on the package's pages, unchanged, with the real engine and real packets. Runs inside a sandbox.

const tested = { ...peerings, ...others };

describe("the package's pages", () => {
    it("have no program that is not run", () => {
        const programs = pages.map((page): [string, number] => [page, programsOf(page).length]);
        assert.deepEqual(
            Object.fromEntries(programs.filter(([, count]) => count > 0)),
            Object.fromEntries(Object.entries(tested).map(([page, { programs: count }]) => [page, count])),
        );
    });

    for (const [page, { tests }] of Object.entries(tested)) {
        describe(page, () => {
            for (const [title, test] of Object.entries(tests)) {
                it(title, () => test(...programsOf(page)));
            }
        });
    }
});
