import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { LocalWorkspace, type EngineEvent, type OutputMap, type Stack } from "@pulumi/pulumi/automation/index.js";
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
        context.log(usage);
        return 0;
    }
    // The Automation API looks for the CLI on its own process's PATH.
    process.env["PATH"] = context.env["PATH"];
    const stack = await LocalWorkspace.selectStack(
        { stackName: context.stack, workDir: context.checkout },
        { envVars: context.env },
    );
    const before = await inventory(context.endpoint, context.region);
    const acts = actsOf(async () => {
        const now = await inventory(context.endpoint, context.region);
        return [...now].filter((item) => !before.has(item));
    });

    const reports: ActReport[] = [];
    for (const act of acts) {
        if (act.name !== "destroy" && reports.some(({ error }) => error !== undefined)) {
            continue;
        }
        context.log(`\nact ${acts.indexOf(act) + 1}, ${act.name}: ${act.shows}`);
        reports.push(await play(act, stack, context.log));
    }

    const report = summarize(reports, context.engine);
    context.log(`\n${describeReport(report)}\n`);
    for (const { name, error } of reports) {
        if (error !== undefined) {
            context.log(`act ${name} broke off: ${error}\n`);
        }
    }
    if (values.report !== undefined) {
        writeFileSync(values.report, `${JSON.stringify(report, undefined, 2)}\n`);
    }
    context.log(`${report.passed} passed, ${report.failed} failed`);
    return report.ok ? 0 : 1;
}

function actsOf(left: () => Promise<string[]>): readonly Act[] {
    const stage = (name: string, shows: string, peering: boolean, promise: keyof typeof promises): Act => ({
        name,
        shows,
        play: async (stack, log) => {
            await stack.setConfig("peering", { value: String(peering) });
            const { changes, outputs } = await up(stack, log);
            const again = await up(stack, log);
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
                let changes: Outcome["changes"] = {};
                await stack.destroy({ onEvent: follow(log, (summary) => (changes = summary)) });
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

async function up(
    stack: Stack,
    log: (line: string) => void,
): Promise<{ changes: Outcome["changes"]; outputs: OutputMap }> {
    let changes: Outcome["changes"] = {};
    const { outputs } = await stack.up({ onEvent: follow(log, (summary) => (changes = summary)) });
    return { changes, outputs };
}

/** Tells what the engine does, a line for each resource that is done and for each message; hands over its summary. */
function follow(
    log: (line: string) => void,
    summarizeChanges: (changes: Record<string, number>) => void,
): (event: EngineEvent) => void {
    const describe = ({ op, type, urn }: { op: string; type: string; urn: string }): string =>
        `${op.padEnd(18)} ${urn.split("::").at(-1) ?? urn} (${type})`;
    return ({ resOutputsEvent, resOpFailedEvent, diagnosticEvent, summaryEvent }) => {
        if (resOutputsEvent && resOutputsEvent.metadata.op !== "same") {
            log(describe(resOutputsEvent.metadata));
        }
        if (resOpFailedEvent) {
            log(describe({ ...resOpFailedEvent.metadata, op: "FAILED" }));
        }
        // The stream has debug messages too, of which the type does not know: they hold secrets, and nobody asked for them.
        if (diagnosticEvent && ["info", "info#err", "warning", "error"].includes(diagnosticEvent.severity)) {
            // The text has marks for colors, such as <{%reset%}>.
            log(`${diagnosticEvent.severity}: ${diagnosticEvent.message.replaceAll(/<\{%.*?%\}>/g, "").trim()}`);
        }
        if (summaryEvent) {
            summarizeChanges(summaryEvent.resourceChanges);
        }
    };
}

/** What was seen of each packet, against what the stage promises: the program's own expectations are not asked. */
function probeVerdicts(outputs: OutputMap, promise: keyof typeof promises): Verdict[] {
    const results = outputs["check"]?.value as readonly DirectionResult[] | undefined;
    if (results?.length !== 2) {
        return [{ what: "check", expected: "two directions", seen: `${results?.length ?? 0} directions` }];
    }
    const addresses = ["requester", "accepter"].map(
        (side) => (outputs[side]?.value as { privateIp: string }).privateIp,
    );
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
