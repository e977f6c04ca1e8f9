import { EC2, type VpcPeeringConnection } from "@aws-sdk/client-ec2";
import type { State } from "../../reachability/state.ts";
import type { Question } from "../../reachability/types.ts";
import { credentialsOf, HOME_KEY } from "../api/client/caller.ts";
import { Clients } from "../api/client/clients.ts";
import type { SandboxContext } from "../context.ts";
import type { Album } from "./album.ts";
import { Cleanup } from "./cleanup.ts";
import { inventory } from "./inventory.ts";
import { commandOf, narrate } from "./narrate.ts";
import type { Pair, Side } from "./probes.ts";
import type { Changes, Outputs, Told } from "./pulumi.ts";
import type { Settings } from "./settings.ts";
import type { LabStack, StackName, Stacks } from "./stacks.ts";
import type { Telling } from "./telling.ts";
import { pingAndHttp, questionsBetween, readSandbox, why, type Why } from "./why.ts";

/** What an act needs before it begins. */
export interface Needs {
    /** The stack that it uses, by default the lab's own. */
    readonly stack?: StackName;
    /** The settings of the stack; undefined if the act needs no stack. */
    readonly settings?: Settings;
}

/** What an act works with: its stack, the EC2 API, and a cleanup for its changes. */
export class Scene {
    readonly telling: Telling;
    /** The EC2 API, in the lab's own account and region. */
    readonly ec2: EC2;
    /** How to undo the act's changes when it ends. */
    readonly cleanup = new Cleanup();
    readonly #needs: Needs;
    readonly #context: SandboxContext;
    readonly #stacks: Stacks;
    readonly #album: Album | undefined;
    #changes: Changes = {};
    #stack: LabStack | undefined;
    #pair: Pair | undefined;

    /** `album` gets what stands while the act is played; by default nobody wants to see it. */
    constructor(needs: Needs, context: SandboxContext, stacks: Stacks, telling: Telling, album?: Album) {
        const { endpoint, region } = context;
        this.#needs = needs;
        this.#context = context;
        this.#stacks = stacks;
        this.#album = album;
        this.telling = telling;
        this.ec2 = new EC2({ endpoint, region, credentials: credentialsOf() });
        narrate(this.ec2, telling.say);
    }

    /** Brings the stack up with the act's settings. */
    async prepare(): Promise<void> {
        const { stack = "lab", settings } = this.#needs;
        if (settings) {
            this.#stack = await this.#stacks.stack(stack);
            await this.#look("before", [this.#stack]);
            this.#tell(await this.#stack.ensure(settings, this.telling));
            this.#pair = await this.#findPair();
        }
    }

    /** Undoes the act's changes; throws after it has tried all of them, if any failed. */
    async cleanUp(): Promise<void> {
        // An act that asked nothing has only shown what it began with.
        if (this.#album && this.#album.size < 2) {
            await this.#look("afterwards", this.#stack ? [this.#stack] : []);
        }
        await this.cleanup.run();
        this.ec2.destroy();
    }

    /** How many resources the program created, deleted and so on. */
    get changes(): Changes {
        return this.#changes;
    }

