/** What has to be undone, and how; undone from the last to the first, all of it, even where some of it fails. */
export class Mends {
    readonly #mends: { readonly what: string; readonly undo: () => Promise<unknown> }[] = [];

    /** Remembers how something is undone. */
    add(what: string, undo: () => Promise<unknown>): void {
        this.#mends.push({ what, undo });
    }

    /** Undoes all; throws at the end, with everything that failed. */
    async run(): Promise<void> {
        const failures: string[] = [];
        for (let mend = this.#mends.pop(); mend; mend = this.#mends.pop()) {
            try {
                await mend.undo();
            } catch (error) {
                failures.push(`${mend.what} was not undone: ${error instanceof Error ? error.message : String(error)}`);
            }
        }
        if (failures.length > 0) {
            throw new Error(failures.join("\n"));
        }
    }
}
