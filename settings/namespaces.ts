import { isDeepStrictEqual } from "util";
import { shellWord, type Problem } from "pulumi-vpc-peering/rules";
import * as z from "zod";
import { quoted, setCommand, setSecretCommand } from "./commands";
import { fromText, schema, type Values } from "./schema";

/** A key of the stack's settings file outside of the project's own namespace. */
export interface OtherKey {
    /** The part before the colon: the name of another project, or of a provider. */
    readonly namespace: string;
    readonly key: string;
    /** Its value as the engine passes it. */
    readonly value: string;
    /** Whether it, or a part of it, is encrypted in the settings file. */
    readonly isSecret: boolean;
}

/** The project's own part of the configuration. */
export interface OwnKeys {
    /** The project's name. */
    readonly project: string;
    /** The values of its own namespace as the engine passes them. */
    readonly given: Readonly<Record<string, string>>;
    /** The settings that these come to. */
    readonly values: Values;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Settings in the namespace of another project: `vpc-peering-lab:peering` in a project of another name, as `pulumi new` makes
 * one. Pulumi hands each project its own namespace only, so they are not in effect. That is a problem where something else is in
 * effect for want of an own setting, and a warning where an own one replaces them; what would change nothing is passed over.
 */
export function checkNamespaces(
    own: OwnKeys,
    others: readonly OtherKey[],
): { problems: Problem[]; warnings: string[] } {
    const found = others.map((other) => checkKey(own, other));
    return {
        problems: found.flatMap(({ problem }) => problem ?? []),
        warnings: found.flatMap(({ warning }) => warning ?? []),
    };
}

function checkKey(
    { project, given, values }: OwnKeys,
    { namespace, key, value, isSecret }: OtherKey,
): { problem?: Problem; warning?: string } {
    if (!isSetting(key)) {
        return {};
    }
    const path = `${namespace}:${key}`;
    // The private key is hidden even where it is not encrypted, as it should be.
    const isHidden = isSecret || key === "sshPrivateKey";
    const [there, here] = [fromText(value), fromText(given[key])];
    const missing = missingIn(here, there);
    const changes = (changed: unknown) => {
        const { success, data } = schema.shape[key].safeParse(changed);
        return !success || !isDeepStrictEqual(data, values[key]);
    };
    const remove = `pulumi config rm ${shellWord(path)}`;
    if (missing !== undefined && changes(isFields(here) && isFields(missing) ? { ...here, ...missing } : missing)) {
        const moves = leaves([key], missing).map(([leaf, text]) =>
            isHidden ? setSecretCommand(leaf, `--path ${shellWord(`${namespace}:${leaf}`)}`) : setCommand(leaf, text),
        );
        const message = `is not read, because the project is called ${project}; move it with ${quoted([...moves, remove].join(" && "))}, or remove it with ${quoted(remove)}`;
        return { problem: { path, value: isHidden ? "[secret]" : there, message } };
    }
    if (here !== undefined && changes(there)) {
        return { warning: `${path} is not read: ${project}:${key} is set instead. Remove it with ${quoted(remove)}` };
    }
    return {};
}

function isSetting(key: string): key is keyof Values {
    return Object.hasOwn(schema.shape, key);
}

function isFields(value: unknown): value is Fields {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What is set there and not here: all of it, or single fields of an object; undefined where it is nothing. */
function missingIn(here: unknown, there: unknown): unknown {
    if (here === undefined) {
        return there;
    }
    if (!isFields(here) || !isFields(there)) {
        return undefined;
    }
    return Object.fromEntries(Object.entries(there).filter(([field]) => here[field] === undefined));
}

/** A value in parts that are texts for the CLI, each with its path; what is empty has no parts and is one itself. */
function leaves(path: readonly PropertyKey[], value: unknown): [path: string, text: string][] {
    const parts: [PropertyKey, unknown][] = Array.isArray(value)
        ? value.map((item: unknown, index) => [index, item])
        : Object.entries(isFields(value) ? value : {});
    if (parts.length > 0) {
        return parts.flatMap(([part, inner]) => leaves([...path, part], inner));
    }
    return [[z.core.toDotPath([...path]), typeof value === "string" ? value : JSON.stringify(value)]];
}
