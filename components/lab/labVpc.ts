import * as ec2 from "@pulumi/aws/ec2";
import * as ssm from "@pulumi/aws/ssm";
import * as vpc from "@pulumi/aws/vpc";
import * as pulumi from "@pulumi/pulumi";
import { blocksOf } from "../addresses/addressPlan";
import { amiParameters, checkLabVpcArgs, labVpcDefaults, type LabVpcArgs } from "./labVpcArgs";
import { labVpcNames } from "./names";
import { findZone } from "./offerings";
import { placeWord } from "./place";
import { after, pin, timeoutsOf } from "../ordering";
import { mergedTags } from "../peering/mergedTags";
import { checkRegion, inRegion } from "../peering/regions";
import type { ProbedServer } from "../check/probe";
import { refuse } from "../problems";
import { placed, placementTrigger } from "./placement";
import { webServerUserData } from "./userData";

/**
 * One VPC of the lab: the VPC with DNS support and DNS hostnames, an internet gateway, a public subnet in the region's
 * first availability zone that offers the instance type, with its route table, a security group, and a web server with a public
 * address.
 *
 * The server and its public IPv4 address are charged for as long as they stand; everything else is free.
 *
 * Throws a ResourceError that lists every argument that AWS would refuse, before anything is created.
 */
export class LabVpc extends pulumi.ComponentResource {
    /** What a reachability check needs to know of the server. */
    readonly probed: ProbedServer;
    /** Every CIDR block of the VPC, the primary one first. */
    readonly cidrBlocks: readonly string[];
    /** The VPC's id, once all of its blocks are associated. */
    readonly vpcId: pulumi.Output<string>;
    /** The public subnet's id. */
    readonly subnetId: pulumi.Output<string>;
    /** Id of the subnet's route table. */
    readonly routeTableId: pulumi.Output<string>;
    /** Id of the server's security group. */
    readonly securityGroupId: pulumi.Output<string>;
    /** The server's instance id. */
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
        refuse(this, `LabVpc ${name}`, [...checkLabVpcArgs(args), ...checkRegion("region", args.region)]);

        const place = placeWord(name, args, this);
        const child = { parent: this, replacementTrigger: place, ...timeoutsOf(opts) };
        const region = inRegion(args.region);
        const label = args.label ?? `VPC${args.side}`;
        const names = labVpcNames(args.prefix ?? labVpcDefaults.prefix, args.side, label);
        const tags = (ownName: string) => mergedTags(args.tags, { Name: ownName });

        const wanted = args.instanceType ?? labVpcDefaults.instanceType;
        const zones = pulumi.output(this.zones(name, wanted, args.region));
        const chosen = zones.apply(([zone = ""]) => ({
            zone,
            instanceType: wanted,
            defaultType: labVpcDefaults.instanceType,
        }));
        const kept = pinned(`${name}-zone`, chosen, placementTrigger(args.instanceType), child);
        const placement = pulumi
            .all([kept, zones])
            .apply(([was, offering]) => placed(was, args.instanceType, offering));

        const network = new ec2.Vpc(
            `${name}-vpc`,
            {
                ...region,
                // Nothing is created where the instance type is not offered.
                cidrBlock: zones.apply(() => args.cidrBlock),
                enableDnsSupport: true,
                enableDnsHostnames: args.dnsHostnames ?? labVpcDefaults.dnsHostnames,
                tags: tags(names.vpc),
            },
            child,
        );
        const secondaryBlocks = (args.secondaryCidrBlocks ?? []).map(
            (cidrBlock) =>
                new ec2.VpcIpv4CidrBlockAssociation(
                    `${name}-${cidrBlock}`,
                    { ...region, vpcId: network.id, cidrBlock },
                    child,
                ),
        );
        const internetGateway = new ec2.InternetGateway(
            `${name}-internet-gateway`,
            { ...region, vpcId: network.id, tags: tags(names.internetGateway) },
            // The provider would move it to a new VPC in place, and AWS does not detach a gateway while a server of the old
            // VPC has its public address.
            { ...child, replaceOnChanges: ["vpcId"] },
        );
        const routeTable = new ec2.RouteTable(
            `${name}-route-table`,
            { ...region, vpcId: network.id, tags: tags(names.routeTable) },
            child,
        );
        const defaultRoute = new ec2.Route(
            `${name}-default-route`,
            {
                ...region,
                routeTableId: routeTable.id,
                destinationCidrBlock: "0.0.0.0/0",
                gatewayId: internetGateway.id,
            },
            child,
        );
        const subnet = new ec2.Subnet(
            `${name}-subnet`,
            {
                ...region,
                vpcId: network.id,
                cidrBlock: args.subnetCidrBlock,
                availabilityZone: placement.zone,
                mapPublicIpOnLaunch: true,
                tags: tags(names.subnet),
            },
            // A new block may overlap the old one, and two subnets of a VPC may not.
            { ...child, deleteBeforeReplace: true },
        );
        const association = new ec2.RouteTableAssociation(
            `${name}-route-table-association`,
            { ...region, routeTableId: routeTable.id, subnetId: subnet.id },
            child,
        );

