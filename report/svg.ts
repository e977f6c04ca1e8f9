/** Draws what {@link drawingOf} describes: frames and boxes below one another, and each way as a line beside them. */
import type { Node } from "./boxes.ts";
import type { Drawing } from "./drawing.ts";
import { attribute, escape } from "./escape.ts";
import { pictureStyle } from "./style.ts";
import type { Station, Way } from "./ways.ts";

/** Sizes in pixels, at which the font of the rows has 11. */
const size = { char: 6.6, row: 15, title: 17, gap: 9, inset: 5, edge: 8, lane: 17, turn: 6 } as const;
/** Characters in a line. */
const width = 42;
/** How deep boxes are nested at most: account, region, VPC, subnet. */
const depths = 4;
/** Where all boxes end, and the lines begin. */
const boxEnd = depths * size.inset + width * size.char + 2 * size.edge;
/** More ways than these are only shown one at a time, when they are asked for. */
export const shownWays = 4;

/** A box or frame with its place. */
interface Placed {
    readonly node: Node;
    readonly depth: number;
    readonly top: number;
    readonly bottom: number;
    readonly lines: readonly Line[];
}

interface Line {
    readonly text: string;
    readonly row: string;
    readonly mark: string | undefined;
    /** The middle of the line. */
    readonly y: number;
}

/** Where a line of the picture goes to, on the boxes' edge. */
type Anchors = ReadonlyMap<string, { readonly title: number; readonly rows: ReadonlyMap<string, number> }>;

/** The picture as a part of a page. `label` is the ID of the element that says in words what it shows. */
export function svgOf(drawing: Drawing, label: string): string {
    const { content, size: box } = contentOf(drawing);
    return `<svg viewBox="0 0 ${box}" role="img" aria-labelledby="${label}">${content}</svg>`;
}

/** The picture as a file of its own, which says in words what it shows. */
export function imageOf(drawing: Drawing, sentence: string): string {
    const { content, size: box } = contentOf(drawing);
    const about = `<title>${escape(sentence)}</title><style>${escape(pictureStyle)}</style>`;
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${box}" role="img">${about}${content}</svg>\n`;
}

/** What is in the picture, and its width and height. */
function contentOf({ nodes, ways }: Drawing): { content: string; size: string } {
    const placed: Placed[] = [];
    let bottom = 0;
    for (const node of nodes) {
        bottom = place(node, 0, bottom + (bottom === 0 ? 1 : size.gap), placed);
    }
    const anchors: Anchors = new Map(
        placed.map(({ node, top, lines }) => [
            node.key,
            // What a row goes on with is below it.
            { title: top + size.title / 2, rows: new Map(lines.toReversed().map(({ row, y }) => [row, y])) },
        ]),
    );
    const areShown = ways.length <= shownWays;
    let x = boxEnd + size.lane;
    let end = x;
    const lines = ways.map((way, index) => {
        if (!areShown) x = boxEnd + size.lane;
        const forward = laneOf(way.forward, anchors, x);
        const back = laneOf(way.back, anchors, forward.end);
        x = back.end;
        end = Math.max(end, x);
        return wayOf(way, index, areShown, forward, back);
    });
    const right = end + depths * size.inset;
    const boxes = placed.map((one) => boxOf(one, right));
    return { content: `${boxes.join("")}${lines.join("")}`, size: `${right + 1} ${bottom + 1}` };
}

function place(node: Node, depth: number, top: number, placed: Placed[]): number {
    const at = placed.length;
    let y = top + size.title;
    const lines = node.rows.flatMap(({ text, mark }) =>
        wrapped(text).map((part): Line => {
            y += size.row;
            return { text: part, row: text, mark, y: y - size.row / 2 };
        }),
    );
    for (const child of node.children) {
        y = place(child, depth + 1, y + (child === node.children[0] ? 2 : size.gap), placed);
    }
    const bottom = y + (node.children.length > 0 ? size.edge : 3);
    placed.splice(at, 0, { node, depth, top, bottom, lines });
    return bottom;
}

/** A text in lines that fit, broken at spaces where it has any. */
function wrapped(text: string): string[] {
    if (text.length <= width) return [text];
    const space = text.lastIndexOf(" ", width);
    const at = space > 0 ? space : width;
    return [text.slice(0, at), ...wrapped(`  ${text.slice(at).trimStart()}`)];
}

