import { isDeepStrictEqual } from "node:util";
import type { ServiceError } from "@grpc/grpc-js";
import type { Empty } from "google-protobuf/google/protobuf/empty_pb.js";
import service from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import type protocol from "@pulumi/pulumi/proto/provider_pb.js";
import { Bridge } from "./bridge.ts";

/** A cancelled bridge refuses further calls. It has this time to cancel the calls in progress. */
const CANCEL_MILLISECONDS = 30_000;

/**
 * Bridges by configuration. A bridge can be configured only once, so there is one bridge for each configuration; engines
 * with the same configuration share it.
 */
export class BridgePool {
    private readonly log: string;
    private readonly bridges = new Set<Bridge>();

    /** Starts the first bridge. All of them log to the server at `log`. */
    constructor(log: string) {
        this.log = log;
        this.any();
    }

    /** Any bridge, for calls that do not depend on the configuration, such as GetSchema and CheckConfig. */
    any(): Bridge {
        const [first = this.add()] = this.bridges;
        return first;
    }

    /** The bridge with the requested configuration, and its response to Configure. */
    async configured(
        request: protocol.ConfigureRequest,
    ): Promise<{ bridge: Bridge; answer: protocol.ConfigureResponse }> {
        const args: unknown = request.getArgs()?.toJavaScript();
        const bridges = [...this.bridges];
        const bridge =
            bridges.find(({ configuration }) => configuration && isDeepStrictEqual(configuration.args, args)) ??
            bridges.find(({ configuration }) => !configuration) ??
            this.add();
        bridge.configuration ??= { args, answer: bridge.call(service.ResourceProviderService.configure, request) };
        try {
            return { bridge, answer: await bridge.configuration.answer };
        } catch (error) {
            this.bridges.delete(bridge);
            bridge.stop();
            throw await bridge.explain(error as ServiceError);
        }
    }

    /** Cancels the calls in progress and removes the bridge from the pool. */
    async cancel(bridge: Bridge, request: Empty): Promise<Empty> {
        this.bridges.delete(bridge);
        setTimeout(() => {
            bridge.stop();
        }, CANCEL_MILLISECONDS).unref();
        return bridge.call(service.ResourceProviderService.cancel, request);
    }

    private add(): Bridge {
        const bridge: Bridge = new Bridge(this.log, () => {
            this.bridges.delete(bridge);
        });
        this.bridges.add(bridge);
        return bridge;
    }
}
