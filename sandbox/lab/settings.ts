import { parse, stringify } from "yaml";

/** The value of a setting, nested as in the stack's settings file. */
export type Setting = string | number | boolean | readonly Setting[] | { readonly [key: string]: Setting };

/** Settings of the program by key, without the project's name. */
export type Settings = Readonly<Record<string, Setting>>;

/** Adds a project's settings to the text of a settings file: objects are merged, other values replaced. */
export function withSettings(file: string, project: string, settings: Settings): string {
    const parsed = parse(file) as { readonly config: Settings };
    const own = Object.entries(settings).map(([key, value]) => [`${project}:${key}`, value] as const);
    return stringify({ ...parsed, config: merged(parsed.config, Object.fromEntries(own)) });
}

/** The text of a settings file without its secrets, and without what it says of their encryption. */
export function withoutSecrets(file: string): string {
    const encryption = ["encryptionsalt", "encryptedkey", "secretsprovider"];
    const rest = Object.entries(parse(file) as Settings).filter(([key]) => !encryption.includes(key));
    return stringify(plain(Object.fromEntries(rest)));
}

function plain(value: Setting): Setting {
    if (Array.isArray(value)) {
        return (value as readonly Setting[]).filter((item) => !isSecret(item)).map(plain);
    }
    if (!isObject(value)) {
        return value;
    }
    const kept = Object.entries(value).filter(([, inner]) => !isSecret(inner));
    return Object.fromEntries(kept.map(([key, inner]) => [key, plain(inner)]));
}

function isSecret(value: Setting): boolean {
    return isObject(value) && Object.keys(value).join() === "secure";
}

function merged(before: Setting | undefined, after: Setting): Setting {
    if (!isObject(before) || !isObject(after)) {
        return after;
    }
    const changed = Object.entries(after).map(([key, value]) => [key, merged(before[key], value)] as const);
    return { ...before, ...Object.fromEntries(changed) };
}

function isObject(value: Setting | undefined): value is Settings {
    return typeof value === "object" && !Array.isArray(value);
}
