/** A value as the engine and plugins exchange it: JSON in which an object with the signature key is a secret. */
export type Wire = null | boolean | number | string | readonly Wire[] | WireObject;

/** The inputs or the state of a resource, as the engine and plugins exchange them. */
export interface WireObject {
    readonly [key: string]: Wire;
}

/** The key of an object that holds a secret. */
export const SIGNATURE = "4dabf18193072939515e22adb298388d";

/** Whether the value is an object, such as a secret, and not a list. */
export function isObject(value: Wire): value is WireObject {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The type token in a URN; "" if there is none. */
export function tokenOf(urn: string): string {
    return urn.split("::")[2]?.split("$").pop() ?? "";
}