function shortened(text: string): string {
    return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

/** A line of text whose width is the same in every font. */
function textAt(text: string, x: number, y: number, kind: string): string {
    const length = (text.length * size.char).toFixed(1);
    return `<text class="${kind}" x="${x}" y="${y + 4}" textLength="${length}">${escape(text)}</text>`;
}

function boxOf({ node, depth, top, bottom, lines }: Placed, right: number): string {
    const { kind, title, full = title, end: id, isMissing = false } = node;
    const isFrame = kind === "account" || kind === "region" || kind === "vpc" || kind === "subnet";
    const x = depth * size.inset + 0.5;
    const end = isFrame ? right - depth * size.inset : boxEnd;
    const rows = lines.map(({ text, mark, y }) => {
        const band =
            mark === undefined
                ? ""
                : `<rect class="${mark}" x="${x + 1}" y="${y - size.row / 2}" width="${end - x - 2}" height="${size.row}"/>`;
        return `${band}${textAt(text, x + size.edge, y, "row")}`;
    });
    const short = shortened(title);
    const tip = full === short ? "" : `<title>${escape(full)}</title>`;
    const shape = `<rect class="box" x="${x}" y="${top + 0.5}" width="${end - x}" height="${bottom - top - 1}" rx="3"/>`;
    const data = id === undefined ? "" : ` data-server=${attribute(id)}`;
    return `<g class="${kind}${isMissing ? " missing" : ""}"${data}>${tip}${shape}${textAt(short, x + size.edge, top + size.title / 2, "name")}${rows.join("")}</g>`;
}

/** A line through stations, as far as the first one that stops it and from there on. */
interface Lane {
    readonly path: string;
    /** The way behind what stops it, as if it were not there. */
    readonly beyond: string;
    readonly stations: readonly { readonly x: number; readonly y: number; readonly station: Station }[];
    readonly isStopped: boolean;
    /** Where the next lane begins. */
    readonly end: number;
}

function laneOf(stations: readonly Station[], anchors: Anchors, start: number): Lane {
    let x = start;
    let before = 0;
    let isBeyond = false;
    const points: { x: number; y: number; station: Station }[] = [];
    const parts = { path: "", beyond: "" };
    for (const station of stations) {
        const box = anchors.get(station.key);
        // A box that the picture leaves out.
        if (!box) continue;
        const y = (station.row === undefined ? undefined : box.rows.get(station.row)) ?? box.title;
        const last = points.at(-1);
        const part = isBeyond ? "beyond" : "path";
        if (!last) {
            parts.path = `M${boxEnd} ${y}H${x}`;
        } else if (y !== last.y) {
            const direction = Math.sign(y - last.y);
            // Where it turns round it goes on beside itself.
            if (before !== 0 && direction !== before) {
                x += size.turn;
                parts[part] += `H${x}`;
            }
            before = direction;
            parts[part] += `V${y}`;
        }
        points.push({ x, y, station });
        if (station.mark === "stopped" && !isBeyond) {
            isBeyond = true;
            parts.beyond = `M${x} ${y}`;
        }
    }
    if (points.length > 0) parts[isBeyond ? "beyond" : "path"] += `H${boxEnd + 5}`;
    return { ...parts, stations: points, isStopped: isBeyond, end: x + (points.length > 0 ? size.lane : 0) };
}

function wayOf(way: Way, index: number, isShown: boolean, forward: Lane, back: Lane): string {
    const [{ from, to, verdict }] = way.analyses;
    // The picture may leave out the box that stops it.
    const isStopped = way.forward.some(({ mark }) => mark === "stopped");
    const parts = [
        laneText(forward, "there", false),
        laneText(back, "answer", isStopped),
        numberAt(forward, `${index + 1}`),
    ];
    const kind = `way ${verdict.replace(" ", "-")}${isShown ? "" : " quiet"}`;
    return `<g class="${kind}" data-from=${attribute(from.component.id)} data-to=${attribute(to.component.id)}>${parts.join("")}</g>`;
}

function laneText({ path, beyond, stations, isStopped }: Lane, kind: string, isNever: boolean): string {
    const last = stations.at(-1);
    if (!last) return "";
    const passed = stations.filter(({ station }) => station.mark === "passes");
    const dots = `<path class="dots" d="${passed.map(({ x, y }) => `M${x} ${y}h0`).join("")}"/>`;
    const others = stations.filter(({ station }) => station.mark !== "passes");
    const signs = others.map(({ x, y, station }) => {
        const [a, b] = [x - 4, x + 4];
        const sign =
            station.mark === "stopped"
                ? `<path class="cross" d="M${a} ${y - 4}L${b} ${y + 4}M${a} ${y + 4}L${b} ${y - 4}"/>`
                : `<circle class="doubt" cx="${x}" cy="${y}" r="4"/>`;
        return `<path class="tick" d="M${boxEnd} ${y}H${x}"/>${sign}`;
    });
    const arrow = `<path class="head" d="M${boxEnd} ${last.y}l7 -4v8z"/>`;
    const rest = isStopped ? `<path class="beyond" d="${beyond}"/>` : arrow;
    return `<g class="${kind}${isNever ? " never" : ""}"><path class="line" d="${path}"/>${rest}${dots}${signs.join("")}</g>`;
}

function numberAt({ stations: [first] }: Lane, text: string): string {
    if (!first) return "";
    const { x, y } = first;
    return `<circle class="number" cx="${x}" cy="${y}" r="7"/><text class="digit" x="${x}" y="${y + 3.5}">${text}</text>`;
}
