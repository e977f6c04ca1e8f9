import type { Vpc } from "../described/state.ts";
import { gatewayOf, nameServerOf } from "./addresses.ts";
import type { Port } from "./sites.ts";

/** What the rules of a network interface's subnet and groups do with a packet. */
export const actions = ["ACCEPT", "REJECT"] as const;
export type Action = (typeof actions)[number];

/** The NFLOG group, of a VPC's router, that gets the packets of flow logs. */
const nflogGroup = 1;

/** The beginning of a packet that is enough for its addresses and ports: an IP header with all options, and 4 bytes more. */
const snapLength = 64;

/** The part of an nft rule that tells of a packet, what becomes of it, and at which network interface. */
function tell(action: Action, { interfaceId }: Port): string {
    return `log prefix "${action} ${interfaceId}" group ${nflogGroup} snaplen ${snapLength} queue-threshold 1`;
}

/** The rules that tell of packets for flow logs, by what becomes of the packets. */
export interface Recording {
    /** The part of an nft rule that matches the packets from an interface that are judged and recorded. */
    readonly judged: (port: Port) => string;
    /** What the sender's rules accept; whether routes then lead anywhere makes no difference. */
    readonly sent: readonly string[];
    /** What the sender's rules reject. */
    readonly unsent: readonly string[];
    /** What the receiver's rules accept. */
    readonly received: readonly string[];
    /** What the receiver's rules reject. */
    readonly refused: readonly string[];
}

/**
 * How a VPC's router tells what flow logs record; undefined if no interface has one. Traffic of the VPC's own services is not
 * recorded: to the name server, the default router, and link-local addresses such as the metadata service's; nor is DHCP,
 * which is broadcast. Source: Amazon VPC User Guide, "Flow log limitations".
 */
export function recordingOf(ports: readonly Port[], vpc: Vpc): Recording | undefined {
    const recorded = ports.filter(({ flowLogs }) => flowLogs.length > 0);
    if (recorded.length === 0) {
        return undefined;
    }
    const routers = new Set(ports.map(({ block }) => gatewayOf(block)));
    const services = [...routers, nameServerOf(vpc), "169.254.0.0/16", "224.0.0.0/3"].join(", ");
    const from = (port: Port) => `iifname "${port.dev}" ip saddr ${port.privateIp} ip daddr != { ${services} }`;
    const to = ({ dev }: Port) => `oifname "${dev}" iifname != "dns"`;
    return {
        judged: from,
        sent: recorded.map((port) => `${from(port)} ${tell("ACCEPT", port)}`),
        unsent: recorded.map((port) => `${from(port)} ${tell("REJECT", port)}`),
        received: recorded.map((port) => `${to(port)} ${tell("ACCEPT", port)}`),
        refused: recorded.map((port) => `${to(port)} ${tell("REJECT", port)}`),
    };
}
