import { Refusal } from "./answers.ts";
import type { CallParameters } from "./call.ts";

/**
 * The services that are in the sandbox, by the name that signatures have for them. Others would create or change EC2
 * resources without regard to the lists below, and what they make themselves has no counterpart in the network.
 */
export const services: Readonly<Record<string, string>> = {
    ec2: "EC2",
    iam: "IAM",
    logs: "CloudWatch Logs",
    ssm: "SSM",
    sts: "STS",
};

// What the sandbox does with EC2's actions. An action that changes something is in exactly one of the three lists, so that
// none is accepted and then ignored; an action in no list is refused too. sandbox/README.md prints the refused ones.

/** Actions that the network obeys. */
export const obeyed: readonly string[] = [
    ...["CreateVpc", "CreateDefaultVpc", "DeleteVpc", "ModifyVpcAttribute"],
    ...["AssociateVpcCidrBlock", "DisassociateVpcCidrBlock"],
    ...["CreateSubnet", "CreateDefaultSubnet", "DeleteSubnet", "ModifySubnetAttribute"],
    ...["CreateInternetGateway", "DeleteInternetGateway", "AttachInternetGateway", "DetachInternetGateway"],
    ...["CreateRouteTable", "DeleteRouteTable", "AssociateRouteTable", "DisassociateRouteTable"],
    ...["ReplaceRouteTableAssociation", "CreateRoute", "ReplaceRoute", "DeleteRoute"],
    ...["CreateVpcPeeringConnection", "AcceptVpcPeeringConnection", "RejectVpcPeeringConnection"],
    ...["DeleteVpcPeeringConnection", "ModifyVpcPeeringConnectionOptions"],
    ...["CreateSecurityGroup", "DeleteSecurityGroup", "ModifySecurityGroupRules"],
    ...["AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress"],
    ...["RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress"],
    ...["CreateNetworkAcl", "DeleteNetworkAcl", "ReplaceNetworkAclAssociation"],
    ...["CreateNetworkAclEntry", "ReplaceNetworkAclEntry", "DeleteNetworkAclEntry"],
    ...["CreateManagedPrefixList", "ModifyManagedPrefixList", "DeleteManagedPrefixList"],
    ...["RunInstances", "StartInstances", "StopInstances", "TerminateInstances", "ModifyInstanceAttribute"],
    ...["ModifyNetworkInterfaceAttribute", "DeleteNetworkInterface"],
    ...["CreateFlowLogs", "DeleteFlowLogs"],
];

/** Actions that do not affect packets. */
export const irrelevant: readonly string[] = [
    ...["CreateTags", "DeleteTags"],
    ...["CreateKeyPair", "ImportKeyPair", "DeleteKeyPair"],
    ...["UpdateSecurityGroupRuleDescriptionsIngress", "UpdateSecurityGroupRuleDescriptionsEgress"],
    ...["CreateSubnetCidrReservation", "DeleteSubnetCidrReservation", "ModifyVpcTenancy"],
    ...["CreateVolume", "DeleteVolume", "AttachVolume", "DetachVolume", "ModifyVolume", "ModifyVolumeAttribute"],
    ...["EnableVolumeIO", "ImportVolume"],
    ...["CreateSnapshot", "CreateSnapshots", "CopySnapshot", "DeleteSnapshot", "ModifySnapshotAttribute"],
    ...["ResetSnapshotAttribute", "EnableEbsEncryptionByDefault", "DisableEbsEncryptionByDefault"],
    ...["ModifyEbsDefaultKmsKeyId"],
    ...["CreateImage", "CopyImage", "RegisterImage", "DeregisterImage", "ModifyImageAttribute", "ResetImageAttribute"],
    ...["BundleInstance", "CancelBundleTask"],
    ...["CreateLaunchTemplate", "CreateLaunchTemplateVersion", "ModifyLaunchTemplate", "DeleteLaunchTemplate"],
    ...["AssociateIamInstanceProfile", "DisassociateIamInstanceProfile", "ReplaceIamInstanceProfileAssociation"],
    ...["MonitorInstances", "UnmonitorInstances", "ModifyInstanceMetadataOptions"],
    ...["AllocateHosts", "ModifyHosts", "ReleaseHosts"],
    ...["CreateReservedInstancesListing", "CancelReservedInstancesListing", "PurchaseReservedInstancesOffering"],
    ...["CreateSpotDatafeedSubscription", "DeleteSpotDatafeedSubscription"],
];

