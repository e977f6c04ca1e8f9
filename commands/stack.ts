/** What the Pulumi stack that is selected here tells of its servers. */
import { execFile } from "child_process";
import { readFileSync } from "fs";
import { join } from "path";
import { promisify } from "util";
import type { DirectionResult } from "../components/check/reachabilityCheck";
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
}

/** The project's folder. */
const folder = join(__dirname, "..");

async function pulumi(...args: string[]): Promise<string> {
    try {
        return (await promisify(execFile)("pulumi", args, { cwd: folder })).stdout.trim();
    } catch (error) {
        const { stderr, message } = error as Error & { stderr?: string };
        throw new Error(stderr?.trim() || message, { cause: error });
    }
}

/** The project's name in the text of its Pulumi.yaml. It is the namespace of the program's settings. */
export function projectName(text: string): string {
    return /^name:\s*["']?([\w.-]+)/m.exec(text)?.[1] ?? "";
}

/** Throws if there is no stack, or nothing in it. */
export async function readStack(): Promise<Stack> {
    const [outputs, config] = await Promise.all([pulumi("stack", "output", "--json"), pulumi("config", "--json")]);
    const found = JSON.parse(outputs) as Partial<Stack["outputs"]>;
    if (!found.requester || !found.accepter) {
        throw new Error("The stack has no servers; run 'pulumi up'.");
    }
    const values = JSON.parse(config) as Record<string, { readonly value?: string; readonly objectValue?: unknown }>;
    const project = projectName(readFileSync(join(folder, "Pulumi.yaml"), "utf8"));
    const setting = async (name: string): Promise<unknown> => {
        const key = [`${project}:${name}`, `aws:${name}`].find((one) => one in values);
        if (key === undefined) return undefined;
        const { objectValue, value } = values[key] ?? {};
        return objectValue ?? value ?? (await pulumi("config", "get", key));
    };
    return { outputs: found as Stack["outputs"], setting };
}

/** Where AWS describes the stack's two sides. */
export async function sourcesOf({ outputs, setting }: Stack): Promise<Source[]> {
    const usual = (await setting("profile")) as string | undefined;
    const source = async (side: Side) => {
        const { profile = usual, roleArn, externalId } = { ...((await setting(side)) as Source | undefined) };
        return { region: outputs[side].region, profile, roleArn, externalId };
    };
    return Promise.all(sides.map(source));
}
