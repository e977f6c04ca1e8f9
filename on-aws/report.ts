/** The report of a run: JSON for programs and a page for people, without account IDs and secrets. */
import { actNames } from "./play";
import { messageOf, type Act, type Run } from "./run";
import { differences, masked, shapeOf, type Difference, type Names, type Shape } from "./shape";

/** The shape of the answers after each act, by the act's name. */
export type Baseline = Readonly<Record<string, Shape>>;

/** How an act differs from what the sandbox answers. */
interface ActDifferences {
    readonly act: string;
    readonly differences: readonly Difference[];
}

const namesOf = ({ id, account, region, sshCidr }: Run): Names => ({ run: id, account, region, sshCidr });

/** The shapes of a run's answers. */
function shapesOf(run: Run): Baseline {
    const described = run.acts.flatMap(({ name, described: found, refusals }) =>
        found ? [[name, { ...found, ...(refusals && { Refusals: [refusals] }) }] as const] : [],
    );
    return Object.fromEntries(described.map(([name, found]) => [name, shapeOf(found, namesOf(run))]));
}

/** The text of a baseline of a run's answers, a path a line. */
export function baselineOf(run: Run): string {
    const acts = Object.entries(shapesOf(run)).map(([act, shape]) => {
        const lines = Object.entries(shape).map(
            ([path, values]) =>
                `    ${JSON.stringify(path)}: [${values.map((value) => JSON.stringify(value)).join(", ")}]`,
        );
        return `  ${JSON.stringify(act)}: {\n${lines.join(",\n")}\n  }`;
    });
    return `{\n${acts.join(",\n")}\n}\n`;
}

/** Whether all acts were played without an error and nothing is left. */
export function isProven({ acts, left }: Run): boolean {
    const isClean = ({ errors, seconds }: Act) => errors.length === 0 && seconds !== undefined;
    return acts.map(({ name }) => name).join() === actNames.join() && acts.every(isClean) && left?.length === 0;
}

/** Both forms of the report. */
export function reportOf(run: Run, baseline: Baseline): { readonly json: string; readonly page: string } {
    const names = namesOf(run);
    const shapes = shapesOf(run);
    const told = new Set<string>();
    const compared: ActDifferences[] = Object.entries(shapes).map(([act, shape]) => ({
        act,
        // Each once: what differs in one act mostly does in the next.
        differences: differences(shape, baseline[act] ?? {}).filter((difference) => {
            const key = JSON.stringify(difference);
            return !told.has(key) && told.add(key);
        }),
    }));
    const { pid: _, ids: __, ...public_ } = run;
    const report = { proven: isProven(run), ...public_, differences: compared };
    return {
        json: `${masked(JSON.stringify(report, undefined, 2), names)}\n`,
        page: masked(pageOf(run, compared), names),
    };
}

function pageOf(run: Run, compared: readonly ActDifferences[]): string {
    const { region, endpoint, started, versions, acts, swept, left } = run;
    const errors = acts.flatMap(({ name, errors: some }) => some.map((error) => `**${name}**\n\n${fenced(error)}`));
    const checks = acts.flatMap(({ name, checks: some = [] }) =>
        some.map(({ direction, expected, seen }) => [name, direction, wordsOf(expected), wordsOf(seen)]),
    );
    const rows = acts.map(({ name, seconds, changes = {}, errors: some }) => [
        name,
        seconds === undefined ? "" : `${seconds} s`,
        Object.entries(changes)
            .map(([what, count]) => `${count} ${what}`)
            .join(", "),
        some.length === 0 ? "ok" : "failed",
    ]);
    const list = (values: readonly string[]) => values.map((value) => `\`${value}\``).join(", ");
    return [
        "# The lab on AWS",
        `${isProven(run) ? "All acts were played, and nothing is left" : "The run is no proof: see the acts"}. Began ${started}, region ${region}${endpoint === undefined ? "" : `, **at ${endpoint}, which is not AWS**`}.`,
        table(["program", "version"], Object.entries(versions)),
        "## Acts",
        table(["act", "time", "resources", "result"], rows),
        table(["act", "direction", "expected", "seen"], checks),
        "## Left in the account",
        left === undefined ? "It was not possible to look." : left.length === 0 ? "Nothing." : list(left),
        ...(swept.length > 0 ? [`Not in the stack's state, and deleted by ID: ${list(swept)}.`] : []),
        "## Errors",
        ...(errors.length === 0 ? ["None."] : errors),
        "## How AWS's answers differ from the sandbox's",
        "IDs, addresses and times are replaced. What an act has in common with one before it is not repeated.",
        ...compared.map(
            ({ act, differences: some }) =>
                `### ${act}\n\n${
                    some.length === 0
                        ? "No difference."
                        : table(
                              ["path", "only AWS", "only the sandbox"],
                              some.map(({ path, aws, sandbox }) => [`\`${path}\``, list(aws), list(sandbox)]),
                          )
                }`,
        ),
    ]
        .filter((part) => part !== "")
        .join("\n\n")
        .concat("\n");
}

const wordsOf = (outcome: object): string =>
    Object.entries(outcome)
        .map(([name, value]) => `${name} ${String(value)}`)
        .join(", ");

const fenced = (text: string): string => `\`\`\`text\n${text}\n\`\`\``;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
    const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
    return rows.length === 0 ? "" : [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Reads the text of a baseline. Throws if it is none. */
export function readBaseline(text: string, file: string): Baseline {
    try {
        return JSON.parse(text) as Baseline;
    } catch (error) {
        throw new Error(`${file}: ${messageOf(error)}; 'npm run on-aws:record' makes it anew`, { cause: error });
    }
}
