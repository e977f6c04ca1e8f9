import { liveLine } from "../cache/tool.mjs";
import type { SandboxContext } from "../context.ts";

/** Tells people what is going on. */
export interface Telling {
    /** Says something that they should see. */
    readonly say: (line: string) => void;
    /** Notes what the engine does to a resource. */
    readonly note: (line: string) => void;
}

export const silent: Telling = { say: () => undefined, note: () => undefined };

/** How often a run that is not on a terminal says how far it is, in milliseconds. */
const PROGRESS_INTERVAL = 15_000;

/**
 * Tells what happens in an act, each line with the time since it began. A terminal shows the latest note in
 * one line; elsewhere a line gives their number from time to time. An act that fails prints all of them, and with `isVerbose` each
 * act does so at once.
 */
export class ActTelling implements Telling {
    readonly #log: SandboxContext["log"];
    readonly #isVerbose: boolean;
    readonly #live: ReturnType<typeof liveLine>;
    readonly #notes: string[] = [];
    readonly #timer: NodeJS.Timeout;
    #start = performance.now();
    #told = 0;

    constructor(title: string, log: SandboxContext["log"], isVerbose: boolean) {
        this.#log = log;
        this.#isVerbose = isVerbose;
        this.#live = liveLine(`  ${title}`);
        this.#timer = setInterval(() => {
            this.#tellProgress();
        }, PROGRESS_INTERVAL);
    }

    /** Seconds since the act began. */
    get seconds(): number {
        return (performance.now() - this.#start) / 1000;
    }

    readonly say = (line: string): void => {
        this.#live.update("");
        this.#log(this.#timed(line));
    };

    readonly note = (line: string): void => {
        const timed = this.#timed(line);
        this.#notes.push(timed);
        this.#live.update(line.replace(/ \(.*/, "").replaceAll(/ +/g, " "));
        if (this.#isVerbose) {
            this.#log(timed);
        }
    };

    /** Waits for a person, whose time does not count. */
    async pause(wait: () => Promise<void>): Promise<void> {
        const begun = performance.now();
        this.#live.end();
        clearInterval(this.#timer);
        await wait();
        this.#start += performance.now() - begun;
    }

    /** Ends the act. */
    end(hasFailed: boolean): void {
        this.#live.end();
        clearInterval(this.#timer);
        if (hasFailed && !this.#isVerbose) {
            this.#notes.forEach(this.#log);
        }
    }

    #timed(line: string): string {
        return `  ${this.seconds.toFixed(1).padStart(5)} s  ${line}`;
    }

    #tellProgress(): void {
        const count = this.#notes.length;
        if (!process.stderr.isTTY && !this.#isVerbose && count > this.#told) {
            this.#told = count;
            this.say(`${count} resources so far`);
        }
    }
}
