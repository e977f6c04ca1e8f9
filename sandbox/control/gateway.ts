import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { withInterfaceDefaults } from "./corrections.ts";

/** Who calls the API, and where, as the scope of the call's signature says. */
export interface Caller {
    readonly accessKeyId: string;
    readonly region: string;
}

/** What a gateway works with. */
export interface GatewayOptions {
    /** Address of the API that it stands in front of. */
    readonly upstream: string;
    /** Called after each change, with who made it; the caller of the API gets its answer when this is done. */
    readonly onChange: (caller: Caller) => Promise<void>;
    /** Told when that fails. The change itself did happen, so its caller is answered all the same. */
    readonly onError: (error: unknown) => void;
}

/** Calls of EC2 that change nothing which packets depend on. */
const harmless = /^(Describe|Get|List|CreateTags$|DeleteTags$)/;

/**
 * Stands in front of the EC2 API on loopback and passes everything on, but answers a change only when the network
 * obeys it: when the API says that it is done, packets know.
 */
export async function startGateway(options: GatewayOptions): Promise<{ endpoint: string; stop(): void }> {
    const server = createServer((incoming, outgoing) => {
        pass(incoming, outgoing, options).catch((error: unknown) => {
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
        },
    };
}

async function pass(incoming: IncomingMessage, outgoing: ServerResponse, options: GatewayOptions): Promise<void> {
    const given = await buffer(incoming);
    const caller = ec2Caller(incoming);
    const parameters = new URLSearchParams(caller ? given.toString("latin1") : "");
    const action = parameters.get("Action") ?? "";
    const body = action === "RunInstances" ? Buffer.from(withInterfaceDefaults(parameters).toString()) : given;
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        const length = body === given ? {} : { "content-length": body.length };
        const { method, headers } = incoming;
        const url = new URL(incoming.url ?? "/", options.upstream);
        request(url, { method, headers: { ...headers, ...length } }, resolve)
            .on("error", reject)
            .end(body);
    });
    const content = await buffer(answer);
    if (answer.statusCode === 200 && caller && !harmless.test(action)) {
        await options.onChange(caller).catch(options.onError);
    }
    const { "transfer-encoding": chunked, ...headers } = answer.headers;
    // What came in pieces is complete by now, and goes out in one.
    const length = chunked === undefined ? {} : { "content-length": content.length };
    outgoing.writeHead(answer.statusCode ?? 502, { ...headers, ...length }).end(content);
}

/**
 * The caller of EC2's API, or none when the call is of another service. Source: AWS Identity and Access Management User
 * Guide, "Elements of an AWS API request signature" (the credential scope).
 */
function ec2Caller({ headers }: IncomingMessage): Caller | undefined {
    const scope = /Credential=([^/,]+)\/\d+\/([^/,]+)\/ec2\/aws4_request/.exec(headers.authorization ?? "");
    return scope?.[1] && scope[2] ? { accessKeyId: scope[1], region: scope[2] } : undefined;
}
