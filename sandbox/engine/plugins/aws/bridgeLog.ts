import grpc from "@grpc/grpc-js";
import service from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engine from "@pulumi/pulumi/proto/engine_pb.js";
import type { EngineLog } from "../engineLog.ts";
import { nothing } from "../rpc.ts";

/** An operation on a resource that is in progress. */
interface Call {
    readonly bridged: string;
    readonly urn: string;
    readonly log: EngineLog;
    readonly errors: string[];
}

/**
 * The log server of the bridges. It forwards messages to the engine that requested the operation, under the URN that the
 * engine knows. Error messages become the message of the failed call, which the bridge leaves empty.
 */
export class BridgeLog {
    private readonly calls = new Set<Call>();

    /** Adds the log service to a server, whose address the bridges get as the engine's. */
    constructor(server: grpc.Server) {
        server.addService(service.EngineService, {
            log: (call: grpc.ServerUnaryCall<engine.LogRequest, unknown>, done: grpc.sendUnaryData<unknown>) => {
                this.take(call.request);
                done(null, nothing());
            },
        });
    }

    /** Runs an operation on the resource that the bridge knows as `bridged` and the engine as `urn`. */
    async during<T>(bridged: string, urn: string, log: EngineLog, work: () => Promise<T>): Promise<T> {
        const call: Call = { bridged, urn, log, errors: [] };
        this.calls.add(call);
        try {
            return await work();
        } catch (error) {
            if (call.errors.length > 0 && (error as Partial<grpc.ServiceError>).details === "") {
                throw Object.assign(error as grpc.ServiceError, { details: call.errors.join("\n") });
            }
            throw error;
        } finally {
            this.calls.delete(call);
        }
    }

    private take(request: engine.LogRequest): void {
        const calls = [...this.calls].filter(({ bridged }) => bridged === request.getUrn());
        // The bridge puts the severity at the start of each message.
        const message = request.getMessage().replace(/^\[\w+\] (: )?/, "");
        if (request.getSeverity() === engine.LogSeverity.ERROR) {
            // Questions have no URN, so that any of those that are in progress may be the one that fails.
            for (const { errors } of calls) {
                errors.push(message);
            }
        } else {
            const [call] = calls;
            call?.log.send(request.setUrn(call.urn).setMessage(message));
        }
    }
}