/** Actions that are refused, by what the sandbox does not have. */
export const absent: Readonly<Record<string, readonly string[]>> = {
    "NAT gateways": ["CreateNatGateway", "DeleteNatGateway"],
    "transit gateways": [
        ...["CreateTransitGateway", "ModifyTransitGateway", "DeleteTransitGateway"],
        ...["CreateTransitGatewayVpcAttachment", "ModifyTransitGatewayVpcAttachment"],
        ...["DeleteTransitGatewayVpcAttachment", "CreateTransitGatewayPeeringAttachment"],
        ...["AcceptTransitGatewayPeeringAttachment", "RejectTransitGatewayPeeringAttachment"],
        ...["DeleteTransitGatewayPeeringAttachment", "CreateTransitGatewayRouteTable"],
        ...["DeleteTransitGatewayRouteTable", "AssociateTransitGatewayRouteTable"],
        ...["DisassociateTransitGatewayRouteTable", "EnableTransitGatewayRouteTablePropagation"],
        ...["DisableTransitGatewayRouteTablePropagation", "CreateTransitGatewayRoute", "DeleteTransitGatewayRoute"],
    ],
    "VPC endpoints": [
        ...["CreateVpcEndpoint", "ModifyVpcEndpoint", "DeleteVpcEndpoints"],
        ...["CreateVpcEndpointServiceConfiguration", "ModifyVpcEndpointServiceConfiguration"],
        ...["DeleteVpcEndpointServiceConfigurations", "ModifyVpcEndpointServicePermissions"],
    ],
    "VPN connections": [
        ...["CreateVpnConnection", "DeleteVpnConnection", "CreateCustomerGateway", "DeleteCustomerGateway"],
        ...["CreateVpnGateway", "DeleteVpnGateway", "AttachVpnGateway", "DetachVpnGateway"],
        ...["EnableVgwRoutePropagation", "DisableVgwRoutePropagation"],
    ],
    "carrier gateways": ["CreateCarrierGateway", "DeleteCarrierGateway"],
    "egress-only internet gateways": ["CreateEgressOnlyInternetGateway", "DeleteEgressOnlyInternetGateway"],
    "further network interfaces": [
        ...["CreateNetworkInterface", "AttachNetworkInterface", "DetachNetworkInterface"],
        ...["ResetNetworkInterfaceAttribute"],
    ],
    "secondary private addresses": ["AssignPrivateIpAddresses", "UnassignPrivateIpAddresses"],
    "Elastic IP addresses": ["AllocateAddress", "ReleaseAddress", "AssociateAddress", "DisassociateAddress"],
    IPv6: [
        ...["AssociateSubnetCidrBlock", "DisassociateSubnetCidrBlock"],
        ...["AssignIpv6Addresses", "UnassignIpv6Addresses"],
    ],
    "DHCP option sets": ["CreateDhcpOptions", "AssociateDhcpOptions", "DeleteDhcpOptions"],
    "traffic mirrors": ["CreateTrafficMirrorFilter", "CreateTrafficMirrorTarget"],
    "Network Insights": [
        ...["CreateNetworkInsightsPath", "DeleteNetworkInsightsPath"],
        ...["StartNetworkInsightsAnalysis", "DeleteNetworkInsightsAnalysis"],
        ...["CreateNetworkInsightsAccessScope", "DeleteNetworkInsightsAccessScope"],
        ...["StartNetworkInsightsAccessScopeAnalysis", "DeleteNetworkInsightsAccessScopeAnalysis"],
    ],
    ClassicLink: [
        ...["EnableVpcClassicLink", "DisableVpcClassicLink"],
        ...["EnableVpcClassicLinkDnsSupport", "DisableVpcClassicLinkDnsSupport"],
    ],
    "Spot Instances and fleets": [
        ...["RequestSpotInstances", "CancelSpotInstanceRequests", "RequestSpotFleet", "ModifySpotFleetRequest"],
        ...["CancelSpotFleetRequests", "CreateFleet", "DeleteFleets"],
    ],
    "reboots of instances": ["RebootInstances"],
};

