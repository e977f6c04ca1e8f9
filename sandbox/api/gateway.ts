import { randomUUID } from "node:crypto";
import { createServer, request, type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { refusalXml } from "./answers.ts";
import { withBlackholes } from "./corrections/blackholes.ts";
import { withInterfaceDefaults } from "./corrections/launches.ts";
import { createdFrom, FailedPeerings, judgeRequest } from "./corrections/peerings.ts";
import { refuse } from "./refusals/refusals.ts";
import { Upstream, type View } from "./upstream.ts";

/** Who calls the API, and where, as the scope of the call's signature says. */
export interface Caller {
    readonly accessKeyId: string;
    readonly region: string;
}

/** What a gateway works with. */
export interface GatewayOptions {
    /** Address of the API that it stands in front of. */
    readonly upstream: string;
    /** Called after each change, with who made it and by which action; the API's caller gets its answer when this is done. */
    readonly onChange: (caller: Caller, action: string) => Promise<void>;
    /** Told when that fails. The change itself did happen, so its caller is answered all the same. */
    readonly onError: (error: unknown) => void;
}

/** Calls of EC2 that change nothing which packets depend on. */
const harmless = /^(Describe|Get|List|CreateTags$|DeleteTags$)/;

/** What the gateway answers: what came from the API, or what it says itself. */
interface Answer {
    readonly status: number;
    readonly headers: OutgoingHttpHeaders;
    readonly content: Buffer;
}

/**
 * Stands in front of the EC2 API on loopback. It refuses what AWS refuses and the API does not, passes everything else on,
 * and answers a change only when the network obeys it: when the API says that it is done, packets know.
 */
export async function startGateway(options: GatewayOptions): Promise<{ endpoint: string; stop(): void }> {
    const api = new Api(options);
    const server = createServer((incoming, outgoing) => {
        api.answer(incoming)
            .then(({ status, headers, content }) => outgoing.writeHead(status, headers).end(content))
            .catch((error: unknown) => {
                outgoing.writeHead(502).end(String(error));
            });
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
            api.stop();
        },
    };
}

/** The EC2 API as it is seen through the gateway. */
class Api {
    readonly #options: GatewayOptions;
    readonly #upstream: Upstream;
    readonly #failed = new FailedPeerings();

    constructor(options: GatewayOptions) {
        this.#options = options;
        this.#upstream = new Upstream(options.upstream);
    }

    stop(): void {
        this.#upstream.stop();
    }

    async answer(incoming: IncomingMessage): Promise<Answer> {
        const body = await buffer(incoming);
        const caller = ec2Caller(incoming);
        if (!caller) {
            return pass(incoming, body, this.#options.upstream);
        }
        const parameters = new URLSearchParams(body.toString("latin1"));
        const action = parameters.get("Action") ?? "";
        const view = this.#upstream.view(caller);
        const refusal = await refuse(parameters, view);
        if (refusal) {
            const requestId = randomUUID();
            const headers = { "content-type": "text/xml;charset=UTF-8", "x-amzn-requestid": requestId };
            return { status: 400, headers, content: Buffer.from(refusalXml(refusal, requestId)) };
        }
        const forward = (instead?: URLSearchParams) =>
            pass(incoming, instead ? Buffer.from(instead.toString()) : body, this.#options.upstream);
        const answer = await this.#carryOut(action, parameters, view, forward);
        if (answer.status === 200 && !harmless.test(action)) {
            await this.#options.onChange(caller, action).catch(this.#options.onError);
        }
        return answer;
    }

    /** Passes a call on, changed where the API needs that to do as AWS does, and its answer likewise. */
    async #carryOut(
        action: string,
        parameters: URLSearchParams,
        view: View,
        forward: (instead?: URLSearchParams) => Promise<Answer>,
    ): Promise<Answer> {
        switch (action) {
            case "RunInstances":
                return forward(withInterfaceDefaults(parameters));
            case "DescribeRouteTables":
                return changed(await forward(), (xml) => withBlackholes(xml, view));
            case "DescribeVpcPeeringConnections":
                return changed(await forward(), (xml) => this.#failed.describe(xml));
            case "CreateVpcPeeringConnection": {
                const request = await judgeRequest(parameters, view);
                if (request === undefined) {
                    return forward();
                }
                if ("existing" in request) {
                    const describe = new URLSearchParams({
                        Action: "DescribeVpcPeeringConnections",
                        Version: parameters.get("Version") ?? "",
                        "VpcPeeringConnectionId.1": request.existing,
                    });
                    return changed(await forward(describe), createdFrom);
                }
                return changed(await forward(FailedPeerings.substitute(parameters)), (xml) =>
                    this.#failed.fail(xml, request.failsFor, view),
                );
            }
            default:
                return forward();
        }
    }
}

/** An answer with another content, unless it is an error. */
async function changed(answer: Answer, change: (xml: string) => string | Promise<string>): Promise<Answer> {
    if (answer.status !== 200) {
        return answer;
    }
    const content = Buffer.from(await change(answer.content.toString()));
    return { ...answer, headers: { ...answer.headers, "content-length": content.length }, content };
}

async function pass(incoming: IncomingMessage, body: Buffer, upstream: string): Promise<Answer> {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        const { method, headers } = incoming;
        const length = headers["content-length"] === undefined ? {} : { "content-length": body.length };
        const url = new URL(incoming.url ?? "/", upstream);
        request(url, { method, headers: { ...headers, ...length } }, resolve)
            .on("error", reject)
            .end(body);
    });
    const content = await buffer(answer);
    const { "transfer-encoding": chunked, ...headers } = answer.headers;
    // What came in pieces is complete by now, and goes out in one.
    const length = chunked === undefined ? {} : { "content-length": content.length };
    return { status: answer.statusCode ?? 502, headers: { ...headers, ...length }, content };
}

/**
 * The caller of EC2's API, or none when the call is of another service. Source: AWS Identity and Access Management User
 * Guide, "Elements of an AWS API request signature" (the credential scope).
 */
function ec2Caller({ headers }: IncomingMessage): Caller | undefined {
    const scope = /Credential=([^/,]+)\/\d+\/([^/,]+)\/ec2\/aws4_request/.exec(headers.authorization ?? "");
    return scope?.[1] && scope[2] ? { accessKeyId: scope[1], region: scope[2] } : undefined;
}
