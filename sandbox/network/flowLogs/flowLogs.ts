import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Port, Site } from "../planned/sites.ts";
import { Delivery } from "./delivery.ts";
import { Flows } from "./flows.ts";
import { packetIn } from "./packet.ts";
import { recordOf, skippedRecord, type FlowRecord } from "./records.ts";

/** How flow logs are recorded. */
export interface FlowLogOptions {
    /** The Python interpreter that reads the kernel's log of packets. */
    readonly python: string;
    /** Folder for a file of each flow log. */
    readonly dir: string;
    /** Called when records can't be made or delivered. */
    readonly onError: (error: unknown) => void;
}

/** Milliseconds for which the packets of a flow are counted for a record. AWS takes a minute or ten. */
const interval = 500;

/** Reads the kernel's log of packets. */
const reader = join(import.meta.dirname, "nflog.py");

/**
 * Records the traffic of network interfaces with flow logs. The routers of their VPCs tell of each packet, after or beside its
 * way, and never wait. Nothing runs while there are no flow logs.
 */
export class FlowLogs {
    readonly #options: FlowLogOptions;
    readonly #delivery: Delivery;
    readonly #flows = new Flows<Port>();
    /** The readers, by VPC. */
    readonly #readers = new Map<string, ChildProcess>();
    /** The network interfaces with flow logs, by their IDs. */
    #ports: ReadonlyMap<string, Port> = new Map();
    #timer: NodeJS.Timeout | undefined;

    /** `endpoint` is where CloudWatch Logs answers. */
    constructor(endpoint: string, options: FlowLogOptions) {
        this.#options = options;
        this.#delivery = new Delivery(endpoint, options.dir, options.onError);
    }

    /** Follows the flow logs of sites, whose routers exist; resolves when all that is sent from now on is recorded. */
    async update(sites: readonly Site[]): Promise<void> {
        const ports = sites.flatMap((site) => site.ports).filter(({ flowLogs }) => flowLogs.length > 0);
        this.#ports = new Map(ports.map((port) => [port.interfaceId, port]));
        const vpcIds = new Set(ports.map(({ vpcId }) => vpcId));
        for (const log of new Set(ports.flatMap(({ flowLogs }) => flowLogs))) {
            this.#delivery.open(log);
        }
        for (const vpcId of this.#readers.keys()) {
            if (!vpcIds.has(vpcId)) {
                this.#stop(vpcId);
            }
        }
        const started = [...vpcIds].filter((vpcId) => !this.#readers.has(vpcId));
        await Promise.all(started.map((vpcId) => this.#start(vpcId)));
        if (started.length > 0) {
            this.#timer ??= setInterval(() => {
                this.#publish();
            }, interval);
        }
    }

    /** Starts all readers anew with the next update, because the routers may be other ones. */
    reset(): void {
        for (const vpcId of this.#readers.keys()) {
            this.#stop(vpcId);
        }
    }

    async #start(vpcId: string): Promise<void> {
        const { python, onError } = this.#options;
        const command = ["nsenter", `--net=/run/netns/${vpcId}`, python, "-I", reader];
        const child = spawn("setpriv", ["--pdeathsig", "KILL", ...command], { stdio: ["ignore", "pipe", "inherit"] });
        this.#readers.set(vpcId, child);
        child.once("close", () => {
            // Unless it was stopped.
            if (this.#readers.get(vpcId) === child) {
                this.#readers.delete(vpcId);
                onError(new Error(`The flow logs of ${vpcId} ended, because what reads the kernel's log did.`));
            }
        });
        await new Promise((resolve) => {
            child.once("close", resolve);
            createInterface(child.stdout)
                .once("line", resolve)
                .on("line", (line) => {
                    this.#take(line, vpcId);
                });
        });
    }

    #stop(vpcId: string): void {
        const child = this.#readers.get(vpcId);
        this.#readers.delete(vpcId);
        child?.kill("SIGKILL");
    }

    /** Takes a line of a VPC's reader. */
    #take(line: string, vpcId: string): void {
        const packet = packetIn(line);
        const port = this.#ports.get(packet?.flow.interfaceId ?? "");
        if (packet && port) {
            this.#flows.add(packet, port);
        } else if (line === "lost") {
            const ports = [...this.#ports.values()].filter((port) => port.vpcId === vpcId);
            this.#deliver(
                ports.map((port) => [port, skippedRecord(port.interfaceId, ownerOf(port), Date.now() / 1000)]),
            );
        }
    }

    #publish(): void {
        this.#deliver(this.#flows.next().map(({ count, to }) => [to, recordOf(count, ownerOf(to))]));
        if (this.#readers.size === 0) {
            clearInterval(this.#timer);
            this.#timer = undefined;
        }
    }

    #deliver(records: readonly (readonly [Port, FlowRecord])[]): void {
        this.#delivery.deliver(records.map(([{ flowLogs }, record]) => [flowLogs, record]));
    }
}

/** The account of a network interface with flow logs: theirs. */
function ownerOf({ flowLogs }: Port): string {
    return flowLogs[0]?.accountId ?? "";
}
