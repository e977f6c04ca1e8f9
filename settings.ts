import { distance } from "fastest-levenshtein";
import * as fs from "fs";
import * as pulumi from "@pulumi/pulumi";
import * as z from "zod";
import { contains, parseCidr } from "./components/cidr";
import { amiParameters, type LabVpcArgs } from "./components/labVpc";
import { checkPeeredVpcPairArgs, sides, type PairSideArgs, type PeeredVpcPairArgs } from "./components/peeredVpcPair";
import { describeProblems, type Problem } from "./components/problems";

/** How the private key for the check's SSH logins is come by. */
export type PrivateKey =
    { readonly kind: "secret" } | { readonly kind: "path"; readonly path: string } | { readonly kind: "agent" };

/** What the stack's configuration says, read and checked. */
export interface Settings {
    /** Everything of the pair but the key pair's name, which may be yet to come. */
    readonly pair: Omit<PeeredVpcPairArgs, "keyName">;
    /** An existing EC2 key pair, or a public key in OpenSSH form to import as a new one. */
    readonly keyPair: { readonly name: string } | { readonly publicKey: string };
    /** The reachability check; undefined when it is off. */
    readonly check: { readonly timeLimit: number; readonly privateKey: PrivateKey } | undefined;
}

/** What becomes of a configuration: settings or problems, and warnings either way. */
export interface ReadSettings {
    /** Undefined when there are problems. */
    readonly settings: Settings | undefined;
    readonly problems: readonly Problem[];
    readonly warnings: readonly string[];
}

/** The configuration as the engine passes it: every value is a string, lists and maps as JSON. */
export interface RawConfig {
    readonly values: Readonly<Record<string, string>>;
    /** Whether the key's value is encrypted in the stack's settings file. */
    readonly isSecret: (key: string) => boolean;
    /** Whether the file can be read. */
    readonly fileExists: (path: string) => boolean;
}

const text = z.string();
const flag = z.enum(["true", "false"], { error: "must be true or false" }).transform((value) => value === "true");
const seconds = z
    .string()
    .refine((value) => /^\d{2,4}$/.test(value) && Number(value) >= 10 && Number(value) <= 3600, {
        error: "must be a whole number of seconds from 10 to 3600",
    })
    .transform(Number);

/** A value that the engine passes as JSON. */
function json<Type extends z.ZodType>(type: Type, error: string) {
    return z.string().transform((value, context): z.output<Type> => {
        let parsed: unknown;
        try {
            parsed = JSON.parse(value);
        } catch {
            parsed = undefined;
        }
        const result = type.safeParse(parsed);
        if (!result.success) {
            context.addIssue({ code: "custom", message: error });
            return z.NEVER;
        }
        return result.data;
    });
}

const cidrs = json(z.array(z.string()), `must be a list of CIDR blocks, such as ["203.0.113.0/24"]`);
const instanceTypes = /^[a-z][a-z0-9-]*\.[a-z0-9-]+$/;
/** Families of Graviton processors: a1, and those with a g behind the generation. */
const armTypes = /^(a1|[a-z]+\d+g[a-z]*)\./;
const publicKeys = /^(ssh-rsa|ssh-ed25519) [A-Za-z0-9+/]{40,}={0,3}( .*)?$/;

/** Every setting with its type; defaults and descriptions are in Pulumi.yaml, where `pulumi config` finds them too. */
const schema = z.strictObject({
    peering: flag,
    prefix: text,
    vpc1Label: text,
    vpc1CidrBlock: text,
    vpc1SubnetCidrBlock: text,
    vpc1PrivateIp: text,
    vpc2Label: text,
    vpc2CidrBlock: text,
    vpc2SubnetCidrBlock: text,
    vpc2PrivateIp: text,
    instanceType: text
        .regex(instanceTypes, { error: "is not an instance type; write one such as t2.micro" })
        .refine((type) => !armTypes.test(type), {
            error: "has an ARM processor, and the lab's images are x86_64; choose a type such as t3.micro",
        }),
    ami: z.enum(Object.keys(amiParameters) as (keyof typeof amiParameters)[], {
        error: `must be one of ${Object.keys(amiParameters).join(", ")}`,
    }),
    sshCidrs: cidrs,
    icmpCidrs: cidrs,
    dnsResolution: flag,
    keyName: text,
    sshPublicKey: text.refine((key) => key === "" || publicKeys.test(key), {
        error: "is not an RSA or ED25519 public key; give the one line of a .pub file, such as id_ed25519.pub",
    }),
    sshPrivateKey: text,
    sshPrivateKeyPath: text,
    sshAgent: flag,
    check: flag,
    checkTimeLimit: seconds,
    tags: json(z.record(z.string(), z.string()), `must be a map of strings, such as {"team": "network"}`),
});

