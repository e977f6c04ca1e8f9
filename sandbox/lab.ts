import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { LocalWorkspace, type EngineEvent, type Stack } from "@pulumi/pulumi/automation/index.js";
import type { SandboxContext } from "./context.ts";
import { inventory } from "./inventory.ts";
import { describeReport, summarize, type ActReport, type Verdict } from "./report.ts";

/** The reachability check's output, a direction each, as far as the lab reads it. */
interface DirectionResult {
    readonly direction: string;
    readonly expected: { readonly icmp: string; readonly http: string };
    readonly seen: { readonly icmp: string; readonly http: string };
    readonly roundTripMs: number | null;
    readonly clientSeen: string | null;
}

/** What an act came to: what changed, and everything that must hold with what was seen. */
interface Outcome {
    readonly changes: Readonly<Record<string, number>>;
    readonly verdicts: readonly Verdict[];
}

/** The program's outputs, by name. */
type Outputs = Readonly<Record<string, unknown>>;

/** What the engine's events told of a command. */
interface Told {
    changes: Outcome["changes"];
    outputs: Outputs;
}

interface Act {
    readonly name: string;
    readonly shows: string;
    readonly play: (stack: Stack, log: (line: string) => void) => Promise<Outcome>;
}

/** What the packets of a stage must come to; said here once more, so that the program can't promise itself less. */
const promises = {
    isolated: { icmp: "none", http: "none" },
    reachable: { icmp: "reply", http: "page" },
} as const;

const usage = `usage: npm run lab [-- --report FILE]

Plays the three acts of the lab in a sandbox: base (isolated), peering (reachable), destroy (nothing left).
  --report FILE   also writes what came of it to FILE, as JSON`;

/** Plays the lab's acts and reports what came of them; gives the exit code, 0 only when everything held. */
export async function runLab(args: readonly string[], context: SandboxContext): Promise<number> {
    const { values } = parseArgs({
        args: [...args],
        options: { report: { type: "string" }, help: { type: "boolean", short: "h" } },
    });
    if (values.help) {
        console.log(usage);
        return 0;
    }
    for (const line of context.engine) {
        context.log(line);
    }
    const stack = await LocalWorkspace.selectStack(
        { stackName: context.stack, workDir: context.checkout },
        { envVars: context.env },
    );
    // Of an update it would ask two things more, by three commands that decrypt the state; the events have told already.
    stack.outputs = () => Promise.resolve({});
    stack.info = () => Promise.resolve(undefined);
    const acts = actsOf(() => inventory(context.endpoint, context.region));

    const reports: ActReport[] = [];
    for (const act of acts) {
        // After an act that broke off there is only to destroy; and when the whole run is to end, not even that: the
        // account ends with it.
        if (context.ending.aborted || (act.name !== "destroy" && reports.some(({ error }) => error !== undefined))) {
            continue;
        }
        context.log(`\nact ${acts.indexOf(act) + 1}, ${act.name}: ${act.shows}`);
        reports.push(await play(act, stack, context.log));
    }

    const report = summarize(reports, context.engine);
    console.log(`\n${describeReport(report)}\n`);
    for (const { name, error } of reports) {
        if (error !== undefined) {
            console.log(`act ${name} broke off:\n${error}\n`);
        }
    }
    if (values.report !== undefined) {
        writeFileSync(values.report, `${JSON.stringify(report, undefined, 2)}\n`);
    }
    console.log(`${report.passed} passed, ${report.failed} failed`);
    return report.ok ? 0 : 1;
}

function actsOf(left: () => Promise<string[]>): readonly Act[] {
    const stage = (name: string, shows: string, peering: boolean, promise: keyof typeof promises): Act => ({
        name,
        shows,
        play: async (stack, log) => {
            // The stack begins with peering off.
            if (peering) {
                await stack.setConfig("peering", { value: "true" });
            }
            const { changes, outputs } = await listen(log, (onEvent) => stack.up({ onEvent }));
            const again = await listen(log, (onEvent) => stack.up({ onEvent }));
            return { changes, verdicts: [...probeVerdicts(outputs, promise), unchangedVerdict(again.changes)] };
        },
    });
    return [
        stage("base", "two VPCs with a web server each, and neither can reach the other", false, "isolated"),
        stage("peering", "a peering connection, routes and HTTP rules, and each reaches the other", true, "reachable"),
        {
            name: "destroy",
            shows: "the peering and its routes first, then the rest, and nothing is left",
            play: async (stack, log) => {
                const { changes } = await listen(log, (onEvent) => stack.destroy({ onEvent }));
                const rest = await left();
                const seen = rest.length === 0 ? "nothing" : rest.join(", ");
                return { changes, verdicts: [{ what: "left in the account", expected: "nothing", seen }] };
            },
        },
    ];
}

