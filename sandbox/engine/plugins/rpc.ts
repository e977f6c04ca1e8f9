import grpc from "@grpc/grpc-js";
import type { Message } from "google-protobuf";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import service from "@pulumi/pulumi/proto/provider_grpc_pb.js";

/** A method of Pulumi's provider protocol. */
export type Method = grpc.MethodDefinition<Message, Message>;

/** Handles one call. If it throws, the call fails with that error. */
export type Handler = (request: Message, connection: string) => Promise<Message> | Message;

/** A handler for requests of one message type. */
export function handler<T extends Message>(
    type: new () => T,
    answer: (request: T, connection: string) => Promise<Message> | Message,
): Handler {
    return (request, connection) => {
        if (!(request instanceof type)) {
            throw new Error(`Expected a ${type.name} request.`);
        }
        return answer(request, connection);
    };
}

/** No limits on message sizes: the engine sets its own. */
export const channelOptions: grpc.ChannelOptions = {
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
};

/** The methods of the provider protocol by name. */
export const methods = service.ResourceProviderService as unknown as Readonly<Record<string, Method>>;

/** A method of the provider protocol. Throws if there is none of that name. */
export function method(name: string): Method {
    const found = methods[name];
    if (!found) {
        throw new Error(`The provider protocol has no method ${name}.`);
    }
    return found;
}

/**
 * Serves the provider protocol on a free port of the loopback interface and prints the port, as the engine expects. Methods
 * without a handler return UNIMPLEMENTED. Handshake must be one of them, so that the engine falls back to the older
 * protocol, which needs no files in the plugin's folder.
 */
export async function servePlugin(handlers: Readonly<Record<string, Handler>>): Promise<void> {
    const server = new grpc.Server(channelOptions);
    const implementation: grpc.UntypedServiceImplementation = {};
    for (const [name, handler] of Object.entries(handlers)) {
        implementation[name] = (call: grpc.ServerUnaryCall<Message, Message>, done: grpc.sendUnaryData<Message>) => {
            Promise.resolve()
                .then(() => handler(call.request, call.getPeer()))
                .then(
                    (answer) => {
                        done(null, answer);
                    },
                    (error: unknown) => {
                        done(error as grpc.ServiceError);
                    },
                );
        };
    }
    server.addService(service.ResourceProviderService, implementation);
    const address = await bindLoopback(server);
    console.log(address.split(":")[1]);
}

/** Binds a server to a free port of the loopback interface and returns its address. */
export function bindLoopback(server: grpc.Server): Promise<string> {
    return new Promise((resolve, reject) => {
        server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
            if (error) {
                reject(error);
            } else {
                resolve(`127.0.0.1:${port}`);
            }
        });
    });
}

/** Calls a method of a plugin. */
export function callPlugin(client: grpc.Client, method: Method, request: Message): Promise<Message> {
    return new Promise((resolve, reject) => {
        client.makeUnaryRequest(
            method.path,
            method.requestSerialize,
            method.responseDeserialize,
            request,
            (error, answer) => {
                if (answer) {
                    resolve(answer);
                } else {
                    reject(error ?? new Error(`${method.path} returned no response.`));
                }
            },
        );
    });
}

/** The response to GetPluginInfo. */
export function pluginInfo(version: string): Message {
    const info = new plugin.PluginInfo();
    info.setVersion(version);
    return info;
}

/** An empty response. */
export function nothing(): Message {
    return new empty.Empty();
}
