import { createInterface, type Interface } from "node:readline";
import type { Verdict } from "./report.ts";

/** How many predictions were asked for and given, and how many of them were right. */
export interface Score {
    readonly right: number;
    readonly given: number;
}

/** What a person types into, and what asks them. */
interface Terminal {
    readonly input: NodeJS.ReadableStream;
    readonly output: NodeJS.WritableStream;
}

/** Asks a person whether the packets of an act are answered, before the act shows it, and keeps the score. */
export class Predictions {
    readonly #lines: Interface;
    readonly #output: NodeJS.WritableStream;
    readonly #ending: AbortSignal;
    /** Lines that were not read yet. */
    readonly #typed: string[] = [];
    #wake: () => void = () => undefined;
    #isOver = false;
    #right = 0;
    #given = 0;

    constructor({ input, output }: Terminal, ending: AbortSignal) {
        this.#output = output;
        this.#ending = ending;
        // The terminal edits the lines itself, so that Ctrl-C is a signal as at any other time.
        this.#lines = createInterface({ input, terminal: false });
        const stop = () => {
            this.#isOver = true;
            this.#wake();
        };
        this.#lines.on("close", stop).on("line", (line) => {
            this.#typed.push(line);
            this.#wake();
        });
        ending.addEventListener("abort", stop);
    }

    get score(): Score {
        return { right: this.#right, given: this.#given };
    }

    /** Asks for each ping and HTTP request of an act, and says whether the prediction is right. */
    async ask(verdicts: readonly Verdict[]): Promise<void> {
        const asked = verdicts.filter(isOfPacket);
        this.#typed.length = 0;
        if (asked.length > 0 && !this.#isOver) {
            this.#say("\n  What do you think: is it answered? Type y or n, or nothing to pass.\n");
        }
        for (const { what, seen } of asked) {
            const prediction = await this.#answer(`    ${what}: `);
            if (prediction === undefined) {
                continue;
            }
            const isRight = prediction === isAnswered(seen);
            this.#given += 1;
            this.#right += Number(isRight);
            this.#say(`      ${isRight ? "right" : "wrong"}: ${seen}\n`);
        }
    }

    /** Stops to listen to the terminal. */
    close(): void {
        this.#lines.close();
    }

    /** A yes or no, asked for until it is one; undefined if the person passes, or types nothing any more. */
    async #answer(question: string): Promise<boolean | undefined> {
        while (!this.#isOver) {
            this.#say(question);
            const typed = (await this.#line())?.trim().toLowerCase();
            if (typed === undefined || typed === "") {
                return undefined;
            }
            if (["y", "yes", "n", "no"].includes(typed)) {
                return typed.startsWith("y");
            }
            this.#say("      y or n, please\n");
        }
        return undefined;
    }

    async #line(): Promise<string | undefined> {
        while (this.#typed.length === 0 && !this.#isOver && !this.#ending.aborted) {
            await new Promise<void>((resolve) => (this.#wake = resolve));
        }
        return this.#typed.shift();
    }

    #say(text: string): void {
        this.#output.write(text);
    }
}

/** Whether a verdict is on a ping or on an HTTP request. */
function isOfPacket({ what }: Verdict): boolean {
    return / (ping|HTTP)$/.test(what);
}

function isAnswered(seen: string): boolean {
    return seen === "reply" || seen === "page";
}

/** The score in a line. */
export function scoreLine({ right, given }: Score): string {
    const share = given === 0 ? "" : `, ${Math.round((100 * right) / given)} %`;
    return `predictions: ${right} of ${given} right${share}`;
}
