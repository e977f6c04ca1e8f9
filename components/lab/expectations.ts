import type { RequestsFrom, Side } from "../peering/sides";
import type { ProbeOutcome } from "../check/probe";

/**
 * How far two VPCs are connected: not at all; by a request that another owner has yet to accept; so that servers of both may
 * open connections; or so that those of one may.
 */
export type Stage = "isolated" | "pending-acceptance" | "reachable" | "one-way";

/** The outcome of probes between VPCs that are not connected: nothing comes back, and a public name gives the public address. */
export const isolated: ProbeOutcome = { icmp: "none", http: "none", dns: "public" };

/** The outcome of probes between connected VPCs: all of it comes back, and a public name gives the private address. */
export const reachable: ProbeOutcome = { icmp: "reply", http: "page", dns: "private" };

/** Whether an outcome has an answer to the ping and to the HTTP request. */
export function answersIn({ icmp, http }: ProbeOutcome): { readonly icmp: boolean; readonly http: boolean } {
    return { icmp: icmp === reachable.icmp, http: http === reachable.http };
}

/** The stage of a pair: `status` is its connection's; undefined when it has none. */
export function stageOf(status: string | undefined, requestsFrom: RequestsFrom): Stage {
    if (status === undefined) {
        return "isolated";
    }
    if (status !== "active") {
        return "pending-acceptance";
    }
    return requestsFrom === "both" ? "reachable" : "one-way";
}

/** What a probed side lets in and has. */
export interface AskedSide {
    /** Whether its security group lets in the asking server's pings, peered or not. */
    readonly letsPing: boolean;
    /** Whether the peering's rules let them in too, where the asking server may open connections. */
    readonly opensPing: boolean;
    /** Whether it has a public DNS name at all. */
    readonly dnsHostnames: boolean;
    /** Whether that name resolves to the private address across the connection. */
    readonly dnsResolution: boolean;
}

/** What a pair's stage promises: the outcome of the requester's probes, then of the accepter's. */
export function expectedOutcomes(
    stage: Stage,
    requestsFrom: RequestsFrom,
    asked: Readonly<Record<Side, AskedSide>>,
): readonly [ProbeOutcome, ProbeOutcome] {
    const connected = stage === "reachable" || stage === "one-way";
    const outcome = (from: Side, { letsPing, opensPing, dnsHostnames, dnsResolution }: AskedSide): ProbeOutcome => {
        const name = connected && dnsResolution ? reachable.dns : isolated.dns;
        const mayAsk = connected && (requestsFrom === "both" || requestsFrom === from);
        return {
            icmp: (connected && letsPing) || (mayAsk && opensPing) ? reachable.icmp : isolated.icmp,
            http: mayAsk ? reachable.http : isolated.http,
            dns: dnsHostnames ? name : "none",
        };
    };
    return [outcome("requester", asked.accepter), outcome("accepter", asked.requester)];
}
