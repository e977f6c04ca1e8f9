import * as fs from "fs";
import { distance } from "fastest-levenshtein";
import * as pulumi from "@pulumi/pulumi";
import type * as z from "zod";
import { checkPeeredVpcPairArgs, type PairSideArgs, type PeeredVpcPairArgs } from "./components/lab/pairArgs";
import type { SideAccess } from "./components/peering/sideAccess";
import { accountOf, sides, type Side } from "./components/peering/sides";
import { describeProblems, withoutStack, type Problem } from "./components/problems";
import { shellQuote } from "./components/shell";
import { checkSettings, type Surroundings } from "./settings/rules";
import { fromText, reference, schema, type Values } from "./settings/schema";

/** Where the private key for the check's SSH logins comes from. */
export type PrivateKey =
    | { readonly kind: "secret" }
    | { readonly kind: "path"; readonly path: string }
    | { readonly kind: "agent" };

/** The stack's configuration, read and checked. */
export interface Settings {
    /** Everything of the pair but the name of a key pair that is yet to be made. */
    readonly pair: Omit<PeeredVpcPairArgs, "keyName"> & { readonly keyName: string | undefined };
    /** Where each side's region and credentials come from. */
    readonly access: Readonly<Record<Side, SideAccess>>;
    /** The region of a side that has none of its own: `ap-northeast-2`; undefined where nothing says. */
    readonly defaultRegion: string | undefined;
    /** Public key in OpenSSH form to import as a key pair, for the sides that name none. */
    readonly publicKey: string | undefined;
    /** The reachability check; undefined when it is off. */
    readonly check: { readonly timeLimit: number; readonly privateKey: PrivateKey } | undefined;
}

/** What a configuration comes to: settings or problems, and warnings either way. */
export interface ReadSettings {
    /** Undefined when there are problems. */
    readonly settings: Settings | undefined;
    readonly problems: readonly Problem[];
    readonly warnings: readonly string[];
}

/** The configuration as the engine passes it: every value is a text, those of lists and objects as JSON. */
export interface RawConfig extends Surroundings {
    readonly values: Readonly<Record<string, string>>;
    /** The default provider's region. */
    readonly defaultRegion: string | undefined;
}

/** A path into the configuration: keys of objects and indices of lists. */
type Path = readonly PropertyKey[];

/** The path as `pulumi config` takes it. */
function pathText(path: Path): string {
    return path.reduce<string>((text, part) => {
        if (typeof part === "number") {
            return `${text}[${part}]`;
        }
        const isPlain = /^[\w-]+$/.test(String(part));
        return isPlain ? `${text}${text && "."}${String(part)}` : `${text}[${JSON.stringify(String(part))}]`;
    }, "");
}

/** What is wrong with a setting that there is not, with the nearest ones that there are. */
function unknownSetting(path: Path): string {
    const text = pathText(path);
    const limit = Math.max(2, String(path.at(-1)).length / 3);
    const distances = reference.map((setting) => farFrom(text, setting.path));
    const least = Math.min(...distances);
    const nearest = reference.filter((_, index) => distances[index] === least).map((setting) => setting.path);
    const hint = least > limit ? "" : `if you mean ${nearest.join(" or ")}, set that; `;
    const argument = /^[\w.-]+$/.test(text) ? text : shellQuote(text);
    return `is not a setting of this project; ${hint}remove it with 'pulumi config rm --path ${argument}'`;
}

/** How far a path is from a setting's: by the letters of the last keys, and a little farther from one of another side. */
function farFrom(path: string, setting: string): number {
    const [[key, side], [otherKey, otherSide]] = [path, setting].map((one) => one.split(".").reverse()) as [
        string[],
        string[],
    ];
    return distance(key ?? "", otherKey ?? "") + (side === otherSide ? 0 : 0.5);
}

/** What stands at a path; undefined for nothing. */
function valueAt(object: unknown, path: Path): unknown {
    return path.reduce<unknown>(
        (at, key) => (typeof at === "object" && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined),
        object,
    );
}

/** What zod found, an entry for each unknown key and each wrong value. */
function wrongIn({ issues }: z.ZodError): { path: Path; message: string }[] {
    return issues.flatMap((issue) =>
        issue.code === "unrecognized_keys"
            ? issue.keys.map((key) => [...issue.path, key]).map((path) => ({ path, message: unknownSetting(path) }))
            : [{ path: issue.path, message: issue.message }],
    );
}

/** Removes what stands at a path; a list is removed as a whole. */
function remove(object: unknown, path: Path): void {
    const index = path.findIndex((part) => typeof part === "number");
    const whole = index < 0 ? path : path.slice(0, index);
    const parent = valueAt(object, whole.slice(0, -1));
    if (typeof parent === "object" && parent !== null) {
        Reflect.deleteProperty(parent, whole.at(-1) ?? "");
    }
}

