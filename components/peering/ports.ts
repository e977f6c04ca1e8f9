import type { Problem } from "../problems";

/** A port that a side's security groups open to the other side: `tcp/443`, `udp/53`. */
export type Port = `${"tcp" | "udp"}/${number}`;

/** A port's protocol and number, as security group rules have them. */
export interface ParsedPort {
    readonly protocol: string;
    readonly port: number;
}

/** Reads a port; undefined where the text is none. */
export function parsePort(text: string): ParsedPort | undefined {
    const [, protocol, port] = /^(tcp|udp)\/([1-9]\d{0,4})$/.exec(text) ?? [];
    return protocol === undefined || Number(port) > 65535 ? undefined : { protocol, port: Number(port) };
}

/** The ports that can be read. */
export function parsePorts(ports: readonly Port[] = []): ParsedPort[] {
    return ports.flatMap((port) => parsePort(port) ?? []);
}

/** What is wrong with a list of ports to open; `taken` are open already. */
export function checkPorts(path: string, ports: readonly string[], taken: readonly string[] = []): Problem[] {
    const open = [...taken, ...ports];
    return ports.flatMap((value, index) => {
        const isPort = parsePort(value) !== undefined;
        const message = isPort
            ? "is open already; leave it out"
            : "is not a port; write a protocol and a number from 1 to 65535, such as tcp/443 or udp/53";
        return isPort && open.indexOf(value) === taken.length + index
            ? []
            : [{ path: `${path}[${index}]`, value, message }];
    });
}
