import * as pulumi from "@pulumi/pulumi";

/** One thing that is wrong with settings or arguments. */
export interface Problem {
    /** The path of the setting or argument, as `pulumi config set --path` takes it: `requester.sshCidrs[0]`. */
    readonly path: string;
    /** Its value; left out where there is none or where it is a secret. */
    readonly value?: unknown;
    /** What is wrong with it and how to correct it. */
    readonly message: string;
}

/** The problem if it `is` there, as a line of a list of rules; nothing otherwise. */
export function problemIf(is: boolean | undefined, problem: Problem): Problem[] {
    return is ? [problem] : [];
}

/**
 * One text for all problems, a line each: path, value, what is wrong and the remedy.
 *
 * @param subject what the problems are about, for the first line: `The configuration of stack dev`.
 * @param outcome what that means, for the first line too.
 */
export function describeProblems(
    subject: string,
    problems: readonly Problem[],
    outcome = "nothing was changed",
): string {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    const lines = problems.map(({ path, value, message }) =>
        value === undefined ? `  ${path}: ${message}` : `  ${path} = ${JSON.stringify(value)}: ${message}`,
    );
    return [`${subject} has ${count}; ${outcome}:`, ...lines].join("\n");
}

/** Each problem once: what both sides share is found wrong twice. */
export function distinct(problems: readonly Problem[]): Problem[] {
    return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}

/** What an error says, whatever was thrown. */
export function messageOf(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}

/** Throws a ResourceError that lists the problems of a component's arguments as {@link describeProblems} does, if there are any. */
export function refuse(
    component: pulumi.ComponentResource,
    ...[subject, problems, outcome]: Parameters<typeof describeProblems>
): void {
    if (problems.length > 0) {
        throw withoutStack(new pulumi.ResourceError(describeProblems(subject, problems, outcome), component, true));
    }
}

/** Prints warnings of a component. */
export function warn(component: pulumi.ComponentResource, warnings: readonly string[]): void {
    for (const warning of warnings) {
        void pulumi.log.warn(warning, component);
    }
}

/**
 * The error without a stack trace, which is not shown anyway: Node may take half a minute to print one that is mapped to
 * TypeScript (nodejs/node issue 64011).
 */
export function withoutStack<Failure extends Error>(error: Failure): Failure {
    error.stack = error.message;
    return error;
}
