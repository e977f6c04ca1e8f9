import { analyze } from "../../reachability/analysis.ts";
import { readState } from "../../reachability/read.ts";
import type { State } from "../../reachability/state.ts";
import { reasonLine } from "../../reachability/text.ts";
import type { Component, Question } from "../../reachability/types.ts";
import { HOME_KEY } from "../api/client/caller.ts";
import { Clients } from "../api/client/clients.ts";

/** What the reachability analysis says of a request that a server sends to another one. */
export interface Why {
    /** What stops it, as `client's routes, connection`; `nothing` if nothing does. */
    readonly stoppedBy: string;
    readonly text: string;
}

/** What the EC2 API describes at this moment in regions of the sandbox's own account, and where their VPCs' peers are. */
export async function readSandbox(endpoint: string, regions: readonly string[]): Promise<State> {
    const clients = new Clients(endpoint);
    try {
        return await readState(
            [...new Set(regions)].map((region) => ({ region })),
            async ({ region = "" }, account) => {
                const accessKeyId = account === undefined ? HOME_KEY : await clients.keyOf(account);
                return clients.of({ accessKeyId, region });
            },
        );
    } finally {
        clients.stop();
    }
}

/** A client and a server, by their instance IDs or addresses. */
export interface Ends {
    readonly from: string;
    readonly to: string;
}

/** A ping and an HTTP request. */
export function pingAndHttp({ from, to }: Ends): Question[] {
    return [
        { from, to, protocol: "icmp" },
        { from, to, protocol: "tcp", port: 80 },
    ];
}

/** A ping and an HTTP request in both directions. */
export function questionsBetween(one: string, other: string): Question[] {
    return [...pingAndHttp({ from: one, to: other }), ...pingAndHttp({ from: other, to: one })];
}

const short: Partial<Record<Component["kind"], string>> = {
    "route table": "routes",
    "peering connection": "connection",
    "security group": "group",
    "network ACL": "ACL",
};

export function why(state: State, question: Question): Why {
    const analysis = analyze(state, question);
    const { from, to, blockers } = analysis;
    const owner = ({ kind, vpcId }: Component) => {
        const owners = { [from.vpcId ?? "none"]: "client's ", [to.vpcId ?? "none"]: "server's " };
        return `${vpcId === undefined ? "" : (owners[vpcId] ?? "")}${short[kind] ?? kind}`;
    };
    const all = new Set([...blockers.map(({ component }) => owner(component)), ...analysis.unknown]);
    return { stoppedBy: [...all].join(", ") || "nothing", text: reasonLine(analysis) };
}
