import { once } from "node:events";
import { createServer, request, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { Refusal, refusalAnswer, type Answer } from "./answers.ts";
import type { CallParameters } from "./call.ts";
import type { Caller } from "./client/caller.ts";
import { Clients } from "./client/clients.ts";
import { View } from "./client/view.ts";
import { createCorrections } from "./corrections/corrections.ts";
import { refuse } from "./refusals/refusals.ts";

/** Options of a gateway. */
export interface GatewayOptions {
    /** Address of the API behind the gateway. */
    readonly upstream: string;
    /** Called after each change with its caller and action; the response is sent after it resolves. */
    readonly onChange: (caller: Caller, action: string) => Promise<void>;
    /** Called when `onChange` fails. The API has made the change, so its response is sent nevertheless. */
    readonly onError: (error: unknown) => void;
}

/** Actions that do not affect the network. */
const harmless = /^(Describe|Get|List|CreateTags$|DeleteTags$)/;

/**
 * Starts an HTTP gateway to the EC2 API on the loopback interface. It refuses the calls that AWS refuses and the API does
 * not, forwards all others, and responds to a change only after the network has been updated.
 */
export async function startGateway(options: GatewayOptions): Promise<{ endpoint: string; stop(): void }> {
    const { upstream, onChange, onError } = options;
    const clients = new Clients(upstream);
    const carryOut = createCorrections();

    const answerTo = async (incoming: IncomingMessage): Promise<Answer> => {
        const body = await buffer(incoming);
        const forward = (instead?: CallParameters) =>
            pass(incoming, instead ? Buffer.from(new URLSearchParams(instead).toString()) : body, upstream);
        const caller = callerOf(incoming);
        if (!caller) {
            return forward();
        }
        const parameters: CallParameters = Object.fromEntries(new URLSearchParams(body.toString("latin1")));
        const { Action: action = "" } = parameters;
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
                // A response without a body, such as one to HEAD, keeps the API's own content length.
                const length = content.length > 0 ? { "content-length": content.length } : {};
                outgoing.writeHead(status, { ...headers, ...length }).end(content);
            })
            .catch(onError);
    });
    // Providers that poll keep connections idle for longer than Node's default of five seconds.
    server.keepAliveTimeout = 120_000;
    await once(server.listen(0, "127.0.0.1"), "listening");
    return {
        endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        stop: () => {
            server.close();
            server.closeAllConnections();
            clients.stop();
        },
    };
}

/** Forwards a request to the API with a body, and returns the complete response. */
async function pass({ method, url = "/", headers }: IncomingMessage, body: Buffer, upstream: string): Promise<Answer> {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        const length = headers["content-length"] === undefined ? {} : { "content-length": body.length };
        request(new URL(url, upstream), { method, headers: { ...headers, ...length } }, resolve)
            .on("error", reject)
            .end(body);
    });
    const content = await buffer(answer);
    // The response is complete, so it is not sent in chunks.
    delete answer.headers["transfer-encoding"];
    return { status: answer.statusCode ?? 502, headers: answer.headers, content };
}

/**
 * The caller of EC2 or of a service that changes EC2 resources; undefined for calls of other services.
 * Source: AWS Identity and Access Management User Guide, "Elements of an AWS API request signature" (the credential scope).
 */
function callerOf({ headers }: IncomingMessage): Caller | undefined {
    const scope = /Credential=([^/,]+)\/\d+\/([^/,]+)\/(?:ec2|autoscaling|cloudformation)\/aws4_request/;
    const [, accessKeyId, region] = scope.exec(headers.authorization ?? "") ?? [];
    return accessKeyId && region ? { accessKeyId, region } : undefined;
}
