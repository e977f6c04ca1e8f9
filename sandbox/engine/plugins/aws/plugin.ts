/**
 * The plugin for `@pulumi/aws` where the vendor's is not available: a proxy that implements Pulumi's provider protocol and
 * forwards each call to the Terraform bridge with the names changed. The engine starts it or attaches to a running one.
 */
import grpc from "@grpc/grpc-js";
import type { Message } from "google-protobuf";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import service from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import type protocol from "@pulumi/pulumi/proto/provider_pb.js";
import { GivenNames } from "./named.ts";
import { routeByRegion } from "./regions.ts";
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
    /** How the provider is configured, for the bridges of other regions. */
    configuration?: protocol.ConfigureRequest;
    bridge?: Bridge;
    /** The calls in progress of each bridge. */
    readonly busy: Map<Bridge, number>;
}

const logServer = new grpc.Server();
const bridgeLog = new BridgeLog(logServer);
const pool = new BridgePool(await bindLoopback(logServer));

/** The provider's own region, from its configuration or from the environment. */
function regionOf({ configuration }: Session): string {
    const { region } = (configuration?.getArgs()?.toJavaScript() ?? {}) as { readonly region?: string };
    return region ?? process.env["AWS_REGION"] ?? process.env["AWS_DEFAULT_REGION"] ?? "";
}

/** The bridge that is configured as the session's provider, but for that region. */
async function bridgeIn(region: string | undefined, session: Session): Promise<Bridge> {
    const { configuration, bridge = pool.any() } = session;
    if (region === undefined || configuration === undefined || region === regionOf(session)) {
        return bridge;
    }
    const elsewhere = configuration.clone();
    elsewhere.getArgs()?.getFieldsMap().set("region", struct.Value.fromJavaScript(region));
    elsewhere.getVariablesMap().set("aws:config:region", region);
    return (await pool.configured(elsewhere)).bridge;
}

function forward(method: grpc.MethodDefinition<Message, Message>): Handler<Session> {
    return async (request, session) => {
        const routed = routeByRegion(request, regionOf(session));
        const bridge = await bridgeIn(routed.region, session);
        const { urn, bridged, back } = rewriteForBridge(request);
        session.names.learn(urn, request);
        session.busy.set(bridge, (session.busy.get(bridge) ?? 0) + 1);
        try {
            const answer = await bridgeLog.during(bridged, urn, session.log, () => bridge.call(method, request));
            routed.back(answer);
            session.names.correct(urn, answer);
            return back(answer);
        } catch (error) {
            throw await bridge.explain(error as grpc.ServiceError);
        } finally {
            session.busy.set(bridge, (session.busy.get(bridge) ?? 0) - 1);
        }
    };
}

const methods = Object.entries<grpc.MethodDefinition<Message, Message>>(service.ResourceProviderService)
    .filter(([name]) => !["handshake", "parameterize", "list"].includes(name))
    .map(([name, method]) => [name, forward(method)] as const);
await servePlugin<Session>("aws", (log) => ({ log, names: new GivenNames(), busy: new Map() }), {
    ...Object.fromEntries(methods),
    configure: async (request, session) => {
        rewriteForBridge(request);
        const { bridge, answer } = await pool.configured(request);
        session.configuration = request;
        session.bridge = bridge;
        return answer;
    },
    // The engine also cancels at the end of each command, so this does nothing unless calls are in progress.
    cancel: async (request, { busy }) => {
        const bridges = [...busy].flatMap(([bridge, calls]) => (calls > 0 ? [bridge] : []));
        await Promise.all(bridges.map((bridge) => pool.cancel(bridge, request)));
        return nothing();
    },
});
