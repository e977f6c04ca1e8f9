/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
// What runs in the browser, to measure what was drawn. Each function is sent there by itself.

/** Labels of pictures that overlap or leave their box, and shapes that leave the picture, as one line each. */
export function clashesIn(): string[] {
    const found: string[] = [];
    // Half a pixel is rounding.
    const touch = (one: DOMRect, other: DOMRect) =>
        one.left < other.right - 0.5 &&
        other.left < one.right - 0.5 &&
        one.top < other.bottom - 0.5 &&
        other.top < one.bottom - 0.5;
    const isInside = (inner: DOMRect, outer: DOMRect) =>
        inner.left >= outer.left - 0.5 &&
        inner.right <= outer.right + 0.5 &&
        inner.top >= outer.top - 0.5 &&
        inner.bottom <= outer.bottom + 0.5;
    for (const svg of document.querySelectorAll("figure svg")) {
        const frame = svg.getBoundingClientRect();
        const labels = [...svg.querySelectorAll("text:not(.digit), circle.number")]
            .map((node) => ({ node, place: node.getBoundingClientRect() }))
            .filter(({ place }) => place.width > 0);
        for (const [index, { node, place }] of labels.entries()) {
            const box = node.parentElement?.querySelector(":scope > .box")?.getBoundingClientRect() ?? frame;
            if (!isInside(place, box)) found.push(`leaves its box: ${node.textContent}`);
            for (const other of labels.slice(index + 1)) {
                if (touch(place, other.place)) found.push(`overlap: ${node.textContent} | ${other.node.textContent}`);
            }
        }
        for (const shape of svg.querySelectorAll(".box, .way path, .way circle")) {
            const place = shape.getBoundingClientRect();
            if (place.width > 0 && !isInside(place, frame)) {
                found.push(`leaves the picture: ${shape.outerHTML.slice(0, 80)}`);
            }
        }
        // A box lies in another one or beside it.
        const boxes = [...svg.querySelectorAll(".box")].map((node) => node.getBoundingClientRect());
        for (const [index, one] of boxes.entries()) {
            for (const other of boxes.slice(index + 1)) {
                if (touch(one, other) && !isInside(one, other) && !isInside(other, one)) found.push("two boxes cross");
            }
        }
    }
    return found;
}

/** Kinds of labels in pictures whose contrast with what is behind them is below 4.5, and of lines below 3. */
export function faintIn(): string[] {
    const found = new Set<string>();
    // Source: WCAG 2.2, "relative luminance" and "contrast ratio".
    const luminance = (color: string) => {
        const parts = (color.match(/[\d.]+/g) ?? []).map((value) => {
            const part = Number(value) / 255;
            return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return [0.2126, 0.7152, 0.0722].reduce((sum, weight, index) => sum + weight * (parts[index] ?? 0), 0);
    };
    const contrast = (...colors: readonly [string, string]) => {
        const [one, other] = [luminance(colors[0]), luminance(colors[1])];
        return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    };
    const ground = getComputedStyle(document.body).backgroundColor;
    const fillOf = (node: Element) => getComputedStyle(node).fill;
    for (const node of document.querySelectorAll("figure svg text")) {
        // A band may be right behind it, and else its box is.
        const band = node.previousElementSibling;
        const box = node.parentElement?.querySelector(":scope > .box, :scope > .number");
        const shapes = [band?.matches("rect.passes, rect.stopped, rect.unknown") === true ? band : undefined, box];
        const behind = shapes.flatMap((one) => (one ? [fillOf(one)] : [])).find((fill) => fill !== "none") ?? ground;
        const ratio = contrast(fillOf(node), behind);
        const kind = `${node.getAttribute("class") ?? ""} in ${node.parentElement?.getAttribute("class") ?? ""}`;
        if (ratio < 4.5) found.add(`${kind}: ${ratio.toFixed(2)}`);
    }
    for (const node of document.querySelectorAll("figure svg :is(.line, .cross, .box)")) {
        const ratio = contrast(getComputedStyle(node).stroke, ground);
        if (ratio < 3) found.add(`${node.getAttribute("class") ?? ""}: ${ratio.toFixed(2)}`);
    }
    return [...found];
}
