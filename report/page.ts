/** The report: one HTML file that needs no network, no other file and no scripts. */
import { createHash } from "node:crypto";
import { stripVTControlCharacters } from "node:util";
import { fixesOf } from "../reachability/fixes.ts";
import type { State } from "../reachability/state.ts";
import { explain, reasonLine, trafficOf } from "../reachability/text.ts";
import type { Analysis } from "../reachability/types.ts";
import { describedOf, differenceOf, type Described } from "./described.ts";
import { drawingOf, type Drawing } from "./drawing.ts";
import { attribute, escape } from "./escape.ts";
import { script } from "./script.ts";
import { style } from "./style.ts";
import { shownWays, svgOf } from "./svg.ts";
import type { Way } from "./ways.ts";

/** What stood at a moment, and what was asked about it. */
export interface Moment {
    /** When it was: `after the connection is deleted`. */
    readonly title: string;
    readonly state: State;
    readonly analyses: readonly Analysis[];
    /** VPCs to show besides those of the analyses and their peers; none by default. */
    readonly vpcIds?: readonly string[];
}

/** Something that was observed, and what it should be. */
export interface Check {
    readonly what: string;
    readonly expected: string;
    readonly seen: string;
    readonly why?: string | undefined;
}

/** A part of the report with a heading of its own. */
export interface Section {
    readonly title: string;
    readonly text: string;
    /** Where the rule that it shows is stated. */
    readonly source?: string;
    readonly moments: readonly Moment[];
    readonly checks: readonly Check[];
    /** Why it did not come to its end. */
    readonly error?: string | undefined;
}

export interface Report {
    readonly title: string;
    /** What it comes to, in a sentence. */
    readonly summary: string;
    readonly sections: readonly Section[];
}

/** A sample of a line, and what it means. */
function sample(path: string, meaning: string): string {
    return `<li><svg viewBox="0 0 34 12" aria-hidden="true">${path}</svg>${meaning}</li>`;
}

const legend = `<ul class="legend" aria-label="What the lines mean">${[
    sample(
        '<g class="way"><path class="line" d="M1 6H28"/><path class="head" d="M33 6l-7 -4v8z"/></g>',
        "a request that arrives",
    ),
    sample(
        '<g class="way answer"><path class="line" d="M1 6H28"/><path class="head" d="M33 6l-7 -4v8z"/></g>',
        "its answer",
    ),
    sample(
        '<g class="way not-reachable"><path class="line" d="M1 6H24"/><path class="cross" d="M20 2l8 8M20 10l8 -8"/></g>',
        "stopped here",
    ),
    sample(
        '<g class="way not-reachable"><path class="beyond" d="M1 6H33"/></g>',
        "the rest of the way, as if it were not",
    ),
].join("")}</ul>`;

