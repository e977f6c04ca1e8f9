import * as fs from "fs";
import * as aws from "@pulumi/aws/config";
import type { ProviderArgs } from "@pulumi/aws/provider";
import * as pulumi from "@pulumi/pulumi";
import type { PeeredVpcPairArgs, SideAccess } from "pulumi-vpc-peering";
import {
    accountOf,
    checkPeeredVpcPairArgs,
    describeProblems,
    distance,
    privateKeyProblem,
    shellWord,
    sides,
    withoutStack,
    type Problem,
    type Side,
} from "pulumi-vpc-peering/rules";
import * as z from "zod";
import { quoted, setCommand, setSecretCommand } from "./settings/commands";
import { checkNamespaces, type OtherKey } from "./settings/namespaces";
import { checkRegions, checkSettings, type Surroundings } from "./settings/rules";
import { fromText, reference, schema, type Setting, type Values } from "./settings/schema";

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
    readonly check:
        | { readonly timeLimit: number; readonly privateKey: PrivateKey; readonly proxyCommand: string | undefined }
        | undefined;
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
    /** The project's name, which is the namespace of its settings. */
    readonly project: string;
    /** The project's own settings. */
    readonly values: Readonly<Record<string, string>>;
    /** Keys of other namespaces that are no provider's. */
    readonly others: readonly OtherKey[];
    /** The default provider's region. */
    readonly defaultRegion: string | undefined;
    /** The variable of the environment that it is from; from `aws:region` by default. */
    readonly regionVariable?: string | undefined;
}

