/** One observation, and what it should be. */
export interface Verdict {
    /** What was observed: `VPC1 -> VPC2 ping`. */
    readonly what: string;
    readonly expected: string;
    readonly seen: string;
    /** Why a packet passed or not, according to the reachability analysis, or what was recorded of it; a line each. */
    readonly why?: string;
}

/** Gives a verdict that can wait: it is asked for beside the last act, which waits for AWS. */
export type LateVerdict = () => Promise<Verdict>;

/** What people read about an act. */
export interface Described {
    readonly name: string;
    /** What it demonstrates, in one line. */
    readonly shows: string;
    /** The AWS documentation page that states the rule. */
    readonly rule: string;
}

/** One act of a run. */
export interface ActReport extends Described {
    readonly seconds: number;
    /** How many resources were created, deleted and so on. */
    readonly changes: Readonly<Record<string, number>>;
    readonly verdicts: readonly Verdict[];
    /** Why the act failed; undefined if it ran to its end. */
    readonly error?: string | undefined;
}

/** The report of a whole run, as `--report` writes it. */
export interface LabReport {
    readonly ok: boolean;
    readonly passed: number;
    readonly failed: number;
    readonly seconds: number;
    /** Where the engine's parts came from, one line each. */
    readonly engine: readonly string[];
    readonly acts: readonly ActReport[];
}

function holds({ expected, seen }: Verdict): boolean {
    return expected === seen;
}

/** A verdict in a line: `ok      VPC1 -> VPC2 ping: none`. */
export function verdictLine(verdict: Verdict): string {
    const { what, expected, seen } = verdict;
    return holds(verdict) ? `ok      ${what}: ${seen}` : `FAILED  ${what}: ${seen}, not ${expected}`;
}

/** Sums up the acts. A failed act counts as one failure, in addition to its verdicts. */
export function summarize(acts: readonly ActReport[], engine: readonly string[]): LabReport {
    const verdicts = acts.flatMap((act) => act.verdicts);
    const broken = acts.filter(({ error }) => error !== undefined).length;
    const failed = verdicts.filter((verdict) => !holds(verdict)).length + broken;
    const passed = verdicts.filter(holds).length + acts.length - broken;
    const seconds = acts.reduce((sum, act) => sum + act.seconds, 0);
    return { ok: failed === 0, passed, failed, seconds, engine, acts };
}

/** Formats rows as a table; each column is as wide as its widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
    const width = (column: number): number => Math.max(...rows.map((row) => row[column]?.length ?? 0));
    return rows
        .map((row) =>
            row
                .map((cell, column) => cell.padEnd(width(column)))
                .join("  ")
                .trimEnd(),
        )
        .join("\n");
}

/** A row of a report's table, and what stands below it. */
interface Row {
    readonly cells: readonly string[];
    readonly note?: string | undefined;
}

function noteOf(row: Row | undefined): string[] {
    return row?.note === undefined ? [] : [`      ${row.note.replaceAll("\n", "\n      ")}`];
}

/** Formats a report as a table: one row for each act, followed by one row for each of its verdicts. */
export function describeReport(report: LabReport): string {
    const rows: readonly Row[] = report.acts.flatMap(({ name, seconds, changes, verdicts, error }) => {
        const [resources, end] = error === undefined ? [changesText(changes), "ok"] : ["", "FAILED"];
        return [
            { cells: [name, resources, `${seconds.toFixed(1)} s`, "", end] },
            ...verdicts.map((verdict) => {
                const { what, expected, seen, why } = verdict;
                return {
                    cells: [`  ${what}`, "", "", expected, `${holds(verdict) ? "ok" : "FAILED"}, ${seen}`],
                    note: why,
                };
            }),
        ];
    });
    const [head = "", ...lines] = table([
        ["act", "resources", "time", "expected", "seen"],
        ...rows.map(({ cells }) => cells),
    ]).split("\n");
    return [head, ...lines.flatMap((line, index) => [line, ...noteOf(rows[index])])].join("\n");
}

/** Formats the operations that changed something: `2 create, 1 delete`, or `no change`. */
export function changesText(changes: Readonly<Record<string, number>>): string {
    const parts = Object.entries(changes)
        .filter(([operation]) => operation !== "same")
        .map(([operation, count]) => `${count} ${operation}`);
    return parts.length === 0 ? "no change" : parts.join(", ");
}