/** Plays one act; whatever goes wrong becomes part of its report. */
async function play(act: Act, stack: Stack, log: (line: string) => void): Promise<ActReport> {
    const start = performance.now();
    const seconds = (): number => (performance.now() - start) / 1000;
    const { name, shows } = act;
    try {
        const outcome = await act.play(stack, (line) => {
            log(`  ${seconds().toFixed(1).padStart(5)} s  ${line}`);
        });
        return { name, shows, seconds: seconds(), ...outcome };
    } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        return { name, shows, seconds: seconds(), changes: {}, verdicts: [], error: text };
    }
}

/**
 * Carries out a command of the engine's and tells what it does, a line for each resource that is done and for each
 * message; gives what the events said of changes and outputs. When the command fails, throws what they said of why.
 */
async function listen(
    log: (line: string) => void,
    command: (onEvent: (event: EngineEvent) => void) => Promise<unknown>,
): Promise<Told> {
    const told: Told = { changes: {}, outputs: {} };
    const errors: string[] = [];
    const describe = ({ op, type, urn }: { op: string; type: string; urn: string }): string =>
        `${op.padEnd(18)} ${urn.split("::").at(-1) ?? urn} (${type})`;
    const onEvent = ({ resOutputsEvent, resOpFailedEvent, diagnosticEvent, summaryEvent }: EngineEvent): void => {
        if (resOutputsEvent && resOutputsEvent.metadata.op !== "same") {
            log(describe(resOutputsEvent.metadata));
        }
        if (resOutputsEvent?.metadata.type === "pulumi:pulumi:Stack") {
            told.outputs = resOutputsEvent.metadata.new?.outputs ?? {};
        }
        if (resOpFailedEvent) {
            log(describe({ ...resOpFailedEvent.metadata, op: "FAILED" }));
        }
        // The stream has debug messages too, of which the type does not know: they hold secrets, and nobody asked for them.
        if (diagnosticEvent && ["info", "info#err", "warning", "error"].includes(diagnosticEvent.severity)) {
            // The text has marks for colors, such as <{%reset%}>.
            const text = diagnosticEvent.message.replaceAll(/<\{%.*?%\}>/g, "").trim();
            log(`${diagnosticEvent.severity}: ${text}`);
            if (diagnosticEvent.severity === "error") {
                errors.push(text);
            }
        }
        if (summaryEvent) {
            told.changes = summaryEvent.resourceChanges;
        }
    };
    try {
        await command(onEvent);
    } catch (error) {
        // The command's own text is its whole output, which has been told already.
        throw errors.length > 0 ? new Error(errors.join("\n"), { cause: error }) : error;
    }
    return told;
}

/** What was seen of each packet, against what the stage promises: the program's own expectations are not asked. */
function probeVerdicts(outputs: Outputs, promise: keyof typeof promises): Verdict[] {
    const results = outputs["check"] as readonly DirectionResult[] | undefined;
    if (results?.length !== 2) {
        return [{ what: "check", expected: "two directions", seen: `${results?.length ?? 0} directions` }];
    }
    const addresses = ["requester", "accepter"].map((side) => (outputs[side] as { privateIp: string }).privateIp);
    const { icmp, http } = promises[promise];
    return results.flatMap(({ direction, seen, clientSeen }, index) => [
        { what: `${direction} ping`, expected: icmp, seen: seen.icmp },
        { what: `${direction} HTTP`, expected: http, seen: seen.http },
        {
            what: `${direction} client in the log`,
            expected: (promise === "reachable" ? addresses[index] : undefined) ?? "none",
            seen: clientSeen ?? "none",
        },
    ]);
}

function unchangedVerdict(changes: Outcome["changes"]): Verdict {
    const changed = Object.entries(changes).filter(([operation]) => operation !== "same");
    const seen = changed.map(([operation, count]) => `${count} ${operation}`).join(", ");
    return { what: "a second pulumi up", expected: "no change", seen: seen === "" ? "no change" : seen };
}
