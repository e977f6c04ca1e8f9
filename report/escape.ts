const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
};

/** A text as it stands in HTML and SVG between tags. */
export function escape(text: string): string {
    return text.replace(/[&<>]/g, (one) => entities[one] ?? one);
}

/** A text as it stands between quotation marks, as an attribute. */
export function attribute(text: string): string {
    return `"${text.replace(/[&<>"]/g, (one) => entities[one] ?? one)}"`;
}
