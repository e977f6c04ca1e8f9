import { parseArgs } from "node:util";
import { table } from "./report.ts";
import { LAST, type Act } from "./act.ts";
import { tour } from "./acts/acts.ts";
import { base, lab } from "./acts/byProgram.ts";

/** What the lab was asked for: acts to play, or only to say something and end. */
export type Command =
    | { readonly acts: readonly Act[]; readonly report: string | undefined }
    | { readonly says: string; readonly code: 0 | 2 };

const usage = `usage: npm run lab [-- [tour | ACT …] [--list] [--report FILE]]

Plays the lab in a sandbox: base (isolated), peering (reachable), destroy (nothing left).
  tour            plays all acts of the tour instead
  ACT …           plays these acts of the tour, with what they need, and destroys all at the end
  --list          lists the acts of the tour
  --report FILE   also writes what came of it to FILE, as JSON`;

/** Reads the lab's arguments. */
export function readCommand(args: readonly string[]): Command {
    let parsed;
    try {
        parsed = parseArgs({
            args: [...args],
            allowPositionals: true,
            options: {
                report: { type: "string" },
                list: { type: "boolean" },
                help: { type: "boolean", short: "h" },
            },
        });
    } catch (error) {
        return { says: `${error instanceof Error ? error.message : String(error)}\n\n${usage}`, code: 2 };
    }
    const { values, positionals: names } = parsed;
    if (values.help) {
        return { says: usage, code: 0 };
    }
    if (values.list) {
        return { says: table(tour.map(({ name, shows }) => [name, shows])), code: 0 };
    }
    const known = tour.map(({ name }) => name);
    const unknown = names.filter((name) => name !== "tour" && !known.includes(name));
    if (unknown.length > 0) {
        return { says: `there is no act ${unknown.join(", ")}; there are: tour, ${known.join(", ")}`, code: 2 };
    }
    return { acts: chosen(names), report: values.report };
}

/** The acts that are meant by names, in the tour's order. */
function chosen(names: readonly string[]): readonly Act[] {
    if (names.length === 0) {
        return lab;
    }
    if (names.includes("tour")) {
        return tour;
    }
    const asked = tour.filter(({ name }) => name === LAST || names.includes(name));
    // There has to be something to destroy.
    return asked.length === 1 ? [base, ...asked] : asked;
}
