import { EC2 } from "@aws-sdk/client-ec2";
import { analyze } from "../../reachability/analysis.ts";
import { readPlaces } from "../../reachability/read.ts";
import { State } from "../../reachability/state.ts";
import { reasonLine } from "../../reachability/text.ts";
import type { Component, Question } from "../../reachability/types.ts";
import { credentialsOf } from "../api/client/caller.ts";
import { Clients } from "../api/client/clients.ts";

/** What the reachability analysis says of a request that a server sends to another one. */
export interface Why {
    /** What stops it, as `client's routes, connection`; `nothing` if nothing does. */
    readonly stoppedBy: string;
    readonly text: string;
}

/** Answers questions about what the EC2 API describes at this moment. */
export async function readState(endpoint: string, regions: readonly string[]): Promise<State> {
    const clients = new Clients(endpoint);
    try {
        const places = await readPlaces(
            [...new Set(regions)].map((region) => ({ region })),
            async ({ region = "" }, account) => {
                const key = account === undefined ? undefined : await clients.keyOf(account);
                return new EC2({ endpoint, region, credentials: credentialsOf(key) });
            },
        );
        return new State(places);
    } finally {
        clients.stop();
    }
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
