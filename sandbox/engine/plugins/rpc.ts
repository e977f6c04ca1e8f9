import { callbackify, promisify } from "node:util";
import grpc from "@grpc/grpc-js";
import type { Message } from "google-protobuf";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import service, { type IResourceProviderServer } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { pinnedVersion } from "../versions.ts";
import { EngineLog } from "./engineLog.ts";

/** Handles one call; `session` belongs to the engine's connection. If it throws, the call fails with that error. */
export type Handler<Session, Request = Message, Response = Message> = (
    request: Request,
    session: Session,
) => Promise<Response> | Response;

/** Handlers for methods of the provider protocol, by name; each gets the method's own request and returns its response. */
type Handlers<Session> = {
    readonly [
        Name in keyof IResourceProviderServer as string extends Name ? never : Name
    ]?: IResourceProviderServer[Name] extends grpc.handleUnaryCall<infer Request, infer Response>
        ? Handler<Session, Request, Response>
        : never;
};

/** No limits on message sizes: the engine sets its own. */
export const channelOptions: grpc.ChannelOptions = {
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
};

/**
 * Serves a plugin on a free port of the loopback interface and prints the port, as the engine expects. Each connection of an
 * engine has a session, whose log is the engine's. Methods without a handler return UNIMPLEMENTED. Handshake must be one of
 * them, so that the engine falls back to the older protocol, which needs no files in the plugin's folder.
 */
export async function servePlugin<Session>(
    name: "aws" | "command",
    newSession: (log: EngineLog) => Session,
    handlers: Handlers<Session>,
): Promise<void> {
    const sessions = new Map<string, Session>();
    const start = (connection: string, engine: string | undefined): Session => {
        const session = newSession(new EngineLog(engine));
        sessions.set(connection, session);
        return session;
    };
    const all: Handlers<Session> = {
        ...handlers,
        getPluginInfo: () => new plugin.PluginInfo().setVersion(pinnedVersion(name)),
    };
    const implementation = Object.entries(all as Readonly<Record<string, Handler<Session>>>).map(([method, handle]) => {
        const answer = async (call: grpc.ServerUnaryCall<Message, Message>): Promise<Message> => {
            const connection = call.getPeer();
            return handle(call.request, sessions.get(connection) ?? start(connection, process.argv[2]));
        };
        return [method, callbackify(answer)] as const;
    });
    const server = new grpc.Server(channelOptions);
    server.addService(service.ResourceProviderService, {
        ...Object.fromEntries(implementation),
        attach: (call: grpc.ServerUnaryCall<plugin.PluginAttach, Message>, done: grpc.sendUnaryData<Message>) => {
            start(call.getPeer(), call.request.getAddress());
            done(null, nothing());
        },
    });
    const address = await bindLoopback(server);
    console.log(address.split(":")[1]);
}

/** Binds a server to a free port of the loopback interface and returns its address. */
export async function bindLoopback(server: grpc.Server): Promise<string> {
    const bind = promisify(server.bindAsync.bind(server));
    return `127.0.0.1:${await bind("127.0.0.1:0", grpc.ServerCredentials.createInsecure())}`;
}

/** An empty response. */
export function nothing(): empty.Empty {
    return new empty.Empty();
}
