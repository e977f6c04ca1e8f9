import { analyze } from "../../../reachability/analysis.ts";
import { fixesOf } from "../../../reachability/fixes.ts";
import { groupedBy, type State } from "../../../reachability/state.ts";
import { trafficOf } from "../../../reachability/text.ts";
import type { Blocker, Component, Direction } from "../../../reachability/types.ts";
import { pingAndHttp } from "../why.ts";
import type { Fault } from "./puzzle.ts";

/** A VPC of the pair and its server, as far as the analysis needs them. */
export interface End {
    readonly label: string;
    readonly vpcId: string;
    readonly serverId: string;
}

/** Traffic that is stopped on its way from one server to the other, or on the way back. */
export interface Stopped {
    /** `VPC1 -> VPC2`. */
    readonly way: string;
    readonly traffic: string;
    readonly direction: Direction;
    readonly blocker: Blocker;
}

/** A component that stops packets, and all that it stops. */
export interface Finding {
    readonly component: Component;
    /** Where it is: `VPC1`, or `between VPC1 and VPC2`. */
    readonly where: string;
    readonly stops: readonly Stopped[];
}

/** What the analysis says of both kinds of traffic in both directions. */
export interface Findings {
    readonly findings: readonly Finding[];
    /** What the state does not tell. */
    readonly unknown: readonly string[];
    /** The commands that open all ways; undefined if something can't be removed by any. */
    readonly commands: readonly string[] | undefined;
}

/** Asks the analysis what stops pings and HTTP between two servers. Throws if a server is not there. */
export function findingsIn(state: State, ends: readonly [End, End]): Findings {
    const [one, two] = ends;
    // New entries of network ACLs get different numbers, whichever question they answer.
    const numbers = new Set<string>();
    const asked = [
        [one, two],
        [two, one],
    ].flatMap(([from = one, to = two]) =>
        pingAndHttp({ from: from.serverId, to: to.serverId }).map((question) => ({
            way: `${from.label} -> ${to.label}`,
            analysis: analyze(state, question, numbers),
        })),
    );
    const stopped = asked.flatMap(({ way, analysis: { question, blockers } }) =>
        blockers.map((blocker): Stopped => {
            return { way, traffic: trafficOf(question), direction: blocker.direction, blocker };
        }),
    );
    const findings = [...groupedBy(stopped, ({ blocker }) => `${blocker.component.kind} ${blocker.component.id}`)];
    return {
        findings: findings.flatMap(([, stops]) => {
            const component = stops[0]?.blocker.component;
            return component ? [{ component, where: whereOf(component, ends), stops }] : [];
        }),
        unknown: [...new Set(asked.flatMap(({ analysis }) => analysis.unknown))],
        commands: fixesOf({ blockers: onceConnected(stopped.map(({ blocker }) => blocker)) })?.map(
            ({ command }) => command,
        ),
    };
}

/** The VPC that a component is in. */
function whereOf({ vpcId }: Component, ends: readonly [End, End]): string {
    return ends.find((end) => end.vpcId === vpcId)?.label ?? `between ${ends.map(({ label }) => label).join(" and ")}`;
}

/** The blockers without the connection's repeated ones: each direction would request a connection of its own. */
function onceConnected(blockers: readonly Blocker[]): Blocker[] {
    const isConnection = ({ component }: Blocker) => component.kind === "peering connection";
    const first = blockers.find(isConnection);
    return blockers.filter((one) => one === first || !isConnection(one));
}

/** The findings as a puzzle's table names them, each once. */
export function faultsOf({ findings }: Findings, [one, two]: readonly [End, End]): Fault[] {
    const faults = findings.flatMap(({ component: { kind, vpcId }, stops }) =>
        stops.map(({ blocker: { code } }): Fault => {
            const vpc = vpcId === one.vpcId ? 1 : vpcId === two.vpcId ? 2 : undefined;
            return { kind, ...(vpc && { vpc }), code };
        }),
    );
    return [...new Map(faults.map((fault) => [JSON.stringify(fault), fault])).values()];
}
