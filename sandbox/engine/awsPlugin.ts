/**
 * The plugin behind `@pulumi/aws` where the vendor's can't be had: a proxy that speaks Pulumi's provider protocol and passes
 * each call on to the Terraform bridge, with the names changed. The engine starts it, or attaches to one already running.
 */
import { isDeepStrictEqual } from "node:util";
import type { Message } from "google-protobuf";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import protocol from "@pulumi/pulumi/proto/provider_pb.js";
import { rewriteForBridge } from "./awsRewrite.ts";
import { Bridge } from "./bridge.ts";
import { pinnedVersion } from "./parts.ts";
import { handler, method, methods, nothing, pluginInfo, servePlugin, type Handler } from "./rpc.ts";

/** A cancelled bridge refuses further work; it gets this long to give up what it was doing. */
const CANCEL_MILLISECONDS = 30_000;

interface Configured {
    readonly args: unknown;
    readonly bridge: Bridge;
    readonly answer: Promise<Message>;
}

/** One connection of an engine: one provider resource with one configuration. */
interface Session {
    readonly engine: string | undefined;
    configured?: Configured;
    underWay: number;
}

const { VPC_PEERING_LAB_BRIDGE = "", VPC_PEERING_LAB_TERRAFORM_PROVIDER = "" } = process.env;
const sessions = new Map<string, Session>();
// A bridge takes one configuration in its life, so there is one for each configuration that was ever asked for. The next
// engine that comes with the same configuration finds it ready.
const configured: Configured[] = [];
let spare: Bridge | undefined = new Bridge(VPC_PEERING_LAB_BRIDGE, VPC_PEERING_LAB_TERRAFORM_PROVIDER);

function sessionOf(connection: string): Session {
    const session = sessions.get(connection) ?? { engine: process.argv[2], underWay: 0 };
    sessions.set(connection, session);
    return session;
}

function takeSpare(): Bridge {
    const bridge = spare ?? new Bridge(VPC_PEERING_LAB_BRIDGE, VPC_PEERING_LAB_TERRAFORM_PROVIDER);
    spare = undefined;
    return bridge;
}

function forget(entry: Configured): void {
    const index = configured.indexOf(entry);
    if (index >= 0) {
        configured.splice(index, 1);
    }
}

/** Gives the session the bridge with its configuration. */
async function configure(request: protocol.ConfigureRequest, connection: string): Promise<Message> {
    const session = sessionOf(connection);
    rewriteForBridge(request);
    const args: unknown = request.getArgs()?.toJavaScript();
    let entry = configured.find((each) => isDeepStrictEqual(each.args, args));
    if (!entry) {
        const bridge = takeSpare();
        entry = { args, bridge, answer: bridge.call(method("configure"), request) };
        configured.push(entry);
    }
    session.configured = entry;
    try {
        const answer = await entry.answer;
        if (session.engine) {
            await entry.bridge.attach(session.engine);
        }
        return answer;
    } catch (error) {
        forget(entry);
        entry.bridge.stop();
        throw error;
    }
}

/** The engine cancels at the end of each command too; only where work is under way does it mean something. */
async function cancel(request: Message, connection: string): Promise<Message> {
    const session = sessionOf(connection);
    const entry = session.configured;
    if (entry && session.underWay > 0) {
        forget(entry);
        await entry.bridge.call(method("cancel"), request);
        setTimeout(() => {
            entry.bridge.stop();
        }, CANCEL_MILLISECONDS).unref();
    }
    return nothing();
}

/** Calls before the configuration (the check of the configuration, the schema) are the same to every bridge. */
function passOn(name: string): Handler {
    return async (request, connection) => {
        const session = sessionOf(connection);
        const bridge = session.configured?.bridge ?? configured[0]?.bridge ?? (spare ??= takeSpare());
        const back = rewriteForBridge(request);
        session.underWay++;
        try {
            return back(await bridge.call(method(name), request));
        } finally {
            session.underWay--;
        }
    };
}

const passedOn = Object.keys(methods).filter((name) => !["handshake", "parameterize", "list"].includes(name));
await servePlugin({
    ...Object.fromEntries(passedOn.map((name) => [name, passOn(name)])),
    configure: handler(protocol.ConfigureRequest, configure),
    cancel,
    attach: handler(plugin.PluginAttach, (request, connection) => {
        sessions.set(connection, { engine: request.getAddress(), underWay: 0 });
        return nothing();
    }),
    getPluginInfo: () => pluginInfo(pinnedVersion("aws")),
});
