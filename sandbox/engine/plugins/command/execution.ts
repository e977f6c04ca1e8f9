import { messageOf } from "../../../cache/process.ts";
import type { WireObject } from "../wire.ts";
import { revealed } from "./inputs.ts";
import { runLocal, type Task } from "./run.ts";

/** A command's output, without the final newline. */
export interface Outputs {
    readonly stdout: string;
    readonly stderr: string;
}

/** The inputs that control how a command runs, and the outputs of its previous run. */
interface Settings extends Pick<Task, "interpreter" | "dir">, Partial<Outputs> {
    readonly environment?: Readonly<Record<string, string>>;
    readonly addPreviousOutputInEnv?: boolean;
    readonly stdin?: string;
    readonly logging?: "stdout" | "stderr" | "stdoutAndStderr" | "none";
}

/**
 * Runs one of a resource's commands with the settings in `state`, and shows its lines by `status`. If it fails, the error
 * includes all output.
 */
export async function execute(
    command: string,
    state: WireObject,
    { status, signal }: { status: (line: string) => void; signal: AbortSignal },
): Promise<Outputs> {
    const settings = revealed(state) as Settings;
    const { logging = "stdoutAndStderr" } = settings;
    const all: string[] = [];
    const stdout = collector(all, /^stdout/.test(logging) ? status : undefined);
    const stderr = collector(all, /stderr$/i.test(logging) ? status : undefined);
    const task: Task = {
        ...settings,
        command,
        environment: { ...settings.environment, ...previousOutputs(settings) },
        stdin: settings.stdin ?? "",
        onStdout: stdout.add,
        onStderr: stderr.add,
        signal,
    };
    try {
        await runLocal(task);
    } catch (error) {
        throw new Error(`${messageOf(error)}: running ${JSON.stringify(command)}:\n${all.join("")}`, { cause: error });
    }
    return { stdout: stdout.end(), stderr: stderr.end() };
}

function previousOutputs({ addPreviousOutputInEnv = true, stdout, stderr }: Settings): Record<string, string> {
    return {
        ...(addPreviousOutputInEnv && stdout && { PULUMI_COMMAND_STDOUT: stdout }),
        ...(addPreviousOutputInEnv && stderr && { PULUMI_COMMAND_STDERR: stderr }),
    };
}

/** Collects the text of a stream, also in `all`, and calls `onLine` for each line. */
function collector(all: string[], onLine: ((line: string) => void) | undefined) {
    let text = "";
    let line = "";
    return {
        add: (part: string) => {
            text += part;
            all.push(part);
            const lines = (line + part).split("\n");
            line = lines.pop() ?? "";
            lines.forEach((each) => onLine?.(each));
        },
        end: () => {
            if (line !== "") {
                onLine?.(line);
            }
            return text.replace(/\n$/, "");
        },
    };
}
