import type { Provider } from "@pulumi/aws";
import { distance } from "fastest-levenshtein";
import * as fs from "fs";
import * as pulumi from "@pulumi/pulumi";
import * as z from "zod";
import { contains, parseCidr } from "./components/addresses/cidr";
import { amiParameters } from "./components/lab/labVpc";
import type { Port } from "./components/peering/otherOwner";
import {
    checkPeeredVpcPairArgs,
    peeringOptions,
    type PairArgument,
    type PairSideArgs,
    type PeeredVpcPairArgs,
} from "./components/lab/pairArgs";
import { checkDeclared, checkPlaces, sides, type Place, type Side } from "./components/peering/peeringRules";
import { describeProblems, withoutStack, type Problem } from "./components/problems";
import { accountOf, placeOf, type SideAccess } from "./components/peering/sideAccess";

/** How the private key for the check's SSH logins is come by. */
export type PrivateKey =
    { readonly kind: "secret" } | { readonly kind: "path"; readonly path: string } | { readonly kind: "agent" };

/** What the stack's configuration says, read and checked. */
export interface Settings {
    /** Everything of the pair but the key pair's name, which may be yet to come. */
    readonly pair: Omit<PeeredVpcPairArgs, "keyName">;
    /** How each side's region and account are come by. */
    readonly access: Readonly<Record<Side, SideAccess>>;
    /** The region of what has none of its own: `ap-northeast-2`; undefined where nothing says. */
    readonly defaultRegion: string | undefined;
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
    /** The default provider's region. */
    readonly defaultRegion: string | undefined;
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

/** A text that may be empty, which means that nothing is set. */
function optional(pattern: RegExp, error: string) {
    return text
        .refine((value) => value === "" || pattern.test(value), { error })
        .transform((value) => (value === "" ? undefined : value));
}

const region = optional(
    /^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/,
    "is not an AWS region; write one such as us-east-1, or leave it empty for aws:region",
);
const accountId = optional(/^\d{12}$/, "is not an AWS account; write its 12 digits");
const roleArn = optional(
    /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/,
    "is not the ARN of an IAM role; write one such as arn:aws:iam::222222222222:role/peering",
);
const anyText = optional(/./, "");

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
const portPattern = /^(tcp|udp)\/([1-9]\d{0,4})$/;
const portList = json(
    z.array(z.string().refine((port) => Number(portPattern.exec(port)?.[2] ?? 65536) <= 65535)),
    `must be a list of protocols and ports from 1 to 65535, such as ["tcp/443", "udp/53"]`,
);
const instanceTypes = /^[a-z][a-z0-9-]*\.[a-z0-9-]+$/;
/** Families of Graviton processors: a1, and those with a g behind the generation. */
const armTypes = /^(a1|[a-z]+\d+g[a-z]*)\./;
const publicKeys = /^(ssh-rsa|ssh-ed25519) [A-Za-z0-9+/]{40,}={0,3}( .*)?$/;

/** Every setting with its type; defaults and descriptions are in Pulumi.yaml, where `pulumi config` finds them too. */
const schema = z.strictObject({
    peering: flag,
    prefix: text,
    requestsFrom: z.enum(["both", ...sides], { error: `must be one of both, ${sides.join(", ")}` }),
    manageAccepter: flag,
    autoAccept: flag,
    ingressFrom: z.enum(["cidr", "group"], { error: "must be cidr or group" }),
    extraPorts: portList,
    vpc1Label: text,
    vpc1CidrBlock: text,
    vpc1SecondaryCidrBlocks: cidrs,
    vpc1RoutedCidrBlocks: cidrs,
    vpc1SubnetCidrBlock: text,
    vpc1PrivateIp: text,
    vpc1Region: region,
    vpc1AccountId: accountId,
    vpc1Profile: anyText,
    vpc1RoleArn: roleArn,
    vpc1ExternalId: anyText,
    vpc2Label: text,
    vpc2CidrBlock: text,
    vpc2SecondaryCidrBlocks: cidrs,
    vpc2RoutedCidrBlocks: cidrs,
    vpc2SubnetCidrBlock: text,
    vpc2PrivateIp: text,
    vpc2Region: region,
    vpc2AccountId: accountId,
    vpc2Profile: anyText,
    vpc2RoleArn: roleArn,
    vpc2ExternalId: anyText,
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
    dnsHostnames: flag,
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

/** How a side's own arguments are called in the configuration, behind `vpc1` or `vpc2`. */
const sideArguments: readonly string[] = [
    "label",
    "cidrBlock",
    "secondaryCidrBlocks",
    "routedCidrBlocks",
    "subnetCidrBlock",
    "privateIp",
    "region",
    "accountId",
];

/** How a pair's argument is called in the configuration. */
function keyOf(argument: PairArgument, side: Side): string {
    return sideArguments.includes(argument)
        ? `vpc${numberOf(side)}${argument.charAt(0).toUpperCase()}${argument.slice(1)}`
        : argument;
}

function numberOf(side: Side): 1 | 2 {
    return side === "requester" ? 1 : 2;
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

/** The check pings whom it may ask, so the groups must let it; what no group lets in would always seem isolated. */
function icmpProblems(values: Values): Problem[] {
    const open = values.icmpCidrs.map(parseCidr);
    const asking = sides.filter((side) => values.requestsFrom === "both" || values.requestsFrom === side);
    return asking.flatMap((side) => {
        const key = `vpc${numberOf(side)}CidrBlock` as const;
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

/** The check's packets need a route to the servers, whatever else is not routed. */
function routeProblems(values: Values): Problem[] {
    return ([1, 2] as const).flatMap((number) => {
        const routed = values[`vpc${number}RoutedCidrBlocks`];
        const server = parseCidr(`${values[`vpc${number}PrivateIp`]}/32`);
        const blocks = routed.map(parseCidr);
        if (!values.check || routed.length === 0 || !server.ok || blocks.some((block) => !block.ok)) {
            return [];
        }
        return blocks.some((block) => block.ok && contains(block.value, server.value))
            ? []
            : [
                  {
                      key: `vpc${number}RoutedCidrBlocks`,
                      value: JSON.stringify(routed),
                      message: `does not cover the server, vpc${number}PrivateIp = ${values[`vpc${number}PrivateIp`]}, which the check sends packets to; add a block that does, or turn the check off with 'pulumi config set check false'`,
                  },
              ];
    });
}

/** What is wrong with the ways to the two sides' accounts. */
function accessProblems(values: Values): Problem[] {
    return ([1, 2] as const).flatMap((number) => {
        const [account, role, externalId] = [
            values[`vpc${number}AccountId`],
            values[`vpc${number}RoleArn`],
            values[`vpc${number}ExternalId`],
        ];
        const problems: Problem[] = [];
        const owner = role && accountOf(role);
        if (role !== undefined && account !== undefined && owner !== account) {
            const message = `is a role of account ${owner ?? ""}, but vpc${number}AccountId says ${account}; mend one of the two`;
            problems.push({ key: `vpc${number}RoleArn`, value: role, message });
        }
        if (externalId !== undefined && role === undefined) {
            const message = `is sent with a role's assumption, and there is no role; set vpc${number}RoleArn too`;
            problems.push({ key: `vpc${number}ExternalId`, value: externalId, message });
        }
        return problems;
    });
}

function portOf(text: string): Port {
    const [, protocol, port] = portPattern.exec(text) ?? [];
    return { protocol: protocol === "udp" ? "udp" : "tcp", port: Number(port) };
}

/** How a side is reached; a role's account is the side's. */
function accessOf(values: Values, side: Side): SideAccess {
    const number = numberOf(side);
    const roleArn = values[`vpc${number}RoleArn`];
    return {
        region: values[`vpc${number}Region`],
        accountId: values[`vpc${number}AccountId`] ?? (roleArn && accountOf(roleArn)),
        profile: values[`vpc${number}Profile`],
        roleArn,
        externalId: values[`vpc${number}ExternalId`],
    };
}

function pairOf(values: Values, defaultRegion: string | undefined): Settings["pair"] {
    const side = (own: Side): PairSideArgs => {
        const number = numberOf(own);
        const { region, accountId } = accessOf(values, own);
        const elsewhere = sides.some((one) => accessOf(values, one).region !== undefined);
        return {
            instanceType: values.instanceType,
            ami: values.ami,
            sshCidrs: values.sshCidrs,
            icmpCidrs: values.icmpCidrs,
            label: values[`vpc${number}Label`],
            cidrBlock: values[`vpc${number}CidrBlock`],
            secondaryCidrBlocks: values[`vpc${number}SecondaryCidrBlocks`],
            routedCidrBlocks: values[`vpc${number}RoutedCidrBlocks`],
            subnetCidrBlock: values[`vpc${number}SubnetCidrBlock`],
            privateIp: values[`vpc${number}PrivateIp`],
            region: region ?? (elsewhere ? defaultRegion : undefined),
            accountId,
        };
    };
    return {
        requester: side("requester"),
        accepter: side("accepter"),
        peering: values.peering,
        requestsFrom: values.requestsFrom,
        manageAccepter: values.manageAccepter,
        autoAccept: values.autoAccept,
        ingressFrom: values.ingressFrom,
        extraPorts: values.extraPorts.map(portOf),
        prefix: values.prefix,
        dnsHostnames: values.dnsHostnames,
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

function forBothSides(keys: readonly string[], value: unknown): Record<string, unknown> {
    return Object.fromEntries(keys.flatMap((key) => [`vpc1${key}`, `vpc2${key}`]).map((key) => [key, value]));
}

/**
 * The values with something harmless in place of each that is wrong, so that what can still be checked is checked in the
 * same run. A wrong text stays as it is: what uses it finds it wrong too, or does not mind.
 */
function salvage(raw: RawConfig): Values {
    const harmless = {
        peering: false,
        requestsFrom: "both",
        manageAccepter: true,
        autoAccept: false,
        ingressFrom: "cidr",
        extraPorts: [],
        ...forBothSides(["SecondaryCidrBlocks", "RoutedCidrBlocks"], []),
        ...forBothSides(["Region", "AccountId", "RoleArn"], undefined),
        sshCidrs: [],
        icmpCidrs: ["0.0.0.0/0"],
        dnsHostnames: true,
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
    const pair = pairOf(values, raw.defaultRegion);
    problems.push(...checkPeeredVpcPairArgs({ ...pair, keyName: values.keyName }, keyOf));
    problems.push(
        ...keyProblems(values, raw),
        ...icmpProblems(values),
        ...routeProblems(values),
        ...accessProblems(values),
    );
    const warnings = values.sshCidrs.includes("0.0.0.0/0")
        ? [
              `sshCidrs has 0.0.0.0/0: anybody may try to log in to the servers. Narrow it to your own address, as in "pulumi config set --path 'sshCidrs[0]' 203.0.113.7/32"`,
          ]
        : [];
    if (problems.length > 0) {
        return { settings: undefined, problems, warnings };
    }
    return {
        settings: {
            pair,
            access: { requester: accessOf(values, "requester"), accepter: accessOf(values, "accepter") },
            defaultRegion: raw.defaultRegion,
            keyPair: values.keyName === "" ? { publicKey: values.sshPublicKey } : { name: values.keyName },
            check: values.check ? { timeLimit: values.checkTimeLimit, privateKey: privateKeyOf(values) } : undefined,
        },
        problems,
        warnings,
    };
}

function refusal(problems: readonly Problem[]): pulumi.RunError {
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
    const own = Object.entries(pulumi.runtime.allConfig()).flatMap(([key, value]) =>
        key.startsWith(namespace) ? [[key.slice(namespace.length), value] as const] : [],
    );
    const { settings, problems, warnings } = parseSettings({
        values: Object.fromEntries(own),
        defaultRegion:
            pulumi.runtime.allConfig()["aws:region"] ?? process.env["AWS_REGION"] ?? process.env["AWS_DEFAULT_REGION"],
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

/**
 * Where the sides are, as their providers say; undefined where nobody declared anything. Fails unless that is what the
 * settings declare, and the two can be peered there: a RunError that lists every problem, before anything but the
 * providers themselves is registered.
 */
export async function verifyPlaces(
    { pair, access }: Settings,
    providers: Readonly<Record<Side, Provider | undefined>>,
): Promise<Readonly<Record<Side, Place>>> {
    const declared = sides.some((side) => access[side].region !== undefined || access[side].accountId !== undefined);
    if (!declared && providers.requester === undefined && providers.accepter === undefined) {
        return { requester: {}, accepter: {} };
    }
    const [requester, accepter] = await Promise.all([placeOf(providers.requester), placeOf(providers.accepter)]);
    const actual = { requester, accepter };
    const problems = [
        ...sides.flatMap((side) => checkDeclared(access[side], actual[side], side, keyOf)),
        ...checkPlaces(actual, peeringOptions(pair), keyOf),
    ];
    if (problems.length > 0) {
        throw refusal(problems);
    }
    return actual;
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
