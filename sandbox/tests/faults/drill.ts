import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { EC2 } from "@aws-sdk/client-ec2";
import { inventory } from "../../lab/inventory.ts";
import { projectName } from "../../launch/environment.ts";
import { FaultyApi } from "./faultyApi.ts";

/** A command's exit code and output. */
interface Result {
    readonly code: number | null;
    readonly text: string;
}

/** Lines of the CLI that say what goes on, and the outputs. */
const progress =
    /^@ updating.*\n|^.* (refreshing|creating|created|deleting|deleted|refresh|updating|running) ?(\(.*)?\n|^Outputs:\n(  .*\n)*/gm;

/** A command that runs. */
export class Running {
    readonly ended: Promise<Result>;
    readonly #child: ChildProcess;

    constructor(program: string, args: readonly string[], env: NodeJS.ProcessEnv) {
        this.#child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
        let text = "";
        for (const stream of [this.#child.stdout, this.#child.stderr]) {
            stream?.on("data", (data: Buffer) => (text += data.toString()));
        }
        // Programs that a killed one has started may hold its output open for a while.
        this.ended = once(this.#child, "exit").then(async ([code]) => {
            await new Promise((resolve) => setTimeout(resolve, 300));
            return { code: code as number | null, text: text.replaceAll(progress, "") };
        });
    }

    signal(signal: NodeJS.Signals): void {
        this.#child.kill(signal);
    }

    /** Kills a program that this one has started; throws unless it has started just one of that name. */
    killChild(name: string): void {
        const found = readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && this.#started(pid, name));
        assert.equal(found.length, 1, `${found.length} programs called ${name} were started`);
        process.kill(Number(found[0]), "SIGKILL");
    }

    #started(pid: string, name: string): boolean {
        try {
            const parent = /^PPid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
            return parent === String(this.#child.pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(name);
        } catch {
            return false;
        }
    }
}

/** What removes a resource that no state knows, by its kind in the inventory; the parts of others go with them. */
const removals: Readonly<Record<string, string>> = {
    instance: "terminate-instances --instance-ids",
    "peering connection": "delete-vpc-peering-connection --vpc-peering-connection-id",
    subnet: "delete-subnet --subnet-id",
    "route table": "delete-route-table --route-table-id",
    "security group": "delete-security-group --group-id",
    "internet gateway": "delete-internet-gateway --internet-gateway-id",
    VPC: "delete-vpc --vpc-id",
};

/** The stack of a sandbox, its CLI and its API, for one cell of the drill. */
export class Drill {
    readonly api: FaultyApi;
    /** The API without faults. */
    readonly ec2: EC2;
    #reads = 0;
    #unreadable: unknown;
    readonly #env: NodeJS.ProcessEnv;
    readonly #endpoint = process.env["AWS_ENDPOINT_URL"] ?? "";
    readonly #region = process.env["AWS_REGION"] ?? "";

    constructor(api: FaultyApi) {
        this.api = api;
        this.ec2 = new EC2({ endpoint: this.#endpoint, region: this.#region });
        // The CLI starts plugins of its own: they can be killed, ask the API that can fail, and know the caller's SSH agent.
        this.#env = { ...process.env, AWS_ENDPOINT_URL: api.endpoint, PULUMI_DEBUG_PROVIDERS: "" };
    }

    static async start(): Promise<Drill> {
        const drill = new Drill(await FaultyApi.start(process.env["AWS_ENDPOINT_URL"] ?? ""));
        setInterval(() => {
            drill.#readState();
        }, 100).unref();
        return drill;
    }

    /** Throws if the state's file could not be read at some moment. */
    checkState(): void {
        assert.equal(this.#unreadable, undefined);
        assert.ok(this.#reads > 0);
    }

    #readState(): void {
        const file = new URL(`${process.env["PULUMI_BACKEND_URL"]}/.pulumi/stacks/${projectName(".")}/dev.json`);
        try {
            JSON.parse(readFileSync(file, "utf8"));
            this.#reads++;
        } catch (error) {
            this.#unreadable ??= error;
        }
    }

    begin(...args: string[]): Running {
        return new Running("pulumi", [...args, "--stack", "dev", "--non-interactive"], this.#env);
    }

    pulumi(...args: string[]): Promise<Result> {
        return this.begin(...args).ended;
    }

    /** Runs a command that must succeed. */
    async must(...args: string[]): Promise<string> {
        const { code, text } = await this.pulumi(...args);
        assert.equal(code, 0, `pulumi ${args.join(" ")}: ${text}`);
        return text;
    }

    /** Runs a command that must fail, with a message that has this in it. */
    async mustFail(said: RegExp, ...args: string[]): Promise<string> {
        const { code, text } = await this.pulumi(...args);
        assert.notEqual(code, 0, `pulumi ${args.join(" ")} did not fail: ${text}`);
        assert.match(text, said);
        return text;
    }

    /** Types a command of a message in a shell. */
    async type(command: string): Promise<string> {
        const { code, text } = await new Running("bash", ["-c", command], this.#env).ended;
        assert.equal(code, 0, `${command}: ${text}`);
        return text;
    }

    async set(settings: Readonly<Record<string, string>>): Promise<void> {
        for (const [key, value] of Object.entries(settings)) {
            await this.must("config", "set", "--path", key, value);
        }
    }

    async outputs<Outputs>(): Promise<Outputs> {
        return JSON.parse(await this.must("stack", "output", "--json")) as Outputs;
    }

    /** The stack's state, which must be readable at any time. */
    state(): Promise<string> {
        return this.must("stack", "export");
    }

    /** What is in the API, as `kind id`. */
    standing(): Promise<string[]> {
        return inventory(this.#endpoint, this.#region);
    }

    /** What is in the API and the state does not know. */
    async leftovers(): Promise<string[]> {
        const [found, state] = [await this.standing(), await this.state()];
        return found.filter((item) => !state.includes(item.split(" ").at(-1) ?? ""));
    }

    /** Removes with the AWS CLI what the state does not know. */
    async removeLeftovers(): Promise<void> {
        for (const [kind, command] of Object.entries(removals)) {
            for (const item of await this.leftovers()) {
                const id = item.split(" ").at(-1) ?? "";
                // A VPC takes its own table and group with it.
                if (item === `${kind} ${id}`) {
                    await this.type(`aws ec2 ${command} ${id}`).catch(() => undefined);
                }
            }
        }
    }

    /** Destroys the stack, after which nothing may be left. */
    async destroyed(...options: string[]): Promise<void> {
        await this.must(...destroy, ...options);
        assert.deepEqual(await this.standing(), []);
    }
}

export const up = ["up", "--yes", "--skip-preview"];
export const destroy = ["destroy", "--yes", "--skip-preview"];

/** The commands in a message, between double quotes. */
export function commandsIn(message: string): string[] {
    return [...message.matchAll(/"((?:pulumi|aws) [^"]+)"/g)].map(([, command = ""]) => command);
}
