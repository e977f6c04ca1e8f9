/** How many letters have to be put in, left out or replaced to make one word of the other (Levenshtein's distance). */
export function distance(one: string, other: string): number {
    const letters = Array.from(other);
    let row = Array.from({ length: letters.length + 1 }, (_, index) => index);
    for (const letter of Array.from(one)) {
        const next = [(row[0] ?? 0) + 1];
        for (const [at, same] of letters.entries()) {
            const replaced = (row[at] ?? 0) + (letter === same ? 0 : 1);
            next.push(Math.min(replaced, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1));
        }
        row = next;
    }
    return row.at(-1) ?? 0;
}

/** The one of the words that is most like a word; the first of several. */
export function nearest(word: string, words: readonly string[]): string {
    const distances = words.map((other) => distance(word, other));
    return words[distances.indexOf(Math.min(...distances))] ?? "";
}
