import { messageOf } from "../cache/process.ts";

/** Steps that undo changes: they run from the last to the first, and a step that fails does not stop the others. */
export class Cleanup {
    readonly #steps: { readonly what: string; readonly undo: () => Promise<unknown> }[] = [];

    /** Adds a step. */
    add(what: string, undo: () => Promise<unknown>): void {
        this.#steps.push({ what, undo });
    }

    /** Runs all steps, then throws one error that lists those that failed. */
    async run(): Promise<void> {
        const failures: string[] = [];
        for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
            try {
                await step.undo();
            } catch (error) {
                failures.push(`${step.what} was not undone: ${messageOf(error)}`);
            }
        }
        if (failures.length > 0) {
            throw new Error(failures.join("\n"));
        }
    }
}
