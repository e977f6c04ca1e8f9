import { spawn } from "node:child_process";
import { once } from "node:events";

/** A command to run, with handlers for its output. */
export interface Task {
    readonly command: string;
    readonly interpreter?: readonly string[];
    readonly dir?: string;
    readonly environment: Readonly<Record<string, string>>;
    readonly stdin: string;
    readonly onStdout: (text: string) => void;
    readonly onStderr: (text: string) => void;
    /** Ends the command. */
    readonly signal: AbortSignal;
}

/**
 * Runs a command, and waits until nothing has its output open any more. When the engine cancels, the command's process is
 * killed and no other, as by the vendor's plugin. Throws if it fails.
 */
export async function runLocal(task: Task): Promise<void> {
    const [program = "", ...args] = task.interpreter?.length ? task.interpreter : ["/bin/sh", "-c"];
    const child = spawn(program, [...args, task.command], {
        cwd: task.dir,
        env: { ...process.env, ...task.environment },
    });
    const end = () => child.kill("SIGKILL");
    task.signal.addEventListener("abort", end);
    child.stdout.setEncoding("utf8").on("data", task.onStdout);
    child.stderr.setEncoding("utf8").on("data", task.onStderr);
    // A command may exit without reading its input.
    child.stdin.on("error", () => undefined).end(task.stdin);
    const [code, signal] = (await once(child, "close").finally(() => {
        task.signal.removeEventListener("abort", end);
    })) as [number | null, string | null];
    if (code !== 0) {
        throw new Error(signal ? `signal: ${signal}` : `exit status ${code ?? ""}`);
    }
}
