import { spawn, type ChildProcess } from "node:child_process";
import grpc from "@grpc/grpc-js";
import type { Message } from "google-protobuf";
import service from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import protocol from "@pulumi/pulumi/proto/provider_pb.js";
import { firstLineOf } from "../../../cache/process.ts";
import { channelOptions } from "../rpc.ts";

/** The executables of the bridge and of the Terraform provider. */
const { VPC_PEERING_LAB_BRIDGE: program = "", VPC_PEERING_LAB_TERRAFORM_PROVIDER: provider = "" } = process.env;

/** A Terraform bridge process that runs one Terraform provider. It can be configured only once. */
export class Bridge {
    /** The bridge's configuration and its response. */
    configuration?: { readonly args: unknown; readonly answer: Promise<protocol.ConfigureResponse> };
    private readonly process: ChildProcess;
    private readonly client: Promise<grpc.Client>;

    /** Starts the process, which logs to the server at `log`; `onEnd` is called when it ends, for any reason. */
    constructor(log: string, onEnd: () => void) {
        // On SIGINT the bridge ends the Terraform provider and itself. It gets one whenever this process ends.
        this.process = spawn("setpriv", ["--pdeathsig", "INT", program, log], { stdio: ["ignore", "pipe", "inherit"] });
        this.process.once("close", onEnd);
        this.client = this.connect();
        // `call` reports the error.
        this.client.catch(() => undefined);
    }

    /** Forwards a call of the provider protocol. */
    async call<Request extends Message, Response extends Message>(
        method: grpc.MethodDefinition<Request, Response>,
        request: Request,
    ): Promise<Response> {
        return unary(await this.client, method, request);
    }

    /** Ends the bridge and its Terraform provider. */
    stop(): void {
        this.process.kill("SIGINT");
    }

    private async connect(): Promise<grpc.Client> {
        const port = await firstLineOf(this.process, "the Terraform bridge");
        const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), channelOptions);
        const args = new protocol.ParameterizeRequest.ParametersArgs();
        args.setArgsList(["--provider-name", "aws", provider]);
        const request = new protocol.ParameterizeRequest().setArgs(args);
        await unary(client, service.ResourceProviderService.parameterize, request);
        return client;
    }
}

function unary<Request extends Message, Response extends Message>(
    client: grpc.Client,
    { path, requestSerialize, responseDeserialize }: grpc.MethodDefinition<Request, Response>,
    request: Request,
): Promise<Response> {
    return new Promise((resolve, reject) => {
        client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, answer) => {
            if (answer) {
                resolve(answer);
            } else {
                reject(error ?? new Error(`${path} returned no response.`));
            }
        });
    });
}
