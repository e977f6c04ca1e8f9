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

/** What has to be there before an act begins. */
export interface Needs {
    /** The stack that it is played on, the lab's by default. */
    readonly stack?: StackName;
    /** What the stack is up with; undefined where none is needed. */
    readonly settings?: Settings;
}

/** Where to look for what is there. */
interface Place {
    readonly region: string;
    readonly accessKeyId: string;
}

/** What an act has at hand: its stack, the EC2 API, and a cleanup for what it changes. */
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

    /** Brings the stack up as it is needed. */
    async prepare(): Promise<void> {
        const { stack = "lab", settings } = this.#needs;
        if (settings) {
            this.#stack = await this.stacks.stack(stack);
            this.#tell(await this.#stack.ensure(settings, this.log));
        }
    }

    /** Undoes what the act changed; throws when that fails, after everything was tried. */
    async cleanUp(): Promise<void> {
        await this.#cleanup.run();
        this.ec2.destroy();
    }

    /** How many resources the program created, deleted and so on. */
    get changes(): Changes {
        return this.#changes;
    }

    /** Has something undone when the act is over, after what is added later. */
    afterwards(what: string, undo: () => Promise<unknown>): void {
        this.#cleanup.add(what, undo);
    }

    /** The program's outputs. */
    get outputs(): Outputs {
        return this.#ownStack.outputs;
    }

    /** Runs `pulumi up` once more, with the act's settings, and gives what it changed. */
    async up(): Promise<Changes> {
        const { changes } = await this.#ownStack.up(this.#needs.settings ?? {}, this.log);
        return changes;
    }

    /** Tries settings that the program refuses, and gives the reason; undefined when it accepts them. */
    refusal(settings: Settings): Promise<string | undefined> {
        return this.#ownStack.refusal(settings, this.log);
    }

    /** Destroys all stacks of the run, at the same time. */
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

    /** The id of the program's peering connection. */
    get peeringId(): string {
        return (this.outputs["peering"] as { readonly id: string }).id;
    }

    /** Everything that an account has in a region, by default the lab's own account and region. */
    inventory({ region = this.context.region, accessKeyId }: Partial<Place> = {}): Promise<string[]> {
        return inventory(this.context.endpoint, region, accessKeyId);
    }

    /** Runs a command of a POSIX shell, such as one of the AWS CLI, and gives what it printed. */
    async shell(command: string): Promise<string> {
        return (await run("sh", ["-c", command], { env: this.context.env })).trim();
    }

    async #side(name: string): Promise<Side> {
        const side = this.outputs[name] as Omit<Side, "label" | "cidrBlock"> | undefined;
        if (!side) {
            throw new Error(`the program has no output ${name}`);
        }
        const label = name === "requester" ? "VPC1" : "VPC2";
        // A VPC of another region or account can't be seen from here; nobody asks for its block.
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
