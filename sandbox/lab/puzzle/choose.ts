import { flows, type Flow, type Puzzle } from "./puzzle.ts";
import { combined, parts, puzzles } from "./puzzles.ts";

/** Returns a function that gives numbers from 0 up to 1, always the same for the same seed. By the algorithm mulberry32. */
function numbersOf(seed: number): () => number {
    let state = seed >>> 0;
    return () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let mixed = Math.imul(state ^ (state >>> 15), state | 1);
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    };
}

/** The largest seed. */
export const MOST = 2 ** 32 - 1;

/** A puzzle of two to four others that change different parts of the lab, always the same for the same seed. */
export function puzzleOf(seed: number): Puzzle {
    const next = numbersOf(seed);
    const size = 2 + Math.floor(next() * 3);
    const left = [...parts];
    const chosen: Puzzle[] = [];
    while (chosen.length < size && left.length > 0) {
        const [one] = left.splice(Math.floor(next() * left.length), 1);
        const isFree = one && !chosen.some(({ changes }) => changes.some((part) => one.changes.includes(part)));
        if (isFree) {
            chosen.push(one);
        }
    }
    const whole = combined(`seed ${seed}`, "", chosen);
    return { ...whole, complaint: complaintOf(whole.fails) };
}

/** A puzzle at random. */
export function anyPuzzle(): Puzzle {
    const [first] = puzzles;
    const one = puzzles[Math.floor(Math.random() * puzzles.length)] ?? first;
    if (!one) {
        throw new Error("there are no puzzles");
    }
    return one;
}

/** What users say if these requests get no answer. */
function complaintOf(fails: readonly Flow[]): string {
    if (fails.length === flows.length) {
        return "Nothing passes between the two servers: no ping is answered and no page loads, in either direction.";
    }
    const side = (from: number, to: number) => {
        const lost = {
            ping: fails.includes(`${from}>${to} ping` as Flow),
            page: fails.includes(`${from}>${to} HTTP` as Flow),
        };
        const where = `In VPC${from},`;
        if (lost.ping && lost.page) return `${where} VPC${to}'s server answers no pings, and its page does not load.`;
        if (lost.ping) return `${where} VPC${to}'s page loads, but its server answers no pings.`;
        if (lost.page) return `${where} VPC${to}'s server answers pings, but its page does not load.`;
        return `${where} all is well.`;
    };
    return `${side(1, 2)} ${side(2, 1)}`;
}
