/** What has to be undone, and how; undone from the last to the first, all of it, even where some of it fails. */
export class Cleanup {
    readonly #steps: { readonly what: string; readonly undo: () => Promise<unknown> }[] = [];

    /** Remembers how something is undone. */
    add(what: string, undo: () => Promise<unknown>): void {
        this.#steps.push({ what, undo });
    }

    /** Undoes everything; throws at the end, with everything that failed. */
    async run(): Promise<void> {
        const failures: string[] = [];
        for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
            try {
                await step.undo();
            } catch (error) {
                failures.push(`${step.what} was not undone: ${error instanceof Error ? error.message : String(error)}`);
            }
        }
        if (failures.length > 0) {
            throw new Error(failures.join("\n"));
        }
    }
}
