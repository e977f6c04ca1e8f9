/** One thing that is wrong with what somebody configured. */
export interface Problem {
    /** The setting or argument that is wrong, as its author wrote it: `vpc1CidrBlock`, `requester.cidrBlock`. */
    readonly key: string;
    /** Its value, as it was given; left out where there is none or where it is a secret. */
    readonly value?: string | undefined;
    /** What is wrong with it and how to mend it. */
    readonly message: string;
}

/**
 * One text for all problems, a line each: key, value, what is wrong and the remedy.
 *
 * @param subject what the problems are about, for the first line: `stack dev`.
 */
export function describeProblems(subject: string, problems: readonly Problem[]): string {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    const lines = problems.map(({ key, value, message }) =>
        value === undefined ? `  ${key}: ${message}` : `  ${key} = ${JSON.stringify(value)}: ${message}`,
    );
    return [`${subject} has ${count}; nothing was created:`, ...lines].join("\n");
}

/**
 * The error without a stack trace, which nobody is shown anyway: Node may take half a minute to print one that is mapped to
 * TypeScript (nodejs/node issue 64011).
 */
export function withoutStack<Failure extends Error>(error: Failure): Failure {
    error.stack = error.message;
    return error;
}
