import type { Dns } from "../../api/client/view.ts";

/** The part of what the EC2 API describes that affects packets and servers. */
export interface State {
    readonly vpcs: readonly Vpc[];
    readonly subnets: readonly Subnet[];
    readonly networkAcls: readonly NetworkAcl[];
    readonly routeTables: readonly RouteTable[];
    readonly internetGateways: readonly InternetGateway[];
    readonly peerings: readonly Peering[];
    readonly securityGroups: readonly SecurityGroup[];
    readonly instances: readonly Instance[];
    readonly flowLogs: readonly FlowLog[];
}

export interface Vpc extends Dns {
    readonly id: string;
    readonly region: string;
    /** Every IPv4 block of the VPC, the primary one first. */
    readonly cidrBlocks: readonly string[];
}

export interface Subnet {
    readonly id: string;
    readonly vpcId: string;
    readonly cidrBlock: string;
}

export interface NetworkAcl {
    readonly id: string;
    readonly vpcId: string;
    readonly subnetIds: readonly string[];
    readonly ingress: readonly AclEntry[];
    readonly egress: readonly AclEntry[];
}

/** An inbound or outbound entry of a network ACL, which allows or denies traffic from or to a block. */
export interface AclEntry extends Traffic {
    readonly number: number;
    readonly allow: boolean;
    readonly cidrBlock: string;
}

export interface RouteTable {
    readonly id: string;
    readonly vpcId: string;
    /** Whether it is the VPC's main route table, for subnets without an explicit association. */
    readonly main: boolean;
    readonly subnetIds: readonly string[];
    readonly routes: readonly Route[];
}

export interface Route {
    readonly destination: string;
    /** ID of the target, such as `igw-…` or `pcx-…`; `local` for the VPC's own blocks. */
    readonly target: string;
}

export interface InternetGateway {
    readonly id: string;
    /** The VPC that it is attached to; undefined if it is detached. */
    readonly vpcId: string | undefined;
}

export interface Peering {
    readonly id: string;
    readonly active: boolean;
    readonly requesterVpcId: string;
    readonly accepterVpcId: string;
    /** Those of the two VPCs whose public DNS names resolve to private addresses from the other (AllowDnsResolutionFromRemoteVpc). */
    readonly resolvedVpcIds: readonly string[];
}

export interface SecurityGroup {
    readonly id: string;
    readonly ingress: readonly Rule[];
    readonly egress: readonly Rule[];
}

/** The traffic that a rule or an entry applies to. */
export interface Traffic {
    /** `all`, `tcp`, `udp`, `icmp`, or the number of another protocol. */
    readonly protocol: string;
    /** First port, or ICMP type; -1 for all. */
    readonly from: number;
    /** Last port, or ICMP code; -1 for all. */
    readonly to: number;
}

/** An inbound or outbound rule of a security group. */
export interface Rule extends Traffic {
    readonly cidrBlocks: readonly string[];
    /** Security groups that it references. */
    readonly groupIds: readonly string[];
}

/** A flow log: the traffic of a VPC, a subnet or a network interface is recorded in a log group of its own account and region. */
export interface FlowLog {
    readonly id: string;
    readonly accountId: string;
    readonly region: string;
    /** ID of the VPC, the subnet or the network interface. */
    readonly resourceId: string;
    readonly trafficType: "ACCEPT" | "REJECT" | "ALL";
    /** Name of its log group in CloudWatch Logs. */
    readonly logGroup: string;
}

/** A running instance with its primary network interface. */
export interface Instance {
    readonly id: string;
    readonly vpcId: string;
    readonly subnetId: string;
    readonly interfaceId: string;
    readonly mac: string;
    readonly privateIp: string;
    readonly publicIp: string | undefined;
    /** DNS names; the public one is empty if the instance has none. */
    readonly publicDns: string;
    readonly privateDns: string;
    readonly groupIds: readonly string[];
    /** Public key of its key pair, in OpenSSH form. */
    readonly publicKey: string | undefined;
    /** User data as text; empty if it has none. */
    readonly userData: string;
}
