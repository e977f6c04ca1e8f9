import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import grpc from "@grpc/grpc-js";
import type { Message } from "google-protobuf";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import protocol from "@pulumi/pulumi/proto/provider_pb.js";
import { callPlugin, channelOptions, method, type Method } from "./rpc.ts";

/** A process of the Terraform bridge that runs one Terraform provider, which can be configured once. */
export class Bridge {
    private readonly process: ChildProcess;
    private readonly client: Promise<grpc.Client>;

    /** Starts the bridge at `program` with the Terraform provider at `provider`. */
    constructor(program: string, provider: string) {
        // Without the address of an engine: it is attached to one when one comes. It ends itself and the Terraform provider
        // when interrupted, which the end of this process does, whatever ended it.
        this.process = spawn("setpriv", ["--pdeathsig", "INT", program], { stdio: ["ignore", "pipe", "inherit"] });
        this.client = this.connect(provider);
        // Whoever calls sees the error.
        this.client.catch(() => undefined);
    }

    /** Passes a call on. */
    async call(method: Method, request: Message): Promise<Message> {
        return callPlugin(await this.client, method, request);
    }

    /** Sends the log to the engine at `address` from now on. */
    async attach(address: string): Promise<void> {
        const request = new plugin.PluginAttach();
        request.setAddress(address);
        await this.call(method("attach"), request);
    }

    /** Ends the bridge and with it the Terraform provider. */
    stop(): void {
        this.process.kill("SIGINT");
    }

    private async connect(provider: string): Promise<grpc.Client> {
        const port = await new Promise<string>((resolve, reject) => {
            const { stdout } = this.process;
            this.process.once("error", reject);
            this.process.once("exit", () => {
                reject(new Error("The Terraform bridge ended."));
            });
            if (stdout) {
                createInterface(stdout).once("line", resolve);
            }
        });
        const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), channelOptions);
        const request = new protocol.ParameterizeRequest();
        const args = new protocol.ParameterizeRequest.ParametersArgs();
        args.setArgsList(["--provider-name", "aws", provider]);
        request.setArgs(args);
        await callPlugin(client, method("parameterize"), request);
        return client;
    }
}
