import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import type { Telling } from "./telling.ts";

/** The program's outputs, by name. */
export type Outputs = Readonly<Record<string, unknown>>;

/** How many resources were created, deleted and so on. */
export type Changes = Readonly<Record<string, number>>;

/** The results of a command, from the engine's events. */
export interface Told {
    readonly changes: Changes;
    readonly outputs: Outputs;
}

/** Where a stack is. */
export interface StackLocation {
    readonly stack: string;
    /** The project's folder. */
    readonly cwd: string;
    /** The file with its settings. */
    readonly settingsFile: string;
    /** The URL of the backend that has its state. */
    readonly backend: string;
}

/**
 * Runs a command of the CLI, and tells each changed resource and each message. Reads the CLI's event
 * stream, because the Automation API would run two or three more commands each time, and takes a second to load. When the
 * command fails, throws the error messages of its events.
 */
export async function pulumi(
    command: "up" | "destroy" | "preview",
    { stack, cwd, settingsFile, backend }: StackLocation,
    telling: Telling,
): Promise<Told> {
    // A preview makes way for what changes something meanwhile.
    const start =
        command === "preview"
            ? ["nice", "-n", "19", "pulumi", command]
            : ["pulumi", command, "--yes", "--skip-preview"];
    const options = ["--json", "--non-interactive", "--stack", stack, "--config-file", settingsFile];
    const env = {
        ...process.env,
        PULUMI_BACKEND_URL: backend,
        // Otherwise a preview's JSON is no stream of events.
        PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true",
    };
    const [program = "", ...args] = [...start, ...options];
    const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    const ended = once(child, "close") as Promise<[number | null, string | null]>;
    const stderr = text(child.stderr);
    const events = [];
    for await (const line of createInterface(child.stdout)) {
        if (line.startsWith("{")) {
            const event = JSON.parse(line) as EngineEvent;
            tell(event, telling);
            events.push(event);
        }
    }
    const [code, signal] = await ended;
    if (code !== 0) {
        const errors = events.flatMap(({ diagnosticEvent: said }) => (said?.severity === "error" ? said.message : []));
        const message = errors.length > 0 ? errors.join("") : await stderr;
        throw new Error(message.trim() || `pulumi ${command}: ${code ?? signal ?? ""}`);
    }
    const stackEvent = events.findLast(({ resOutputsEvent: done }) => done?.metadata.type === "pulumi:pulumi:Stack");
    return {
        changes: events.findLast(({ summaryEvent }) => summaryEvent)?.summaryEvent?.resourceChanges ?? {},
        outputs: stackEvent?.resOutputsEvent?.metadata.new?.outputs ?? {},
    };
}

/** Tells an event: a resource operation that succeeded or failed, or a message. */
function tell({ resOutputsEvent, resOpFailedEvent, diagnosticEvent }: EngineEvent, { say, note }: Telling): void {
    const done = resOutputsEvent?.metadata ?? resOpFailedEvent?.metadata;
    if (done && done.op !== "same") {
        const { type, urn } = done;
        note(`${(resOpFailedEvent ? "FAILED" : done.op).padEnd(18)} ${urn.split("::").at(-1) ?? urn} (${type})`);
    }
    // The stream also has debug messages, which the type does not declare. They contain secrets.
    const { severity = "", message = "" } = diagnosticEvent ?? {};
    if (["info", "info#err", "warning", "error"].includes(severity)) {
        say(`${severity}: ${message.trim()}`);
    }
}
