/** The rows of the tables that a picture shows: rules, entries and routes, each as one line. */
import type { AnalysisAclRule, AnalysisRouteTableRoute, AnalysisSecurityGroupRule } from "@aws-sdk/client-ec2";
import { portsText } from "../reachability/hops.ts";
import { protocolOf, rulesIn, shownRoute } from "../reachability/rules.ts";
import { nameOf, type NetworkAcl, type RouteTable, type SecurityGroup, type State } from "../reachability/state.ts";

/** A rule of a security group: `in  tcp 80  10.42.0.0/16`. */
export function ruleRowOf({
    Direction,
    Protocol = "",
    PortRange,
    Cidr,
    PrefixListId,
}: AnalysisSecurityGroupRule): string {
    const traffic = `${Protocol}${portsText(PortRange)}`;
    return `${Direction === "egress" ? "out" : "in "} ${traffic.padEnd(8)} ${Cidr ?? PrefixListId ?? ""}`;
}

/** All rules of a security group, inbound ones first, a row for each source or destination; AWS gives them in any order. */
export function ruleRows(group: SecurityGroup): string[] {
    return (["ingress", "egress"] as const).flatMap((Direction) =>
        rulesIn(group, Direction)
            .flatMap(({ IpProtocol, FromPort: From = -1, ToPort: To, ...peers }) => {
                const { IpRanges = [], UserIdGroupPairs = [], PrefixListIds = [] } = peers;
                const rule = {
                    Direction,
                    Protocol: protocolOf(IpProtocol),
                    PortRange: From < 0 ? undefined : { From, To },
                };
                return [
                    ...IpRanges.map(({ CidrIp: Cidr }) => ({ ...rule, Cidr })),
                    ...UserIdGroupPairs.map(({ GroupId: Cidr }) => ({ ...rule, Cidr })),
                    ...PrefixListIds.map(({ PrefixListId }) => ({ ...rule, PrefixListId })),
                ].map(ruleRowOf);
            })
            .sort(),
    );
}

/** An entry of a network ACL: `in  100 allow tcp 80  10.42.0.0/16`. */
export function aclRowOf({ Egress, RuleNumber, RuleAction, Protocol, PortRange, Cidr }: AnalysisAclRule): string {
    const [flow, number] = [Egress === true ? "out" : "in ", RuleNumber === 32767 ? "*" : RuleNumber];
    return `${flow} ${String(number).padStart(3)} ${RuleAction} ${Protocol}${portsText(PortRange)} ${Cidr}`;
}

/** All entries of a network ACL in the order in which AWS judges by them, without the last one, which every ACL has. */
export function aclRows({ Entries }: NetworkAcl): string[] {
    return Entries.filter(({ RuleNumber, CidrBlock }) => RuleNumber !== 32767 && CidrBlock !== undefined)
        .sort((one, other) => Number(one.Egress) - Number(other.Egress) || one.RuleNumber - other.RuleNumber)
        .map(({ CidrBlock: Cidr, Protocol, ...entry }) => aclRowOf({ ...entry, Cidr, Protocol: protocolOf(Protocol) }));
}

/** A route of a VPC's table: `10.42.0.0/16   -> ljhVPCPeering`. A target goes by its name where it has one. */
export function routeRowOf(state: State, vpcId: string, route: AnalysisRouteTableRoute): string {
    const { DestinationCidr, DestinationPrefixListId, VpcPeeringConnectionId, GatewayId, State: status } = route;
    const id = VpcPeeringConnectionId ?? GatewayId ?? "";
    const gateway = state.gatewayOf(vpcId)?.item;
    const target = gateway?.InternetGatewayId === id ? gateway : state.connection(id);
    const name = nameOf(target?.Tags) ?? id;
    const destination = DestinationCidr ?? DestinationPrefixListId ?? "";
    return `${destination.padEnd(14)} -> ${status === "blackhole" ? "blackhole, " : ""}${name}`;
}

/** All IPv4 routes of a table. */
export function routeRows(state: State, { Routes = [], VpcId }: RouteTable): string[] {
    return Routes.filter(({ DestinationIpv6CidrBlock }) => DestinationIpv6CidrBlock === undefined).map((route) =>
        routeRowOf(state, VpcId, shownRoute(route)),
    );
}
