import * as ec2 from "@pulumi/aws/ec2";
import { getAvailabilityZonesOutput } from "@pulumi/aws/getAvailabilityZones";
import * as ssm from "@pulumi/aws/ssm";
import * as vpc from "@pulumi/aws/vpc";
import * as pulumi from "@pulumi/pulumi";
import { blocksOf, checkAddressPlan, checkCidrList, type AddressPlan } from "../addresses/addressPlan";
import { labVpcNames, namePattern, nameRule, type LabVpcNames } from "./names";
import { after, pin } from "../ordering";
import type { ProbedServer } from "../check/probe";
import { describeProblems, withoutStack, type Problem } from "../problems";
import { webServerUserData } from "./userData";

/** The machine images that a server can have, each by its public SSM parameter. */
export const amiParameters = {
    al2023: "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
    al2: "/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2",
} as const;

/** `al2023` is Amazon Linux 2023; `al2` is Amazon Linux 2, whose support ended on 2026-06-30. */
export type AmiChoice = keyof typeof amiParameters;

/** Size of a server's root volume in GiB: that of both images. */
const rootVolumeSize = 8;

/** How a {@link LabVpc} is made. */
export interface LabVpcArgs extends AddressPlan {
    /** Number of the VPC within its lab, for names: 1 or more. */
    readonly side: number;
    /** The VPC's own part of the names; by default `VPC` and the number. */
    readonly label?: string | undefined;
    /** First part of the names: `ljh` by default. */
    readonly prefix?: string | undefined;
    /** Name of the EC2 key pair that opens SSH on the server. */
    readonly keyName: pulumi.Input<string>;
    /** The server's instance type, of the x86_64 kind: `t2.micro` by default. */
    readonly instanceType?: pulumi.Input<string> | undefined;
    /** The server's machine image: `al2023` by default. */
    readonly ami?: AmiChoice | undefined;
    /** Blocks that may open SSH to the server; none by default. */
    readonly sshCidrs?: readonly string[] | undefined;
    /** Blocks that may send ICMP to the server; none by default. */
    readonly icmpCidrs?: readonly string[] | undefined;
    /** Whether the server gets a public DNS name, which names across a peering connection need too: true by default. */
    readonly dnsHostnames?: boolean | undefined;
    /** Tags for everything that takes tags, besides `Name`. */
    readonly tags?: Readonly<Record<string, string>> | undefined;
}

/** Everything that is wrong with a lab VPC's arguments; `keys` says how they are called where they were configured. */
export function checkLabVpcArgs(args: LabVpcArgs, keys: (argument: keyof LabVpcArgs) => string): Problem[] {
    const problems = checkAddressPlan(args, {
        cidrBlock: keys("cidrBlock"),
        secondaryCidrBlocks: keys("secondaryCidrBlocks"),
        subnetCidrBlock: keys("subnetCidrBlock"),
        privateIp: keys("privateIp"),
    });
    for (const argument of ["sshCidrs", "icmpCidrs"] as const) {
        problems.push(...checkCidrList(keys(argument), args[argument] ?? []));
    }
    for (const argument of ["prefix", "label"] as const) {
        const value = args[argument];
        if (value !== undefined && !namePattern.test(value)) {
            problems.push({ key: keys(argument), value, message: nameRule });
        }
    }
    return problems;
}

/**
 * One VPC of the lab: the VPC with DNS support and DNS hostnames, an internet gateway, a public subnet in the region's
 * first availability zone with its route table, a security group, and a web server with a public address.
 *
 * The server and its public IPv4 address are charged for as long as they stand; everything else is free.
 *
 * Throws a ResourceError that lists every argument that AWS would refuse, before anything is created.
 */
export class LabVpc extends pulumi.ComponentResource {
    /** What its parts are called. */
    readonly names: LabVpcNames;
    /** What a reachability check needs to know of the server. */
    readonly probed: ProbedServer;
    /** Every CIDR block of the VPC, the primary one first. */
    readonly cidrBlocks: readonly string[];
    readonly vpcId: pulumi.Output<string>;
    readonly subnetId: pulumi.Output<string>;
    readonly routeTableId: pulumi.Output<string>;
    readonly securityGroupId: pulumi.Output<string>;
    readonly serverId: pulumi.Output<string>;
    /** The server's private address. */
    readonly privateIp: pulumi.Output<string>;
    /** The server's public address. */
    readonly publicIp: pulumi.Output<string>;
    /** The server's public DNS name. */
    readonly publicDns: pulumi.Output<string>;
    /** Ids of everything here that packets of the server depend on. */
    readonly path: pulumi.Output<string[]>;

