import type { Dns } from "../../api/client/view.ts";

/** What the EC2 API describes, as far as packets and servers depend on it. */
export interface State {
    readonly vpcs: readonly Vpc[];
    readonly subnets: readonly Subnet[];
    readonly routeTables: readonly RouteTable[];
    readonly internetGateways: readonly InternetGateway[];
    readonly peerings: readonly Peering[];
    readonly securityGroups: readonly SecurityGroup[];
    readonly instances: readonly Instance[];
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

export interface RouteTable {
    readonly id: string;
    readonly vpcId: string;
    /** Whether it serves the VPC's subnets that have no table of their own. */
    readonly main: boolean;
    readonly subnetIds: readonly string[];
    readonly routes: readonly Route[];
}

export interface Route {
    readonly destination: string;
    /** Id of what the route leads to, such as `igw-…` or `pcx-…`; `local` for the VPC's own block. */
    readonly target: string;
}

export interface InternetGateway {
    readonly id: string;
    /** The VPC that it is attached to; undefined when it is detached. */
    readonly vpcId: string | undefined;
}

export interface Peering {
    readonly id: string;
    readonly active: boolean;
    readonly requesterVpcId: string;
    readonly accepterVpcId: string;
    /** VPCs of the two whose public DNS names give private addresses to the other: AllowDnsResolutionFromRemoteVpc. */
    readonly resolvedVpcIds: readonly string[];
}

export interface SecurityGroup {
    readonly id: string;
    readonly ingress: readonly Rule[];
    readonly egress: readonly Rule[];
}

/** A permission of a security group: what gets in, or out. */
export interface Rule {
    readonly protocol: "all" | "tcp" | "udp" | "icmp";
    /** First port, or ICMP type; -1 for every one. */
    readonly from: number;
    /** Last port, or ICMP code; -1 for every one. */
    readonly to: number;
    readonly cidrBlocks: readonly string[];
    /** Security groups whose members it applies to. */
    readonly groupIds: readonly string[];
}

/** A running instance with its first network interface. */
export interface Instance {
    readonly id: string;
    readonly vpcId: string;
    readonly subnetId: string;
    readonly interfaceId: string;
    readonly mac: string;
    readonly privateIp: string;
    readonly publicIp: string | undefined;
    /** Its DNS names; the public one is empty where it has none. */
    readonly publicDns: string;
    readonly privateDns: string;
    readonly groupIds: readonly string[];
    /** Public key of its key pair, in OpenSSH form. */
    readonly publicKey: string | undefined;
    /** Its user data as text; empty when it has none. */
    readonly userData: string;
}
