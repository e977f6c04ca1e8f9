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