    constructor(name: string, args: LabVpcArgs, opts?: pulumi.ComponentResourceOptions) {
        super("vpc-peering-lab:components:LabVpc", name, {}, opts);
        const problems = checkLabVpcArgs(args, (argument) => argument);
        if (problems.length > 0) {
            throw withoutStack(new pulumi.ResourceError(describeProblems(`LabVpc ${name}`, problems), this, true));
        }

        const child = { parent: this };
        const label = args.label ?? `VPC${args.side}`;
        const names = labVpcNames(args.prefix ?? "ljh", args.side, label);
        const tags = (ownName: string): Record<string, string> => ({ ...args.tags, Name: ownName });

        const network = new ec2.Vpc(
            `${name}-vpc`,
            {
                cidrBlock: args.cidrBlock,
                enableDnsSupport: true,
                enableDnsHostnames: args.dnsHostnames ?? true,
                tags: tags(names.vpc),
            },
            child,
        );
        const secondaryBlocks = (args.secondaryCidrBlocks ?? []).map(
            (cidrBlock) =>
                new ec2.VpcIpv4CidrBlockAssociation(`${name}-${cidrBlock}`, { vpcId: network.id, cidrBlock }, child),
        );
        const internetGateway = new ec2.InternetGateway(
            `${name}-internet-gateway`,
            { vpcId: network.id, tags: tags(names.internetGateway) },
            // The provider would move it to a new VPC in place, and AWS does not detach a gateway while a server of the old
            // VPC has its public address.
            { ...child, replaceOnChanges: ["vpcId"] },
        );
        const routeTable = new ec2.RouteTable(
            `${name}-route-table`,
            { vpcId: network.id, tags: tags(names.routeTable) },
            child,
        );
        const defaultRoute = new ec2.Route(
            `${name}-default-route`,
            { routeTableId: routeTable.id, destinationCidrBlock: "0.0.0.0/0", gatewayId: internetGateway.id },
            child,
        );
        const subnet = new ec2.Subnet(
            `${name}-subnet`,
            {
                vpcId: network.id,
                cidrBlock: args.subnetCidrBlock,
                availabilityZone: firstAvailabilityZone(this),
                mapPublicIpOnLaunch: true,
                tags: tags(names.subnet),
            },
            // A new block may overlap the old one, and two subnets of a VPC may not.
            { ...child, deleteBeforeReplace: true },
        );
        const association = new ec2.RouteTableAssociation(
            `${name}-route-table-association`,
            { routeTableId: routeTable.id, subnetId: subnet.id },
            child,
        );

        const securityGroup = new ec2.SecurityGroup(
            `${name}-security-group`,
            {
                name: names.securityGroup,
                description: names.securityGroupDescription,
                vpcId: network.id,
                tags: tags(names.securityGroup),
            },
            // A group whose name is given is otherwise deleted before it is replaced, which AWS refuses while the server uses it.
            { ...child, deleteBeforeReplace: false },
        );
        // Pings that are no longer let in must be so when a check looks.
        const pings = pin(`${name}-pings`, [...(args.icmpCidrs ?? [])].sort().join(" ") || "nobody", this);
        const rules = [
            ...(args.sshCidrs ?? []).map((cidrIpv4) =>
                allow("ssh", cidrIpv4, { ipProtocol: "tcp", fromPort: 22, toPort: 22 }),
            ),
            ...(args.icmpCidrs ?? []).map((cidrIpv4) =>
                allow("icmp", cidrIpv4, { ipProtocol: "icmp", fromPort: -1, toPort: -1 }),
            ),
        ].map(
            ({ role, ...rule }) =>
                new vpc.SecurityGroupIngressRule(
                    `${name}-${role}`,
                    {
                        securityGroupId: rule.ipProtocol === "icmp" ? after(pings, securityGroup.id) : securityGroup.id,
                        ...rule,
                        tags: tags(names.securityGroup),
                    },
                    child,
                ),
        );
        const egress = new vpc.SecurityGroupEgressRule(
            `${name}-egress`,
            {
                securityGroupId: securityGroup.id,
                cidrIpv4: "0.0.0.0/0",
                ipProtocol: "-1",
                tags: tags(names.securityGroup),
            },
            child,
        );

        const server = new ec2.Instance(
            `${name}-server`,
            {
                ami: pinnedAmi(name, amiParameters[args.ami ?? "al2023"], this),
                instanceType: args.instanceType ?? "t2.micro",
                subnetId: subnet.id,
                privateIp: args.privateIp,
                vpcSecurityGroupIds: [securityGroup.id],
                keyName: args.keyName,
                userData: webServerUserData({ hostName: names.server, page: names.page }),
                userDataReplaceOnChange: true,
                metadataOptions: { httpEndpoint: "enabled", httpTokens: "required" },
                rootBlockDevice: { encrypted: true, volumeSize: rootVolumeSize },
                tags: tags(names.server),
            },
            {
                parent: this,
                // It installs packages at boot, so the way to the internet must be there before it, and, as AWS does not
                // detach a gateway that public addresses use, must go after it.
                dependsOn: [defaultRoute, association, egress],
                // Two servers can't have the same private address at the same time.
                deleteBeforeReplace: true,
            },
        );

        this.names = names;
        this.probed = {
            label,
            privateIp: args.privateIp,
            page: names.page,
            cidrBlock: args.cidrBlock,
            routeTable: names.routeTable,
            securityGroup: names.securityGroup,
        };
        this.cidrBlocks = blocksOf(args);
        // A block that is not associated yet is no part of the VPC, and what a peering wants is the whole of it.
        const associations = pulumi.all(secondaryBlocks.map(({ id }) => id));
        this.vpcId = pulumi.all([network.id, associations]).apply(([id]) => id);
        this.subnetId = subnet.id;
        this.routeTableId = routeTable.id;
        this.securityGroupId = securityGroup.id;
        this.serverId = server.id;
        this.privateIp = server.privateIp;
        this.publicIp = server.publicIp;
        this.publicDns = server.publicDns;
        this.path = pulumi.all(
            [network, internetGateway, routeTable, defaultRoute, subnet, association, securityGroup, server]
                .map(({ id }) => id)
                .concat([...rules, egress].map(({ id }) => id)),
        );
        this.registerOutputs({
            vpcId: this.vpcId,
            subnetId: this.subnetId,
            routeTableId: this.routeTableId,
            securityGroupId: this.securityGroupId,
            serverId: this.serverId,
            privateIp: this.privateIp,
            publicIp: this.publicIp,
            publicDns: this.publicDns,
            path: this.path,
        });
    }
}