/** Parameters that are refused. */
interface AbsentParameter {
    /** What the sandbox does not have. */
    readonly what: string;
    readonly actions: RegExp;
    readonly parameter: RegExp;
    /** The values that are refused; all by default. */
    readonly value?: RegExp;
}

const routes = /^(Create|Replace)Route$/;

/** The format of flow logs that have no custom one. Source: Amazon VPC User Guide, "Flow log records" (Default format). */
const defaultFormat = [
    ...["version", "account-id", "interface-id", "srcaddr", "dstaddr", "srcport", "dstport", "protocol"],
    ...["packets", "bytes", "start", "end", "action", "log-status"],
]
    .map((field) => `\${${field}}`)
    .join(" ");

/** Parameters of obeyed actions that are refused. */
export const absentParameters: readonly AbsentParameter[] = [
    {
        what: "IPv6",
        actions: /^(?!Delete|Revoke)/,
        parameter: /Ipv6(?!$)|Ipv6$|^EnableDns64/,
        value: /^(?!(false|0|disabled)$)/,
    },
    { what: "IPv6", actions: /^CreateManagedPrefixList$/, parameter: /^AddressFamily$/, value: /^IPv6$/ },
    {
        what: "route targets other than internet gateways and peering connections",
        actions: routes,
        parameter:
            /^(NatGatewayId|TransitGatewayId|NetworkInterfaceId|InstanceId|VpcEndpointId|CarrierGatewayId|LocalGatewayId|EgressOnlyInternetGatewayId|CoreNetworkArn|OdbNetworkArn|LocalTarget)$/,
    },
    {
        what: "route targets other than internet gateways and peering connections",
        actions: routes,
        parameter: /^GatewayId$/,
        value: /^(?!igw-|local$)/,
    },
    { what: "route tables of gateways", actions: /^AssociateRouteTable$/, parameter: /^(GatewayId|PublicIpv4Pool)$/ },
    {
        what: "instances that forward packets",
        actions: /^Modify(Instance|NetworkInterface)Attribute$/,
        parameter: /^SourceDestCheck\.Value$/,
        value: /^false$/,
    },
    {
        what: "further network interfaces",
        actions: /^(RunInstances|ModifyNetworkInterfaceAttribute)$/,
        parameter: /^NetworkInterface\.(?!1\.)|\.NetworkInterfaceId$|^SecondaryInterface\.|^AssociatedSubnetId\./,
    },
    {
        what: "carrier gateways",
        actions: /^RunInstances$/,
        parameter: /\.AssociateCarrierIpAddress$/,
        value: /^true$/,
    },
    {
        what: "secondary private addresses",
        actions: /^RunInstances$/,
        parameter: /\.SecondaryPrivateIpAddressCount$|\.PrivateIpAddresses\.(?!1\.)|\.Ipv4Prefix/,
    },
    { what: "launches from a launch template", actions: /^RunInstances$/, parameter: /^LaunchTemplate\./ },
    {
        what: "public addresses for running instances",
        actions: /^ModifyNetworkInterfaceAttribute$/,
        parameter: /^AssociatePublicIpAddress$/,
    },
    {
        what: "IPAM pools",
        actions: /^(CreateVpc|CreateSubnet|AssociateVpcCidrBlock|ModifyManagedPrefixList)$/,
        parameter: /^(Ipv4IpamPoolId|Ipv4NetmaskLength|IpamPrefixListResolverSyncEnabled)$/,
    },
    { what: "encryption control of VPCs", actions: /^CreateVpc$/, parameter: /^VpcEncryptionControl\./ },
    {
        what: "Outposts and Local Zones",
        actions: /^(Create|Modify)Subnet/,
        parameter:
            /^(OutpostArn|CustomerOwnedIpv4Pool|EnableLniAtDeviceIndex|(MapCustomerOwnedIp|DisableLni).*\.Value)$/,
        value: /^(?!false$)/,
    },
    {
        what: "DNS names by resource ID",
        actions: /^(ModifySubnetAttribute|RunInstances)$/,
        parameter: /^PrivateDnsHostnameTypeOnLaunch$|^EnableResourceNameDns|^PrivateDnsNameOptions\./,
        value: /^(?!(ip-name|false)$)/,
    },
    {
        what: "default subnets by zone ID",
        actions: /^(CreateDefaultSubnet|RunInstances)$/,
        parameter: /^(Placement\.)?AvailabilityZoneId$/,
    },
    {
        what: "rules by a source group's name and owner outside of `IpPermissions`",
        actions: /^(Authorize|Revoke)SecurityGroup/,
        parameter: /^SourceSecurityGroup/,
    },
    {
        what: "timeouts of connection tracking",
        actions: /^(RunInstances|ModifyNetworkInterfaceAttribute)$/,
        parameter: /(^|\.)ConnectionTrackingSpecification\./,
    },
    { what: "hibernation", actions: /^StopInstances$/, parameter: /^Hibernate$/, value: /^true$/ },
    { what: "attributes of instances by their names", actions: /^ModifyInstanceAttribute$/, parameter: /^Attribute$/ },
    {
        what: "flow logs with another destination than CloudWatch Logs",
        actions: /^CreateFlowLogs$/,
        parameter: /^LogDestinationType$/,
        value: /^(?!cloud-watch-logs$)/,
    },
    {
        what: "flow logs with another destination than CloudWatch Logs",
        actions: /^CreateFlowLogs$/,
        parameter: /^DestinationOptions\.|^DeliverCrossAccountRole$/,
    },
    {
        what: "flow logs with another format than AWS's default",
        actions: /^CreateFlowLogs$/,
        parameter: /^LogFormat$/,
        value: new RegExp(`^(?!${defaultFormat.replaceAll(/[${}]/g, "\\$&")}$)`),
    },
    {
        what: "flow logs of other resources than VPCs, subnets and network interfaces",
        actions: /^CreateFlowLogs$/,
        parameter: /^ResourceType$/,
        value: /^(TransitGateway|RegionalNatGateway)/,
    },
    {
        what: "ClassicLink",
        actions: /^ModifyVpcPeeringConnectionOptions$/,
        parameter: /ClassicLink/,
        value: /^true$/,
    },
];