        const securityGroup = new ec2.SecurityGroup(
            `${name}-security-group`,
            {
                ...region,
                name: names.securityGroup,
                description: names.securityGroupDescription,
                vpcId: network.id,
                tags: tags(names.securityGroup),
            },
            // A group whose name is given is otherwise deleted before it is replaced, which AWS refuses while the server uses it.
            { ...child, deleteBeforeReplace: false },
        );
        // The rules of blocks that may no longer ping have to be gone before a check runs.
        const pings = pin(`${name}-pings`, [...(args.icmpCidrs ?? [])].sort().join(" ") || "none", this);
        // Each rule's name has its source, so that the order of lists makes no difference.
        const allow = (role: string, rule: vpc.SecurityGroupIngressRuleArgs, cidrs: readonly string[] = []) =>
            cidrs.map((cidrIpv4) => {
                const inputs = { ...region, ...rule, cidrIpv4, tags: tags(names.securityGroup) };
                return new vpc.SecurityGroupIngressRule(`${name}-${role}-${cidrIpv4}`, inputs, child);
            });
        const ssh = { securityGroupId: securityGroup.id, ipProtocol: "tcp", fromPort: 22, toPort: 22 };
        const icmp = { securityGroupId: after(pings, securityGroup.id), ipProtocol: "icmp", fromPort: -1, toPort: -1 };
        const rules = [...allow("ssh", ssh, args.sshCidrs), ...allow("icmp", icmp, args.icmpCidrs)];
        const egress = new vpc.SecurityGroupEgressRule(
            `${name}-egress`,
            {
                ...region,
                securityGroupId: securityGroup.id,
                cidrIpv4: "0.0.0.0/0",
                ipProtocol: "-1",
                tags: tags(names.securityGroup),
            },
            child,
        );

        const parameter = amiParameters[args.ami ?? labVpcDefaults.ami];
        const newestImage = ssm.getParameterOutput({ ...region, name: parameter }, { parent: this }).insecureValue;
        const server = new ec2.Instance(
            `${name}-server`,
            {
                ...region,
                ami: pinned(`${name}-ami`, newestImage, parameter, child),
                instanceType: placement.instanceType,
                subnetId: subnet.id,
                privateIp: args.privateIp,
                vpcSecurityGroupIds: [securityGroup.id],
                keyName: args.keyName,
                userData: webServerUserData(names.server, names.page),
                userDataReplaceOnChange: true,
                metadataOptions: { httpEndpoint: "enabled", httpTokens: "required" },
                // In GiB; both images have this size.
                rootBlockDevice: { encrypted: true, volumeSize: 8 },
                tags: tags(names.server),
            },
            {
                ...child,
                // It installs packages at boot, so it needs its way to the internet first; and AWS does not detach a gateway
                // while public addresses use it, so that way has to go last.
                dependsOn: [defaultRoute, association, egress],
                // Two servers can't have the same private address at the same time.
                deleteBeforeReplace: true,
            },
        );

        this.probed = {
            label,
            privateIp: args.privateIp,
            page: names.page,
        };
        this.cidrBlocks = blocksOf(args);
        // A peering needs all blocks of the VPC, and one that is not associated yet is not part of it.
        const associations = pulumi.all(secondaryBlocks.map(({ id }) => id));
        this.vpcId = pulumi.all([network.id, associations]).apply(([id]) => id);
        this.subnetId = subnet.id;
        this.routeTableId = routeTable.id;
        this.securityGroupId = securityGroup.id;
        this.serverId = server.id;
        this.privateIp = server.privateIp;
        this.publicIp = server.publicIp;
        this.publicDns = server.publicDns;
        const way = [network, internetGateway, routeTable, defaultRoute, subnet, association];
        this.path = pulumi.all([...way, securityGroup, ...rules, egress, server].map(({ id }) => id));
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

    /** The zones that offer the instance type; throws a ResourceError if none of the region does. */
    private async zones(name: string, value: string, region: string | undefined): Promise<readonly string[]> {
        const found = await findZone(value, { parent: this }, region);
        const problems = found.zone === undefined ? [{ path: "instanceType", value, message: found.message }] : [];
        refuse(this, `LabVpc ${name}`, problems);
        return found.zone === undefined ? [] : found.zones;
    }
}

/**
 * What was found when the stash was made: its `output` keeps its first value, so that a newer image behind the parameter, or
 * an earlier zone that offers the type by now, leaves a running server alone. Its input is ignored from then on, or each of these
 * would be a change of the stash itself. Another `choice` or place replaces the stash, and so what depends on it.
 */
function pinned<Kept>(
    name: string,
    input: pulumi.Output<Kept>,
    choice: string,
    { parent, replacementTrigger }: { parent: pulumi.Resource; replacementTrigger: pulumi.Output<string> },
): pulumi.Output<Kept> {
    const stash = new pulumi.Stash(
        name,
        { input },
        { parent, replacementTrigger: [choice, replacementTrigger], ignoreChanges: ["input"] },
    );
    return stash.output as pulumi.Output<Kept>;
}
