import { addressAmongNameServers, linkLocalNameServer, nameServerOf, nameServersAddress } from "./addresses.ts";
import { portOf } from "./links.ts";
import type { Rule, SecurityGroup, State, Vpc } from "../described/state.ts";

/** Private addresses, which do not exist on the internet. Source: RFC 1918. */
const privateBlocks = "{ 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 }";

/**
 * A VPC router's nft ruleset: the internet gateway's address translation and the security groups. Security groups are
 * stateful: responses to allowed traffic are allowed. They do not filter traffic to the name server. `peers` are the VPCs
 * whose groups the rules may reference.
 */
export function firewall(state: State, vpc: Vpc, peers: readonly string[]): string {
    const vpcId = vpc.id;
    const ports = state.instances
        .filter((instance) => instance.vpcId === vpcId)
        .map((instance) => ({ ...instance, dev: portOf(instance) }));
    const published = ports.filter(({ publicIp }) => publicIp !== undefined);
    const membersOf = (groupId: string): string[] =>
        state.instances
            .filter((instance) => [vpcId, ...peers].includes(instance.vpcId) && instance.groupIds.includes(groupId))
            .map(({ privateIp }) => privateIp);
    const chains = ports.flatMap(({ dev, groupIds }) => {
        const groups = state.securityGroups.filter(({ id }) => groupIds.includes(id));
        return [
            chain(`out_${dev}`, rulesOf(groups, "egress", "daddr", membersOf)),
            chain(`in_${dev}`, rulesOf(groups, "ingress", "saddr", membersOf)),
        ];
    });
    const asked = `ip daddr { ${nameServerOf(vpc)}, ${linkLocalNameServer} }`;
    const toNameServer = (vpc.dnsSupport ? ["udp", "tcp"] : []).map(
        (protocol) => `        iifname "e*" ${asked} ${protocol} dport 53 dnat to ${nameServersAddress}`,
    );
    return `table ip lab {
${chains.join("\n")}
    chain forward {
        type filter hook forward priority 0; policy drop;
        iifname "igw" ip saddr ${privateBlocks} drop
        oifname "igw" ip saddr != ${setOf(published.map(({ privateIp }) => privateIp))} drop
${ports.map(({ dev, privateIp }) => `        iifname "${dev}" ip saddr != ${privateIp} drop`).join("\n")}
        ct state established,related accept
        ct state invalid drop
        oifname "dns" ct status dnat accept
        oifname "dns" drop
        iifname "dns" drop
${ports.map(({ dev }) => `        iifname "${dev}" jump out_${dev}`).join("\n")}
${ports.map(({ dev }) => `        oifname "${dev}" jump in_${dev}`).join("\n")}
        accept
    }
    chain prerouting {
        type nat hook prerouting priority -100;
${toNameServer.join("\n")}
${published.map(({ publicIp = "", privateIp }) => `        iifname "igw" ip daddr ${publicIp} dnat to ${privateIp}`).join("\n")}
    }
    chain postrouting {
        type nat hook postrouting priority 100;
${vpc.dnsSupport ? `        oifname "dns" snat to ${addressAmongNameServers(vpc)}` : ""}
${published.map(({ publicIp = "", privateIp }) => `        oifname "igw" ip saddr ${privateIp} snat to ${publicIp}`).join("\n")}
    }
    chain input {
        type filter hook input priority 0; policy drop;
    }
}
`;
}

/** A chain that returns on packets that a rule allows and drops all others. */
function chain(name: string, rules: readonly string[]): string {
    return [`    chain ${name} {`, ...rules.map((rule) => `        ${rule} return`), "        drop", "    }"].join(
        "\n",
    );
}

function rulesOf(
    groups: readonly SecurityGroup[],
    direction: "ingress" | "egress",
    address: "saddr" | "daddr",
    membersOf: (groupId: string) => string[],
): string[] {
    const rules = groups
        .flatMap((group) => group[direction])
        .flatMap((rule) => {
            const others = [...rule.cidrBlocks, ...rule.groupIds.flatMap(membersOf)];
            return others.map((other) => `ip ${address} ${other} ${protocolOf(rule)}`.trim());
        });
    // Sorted, so that the text changes only if its meaning does.
    return [...new Set(rules)].sort();
}

function protocolOf({ protocol, from, to }: Rule): string {
    switch (protocol) {
        case "all":
            return "";
        case "icmp":
            return from < 0 ? "ip protocol icmp" : `icmp type ${from}${to < 0 ? "" : ` icmp code ${to}`}`;
        default:
            return from < 0 ? `ip protocol ${protocol}` : `${protocol} dport ${from === to ? from : `${from}-${to}`}`;
    }
}

/** An nft set. nft has no empty sets, so the set of no addresses contains one that no packet has. */
function setOf(addresses: readonly string[]): string {
    return `{ ${(addresses.length === 0 ? ["0.0.0.0"] : addresses).join(", ")} }`;
}