const obeyedActions = new Set(obeyed);
const irrelevantActions = new Set(irrelevant);

/** Whether an action of EC2 only reads. */
export function reads(action: string): boolean {
    return /^(Describe|Get|List|Search|Export)/.test(action);
}

/** Whether an action of EC2 can change the network. */
export function changesNetwork(action: string): boolean {
    return obeyedActions.has(action);
}

/**
 * Refuses what is not in the sandbox, as AWS refuses what a region does not have. Source: Amazon EC2 API Reference, "Error
 * codes" (UnsupportedOperation).
 */
export function refuseAbsent(action: string, parameters: CallParameters): void {
    if (reads(action) || irrelevantActions.has(action)) {
        return;
    }
    if (!obeyedActions.has(action)) {
        const what = Object.entries(absent).find(([, actions]) => actions.includes(action))?.[0];
        throw notHere(`${action} is not in this sandbox${what === undefined ? "" : `, which has no ${what}`}.`);
    }
    for (const { what, actions, parameter, value = /^/ } of absentParameters) {
        const found = actions.test(action)
            ? Object.entries(parameters).find(([name, text]) => parameter.test(name) && value.test(text))
            : undefined;
        if (found) {
            throw notHere(`${action} with ${found.join("=")} is not in this sandbox, which has no ${what}.`);
        }
    }
}

/** Refuses the services that are not in the sandbox. */
export function refuseService(service: string): void {
    if (!(service in services)) {
        throw notHere(`${service} is not in this sandbox, which has ${Object.values(services).join(", ")}.`);
    }
}

export function notHere(message: string): Refusal {
    return new Refusal("UnsupportedOperation", message);
}