type Values = z.output<typeof schema>;

/** All keys of the configuration. */
export const settingKeys = Object.keys(schema.shape);

/** How a pair's argument is called in the configuration. */
function keyOf(side: (typeof sides)[number], argument: keyof LabVpcArgs): string {
    const own: readonly string[] = ["label", "cidrBlock", "subnetCidrBlock", "privateIp"];
    if (!own.includes(argument)) {
        return argument;
    }
    return `vpc${sides.indexOf(side) + 1}${argument.charAt(0).toUpperCase()}${argument.slice(1)}`;
}

function unknownKey(key: string, value: string): Problem {
    const nearest = settingKeys.reduce((best, other) => (distance(key, other) < distance(key, best) ? other : best));
    const near = distance(key, nearest) <= Math.max(2, key.length / 3) ? `did you mean ${nearest}? ` : "";
    return { key, value, message: `is no setting of this project; ${near}Remove it with 'pulumi config rm ${key}'` };
}

/** Turns what zod found into problems; a secret's value is never repeated. */
function schemaProblems(error: z.ZodError, raw: RawConfig): Problem[] {
    return error.issues.flatMap((issue): Problem[] => {
        if (issue.code === "unrecognized_keys") {
            return issue.keys.map((key) => unknownKey(key, raw.isSecret(key) ? "[secret]" : (raw.values[key] ?? "")));
        }
        const key = String(issue.path[0]);
        if (raw.values[key] === undefined) {
            return [{ key, message: "has no value; Pulumi.yaml gives its default, so check that file" }];
        }
        return [{ key, value: raw.isSecret(key) ? "[secret]" : raw.values[key], message: issue.message }];
    });
}

/** What is wrong with the key settings among themselves. */
function keyProblems(values: Values, raw: RawConfig): Problem[] {
    const problems: Problem[] = [];
    if ((values.keyName === "") === (values.sshPublicKey === "")) {
        const found = values.keyName === "" ? "neither is" : "both are";
        problems.push({
            key: "keyName, sshPublicKey",
            message: `one of the two must be set, and ${found}: the name of an existing EC2 key pair, or a public key to import, as in 'pulumi config set sshPublicKey "$(cat ~/.ssh/id_ed25519.pub)"'`,
        });
    }
    if (values.sshPrivateKey !== "" && !raw.isSecret("sshPrivateKey")) {
        problems.push({
            key: "sshPrivateKey",
            message:
                "stands in the settings file in clear; encrypt it with 'pulumi config set --secret sshPrivateKey < FILE', and take the key out of use if the file was shared",
        });
    }
    if (!values.check) {
        return problems;
    }
    const given = [values.sshPrivateKey !== "", values.sshPrivateKeyPath !== "", values.sshAgent].filter(Boolean);
    if (given.length !== 1) {
        problems.push({
            key: "sshPrivateKey, sshPrivateKeyPath, sshAgent",
            message: `the check logs in to the servers, so one of the three must be set, and ${given.length === 0 ? "none" : "more than one"} is: the private key as a secret, the path of its file, or 'true' for the SSH agent; or turn the check off with 'pulumi config set check false'`,
        });
    }
    if (values.sshPrivateKeyPath !== "" && !raw.fileExists(values.sshPrivateKeyPath)) {
        problems.push({
            key: "sshPrivateKeyPath",
            value: values.sshPrivateKeyPath,
            message: "can't be read; give the path of the private key's file, from the project's folder on or absolute",
        });
    }
    return problems;
}

