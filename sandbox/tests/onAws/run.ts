import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inventory } from "../../lab/inventory.ts";
import { internet } from "../../network/planned/network.ts";
import { FaultyApi } from "../faults/faultyApi.ts";

/** What is read of a report. */
export interface Report {
    readonly proven: boolean;
    readonly acts: readonly {
        readonly name: string;
        readonly seconds?: number;
        readonly errors: readonly string[];
        readonly checks?: readonly object[];
        readonly described?: Readonly<Record<string, readonly object[]>>;
    }[];
    readonly swept: readonly string[];
    readonly left?: readonly string[];
    readonly differences: readonly { readonly act: string; readonly differences: readonly object[] }[];
}

const endpoint = process.env["AWS_ENDPOINT_URL"] ?? "";

/** Runs of `npm run on-aws` that take a sandbox for AWS: its API can be held in the middle of an act. */
export class OnAws {
    readonly api: FaultyApi;
    readonly folder = join(mkdtempSync(join(tmpdir(), "on-aws-")), "state");
    readonly #report = join(mkdtempSync(join(tmpdir(), "on-aws-report-")), "report");

    constructor(api: FaultyApi) {
        this.api = api;
    }

    static async start(): Promise<OnAws> {
        return new OnAws(await FaultyApi.start(endpoint));
    }

    /** Begins a run, of which this process is the parent. */
    begin(...more: readonly string[]): Began {
        const address = `${internet.operator}/32`;
        return this.#spawn(["ts-node", "on-aws/onAws.ts", "--yes", "--ssh-cidr", address, ...this.#options, ...more]);
    }

    /** Begins a run as people do: by npm, on a terminal on which they can type. */
    beginOnTerminal(): Began {
        const command = `npm run --silent on-aws -- ${this.#options.join(" ")}`;
        return this.#spawn(["script", "-qec", command, "/dev/null"]);
    }

    get #options(): string[] {
        return ["--folder", this.folder, "--report", this.#report];
    }

    #spawn([program = "", ...args]: readonly string[]): Began {
        // The CLI starts plugins of its own, which ask the API that can be held.
        const env = { ...process.env, AWS_ENDPOINT_URL: this.api.endpoint, PULUMI_DEBUG_PROVIDERS: "" };
        return new Began(spawn(program, args, { env, stdio: ["pipe", "pipe", "pipe"] }));
    }

    /** The report of the last run; throws unless it has both forms. */
    report(): Report {
        const report = JSON.parse(readFileSync(`${this.#report}.json`, "utf8")) as Report;
        const page = readFileSync(`${this.#report}.md`, "utf8");
        for (const { name } of report.acts) {
            assert.match(page, new RegExp(`^\\| ${name} \\|`, "m"));
        }
        return report;
    }

    /** Throws unless the account is empty and the run has put its state away. */
    async isGone(): Promise<void> {
        assert.deepEqual(await inventory(endpoint, process.env["AWS_REGION"] ?? ""), []);
        assert.ok(!existsSync(this.folder), "the state is still there");
    }
}

/** A run that goes on. */
export class Began {
    readonly ended: Promise<{ readonly code: number | null; readonly text: string }>;
    readonly #child: ChildProcess;
    #text = "";

    constructor(child: ChildProcess) {
        this.#child = child;
        for (const stream of [child.stdout, child.stderr]) {
            stream?.on("data", (data: Buffer) => (this.#text += data.toString()));
        }
        this.ended = once(child, "exit").then(([code]) => ({ code: code as number | null, text: this.#text }));
    }

    type(text: string): void {
        this.#child.stdin?.write(text);
    }

    kill(): void {
        this.#child.kill("SIGKILL");
    }

    /** Resolves once it has said this; throws if it ends before. */
    async says(words: RegExp): Promise<void> {
        const ended = this.ended.then(() => true);
        while (!words.test(this.#text)) {
            const isOver = await Promise.race([ended, new Promise<false>((next) => setTimeout(next, 100, false))]);
            assert.ok(!isOver || words.test(this.#text), `it ended, and did not say ${String(words)}:\n${this.#text}`);
        }
    }
}

/** The call of EC2 by which each act is under way. */
export const midway = {
    base: "RunInstances",
    peering: "CreateVpcPeeringConnection",
    "peering off": "DeleteVpcPeeringConnection",
    destroy: "TerminateInstances",
} as const;

/** The names of the acts, in their order. */
export const acts = Object.keys(midway) as (keyof typeof midway)[];

/** The acts that a run reports that was cut off in this one. */
export function actsUntil(act: keyof typeof midway): string[] {
    return [...acts.slice(0, acts.indexOf(act) + 1).filter((name) => name !== "destroy"), "destroy"];
}
