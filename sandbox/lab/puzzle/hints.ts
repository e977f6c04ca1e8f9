import { commandText, sentenceOf, title, wrap } from "../../../reachability/text.ts";
import { groupedBy } from "../../../reachability/state.ts";
import type { Finding, Findings, Stopped } from "./findings.ts";

/** The steps of hints, each of which tells more than the one before: its heading, and its lines of a finding or of all of them. */
const steps: readonly (readonly [string, (findings: readonly Finding[]) => readonly string[]])[] = [
    [
        "what is stopped",
        (findings) =>
            stoppedLines(
                findings.flatMap(({ stops }) => stops),
                "  ",
            ),
    ],
    ["what to look at", (findings) => [...new Set(findings.map(kindLine))]],
    ["which one it is", (findings) => findings.map(({ component }) => `  ${title(component)}`)],
    ["what it does", findingLines],
];

/** How many hints there are. */
export const LAST_HINT = steps.length;

const clear = `The analysis finds nothing that stops a packet. \`check\` sends some; \`exit\` ends the puzzle.`;

/** The hint with a number, from 1 on, of the state as it is; the last one again after that. */
export function hint(found: Findings, number: number): string {
    const [heading, linesOf] = steps[Math.min(number, LAST_HINT) - 1] ?? ["", findingLines];
    if (found.findings.length === 0) {
        return [...unknownLines(found), clear].join("\n");
    }
    const shown = `hint ${Math.min(number, LAST_HINT)} of ${LAST_HINT}: ${heading}`;
    return [shown, ...linesOf(found.findings), ...unknownLines(found)].join("\n");
}

/** The findings, and the commands that repair all of it. */
export function solution(found: Findings): string {
    const { findings, commands } = found;
    if (findings.length === 0) {
        return hint(found, LAST_HINT);
    }
    const repair = commands
        ? [TYPE, ...commands.map(commandText)]
        : ["No commands repair this as it is now. `exit` and start the puzzle again."];
    return ["what is wrong", ...findingLines(findings), ...unknownLines(found), "", ...repair].join("\n");
}

/** The heading of the commands that a solution ends with. */
export const TYPE = "to repair it, type";

/** The traffic that is stopped, by direction, on its way there or on the way back. */
function stoppedLines(stops: readonly Stopped[], indent: string): string[] {
    return [...groupedBy(stops, ({ way }) => way)].flatMap(([way, ofWay]) =>
        [...groupedBy(ofWay, ({ direction }) => direction)].map(([direction, some]) => {
            const traffic = [...new Set(some.map((one) => one.traffic))].join(" and ");
            return `${indent}${way}: ${traffic}, ${direction === "forward" ? "on the way there" : "on the way back"}`;
        }),
    );
}

function kindLine({ component: { kind }, where }: Finding): string {
    return where.startsWith("between") ? `  the ${kind} ${where}` : `  a ${kind} of ${where}`;
}

/** What each component does, and to which traffic. */
function findingLines(findings: readonly Finding[]): string[] {
    return findings.flatMap(({ component, stops }) => [
        `  ${title(component)}`,
        ...[...groupedBy(stops, ({ blocker }) => sentenceOf(blocker))].flatMap(([sentence, same]) => [
            wrap(`    ${sentence}`, 6),
            ...stoppedLines(same, "      "),
        ]),
    ]);
}

function unknownLines({ unknown }: Findings): string[] {
    return unknown.map((one) => wrap(`  not known: ${one}`, 4));
}
