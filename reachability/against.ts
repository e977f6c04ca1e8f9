import { analyze } from "./analysis.ts";
import { fixesOf } from "./fixes.ts";
import { openOwn, readPlaces, type Open, type Source } from "./read.ts";
import { State } from "./state.ts";
import { endTitle, reasonLine, title, trafficOf } from "./text.ts";
import type { Analysis, Hop } from "./types.ts";

/** What was expected of packets from one instance to another, and is not so. */
export interface Expectation {
    readonly from: string;
    readonly to: string;
    /** Whether a ping and an HTTP request were expected to be answered. */
    readonly icmp: boolean;
    readonly http: boolean;
}

/**
 * Says what in AWS's configuration is against an expectation, with the commands that mend it, or that nothing is. Throws if
 * nothing can be read, or the instances are not found.
 */
export async function explainAgainst(
    expectation: Expectation,
    sources: readonly Source[],
    open: Open = openOwn,
): Promise<string> {
    const { from, to, icmp, http } = expectation;
    const state = new State(await readPlaces(sources, open));
    const asked = [
        { expected: icmp, analysis: analyze(state, { from, to, protocol: "icmp" }) },
        { expected: http, analysis: analyze(state, { from, to, protocol: "tcp", port: 80 }) },
    ];
    const findings = asked.map(({ expected, analysis }) => ({
        traffic: trafficOf(analysis.question),
        ...finding(state, analysis, expected),
    }));
    const way = asked[0] ? ` from ${endTitle(asked[0].analysis.from)} to ${endTitle(asked[0].analysis.to)}` : "";
    // What holds for both is said once.
    return [...Map.groupBy(findings, ({ does, details }) => [does, ...details].join("\n")).values()]
        .map((same) => {
            const [{ does, details } = { does: "", details: [] }] = same;
            const traffic = same.map((one) => one.traffic).join(" and ");
            return [`AWS's configuration ${does} ${traffic}${way}:`, ...details.map((line) => `  ${line}`)].join("\n");
        })
        .join("\n");
}

/** What the configuration does to packets, and the details. */
function finding(
    state: State,
    analysis: Analysis,
    expected: boolean,
): { readonly does: "stops" | "lets through" | "may stop"; readonly details: readonly string[] } {
    const { verdict, blockers, forward } = analysis;
    if (verdict === "unknown") {
        return { does: "may stop", details: [reasonLine(analysis)] };
    }
    if (verdict === "reachable") {
        return {
            does: "lets through",
            details: expected
                ? ["what stops it is on the servers themselves"]
                : forward.filter(isDecision).map(({ component, decision }) => `${title(component)}: ${decision}`),
        };
    }
    const fixes = expected ? fixesOf(state, analysis) : undefined;
    return {
        does: "stops",
        details: [
            ...blockers.map(
                ({ component, text, direction }) =>
                    `${direction === "back" ? "on the way back, " : ""}${title(component)}: ${text}`,
            ),
            ...(fixes ? ["To open the way, run 'pulumi up --refresh' if this stack made it, or"] : []),
            ...(fixes ?? []).map(({ command }) => `  ${command}`),
        ],
    };
}

function isDecision({ component: { kind } }: Hop): boolean {
    return (
        kind === "route table" ||
        kind === "peering connection" ||
        kind === "security group" ||
        kind === "internet gateway"
    );
}
