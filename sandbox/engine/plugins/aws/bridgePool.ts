import { isDeepStrictEqual } from "node:util";
import type { Message } from "google-protobuf";
import type protocol from "@pulumi/pulumi/proto/provider_pb.js";
import { Bridge, type BridgeOptions } from "./bridge.ts";

/** A cancelled bridge refuses further work; it gets this long to give up what it was doing. */
const CANCEL_MILLISECONDS = 30_000;

interface Member {
    readonly bridge: Bridge;
    /** The configuration it was given, and what it said to it. */
    configuration?: { readonly args: unknown; readonly answer: Promise<Message> };
}

/**
 * Bridges by configuration. A bridge takes one in its life, so there is one for each that was ever asked for; the next engine
 * that comes with the same configuration finds it ready.
 */
export class BridgePool {
    private readonly options: BridgeOptions;
    private readonly members = new Set<Member>();

    /** Starts a first bridge at once. */
    constructor(options: BridgeOptions) {
        this.options = options;
        this.any();
    }

    /** Some bridge, for what is the same to all: the schema, the check of a configuration. */
    any(): Bridge {
        const [first = this.add()] = this.members;
        return first.bridge;
    }

    /** The bridge with that configuration, and its answer to it. */
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

    /** Gives up what a bridge is doing. Nobody gets it afterwards. */
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
