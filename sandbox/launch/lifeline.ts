import { readdirSync, readFileSync } from "node:fs";
import { Socket } from "node:net";
import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

/** Signals that end a run. */
export const endSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

type EndSignal = (typeof endSignals)[number];

/** Descriptor of the pipe to the process above, which passes signals down as lines; it closes when that process ends. */
const LIFELINE = 3;

/** How long a command may go on after SIGTERM or SIGHUP, in milliseconds. */
const GRACE = 5_000;

/** Listens to the process above: `onLine` gets what it passes down, `onEnd` is called when it ends. */
export function holdLifeline(onLine: (line: string) => void, onEnd: () => void): void {
    const lifeline = new Socket({ fd: LIFELINE, readable: true, writable: false });
    lifeline.on("data", (lines) => {
        for (const line of lines.toString().trim().split("\n")) {
            onLine(line);
        }
    });
    lifeline.on("error", onEnd).on("close", onEnd);
    // It must not keep a process alive that has nothing else to do.
    lifeline.unref();
}

/** Ends the run on an end signal; the returned AbortSignal is aborted then, with the signal's name as reason. */
export function obeyEndSignals(): AbortSignal {
    const ending = new AbortController();
    let interrupted = 0;
    const end = (signal: EndSignal): void => {
        ending.abort(signal);
        if (signal !== "SIGINT") {
            setTimeout(() => process.exit(128 + constants.signals[signal]), GRACE).unref();
        }
    };
    process.on("SIGINT", () => {
        // Ctrl-C: the terminal has told the command in front as well, and it may finish in an orderly way.
        interrupted = Date.now();
        end("SIGINT");
    });
    const passDown = async (signal: EndSignal): Promise<void> => {
        if (signal === "SIGINT") {
            // After Ctrl-C the processes above pass it down too; a second signal would interrupt an orderly exit.
            await sleep(200);
            if (Date.now() - interrupted < 1_000) {
                return;
            }
        }
        for (const pid of foreground()) {
            try {
                process.kill(pid, signal);
            } catch {
                // It has ended meanwhile.
            }
        }
        end(signal);
    };
    holdLifeline(
        (line) => void passDown(line as EndSignal),
        () => process.exit(),
    );
    return ending.signal;
}

/** The command in front and what it started: all that share this process's session, but for the first process. */
function foreground(): number[] {
    const sessionOf = (pid: string): string | undefined => {
        try {
            const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
            return stat.slice(stat.lastIndexOf(")")).split(" ")[4];
        } catch {
            // It has ended meanwhile.
            return undefined;
        }
    };
    const own = sessionOf("self");
    return readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name) && sessionOf(name) === own)
        .map(Number)
        .filter((pid) => pid !== 1 && pid !== process.pid);
}
