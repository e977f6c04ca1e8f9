/** Analyses as people read them. */
import { styleText } from "node:util";
import { analyze } from "./analysis.ts";
import { fixesOf } from "./fixes.ts";
import { groupedBy, type State } from "./state.ts";
import type { Analysis, Blocker, Component, End, Fix, Hop, Question } from "./types.ts";

/** `TCP 80`, or `ping`. */
export function trafficOf({ protocol, port = 80 }: Question): string {
    return protocol === "icmp" ? "ping" : `${protocol.toUpperCase()} ${port}`;
}

/** A component's kind, ID and name. */
export function title({ kind, id, name }: Component): string {
    return `${kind} ${id === "none" ? "" : id}${name === undefined ? "" : ` (${name})`}`.trimEnd();
}

function endTitle({ component: { id, name }, address }: End): string {
    return id === address ? id : `${name ?? id} (${address})`;
}

/** What a component does, as a whole sentence without its subject. */
export function sentenceOf({ text, detail = "" }: Hop): string {
    return `${text}${detail}`;
}

/** What a component does, as a whole sentence. */
function lineOf(hop: Hop): string {
    return `${title(hop.component)}: ${sentenceOf(hop)}`;
}

function blockerLine(blocker: Blocker): string {
    return `${blocker.direction === "back" ? "the answer, at " : ""}${lineOf(blocker)}`;
}

const colors = { reachable: "green", "not reachable": "red", unknown: "yellow" } as const;

/** The verdict, and what was asked. */
export function verdictLine({ verdict, question, from, to, blockers }: Analysis): string {
    const count = blockers.length > 1 ? `, ${blockers.length} blockers` : "";
    return `${styleText(colors[verdict], verdict.toUpperCase())}  ${trafficOf(question)} from ${endTitle(from)} to ${endTitle(to)}${count}`;
}

/** Why a packet passes or not, in a line. */
export function reasonLine({ verdict, forward, blockers, unknown }: Analysis): string {
    if (verdict === "unknown") return unknown.map((one) => `not known: ${one}`).join("; ");
    // These tell most of a way that is open.
    const hops = verdict === "reachable" ? forward.filter(isOf("peering connection", "security group")) : blockers;
    const lines = hops.map(({ component: { kind, id, name = id }, text }) => `${id === "none" ? kind : name}: ${text}`);
    return [...new Set(lines)].join("; ");
}

function isOf(...kinds: readonly Component["kind"][]): (hop: Hop) => boolean {
    return ({ component }) => kinds.includes(component.kind);
}

/** The verdict, the way with each blocker between bars, what is wrong, and what to change; as wide as 80 columns. */
export function explain(state: State, analysis: Analysis, advice: readonly string[] = []): string {
    const { forward, back, blockers, unknown } = analysis;
    const numberOf = (hop: Hop) => blockers.findIndex((one) => one === hop) + 1;
    const hopLine = (hop: Hop) => {
        if (numberOf(hop) > 0) return styleText("red", `  | ${title(hop.component)} | ${numberOf(hop)}`);
        return hop.isUnknown ? styleText("yellow", wrap(`  ? ${lineOf(hop)}`, 6)) : wrap(`  -> ${lineOf(hop)}`, 6);
    };
    const why = blockers.flatMap((blocker) => [
        wrap(`  ${numberOf(blocker)}. ${blockerLine(blocker)}`, 5),
        styleText("dim", `     ${blocker.code}`),
    ]);
    const isKnown = ![...forward, ...back].some(({ isUnknown, isLast }) => isUnknown === true || isLast === true);
    const isFar = ({ account }: Fix) => state.places.some((place) => place.account !== account);
    const fixes = fixesOf(analysis);
    const commands = (fixes ?? []).flatMap((fix) => [
        ...(isFar(fix) ? [styleText("dim", `  # in account ${fix.account}`)] : []),
        commandText(fix.command),
    ]);
    const section = (name: string, lines: readonly string[]) => (lines.length > 0 ? ["", name, ...lines] : []);
    return [
        wrap(verdictLine(analysis), 2),
        ...section("there", forward.map(hopLine)),
        ...section("back", back.map(hopLine)),
        ...section("why not", why),
        ...section("to open the way", advice.map(commandText)),
        ...section(
            advice.length > 0
                ? "or by hand"
                : isKnown
                  ? "to open the way, type"
                  : "to open the way as far as it is known, type",
            commands,
        ),
        ...(fixes
            ? []
            : ["", isKnown ? "no set of changes opens this way as it is" : "what opens this way is not known"]),
        ...section(
            "not known",
            unknown.map((one) => wrap(`  ${one}`, 4)),
        ),
    ].join("\n");
}

/** A command as it can be pasted. */
export function commandText(command: string): string {
    const parts = command.split(" && ");
    return parts.map((one) => wrap(`  ${one}`, 6, " --", " \\")).join(" &&\n");
}

/** Breaks a line before a space, so that it fits 80 columns as far as its words do; what it goes on with is indented. */
export function wrap(line: string, indent: number, before = " ", end = ""): string {
    if (line.length <= 80) return line;
    const last = line.lastIndexOf(before, 80 - end.length);
    const at = last > indent ? last : line.indexOf(before, indent + 1);
    if (at < 0) return line;
    const rest = `${" ".repeat(indent)}${line.slice(at + 1)}`;
    return `${line.slice(0, at)}${end}\n${wrap(rest, indent, before, end)}`;
}

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
    const ping = analyze(state, { from, to, protocol: "icmp" });
    const request = analyze(state, { from, to, protocol: "tcp", port: 80 });
    const asked = [
        { expected: icmp, analysis: ping },
        { expected: http, analysis: request },
    ];
    const ends = `from ${endTitle(ping.from)} to ${endTitle(ping.to)}`;
    // What holds for both is said once.
    const findings = groupedBy(asked, ({ expected, analysis }) => finding(analysis, expected).join("\n  "));
    return [...findings]
        .map(([text, same]) => {
            const traffic = same.map(({ analysis }) => trafficOf(analysis.question)).join(" and ");
            return `AWS's configuration ${text.replace("\n", () => ` ${traffic} ${ends}:\n`)}`;
        })
        .join("\n");
}

/** Where to look for what AWS knows nothing of. */
function onServers({ from, to, question }: Analysis): string[] {
    const listens = question.protocol === "tcp" ? ", and whether something listens: 'ss -ltn'" : "";
    return [
        "what stops it is on the servers themselves. Log in to both, and look at",
        `  the route to the other one, which a bridge of Docker's with the same block takes away: 'ip route get ${to.address}' on the asking one, 'ip route get ${from.address}' on the asked one`,
        `  the firewall of the asked one: 'sudo nft list ruleset'${listens}`,
    ];
}

/** What the configuration does to packets, and lines of details. */
function finding(analysis: Analysis, expected: boolean): readonly [string, ...string[]] {
    const { verdict, blockers, forward } = analysis;
    if (verdict === "unknown") return ["may stop", reasonLine(analysis)];
    if (verdict === "reachable") {
        if (expected) return ["lets through", ...onServers(analysis)];
        const deciding = forward.filter(
            isOf("route table", "peering connection", "security group", "internet gateway"),
        );
        return ["lets through", ...deciding.map(lineOf)];
    }
    const fixes = (expected && fixesOf(analysis)) || [];
    return [
        "stops",
        ...blockers.map(blockerLine),
        ...(fixes.length > 0 ? ["To open the way, run 'pulumi up --refresh' if this stack made it, or"] : []),
        ...fixes.map(({ command }) => `  ${command}`),
    ];
}