function hashOf(text: string): string {
    return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

/** The report as HTML. Nothing but its own style and script may be loaded or run. */
export function pageOf({ title, summary, sections }: Report): string {
    const policy = `default-src 'none'; style-src ${hashOf(style)}; script-src ${hashOf(script)}; base-uri 'none'; form-action 'none'`;
    const links = sections.map(
        (one, index) => `<li><a href="#s${index}">${escape(one.title)}</a> ${badge(isFine(one))}</li>`,
    );
    const contents = sections.length > 1 ? `<nav aria-label="Contents"><ol>${links.join("")}</ol></nav>` : "";
    return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escape(title)}</title>
<style>${style}</style>
</head>
<body>
<header><h1>${escape(title)}</h1><p>${escape(summary)}</p>${legend}${contents}</header>
<main>
${sectionsOf(sections).join("\n")}
</main>
<script>${script}</script>
</body>
</html>
`;
}

function isFine({ checks, error }: Section): boolean {
    return error === undefined && checks.every(holds);
}

function holds({ expected, seen }: Check): boolean {
    return expected === seen;
}

function badge(isOk: boolean): string {
    return isOk ? `<span class="ok">ok</span>` : `<span class="failed">failed</span>`;
}

function sectionsOf(sections: readonly Section[]): string[] {
    // Each moment tells what is new since the one before it.
    let before: Described = {};
    const moment = (one: Moment, id: string) => {
        const drawing = drawingOf(one.state, one.analyses, one.vpcIds);
        const vpcIds = nodesOf(drawing.nodes, "vpc").map(({ key }) => key);
        const described = describedOf(one.state, vpcIds);
        const news = differenceOf(before, described);
        const isFirst = Object.keys(before).length === 0;
        before = described;
        return momentOf(one, drawing, id, dataOf(news, isFirst));
    };
    return sections.map((section, index) => sectionOf(section, index, moment));
}

/** What AWS describes, folded away. */
function dataOf(described: Described, isFirst: boolean): string {
    if (Object.keys(described).length === 0) return "";
    const summary = isFirst ? "What AWS describes" : "What AWS describes differently than before";
    return `<details><summary>${summary}</summary><pre>${escape(JSON.stringify(described))}</pre></details>`;
}

function sectionOf(section: Section, index: number, momentText: (moment: Moment, id: string) => string): string {
    const { title, text, source, moments, checks, error } = section;
    const parts = [
        `<h2>${escape(title)}</h2>`,
        text === "" ? "" : `<p>${escape(text)}</p>`,
        source === undefined ? "" : `<p class="source">${escape(source)}</p>`,
        error === undefined ? "" : `<pre class="failed">${escape(stripVTControlCharacters(error))}</pre>`,
        `<div class="moments">${moments.map((one, at) => momentText(one, `s${index}m${at}`)).join("")}</div>`,
        checks.length === 0 ? "" : `<ul class="checks">${checks.map(checkOf).join("")}</ul>`,
    ];
    return `<section id="s${index}">${parts.join("")}</section>`;
}

function checkOf(check: Check): string {
    const { what, expected, seen, why } = check;
    const result = holds(check) ? escape(seen) : `${escape(seen)}, expected ${escape(expected)}`;
    const reason = why === undefined ? "" : `<p>${escape(why)}</p>`;
    return `<li>${badge(holds(check))} ${escape(what)}: <strong>${result}</strong>${reason}</li>`;
}

function momentOf({ title, state }: Moment, drawing: Drawing, id: string, data: string): string {
    const { ways, omitted } = drawing;
    const left = omitted.length === 0 ? "" : ` Not shown: ${omitted.join(", ")}.`;
    const caption = `<figcaption id="${id}">${escape(sentenceOf(drawing))}${escape(left)}</figcaption>`;
    const picture = drawing.nodes.length === 0 ? `<p class="nothing">There is no VPC.</p>` : svgOf(drawing, id);
    const items = ways.map((way, index) => wayItem(state, way, index));
    const list = items.length === 0 ? "" : `<ol class="ways">${items.join("")}</ol>`;
    return `<article><h3>${escape(title)}</h3><figure>${picture}${caption}</figure>${list}${data}</article>`;
}

/** What a picture shows, in words. */
export function sentenceOf({ nodes, ways }: Pick<Drawing, "nodes" | "ways">): string {
    const vpcs = nodesOf(nodes, "vpc").map(({ title }) => title);
    const connections = nodesOf(nodes, "connection").map(({ title, rows, isMissing }) =>
        isMissing === true && rows.length > 0 ? `${title} (${rows.at(-1)?.text ?? ""})` : title,
    );
    const stood =
        vpcs.length === 0
            ? "Nothing stands"
            : `${listOf(vpcs)}${connections.length > 0 ? `, with ${listOf(connections)}` : ""}`;
    const said = ways.map(({ analyses: [first, ...more] }, index) => {
        const what = `${index + 1}: ${listOf([first, ...more].map(({ question }) => trafficOf(question)))}`;
        return `${what} from ${endName(first.from)} to ${endName(first.to)}: ${first.verdict}.`;
    });
    return [`${stood}.`, ...(said.length > shownWays ? [] : said)].join(" ");
}

function nodesOf(nodes: Drawing["nodes"], kind: Drawing["nodes"][number]["kind"]): Drawing["nodes"][number][] {
    return nodes.flatMap((node) => [...(node.kind === kind ? [node] : []), ...nodesOf(node.children, kind)]);
}

function listOf(items: readonly string[]): string {
    return [items.slice(0, -1).join(", "), items.at(-1)].filter(Boolean).join(" and ");
}

function endName({ component: { id, name } }: Analysis["from"]): string {
    return name ?? id;
}

function wayItem(state: State, { analyses: [first, ...more] }: Way, index: number): string {
    const all = [first, ...more];
    const { from, to, verdict } = first;
    const traffic = listOf(all.map(({ question }) => trafficOf(question)));
    const ends = `data-from=${attribute(from.component.id)} data-to=${attribute(to.component.id)} data-names=${attribute(`${endName(from)}\n${endName(to)}`)}`;
    const kind = verdict.replace(" ", "-");
    // The question with most in its way tells most.
    const telling = all.reduce((most, one) => (one.blockers.length > most.blockers.length ? one : most));
    const fixes = fixesOf(telling) ?? [];
    const commands = fixes.map(({ command }) => command).join("\n");
    const remedy =
        commands === "" ? "" : `<details><summary>To open the way</summary><pre>${escape(commands)}</pre></details>`;
    const text = stripVTControlCharacters(explain(state, telling));
    return `<li value="${index + 1}" class="${kind}" ${ends}><strong>${escape(endName(from))} to ${escape(endName(to))}, ${escape(traffic)}: ${verdict}</strong><p>${escape(reasonLine(telling))}</p>${remedy}<details><summary>Hop by hop</summary><pre>${escape(text)}</pre></details></li>`;
}
