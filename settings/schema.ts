import * as z from "zod";
import { defaultTimeLimit } from "../components/check/probe";
import { amiParameters, labVpcDefaults, type AmiChoice } from "../components/lab/labVpcArgs";
import type { Port } from "../components/peering/ports";
import { sides, type Side } from "../components/peering/sides";

/** What the reference page says of a setting, besides its default. */
interface Described {
    readonly type: string;
    readonly description: string;
    /** A value, for settings that have no default to show what one looks like. */
    readonly example?: unknown;
}

/** A value that the CLI may have stored as text: `pulumi config set` without `--path` stores lists and maps as JSON. */
export function fromText(value: unknown): unknown {
    try {
        return typeof value === "string" ? (JSON.parse(value) as unknown) : value;
    } catch {
        return value;
    }
}

/** A text that the CLI may have stored as a number or flag: `pulumi config set --path requester.accountId 222222222222`. */
function toText(value: unknown): unknown {
    return value === undefined || typeof value === "string" ? value : JSON.stringify(value);
}

function flag(description: string, value: boolean) {
    return z
        .preprocess(fromText, z.boolean({ error: "must be true or false" }))
        .default(value)
        .meta({ type: "boolean", description } satisfies Described);
}

function text(description: string, value: string) {
    return z
        .preprocess(toText, z.string())
        .default(value)
        .meta({ type: "string", description } satisfies Described);
}

/** A text without a default. An empty one is the same as none. */
function optional(description: string, example: string, type: z.ZodType<string> = z.string()) {
    return z
        .preprocess((value) => (value === "" ? undefined : toText(value)), type.optional())
        .optional()
        .meta({ type: "string", description, example } satisfies Described);
}

function choice<const Choice extends string>(description: string, choices: readonly Choice[], value: NoInfer<Choice>) {
    return z
        .enum(choices, { error: `must be one of ${choices.join(", ")}` })
        .default(value)
        .meta({ type: choices.map((one) => JSON.stringify(one)).join(" or "), description } satisfies Described);
}

function listOf<Item extends string>(item: z.ZodType<Item>, error: string) {
    return z.preprocess(fromText, z.array(z.preprocess(toText, item), { error }));
}

const blocks = listOf(z.string(), `must be a list of CIDR blocks, such as ["203.0.113.0/24"]`);

function cidrs(description: string, value: string[]) {
    return blocks.default(value).meta({ type: "list of CIDR blocks", description } satisfies Described);
}

function optionalCidrs(description: string, example: string[]) {
    return blocks.optional().meta({ type: "list of CIDR blocks", description, example } satisfies Described);
}

/** Families of Graviton processors: a1, and those with a g behind the generation. */
const armTypes = /^(a1|[a-z]+\d+g[a-z]*)\./;
const instanceType = z
    .string()
    .regex(/^[a-z][a-z0-9-]*\.[a-z0-9-]+$/, {
        error: "is not an instance type; write one such as t2.micro",
        abort: true,
    })
    .refine((type) => !armTypes.test(type), {
        error: "has an ARM processor, and the lab's images are x86_64; choose a type such as t3.micro",
    });
const amis = Object.keys(amiParameters) as AmiChoice[];

/** The settings of one side. */
function side(defaults: { label: string; cidrBlock: string; subnetCidrBlock: string; privateIp: string }, other: Side) {
    const ofPair = "; by default the setting of that name for both sides";
    const shape = {
        label: text("The VPC's own part of its names", defaults.label),
        cidrBlock: text(`The VPC's IPv4 CIDR block, /16 to /28, apart from the ${other}'s`, defaults.cidrBlock),
        secondaryCidrBlocks: cidrs("Further IPv4 CIDR blocks of the VPC", []),
        subnetCidrBlock: text("CIDR block of the VPC's public subnet, inside the VPC's", defaults.subnetCidrBlock),
        privateIp: text("Private address of the server, inside the subnet", defaults.privateIp),
        routedCidrBlocks: cidrs(
            `Which of the VPC's blocks, or parts of them, the ${other} gets routes to; empty for all`,
            [],
        ),
        region: optional(
            "AWS region; by default that of aws:region",
            "us-east-1",
            z.string().regex(/^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/, {
                error: "is not an AWS region; write one such as us-east-1",
            }),
        ),
        accountId: optional(
            "AWS account that the VPC has to be in; by default whichever the credentials lead to",
            "222222222222",
            z.string().regex(/^\d{12}$/, { error: "is not an AWS account; write its 12 digits" }),
        ),
        profile: optional(
            "Profile of your AWS configuration with the credentials; by default the environment's",
            "peer",
        ),
        roleArn: optional(
            "ARN of an IAM role to assume",
            "arn:aws:iam::222222222222:role/peering",
            z.string().regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/, {
                error: "is not the ARN of an IAM role; write one such as arn:aws:iam::222222222222:role/peering",
            }),
        ),
        externalId: optional("External ID that the role's trust policy asks for", "agreed-upon"),
        keyName: optional(`Name of an existing EC2 key pair for the server${ofPair}`, "my-key-pair"),
        instanceType: optional(`Instance type of the server${ofPair}`, "t3.micro", instanceType),
        ami: z
            .enum(amis, { error: `must be one of ${amis.join(", ")}` })
            .optional()
            .meta({ type: '"al2023" or "al2"', description: `Machine image of the server${ofPair}`, example: "al2" }),
        sshCidrs: optionalCidrs(`Blocks that may open SSH to the server${ofPair}`, ["203.0.113.7/32"]),
        icmpCidrs: optionalCidrs(`Blocks that may send ICMP (ping) to the server${ofPair}`, ["10.40.0.0/14"]),
        dnsHostnames: z
            .preprocess(fromText, z.boolean({ error: "must be true or false" }))
            .optional()
            .meta({
                type: "boolean",
                description: `Whether the server gets a public DNS name${ofPair}`,
                example: false,
            }),
    };
    const error = 'must be an object with the settings of that side, such as {"region": "us-east-1"}';
    const settings = z.strictObject(shape, { error: ({ code }) => (code === "invalid_type" ? error : undefined) });
    return z.preprocess(fromText, settings).prefault({}).meta({ shape });
}

