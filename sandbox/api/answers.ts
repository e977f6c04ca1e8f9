import { DOMParser, XMLSerializer, type Document, type Element } from "@xmldom/xmldom";

/** An error as EC2 gives it, with HTTP status 400. Source: Amazon EC2 API Reference, "Error codes". */
export interface Refusal {
    readonly code: string;
    readonly message: string;
}

/** The answer that says so to a request. Source: Amazon EC2 Developer Guide, "Error responses". */
export function refusalXml({ code, message }: Refusal, requestId: string): string {
    const error = `<Error><Code>${escapeXml(code)}</Code><Message>${escapeXml(message)}</Message></Error>`;
    return `<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors>${error}</Errors><RequestID>${requestId}</RequestID></Response>`;
}

/** An answer with some of it changed, and all else as it was. */
export async function rewrite(xml: string, change: (document: Document) => void | Promise<void>): Promise<string> {
    const document = new DOMParser().parseFromString(xml, "text/xml");
    await change(document);
    return new XMLSerializer().serializeToString(document);
}

/** The elements of a name, anywhere below another. */
export function elements(parent: Document | Element, name: string): Element[] {
    return [...parent.getElementsByTagName(name)];
}

/** The elements right below another, all or those of a name. */
export function children(parent: Element, name?: string): Element[] {
    return [...parent.childNodes].filter(
        (node): node is Element => node.nodeType === node.ELEMENT_NODE && (!name || node.nodeName === name),
    );
}

/** The text of an element right below another. */
export function textOf(parent: Element, name: string): string | undefined {
    return children(parent, name)[0]?.textContent ?? undefined;
}

/** Gives an element new ones below it, each with a text, in place of what it had. */
export function fill(element: Element, texts: Readonly<Record<string, string>>): void {
    while (element.firstChild) {
        element.removeChild(element.firstChild);
    }
    for (const [name, text] of Object.entries(texts)) {
        const child = element.ownerDocument?.createElementNS(element.namespaceURI, name);
        if (child) {
            child.textContent = text;
            element.appendChild(child);
        }
    }
}

function escapeXml(text: string): string {
    return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
