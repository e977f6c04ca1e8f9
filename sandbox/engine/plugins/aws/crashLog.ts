/** A line that the bridge writes of its Terraform provider, or the rest of such a line. */
const ENTRY = /^\S+ \[[A-Z]+\] +provider(?:\.\S+?)?(?:: (.*))?$/;
const REST = /^ {2}/;

/** Finds out from what a bridge prints why its Terraform provider ended. The bridge itself says no more than that a call failed. */
export class CrashLog {
    #panic: string | undefined;
    #isEntry = false;

    /** Takes a line. Returns it as `other` if it is not about the provider, and the `crash` when the provider has ended. */
    take(line: string): { readonly other?: string; readonly crash?: string } {
        const entry = ENTRY.exec(line);
        this.#isEntry = entry !== null || (this.#isEntry && REST.test(line));
        if (!this.#isEntry) {
            return { other: line };
        }
        const message = entry?.[1] ?? "";
        if (/^(panic|fatal error): /.test(message)) {
            this.#panic ??= message;
        }
        if (!message.startsWith("plugin process exited")) {
            return {};
        }
        const [, how = "unknown"] = /error="?(.*?)"?$/.exec(message) ?? [];
        return { crash: `The Terraform provider crashed (${this.#panic ?? how}). The next command starts a new one.` };
    }
}
