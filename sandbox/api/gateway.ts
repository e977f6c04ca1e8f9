import { createServer, request, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { Refusal, refusalAnswer, type Answer } from "./answers.ts";
import type { Caller } from "./client/caller.ts";
import { Clients } from "./client/clients.ts";
import { View } from "./client/view.ts";
import { createCorrections } from "./corrections/corrections.ts";
import { refuse } from "./refusals/refusals.ts";

/** What a gateway works with. */
export interface GatewayOptions {
    /** Address of the API that it stands in front of. */
    readonly upstream: string;
    /** Called after each change, with who made it and by which action; the caller gets the answer when this is done. */
    readonly onChange: (caller: Caller, action: string) => Promise<void>;
    /** Told when that fails. The change itself did happen, so its caller is answered all the same. */
    readonly onError: (error: unknown) => void;
}

/** Calls that change nothing which packets depend on. */
const harmless = /^(Describe|Get|List|CreateTags$|DeleteTags$)/;

/**
 * Stands in front of the EC2 API on loopback. It refuses what AWS refuses and the API does not, passes everything else on,
 * and answers a change only when the network obeys it: when the API says that it is done, packets know.
 */
export async function startGateway(options: GatewayOptions): Promise<{ endpoint: string; stop(): void }> {
    const { upstream, onChange, onError } = options;
    const clients = new Clients(upstream);
    const carryOut = createCorrections();

    const answerTo = async (incoming: IncomingMessage): Promise<Answer> => {
        const body = await buffer(incoming);
        const forward = (instead?: URLSearchParams) =>
            pass(incoming, instead ? Buffer.from(instead.toString()) : body, upstream);
        const caller = callerOf(incoming);
        if (!caller) {
            return forward();
        }
        const parameters = new URLSearchParams(body.toString("latin1"));
        const action = parameters.get("Action") ?? "";
        const view = new View(clients, caller);
        await refuse(action, parameters, view);
        const answer = await carryOut(action, { parameters, view, forward });
        if (answer.status === 200 && !harmless.test(action)) {
            await onChange(caller, action).catch(onError);
        }
        return answer;
    };

    const server = createServer((incoming, outgoing) => {
        answerTo(incoming)
            .catch((error: unknown) =>
                error instanceof Refusal
                    ? refusalAnswer(error)
                    : { status: 502, headers: {}, content: Buffer.from(String(error)) },
            )
            .then(({ status, headers, content }) => {
                // Of an answer without a body, such as one to HEAD, the API's own length says more.
                const length = content.length > 0 ? { "content-length": content.length } : {};
                outgoing.writeHead(status, { ...headers, ...length }).end(content);
            })
            .catch(onError);
    });
    // A provider that waits and polls keeps its connections for longer than Node's five seconds.
    server.keepAliveTimeout = 120_000;
    await new Promise<void>((resolve, reject) => {
        server.on("error", reject).listen(0, "127.0.0.1", resolve);
    });
    return {
        endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        stop: () => {
            server.close();
            server.closeAllConnections();
            clients.stop();
        },
    };
}

/** Passes a call on to the API with a body, and gives the whole answer. */
async function pass({ method, url = "/", headers }: IncomingMessage, body: Buffer, upstream: string): Promise<Answer> {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        const length = headers["content-length"] === undefined ? {} : { "content-length": body.length };
        request(new URL(url, upstream), { method, headers: { ...headers, ...length } }, resolve)
            .on("error", reject)
            .end(body);
    });
    const content = await buffer(answer);
    // What came in chunks is complete by now, and goes out as one.
    delete answer.headers["transfer-encoding"];
    return { status: answer.statusCode ?? 502, headers: answer.headers, content };
}

/**
 * The caller of EC2's API, or of a service through which the API changes what EC2 describes; none for other services.
 * Source: AWS Identity and Access Management User Guide, "Elements of an AWS API request signature" (the credential scope).
 */
function callerOf({ headers }: IncomingMessage): Caller | undefined {
    const scope = /Credential=([^/,]+)\/\d+\/([^/,]+)\/(?:ec2|autoscaling|cloudformation)\/aws4_request/;
    const [, accessKeyId, region] = scope.exec(headers.authorization ?? "") ?? [];
    return accessKeyId && region ? { accessKeyId, region } : undefined;
}
