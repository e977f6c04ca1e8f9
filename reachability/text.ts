import { styleText } from "node:util";
import type { Analysis, Blocker, Component, End, Hop, Question } from "./types.ts";
import { fixesOf } from "./fixes.ts";
import { sentenceOf } from "./hops.ts";
import type { State } from "./state.ts";

/** `TCP 80`, or `ping`. */
export function trafficOf({ protocol, port = 80 }: Question): string {
    return protocol === "icmp" ? "ping" : `${protocol.toUpperCase()} ${port}`;
}

/** A component as people read it. */
export function title({ kind, id, name }: Component): string {
    return `${kind} ${id === "none" ? "" : id}${name === undefined ? "" : ` (${name})`}`.trimEnd();
}

/** An end as people read it. */
export function endTitle({ component: { id, name }, address }: End): string {
    return id === address ? id : `${name ?? id} (${address})`;
}

const colors = { reachable: "green", "not reachable": "red", unknown: "yellow" } as const;

/** One line: the verdict, and what was asked. */
export function verdictLine({ verdict, question, from, to, blockers }: Analysis): string {
    const count = blockers.length > 1 ? `, ${blockers.length} blockers` : "";
    return `${styleText(colors[verdict], verdict.toUpperCase())}  ${trafficOf(question)} from ${endTitle(from)} to ${endTitle(to)}${count}`;
}

/** Why a packet passes or not, in a line. */
export function reasonLine({ verdict, forward, blockers, unknown }: Analysis): string {
    if (verdict === "not reachable") {
        return [...new Set(blockers.map(brief))].join("; ");
    }
    return verdict === "unknown"
        ? unknown.map((one) => `not known: ${one}`).join("; ")
        : forward
              .filter(({ component }) => ways.includes(component.kind))
              .map(({ component, decision }) => `${component.name ?? component.id} ${decision}`)
              .join("; ");
}

/** What tells most of a way that is open. */
const ways: readonly Component["kind"][] = ["peering connection", "security group"];

function brief({ component, code, text, remedy, direction }: Blocker): string {
    const name = component.name ?? component.id;
    switch (component.kind) {
        case "route table": {
            const isMissing = code === "NO_ROUTE_TO_DESTINATION" || code.startsWith("IGW_");
            const block = remedy?.kind === "route" ? ` to ${remedy.block}` : "";
            return isMissing ? `no route${block} in ${name}` : `${name}: ${text}`;
        }
        case "peering connection":
            return code === "DISCONNECTED_VPCS" ? "no connection" : `${component.id} ${text}`;
        case "security group":
            return `${name} ${text}`;
        default:
            return `${name}${direction === "back" ? ", on the way back," : ""} ${text}`;
    }
}

/** A verdict, the way with each blocker between bars, and what to change. */
export function explain(state: State, analysis: Analysis): string {
    const { forward, back, blockers, unknown } = analysis;
    const lines = [verdictLine(analysis)];
    for (const [name, hops] of [
        ["there", forward],
        ["back", back],
    ] as const) {
        if (hops.length > 0) lines.push("", styleText("dim", name), ...hops.flatMap(hopLines));
    }
    if (blockers.length > 0) {
        lines.push("", "why not");
        blockers.forEach((blocker, index) => {
            const { component, code, direction } = blocker;
            const where = direction === "back" ? "the answer, at " : "";
            lines.push(
                `  ${index + 1}. ${where}${title(component)}: ${sentenceOf(blocker)}`,
                styleText("dim", `     ${code}`),
            );
        });
        const fixes = fixesOf(state, analysis);
        lines.push("", ...(fixes ? ["to open the way"] : ["no set of changes opens this way as it is"]));
        for (const { command, account } of fixes ?? []) {
            lines.push(
                `  ${command}${state.places.some((place) => place.account !== account) ? `  # account ${account}` : ""}`,
            );
        }
    }
    if (unknown.length > 0) {
        lines.push("", "not known", ...unknown.map((one) => `  ${one}`));
    }
    return lines.join("\n");
}

function hopLines({ component, decision, blocker, unknown }: Hop): string[] {
    if (blocker) {
        return [styleText("red", `  | ${title(component)} |`), styleText("red", `      ${decision}`)];
    }
    if (unknown !== undefined) {
        return [styleText("yellow", `  ? ${title(component)}: ${unknown}`)];
    }
    return [`  -> ${title(component)}: ${decision}`];
}
