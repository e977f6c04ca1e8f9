import type { FlowLog } from "../described/state.ts";
import type { Action } from "../planned/recorded.ts";
import type { Count } from "./flows.ts";

/** A flow log record. */
export interface FlowRecord {
    readonly interfaceId: string;
    /** Undefined for packets that were lost on their way to the record. */
    readonly action: Action | undefined;
    /** When it begins, in seconds since 1970. */
    readonly start: number;
    readonly text: string;
}

/**
 * A record in the default format, version 2: the version, the account and the network interface, the source and destination
 * addresses and ports, the protocol, packets, bytes, the seconds of the first and the last packet, the action and the status.
 * Source: Amazon VPC User Guide, "Flow log records" (Default format, Available fields).
 */
export function recordOf({ flow, packets, bytes, ...times }: Count, accountId: string): FlowRecord {
    const { interfaceId, source, destination, sourcePort, destinationPort, protocol, action } = flow;
    const [start, end] = [Math.floor(times.start), Math.floor(times.end)];
    const what = [source, destination, sourcePort, destinationPort, protocol, packets, bytes];
    const text = [2, accountId, interfaceId, ...what, start, end, action, "OK"].join(" ");
    return { interfaceId, action, start, text };
}

/** A record that packets were lost. Source: Amazon VPC User Guide, "Flow log record examples" (skipped records). */
export function skippedRecord(interfaceId: string, accountId: string, seconds: number): FlowRecord {
    const start = Math.floor(seconds);
    const text = `2 ${accountId} ${interfaceId} - - - - - - - ${start} ${start} - SKIPDATA`;
    return { interfaceId, action: undefined, start, text };
}

/** Whether a flow log is for a record's traffic. */
export function isFor({ trafficType }: FlowLog, { action }: FlowRecord): boolean {
    return trafficType === "ALL" || action === undefined || trafficType === action;
}
