import type { Explanation, NetworkInsightsAnalysis, PathComponent } from "@aws-sdk/client-ec2";
import { fixesOf } from "./fixes.ts";
import { sentenceOf } from "./text.ts";
import type { Analysis, Blocker, Component, Fix, Hop } from "./types.ts";

/** An analysis in the shape of AWS's, with what AWS's does not have. */
export interface Result extends NetworkInsightsAnalysis {
    readonly Verdict: Analysis["verdict"];
    /** What was not to be seen. */
    readonly Unknown: readonly string[];
    /** Commands that open the way; null if none do. */
    readonly Fixes: readonly Fix[] | null;
    readonly Explanations: (Explanation & { readonly Text: string })[];
}

/** Source: Amazon EC2 API Reference, "NetworkInsightsAnalysis". */
export function resultOf(analysis: Analysis): Result {
    return {
        NetworkPathFound: analysis.verdict === "reachable",
        Verdict: analysis.verdict,
        ForwardPathComponents: analysis.forward.map(pathComponent),
        ReturnPathComponents: analysis.back.map(pathComponent),
        Explanations: analysis.blockers.map(explanation),
        Unknown: analysis.unknown,
        Fixes: fixesOf(analysis) ?? null,
    };
}

function shown({ id, name }: Component) {
    return { Id: id, Name: name };
}

function pathComponent({ component, securityGroupRule, aclRule, route }: Hop, index: number): PathComponent {
    return {
        SequenceNumber: index + 1,
        Component: shown(component),
        SecurityGroupRule: securityGroupRule,
        AclRule: aclRule,
        RouteTableRoute: route,
    };
}

/** The key under which AWS's explanations have a component. */
const keys = {
    "security group": "SecurityGroup",
    "network ACL": "Acl",
    "route table": "RouteTable",
    "peering connection": "VpcPeeringConnection",
    "internet gateway": "InternetGateway",
    "network interface": "NetworkInterface",
    instance: "Component",
    destination: "Destination",
} as const;

function explanation(blocker: Blocker): Result["Explanations"][number] {
    const { code, component, direction, flow = direction === "forward" ? "egress" : "ingress" } = blocker;
    return {
        ExplanationCode: code,
        Direction: flow,
        [keys[component.kind]]: shown(component),
        ...(component.place && { ComponentAccount: component.place.account, ComponentRegion: component.place.region }),
        Text: sentenceOf(blocker),
    };
}