/** The values, with defaults in place of those that are wrong, and a problem for each of these. */
function parse({ values }: RawConfig): { values: Values; problems: Problem[] } {
    const config: unknown = Object.fromEntries(
        Object.entries(values).map(([key, value]) => [key, /^[[{]/.test(value) ? fromText(value) : value]),
    );
    const problems: Problem[] = [];
    for (;;) {
        const parsed = schema.safeParse(config);
        if (parsed.success) {
            return { values: parsed.data, problems };
        }
        const wrong = wrongIn(parsed.error);
        for (const { path, message } of wrong) {
            problems.push({ path: pathText(path), value: valueAt(config, path), message });
        }
        for (const { path } of wrong) {
            remove(config, path);
        }
    }
}

/** Where a side's region and credentials come from; a role's account is the side's. */
function accessOf({ region, accountId, profile, roleArn, externalId }: Values[Side]): SideAccess {
    return { region, accountId: accountId ?? (roleArn && accountOf(roleArn)), profile, roleArn, externalId };
}

/** The pair's arguments: the settings, but for those of the check, the keys and the access to accounts. */
function pairOf(values: Values, defaultRegion: string | undefined): Settings["pair"] {
    const isElsewhere = sides.some((side) => values[side].region !== undefined);
    const sideOf = (side: Side): PairSideArgs => {
        const { region, accountId } = accessOf(values[side]);
        const own = omit(values[side], "profile", "roleArn", "externalId");
        return { ...own, region: region ?? (isElsewhere ? defaultRegion : undefined), accountId };
    };
    const ssh = ["sshPublicKey", "sshPrivateKey", "sshPrivateKeyPath", "sshAgent"] as const;
    return {
        ...omit(values, "check", "checkTimeLimit", ...ssh),
        keyName: values.keyName,
        requester: sideOf("requester"),
        accepter: sideOf("accepter"),
    };
}

function omit<Whole extends object, Key extends keyof Whole>(whole: Whole, ...keys: readonly Key[]): Omit<Whole, Key> {
    const entries = Object.entries(whole).filter(([key]) => !keys.includes(key as Key));
    return Object.fromEntries(entries) as Omit<Whole, Key>;
}

function privateKeyOf({ sshAgent, sshPrivateKeyPath }: Values): PrivateKey {
    if (sshAgent) {
        return { kind: "agent" };
    }
    return sshPrivateKeyPath === undefined ? { kind: "secret" } : { kind: "path", path: sshPrivateKeyPath };
}

/** A warning for each list that opens SSH to the whole internet. */
function openSsh(values: Values): string[] {
    const lists = {
        sshCidrs: values.sshCidrs,
        ...Object.fromEntries(sides.map((side) => [`${side}.sshCidrs`, values[side].sshCidrs ?? []])),
    };
    return Object.entries(lists).flatMap(([path, cidrs]) => {
        const index = cidrs.indexOf("0.0.0.0/0");
        const warning = `${path} has 0.0.0.0/0: the whole internet may try to log in to the servers. Narrow it to your own address, as in "pulumi config set --path '${path}[${index}]' 203.0.113.7/32"`;
        return index < 0 ? [] : [warning];
    });
}

/** Reads and checks a whole configuration, and finds all its problems at once. */
export function parseSettings(raw: RawConfig): ReadSettings {
    const { values, problems } = parse(raw);
    const wrong = new Set(problems.map(({ path }) => path));
    const pair = pairOf(values, raw.defaultRegion);
    // What follows only from a default in place of a wrong value is not a problem of its own.
    const checked = checkSettings({ ...values, check: values.check && !wrong.has("check") }, raw);
    problems.push(
        ...checkPeeredVpcPairArgs({ ...pair, keyName: pair.keyName ?? "" }),
        ...checked.filter(({ path }) => !path.split(", ").some((one) => wrong.has(one))),
    );
    const settings: Settings = {
        pair,
        access: { requester: accessOf(values.requester), accepter: accessOf(values.accepter) },
        defaultRegion: raw.defaultRegion,
        publicKey: values.sshPublicKey,
        check: values.check ? { timeLimit: values.checkTimeLimit, privateKey: privateKeyOf(values) } : undefined,
    };
    // A side is a secret as soon as one of its settings is.
    const isSecret = (path: string) => raw.isSecret(/^[^.[]*/.exec(path)?.[0] ?? "");
    return {
        settings: problems.length > 0 ? undefined : settings,
        problems: problems.map((one) => (isSecret(one.path) && "value" in one ? { ...one, value: "[secret]" } : one)),
        warnings: openSsh(values),
    };
}

/** The error for a configuration that has these problems. */
export function refusal(problems: readonly Problem[]): pulumi.RunError {
    return withoutStack(
        new pulumi.RunError(describeProblems(`The configuration of stack ${pulumi.getStack()}`, problems)),
    );
}

/**
 * Reads the stack's configuration. Logs a warning for what is risky, and throws a RunError that lists every problem when
 * there are any, before a resource is registered.
 */
export function readSettings(): Settings {
    const namespace = `${pulumi.getProject()}:`;
    const all = pulumi.runtime.allConfig();
    const own = Object.entries(all).filter(([key]) => key.startsWith(namespace));
    const { settings, problems, warnings } = parseSettings({
        values: Object.fromEntries(own.map(([key, value]) => [key.slice(namespace.length), value])),
        defaultRegion: all["aws:region"] ?? process.env["AWS_REGION"] ?? process.env["AWS_DEFAULT_REGION"],
        isSecret: (key) => secretKeys().includes(`${namespace}${key}`),
        fileExists: (path) => {
            try {
                fs.accessSync(path, fs.constants.R_OK);
                return fs.statSync(path).isFile();
            } catch {
                return false;
            }
        },
    });
    for (const warning of warnings) {
        void pulumi.log.warn(warning);
    }
    if (settings === undefined) {
        throw refusal(problems);
    }
    return settings;
}

/** Keys whose values are encrypted in the stack's settings file; the language host passes them beside the values. */
function secretKeys(): string[] {
    return JSON.parse(process.env["PULUMI_CONFIG_SECRET_KEYS"] ?? "[]") as string[];
}

/** The private key as a secret; undefined when the SSH agent has it. */
export function readPrivateKey(key: PrivateKey): pulumi.Output<string> | undefined {
    switch (key.kind) {
        case "agent":
            return undefined;
        case "path":
            return pulumi.secret(fs.readFileSync(key.path, "utf8"));
        case "secret":
            return new pulumi.Config().requireSecret("sshPrivateKey");
    }
}
