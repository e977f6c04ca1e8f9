import { isDeepStrictEqual } from "node:util";
import type { Message } from "google-protobuf";
import type protocol from "@pulumi/pulumi/proto/provider_pb.js";
import { Bridge, type BridgeOptions } from "./bridge.ts";

/** A cancelled bridge refuses further calls. It has this time to cancel the calls in progress. */
const CANCEL_MILLISECONDS = 30_000;

interface Member {
    readonly bridge: Bridge;
    /** The bridge's configuration and its response. */
    configuration?: { readonly args: unknown; readonly answer: Promise<Message> };
}

/**
 * Bridges by configuration. A bridge can be configured only once, so there is one bridge for each configuration; engines
 * with the same configuration share it.
 */
export class BridgePool {
    private readonly options: BridgeOptions;
    private readonly members = new Set<Member>();

    /** Starts the first bridge. */
    constructor(options: BridgeOptions) {
        this.options = options;
        this.any();
    }

    /** Any bridge, for calls that do not depend on the configuration, such as GetSchema and CheckConfig. */
    any(): Bridge {
        const [first = this.add()] = this.members;
        return first.bridge;
    }

    /** The bridge with the requested configuration, and its response to Configure. */
    async configured(request: protocol.ConfigureRequest): Promise<{ bridge: Bridge; answer: Message }> {
        const args: unknown = request.getArgs()?.toJavaScript();
        const members = [...this.members];
        const member =
            members.find(({ configuration }) => configuration && isDeepStrictEqual(configuration.args, args)) ??
            members.find(({ configuration }) => !configuration) ??
            this.add();
        member.configuration ??= { args, answer: member.bridge.call("configure", request) };
        try {
            return { bridge: member.bridge, answer: await member.configuration.answer };
        } catch (error) {
            this.members.delete(member);
            member.bridge.stop();
            throw error;
        }
    }

    /** Cancels the calls in progress and removes the bridge from the pool. */
    async cancel(bridge: Bridge, request: Message): Promise<void> {
        for (const member of this.members) {
            if (member.bridge === bridge) {
                this.members.delete(member);
            }
        }
        setTimeout(() => {
            bridge.stop();
        }, CANCEL_MILLISECONDS).unref();
        await bridge.call("cancel", request);
    }

    private add(): Member {
        const member: Member = {
            bridge: new Bridge(this.options, () => {
                this.members.delete(member);
            }),
        };
        this.members.add(member);
        return member;
    }
}
