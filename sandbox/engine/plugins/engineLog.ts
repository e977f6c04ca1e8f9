import grpc from "@grpc/grpc-js";
import service from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engine from "@pulumi/pulumi/proto/engine_pb.js";

/** The log of the engine at an address; without an address, messages are dropped. */
export class EngineLog {
    private readonly client: InstanceType<typeof service.EngineClient> | undefined;

    constructor(address: string | undefined) {
        this.client = address ? new service.EngineClient(address, grpc.credentials.createInsecure()) : undefined;
    }

    /** Sends a message and ignores errors. */
    send(request: engine.LogRequest): void {
        this.client?.log(request, () => undefined);
    }

    /** Shows a status message beside a resource during an operation on it. */
    status(urn: string, line: string): void {
        const { INFO } = engine.LogSeverity;
        this.send(new engine.LogRequest().setUrn(urn).setMessage(line).setSeverity(INFO).setEphemeral(true));
    }
}