    /** The two VPCs and their servers. */
    get pair(): Pair {
        return given(this.#pair);
    }

    /** The program's outputs. */
    get outputs(): Outputs {
        return given(this.#stack).outputs;
    }

    /** The ID of the program's peering connection. */
    get peeringId(): string {
        return (this.outputs["peering"] as { readonly id: string }).id;
    }

    /** Runs `pulumi up` again, by default with the act's settings, and returns the changes. */
    async up(settings = this.#needs.settings ?? {}): Promise<Changes> {
        const { changes } = await given(this.#stack).up(settings, this.telling);
        return changes;
    }

    /** Keeps the stack as it is now; the function that it returns asks what an update of that would change. */
    keep(): () => Promise<Changes> {
        return given(this.#stack).keep();
    }

    /** Runs `pulumi up` with settings that the program should reject; returns the error, or undefined if it accepts them. */
    refusal(settings: Settings): Promise<string | undefined> {
        return given(this.#stack).refusal(settings, this.telling);
    }

    /** Destroys all stacks of the run in parallel, and returns their names. */
    async destroy(): Promise<StackName[]> {
        const stacks = await this.#stacks.opened();
        const all = stacks.map(([, stack]) => stack);
        await this.#look("before", all);
        const ends = await Promise.allSettled(
            stacks.map(([name, stack]) =>
                stack.destroy({
                    say: this.telling.say,
                    note: (line) => {
                        this.telling.note(stacks.length === 1 ? line : `${name}: ${line}`);
                    },
                }),
            ),
        );
        for (const end of ends) {
            if (end.status === "rejected") {
                throw end.reason;
            }
            this.#tell(end.value);
        }
        await this.#look("afterwards", all);
        return stacks.map(([name]) => name);
    }

    /** Calls CloudWatch Logs, in the lab's own account and region; see {@link Clients.callLogs}. */
    callLogs(action: string, input: object): Promise<unknown> {
        const { endpoint, region } = this.#context;
        if (!action.startsWith("Get")) {
            this.telling.say(`$ ${commandOf(action, input, "logs")}`);
        }
        return new Clients(endpoint).callLogs({ accessKeyId: HOME_KEY, region }, action, input);
    }

    /** A peering connection, as the EC2 API describes it. */
    async connection(id = ""): Promise<VpcPeeringConnection | undefined> {
        const request = { VpcPeeringConnectionIds: [id] };
        return (await this.ec2.describeVpcPeeringConnections(request)).VpcPeeringConnections?.[0];
    }

    /** What the EC2 API describes now in regions, by default the lab's own, and where their VPCs' peers are. */
    state(...regions: readonly string[]): Promise<State> {
        return readSandbox(this.#context.endpoint, regions.length > 0 ? regions : [this.#context.region]);
    }

    /** What the reachability analysis says of a question about a state; it becomes part of a picture with the title. */
    why(state: State, question: Question, title?: string): Why {
        this.#album?.add(state, [question], title);
        return why(state, question);
    }

    /** Lists an account's resources in a region, by default in the lab's own account and region. */
    inventory({ region = this.#context.region, account }: { region?: string; account?: string } = {}): Promise<
        string[]
    > {
        return inventory(this.#context.endpoint, region, account);
    }

    async #findPair(): Promise<Pair> {
        const { Vpcs = [] } = await this.ec2.describeVpcs();
        // Both directions that are asked about at the same time share what is read.
        let reading: Promise<State> | undefined;
        const sideOf = (name: string, label: string): Side => {
            const side = this.outputs[name] as Omit<Side, "label" | "cidrBlock" | "why"> | undefined;
            if (!side) {
                throw new Error(`the program has no output ${name}`);
            }
            // A VPC in another region or account is not visible here; no act needs its CIDR block.
            const cidrBlock = Vpcs.find(({ VpcId }) => VpcId === side.vpcId)?.CidrBlock ?? "";
            const whyNot = async ({ serverId: to, region }: Side, title?: string): Promise<Why> => {
                reading ??= this.state(side.region, region).finally(() => (reading = undefined));
                const state = await reading;
                const from = side.serverId;
                this.#album?.add(state, pingAndHttp({ from, to }), title);
                return why(state, { from, to, protocol: "tcp", port: 80 });
            };
            return { ...side, label, cidrBlock, why: whyNot };
        };
        return [sideOf("requester", "VPC1"), sideOf("accepter", "VPC2")];
    }

    /** Adds a picture of stacks, as far as they stand, to the album. */
    async #look(title: string, stacks: readonly LabStack[]): Promise<void> {
        const pairs = stacks.map(({ outputs: { requester, accepter } }) => [requester, accepter] as Side[]);
        const sides = pairs.flat().filter(Boolean);
        if (this.#album && sides.length > 0) {
            const state = await this.state(...sides.map(({ region }) => region));
            const questions = pairs.flatMap(([one, other]) =>
                one && other ? questionsBetween(one.serverId, other.serverId) : [],
            );
            const vpcIds = sides.map(({ vpcId }) => vpcId);
            this.#album.add(state, questions, title, vpcIds);
        }
    }

    #tell(told: Told | undefined): void {
        for (const [operation, count] of Object.entries(told?.changes ?? {})) {
            this.#changes = { ...this.#changes, [operation]: (this.#changes[operation] ?? 0) + count };
        }
    }
}

function given<T>(value: T | undefined): T {
    if (value === undefined) {
        throw new Error("an act without settings has no stack");
    }
    return value;
}
