import type { AmiChoice, Port } from "pulumi-vpc-peering";
import { amiParameters, defaultTimeLimit, labVpcDefaults, sides, type Side } from "pulumi-vpc-peering/rules";
import * as z from "zod";

/** A setting as the reference page shows it. */
export interface Setting {
    /** Its path, as `pulumi config set --path` takes it: `requester.cidrBlock`. */
    readonly path: string;
    /** Its type in a few words. */
    readonly type: string;
    readonly description: string;
    /** Its default; undefined where there is none. */
    readonly value: unknown;
    /** A value of a setting that has no default. */
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

/** A kind of setting: how its values are read and checked, and what the reference page calls it. */
class Kind<Value> {
    constructor(
        readonly type: string,
        readonly values: z.ZodType<Value>,
    ) {}

    /** A setting with a default. */
    setting(description: string, value: Value) {
        return this.values.prefault(value as NonNullable<Value>).meta({ type: this.type, description });
    }

    /** A setting without a default; an empty text is the same as nothing. */
    optional(description: string, example: Value) {
        const values = z.preprocess((value) => (value === "" ? undefined : value), this.values.optional());
        return values.optional().meta({ type: this.type, description, example });
    }
}

const flags = new Kind("boolean", z.preprocess(fromText, z.boolean({ error: "must be true or false" })));
const texts = new Kind("string", z.preprocess(toText, z.string()));
const cidrs = listOf<string>("CIDR blocks", 'CIDR blocks, such as ["203.0.113.0/24"]');
const ports = listOf<Port>("ports", 'ports, such as ["tcp/443", "udp/53", "tcp/8000-8100", "icmp/8"]');
const amis = oneOf(Object.keys(amiParameters) as AmiChoice[]);
const instanceTypes = textsLike(
    [/^[a-z][a-z0-9-]*\.[a-z0-9-]+$/, "is not an instance type; write one such as t3.micro"],
    // Families of Graviton processors: a1, and those with a g behind the generation.
    [
        /^(?!(a1|[a-z]+\d+g[a-z]*)\.)/,
        "has an ARM processor, and the lab's images are x86_64; choose a type such as t3.micro",
    ],
);
const accounts = textsLike([/^\d{12}$/, "is not an AWS account; write its 12 digits"]);
const roles = textsLike([
    /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/,
    "is not the ARN of an IAM role; write one such as arn:aws:iam::222222222222:role/peering",
]);
const publicKeys = textsLike([
    /^(ssh-rsa|ssh-ed25519) [A-Za-z0-9+/]{40,}={0,3}( .*)?$/,
    "is not an RSA or ED25519 public key; give the one line of a .pub file, such as id_ed25519.pub",
]);
const timeError = { error: "must be a whole number of seconds from 10 to 3600" };
const times = new Kind("integer", z.preprocess(fromText, z.int(timeError).min(10, timeError).max(3600, timeError)));
const tagError = { error: 'must be a map of texts, such as {"team": "network"}' };
const tagMaps = new Kind("map of texts", z.preprocess(fromText, z.record(z.string(), texts.values, tagError)));

/** Texts that match all patterns; the error is that of the first that is not matched. */
function textsLike(...patterns: [pattern: RegExp, error: string][]) {
    const text = patterns.reduce((all, [pattern, error]) => all.regex(pattern, { error, abort: true }), z.string());
    return new Kind("string", z.preprocess(toText, text));
}

/** Lists of texts; whether each is right is the components' to say. */
function listOf<Item extends string>(items: string, what: string) {
    const list = z.array(z.preprocess(toText, z.custom<Item>()), { error: `must be a list of ${what}` });
    return new Kind(`list of ${items}`, z.preprocess(fromText, list));
}

function oneOf<const Choice extends string>(choices: readonly Choice[]) {
    const type = choices.map((choice) => JSON.stringify(choice)).join(" or ");
    return new Kind(type, z.enum(choices, { error: `must be one of ${choices.join(", ")}` }));
}

/** The settings of one side. */
function sideOf(other: Side, label: string, cidrBlock: string, subnetCidrBlock: string, privateIp: string) {
    const ofPair = "; by default the setting of that name for both sides";
    const shape = {
        label: texts.setting("The VPC's own part of its names", label),
        cidrBlock: texts.setting(`The VPC's IPv4 CIDR block, /16 to /28, apart from the ${other}'s`, cidrBlock),
        secondaryCidrBlocks: cidrs.setting("Further IPv4 CIDR blocks of the VPC", []),
        subnetCidrBlock: texts.setting("CIDR block of the VPC's public subnet, inside the VPC's", subnetCidrBlock),
        privateIp: texts.setting("Private address of the server, inside the subnet", privateIp),
        routedCidrBlocks: cidrs.setting(
            `Which of the VPC's blocks, or parts of them, the ${other} gets routes to; empty for all`,
            [],
        ),
        region: texts.optional("AWS region; by default that of aws:region", "us-east-1"),
        accountId: accounts.optional(
            "AWS account that the VPC has to be in; by default whichever the credentials lead to",
            "222222222222",
        ),
        profile: texts.optional(
            "Profile of your AWS configuration with the credentials; by default the environment's",
            "peer",
        ),
        roleArn: roles.optional("ARN of an IAM role to assume", "arn:aws:iam::222222222222:role/peering"),
        externalId: texts.optional("External ID that the role's trust policy asks for", "agreed-upon"),
        keyName: texts.optional(`Name of an existing EC2 key pair for the server${ofPair}`, "my-key-pair"),
        instanceType: instanceTypes.optional(`Instance type of the server${ofPair}`, "t3.micro"),
        ami: amis.optional(`Machine image of the server${ofPair}`, "al2"),
        sshCidrs: cidrs.optional(`Blocks that may open SSH to the server${ofPair}`, ["203.0.113.7/32"]),
        icmpCidrs: cidrs.optional(`Blocks that may send ICMP (ping) to the server${ofPair}`, ["10.40.0.0/14"]),
        dnsHostnames: flags.optional(`Whether the server gets a public DNS name${ofPair}`, false),
    };
    const error = 'must be an object with the settings of that side, such as {"region": "us-east-1"}';
    const settings = z.strictObject(shape, { error: ({ code }) => (code === "invalid_type" ? error : undefined) });
    return z.preprocess(fromText, settings).prefault({}).meta({ shape });
}

/** Every setting: the checks and the reference page are made of it. */
const shape = {
    peering: flags.setting(
        "Whether the two VPCs are peered; off shows that they are isolated, on that they are not",
        false,
    ),
    requester: sideOf("accepter", "VPC1", "10.41.0.0/16", "10.41.1.0/24", "10.41.1.100"),
    accepter: sideOf("requester", "VPC2", "10.42.0.0/16", "10.42.1.0/24", "10.42.1.100"),
    requestsFrom: oneOf(["both", ...sides]).setting(
        "Whose servers may open connections to the other's while peered",
        "both",
    ),
    manageAccepter: flags.setting(
        "Whether the accepter's side of the peering is made too; off, another owner accepts and completes it",
        true,
    ),
    manageRequester: flags.setting(
        "Whether the requester's side of the peering is made too; off, its owner has requested the connection already",
        true,
    ),
    peeringConnectionId: texts.optional(
        "Id of the request to accept where manageRequester is off",
        "pcx-0123456789abcdef0",
    ),
    autoAccept: flags.setting(
        "Whether the request accepts itself, which AWS allows within one account and region",
        false,
    ),
    ingressFrom: oneOf(["cidr", "group"]).setting(
        "What the peering's rules name as the other side: its blocks, or its security group, which works in one region only",
        "cidr",
    ),
    extraPorts: ports.setting(
        "What the servers let in from each other while peered, besides HTTP: ports such as tcp/443, ranges such as tcp/8000-8100, all of ICMP or one type, as icmp or icmp/8, or all",
        [],
    ),
    dnsResolution: flags.setting(
        "Whether each peered VPC resolves the other's public DNS names to private addresses",
        true,
    ),
    dnsHostnames: flags.setting(
        "Whether the servers get public DNS names, which dnsResolution needs",
        labVpcDefaults.dnsHostnames,
    ),
    prefix: texts.setting("First part of all names", "ljh"),
    instanceType: instanceTypes.optional(
        `Instance type of both servers, with an x86_64 processor; by default ${labVpcDefaults.instanceType}, or the default of when a server was made`,
        "t2.micro",
    ),
    ami: amis.setting(
        "Machine image of both servers: Amazon Linux 2023, or Amazon Linux 2, which is out of support",
        labVpcDefaults.ami,
    ),
    sshCidrs: cidrs.optional(
        "Blocks that may open SSH to the servers; the check comes from your own address. Must be set, unless each side has its own",
        ["203.0.113.7/32"],
    ),
    icmpCidrs: cidrs.setting("Blocks that may send ICMP (ping) to the servers; the check needs the other VPC's block", [
        "0.0.0.0/0",
    ]),
    keyName: texts.optional("Name of an existing EC2 key pair for both servers; or set sshPublicKey", "my-key-pair"),
    sshPublicKey: publicKeys.optional(
        "Public key in OpenSSH form (RSA or ED25519) to import as the servers' key pair; or set keyName",
        "ssh-ed25519 AAAAC3Nza… me@here",
    ),
    sshPrivateKey: texts.optional(
        "Private key for the check, set with --secret; or set sshPrivateKeyPath or sshAgent",
        "-----BEGIN OPENSSH PRIVATE KEY-----…",
    ),
    sshPrivateKeyPath: texts.optional(
        "Path of the private key's file for the check; or set sshPrivateKey or sshAgent",
        "~/.ssh/id_ed25519",
    ),
    sshAgent: flags.setting(
        "Whether the SSH agent has the private key for the check; or set sshPrivateKey or sshPrivateKeyPath",
        false,
    ),
    sshProxyCommand: texts.optional(
        "OpenSSH's ProxyCommand for the check, where the servers are not reached by their public addresses; {instanceId} in it is the server's id",
        "aws ec2-instance-connect open-tunnel --instance-id {instanceId}",
    ),
    check: flags.setting("Whether to show with real packets what the stage promises", true),
    checkTimeLimit: times.setting(
        "How long a server may take to boot and to install its web server, in seconds, 10 to 3600",
        defaultTimeLimit,
    ),
    tags: tagMaps.setting("Tags for everything that takes tags, besides Name", {}),
};

/** The whole configuration. */
export const schema = z.strictObject(shape);

/** The configuration with all defaults. */
export type Values = z.output<typeof schema>;

/** Every setting in the schema's order; those of each side behind the side's name. */
export const reference: readonly Setting[] = list(shape, "");

function list(fields: Readonly<Record<string, z.ZodType>>, before: string): Setting[] {
    return Object.entries(fields).flatMap(([key, field]) => {
        const { shape: inner, ...described } = field.meta() as unknown as Setting & { shape?: typeof fields };
        const value = field.safeParse(undefined).data;
        return inner ? list(inner, `${before}${key}.`) : [{ ...described, path: before + key, value }];
    });
}
