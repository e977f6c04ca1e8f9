/** What opens the way at a blocker, as commands that work as they are. */
import { overlap, peerOf, type Flow, type Packet } from "./rules.ts";
import type {
    Instance,
    Located,
    NetworkAcl,
    NetworkInterface,
    Place,
    RouteTable,
    SecurityGroup,
    State,
    Vpc,
    VpcPeeringConnection,
} from "./state.ts";
import type { Analysis, Fix } from "./types.ts";

/** Shell variables that a fix sets to the ID of what it makes, for the fixes after it. */
export const made = {
    connection: '"$pcx"',
    address: '"$address"',
    gateway: (vpcId: string) => `"$igw_${vpcId.replace(/^vpc-|\W/g, "")}"`,
} as const;

/**
 * The changes that let the packets of an analysis, or of several ones, pass, and nothing else; each of them is needed. Undefined if
 * a blocker can't be removed.
 */
export function fixesOf({ blockers }: Pick<Analysis, "blockers">): readonly Fix[] | undefined {
    // A route needs its target, which another fix may make.
    const isRoute = (one: Analysis["blockers"][number]) => Number(one.component.kind === "route table");
    const fixes: Fix[] = [];
    for (const blocker of blockers.toSorted((one, other) => isRoute(one) - isRoute(other))) {
        if (!blocker.fixes) return undefined;
        fixes.push(...blocker.fixes);
    }
    return [...new Map(fixes.map((fix) => [fix.command, fix])).values()];
}

function aws({ account, region, profile }: Place, action: string, ...options: readonly string[]): Fix {
    const own = profile === undefined ? [] : ["--profile", profile];
    return { command: ["aws ec2", action, ...own, "--region", region, ...options].join(" "), account, region };
}

/** A command whose output is kept in a variable. */
function keep(variable: string, { command, ...where }: Fix): Fix {
    return { command: `${/\w+/.exec(variable)?.[0] ?? ""}=$(${command} --output text)`, ...where };
}

export function start({ item, place }: Located<Instance>): Fix[] {
    return [aws(place, "start-instances", `--instance-ids ${item.InstanceId}`)];
}

/** Undefined if AWS would refuse the connection, since the VPCs' blocks overlap. */
export function connect(state: State, from: Located<Vpc>, to: Located<Vpc>): Fix[] | undefined {
    const [requester, accepter] = [from.item.VpcId, to.item.VpcId];
    if (state.blocksOf(requester).some((one) => state.blocksOf(accepter).some((other) => overlap(one, other)))) {
        return undefined;
    }
    const request = aws(
        from.place,
        "create-vpc-peering-connection",
        `--vpc-id ${requester} --peer-vpc-id ${accepter}`,
        `--peer-owner-id ${to.place.account} --peer-region ${to.place.region}`,
        "--query VpcPeeringConnection.VpcPeeringConnectionId",
    );
    const accept = aws(to.place, "accept-vpc-peering-connection", `--vpc-peering-connection-id ${made.connection}`);
    // The other region learns of it a moment later.
    const wait = aws(to.place, "wait vpc-peering-connection-exists", `--vpc-peering-connection-ids ${made.connection}`);
    return [keep(made.connection, request), { ...accept, command: `${wait.command} && ${accept.command}` }];
}

export function accept(state: State, { VpcPeeringConnectionId, AccepterVpcInfo }: VpcPeeringConnection): Fix[] {
    const { OwnerId: account = "", Region: region = "", VpcId } = AccepterVpcInfo;
    // The other owner's VPC may not have been read, but the connection says where it is.
    const place = state.vpc(VpcId)?.place ?? { account, region };
    return [aws(place, "accept-vpc-peering-connection", `--vpc-peering-connection-id ${VpcPeeringConnectionId}`)];
}

/** Makes a route, or replaces the one for its block; the target is an option of the command. */
export function route(table: Located<RouteTable>, block: string, replaces: boolean, target: string): Fix[] {
    const action = replaces ? "replace-route" : "create-route";
    return [
        aws(
            table.place,
            action,
            `--route-table-id ${table.item.RouteTableId} --destination-cidr-block ${block} ${target}`,
        ),
    ];
}

export function attachGateway(vpcId: string, place: Place): Fix[] {
    const id = made.gateway(vpcId);
    return [
        keep(id, aws(place, "create-internet-gateway", "--query InternetGateway.InternetGatewayId")),
        aws(place, "attach-internet-gateway", `--internet-gateway-id ${id} --vpc-id ${vpcId}`),
    ];
}

export function giveAddress({ item, place }: Located<NetworkInterface>): Fix[] {
    const options = `--allocation-id ${made.address} --network-interface-id ${item.NetworkInterfaceId}`;
    return [
        keep(made.address, aws(place, "allocate-address", "--domain vpc --query AllocationId")),
        aws(place, "associate-address", options),
    ];
}

export function allow({ item, place }: Located<SecurityGroup>, flow: Flow, packet: Packet): Fix[] {
    const { protocol, ports } = packet;
    const [from, to] = protocol === "icmp" ? [ports[0], -1] : ports;
    const rule = `IpProtocol=${protocol},FromPort=${from},ToPort=${to},IpRanges=[{CidrIp=${peerOf(packet, flow)}/32}]`;
    const options = `--group-id ${item.GroupId} --ip-permissions '${rule}'`;
    return [aws(place, `authorize-security-group-${flow}`, options)];
}

/**
 * Makes an entry with the highest free number below that of the one which denies; undefined if there is none. Numbers that other
 * fixes have are given, and this one's is added.
 */
export function allowBefore(
    { item, place }: Located<NetworkAcl>,
    flow: Flow,
    packet: Packet,
    denying: number,
    given: Set<string>,
): Fix[] | undefined {
    const { NetworkAclId: id, Entries } = item;
    const key = (number: number) => `${id} ${flow} ${number}`;
    const same = Entries.filter(({ Egress }) => Egress === (flow === "egress"));
    const taken = new Set([...given, ...same.map(({ RuleNumber }) => key(RuleNumber))]);
    let number = Math.min(denying, 32767) - 1;
    while (taken.has(key(number))) number--;
    if (number < 1) return undefined;
    given.add(key(number));
    const { protocol, ports } = packet;
    const [from, to] = ports;
    const traffic =
        protocol === "icmp" ? `--icmp-type-code Type=${from},Code=-1` : `--port-range From=${from},To=${to}`;
    const entry = `--${flow} --rule-number ${number} --rule-action allow --protocol ${protocol} ${traffic}`;
    const block = `--cidr-block ${peerOf(packet, flow)}/32`;
    return [aws(place, "create-network-acl-entry", `--network-acl-id ${id} ${entry} ${block}`)];
}