const publicKeys = /^(ssh-rsa|ssh-ed25519) [A-Za-z0-9+/]{40,}={0,3}( .*)?$/;
const timeError = "must be a whole number of seconds from 10 to 3600";

/** Every setting with its type, default and description: the checks and the reference page are made of it. */
const shape = {
    peering: flag("Whether the two VPCs are peered; off shows that they are isolated, on that they are not", false),
    requester: side(
        { label: "VPC1", cidrBlock: "10.41.0.0/16", subnetCidrBlock: "10.41.1.0/24", privateIp: "10.41.1.100" },
        "accepter",
    ),
    accepter: side(
        { label: "VPC2", cidrBlock: "10.42.0.0/16", subnetCidrBlock: "10.42.1.0/24", privateIp: "10.42.1.100" },
        "requester",
    ),
    requestsFrom: choice("Whose servers may open connections to the other's while peered", ["both", ...sides], "both"),
    manageAccepter: flag(
        "Whether the accepter's side of the peering is made too; off, another owner accepts and completes it",
        true,
    ),
    autoAccept: flag("Whether the request accepts itself, which AWS allows within one account and region", false),
    ingressFrom: choice(
        "What the peering's rules name as the other side: its blocks, or its security group, which works in one region only",
        ["cidr", "group"],
        "cidr",
    ),
    extraPorts: listOf(
        z.string().transform((port) => port as Port),
        `must be a list of protocols and ports, such as ["tcp/443", "udp/53"]`,
    )
        .default([])
        .meta({
            type: "list of ports",
            description: "Ports that the servers open to each other while peered, besides HTTP, such as tcp/443",
        } satisfies Described),
    dnsResolution: flag("Whether each peered VPC resolves the other's public DNS names to private addresses", true),
    dnsHostnames: flag(
        "Whether the servers get public DNS names, which dnsResolution needs",
        labVpcDefaults.dnsHostnames,
    ),
    prefix: text("First part of all names", labVpcDefaults.prefix),
    instanceType: z
        .preprocess(toText, instanceType)
        .default(labVpcDefaults.instanceType)
        .meta({ type: "string", description: "Instance type of both servers, with an x86_64 processor" }),
    ami: choice(
        "Machine image of both servers: Amazon Linux 2023, or Amazon Linux 2, which is out of support",
        amis,
        labVpcDefaults.ami,
    ),
    sshCidrs: cidrs("Blocks that may open SSH to the servers; the check comes from your own address", ["0.0.0.0/0"]),
    icmpCidrs: cidrs("Blocks that may send ICMP (ping) to the servers; the check needs the other VPC's block", [
        "0.0.0.0/0",
    ]),
    keyName: optional("Name of an existing EC2 key pair for both servers; or set sshPublicKey", "my-key-pair"),
    sshPublicKey: optional(
        "Public key in OpenSSH form (RSA or ED25519) to import as the servers' key pair; or set keyName",
        "ssh-ed25519 AAAAC3Nza… me@here",
        z.string().regex(publicKeys, {
            error: "is not an RSA or ED25519 public key; give the one line of a .pub file, such as id_ed25519.pub",
        }),
    ),
    sshPrivateKey: optional(
        "Private key for the check, set with --secret; or set sshPrivateKeyPath or sshAgent",
        "-----BEGIN OPENSSH PRIVATE KEY-----…",
    ),
    sshPrivateKeyPath: optional(
        "Path of the private key's file for the check; or set sshPrivateKey or sshAgent",
        "~/.ssh/id_ed25519",
    ),
    sshAgent: flag(
        "Whether the SSH agent has the private key for the check; or set sshPrivateKey or sshPrivateKeyPath",
        false,
    ),
    check: flag("Whether to show with real packets what the stage promises", true),
    checkTimeLimit: z
        .preprocess(fromText, z.int({ error: timeError }).min(10, { error: timeError }).max(3600, { error: timeError }))
        .default(defaultTimeLimit)
        .meta({
            type: "integer",
            description: "How long a server may take to boot and to install its web server, in seconds, 10 to 3600",
        } satisfies Described),
    tags: z
        .preprocess(
            fromText,
            z.record(z.string(), z.preprocess(toText, z.string()), {
                error: 'must be a map of texts, such as {"team": "network"}',
            }),
        )
        .default({})
        .meta({
            type: "map of texts",
            description: "Tags for everything that takes tags, besides Name",
        } satisfies Described),
};

/** The whole configuration. */
export const schema = z.strictObject(shape);

/** The configuration with all defaults. */
export type Values = z.output<typeof schema>;

/** A setting as the reference page shows it. */
export interface Setting extends Described {
    /** Its path, as `pulumi config set --path` takes it: `requester.cidrBlock`. */
    readonly path: string;
    /** Undefined where there is none. */
    readonly value: unknown;
}

/** Every setting in the schema's order; those of each side behind the side's name. */
export const reference: readonly Setting[] = (function list(
    fields: Readonly<Record<string, z.ZodType>>,
    before: string,
): Setting[] {
    return Object.entries(fields).flatMap(([key, field]) => {
        const { shape: inner, ...described } = field.meta() as unknown as Described & { shape?: typeof fields };
        return inner === undefined
            ? [{ path: before + key, value: field.safeParse(undefined).data, ...described }]
            : list(inner, `${before}${key}.`);
    });
})(shape, "");