/** Whether a key is the path of a setting, or of an item of one: `pulumi config set` without `--path` makes it a key of its own. */
function isPath(key: string): boolean {
    const [list] = /^(tags(?=\.)|[\w.]+(?=\[))/.exec(key) ?? [];
    const isAt = ({ path, type }: Setting) =>
        path === (list ?? key) && (list === undefined || /^(list|map)/.test(type));
    return /[.[]/.test(key) && reference.some(isAt);
}

/** What is wrong with a key that was set without `--path`, with the command that sets what was meant. */
function withoutPath(key: string, value: string, isSecret: boolean): string {
    const set = isSecret ? setSecretCommand(key, shellWord(key)) : setCommand(key, value);
    const remove = `pulumi config rm ${shellWord(key)}`;
    return `is not read, because it was set without --path; set it with ${quoted(`${set} && ${remove}`)}, or remove it with ${quoted(remove)}`;
}

/** What is wrong with a setting that there is not, in a side or at the top, with the nearest ones that there are. */
function unknownSetting(owner: readonly PropertyKey[], key: string): string {
    const distances = reference.map(({ path }) => {
        const other = path.replace(/.*\./, "");
        // A little farther where it belongs elsewhere. A key that was set without --path may be a whole path.
        return Math.min(
            distance(key, other) + (path === z.core.toDotPath([...owner, other]) ? 0 : 0.5),
            owner.length === 0 ? distance(key, path) : Infinity,
        );
    });
    const least = Math.min(...distances);
    const nearest = reference.filter((_, index) => distances[index] === least).map(({ path }) => path);
    const hint = least > Math.max(2, key.length / 3) ? "" : `if you mean ${nearest.join(" or ")}, set that; `;
    const argument = shellWord(z.core.toDotPath([...owner, key]));
    return `is not a setting of this project; ${hint}remove it with 'pulumi config rm --path ${argument}'`;
}

/** What zod found, an entry for each unknown key and each wrong value. */
function wrongIn({ issues }: z.ZodError, isSecret: RawConfig["isSecret"]) {
    return issues.flatMap(({ path, input: value, ...issue }) => {
        if (issue.code !== "unrecognized_keys") {
            return [{ path, value, message: issue.message }];
        }
        const owner = value as Record<string, unknown>;
        return issue.keys.map((key) => ({
            path: [...path, key],
            value: fromText(owner[key]),
            message:
                path.length === 0 && isPath(key)
                    ? withoutPath(key, String(owner[key]), isSecret(key))
                    : unknownSetting(path, key),
        }));
    });
}

/** The values, with defaults in place of those that are wrong, and a problem for each of these. */
function parse({ values, isSecret }: RawConfig): { values: Values; problems: Problem[] } {
    const [requester, accepter] = [fromText(values["requester"]), fromText(values["accepter"])];
    const config: Record<string, unknown> = { ...values, requester, accepter };
    const parsed = schema.safeParse(config, { reportInput: true });
    if (parsed.success) {
        return { values: parsed.data, problems: [] };
    }
    const wrong = wrongIn(parsed.error, isSecret);
    for (const { path } of wrong) {
        // What is wrong is a setting or one of a side, or else an item of one, which takes its whole list along.
        const [key, inner] = path as [string, ...PropertyKey[]];
        const [owner, own] = typeof inner === "string" ? [config[key] as object, inner] : [config, key];
        Reflect.deleteProperty(owner, own);
    }
    const problems = wrong.map(({ path, value, message }) => ({
        path: isPath(String(path[0])) ? String(path[0]) : z.core.toDotPath(path),
        value: isSecret(String(path[0])) ? "[secret]" : value,
        message,
    }));
    return { values: schema.parse(config), problems };
}

function privateKeyOf({ sshAgent, sshPrivateKeyPath: path }: Values): PrivateKey {
    if (sshAgent) {
        return { kind: "agent" };
    }
    return path === undefined ? { kind: "secret" } : { kind: "path", path };
}

/** A warning for each list that opens SSH to the whole internet. */
function openSsh(values: Values): string[] {
    const lists = {
        sshCidrs: values.sshCidrs,
        "requester.sshCidrs": values.requester.sshCidrs,
        "accepter.sshCidrs": values.accepter.sshCidrs,
    };
    return Object.entries(lists).flatMap(([path, cidrs]) => {
        const index = cidrs?.indexOf("0.0.0.0/0") ?? -1;
        const warning = `${path} has 0.0.0.0/0: the whole internet may try to log in to the servers. Narrow it to your own address, as in "pulumi config set --path '${path}[${index}]' 203.0.113.7/32"`;
        return index < 0 ? [] : [warning];
    });
}

/** The settings of values that are right. */
function settingsOf(values: Values, defaultRegion: string | undefined): Settings {
    const isElsewhere = sides.some((side) => values[side].region !== undefined);
    const sideOf = (side: Side) => {
        const { profile, roleArn, externalId, ...own } = values[side];
        const accountId = own.accountId ?? (roleArn && accountOf(roleArn));
        return {
            access: { region: own.region, accountId, profile, roleArn, externalId },
            args: { ...own, region: own.region ?? (isElsewhere ? defaultRegion : undefined), accountId },
        };
    };
    const requester = sideOf("requester");
    const accepter = sideOf("accepter");
    const {
        check,
        checkTimeLimit,
        sshPublicKey,
        sshPrivateKey,
        sshPrivateKeyPath,
        sshAgent,
        sshProxyCommand,
        ...shared
    } = values;
    return {
        pair: { ...shared, keyName: values.keyName, requester: requester.args, accepter: accepter.args },
        access: { requester: requester.access, accepter: accepter.access },
        defaultRegion,
        publicKey: sshPublicKey,
        check: check
            ? { timeLimit: checkTimeLimit, privateKey: privateKeyOf(values), proxyCommand: sshProxyCommand }
            : undefined,
    };
}

/** Reads and checks a whole configuration, and finds all its problems at once. */
export function parseSettings(raw: RawConfig): ReadSettings {
    const { values, problems: wrong } = parse(raw);
    const settings = settingsOf(values, raw.defaultRegion);
    const isWrong = (setting: string) => wrong.some(({ path }) => path.replace(/\[\d+\]$/, "") === setting);
    // What follows only from a default in place of a wrong value is not a problem of its own.
    const between = checkSettings({ ...values, check: values.check && !isWrong("check") }, raw);
    const found: Problem[] = [
        ...checkPeeredVpcPairArgs({ ...settings.pair, keyName: "" }),
        ...between.filter(({ path }) => !path.split(", ").some(isWrong)),
        ...checkRegions(values, raw),
    ];
    // A side is a secret as soon as one of its settings is.
    const isSecret = ({ path }: Problem) => raw.isSecret(path.replace(/[.[].*/, ""));
    const hidden = found.map((one) => (isSecret(one) && "value" in one ? { ...one, value: "[secret]" } : one));
    const elsewhere = checkNamespaces({ project: raw.project, given: raw.values, values }, raw.others);
    const problems = [...wrong, ...hidden, ...elsewhere.problems];
    return {
        settings: problems.length > 0 ? undefined : settings,
        problems,
        warnings: [...openSsh(values), ...elsewhere.warnings],
    };
}

/** The keys whose values are encrypted in the stack's settings file; the language host passes them beside the values. */
function readSecretKeys(): string[] {
    return JSON.parse(process.env["PULUMI_CONFIG_SECRET_KEYS"] ?? "[]") as string[];
}

/** Whether a namespace is that of an installed provider, or Pulumi's own, as in `pulumi:tags`. */
function isProviders(namespace: string): boolean {
    try {
        require.resolve(`@pulumi/${namespace}/package.json`);
        return true;
    } catch {
        return false;
    }
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
    const project = pulumi.getProject();
    const all = pulumi.runtime.allConfig();
    const secretKeys = readSecretKeys();
    const keys = Object.entries(all).map(([name, value]) => {
        const [namespace = "", ...rest] = name.split(":");
        return { namespace, key: rest.join(":"), value, isSecret: secretKeys.includes(name) };
    });
    const own = keys.filter(({ namespace }) => namespace === project);
    const variables = ["AWS_REGION", "AWS_DEFAULT_REGION"];
    const regionVariable = "aws:region" in all ? undefined : variables.find((name) => process.env[name] !== undefined);
    const { settings, problems, warnings } = parseSettings({
        project,
        values: Object.fromEntries(own.map(({ key, value }) => [key, value])),
        others: keys.filter(({ namespace }) => namespace !== project && !isProviders(namespace)),
        defaultRegion: regionVariable === undefined ? all["aws:region"] : process.env[regionVariable],
        regionVariable,
        isSecret: (setting) => own.some(({ key, isSecret }) => key === setting && isSecret),
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

/** The settings of the stack's default provider, `aws:*`; what is encrypted in the stack's settings file stays secret. */
export function readProviderSettings(): ProviderArgs {
    const secretKeys = readSecretKeys();
    const given = Object.entries(aws).filter(([, value]) => value !== undefined);
    return Object.fromEntries(
        given.map(([key, value]) => [key, secretKeys.includes(`aws:${key}`) ? pulumi.secret(value) : value]),
    );
}

/**
 * The private key as a secret; undefined when the SSH agent has it. Throws a RunError when it can't be used, so it is called
 * before a resource is registered.
 */
export function readPrivateKey(key: PrivateKey): pulumi.Output<string> | undefined {
    if (key.kind === "agent") {
        return undefined;
    }
    const isPath = key.kind === "path";
    const text = isPath ? fs.readFileSync(key.path, "utf8") : new pulumi.Config().require("sshPrivateKey");
    const message = privateKeyProblem(text);
    if (message !== undefined) {
        throw refusal([
            isPath ? { path: "sshPrivateKeyPath", value: key.path, message } : { path: "sshPrivateKey", message },
        ]);
    }
    return pulumi.secret(text);
}
