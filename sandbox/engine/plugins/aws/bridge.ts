import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import grpc from "@grpc/grpc-js";
import type { Message } from "google-protobuf";
import service from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import protocol from "@pulumi/pulumi/proto/provider_pb.js";
import { firstLineOf } from "../../../cache/process.ts";
import { channelOptions } from "../rpc.ts";
import { CrashLog } from "./crashLog.ts";

/** The executables of the bridge and of the Terraform provider. */
const { VPC_PEERING_LAB_BRIDGE: program = "", VPC_PEERING_LAB_TERRAFORM_PROVIDER: provider = "" } = process.env;

/** A call fails when the Terraform provider ends, and the bridge prints why a moment later. */
const CRASH_MILLISECONDS = 2000;

/** A Terraform bridge process that runs one Terraform provider. It can be configured only once. */
export class Bridge {
    /** The bridge's configuration and its response. */
    configuration?: { readonly args: unknown; readonly answer: Promise<protocol.ConfigureResponse> };
    private readonly process: ChildProcess;
    private readonly client: Promise<grpc.Client>;
    /** Resolves with a message if the Terraform provider crashes. */
    private readonly crash: Promise<string>;

    /** Starts the process, which logs to the server at `log`; `onEnd` is called when it is of no more use, for any reason. */
    constructor(log: string, onEnd: () => void) {
        // On SIGINT the bridge ends the Terraform provider and itself. It gets one whenever this process ends.
        const bridge = spawn("setpriv", ["--pdeathsig", "INT", program, log], {
            stdio: ["ignore", "pipe", "pipe"],
            env: { TF_LOG_PROVIDER: "ERROR", ...process.env },
        });
        this.process = bridge;
        bridge.once("close", onEnd);
        this.crash = crashOf(bridge.stderr);
        void this.crash.then(() => {
            // The bridge would answer all further calls with errors.
            onEnd();
            this.stop();
        });
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

    /** Replaces the message of an error by that of the crash that it comes from, if it comes from one. */
    async explain(error: grpc.ServiceError): Promise<grpc.ServiceError> {
        if (error.code !== grpc.status.UNAVAILABLE && !/\bEOF\b|transport: |= Unavailable/.test(error.details)) {
            return error;
        }
        const crash = await Promise.race([this.crash, sleep(CRASH_MILLISECONDS)]);
        return crash === undefined ? error : Object.assign(error, { details: crash });
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

/** Resolves with a message if the output of a bridge says that the Terraform provider crashed, and passes on what else it says. */
function crashOf(output: Readable): Promise<string> {
    const log = new CrashLog();
    return new Promise((resolve) => {
        createInterface(output).on("line", (line) => {
            const { other, crash } = log.take(line);
            if (other !== undefined) {
                console.error(other);
            }
            if (crash !== undefined) {
                resolve(crash);
            }
        });
    });
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
