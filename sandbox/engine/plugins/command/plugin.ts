/**
 * The plugin for `@pulumi/command` where the vendor's is not available: local.Command, with the vendor's diffs, messages and
 * logs. The engine starts it or attaches to a running one.
 */
import { randomBytes } from "node:crypto";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import protocol from "@pulumi/pulumi/proto/provider_pb.js";
import { execute, type Outputs } from "./execution.ts";
import { changedInputs, failuresOf, revealed, stateOf, UNKNOWN } from "./inputs.ts";
import type { EngineLog } from "../engineLog.ts";
import { nothing, servePlugin } from "../rpc.ts";
import type { WireObject } from "../wire.ts";

/** A connection of an engine. */
interface Session {
    readonly log: EngineLog;
    /** Ends the commands that run for this engine. */
    abort: AbortController;
}

/** The inputs and outputs of a command that are text. */
type Texts = Partial<Record<"create" | "update" | "delete" | "stdout" | "stderr", string | null>>;

const UNKNOWN_OUTPUTS = { stdout: UNKNOWN, stderr: UNKNOWN };

function run({ log, abort }: Session, urn: string, command: string, state: WireObject): Promise<Outputs> {
    const status = (line: string) => {
        log.status(urn, line);
    };
    return execute(command, state, { status, signal: abort.signal });
}

function textsIn(values: WireObject): Texts {
    return revealed(values) as Texts;
}

function read(values: struct.Struct | undefined): WireObject {
    return values?.toJavaScript() ?? {};
}

function stateWith(inputs: WireObject, outputs: Outputs): struct.Struct {
    return struct.Struct.fromJavaScript(stateOf(inputs, outputs));
}

await servePlugin<Session>("command", (log) => ({ log, abort: new AbortController() }), {
    configure: () => new protocol.ConfigureResponse().setAcceptsecrets(true).setSupportspreview(true),
    check: (request) => {
        const inputs = read(request.getNews());
        return new protocol.CheckResponse()
            .setInputs(struct.Struct.fromJavaScript(inputs))
            .setFailuresList(
                failuresOf(request.getUrn(), inputs).map(({ property, reason }) =>
                    new protocol.CheckFailure().setProperty(property).setReason(reason),
                ),
            );
    },
    diff: (request) => {
        const changes = changedInputs(read(request.getOldInputs() ?? request.getOlds()), read(request.getNews()));
        const { DIFF_SOME, DIFF_NONE } = protocol.DiffResponse.DiffChanges;
        const response = new protocol.DiffResponse()
            .setChanges(changes.size > 0 ? DIFF_SOME : DIFF_NONE)
            .setDiffsList([...changes.keys()])
            .setReplacesList([...changes].filter(([, change]) => change.endsWith("_REPLACE")).map(([key]) => key))
            .setHasdetaileddiff(true);
        for (const [key, change] of changes) {
            const kind = protocol.PropertyDiff.Kind[change];
            response.getDetaileddiffMap().set(key, new protocol.PropertyDiff().setKind(kind).setInputdiff(true));
        }
        return response;
    },
    create: async (request, session) => {
        const urn = request.getUrn();
        const inputs = read(request.getProperties());
        const response = new protocol.CreateResponse();
        if (request.getPreview()) {
            return response.setProperties(stateWith(inputs, UNKNOWN_OUTPUTS));
        }
        const { create } = textsIn(inputs);
        const outputs = create ? await run(session, urn, create, inputs) : { stdout: "", stderr: "" };
        const name = urn.split("::").slice(3).join("::");
        return response.setId(`${name}${randomBytes(4).toString("hex")}`).setProperties(stateWith(inputs, outputs));
    },
    // The effects of a command can't be read, so the state stays as it is.
    read: (request) =>
        new protocol.ReadResponse()
            .setId(request.getId())
            .setProperties(request.getProperties())
            .setInputs(request.getInputs()),
    update: async (request, session) => {
        const inputs = read(request.getNews());
        const { stdout, stderr } = textsIn(read(request.getOlds()));
        const previous = { stdout: stdout ?? "", stderr: stderr ?? "" };
        const { create, update } = textsIn(inputs);
        const command = update ?? create;
        const response = new protocol.UpdateResponse();
        if (!command || request.getPreview()) {
            return response.setProperties(stateWith(inputs, command ? UNKNOWN_OUTPUTS : previous));
        }
        const outputs = await run(session, request.getUrn(), command, { ...inputs, ...previous });
        return response.setProperties(stateWith(inputs, outputs));
    },
    delete: async (request, session) => {
        const state = read(request.getProperties());
        const { delete: command } = textsIn(state);
        if (command) {
            await run(session, request.getUrn(), command, state);
        }
        return nothing();
    },
    // The engine also cancels at the end of each `pulumi` command, when nothing is running.
    cancel: (_request, session) => {
        session.abort.abort();
        session.abort = new AbortController();
        return nothing();
    },
});
