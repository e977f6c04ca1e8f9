/**
 * The plugin for `@pulumi/aws` where the vendor's is not available: a proxy that implements Pulumi's provider protocol and
 * forwards each call to the Terraform bridge with the names changed. The engine starts it or attaches to a running one.
 */
import grpc from "@grpc/grpc-js";
import type { Message } from "google-protobuf";
import service from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { GivenNames } from "./named.ts";
import { rewriteForBridge } from "./rewrite.ts";
import type { Bridge } from "./bridge.ts";
import { BridgeLog } from "./bridgeLog.ts";
import { BridgePool } from "./bridgePool.ts";
import type { EngineLog } from "../engineLog.ts";
import { bindLoopback, nothing, servePlugin, type Handler } from "../rpc.ts";

/** A connection of an engine, for one provider resource with one configuration. */
interface Session {
    readonly log: EngineLog;
    readonly names: GivenNames;
    bridge?: Bridge;
    inProgress: number;
}

const logServer = new grpc.Server();
const bridgeLog = new BridgeLog(logServer);
const pool = new BridgePool(await bindLoopback(logServer));

function forward(method: grpc.MethodDefinition<Message, Message>): Handler<Session> {
    return async (request, session) => {
        const bridge = session.bridge ?? pool.any();
        const { urn, bridged, back } = rewriteForBridge(request);
        session.names.learn(urn, request);
        session.inProgress++;
        try {
            const answer = await bridgeLog.during(bridged, urn, session.log, () => bridge.call(method, request));
            session.names.correct(urn, answer);
            return back(answer);
        } catch (error) {
            throw await bridge.explain(error as grpc.ServiceError);
        } finally {
            session.inProgress--;
        }
    };
}

const methods = Object.entries<grpc.MethodDefinition<Message, Message>>(service.ResourceProviderService)
    .filter(([name]) => !["handshake", "parameterize", "list"].includes(name))
    .map(([name, method]) => [name, forward(method)] as const);
await servePlugin<Session>("aws", (log) => ({ log, names: new GivenNames(), inProgress: 0 }), {
    ...Object.fromEntries(methods),
    configure: async (request, session) => {
        rewriteForBridge(request);
        const { bridge, answer } = await pool.configured(request);
        session.bridge = bridge;
        return answer;
    },
    // The engine also cancels at the end of each command, so this does nothing unless calls are in progress.
    cancel: (request, { bridge, inProgress }) => (bridge && inProgress > 0 ? pool.cancel(bridge, request) : nothing()),
});
