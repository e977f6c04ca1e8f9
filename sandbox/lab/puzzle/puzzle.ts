import type {
    AcceptVpcPeeringConnectionCommandInput,
    AuthorizeSecurityGroupIngressCommandInput,
    CreateNetworkAclCommandInput,
    CreateNetworkAclEntryCommandInput,
    CreateRouteCommandInput,
    CreateVpcCommandInput,
    CreateVpcPeeringConnectionCommandInput,
    DeleteRouteCommandInput,
    DeleteVpcPeeringConnectionCommandInput,
    ReplaceNetworkAclAssociationCommandInput,
    ReplaceRouteCommandInput,
    ReplaceRouteTableAssociationCommandInput,
    RevokeSecurityGroupEgressCommandInput,
    RevokeSecurityGroupIngressCommandInput,
} from "@aws-sdk/client-ec2";
import type { Code, Component } from "../../../reachability/types.ts";

/** The calls of EC2 that break something, and what each of them takes. */
interface Inputs {
    readonly acceptVpcPeeringConnection: AcceptVpcPeeringConnectionCommandInput;
    readonly authorizeSecurityGroupIngress: AuthorizeSecurityGroupIngressCommandInput;
    readonly createNetworkAcl: CreateNetworkAclCommandInput;
    readonly createNetworkAclEntry: CreateNetworkAclEntryCommandInput;
    readonly createRoute: CreateRouteCommandInput;
    readonly createVpc: CreateVpcCommandInput;
    readonly createVpcPeeringConnection: CreateVpcPeeringConnectionCommandInput;
    readonly deleteRoute: DeleteRouteCommandInput;
    readonly deleteVpcPeeringConnection: DeleteVpcPeeringConnectionCommandInput;
    readonly replaceNetworkAclAssociation: ReplaceNetworkAclAssociationCommandInput;
    readonly replaceRoute: ReplaceRouteCommandInput;
    readonly replaceRouteTableAssociation: ReplaceRouteTableAssociationCommandInput;
    readonly revokeSecurityGroupEgress: RevokeSecurityGroupEgressCommandInput;
    readonly revokeSecurityGroupIngress: RevokeSecurityGroupIngressCommandInput;
}

/**
 * A call of EC2: its name and its input, in whose texts `$NAME` stands for a value; `valuesOf` has the names. `keep` gives values
 * of the response, by their paths, to the calls after it.
 */
export type Call = {
    [Name in keyof Inputs]: {
        readonly call: Name;
        readonly input: Inputs[Name];
        readonly keep?: Readonly<Record<string, string>>;
    };
}[keyof Inputs];

/** Requests from one VPC's server to the other's that get no answer: `1>2 HTTP`. */
export const flows = ["1>2 ping", "1>2 HTTP", "2>1 ping", "2>1 HTTP"] as const;

export type Flow = (typeof flows)[number];

/** What the reachability analysis should find: the kind of component, its VPC, if it is in one, and why packets don't pass. */
export interface Fault {
    readonly kind: Component["kind"];
    readonly vpc?: 1 | 2;
    readonly code: Code;
}

/** A part of the lab that a puzzle changes. Puzzles that change different parts can be combined. */
type Part = "connection" | `${"routes" | "group" | "ACL"} ${1 | 2}`;

/** Something that is broken, for a person to find and to repair. */
export interface Puzzle {
    readonly name: string;
    /** What users complain of. It does not tell the cause. */
    readonly complaint: string;
    /** What had been changed, a sentence each; shown at the end. */
    readonly causes: readonly string[];
    readonly calls: readonly Call[];
    /** The requests that get no answer. */
    readonly fails: readonly Flow[];
    readonly faults: readonly Fault[];
    readonly changes: readonly Part[];
}
