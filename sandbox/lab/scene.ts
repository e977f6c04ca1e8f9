import { execFile } from "node:child_process";
import { EC2 } from "@aws-sdk/client-ec2";
import { credentialsOf } from "../api/client/caller.ts";
import type { SandboxContext } from "../context.ts";
import { inventory } from "./inventory.ts";
import { stackOf, type Act, type Settings } from "./act.ts";
import type { Outputs, Told } from "./events.ts";
import { Mends } from "./mends.ts";
import type { Played } from "./play.ts";
import type { Pair, Side } from "./probes.ts";
import type { LabStack, Stacks } from "./stacks.ts";

/** What an act has at hand: its stack, the EC2 API, and mends for what it breaks. */
export class Scene implements Played {
    readonly context: SandboxContext;
    readonly stacks: Stacks;
    readonly log: (line: string) => void;
    /** The EC2 API, in the lab's own account and region. */
    readonly ec2: EC2;
    readonly #act: Act;
    readonly #mends = new Mends();
    #changes: Told["changes"] = {};
    #stack: LabStack | undefined;

    constructor(act: Act, context: SandboxContext, stacks: Stacks, log: (line: string) => void) {
        const { endpoint, region } = context;
        this.#act = act;
        this.context = context;
        this.stacks = stacks;
        this.log = log;
        this.ec2 = new EC2({ endpoint, region, credentials: credentialsOf() });
    }

    readonly prepare = async (): Promise<void> => {
        const { settings } = this.#act;
        if (settings) {
            this.#stack = await this.stacks.stack(stackOf(this.#act));
            this.#tell(await this.#stack.ensure(settings, this.log));
        }
    };

    readonly play = () => this.#act.play(this);

    readonly mend = async (): Promise<void> => {
        await this.#mends.run();
        this.ec2.destroy();
    };

    readonly changes = () => this.#changes;

    /** Has something undone when the act is over, after what is added later. */
    afterwards(what: string, undo: () => Promise<unknown>): void {
        this.#mends.add(what, undo);
    }

    /** What the program put out. */
    get outputs(): Outputs {
        return this.#ownStack.outputs;
    }

    /** Runs `pulumi up` once more, with the act's settings, and gives what it changed. */
    async up(): Promise<Told["changes"]> {
        const { changes } = await this.#ownStack.up(this.#act.settings ?? {}, this.log);
        return changes;
    }

    /** Tries settings that the program refuses, and gives why it does; undefined when it does not. */
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
            throw new Error("the program put out no two sides");
        }
        return [one, other];
    }

    /** The id of the program's peering connection. */
    get peeringId(): string {
        return (this.outputs["peering"] as { readonly id: string }).id;
    }

    /** All that is left in the lab's own account and region. */
    inventory(): Promise<string[]> {
        return inventory(this.context.endpoint, this.context.region);
    }

    /** Runs a command of a POSIX shell, such as one of the AWS CLI, and gives what it printed. */
    shell(command: string): Promise<string> {
        return new Promise((resolve, reject) => {
            execFile("sh", ["-c", command], { env: this.context.env }, (error, stdout, stderr) => {
                if (error) {
                    reject(new Error(`${command}: ${stderr.trim() || error.message}`, { cause: error }));
                } else {
                    resolve(stdout.trim());
                }
            });
        });
    }

    async #side(name: string): Promise<Side> {
        const side = this.outputs[name] as Omit<Side, "label" | "cidrBlock"> | undefined;
        if (!side) {
            throw new Error(`the program put out no ${name}`);
        }
        const label = name === "requester" ? "VPC1" : "VPC2";
        // A VPC of another region or account is not to be seen from here; nobody asks for its block.
        const { Vpcs = [] } = await this.ec2.describeVpcs({ Filters: [{ Name: "vpc-id", Values: [side.vpcId] }] });
        return { ...side, label, cidrBlock: Vpcs[0]?.CidrBlock ?? "" };
    }

    get #ownStack(): LabStack {
        if (!this.#stack) {
            throw new Error(`the act ${this.#act.name} has no stack`);
        }
        return this.#stack;
    }

    #tell(told: Told | undefined): void {
        for (const [operation, count] of Object.entries(told?.changes ?? {})) {
            this.#changes = { ...this.#changes, [operation]: (this.#changes[operation] ?? 0) + count };
        }
    }
}
