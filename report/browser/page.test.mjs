import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { analyze } from "../../reachability/analysis.ts";
import { State } from "../../reachability/state.ts";
import { ask, cases } from "../../reachability/tests/cases.ts";
import { pageOf } from "../page.ts";
import { crowd } from "../tests/crowd.ts";
import { clashesIn, faintIn } from "./inspect.ts";

// Opens pages in a real Chromium: one with all cases of the reachability analysis, one with more than a picture can show, and
// one of the tour, where TOUR_PAGE names its file.

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "page-"));
const views = [360, 1600].flatMap((width) => ["light", "dark"].map((colorScheme) => ({ width, colorScheme })));

/** @param {import("../../reachability/types.ts").Question} question */
function backwards({ from, to, ...traffic }) {
    return { ...traffic, from: to, to: from };
}

/** A way and the one in the opposite direction, of each case whose ends can be asked. */
function casesPage() {
    const sections = cases.map(({ what, places, ask: text, verdict }) => {
        const state = new State(places);
        const there = ask(state, text);
        const isInterface = there.to.component.kind !== "destination";
        const analyses = isInterface ? [there, analyze(state, backwards(there.question))] : [there];
        const checks = [{ what: "the verdict", expected: verdict, seen: there.verdict }];
        return { title: what, text, moments: [{ title: "as it is", state, analyses }], checks };
    });
    return pageOf({ title: "Cases", summary: "All cases of the analysis.", sections });
}

/** @param {string} name @param {string} html */
function written(name, html) {
    const file = join(folder, name);
    writeFileSync(file, html);
    return file;
}

const begun = performance.now();
const all = casesPage();
const seconds = (performance.now() - begun) / 1000;
const files = [written("cases.html", all), written("crowd.html", pageOf(crowd()))];
const tour = process.env["TOUR_PAGE"];
if (tour !== undefined) files.push(tour);

/** @type {import("playwright-core").Browser} */
let browser;

before(async () => {
    browser = await chromium.launch({ executablePath: process.env["CHROMIUM"], args: ["--no-sandbox"] });
});
after(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
});

/**
 * Opens a page, gives it to the function, and returns what the browser complained of and fetched besides the file.
 * @template T
 * @param {string} file
 * @param {import("playwright-core").BrowserContextOptions} options
 * @param {(page: import("playwright-core").Page) => Promise<T>} use
 */
async function withPage(file, options, use) {
    const context = await browser.newContext(options);
    try {
        const page = await context.newPage();
        /** @type {string[]} */
        const said = [];
        page.on("console", (message) => said.push(message.text()));
        page.on("pageerror", (error) => said.push(String(error)));
        page.on("request", ({ url }) => {
            if (!page.url().startsWith("about:")) said.push(`fetched ${url()}`);
        });
        await page.goto(pathToFileURL(file).href);
        if (options.javaScriptEnabled !== false) await page.waitForSelector(".chooser", { state: "attached" });
        return { result: await use(page), said };
    } finally {
        await context.close();
    }
}