/** The check pings, so the groups must let it; what no group lets in would always seem isolated. */
function icmpProblems(values: Values): Problem[] {
    const open = values.icmpCidrs.map(parseCidr);
    return (["vpc1CidrBlock", "vpc2CidrBlock"] as const).flatMap((key) => {
        const block = parseCidr(values[key]);
        if (!values.check || !block.ok || open.some((cidr) => !cidr.ok || contains(cidr.value, block.value))) {
            return [];
        }
        return [
            {
                key: "icmpCidrs",
                value: JSON.stringify(values.icmpCidrs),
                message: `does not cover ${key} = ${block.value.text}, whose server the check lets ping the other; add that block, or turn the check off with 'pulumi config set check false'`,
            },
        ];
    });
}

function pairOf(values: Values): Settings["pair"] {
    const shared = {
        instanceType: values.instanceType,
        ami: values.ami,
        sshCidrs: values.sshCidrs,
        icmpCidrs: values.icmpCidrs,
    };
    const side = (number: 1 | 2): PairSideArgs => ({
        ...shared,
        label: values[`vpc${number}Label`],
        cidrBlock: values[`vpc${number}CidrBlock`],
        subnetCidrBlock: values[`vpc${number}SubnetCidrBlock`],
        privateIp: values[`vpc${number}PrivateIp`],
    });
    return {
        requester: side(1),
        accepter: side(2),
        peering: values.peering,
        prefix: values.prefix,
        dnsResolution: values.dnsResolution,
        tags: values.tags,
    };
}

function privateKeyOf(values: Values): PrivateKey {
    if (values.sshAgent) {
        return { kind: "agent" };
    }
    return values.sshPrivateKeyPath === "" ? { kind: "secret" } : { kind: "path", path: values.sshPrivateKeyPath };
}

/**
 * The values with something harmless in place of each that is wrong, so that what can still be checked is checked in the
 * same run. A wrong text stays as it is: what uses it finds it wrong too, or does not mind.
 */
function salvage(raw: RawConfig): Values {
    const harmless = {
        peering: false,
        sshCidrs: [],
        icmpCidrs: ["0.0.0.0/0"],
        dnsResolution: false,
        sshAgent: false,
        check: false,
        checkTimeLimit: 0,
        tags: {},
    };
    const right = Object.entries(schema.shape).flatMap(([key, type]) => {
        const result = type.safeParse(raw.values[key]);
        return result.success ? [[key, result.data]] : [];
    });
    return { ...raw.values, ...harmless, ...Object.fromEntries(right) } as Values;
}

/** Reads and checks a whole configuration, and finds all its problems at once. */
export function parseSettings(raw: RawConfig): ReadSettings {
    const parsed = schema.safeParse(raw.values);
    const problems = parsed.success ? [] : schemaProblems(parsed.error, raw);
    if (settingKeys.some((key) => raw.values[key] === undefined)) {
        return { settings: undefined, problems, warnings: [] };
    }
    const values = parsed.success ? parsed.data : salvage(raw);
    const pair = pairOf(values);
    problems.push(...checkPeeredVpcPairArgs({ ...pair, keyName: values.keyName }, keyOf));
    problems.push(...keyProblems(values, raw), ...icmpProblems(values));
    const warnings = values.sshCidrs.includes("0.0.0.0/0")
        ? [
              `sshCidrs has 0.0.0.0/0: anybody may try to log in to the servers. Narrow it to your own address with pulumi config set sshCidrs '["203.0.113.7/32"]'`,
          ]
        : [];
    if (problems.length > 0) {
        return { settings: undefined, problems, warnings };
    }
    return {
        settings: {
            pair,
            keyPair: values.keyName === "" ? { publicKey: values.sshPublicKey } : { name: values.keyName },
            check: values.check ? { timeLimit: values.checkTimeLimit, privateKey: privateKeyOf(values) } : undefined,
        },
        problems,
        warnings,
    };
}

/**
 * Reads the stack's configuration. Logs a warning for what is risky, and throws a RunError that lists every problem when
 * there are any, before a resource is registered.
 */
export function readSettings(): Settings {
    const namespace = `${pulumi.getProject()}:`;
    const own = Object.entries(pulumi.runtime.allConfig()).flatMap(([key, value]) =>
        key.startsWith(namespace) ? [[key.slice(namespace.length), value] as const] : [],
    );
    const { settings, problems, warnings } = parseSettings({
        values: Object.fromEntries(own),
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
        throw new pulumi.RunError(describeProblems(`The configuration of stack ${pulumi.getStack()}`, problems));
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