/** An ingress rule's part that differs from rule to rule; its role names the source, so that order makes no difference. */
function allow(role: string, cidrIpv4: string, ports: { ipProtocol: string; fromPort: number; toPort: number }) {
    return { role: `${role}-${cidrIpv4}`, cidrIpv4, ...ports };
}

function firstAvailabilityZone(parent: pulumi.Resource): pulumi.Output<string> {
    const zones = getAvailabilityZonesOutput(
        { state: "available", filters: [{ name: "opt-in-status", values: ["opt-in-not-required"] }] },
        { parent },
    );
    return zones.names.apply((names) => {
        const first = names[0];
        if (first === undefined) {
            throw new pulumi.ResourceError("the region has no availability zone that is available", parent, true);
        }
        return first;
    });
}

/**
 * The image that the parameter named when the server was made. A stash's `output` keeps its first value, so that a newer
 * image behind the parameter leaves a running server alone; another parameter replaces the stash, and so the server.
 */
function pinnedAmi(name: string, parameter: string, parent: pulumi.Resource): pulumi.Output<string> {
    const newest = ssm.getParameterOutput({ name: parameter }, { parent }).insecureValue;
    const stash = new pulumi.Stash(`${name}-ami`, { input: newest }, { parent, replacementTrigger: parameter });
    return stash.output as pulumi.Output<string>;
}