describe("the page", () => {
    it("of all cases is made within a second", () => {
        assert.ok(seconds < 1, `${seconds} s`);
    });

    for (const file of files) {
        for (const { width, colorScheme } of views) {
            it(`${basename(file)} is readable at ${width} pixels, ${colorScheme}`, async () => {
                const viewport = { width, height: 900 };
                const { result, said } = await withPage(file, { viewport, colorScheme }, async (page) => {
                    const overflow = await page.evaluate(
                        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
                    );
                    const clashes = await page.evaluate(clashesIn);
                    const faint = await page.evaluate(faintIn);
                    const count = await page.evaluate(() => document.querySelectorAll("svg text").length);
                    return { overflow, clashes, faint, count };
                });
                assert.ok(result.count > 100);
                assert.deepEqual(result, { ...result, overflow: 0, clashes: [], faint: [] });
                assert.deepEqual(said, []);
            });
        }

        it(`${basename(file)} has nothing serious for axe`, async () => {
            for (const { width, colorScheme } of views.filter(({ width }) => width === 360)) {
                const options = { viewport: { width, height: 900 }, colorScheme, bypassCSP: true };
                const { result } = await withPage(file, options, async (page) => {
                    await page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true");
                    await page.evaluate(axe);
                    return page.evaluate("axe.run({ resultTypes: ['violations'] })");
                });
                const serious = result.violations
                    .filter(({ impact }) => impact === "serious" || impact === "critical")
                    .map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 200)}`);
                assert.deepEqual(serious, []);
            }
        });
    }

    it("of the tour has at most a megabyte, and is painted within 200 ms", async function () {
        if (tour === undefined) return this.skip();
        assert.ok(statSync(tour).size <= 1_000_000, `${statSync(tour).size} bytes`);
        const paints = [];
        for (let count = 0; count < 5; count++) {
            const { result } = await withPage(tour, { viewport: { width: 1600, height: 900 } }, async (page) => {
                await page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint").length > 0);
                return page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
            });
            paints.push(result ?? Infinity);
        }
        console.log(`      painted after ${paints.map((time) => time.toFixed(0)).join(", ")} ms`);
        assert.ok(Math.min(...paints) <= 200);
    });

    it("of the tour shows all that README's pictures show", function () {
        if (tour === undefined) return this.skip();
        // IDs and public addresses differ from run to run.
        const textsOf = (/** @type {string} */ svg) =>
            [...svg.matchAll(/<text[^>]*>(.*?)<\/text>/g)].map(([, text = ""]) =>
                text.replace(/acl-\w+/, "acl-…").replace(/public .*/, "public …"),
            );
        const shown = new Set(textsOf(readFileSync(tour, "utf8")));
        for (const name of ["apart", "peered"]) {
            const texts = textsOf(readFileSync(join(import.meta.dirname, `../../docs/pictures/${name}.svg`), "utf8"));
            assert.ok(texts.length > 20);
            assert.deepEqual(
                texts.filter((text) => !shown.has(text)),
                [],
            );
        }
    });

    it("tells all without scripts", async () => {
        const { result } = await withPage(files[0], { javaScriptEnabled: false }, (page) =>
            page.locator("article").first().innerText(),
        );
        assert.match(result, /client to server, TCP 80: reachable/);
        assert.match(result, /Hop by hop/);
        assert.doesNotMatch(result, /From …/);
    });

    it("runs no script but its own, and loads nothing", async () => {
        const foreign = `<script>document.title = "foreign"</script><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" onerror="document.title = 'foreign'"><p style="color: red">x</p>`;
        const file = written(
            "foreign.html",
            all.replace("<main>", () => `<main>${foreign}`),
        );
        const { result, said } = await withPage(file, {}, (page) => page.title());
        assert.equal(result, "Cases");
        assert.ok(said.filter((line) => line.includes("Content Security Policy")).length >= 3, said.join("\n"));
    });

    it("shows the way between two servers that are clicked, one after the other", async () => {
        await withPage(files[0], { viewport: { width: 1600, height: 900 } }, async (page) => {
            const article = page.locator("article").first();
            await article.locator("[data-server=i-server] > .box").click();
            await article.locator("[data-server=i-client] > .box").click();
            assert.deepEqual(await article.locator("li.chosen > strong").allInnerTexts(), [
                "server to client, TCP 80: reachable",
            ]);
            assert.equal(await article.locator("g.way.chosen").count(), 1);
            assert.equal(await article.locator("li.chosen details[open]").count(), 1);
            // A third click begins anew.
            await article.locator("[data-server=i-client] > .box").click();
            assert.equal(await article.locator(".chosen").count(), 1);
        });
    });

    it("shows it for the keyboard as well", async () => {
        await withPage(files[1], { viewport: { width: 1600, height: 900 } }, async (page) => {
            const article = page.locator("article").first();
            const [from, to] = [article.getByLabel("From"), article.getByLabel("To", { exact: true })];
            assert.equal(await article.locator("g.way:visible").count(), 0);
            await from.selectOption({ index: 1 });
            await to.selectOption({ index: 3 });
            assert.equal(await article.locator("g.way:visible").count(), 1);
            assert.equal(await article.locator("li.chosen").count(), 1);
        });
    });
});
