import grpc from "@grpc/grpc-js";
import service from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engine from "@pulumi/pulumi/proto/engine_pb.js";
import type { EngineLog } from "../engineLog.ts";
import { nothing } from "../rpc.ts";

/** Work on a resource that is under way. */
interface Call {
    readonly bridged: string;
    readonly urn: string;
    readonly log: EngineLog;
    readonly errors: string[];
}

/**
 * Where the bridges log to. It passes the lines on to the engine that asked for the work, under the resource's own name, and
 * makes errors part of the answer, which the bridge leaves empty.
 */
export class BridgeLog {
    private readonly calls = new Set<Call>();

    /** Adds the log to a server whose address the bridges take for the engine's. */
    constructor(server: grpc.Server) {
        server.addService(service.EngineService, {
            log: (call: grpc.ServerUnaryCall<engine.LogRequest, unknown>, done: grpc.sendUnaryData<unknown>) => {
                this.take(call.request);
                done(null, nothing());
            },
        });
    }

    /** Does work that the bridge knows by the URN `bridged` and the engine by `urn`. */
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
        const call = [...this.calls].find(({ bridged }) => bridged === request.getUrn());
        // The bridge begins each line with its severity.
        const message = request.getMessage().replace(/^\[\w+\] (: )?/, "");
        if (request.getSeverity() === engine.LogSeverity.ERROR) {
            call?.errors.push(message);
        } else {
            call?.log.send(request.setUrn(call.urn).setMessage(message));
        }
    }
}
