import type { AnalysisAclRule, AnalysisRouteTableRoute, AnalysisSecurityGroupRule } from "@aws-sdk/client-ec2";
import type { Flow, Protocol } from "./rules.ts";
import type { Place } from "./state.ts";

/** Whether a client gets an answer. Ends are an ID of an instance or an interface, an address, or a `Name` tag. */
export interface Question {
    readonly from: string;
    readonly to: string;
    readonly protocol: Protocol;
    /** The port that the client asks; not for ICMP, which means a ping. */
    readonly port?: number | undefined;
}

/** Something that a packet meets. */
export interface Component {
    readonly kind:
        | "instance"
        | "network interface"
        | "security group"
        | "network ACL"
        | "route table"
        | "peering connection"
        | "internet gateway"
        | "destination";
    readonly id: string;
    /** Its `Name` tag. */
    readonly name?: string | undefined;
    readonly place?: Place | undefined;
    readonly vpcId?: string | undefined;
}

/**
 * Why a packet does not pass. All but the last are AWS's, which has none for a packet that goes to another VPC than the one that
 * was meant. Source: Reachability Analyzer guide, "Reachability Analyzer explanation codes".
 */
export type Code =
    | "BAD_STATE"
    | "BAD_STATE_ROUTE"
    | "DISCONNECTED_VPCS"
    | "ENI_SG_RULES_MISMATCH"
    | "IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS"
    | "IGW_DESTINATION_ADDRESS_NOT_IN_RFC6598_EGRESS"
    | "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS"
    | "IGW_PUBLIC_IP_ASSOCIATION_FOR_INGRESS"
    | "MORE_SPECIFIC_ROUTE"
    | "NO_ROUTE_TO_DESTINATION"
    | "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR"
    | "SG_HAS_NO_RULES"
    | "SUBNET_ACL_RESTRICTION"
    | "UNASSOCIATED_COMPONENT"
    | "UNKNOWN_DESTINATION"
    | "ROUTE_WRONG_NETWORK";

export type Direction = "forward" | "back";

/** A change that helps to open the way: a command of the AWS CLI, or of a shell that keeps an ID for the next ones. */
export interface Fix {
    readonly command: string;
    /** Where it has to be run. */
    readonly account: string;
    readonly region: string;
}

/** A step of a packet. */
export interface Hop {
    readonly component: Component;
    /** What decided, in words, or what would have to be known. */
    readonly text: string;
    /** What the whole sentence ends with; nothing by default. */
    readonly detail?: string | undefined;
    /** Whether the state does not tell what happens here. */
    readonly isUnknown?: boolean;
    /** Whether it is not known where the packet goes from here, so that nothing behind is judged, nor its answer. */
    readonly isLast?: boolean;
    readonly securityGroupRule?: AnalysisSecurityGroupRule | undefined;
    readonly aclRule?: AnalysisAclRule | undefined;
    readonly route?: AnalysisRouteTableRoute | undefined;
}

/** A step that stops a packet, or an answer on its way back. */
export interface Blocker extends Hop {
    readonly code: Code;
    readonly direction: Direction;
    /** Whether it stops what leaves an interface or what arrives there, for components that judge both. */
    readonly flow?: Flow;
    /** What opens the way here; undefined if nothing does. */
    readonly fixes: readonly Fix[] | undefined;
}

export function isBlocker(hop: Hop): hop is Blocker {
    return "code" in hop;
}

/** An end of the way, as the other end sees it. */
export interface End {
    readonly address: string;
    readonly component: Component;
    readonly vpcId: string | undefined;
    /** Undefined if no interface has the address. */
    readonly interfaceId: string | undefined;
}

export type Verdict = "reachable" | "not reachable" | "unknown";

/** What the rules say of a question. */
export interface Analysis {
    readonly question: Question;
    readonly from: End;
    readonly to: End;
    /** Not reachable if there is a blocker, and unknown if there is none but something was not to be seen. */
    readonly verdict: Verdict;
    readonly forward: readonly Hop[];
    readonly back: readonly Hop[];
    /** All of them, in the order of the way, each once. */
    readonly blockers: readonly Blocker[];
    readonly unknown: readonly string[];
}

/** A question that can't be answered as it is put. */
export class QuestionError extends Error {}
