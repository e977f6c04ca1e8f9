import type { Analysis, Remedy } from "./types.ts";
import { overlap, type Packet } from "./rules.ts";
import type { Place, State } from "./state.ts";

/** A change that helps to open the way: a command of the AWS CLI, or of a shell that keeps an ID for the next ones. */
export interface Fix {
    readonly command: string;
    /** Where it has to be run. */
    readonly account: string;
    readonly region: string;
}

/** The shell variables that have the IDs of a new connection and a new internet gateway. */
const NEW = { connection: '"$pcx"', gateway: '"$igw"' } as const;

/**
 * The changes that let an analysis's packets pass, and nothing else; each of them is needed. Undefined if a blocker can't be
 * removed.
 */
export function fixesOf(state: State, { blockers }: Analysis): readonly Fix[] | undefined {
    const fixes: Fix[] = [];
    const numbers = new Numbers();
    const remedies = blockers.flatMap(({ remedy }) => remedy ?? []);
    if (remedies.length < blockers.length) {
        return undefined;
    }
    // A route needs its target.
    const rank = ({ kind }: Remedy) => Number(!/^(connect|accept|gateway)$/.test(kind));
    for (const remedy of remedies.sort((one, other) => rank(one) - rank(other))) {
        const some = commandsOf(state, remedy, numbers);
        if (!some) return undefined;
        fixes.push(...some);
    }
    return [...new Map(fixes.map((fix) => [fix.command, fix])).values()];
}

function aws(place: Place, action: string, ...args: readonly string[]): Fix {
    const profile = place.profile === undefined ? [] : ["--profile", place.profile];
    const command = ["aws", "ec2", action, ...profile, "--region", place.region, ...args].join(" ");
    return { command, account: place.account, region: place.region };
}

function commandsOf(state: State, remedy: Remedy, numbers: Numbers): Fix[] | undefined {
    switch (remedy.kind) {
        case "start":
            return [aws(remedy.place, "start-instances", "--instance-ids", remedy.instanceId)];
        case "connect":
            return connect(state, remedy.requester, remedy.accepter);
        case "accept": {
            const { VpcPeeringConnectionId: id = "", AccepterVpcInfo } = remedy.connection;
            const accepter = state.vpc(AccepterVpcInfo?.VpcId);
            // The other owner's VPC may not have been read, but the connection says where it is.
            const place = accepter?.place ?? {
                account: AccepterVpcInfo?.OwnerId ?? "",
                region: AccepterVpcInfo?.Region ?? "",
            };
            return [aws(place, "accept-vpc-peering-connection", "--vpc-peering-connection-id", id)];
        }
        case "route": {
            const { table, block, replaces, target } = remedy;
            const option = { connection: "--vpc-peering-connection-id", gateway: "--gateway-id" }[target.kind];
            return [
                aws(
                    table.place,
                    replaces ? "replace-route" : "create-route",
                    `--route-table-id ${table.item.RouteTableId ?? ""}`,
                    `--destination-cidr-block ${block}`,
                    `${option} ${target.id ?? NEW[target.kind]}`,
                ),
            ];
        }
        case "gateway": {
            const made = aws(
                remedy.place,
                "create-internet-gateway",
                "--query InternetGateway.InternetGatewayId --output text",
            );
            return [
                { ...made, command: `igw=$(${made.command})` },
                aws(remedy.place, "attach-internet-gateway", `--internet-gateway-id "$igw" --vpc-id ${remedy.vpcId}`),
            ];
        }
        case "public address": {
            const made = aws(remedy.place, "allocate-address", "--domain vpc --query AllocationId --output text");
            return [
                { ...made, command: `address=$(${made.command})` },
                aws(
                    remedy.place,
                    "associate-address",
                    `--allocation-id "$address" --network-interface-id ${remedy.interfaceId}`,
                ),
            ];
        }
        case "group rule": {
            const { group, direction, packet } = remedy;
            const address = direction === "ingress" ? packet.source : packet.destination;
            const [from, to] = packet.protocol === "icmp" ? [packet.ports[0], -1] : packet.ports;
            const permission = `IpProtocol=${packet.protocol},FromPort=${from},ToPort=${to},IpRanges=[{CidrIp=${address}/32}]`;
            return [
                aws(
                    group.place,
                    `authorize-security-group-${direction}`,
                    `--group-id ${group.item.GroupId ?? ""}`,
                    `--ip-permissions '${permission}'`,
                ),
            ];
        }
        case "acl entry": {
            const { acl, direction, packet, before } = remedy;
            const id = acl.item.NetworkAclId ?? "";
            const egress = direction === "egress";
            const taken = (acl.item.Entries ?? []).flatMap(({ Egress, RuleNumber = 0 }) =>
                Egress === egress ? [RuleNumber] : [],
            );
            const number = numbers.below(before, `${id} ${direction}`, taken);
            if (number === undefined) return undefined;
            return [
                aws(
                    acl.place,
                    "create-network-acl-entry",
                    `--network-acl-id ${id}`,
                    `--${direction} --rule-number ${number} --rule-action allow`,
                    aclTraffic(packet),
                    `--cidr-block ${egress ? packet.destination : packet.source}/32`,
                ),
            ];
        }
    }
}

function aclTraffic({ protocol, ports: [from, to] }: Packet): string {
    return protocol === "icmp"
        ? `--protocol icmp --icmp-type-code Type=${from},Code=-1`
        : `--protocol ${protocol} --port-range From=${from},To=${to}`;
}

function connect(state: State, requester: string, accepter: string): Fix[] | undefined {
    const [from, to] = [state.vpc(requester), state.vpc(accepter)];
    if (!from || !to) return undefined;
    // AWS refuses a connection of VPCs whose blocks overlap.
    if (state.blocksOf(requester).some((one) => state.blocksOf(accepter).some((other) => overlap(one, other)))) {
        return undefined;
    }
    const request = aws(
        from.place,
        "create-vpc-peering-connection",
        `--vpc-id ${requester} --peer-vpc-id ${accepter}`,
        `--peer-owner-id ${to.place.account} --peer-region ${to.place.region}`,
        "--query VpcPeeringConnection.VpcPeeringConnectionId --output text",
    );
    const accept = aws(to.place, "accept-vpc-peering-connection", `--vpc-peering-connection-id ${NEW.connection}`);
    const wait = aws(to.place, "wait vpc-peering-connection-exists", `--vpc-peering-connection-ids ${NEW.connection}`);
    return [
        { ...request, command: `pcx=$(${request.command})` },
        // The other region learns of it a moment later.
        { ...accept, command: `${wait.command} && ${accept.command}` },
    ];
}

/** Numbers for new entries of network ACLs. */
class Numbers {
    readonly #given = new Map<string, number[]>();

    /** The highest free number below another one; undefined if there is none. */
    below(limit: number, list: string, taken: readonly number[]): number | undefined {
        const given = this.#given.get(list) ?? [];
        const free = (number: number) => !taken.includes(number) && !given.includes(number);
        for (let number = Math.min(limit, 32767) - 1; number > 0; number--) {
            if (free(number)) {
                this.#given.set(list, [...given, number]);
                return number;
            }
        }
        return undefined;
    }
}
