import type * as pulumi from "@pulumi/pulumi";
import type { SideAccess } from "./access";
import type { Ami, IngressFrom, RequestsFrom } from "./choices";

/** One side of a pair: a VPC with a subnet and a server. What the pair has too is the pair's where it is left out. */
export interface PairSide extends SideAccess {
    /** The VPC's IPv4 CIDR block, /16 to /28: `10.41.0.0/16`. */
    readonly cidrBlock: string;
    /** Further IPv4 CIDR blocks of the VPC: `["100.64.0.0/16"]`; none by default. */
    readonly secondaryCidrBlocks?: string[];
    /** The public subnet's CIDR block, inside the VPC's: `10.41.1.0/24`. */
    readonly subnetCidrBlock: string;
    /** The server's private address, inside the subnet: `10.41.1.100`. */
    readonly privateIp: string;
    /** The VPC's own part of the names: `Blue`; by default `VPC1` and `VPC2`. */
    readonly label?: string;
    /** Name of the EC2 key pair that opens SSH on this side's server: `my-key-pair`; the pair's by default. */
    readonly keyName?: pulumi.Input<string>;
    /** The server's instance type, of the x86_64 kind: `t3.micro`; the pair's by default. */
    readonly instanceType?: string;
    /** The server's machine image: `al2`; the pair's by default. */
    readonly ami?: Ami;
    /** Blocks that may open SSH to this side's server: `["203.0.113.7/32"]`; the pair's by default. */
    readonly sshCidrs?: string[];
    /** Blocks that may send ICMP to this side's server: `["10.42.0.0/16"]`; the pair's by default. */
    readonly icmpCidrs?: string[];
    /** Whether this side's server gets a public DNS name: `false`; the pair's by default. */
    readonly dnsHostnames?: boolean;
    /** Whether its public DNS name resolves to its private address on the other side: `false`; the pair's by default. */
    readonly dnsResolution?: boolean;
    /** Which of the VPC's blocks, or which parts of them, the other side gets routes to: `["10.41.1.0/24"]`; all by default. */
    readonly routedCidrBlocks?: string[];
    /** What this side's server lets in from the other one while peered, besides HTTP: `["tcp/443"]`; the pair's by default. */
    readonly extraPorts?: string[];
}

/** How a pair is made. */
export interface PeeredVpcPairArgs {
    /** The VPC that asks: `{ cidrBlock: 10.41.0.0/16, subnetCidrBlock: 10.41.1.0/24, privateIp: 10.41.1.100 }`. */
    readonly requester: PairSide;
    /** The VPC that accepts: `{ cidrBlock: 10.42.0.0/16, subnetCidrBlock: 10.42.1.0/24, privateIp: 10.42.1.100 }`. */
    readonly accepter: PairSide;
    /** Whether the two are peered: `true`. */
    readonly peering: boolean;
    /** Name of the EC2 key pair that opens SSH on the servers: `my-key-pair`. */
    readonly keyName: pulumi.Input<string>;
    /** First part of the names on AWS: `test`; `lab` by default. */
    readonly prefix?: string;
    /**
     * The servers' instance type, of the x86_64 kind: `t2.micro`, which accounts on AWS's free plan can't launch; `t3.micro` by
     * default, or the default of when a server was made.
     */
    readonly instanceType?: string;
    /** The servers' machine image: `al2`; `al2023` by default. */
    readonly ami?: Ami;
    /** Blocks that may open SSH to the servers: `["203.0.113.7/32"]`; none by default. The check needs its own machine's. */
    readonly sshCidrs?: string[];
    /** Blocks that may send ICMP to the servers: `["10.41.0.0/16", "10.42.0.0/16"]`; none by default. */
    readonly icmpCidrs?: string[];
    /** Whether the servers get public DNS names, which names across the connection need: `false`; true by default. */
    readonly dnsHostnames?: boolean;
    /** Whether public DNS names resolve to private addresses on the other side while peered: `false`; true by default. */
    readonly dnsResolution?: boolean;
    /** What the servers let in from each other while peered, besides HTTP: `["tcp/443", "tcp/8000-8100"]`; nothing by default. */
    readonly extraPorts?: string[];
    /** Which server may open connections to the other: `requester`; `both` by default. */
    readonly requestsFrom?: RequestsFrom;
    /** How rules name the other side: `group`, its security group; `cidr`, its blocks, by default. */
    readonly ingressFrom?: IngressFrom;
    /** Whether the accepter's side of the peering is managed too: `false` where another owner has to accept; true by default. */
    readonly manageAccepter?: boolean;
    /** Whether the requester's side of the peering is managed too: `false` where a request exists; true by default. */
    readonly manageRequester?: boolean;
    /** Id of the request to accept where `manageRequester` is off: `pcx-0123456789abcdef0`; none by default. */
    readonly peeringConnectionId?: pulumi.Input<string>;
    /** Whether the request accepts itself, which AWS allows within one account and region: `true`; false by default. */
    readonly autoAccept?: boolean;
    /** Tags for everything that takes tags, besides `Name`: `{ team: network }`; none by default. */
    readonly tags?: Record<string, pulumi.Input<string>>;
    /**
     * Whether real packets show what the stage promises, over SSH with bash and OpenSSH of the machine that Pulumi runs on:
     * `false`; true by default where `privateKey` or `sshAgent` is given, else false.
     */
    readonly check?: boolean;
    /**
     * Private key for the check's logins, in OpenSSH or PEM form and without a passphrase, kept as a secret: the text of
     * `~/.ssh/id_ed25519`; none by default.
     */
    readonly privateKey?: pulumi.Input<string>;
    /** Whether the check logs in as your `ssh` does, with your SSH agent and configuration: `true`; false by default. */
    readonly sshAgent?: boolean;
    /**
     * OpenSSH's ProxyCommand, where the servers are not reached by their public addresses; `{instanceId}` in it is the server's id:
     * `aws ec2-instance-connect open-tunnel --instance-id {instanceId}`; none by default.
     */
    readonly sshProxyCommand?: string;
    /** How long a server may take to boot until the check fails, in seconds: `600`; 300 by default. */
    readonly timeLimit?: number;
}
