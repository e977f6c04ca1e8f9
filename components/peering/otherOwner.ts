import { shellQuote } from "../shell";
import type { RulePorts } from "./ports";

/** What the owner of the accepter's VPC needs to know to do their part. */
export interface AcceptersPart {
    readonly connectionId: string;
    /** The accepter's VPC. */
    readonly vpcId: string;
    /** Region of that VPC; left out, their own default is meant. */
    readonly region: string | undefined;
    /** The route tables that need routes; none means all that the VPC has. */
    readonly routeTableIds: readonly string[];
    /** Blocks of the requester's VPC that they lead to. */
    readonly cidrBlocks: readonly string[];
    /** The security groups that are to let requests in; none when no request comes that way. */
    readonly securityGroupIds: readonly string[];
    /** What they let in. */
    readonly ports: readonly RulePorts[];
    /** The requester's security groups as the rules' source; empty for its blocks. */
    readonly sourceGroupIds: readonly string[];
    /** Whether the accepter's public DNS names are to resolve to private addresses on the requester's side. */
    readonly dnsResolution: boolean;
}

/** How often the connection is looked at, and how long to wait in between. */
const waits = { tries: 60, seconds: 2 } as const;

/**
 * What the accepter's owner has to run: commands of the AWS CLI, in order, each a line that a POSIX shell takes as it is.
 * Source: Amazon VPC Peering Guide, "Work with VPC peering connections".
 */
export function acceptersCommands(part: AcceptersPart): string[] {
    const region = part.region === undefined ? "" : ` --region ${part.region}`;
    const ec2 = (command: string): string => `aws ec2 ${command}${region}`;
    const connection = `--vpc-peering-connection-id ${part.connectionId}`;
    const route = (table: string, block: string): string =>
        `${ec2("create-route")} --route-table-id ${table} --destination-cidr-block ${block} ${connection}`;
    const tables = `${ec2("describe-route-tables")} --filters Name=vpc-id,Values=${part.vpcId} --query 'RouteTables[].RouteTableId' --output text`;
    return [
        `${ec2("accept-vpc-peering-connection")} ${connection}`,
        // The connection becomes active a moment later, and what follows needs it so. It may also have ended.
        `tries=0; until status=$(${ec2("describe-vpc-peering-connections")} --vpc-peering-connection-ids ${part.connectionId} --query 'VpcPeeringConnections[0].Status.Code' --output text); [ "$status" = active ] || [ "$((tries += 1))" -ge ${waits.tries} ]; do sleep ${waits.seconds}; done; [ "$status" = active ] || { echo "${part.connectionId} is $status, not active" >&2; false; }`,
        ...part.cidrBlocks.flatMap((block) =>
            part.routeTableIds.length > 0
                ? part.routeTableIds.map((id) => route(id, block))
                : [`for table in $(${tables}); do ${route('"$table"', block)}; done`],
        ),
        ...part.securityGroupIds.map(
            (id) =>
                `${ec2("authorize-security-group-ingress")} --group-id ${id} --ip-permissions ${shellQuote(JSON.stringify(permissions(part)))}`,
        ),
        ...(part.dnsResolution
            ? [
                  `${ec2("modify-vpc-peering-connection-options")} ${connection} --accepter-peering-connection-options AllowDnsResolutionFromRemoteVpc=true`,
              ]
            : []),
    ];
}

/** EC2's form of rules that open the ports to the requester. */
function permissions({ ports, cidrBlocks, sourceGroupIds }: AcceptersPart): object[] {
    const source =
        sourceGroupIds.length > 0
            ? { UserIdGroupPairs: sourceGroupIds.map(groupPair) }
            : { IpRanges: cidrBlocks.map((CidrIp) => ({ CidrIp })) };
    return ports.map(({ ipProtocol, fromPort, toPort }) => ({
        IpProtocol: ipProtocol,
        ...(fromPort !== undefined && { FromPort: fromPort, ToPort: toPort }),
        ...source,
    }));
}

/** A security group, of another account where its id has that before it: `222222222222/sg-1`. */
function groupPair(id: string): object {
    const [group = "", account] = id.split("/").reverse();
    return account === undefined ? { GroupId: group } : { UserId: account, GroupId: group };
}
