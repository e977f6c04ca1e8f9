/**
 * The plugin for `@pulumi/aws` where the vendor's is not available: a proxy that implements Pulumi's provider protocol and
 * forwards each call to the Terraform bridge with the names changed. The engine starts it or attaches to a running one.
 */
import grpc from "@grpc/grpc-js";
import type { Message } from "google-protobuf";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import protocol from "@pulumi/pulumi/proto/provider_pb.js";
import { rewriteForBridge } from "./rewrite.ts";
import type { Bridge } from "./bridge.ts";
import { BridgeLog } from "./bridgeLog.ts";
import { BridgePool } from "./bridgePool.ts";
import { EngineLog } from "../engineLog.ts";
import { pinnedVersion } from "../../versions.ts";
import { bindLoopback, handler, methods, nothing, pluginInfo, servePlugin, type Handler } from "../rpc.ts";

/** A connection of an engine, for one provider resource with one configuration. */
interface Session {
    readonly log: EngineLog;
    bridge?: Bridge;
    inProgress: number;
}

const { VPC_PEERING_LAB_BRIDGE = "", VPC_PEERING_LAB_TERRAFORM_PROVIDER = "" } = process.env;
const sessions = new Map<string, Session>();
const logServer = new grpc.Server();
const bridgeLog = new BridgeLog(logServer);
const pool = new BridgePool({
    program: VPC_PEERING_LAB_BRIDGE,
    provider: VPC_PEERING_LAB_TERRAFORM_PROVIDER,
    log: await bindLoopback(logServer),
});

function startSession(connection: string, engine: string | undefined): Session {
    const session: Session = { log: new EngineLog(engine), inProgress: 0 };
    sessions.set(connection, session);
    return session;
}

function sessionOf(connection: string): Session {
    return sessions.get(connection) ?? startSession(connection, process.argv[2]);
}

function forward(name: string): Handler {
    return async (request, connection) => {
        const session = sessionOf(connection);
        const bridge = session.bridge ?? pool.any();
        const { urn, bridged, back } = rewriteForBridge(request);
        session.inProgress++;
        try {
            return back(await bridgeLog.during(bridged, urn, session.log, () => bridge.call(name, request)));
        } finally {
            session.inProgress--;
        }
    };
}

async function configure(request: protocol.ConfigureRequest, connection: string): Promise<Message> {
    rewriteForBridge(request);
    const { bridge, answer } = await pool.configured(request);
    sessionOf(connection).bridge = bridge;
    return answer;
}

/** The engine also cancels at the end of each command, so this does nothing unless calls are in progress. */
async function cancel(request: Message, connection: string): Promise<Message> {
    const { bridge, inProgress } = sessionOf(connection);
    if (bridge && inProgress > 0) {
        await pool.cancel(bridge, request);
    }
    return nothing();
}

const forwarded = Object.keys(methods).filter((name) => !["handshake", "parameterize", "list"].includes(name));
await servePlugin({
    ...Object.fromEntries(forwarded.map((name) => [name, forward(name)])),
    configure: handler(protocol.ConfigureRequest, configure),
    cancel,
    attach: handler(plugin.PluginAttach, (request, connection) => {
        startSession(connection, request.getAddress());
        return nothing();
    }),
    getPluginInfo: () => pluginInfo(pinnedVersion("aws")),
});
