import { once } from "node:events";
import { createServer, request, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** An error that EC2 answers with. Source: Amazon EC2 API Reference, "Error codes". */
interface Failure {
    readonly code: "RequestLimitExceeded" | "InternalError" | "UnauthorizedOperation";
    readonly status: 403 | 500 | 503;
}

/** AWS's answer to too many calls, to one that it failed at itself, and to one that is not allowed. */
export const throttled: Failure = { code: "RequestLimitExceeded", status: 503 };
export const broken: Failure = { code: "InternalError", status: 500 };
export const denied: Failure = { code: "UnauthorizedOperation", status: 403 };

/** A call that is held: the API has carried it out, and its caller has no answer. */
interface Held {
    /** Sends the answer. */
    readonly release: () => void;
}

/** The EC2 API of a sandbox, with faults that can be turned on and off. It listens on the loopback interface of the run only. */
export class FaultyApi {
    readonly endpoint: string;
    /** What each call is answered with, without being carried out; undefined for none. */
    failure: Failure | undefined;
    /** How many calls were answered with a failure. */
    failures = 0;
    readonly #holds = new Map<string, (held: Held) => void>();

    constructor(endpoint: string) {
        this.endpoint = endpoint;
    }

    static async start(upstream: string): Promise<FaultyApi> {
        const server = createServer((incoming, outgoing) => {
            api.#answer(incoming, upstream)
                .catch((error: unknown) => ({ status: 502, headers: {}, content: Buffer.from(String(error)) }))
                .then(({ status, headers, content }) => outgoing.writeHead(status, headers).end(content))
                .catch(console.error);
        });
        server.keepAliveTimeout = 120_000;
        await once(server.listen(0, "127.0.0.1"), "listening");
        server.unref();
        const api = new FaultyApi(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
        return api;
    }

    /** Resolves when the API has carried out the next call of an action, whose answer is then held. */
    hold(action: string): Promise<Held> {
        return new Promise((resolve) => {
            this.#holds.set(action, resolve);
        });
    }

    async #answer(incoming: IncomingMessage, upstream: string) {
        const body = await buffer(incoming);
        const action = new URLSearchParams(body.toString("latin1")).get("Action") ?? "";
        if (this.failure) {
            this.failures++;
            const { code, status } = this.failure;
            const xml = `<Response><Errors><Error><Code>${code}</Code><Message>${code}</Message></Error></Errors><RequestID>fault</RequestID></Response>`;
            return { status, headers: { "content-type": "text/xml" }, content: Buffer.from(xml) };
        }
        const answer = await forward(incoming, body, upstream);
        const hold = this.#holds.get(action);
        if (hold && answer.status === 200) {
            this.#holds.delete(action);
            await new Promise<void>((release) => {
                hold({ release });
            });
        }
        return answer;
    }
}

async function forward({ method, url = "/", headers }: IncomingMessage, body: Buffer, upstream: string) {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        request(new URL(url, upstream), { method, headers }, resolve).on("error", reject).end(body);
    });
    const content = await buffer(answer);
    delete answer.headers["transfer-encoding"];
    return {
        status: answer.statusCode ?? 502,
        headers: { ...answer.headers, "content-length": content.length },
        content,
    };
}
