/** The acts of the lab, and the end of each run: destroy, and a look at what is left. */
import { setTimeout as sleep } from "timers/promises";
import { idsOf, type Account } from "./account";
import { messageOf, type Act, type Run, type RunFolder } from "./run";
import type { Stack } from "./stack";

/** A run, and what it is played with. */
export interface Playing {
    readonly run: Run;
    readonly folder: RunFolder;
    readonly stack: Stack;
    readonly account: Account;
    readonly say: (line: string) => void;
    /** Aborted when the person ends the run; the reason says how. */
    readonly ending: AbortSignal;
}

/** The acts, each an update with this value of the setting `peering`. */
const acts = [
    { name: "base", peering: false },
    { name: "peering", peering: true },
    { name: "peering off", peering: false },
] as const;

/** The last act. */
export const lastAct = "destroy";

/** The names of all acts. */
export const actNames = [...acts.map(({ name }) => name), lastAct];

/**
 * How long after a run that was cut off the account is looked at once more, in milliseconds: EC2 describes what was made a moment
 * ago only after a while. Source: Amazon EC2 API Reference, "Ensure idempotency" and "Eventual consistency".
 */
const settleTime = 15_000;

function begin({ run, folder, say }: Playing, name: string): Act {
    const act: Act = { name, started: new Date().toISOString(), errors: [] };
    run.acts.push(act);
    folder.save(run);
    say(`${name}:`);
    return act;
}

/** Does something of an act; its error becomes the act's. */
async function attempt<Result>(act: Act, what: () => Promise<Result>): Promise<Result | undefined> {
    try {
        return await what();
    } catch (error) {
        act.errors.push(messageOf(error));
        return undefined;
    }
}

/** Describes what the run has, and keeps the IDs. */
async function describe({ run, account }: Playing, act: Act): Promise<void> {
    await attempt(act, async () => {
        act.described = await account.describe(run.id, run.ids);
        run.ids = [...new Set([...run.ids, ...idsOf(act.described)])];
    });
}

function conclude({ run, folder, say }: Playing, act: Act): void {
    act.seconds = Math.round((Date.now() - Date.parse(act.started)) / 1000);
    folder.save(run);
    const changes = Object.entries(act.changes ?? {}).filter(([name]) => name !== "same");
    const told = changes.map(([name, count]) => `${count} ${name}`).join(", ");
    say(`  ${act.seconds} s${told === "" ? "" : `; ${told}`}${act.errors.length > 0 ? "; FAILED:" : ""}`);
    act.errors.forEach((error) => {
        say(error.replaceAll(/^/gm, "    "));
    });
}

/** Plays the acts until one fails or the person ends the run, and destroys in any case. */
export async function play(playing: Playing): Promise<void> {
    const { run, stack, ending } = playing;
    const hasEnded = () => ending.aborted;
    const interrupt = () => void stack.interrupt();
    ending.addEventListener("abort", interrupt);
    for (const { name, peering } of acts) {
        if (hasEnded()) break;
        const act = begin(playing, name);
        await attempt(act, async () => {
            await stack.set({ peering: String(peering) });
            if (!hasEnded()) Object.assign(act, await stack.up());
            run.versions = { ...run.versions, ...(await stack.plugins()) };
        });
        await describe(playing, act);
        const { described, errors } = act;
        if (peering && described && errors.length === 0) {
            await attempt(act, async () => (act.refusals = await playing.account.refusals(described)));
        }
        if (hasEnded()) act.errors.push(`cut off by ${String(ending.reason)}`);
        conclude(playing, act);
        if (act.errors.length > 0) break;
    }
    ending.removeEventListener("abort", interrupt);
    await destroy(playing);
}

/**
 * Destroys all that the run has: what the stack's state knows by the CLI, and anything else that has the run's tag by its ID. Then
 * `run.left` is what is still there; it stays undefined if the account can't be looked at.
 */
export async function destroy(playing: Playing): Promise<void> {
    const { run, folder, stack, account, say } = playing;
    const isWhole = run.acts.length === acts.length && run.acts.every(({ errors }) => errors.length === 0);
    const act = begin(playing, lastAct);
    const sweep = async (known?: ReadonlySet<string>) => {
        const { swept, left } = await account.sweep(run.id, run.ids, known);
        run.swept.push(...swept);
        return left;
    };
    await describe(playing, act);
    folder.save(run);
    if (stack.exists) {
        await attempt(act, () => stack.takeOver());
        // First, or the CLI would wait for a quarter of an hour to delete the subnet of a server that its state never heard of.
        if (!isWhole) await attempt(act, async () => sweep(await stack.ids()));
        // What was deleted by hand is no longer waited for after a refresh.
        const done =
            (await attempt(act, () => stack.destroy())) ?? (await attempt(act, () => stack.destroy("--refresh")));
        act.changes = done?.changes ?? {};
    }
    await attempt(act, async () => {
        run.left = await sweep();
        if (!isWhole) {
            await sleep(settleTime);
            run.left = await sweep();
        } else if (run.swept.length > 0) {
            throw new Error(`pulumi destroy left ${run.swept.join(", ")}, deleted by ID`);
        }
    });
    await describe(playing, act);
    if (run.swept.length > 0) say(`  not in the stack's state, deleted by ID: ${run.swept.join(", ")}`);
    conclude(playing, act);
}
