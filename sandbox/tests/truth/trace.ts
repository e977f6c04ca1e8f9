import assert from "node:assert/strict";
import type { Side } from "../world/side.ts";
import type { Machine, World } from "../world/world.ts";
import type { Kind } from "./model.ts";

/** An end of a way: a server with its VPC, or a machine on the internet. */
export interface End {
    readonly machine: Machine;
    readonly side: Side | undefined;
}

/** Where the kernel dropped a packet, and the component that it did so for. */
export interface Drop {
    readonly direction: "forward" | "back";
    /** Whether the VPC that it was leaving dropped it, or the one that it was entering. */
    readonly leaving: boolean;
    /** ID of a network ACL, a security group or a route table. */
    readonly id: string;
}

/** A packet in a VPC's router. */
interface Step {
    readonly vpcId: string;
    readonly key: string;
    /** The chain that dropped it; `routes` if no route let it into a chain; undefined if it was sent on. */
    readonly droppedBy: string | undefined;
}

/** Has the kernel trace each echo request, reply, SYN and SYN-ACK, and what marks a trace's start and end. */
const ruleset = `table ip trace
delete table ip trace
table ip trace {
    chain prerouting {
        type filter hook prerouting priority -350;
        iif lo meta nftrace set 1
        icmp type { echo-request, echo-reply } meta nftrace set 1
        tcp flags & syn == syn meta nftrace set 1
    }
}`;

/** Sends marks to a port, which the kernel drops, until the trace has one; fails after seconds without one. */
const mark = (port: number, log: string) => `i=0
until grep -qs ' dport ${port} ' ${log}; do
    ((i++ < 1000)) || { cat ${log}.errors; exit 1; }
    echo > /dev/udp/127.0.0.1/${port}
    sleep 0.01
done`;

/**
 * What the VPCs' routers do to packets, as the kernel tells: its trace names the chain that drops a packet, and a chain is named
 * after its network ACL or its interface. What routes drop is seen before the routes and in no chain after them.
 */
export class Trace {
    readonly #world: World;
    readonly #vpcIds: readonly string[];

    private constructor(world: World, vpcIds: readonly string[]) {
        [this.#world, this.#vpcIds] = [world, vpcIds];
    }

    static async start(world: World, vpcIds: readonly string[]): Promise<Trace> {
        const trace = new Trace(world, vpcIds);
        await trace.#inEach(
            (log) => `nft -f - <<< '${ruleset}'
rm -f ${log}
nft monitor trace > ${log} 2> ${log}.errors & echo $! > ${log}.pid
${mark(9, log)}`,
        );
        return trace;
    }

    /** Ends the trace. */
    async stop(): Promise<Traced> {
        const logs = await this.#inEach(
            (log) => `${mark(10, log)}
kill $(< ${log}.pid)
if [ -s ${log}.errors ]; then cat ${log}.errors; exit 1; fi
cat ${log}`,
        );
        return new Traced(logs.flatMap((log, index) => stepsOf(log, this.#vpcIds[index] ?? "")));
    }

    #inEach(script: (log: string) => string): Promise<string[]> {
        return Promise.all(
            this.#vpcIds.map(async (id) => {
                const router = { id, privateIp: "", publicIp: "" };
                const { code, output } = await this.#world.run(script(`/run/trace.${id}`), router);
                assert.equal(code, 0, output);
                return output;
            }),
        );
    }
}

/** The packets of a trace. */
export class Traced {
    readonly #steps: readonly Step[];

    constructor(steps: readonly Step[]) {
        this.#steps = steps;
    }

    /** Where the first request of a client, or else its answer, was dropped; as text if the trace does not tell. */
    dropOf(client: End, server: End, kind: Kind): Drop | string {
        return (
            this.#dropOf("forward", client, server, kind) ??
            this.#dropOf("back", server, client, kind) ??
            "no router drops it"
        );
    }

    #dropOf(direction: Drop["direction"], start: End, end: End, kind: Kind): Drop | string | undefined {
        const way = direction === "forward" ? "request" : "answer";
        // An internet gateway translates addresses after the trace has seen the packet.
        const address = ({ machine }: End) =>
            direction === "forward" && !start.side ? machine.publicIp : machine.privateIp;
        const seen = this.#steps.filter(({ key }) => key === keyOf(address(start), address(end), kind, way));
        if (start.side) {
            const left = seen.find(({ vpcId }) => vpcId === start.side?.vpcId);
            // Within the VPC's own block, an instance does not find a server that is not there, and asks no router.
            const dropper = left ? left.droppedBy : "routes";
            if (dropper !== undefined) return dropOf(dropper, direction, true, start.side);
        }
        if (!end.side) return undefined;
        const entered = seen.find(({ vpcId }) => vpcId !== start.side?.vpcId);
        if (!entered) return `the ${way} left and arrived nowhere`;
        // A router that has no route for what comes from a peer got it by the peer's wrong route.
        if (entered.droppedBy === "routes" && start.side) return dropOf("routes", direction, true, start.side);
        return entered.droppedBy === undefined ? undefined : dropOf(entered.droppedBy, direction, false, end.side);
    }
}

function dropOf(dropper: string, direction: Drop["direction"], leaving: boolean, side: Side): Drop {
    const [, acl] = /^acl_(?:in|out)_(acl-\w+)$/.exec(dropper) ?? [];
    const isGroup = /^(?:in|out)_e/.test(dropper);
    // The chain `forward` itself drops what routes lead to an internet gateway, which takes no private addresses.
    return { direction, leaving, id: acl ?? (isGroup ? side.groupId : side.tableId) };
}

/** The packets of a router's trace, from lines such as `trace id 1a2b ip lab forward rule … (verdict drop)`. */
function stepsOf(log: string, vpcId: string): Step[] {
    const packets: { id: string; lines: string[] }[] = [];
    for (const [line, id = ""] of log.matchAll(/^trace id (\w+) ip .*$/gm)) {
        // The kernel may use an ID again.
        if (line.includes(" ip trace prerouting packet:")) packets.push({ id, lines: [] });
        packets.findLast((packet) => packet.id === id)?.lines.push(line);
    }
    return packets.map(({ lines }) => {
        const dropped = lines.find((line) => line.endsWith("(verdict drop)"));
        const isForwarded = lines.some((line) => line.includes(" ip lab forward packet:"));
        return {
            vpcId,
            key: packetOf(lines[0] ?? ""),
            droppedBy: dropped ? / ip lab (\S+) rule /.exec(dropped)?.[1] : isForwarded ? undefined : "routes",
        };
    });
}

function packetOf(line: string): string {
    const [, from = "", to = ""] = / ip saddr (\S+) ip daddr (\S+) /.exec(line) ?? [];
    const [, echo] = / icmp type echo-(request|reply) /.exec(line) ?? [];
    const [, source, destination] = / tcp sport (\d+) tcp dport (\d+) /.exec(line) ?? [];
    if (echo !== undefined) return keyOf(from, to, "ping", echo === "request" ? "request" : "answer");
    const name = (port: string | undefined): Kind => (port === "22" ? "ssh" : "http");
    return line.includes(" tcp flags == syn ")
        ? keyOf(from, to, name(destination), "request")
        : keyOf(from, to, name(source), "answer");
}

function keyOf(from: string, to: string, kind: Kind, way: "request" | "answer"): string {
    return `${from} ${to} ${kind} ${way}`;
}
