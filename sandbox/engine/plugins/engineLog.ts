import grpc from "@grpc/grpc-js";
import service from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engine from "@pulumi/pulumi/proto/engine_pb.js";

/** The log of one engine, at its address; without an address what is sent is dropped. */
export class EngineLog {
    private readonly client: InstanceType<typeof service.EngineClient> | undefined;

    constructor(address: string | undefined) {
        this.client = address ? new service.EngineClient(address, grpc.credentials.createInsecure()) : undefined;
    }

    /** Passes a line on; a lost one is no reason to fail. */
    send(request: engine.LogRequest): void {
        this.client?.log(request, () => undefined);
    }

    /** Shows a line beside a resource for as long as it is worked on. */
    status(urn: string, line: string): void {
        const { INFO } = engine.LogSeverity;
        this.send(new engine.LogRequest().setUrn(urn).setMessage(line).setSeverity(INFO).setEphemeral(true));
    }
}
