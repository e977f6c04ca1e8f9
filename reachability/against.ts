import { analyze } from "./analysis.ts";
import { fixesOf } from "./fixes.ts";
import { sentenceOf } from "./hops.ts";
import type { State } from "./state.ts";
import { endTitle, reasonLine, title, trafficOf } from "./text.ts";
import type { Analysis, Component } from "./types.ts";

/** What was expected of packets from one instance to another, and is not so. */
export interface Expectation {
    readonly from: string;
    readonly to: string;
    /** Whether a ping and an HTTP request were expected to be answered. */
    readonly icmp: boolean;
    readonly http: boolean;
}

/**
 * Says which part of AWS's configuration causes the difference from an expectation, and which commands correct it, or that no
 * part does. Throws if the instances are not found.
 */
export function explainAgainst(state: State, { from, to, icmp, http }: Expectation): string {
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

/** What decides that a packet passes. */
const deciding: readonly Component["kind"][] = [
    "route table",
    "peering connection",
    "security group",
    "internet gateway",
];

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
                : forward
                      .filter(({ component }) => deciding.includes(component.kind))
                      .map(({ component, decision }) => `${title(component)}: ${decision}`),
        };
    }
    const fixes = expected ? fixesOf(state, analysis) : undefined;
    return {
        does: "stops",
        details: [
            ...blockers.map((blocker) => {
                const where = blocker.direction === "back" ? "on the way back, " : "";
                return `${where}${title(blocker.component)}: ${sentenceOf(blocker)}`;
            }),
            ...(fixes ? ["To open the way, run 'pulumi up --refresh' if this stack made it, or"] : []),
            ...(fixes ?? []).map(({ command }) => `  ${command}`),
        ],
    };
}
