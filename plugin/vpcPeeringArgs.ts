import type * as pulumi from "@pulumi/pulumi";
import type { SideAccess } from "./access";
import type { IngressFrom, RequestsFrom } from "./choices";

/**
 * One side of a peering: a VPC that exists, which is looked up by its id, or one that the same program makes, for which
 * `cidrBlocks` and `routeTables` are given.
 */
export interface PeeringSide extends SideAccess {
    /**
     * The VPC's id: `vpc-0123456789abcdef0`. Without `cidrBlocks` the VPC is looked up, so it has to exist before the program
     * runs; an id that a preview does not know yet is refused there.
     */
    readonly vpcId: pulumi.Input<string>;
    /** Every IPv4 CIDR block of the VPC: `["10.41.0.0/16"]`; by default the VPC is looked up. */
    readonly cidrBlocks?: string[];
    /** Every IPv6 CIDR block of the VPC, where `cidrBlocks` is given: `["2001:db8:1200::/56"]`; none by default, and none is routed. */
    readonly ipv6CidrBlocks?: string[];
    /** Which of the IPv4 blocks, or which parts of them, the other side gets routes to: `["10.41.1.0/24"]`; all by default. */
    readonly routedCidrBlocks?: string[];
    /**
     * The route tables that get routes to the other side, by names of your own: `{ main: rtb-0123456789abcdef0 }`. By default all of
     * a VPC that is looked up, and none of another. The names become part of the routes' names.
     */
    readonly routeTables?: Record<string, pulumi.Input<string>>;
    /**
     * The security groups that open `ports` to the other side, by names of your own: `{ web: sg-0123456789abcdef0 }`; none by
     * default. The names become part of the rules' names.
     */
    readonly securityGroups?: Record<string, pulumi.Input<string>>;
    /** What this side's groups let in from the other side: `["tcp/443"]`; by default the peering's `ports`. */
    readonly ports?: string[];
    /** Whether this VPC's public DNS names resolve to private addresses on the other side: `true`; by default the peering's. */
    readonly dnsResolution?: boolean;
    /**
     * Whether the VPC has both DNS support and DNS hostnames, where `cidrBlocks` is given: `false`; true by default.
     * `dnsResolution` needs both.
     */
    readonly dns?: boolean;
}

/** How a peering is made. */
export interface VpcPeeringArgs {
    /** The side that asks for the connection: `{ vpcId: vpc-0123456789abcdef0 }`. */
    readonly requester: PeeringSide;
    /** The side that accepts it: `{ vpcId: vpc-0fedcba9876543210, region: us-east-1 }`. */
    readonly accepter: PeeringSide;
    /**
     * What each side's security groups let in from the other side: `["tcp/443", "tcp/8000-8100", "icmp"]`; nothing by default. A
     * port is a protocol with a number or a range; `icmp`, a type of it such as `icmp/8`, and `all` are taken too.
     */
    readonly ports?: string[];
    /** Which side's servers may open connections to the other's: `requester`; `both` by default. */
    readonly requestsFrom?: RequestsFrom;
    /** How rules name the other side: `group`, its `securityGroups`; `cidr`, its blocks, by default. */
    readonly ingressFrom?: IngressFrom;
    /**
     * Whether each side's public DNS names resolve to private addresses on the other side: `true`; left as it is by default, which
     * on AWS begins as no.
     */
    readonly dnsResolution?: boolean;
    /** Whether the accepter's side is managed too: `false` where another owner has to accept; true by default. */
    readonly manageAccepter?: boolean;
    /** Whether the requester's side is managed too: `false` where another owner's request is accepted; true by default. */
    readonly manageRequester?: boolean;
    /** Id of the request to accept where `manageRequester` is off: `pcx-0123456789abcdef0`; none by default. */
    readonly peeringConnectionId?: pulumi.Input<string>;
    /** Whether the request accepts itself, which AWS allows within one account and region: `true`; false by default. */
    readonly autoAccept?: boolean;
    /** Tags of the connection and its rules: `{ team: network }`; `Name` is the component's name by default. */
    readonly tags?: Record<string, pulumi.Input<string>>;
}
