/**
 * The plugin for `@pulumi/command` where the vendor's is not available: local.Command and remote.Command, with the vendor's
 * defaults, diffs, messages and logs. The engine starts it or attaches to a running one.
 */
import { randomBytes } from "node:crypto";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import protocol from "@pulumi/pulumi/proto/provider_pb.js";
import { execute, type Outputs } from "./execution.ts";
import {
    changedInputs,
    checkInputs,
    kindOf,
    revealed,
    stateOf,
    UNKNOWN,
    type Change,
    type WireObject,
} from "./inputs.ts";
import { EngineLog } from "../engineLog.ts";
import { pinnedVersion } from "../../versions.ts";
import { handler, nothing, pluginInfo, servePlugin } from "../rpc.ts";

/** A connection of an engine. */
interface Session {
    readonly log: EngineLog;
    /** Ends the commands that run for this engine. */
    readonly abort: AbortController;
}

const UNKNOWN_OUTPUTS = { stdout: UNKNOWN, stderr: UNKNOWN };
const { Kind } = protocol.PropertyDiff;
const KINDS: Readonly<Record<Change["kind"], readonly [protocol.PropertyDiff.Kind, protocol.PropertyDiff.Kind]>> = {
    add: [Kind.ADD, Kind.ADD_REPLACE],
    delete: [Kind.DELETE, Kind.DELETE_REPLACE],
    update: [Kind.UPDATE, Kind.UPDATE_REPLACE],
};
const sessions = new Map<string, Session>();

function startSession(connection: string, address: string | undefined): Session {
    const session: Session = { log: new EngineLog(address), abort: new AbortController() };
    sessions.set(connection, session);
    return session;
}

function run(connection: string, urn: string, command: string, state: WireObject): Promise<Outputs> {
    const session = sessions.get(connection) ?? startSession(connection, process.argv[2]);
    return execute(kindOf(urn), command, state, {
        status: (line) => {
            session.log.status(urn, line);
        },
        signal: session.abort.signal,
    });
}

/** The first of the named inputs that is set; "" if none is. */
function commandIn(inputs: WireObject, ...names: readonly string[]): string {
    const found = names.map((name) => revealed(inputs[name] ?? null)).find((value) => value !== null);
    return typeof found === "string" ? found : "";
}

function outputsIn(state: WireObject): Outputs {
    return { stdout: commandIn(state, "stdout"), stderr: commandIn(state, "stderr") };
}

function read(values: struct.Struct | undefined): WireObject {
    return values?.toJavaScript() ?? {};
}

function written(values: WireObject): struct.Struct {
    return struct.Struct.fromJavaScript(values);
}

const check = handler(protocol.CheckRequest, (request) => {
    const { inputs, failures } = checkInputs(kindOf(request.getUrn()), read(request.getNews()));
    return new protocol.CheckResponse()
        .setInputs(written(inputs))
        .setFailuresList(
            failures.map(({ property, reason }) => new protocol.CheckFailure().setProperty(property).setReason(reason)),
        );
});

const diff = handler(protocol.DiffRequest, (request) => {
    const changes = changedInputs(read(request.getOldInputs() ?? request.getOlds()), read(request.getNews()));
    const { DIFF_SOME, DIFF_NONE } = protocol.DiffResponse.DiffChanges;
    const response = new protocol.DiffResponse()
        .setChanges(changes.size > 0 ? DIFF_SOME : DIFF_NONE)
        .setDiffsList([...changes.keys()])
        .setReplacesList([...changes].filter(([, { replace }]) => replace).map(([key]) => key))
        .setHasdetaileddiff(true);
    for (const [key, { kind, replace }] of changes) {
        const property = new protocol.PropertyDiff().setKind(KINDS[kind][replace ? 1 : 0]).setInputdiff(true);
        response.getDetaileddiffMap().set(key, property);
    }
    return response;
});

const create = handler(protocol.CreateRequest, async (request, connection) => {
    const urn = request.getUrn();
    const inputs = read(request.getProperties());
    const command = commandIn(inputs, "create");
    const response = new protocol.CreateResponse();
    if (request.getPreview()) {
        return response.setProperties(written(stateOf(inputs, UNKNOWN_OUTPUTS)));
    }
    const outputs = command ? await run(connection, urn, command, inputs) : { stdout: "", stderr: "" };
    const name = urn.split("::").slice(3).join("::");
    return response.setId(`${name}${randomBytes(4).toString("hex")}`).setProperties(written(stateOf(inputs, outputs)));
});

const update = handler(protocol.UpdateRequest, async (request, connection) => {
    const inputs = read(request.getNews());
    const previous = outputsIn(read(request.getOlds()));
    const command = commandIn(inputs, "update", "create");
    const response = new protocol.UpdateResponse();
    if (!command || request.getPreview()) {
        return response.setProperties(written(stateOf(inputs, command ? UNKNOWN_OUTPUTS : previous)));
    }
    const outputs = await run(connection, request.getUrn(), command, { ...inputs, ...previous });
    return response.setProperties(written(stateOf(inputs, outputs)));
});

const remove = handler(protocol.DeleteRequest, async (request, connection) => {
    const state = read(request.getProperties());
    const command = commandIn(state, "delete");
    if (command) {
        await run(connection, request.getUrn(), command, state);
    }
    return nothing();
});

await servePlugin({
    getPluginInfo: () => pluginInfo(pinnedVersion("command")),
    attach: handler(plugin.PluginAttach, (request, connection) => {
        startSession(connection, request.getAddress());
        return nothing();
    }),
    configure: () => new protocol.ConfigureResponse().setAcceptsecrets(true).setSupportspreview(true),
    check,
    diff,
    create,
    // The effects of a command can't be read, so the state stays as it is.
    read: handler(protocol.ReadRequest, (request) =>
        new protocol.ReadResponse()
            .setId(request.getId())
            .setProperties(request.getProperties())
            .setInputs(request.getInputs()),
    ),
    update,
    delete: remove,
    // The engine also cancels at the end of each `pulumi` command, when nothing is running.
    cancel: (_request, connection) => {
        sessions.get(connection)?.abort.abort();
        sessions.delete(connection);
        return nothing();
    },
});
