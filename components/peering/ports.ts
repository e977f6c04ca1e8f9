import type { Parsed } from "../addresses/cidr";
import type { Problem } from "../problems";

/**
 * Traffic that a side's security groups let in from the other side: a port, `tcp/443` or `udp/53`; a range of ports,
 * `tcp/8000-8100`, both ends included; all of ICMP, `icmp`, or one type of it, `icmp/8`; or `all`, which is every protocol.
 */
export type Port =
    | `${"tcp" | "udp"}/${number}`
    | `${"tcp" | "udp"}/${number}-${number}`
    | "icmp"
    | `icmp/${number}`
    | "all";

/**
 * What a security group rule has of a {@link Port}: for ICMP the type and the code in place of ports, -1 for all of them; for
 * every protocol, which is -1, no ports. Source: Amazon EC2 API Reference, "IpPermission".
 */
export interface RulePorts {
    readonly ipProtocol: string;
    readonly fromPort?: number;
    readonly toPort?: number;
}

/** A rule for inbound traffic in words, the same for all that are one rule to AWS: `tcp 443-443 10.0.0.0/8`. */
export function ruleText({ ipProtocol, fromPort = -1, toPort = -1 }: RulePorts, source: string): string {
    // Every protocol has no ports, whatever is read of them.
    return ipProtocol === "-1" ? `all ${source}` : `${ipProtocol} ${fromPort}-${toPort} ${source}`;
}

/** The end of a rule's name: `tcp-443`, `tcp-8000-8100`, `icmp-8`. */
export function portName(port: Port): string {
    return port.replace("/", "-");
}

/** A number without leading zeros, of which each port has one spelling only. */
const number = "(0|[1-9]\\d*)";
const icmpType = new RegExp(`^icmp/${number}$`);
const portOrRange = new RegExp(`^(tcp|udp)/${number}(?:-${number})?$`);

/** Reads a port; fails on text of another form and on numbers that AWS does not take. */
export function parsePort(text: string): Parsed<RulePorts> {
    if (text === "all") {
        return { ok: true, value: { ipProtocol: "-1" } };
    }
    if (text === "icmp") {
        return { ok: true, value: { ipProtocol: "icmp", fromPort: -1, toPort: -1 } };
    }
    const [, type] = icmpType.exec(text) ?? [];
    if (type !== undefined) {
        const message = "is not a type of ICMP; write one from 0 to 255, such as icmp/8, or icmp for all of them";
        const value = { ipProtocol: "icmp", fromPort: Number(type), toPort: -1 };
        return Number(type) > 255 ? { ok: false, message } : { ok: true, value };
    }
    const [, ipProtocol, first, last] = portOrRange.exec(text) ?? [];
    if (ipProtocol === undefined) {
        const message =
            "is not a port; write a protocol with a number or a range, such as tcp/443, udp/53 or tcp/8000-8100; or icmp, a type of it such as icmp/8, or all";
        return { ok: false, message };
    }
    const [fromPort, toPort] = [Number(first), Number(last ?? first)];
    const message = wrongNumbers(ipProtocol, fromPort, toPort, last !== undefined);
    return message === undefined ? { ok: true, value: { ipProtocol, fromPort, toPort } } : { ok: false, message };
}

/** What is wrong with the numbers of a port of TCP or UDP. */
function wrongNumbers(protocol: string, from: number, to: number, isRange: boolean): string | undefined {
    const outside = [from, to].find((port) => port < 1 || port > 65535);
    if (outside !== undefined) {
        return `has the port ${outside}, and ports are numbers from 1 to 65535; write one of these, or ${protocol}/1-65535 for all`;
    }
    if (from > to) {
        return `ends before it begins; write ${protocol}/${to}-${from}`;
    }
    return isRange && from === to ? `is a range of one port; write ${protocol}/${from}` : undefined;
}

/** What is wrong with a list of ports to open; `taken` are open already. */
export function checkPorts(path: string, ports: readonly string[], taken: readonly string[] = []): Problem[] {
    const open = [...taken, ...ports];
    return ports.flatMap((value, index) => {
        const port = parsePort(value);
        if (!port.ok) {
            return [{ path: `${path}[${index}]`, value, message: port.message }];
        }
        const isFirst = open.indexOf(value) === taken.length + index;
        return isFirst ? [] : [{ path: `${path}[${index}]`, value, message: "is open already; leave it out" }];
    });
}
