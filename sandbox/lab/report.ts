/** One thing that must hold, and what came of it. */
export interface Verdict {
    /** What was looked at: `VPC1 -> VPC2 ping`. */
    readonly what: string;
    readonly expected: string;
    readonly seen: string;
}

/** One act of a run. */
export interface ActReport {
    readonly name: string;
    /** What it shows, in a few words. */
    readonly shows: string;
    /** AWS's page that it is about. */
    readonly rule: string;
    readonly seconds: number;
    /** How many resources were created, deleted and so on. */
    readonly changes: Readonly<Record<string, number>>;
    readonly verdicts: readonly Verdict[];
    /** Why the act could not be carried through; undefined when it was. */
    readonly error?: string | undefined;
}

/** A whole run, as `--report` writes it. */
export interface LabReport {
    readonly ok: boolean;
    readonly passed: number;
    readonly failed: number;
    readonly seconds: number;
    /** Where the engine's parts came from. */
    readonly engine: readonly string[];
    readonly acts: readonly ActReport[];
}

/** Whether what was seen is what was expected. */
export function holds({ expected, seen }: Verdict): boolean {
    return expected === seen;
}

/** Sums up the acts. An act that broke off counts as one failure, on top of the verdicts that it still came to. */
export function summarize(acts: readonly ActReport[], engine: readonly string[]): LabReport {
    const verdicts = acts.flatMap((act) => act.verdicts);
    const broken = acts.filter(({ error }) => error !== undefined).length;
    const failed = verdicts.filter((verdict) => !holds(verdict)).length + broken;
    const passed = verdicts.filter(holds).length + acts.length - broken;
    const seconds = acts.reduce((sum, act) => sum + act.seconds, 0);
    return { ok: failed === 0, passed, failed, seconds, engine, acts };
}

/** Lays out rows under a heading in columns as wide as their widest cell. */
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

/** The report as a person reads it: a row an act, and under it a row for each thing that must hold. */
export function describeReport(report: LabReport): string {
    const rows = report.acts.flatMap((act) => [
        [
            act.name,
            act.error === undefined ? changesText(act.changes) : "",
            `${act.seconds.toFixed(1)} s`,
            "",
            act.error === undefined ? "ok" : "BROKE OFF",
        ],
        ...act.verdicts.map((verdict) => [
            `  ${verdict.what}`,
            "",
            "",
            verdict.expected,
            holds(verdict) ? `ok, ${verdict.seen}` : `BROKEN, ${verdict.seen}`,
        ]),
    ]);
    return table([["act", "resources", "time", "expected", "seen"], ...rows]);
}

function changesText(changes: Readonly<Record<string, number>>): string {
    const parts = Object.entries(changes)
        .filter(([operation]) => operation !== "same")
        .map(([operation, count]) => `${count} ${operation}`);
    return parts.length === 0 ? "no change" : parts.join(", ");
}
