import { once } from "node:events";
import { createServer, request, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { changesNetwork, notHere, reads, refuseAbsent, refuseService } from "./actions.ts";
import { Refusal, refusalAnswer, type Answer, type ErrorForm } from "./answers.ts";
import type { CallParameters } from "./call.ts";
import type { Caller } from "./client/caller.ts";
import { Clients } from "./client/clients.ts";
import { View } from "./client/view.ts";
import { iamActions } from "./iamActions.ts";
import { createCorrections } from "./corrections/corrections.ts";
import { refuse } from "./refusals/refusals.ts";
import { signatureOf } from "./signature.ts";

/** A call, and what came of it. */
export interface Answered {
    /** The IAM actions that it requires. */
    readonly actions: readonly string[];
    /** The caller's user agent. */
    readonly agent: string;
    readonly caller: Caller;
    /** Its parameters, in the form of its service's protocol. */
    readonly body: string;
    /** The answer, where the call may have changed something; empty for one that reads. */
    readonly answer: string;
}

/** Options of a gateway. */
export interface GatewayOptions {
    /** Address of the API behind the gateway. */
    readonly upstream: string;
    /** The port to listen on; any free one by default. */
    readonly port?: number;
    /** Called after each change with its caller, action and parameters, and the ID of a new VPC; the response is sent after it resolves. */
    readonly onChange: (caller: Caller, action: string, parameters: CallParameters) => Promise<void>;
    /** Called with each signed call of an action, when it is answered. */
    readonly onCall?: (call: Answered) => void;
    /** Called when `onChange` fails. The API has made the change, so its response is sent nevertheless. */
    readonly onError: (error: unknown) => void;
}

/**
 * Starts an HTTP gateway to the EC2 API on the loopback interface. It refuses the calls that AWS refuses and the API does
 * not, forwards all others, and responds to a change only after the network has been updated.
 */
export async function startGateway(options: GatewayOptions): Promise<{ endpoint: string; stop(): void }> {
    const { upstream, port = 0, onChange, onCall, onError } = options;
    const clients = new Clients(upstream);
    const corrections = createCorrections();
    const inTurn = createQueue();

    const answerTo = async (incoming: IncomingMessage, body: Buffer): Promise<Answer> => {
        const signature = signatureOf(incoming.headers);
        const parameters = parametersIn(body);
        const { Action: action = "" } = parameters;
        if (signature) {
            refuseService(signature.service);
        } else {
            refuseUnsigned(action);
        }
        if (signature?.service !== "ec2") {
            return pass(incoming, body, upstream);
        }
        const { caller } = signature;
        refuseAbsent(action, parameters);
        let forwarded = false;
        const forward = (instead?: CallParameters) => {
            forwarded = true;
            return pass(incoming, instead ? Buffer.from(new URLSearchParams(instead).toString()) : body, upstream);
        };
        const judgeAndForward = async (): Promise<Answer> => {
            const view = new View(clients, caller);
            await corrections.settle(view);
            await refuse(action, parameters, view);
            if (parameters["DryRun"] === "true") {
                // The API ignores it for some actions. Source: Amazon EC2 API Reference, "Error codes" (DryRunOperation).
                throw new Refusal("DryRunOperation", "Request would have succeeded, but DryRun flag is set.");
            }
            return corrections.carryOut(action, { parameters, view, forward });
        };
        if (!changesNetwork(action)) {
            return understood(action, await judgeAndForward());
        }
        const answer = await inTurn(judgeAndForward).catch((error: unknown) => {
            throw error instanceof Refusal || !forwarded ? error : failedAfterwards(action, error);
        });
        if (answer.status === 200) {
            // A call that creates a VPC does not name it.
            const [, created] =
                action === "CreateVpc" ? (/<vpcId>(.+?)<\/vpcId>/.exec(answer.content.toString()) ?? []) : [];
            const named = created === undefined ? parameters : { ...parameters, VpcId: created };
            await onChange(caller, action, named).catch(onError);
        }
        return understood(action, answer);
    };

    const failed = (error: unknown): Answer => ({ status: 502, headers: {}, content: Buffer.from(String(error)) });
    const server = createServer((incoming, outgoing) => {
        const refused = (error: unknown) =>
            error instanceof Refusal ? refusalAnswer(error, errorFormOf(incoming)) : failed(error);
        buffer(incoming)
            .then(async (body) => {
                const answer = await answerTo(incoming, body).catch(refused);
                const call = answered(incoming, body, answer);
                if (call) {
                    onCall?.(call);
                }
                return answer;
            }, failed)
            .then(({ status, headers, content }) => {
                // A response without a body, such as one to HEAD, keeps the API's own content length.
                const length = content.length > 0 ? { "content-length": content.length } : {};
                outgoing.writeHead(status, { ...headers, ...length }).end(content);
            })
            .catch(onError);
    });
    // Providers that poll keep connections idle for longer than Node's default of five seconds.
    server.keepAliveTimeout = 120_000;
    await once(server.listen(port, "127.0.0.1"), "listening");
    return {
        endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        stop: () => {
            server.close();
            server.closeAllConnections();
            clients.stop();
        },
    };
}

function parametersIn(body: Buffer): CallParameters {
    return Object.fromEntries(new URLSearchParams(body.toString("latin1")));
}

/** The call for `onCall`; undefined for a request that is not signed or that names no action. */
function answered({ headers }: IncomingMessage, body: Buffer, { content }: Answer): Answered | undefined {
    const actions = iamActions(headers, parametersIn(body));
    const { caller } = signatureOf(headers) ?? {};
    const [, name = ""] = actions[0]?.split(":") ?? [];
    return caller && actions.length > 0
        ? {
              actions,
              agent: headers["user-agent"] ?? "",
              caller,
              body: body.toString(),
              answer: reads(name) ? "" : content.toString(),
          }
        : undefined;
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

/** Runs tasks one after the other. Of two equal calls at the same moment, the second is judged by what the first has changed. */
function createQueue(): <T>(task: () => Promise<T>) => Promise<T> {
    let last: Promise<unknown> = Promise.resolve();
    return (task) => {
        const turn = last.catch(() => undefined).then(task);
        last = turn;
        return turn;
    };
}

/** The API answers what it does not implement with status 500 and a page of HTML, which SDKs would ask for again. */
function understood(action: string, answer: Answer): Answer {
    if (answer.status >= 500) {
        throw notHere(
            `${action} is not in this sandbox, at least not with these parameters: its EC2 API answered with HTTP status ${answer.status}.`,
        );
    }
    return answer;
}

/**
 * The API may have carried out the call, so the error has a status that SDKs don't repeat. Source: AWS SDKs and Tools
 * Reference Guide, "Retry behavior".
 */
function failedAfterwards(action: string, error: unknown): Refusal {
    return new Refusal(
        "InternalFailure",
        `The sandbox failed during ${action}, which may have been carried out: ${String(error)}`,
    );
}

/**
 * Refuses an unsigned call of an action, which the API would carry out. Sources: Amazon EC2 API Reference, "Error codes"
 * (MissingAuthenticationToken); AWS Security Token Service API Reference, "AssumeRoleWithSAML" and
 * "AssumeRoleWithWebIdentity", which need no signature.
 */
function refuseUnsigned(action: string): void {
    if (!/^(AssumeRoleWith(SAML|WebIdentity))?$/.test(action)) {
        throw new Refusal("MissingAuthenticationToken", `${action} needs a request with a signature of version 4.`);
    }
}

/** The form in which a call's service returns errors. Source: Smithy documentation, "AWS Protocols". */
function errorFormOf(incoming: IncomingMessage): ErrorForm {
    const { service = "ec2" } = signatureOf(incoming.headers) ?? {};
    if (service === "ec2" || service === "s3") {
        return service;
    }
    const isForm = incoming.headers["content-type"]?.includes("x-www-form-urlencoded") ?? false;
    return isForm || service === "cloudfront" || service === "route53" ? "query" : "json";
}
