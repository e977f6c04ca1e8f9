import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { End } from "./findings.ts";

/** What the commands of a puzzle's shell have to know. */
export interface Known {
    readonly endpoint: string;
    readonly region: string;
    readonly ends: readonly [End, End];
}

/** How much of the answer a person has seen. */
export interface Progress {
    readonly hints: number;
    readonly solution: boolean;
}

/** The files that a puzzle shares with the commands of its shell, in a folder of the run. */
export class PuzzleFiles {
    readonly #folder: string;

    constructor(folder: string) {
        this.#folder = folder;
    }

    begin(known: Known): void {
        this.#write("known.json", known);
        this.progress = { hints: 0, solution: false };
    }

    get known(): Known {
        return this.#read("known.json") as Known;
    }

    get progress(): Progress {
        return this.#read("progress.json") as Progress;
    }

    set progress(progress: Progress) {
        this.#write("progress.json", progress);
    }

    #read(file: string): unknown {
        return JSON.parse(readFileSync(join(this.#folder, file), "utf8"));
    }

    #write(file: string, content: object): void {
        const path = join(this.#folder, file);
        writeFileSync(`${path}.new`, JSON.stringify(content));
        renameSync(`${path}.new`, path);
    }
}
