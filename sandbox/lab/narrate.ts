import type { EC2 } from "@aws-sdk/client-ec2";

/** Logs each call that changes something as the AWS CLI's command for it. */
export function narrate(ec2: EC2, log: (line: string) => void): void {
    ec2.middlewareStack.add(
        (next, { commandName = "" }) =>
            async (args) => {
                const action = commandName.replace(/Command$/, "");
                if (!action.startsWith("Describe")) {
                    log(`$ ${commandOf(action, args.input)}`);
                }
                return next(args);
            },
        { step: "initialize" },
    );
}

/** The command of the AWS CLI that makes a call of EC2, or of another service. */
export function commandOf(action: string, input: object, service = "ec2"): string {
    const { MinCount: count, MaxCount: _, ...rest } = input as Readonly<Record<string, unknown>>;
    // The CLI has one option for the two.
    const parameters = count === undefined ? rest : { ...rest, Count: count };
    const options = Object.entries(parameters).flatMap(([name, value]) =>
        value === undefined ? [] : optionOf(name, value),
    );
    return [`aws ${service}`, dashed(action), ...options].join(" ");
}

function optionOf(name: string, value: unknown): string {
    if (name === "Egress") {
        return value === true ? "--egress" : "--ingress";
    }
    const isList = Array.isArray(value) && value.every((item) => typeof item === "string");
    const words = isList ? value : [typeof value === "string" ? value : JSON.stringify(value)];
    return [`--${dashed(name)}`, ...words.map(quoted)].join(" ");
}

/** `VpcId` as `vpc-id`. */
function dashed(name: string): string {
    return name.replace(/(?!^)[A-Z]/g, "-$&").toLowerCase();
}

function quoted(word: string): string {
    return /^[\w./:=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
