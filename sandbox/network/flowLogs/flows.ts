import type { Flow, Packet } from "./packet.ts";

/** What passed of a flow in an interval. */
export interface Count {
    readonly flow: Flow;
    readonly packets: number;
    readonly bytes: number;
    /** When the first and the last packet passed, in seconds since 1970. */
    readonly start: number;
    readonly end: number;
}

/** Counts packets by flow. `To` is what a flow's packets are counted for. */
export class Flows<To> {
    #flows = new Map<string, { count: Count; to: To }>();

    /** Counts a packet, for what the first of its flow was counted for. */
    add({ flow, bytes, time }: Packet, to: To): void {
        const key = Object.values(flow).join(" ");
        const known = this.#flows.get(key);
        const { packets, bytes: before, start } = known?.count ?? { packets: 0, bytes: 0, start: time };
        const count = { flow, packets: packets + 1, bytes: before + bytes, start, end: time };
        this.#flows.set(key, { count, to: known?.to ?? to });
    }

    /** Ends an interval, and returns its counts, each with what it is for. */
    next(): { readonly count: Count; readonly to: To }[] {
        const ended = [...this.#flows.values()];
        this.#flows = new Map();
        return ended;
    }
}
