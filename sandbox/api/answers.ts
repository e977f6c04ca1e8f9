import { randomUUID } from "node:crypto";
import type { OutgoingHttpHeaders } from "node:http";
import { DOMParser, XMLSerializer, type Document, type Element, type Node } from "@xmldom/xmldom";

/** A response to a caller, from the API or from the gateway. */
export interface Answer {
    readonly status: number;
    readonly headers: OutgoingHttpHeaders;
    readonly content: Buffer;
}

/** An error in EC2's format. Source: Amazon EC2 API Reference, "Error codes". */
export class Refusal extends Error {
    readonly code: string;

    constructor(code: string, message: string) {
        super(message);
        this.code = code;
    }
}

/** Forms of errors: EC2's own, that of the other services with XML, Amazon S3's, and that of the services with JSON. */
export type ErrorForm = "ec2" | "query" | "s3" | "json";

/**
 * The response to a refused call. Sources: Amazon EC2 Developer Guide, "Error responses"; Smithy documentation, "AWS
 * Protocols".
 */
export function refusalAnswer({ code, message }: Refusal, form: ErrorForm = "ec2"): Answer {
    const requestId = randomUUID();
    const answer = (type: string, content: string): Answer => {
        const headers = { "content-type": type, "x-amzn-requestid": requestId, "x-amzn-errortype": code };
        return { status: 400, headers, content: Buffer.from(content) };
    };
    if (form === "json") {
        return answer("application/json", JSON.stringify({ __type: code, message }));
    }
    const said = `<Code>${escapeXml(code)}</Code><Message>${escapeXml(message)}</Message>`;
    const error = {
        ec2: `<Response><Errors><Error>${said}</Error></Errors><RequestID>${requestId}</RequestID></Response>`,
        query: `<ErrorResponse><Error><Type>Sender</Type>${said}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`,
        s3: `<Error>${said}<RequestId>${requestId}</RequestId></Error>`,
    }[form];
    return answer("text/xml;charset=UTF-8", `<?xml version="1.0" encoding="UTF-8"?>\n${error}`);
}

/** The response with its text changed; an error response is returned unchanged. */
export async function withText(answer: Answer, change: (xml: string) => string | Promise<string>): Promise<Answer> {
    return answer.status === 200
        ? { ...answer, content: Buffer.from(await change(answer.content.toString())) }
        : answer;
}

/** Parses XML, changes the document and serializes it again. */
export async function rewrite(xml: string, change: (document: Document) => void | Promise<void>): Promise<string> {
    const document = new DOMParser().parseFromString(xml, "text/xml");
    await change(document);
    return new XMLSerializer().serializeToString(document);
}

/** A child element by its name. */
export function childOf(parent: Node, name: string): Element | undefined {
    return [...parent.childNodes].find((node): node is Element => node.nodeName === name);
}

/** Replaces the contents of a child element by new elements, each with a text. */
export function fill(parent: Node, name: string, texts: Readonly<Record<string, string>>): void {
    const element = childOf(parent, name);
    if (element) {
        element.textContent = "";
        for (const [name, text] of Object.entries(texts)) {
            const child = parent.ownerDocument?.createElementNS(element.namespaceURI, name);
            if (child) {
                child.textContent = text;
                element.appendChild(child);
            }
        }
    }
}

/** Sets the text of a child element, which is added if it does not exist. */
export function setText(parent: Element, name: string, text: string): void {
    const existing = childOf(parent, name);
    const element = existing ?? parent.ownerDocument?.createElementNS(parent.namespaceURI, name);
    if (element) {
        element.textContent = text;
        parent.appendChild(element);
    }
}

function escapeXml(text: string): string {
    return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
