import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import grpc from "@grpc/grpc-js";
import type { Message } from "google-protobuf";
import protocol from "@pulumi/pulumi/proto/provider_pb.js";
import { callPlugin, channelOptions, method } from "../rpc.ts";

/** What a bridge is made of. */
export interface BridgeOptions {
    /** The bridge's program. */
    readonly program: string;
    /** The Terraform provider's program. */
    readonly provider: string;
    /** Address of the engine that takes the log. */
    readonly log: string;
}

/** A process of the Terraform bridge that runs one Terraform provider, which can be configured once. */
export class Bridge {
    private readonly process: ChildProcess;
    private readonly client: Promise<grpc.Client>;

    /** Starts it; `onEnd` is told when it ends, for whatever reason. */
    constructor({ program, provider, log }: BridgeOptions, onEnd: () => void) {
        // Interrupted, the bridge ends the Terraform provider and itself; the end of this process does that, whatever ended it.
        this.process = spawn("setpriv", ["--pdeathsig", "INT", program, log], { stdio: ["ignore", "pipe", "inherit"] });
        this.process.once("close", onEnd);
        this.client = this.connect(provider);
        // Whoever calls sees the error.
        this.client.catch(() => undefined);
    }

    /** Passes a call of the provider protocol on. */
    async call(name: string, request: Message): Promise<Message> {
        return callPlugin(await this.client, method(name), request);
    }

    /** Ends the bridge and with it the Terraform provider. */
    stop(): void {
        this.process.kill("SIGINT");
    }

    private async connect(provider: string): Promise<grpc.Client> {
        const port = await new Promise<string>((resolve, reject) => {
            const { stdout } = this.process;
            this.process.once("error", reject);
            this.process.once("close", () => {
                reject(new Error("The Terraform bridge did not start."));
            });
            if (stdout) {
                createInterface(stdout).once("line", resolve);
            }
        });
        const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), channelOptions);
        const args = new protocol.ParameterizeRequest.ParametersArgs();
        args.setArgsList(["--provider-name", "aws", provider]);
        await callPlugin(client, method("parameterize"), new protocol.ParameterizeRequest().setArgs(args));
        return client;
    }
}
