import { actions, type Action } from "../planned/recorded.ts";

/** A packet that a router tells of. */
export interface Packet {
    /** When it was told, in seconds since 1970. */
    readonly time: number;
    readonly flow: Flow;
    /** Length of the whole packet in bytes. */
    readonly bytes: number;
}

/** Packets at a network interface with the same addresses, ports and protocol, of which the same becomes. */
export interface Flow {
    readonly interfaceId: string;
    readonly source: string;
    readonly destination: string;
    /** 0 for protocols without ports, such as ICMP. */
    readonly sourcePort: number;
    readonly destinationPort: number;
    /** The protocol's number. */
    readonly protocol: number;
    readonly action: Action;
}

/** The protocols with ports: TCP, UDP, DCCP, SCTP and UDP-Lite. Source: IANA, "Protocol Numbers". */
const withPorts: readonly number[] = [6, 17, 33, 132, 136];

/** The packet of a line of nflog.py; undefined if there is none. */
export function packetIn(line: string): Packet | undefined {
    const [time = "", name, interfaceId = "", data = ""] = line.split(" ");
    const action = actions.find((one) => one === name);
    const bytes = Buffer.from(data, "hex");
    // An IPv4 header has at least 20 bytes.
    if (action === undefined || bytes.length < 20) {
        return undefined;
    }
    const protocol = bytes.readUInt8(9);
    const header = (bytes.readUInt8(0) & 15) * 4;
    const hasPorts = withPorts.includes(protocol) && bytes.length >= header + 4;
    return {
        time: Number(time),
        flow: {
            interfaceId,
            source: bytes.subarray(12, 16).join("."),
            destination: bytes.subarray(16, 20).join("."),
            sourcePort: hasPorts ? bytes.readUInt16BE(header) : 0,
            destinationPort: hasPorts ? bytes.readUInt16BE(header + 2) : 0,
            protocol,
            action,
        },
        bytes: bytes.readUInt16BE(2),
    };
}
