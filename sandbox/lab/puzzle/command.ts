import { MOST } from "./choose.ts";
import { puzzles } from "./puzzles.ts";

/** A puzzle's arguments, once read: a name, or a seed, or neither for one at random. */
export interface PuzzleCommand {
    readonly name?: string | undefined;
    readonly seed?: number | undefined;
    /** File for the report, as JSON; none by default. */
    readonly report?: string | undefined;
    /** File for the report with pictures, as HTML; none by default. */
    readonly html?: string | undefined;
}

/** Reads a puzzle's arguments; returns a message that says what is wrong with them, and the remedy. */
export function readPuzzle(
    names: readonly string[],
    { seed, report, html }: Omit<PuzzleCommand, "seed"> & { readonly seed?: string | undefined },
): PuzzleCommand | string {
    const [name, ...others] = names;
    if (others.length > 0) {
        return `a run plays one puzzle, not ${names.length}: give one of ${names.join(", ")}`;
    }
    if (name !== undefined && seed !== undefined) {
        return `a puzzle has a name or a seed: give ${name} or --seed ${seed}`;
    }
    if (name !== undefined && !puzzles.some((one) => one.name === name)) {
        return `there is no puzzle ${name}; there are: ${puzzles.map((one) => one.name).join(", ")}`;
    }
    if (seed !== undefined && !(/^\d+$/.test(seed) && Number(seed) <= MOST)) {
        return `--seed takes a whole number from 0 to ${MOST}, not '${seed}'`;
    }
    return { name, seed: seed === undefined ? undefined : Number(seed), report, html };
}
