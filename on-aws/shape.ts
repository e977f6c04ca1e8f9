/** The shape of what EC2 answers: which keys there are, and which values, without what differs from run to run. */
import type { Described } from "./run";

/** The values of each path, as in `Vpcs[].State`; sorted, each once. */
export type Shape = Readonly<Record<string, readonly string[]>>;

/** What a path has in one shape and not in the other. */
export interface Difference {
    readonly path: string;
    /** Values that only AWS gives; all of them if the sandbox lacks the path. */
    readonly aws: readonly string[];
    /** Values that only the sandbox gives. */
    readonly sandbox: readonly string[];
}

/** What a run's values are replaced by. */
export interface Names {
    readonly run: string;
    readonly account: string;
    readonly region: string;
    readonly sshCidr: string;
}

/** Keys whose values are made up for each resource. */
const arbitrary = ["ClientToken", "KeyFingerprint", "KeyName"];

/** Replaces who the caller is: account, user or role, address. Other accounts are hidden, too. */
export function masked(text: string, { account, sshCidr }: Names): string {
    return text
        .replaceAll(sshCidr, "<your address>")
        .replaceAll(sshCidr.replace(/\/32$/, ""), "<your address>")
        .replaceAll(/\barn:aws[\w-]*:(?:iam|sts)::[^\s"\\]+/g, "<principal>")
        .replaceAll(/\bA(?:IDA|ROA|KIA|SIA)[A-Z0-9]{12,}(?::[\w+=,.@-]+)?/g, "<principal>")
        .replaceAll(account, "<account>")
        .replaceAll(/\b\d{12}\b/g, "<other account>");
}

/** Replaces what differs from run to run. */
function normal(key: string, value: string | number | boolean, names: Names): string {
    if (arbitrary.includes(key)) return "<value>";
    return masked(String(value), names)
        .replaceAll(names.run, "<run>")
        .replaceAll(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*Z?/g, "<time>")
        .replaceAll(/\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (?:GMT|UTC)/g, "<time>")
        .replaceAll(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, "<UUID>")
        .replaceAll(/\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/g, "<mac>")
        .replaceAll(/\b([a-z]+(?:-[a-z]+)*)-[0-9a-f]{7,}\b/g, "<$1>")
        .replaceAll(/\b(?!10\.)(?!0\.0\.0\.0)\d+\.\d+\.\d+\.\d+\b/g, "<address>")
        .replaceAll(/\b(?!10-)\d+-\d+-\d+-\d+\b/g, "<address>")
        .replaceAll(new RegExp(String.raw`\b${names.region}[a-z]\b`, "g"), "<zone>")
        .replaceAll(names.region, "<region>")
        .replaceAll(/\b[a-z]+\d-az\d\b/g, "<zone ID>");
}

/** The shape of items. */
export function shapeOf(described: Described, names: Names): Shape {
    const found = new Map<string, Set<string>>();
    const add = (path: string, key: string, value: unknown): void => {
        if (Array.isArray(value)) {
            value.forEach((item) => {
                add(`${path}[]`, key, item);
            });
        } else if (typeof value === "object" && value !== null) {
            // A tag is known by its key, not by its place.
            const { Key, Value, ...rest } = value as Record<string, unknown>;
            const fields = typeof Key === "string" ? { ...rest, [Key]: Value } : (value as Record<string, unknown>);
            for (const [field, inner] of Object.entries(fields)) {
                add(`${path}.${field}`, field, inner);
            }
        } else if (value !== undefined && value !== null) {
            const values = found.get(path) ?? new Set();
            found.set(path, values.add(normal(key, value as string | number | boolean, names)));
        }
    };
    // As it is in a file: times are texts there.
    for (const [kind, items] of Object.entries(JSON.parse(JSON.stringify(described)) as Described)) {
        add(kind, kind, items);
    }
    const entries = [...found].map(([path, values]) => [path, [...values].sort()] as const);
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** How AWS's shape differs from the sandbox's, by path. */
export function differences(aws: Shape, sandbox: Shape): Difference[] {
    const paths = [...new Set([...Object.keys(aws), ...Object.keys(sandbox)])].sort();
    return paths.flatMap((path) => {
        const [there, here] = [aws[path] ?? [], sandbox[path] ?? []];
        const difference = {
            path,
            aws: there.filter((value) => !here.includes(value)),
            sandbox: here.filter((value) => !there.includes(value)),
        };
        return difference.aws.length + difference.sandbox.length > 0 ? [difference] : [];
    });
}
