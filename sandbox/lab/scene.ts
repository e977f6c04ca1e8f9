import { EC2 } from "@aws-sdk/client-ec2";
import { credentialsOf } from "../api/client/caller.ts";
import { run } from "../cache/process.ts";
import type { SandboxContext } from "../context.ts";
import { Cleanup } from "./cleanup.ts";
import { inventory } from "./inventory.ts";
import type { Pair, Side } from "./probes.ts";
import type { Changes, Outputs, Told } from "./pulumi.ts";
import type { Settings } from "./settings.ts";
import type { LabStack, StackName, Stacks } from "./stacks.ts";

/** What an act needs before it begins. */
export interface Needs {
    /** The stack that it uses, by default the lab's own. */
    readonly stack?: StackName;
    /** The settings of the stack; undefined if the act needs no stack. */
    readonly settings?: Settings;
}

/** A region of an account. */
interface Place {
    readonly region: string;
    readonly accessKeyId: string;
}

/** What an act works with: its stack, the EC2 API, and a cleanup for its changes. */
export class Scene {
    readonly context: SandboxContext;
    readonly stacks: Stacks;
    readonly log: (line: string) => void;
    /** The EC2 API, in the lab's own account and region. */
    readonly ec2: EC2;
    readonly #needs: Needs;
    readonly #cleanup = new Cleanup();
    #changes: Changes = {};
    #stack: LabStack | undefined;

    constructor(needs: Needs, context: SandboxContext, stacks: Stacks, log: (line: string) => void) {
        const { endpoint, region } = context;
        this.#needs = needs;
        this.context = context;
        this.stacks = stacks;
        this.log = log;
        this.ec2 = new EC2({ endpoint, region, credentials: credentialsOf() });
    }

    /** Brings the stack up with the act's settings. */
    async prepare(): Promise<void> {
        const { stack = "lab", settings } = this.#needs;
        if (settings) {
            this.#stack = await this.stacks.stack(stack);
            this.#tell(await this.#stack.ensure(settings, this.log));
        }
    }

    /** Undoes the act's changes; throws after it has tried all of them, if any failed. */
    async cleanUp(): Promise<void> {
        await this.#cleanup.run();
        this.ec2.destroy();
    }

    /** How many resources the program created, deleted and so on. */
    get changes(): Changes {
        return this.#changes;
    }

    /** Registers how to undo a change. When the act ends, changes are undone from the last to the first. */
    afterwards(what: string, undo: () => Promise<unknown>): void {
        this.#cleanup.add(what, undo);
    }

    /** The program's outputs. */
    get outputs(): Outputs {
        return this.#ownStack.outputs;
    }

    /** Runs `pulumi up` again with the act's settings, and returns the changes. */
    async up(): Promise<Changes> {
        const { changes } = await this.#ownStack.up(this.#needs.settings ?? {}, this.log);
        return changes;
    }

    /** Runs `pulumi up` with settings that the program should reject; returns the error, or undefined if it accepts them. */
    refusal(settings: Settings): Promise<string | undefined> {
        return this.#ownStack.refusal(settings, this.log);
    }

    /** Destroys all stacks of the run in parallel. */
    async destroy(): Promise<void> {
        const stacks = await this.stacks.opened();
        const ends = await Promise.allSettled(
            stacks.map(([name, stack]) =>
                stack.destroy((line) => {
                    this.log(stacks.length === 1 ? line : `${name}: ${line}`);
                }),
            ),
        );
        for (const end of ends) {
            if (end.status === "rejected") {
                throw end.reason;
            }
            this.#tell(end.value);
        }
    }

    /** The two VPCs and their servers. */
    async pair(): Promise<Pair> {
        const [one, other] = await Promise.all(["requester", "accepter"].map((side) => this.#side(side)));
        if (!one || !other) {
            throw new Error("the program's outputs lack one of the two sides");
        }
        return [one, other];
    }

    /** The ID of the program's peering connection. */
    get peeringId(): string {
        return (this.outputs["peering"] as { readonly id: string }).id;
    }

    /** Lists an account's resources in a region, by default in the lab's own account and region. */
    inventory({ region = this.context.region, accessKeyId }: Partial<Place> = {}): Promise<string[]> {
        return inventory(this.context.endpoint, region, accessKeyId);
    }

    /** Runs a command in a POSIX shell on this machine, such as the AWS CLI, and returns its output. */
    async shell(command: string): Promise<string> {
        return (await run("sh", ["-c", command], { env: this.context.env })).trim();
    }

    async #side(name: string): Promise<Side> {
        const side = this.outputs[name] as Omit<Side, "label" | "cidrBlock"> | undefined;
        if (!side) {
            throw new Error(`the program has no output ${name}`);
        }
        const label = name === "requester" ? "VPC1" : "VPC2";
        // A VPC in another region or account is not visible here; no act needs its CIDR block.
        const { Vpcs = [] } = await this.ec2.describeVpcs({ Filters: [{ Name: "vpc-id", Values: [side.vpcId] }] });
        return { ...side, label, cidrBlock: Vpcs[0]?.CidrBlock ?? "" };
    }

    get #ownStack(): LabStack {
        if (!this.#stack) {
            throw new Error("an act without settings has no stack");
        }
        return this.#stack;
    }

    #tell(told: Told | undefined): void {
        for (const [operation, count] of Object.entries(told?.changes ?? {})) {
            this.#changes = { ...this.#changes, [operation]: (this.#changes[operation] ?? 0) + count };
        }
    }
}
