// What an IAM policy allows. An oracle for tests, of the policies in docs/: it knows the elements and operators that these use, and
// refuses to judge any other. Source: AWS Identity and Access Management User Guide, "IAM JSON policy elements".

/** A statement of a policy; nothing else is understood. */
export interface Statement {
    readonly Sid: string;
    readonly Effect: "Allow";
    readonly Action: OneOrMore;
    readonly Resource: OneOrMore;
    readonly Condition?: Readonly<Record<string, Readonly<Record<string, OneOrMore>>>>;
}

type OneOrMore = string | readonly string[];

/** What AWS asks of the policies for a call: an action on a resource, with the condition keys that are there and their values. */
export interface Question {
    readonly action: string;
    readonly resource: string;
    readonly context: Readonly<Record<string, string>>;
}

const elements: readonly string[] = ["Sid", "Effect", "Action", "Resource", "Condition"];

/** By operator, whether a key's value is what a policy has. A key that is not there is none of it. */
const operators: Readonly<Record<string, (pattern: string, value: string) => boolean>> = {
    StringEquals: (pattern, value) => pattern === value,
    StringLike: isLike,
    Bool: (pattern, value) => pattern === value,
    ArnLike: isLikeArn,
};

/** The statements of a policy document; throws if it has what is not understood. */
export function statementsOf(policy: string): readonly Statement[] {
    const { Version, Statement: statements } = JSON.parse(policy) as { Version: string; Statement: Statement[] };
    if (Version !== "2012-10-17") {
        throw new Error(`The policy has the version ${Version}, which this oracle can't judge`);
    }
    for (const statement of statements) {
        const effect: string = statement.Effect;
        const unknown = [
            ...Object.keys(statement).filter((element) => !elements.includes(element)),
            ...Object.keys(statement.Condition ?? {}).filter((operator) => !(operator in operators)),
            ...(effect === "Allow" ? [] : [`Effect ${effect}`]),
        ];
        if (unknown.length > 0) {
            throw new Error(`${statement.Sid} has ${unknown.join(", ")}, which this oracle can't judge`);
        }
    }
    return statements;
}

/** Whether a policy allows what is asked. */
export function allows(statements: readonly Statement[], { action, resource, context }: Question): boolean {
    return statements.some(
        ({ Action, Resource, Condition = {} }) =>
            list(Action).some((pattern) => isLike(pattern.toLowerCase(), action.toLowerCase())) &&
            list(Resource).some((pattern) => pattern === "*" || isLikeArn(pattern, resource)) &&
            Object.entries(Condition).every(([operator, keys]) =>
                Object.entries(keys).every(([key, patterns]) => {
                    const value = context[key];
                    return value !== undefined && list(patterns).some((one) => operators[operator]?.(one, value));
                }),
            ),
    );
}

export function list(some: OneOrMore): readonly string[] {
    return typeof some === "string" ? [some] : some;
}

function isLike(pattern: string, value: string): boolean {
    const source = pattern.replaceAll(/[\\^$.+()[\]{}|]/g, "\\$&");
    return new RegExp(`^${source.replaceAll("*", ".*").replaceAll("?", ".")}$`).test(value);
}

/** Whether each part of an ARN is like the pattern's. */
function isLikeArn(pattern: string, value: string): boolean {
    const parts = (arn: string) => [...arn.split(":", 5), arn.split(":").slice(5).join(":")];
    const patterns = parts(pattern);
    return parts(value).every((part, index) => isLike(patterns[index] ?? "", part));
}
