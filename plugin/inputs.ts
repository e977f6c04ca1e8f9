import * as pulumi from "@pulumi/pulumi";
import { distinct, type Problem } from "pulumi-vpc-peering/rules";

/**
 * The arguments with the values of the outputs in them, and `pulumi.unknown` for what a preview does not know. It is the whole of
 * a list or map that a language passed as one output.
 */
export async function settled<Args>(args: Args): Promise<pulumi.Unwrap<Args>> {
    return (await settle(args)) as pulumi.Unwrap<Args>;
}

async function settle(value: unknown): Promise<unknown> {
    if (pulumi.Output.isInstance(value)) {
        // The SDK keeps both out of its types; `apply` is just not called for what is unknown.
        const { isKnown, promise } = value as unknown as {
            readonly isKnown: Promise<boolean>;
            readonly promise: (withUnknowns: boolean) => Promise<unknown>;
        };
        const inside = await promise(true);
        return (await isKnown) || pulumi.containsUnknowns(inside) ? inside : pulumi.unknown;
    }
    if (Array.isArray(value)) {
        return Promise.all(value.map(settle));
    }
    return value !== null && typeof value === "object"
        ? Object.fromEntries(
              await Promise.all(Object.entries(value).map(async ([key, one]) => [key, await settle(one)])),
          )
        : value;
}

/** The problems of settled arguments that have to be known by now: all but those whose path matches `later`. */
export function checkKnown(args: object, later: RegExp): Problem[] {
    const message =
        "is not known before the update, and previews need it; give the value itself, not an output of what is yet to be made";
    return unknownPaths(args)
        .filter((path) => !later.test(path))
        .map((path) => ({ path, message }));
}

function unknownPaths(value: unknown, path = ""): string[] {
    if (pulumi.isUnknown(value)) {
        return [path];
    }
    if (value === null || typeof value !== "object") {
        return [];
    }
    const at = (key: string) => (Array.isArray(value) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`);
    return Object.entries(value).flatMap(([key, one]) => unknownPaths(one, at(key)));
}

/** What is wrong with an argument that has to be one of some words: languages without enums pass any text. */
export function checkChoice(
    path: string,
    value: string | undefined,
    choices: Readonly<Record<string, string>>,
): Problem[] {
    const words = Object.values(choices);
    const message = `is not one of ${words.join(", ")}; choose one of these`;
    return value === undefined || words.includes(value) ? [] : [{ path, value, message }];
}

/**
 * Refuses the arguments, if there are problems, in the form that the engine shows for each argument by itself.
 *
 * @param subject what has the arguments: `VpcPeering database`.
 */
export function refuse(subject: string, problems: readonly Problem[]): void {
    const each = distinct(problems);
    if (each.length > 0) {
        throw new pulumi.InputPropertiesError({
            message: `${subject} has ${each.length} problem${each.length === 1 ? "" : "s"}; nothing was created`,
            errors: each.map(({ path, value, message }) => ({
                propertyPath: path,
                reason: value === undefined ? message : `${JSON.stringify(value)} ${message}`,
            })),
        });
    }
}
