/** What the Pulumi stack that is selected here tells of its servers. */
import { execFile } from "child_process";
import { readFileSync } from "fs";
import { join } from "path";
import { promisify } from "util";
import type { DirectionResult } from "../components/check/reachabilityCheck";
import { messageOf } from "../components/problems";
import { sides, type Side } from "../components/peering/sides";
import type { Source } from "../reachability/read";

/** A side's output. */
export interface SideOutput {
    readonly vpcId: string;
    readonly routeTableId: string;
    readonly securityGroupId: string;
    readonly serverId: string;
    readonly region?: string;
    readonly privateIp: string;
    readonly publicIp: string;
    readonly publicDns: string;
}

/** The outputs of the program, and its settings. */
export interface Stack {
    readonly outputs: Readonly<Record<Side, SideOutput>> & { readonly checkResults?: readonly DirectionResult[] };
    /** Returns a setting of the program, or else of AWS's provider; a secret is decrypted only then. */
    readonly setting: (name: string) => Promise<unknown>;
    /** Whether a setting is a secret, or has one in it. */
    readonly isSecret: (name: string) => boolean;
}

/** The project's folder. */
const folder = join(__dirname, "..");

/** The Pulumi CLI is not on PATH. */
class NoPulumiError extends Error {}

async function pulumi(...args: string[]): Promise<string> {
    try {
        return (await promisify(execFile)("pulumi", args, { cwd: folder })).stdout.trim();
    } catch (error) {
        const { stderr, message, code } = error as Error & { stderr?: string; code?: unknown };
        if (code === "ENOENT") throw new NoPulumiError(message, { cause: error });
        throw new Error(stderr?.trim() || message, { cause: error });
    }
}

/** The project's name in the text of its Pulumi.yaml. It is the namespace of the program's settings. */
export function projectName(text: string): string {
    return /^name:\s*["']?([\w.-]+)/m.exec(text)?.[1] ?? "";
}

/** A setting as the CLI shows it: a secret has neither value where it is not asked for. */
interface Shown {
    readonly secret?: boolean;
    readonly value?: string;
    readonly objectValue?: unknown;
}

/** Lists and maps that the CLI stored as text, which it does without `--path`, are what they say; a text is itself. */
function valueOf({ value, objectValue }: Shown): unknown {
    if (objectValue !== undefined || value === undefined || !/^\s*[[{]/.test(value)) return objectValue ?? value;
    try {
        return JSON.parse(value) as unknown;
    } catch {
        return value;
    }
}

/** One of the project's commands, as it was typed. */
export interface Typed {
    readonly name: "check" | "explain";
    readonly args: readonly string[];
    readonly env: NodeJS.ProcessEnv;
}

/** What to type for a command where this one was typed: by npm in the project's folder, or its name where that is on PATH. */
function lineOf({ name, args, env }: Typed): string {
    const words = args.map((arg) => (/^[\w./:@=,-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", String.raw`'\''`)}'`));
    const isByNpm = ["check", "explain"].includes(env["npm_lifecycle_event"] ?? "");
    const start = isByNpm ? ["npm", "run", name, ...(words.length > 0 ? ["--"] : [])] : [name];
    return [...start, ...words].join(" ");
}

/** Throws if there is no CLI, no stack, or none of the lab's servers in it. */
export async function readStack(typed: Typed): Promise<Stack> {
    const read = Promise.all([readOutputs(), pulumi("config", "--json")]);
    const [outputs, config] = await read.catch((error: unknown) => {
        throw error instanceof NoPulumiError ? new Error(withoutPulumi(typed), { cause: error }) : error;
    });
    if (!isServer(outputs.requester) || !isServer(outputs.accepter)) {
        throw new Error(withoutServers(typed));
    }
    const values = JSON.parse(config) as Record<string, Shown>;
    const project = projectName(readFileSync(join(folder, "Pulumi.yaml"), "utf8"));
    const keyOf = (name: string) => [`${project}:${name}`, `aws:${name}`].find((one) => one in values);
    const isSecret = (name: string) => values[keyOf(name) ?? ""]?.secret === true;
    const setting = async (name: string): Promise<unknown> => {
        const key = keyOf(name);
        if (key === undefined) return undefined;
        return valueOf(values[key] ?? {}) ?? (await secretOf(key));
    };
    return { outputs: outputs as Stack["outputs"], setting, isSecret };
}

async function secretOf(key: string): Promise<unknown> {
    try {
        return valueOf(JSON.parse(await pulumi("config", "get", key, "--json")) as Shown);
    } catch (error) {
        throw new Error(`The secret in '${key}' can't be read: ${messageOf(error)}`, { cause: error });
    }
}

type Outputs = Readonly<Partial<Record<keyof Stack["outputs"], unknown>>>;

/** The stack's outputs. A side that depends on a secret is one, too, and its IDs are read then, but never printed as such. */
async function readOutputs(): Promise<Outputs> {
    const args = ["stack", "output", "--json"];
    const { requester, accepter, checkResults } = JSON.parse(await pulumi(...args)) as Outputs;
    const hasSecret = JSON.stringify([requester, accepter, checkResults]).includes('"[secret]"');
    return hasSecret
        ? (JSON.parse(await pulumi(...args, "--show-secrets")) as Outputs)
        : { requester, accepter, checkResults };
}

function isServer(output: unknown): output is SideOutput {
    return typeof output === "object" && output !== null && "serverId" in output;
}

function withoutPulumi(typed: Typed): string {
    return [
        "The Pulumi CLI was not found on PATH; this command reads the selected stack with it.",
        "'npm run sandbox' opens a shell that has it, and needs no AWS account. Its stack is empty at first; type there:",
        "  pulumi up --yes",
        `  ${lineOf(typed)}`,
        "For a stack in your own account, install the CLI: https://www.pulumi.com/docs/install/",
    ].join("\n");
}

function withoutServers(typed: Typed): string {
    const { name, args: given, env } = typed;
    const first = given.findIndex((arg) => arg.startsWith("-"));
    const options = name === "explain" && first >= 0 ? given.slice(first) : [];
    const isPlaced =
        (env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"]) !== undefined ||
        options.some((option) => /^--(region|state)\b/.test(option));
    const args = ["--all", ...options, ...(isPlaced ? [] : ["--region", "REGION"])];
    return [
        `The stack that is selected in ${folder} does not have the lab's servers, which '${lineOf(typed)}' is about:`,
        "its outputs 'requester' and 'accepter'. If it is the lab's stack, 'pulumi up' makes them.",
        "For the servers of any other stack, give 'explain' two names, IDs or addresses instead. This shows them all:",
        `  ${lineOf({ name: "explain", args, env })}`,
    ].join("\n");
}

/** Where AWS describes the stack's two sides. */
export async function sourcesOf({ outputs, setting, isSecret }: Stack): Promise<Source[]> {
    const usual = (await setting("profile")) as string | undefined;
    const source = async (side: Side) => {
        const own = (await setting(side)) ?? {};
        if (typeof own !== "object") {
            const set = `pulumi config set --path ${side}.region ${outputs[side].region ?? "us-east-1"}`;
            throw new Error(
                `The setting '${side}' is not an object, so it does not say with which role and profile to read the account. Remove it, and set its fields one by one: pulumi config rm ${side} && ${set}`,
            );
        }
        const { profile, roleArn, externalId } = own as Source;
        return {
            region: outputs[side].region,
            profile: profile ?? usual,
            roleArn,
            externalId,
            isSecret: isSecret(profile === undefined ? "profile" : side),
        };
    };
    return Promise.all(sides.map(source));
}
