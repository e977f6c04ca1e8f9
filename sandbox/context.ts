/** The sandbox that a command runs in. */
export interface SandboxContext {
    /** The whole environment of a command in the sandbox. */
    readonly env: Record<string, string>;
    /** Folder for the run's own files; it disappears when the run ends. */
    readonly runDir: string;
    /** The EC2 API's address. */
    readonly endpoint: string;
    readonly region: string;
    /** File that holds the run's private key. */
    readonly privateKeyPath: string;
    /** The project's folder. */
    readonly checkout: string;
    /** The Pulumi project, and its stack in the run's own backend. */
    readonly project: string;
    readonly stack: string;
    /** Where the engine's parts came from, one line each. */
    readonly engine: readonly string[];
    /** Aborted when a signal asks the run to end. */
    readonly ending: AbortSignal;
    /** Prints a message on standard error. */
    readonly log: (line: string) => void;
}
