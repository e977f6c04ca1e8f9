import type { NetworkAcl, Traffic } from "../described/state.ts";
import { addressAmongNameServers, linkLocalNameServer, nameServerOf, nameServersAddress } from "./addresses.ts";
import { recordingOf, type Recording } from "./recorded.ts";
import type { Port, Site } from "./sites.ts";

/** Private and shared addresses, which do not exist on the internet. Sources: RFC 1918, RFC 6598. */
const privateBlocks = "{ 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10 }";

/**
 * A VPC router's nft ruleset: the internet gateway's address translation, the network ACLs and the security groups. Security
 * groups are stateful: responses to allowed traffic are allowed. Neither filters traffic to the name server. Only a VPC with
 * flow logs has the rules that tell what they record.
 */
export function firewall(site: Site): string {
    const { vpc, ports } = site;
    const published = ports.flatMap(({ privateIp, publicIp }) => (publicIp ? [{ privateIp, publicIp }] : []));
    const asked = `ip daddr { ${nameServerOf(vpc)}, ${linkLocalNameServer} }`;
    // nft has no empty sets, so the set of no addresses contains one that no packet has.
    const senders = published.length > 0 ? published.map(({ privateIp }) => privateIp).join(", ") : "0.0.0.0";
    const subnets = subnetsOf(ports);
    const recording = recordingOf(ports, vpc);
    const [denyOut, denyIn] = recording ? ["goto unsent", "goto refused"] : ["drop", "drop"];
    const chains = [
        ...(recording ? recordingChains(recording, site) : []),
        ...new Set(
            subnets.flatMap(({ acl }) => [
                chain(aclChain("out", acl), [...entriesOf(acl, "egress", denyOut), denyOut]),
                chain(aclChain("in", acl), [...entriesOf(acl, "ingress", denyIn), denyIn]),
            ]),
        ),
        ...ports.flatMap((port) => [
            chain(`out_${port.dev}`, [...rulesOf(port, site, "egress"), "drop"]),
            chain(`in_${port.dev}`, [...rulesOf(port, site, "ingress"), denyIn]),
        ]),
        chain("forward", [
            "type filter hook forward priority 0; policy drop;",
            `iifname "igw" ip saddr ${privateBlocks} drop`,
            `oifname "igw" ip daddr ${privateBlocks} drop`,
            `oifname "igw" ip saddr != { ${senders} } drop`,
            ...ports.map(({ dev, privateIp }) => `iifname "${dev}" ip saddr != ${privateIp} drop`),
            // Before connection tracking, because network ACLs are stateless: they filter responses, too.
            ...subnets.flatMap(({ acl, devs }) => [
                `iifname { ${devs} } oifname != { ${devs}, "dns" } jump ${aclChain("out", acl)}`,
                `oifname { ${devs} } iifname != { ${devs}, "dns" } jump ${aclChain("in", acl)}`,
            ]),
            "ct state established,related accept",
            "ct state invalid drop",
            'oifname "dns" ct status dnat accept',
            'oifname "dns" drop',
            'iifname "dns" drop',
            ...ports.map(({ dev }) => `iifname "${dev}" jump out_${dev}`),
            ...ports.map(({ dev }) => `oifname "${dev}" jump in_${dev}`),
            "accept",
        ]),
        chain("prerouting", [
            "type nat hook prerouting priority -100;",
            ...(vpc.dnsSupport ? ["udp", "tcp"] : []).map(
                (protocol) => `iifname "e*" ${asked} ${protocol} dport 53 dnat to ${nameServersAddress}`,
            ),
            ...published.map(({ privateIp, publicIp }) => `iifname "igw" ip daddr ${publicIp} dnat to ${privateIp}`),
        ]),
        chain("postrouting", [
            "type nat hook postrouting priority 100;",
            ...(vpc.dnsSupport ? [`oifname "dns" snat to ${addressAmongNameServers(vpc)}`] : []),
            ...published.map(({ privateIp, publicIp }) => `oifname "igw" ip saddr ${privateIp} snat to ${publicIp}`),
        ]),
        chain("input", ["type filter hook input priority 0; policy drop;"]),
    ];
    return `table ip lab {\n${chains.join("\n")}\n}\n`;
}

/**
 * The chains that tell what flow logs record. All of the sender's rules are judged before the routes, because a packet that
 * they reject is recorded at the sender only, and one that routes drop is accepted there. The interface over which it will
 * leave is not known then, so a rule by group is judged by its members' addresses alone.
 * Source: Amazon VPC User Guide, "Flow log record examples" (security group and network ACL rules).
 */
