/** What a command is told of the sandbox that it runs in. */
export interface SandboxContext {
    /** The whole environment of a command in the sandbox. */
    readonly env: Record<string, string>;
    /** Folder for the run's own files, gone when the run ends. */
    readonly runDir: string;
    /** The EC2 API's address. */
    readonly endpoint: string;
    readonly region: string;
    /** File that holds the run's private key. */
    readonly privateKeyPath: string;
    /** The project's folder. */
    readonly checkout: string;
    /** The Pulumi project, and the stack that is ready in the run's own backend. */
    readonly project: string;
    readonly stack: string;
    /** Where the engine's parts came from, a line each. */
    readonly engine: readonly string[];
    /** Aborted when the run is asked to end. */
    readonly ending: AbortSignal;
    /** Tells people something, on standard error. */
    readonly log: (line: string) => void;
}
