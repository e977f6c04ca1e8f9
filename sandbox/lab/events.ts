import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";

/** The program's outputs, by name. */
export type Outputs = Readonly<Record<string, unknown>>;

/** What the engine's events told of a command. */
export interface Told {
    /** How many resources were created, deleted and so on. */
    readonly changes: Readonly<Record<string, number>>;
    readonly outputs: Outputs;
}

/**
 * Carries out a command of the engine's and tells what it does, a line for each resource that is done and for each
 * message; gives what the events said of changes and outputs. When the command fails, throws what they said of why.
 */
export async function listen(
    log: (line: string) => void,
    command: (onEvent: (event: EngineEvent) => void) => Promise<unknown>,
): Promise<Told> {
    const told: { -readonly [Key in keyof Told]: Told[Key] } = { changes: {}, outputs: {} };
    const errors: string[] = [];
    const describe = ({ op, type, urn }: { op: string; type: string; urn: string }): string =>
        `${op.padEnd(18)} ${urn.split("::").at(-1) ?? urn} (${type})`;
    const onEvent = ({ resOutputsEvent, resOpFailedEvent, diagnosticEvent, summaryEvent }: EngineEvent): void => {
        if (resOutputsEvent && resOutputsEvent.metadata.op !== "same") {
            log(describe(resOutputsEvent.metadata));
        }
        if (resOutputsEvent?.metadata.type === "pulumi:pulumi:Stack") {
            told.outputs = resOutputsEvent.metadata.new?.outputs ?? {};
        }
        if (resOpFailedEvent) {
            log(describe({ ...resOpFailedEvent.metadata, op: "FAILED" }));
        }
        // The stream has debug messages too, of which the type does not know: they hold secrets, and nobody asked for them.
        if (diagnosticEvent && ["info", "info#err", "warning", "error"].includes(diagnosticEvent.severity)) {
            // The text has marks for colors, such as <{%reset%}>.
            const text = diagnosticEvent.message.replaceAll(/<\{%.*?%\}>/g, "").trim();
            log(`${diagnosticEvent.severity}: ${text}`);
            if (diagnosticEvent.severity === "error") {
                errors.push(text);
            }
        }
        if (summaryEvent) {
            told.changes = summaryEvent.resourceChanges;
        }
    };
    try {
        await command(onEvent);
    } catch (error) {
        // The command's own text is its whole output, which has been told already.
        throw errors.length > 0 ? new Error(errors.join("\n"), { cause: error }) : error;
    }
    return told;
}