function recordingChains({ judged, sent, unsent, received, refused }: Recording, site: Site): string[] {
    const judge = (port: Port) => `judge_${port.dev}`;
    const withoutDev = (rule: string) => rule.replace(/^oifname "\w+" /, "");
    return [
        chain("unsent", [...unsent, "drop"]),
        chain("refused", [...refused, "drop"]),
        ...site.ports.map((port) =>
            chain(judge(port), [...rulesOf(port, site, "egress").map(withoutDev), "goto unsent"]),
        ),
        chain("sent", [
            "type filter hook prerouting priority -150;",
            // Network ACLs are for traffic between subnets, and groups for what is not a response.
            ...site.ports.flatMap((port) => [
                `${judged(port)} ip daddr != ${port.block} jump ${aclChain("out", port.networkAcl)}`,
                `${judged(port)} ct state new jump ${judge(port)}`,
            ]),
            ...sent,
        ]),
        chain("received", ["type filter hook forward priority 10;", ...received]),
    ];
}

function chain(name: string, rules: readonly string[]): string {
    return [`    chain ${name} {`, ...rules.map((rule) => `        ${rule}`), "    }"].join("\n");
}

/** The subnets of ports, each with its network ACL and its interfaces as the elements of an nft set. */
function subnetsOf(ports: readonly Port[]): { readonly acl: NetworkAcl | undefined; readonly devs: string }[] {
    return [...Map.groupBy(ports, ({ subnetId }) => subnetId).values()].map((members) => ({
        acl: members[0]?.networkAcl,
        devs: members.map(({ dev }) => `"${dev}"`).join(", "),
    }));
}

function aclChain(way: "in" | "out", acl: NetworkAcl | undefined): string {
    return `acl_${way}_${acl?.id ?? "none"}`;
}

/**
 * The entries of a network ACL, which return on the packets that they allow; `deny` is the nft verdict on those that they deny.
 * The entry with the lowest number that matches decides; a packet that matches none is denied. They apply to packets between
 * subnets, not within one, and not to DNS.
 * Source: Amazon VPC User Guide, "Network ACL basics" and "Network ACL rules".
 */
function entriesOf(acl: NetworkAcl | undefined, direction: "ingress" | "egress", deny: string): string[] {
    const address = direction === "ingress" ? "saddr" : "daddr";
    return (acl?.[direction] ?? []).map(
        ({ allow, cidrBlock, ...traffic }) =>
            `ip ${address} ${cidrBlock} ${trafficOf(traffic)}${allow ? "return" : deny}`,
    );
}

/**
 * The rules of a port's groups, which return on the packets that they allow. A rule that references a group applies to the
 * group's members in its own VPC, not to a host of another peer that has a member's address.
 * Source: Amazon VPC Peering Guide, "Update your security groups to reference peer security groups".
 */
function rulesOf({ groups }: Port, { members }: Site, direction: "ingress" | "egress"): string[] {
    const [address, dev] = direction === "ingress" ? ["saddr", "iifname"] : ["daddr", "oifname"];
    const membersOf = (groupId: string) =>
        members
            .filter(({ groupIds }) => groupIds.includes(groupId))
            .map((member) => `${dev} "${member.dev}" ip ${address} ${member.privateIp}`);
    const rules = groups
        .flatMap((group) => group[direction])
        .flatMap((rule) =>
            [...rule.cidrBlocks.map((block) => `ip ${address} ${block}`), ...rule.groupIds.flatMap(membersOf)].map(
                (other) => `${other} ${trafficOf(rule)}return`,
            ),
        );
    // Sorted, so that the text changes only if its meaning does.
    return [...new Set(rules)].sort();
}

/** The part of an nft rule that matches the protocol and the ports, with a space after it. */
function trafficOf({ protocol, from, to }: Traffic): string {
    switch (protocol) {
        case "all":
            return "";
        case "icmp":
            return from < 0 ? "ip protocol icmp " : `icmp type ${from} ${to < 0 ? "" : `icmp code ${to} `}`;
        case "tcp":
        case "udp":
            return from < 0 ? `ip protocol ${protocol} ` : `${protocol} dport ${from === to ? from : `${from}-${to}`} `;
        default:
            return `ip protocol ${protocol} `;
    }
}
