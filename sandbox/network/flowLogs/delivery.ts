import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { Clients } from "../../api/client/clients.ts";
import type { FlowLog } from "../described/state.ts";
import { isFor, type FlowRecord } from "./records.ts";

/** Records of a log stream. */
interface Batch {
    readonly log: FlowLog;
    readonly logStreamName: string;
    readonly records: FlowRecord[];
}

/**
 * Delivers records to the log groups of flow logs, in CloudWatch Logs, and to a file for each flow log, which a person can
 * follow with `tail -f`.
 */
export class Delivery {
    readonly #clients: Clients;
    readonly #dir: string;
    readonly #onError: (error: unknown) => void;
    #last: Promise<void> = Promise.resolve();

    /** `endpoint` is where CloudWatch Logs answers, `dir` the folder of the files. */
    constructor(endpoint: string, dir: string, onError: (error: unknown) => void) {
        [this.#clients, this.#dir, this.#onError] = [new Clients(endpoint), dir, onError];
    }

    /** Creates the file of a flow log, unless it exists. */
    open(log: FlowLog): void {
        this.#write(log, []);
    }

    /**
     * Delivers records, after those that were delivered before. Each is for the flow logs of its network interface, and goes to
     * a log stream once, however many of them want it there.
     */
    deliver(wanted: readonly (readonly [readonly FlowLog[], FlowRecord])[]): void {
        const batches = new Map<string, Batch>();
        for (const [logs, record] of wanted) {
            for (const log of logs.filter((log) => isFor(log, record))) {
                this.#write(log, [record]);
                const logStreamName = streamOf(log, logs, record);
                const key = [log.accountId, log.region, log.logGroup, logStreamName].join(" ");
                const batch = batches.get(key) ?? { log, logStreamName, records: [] };
                if (!batch.records.includes(record)) {
                    batch.records.push(record);
                }
                batches.set(key, batch);
            }
        }
        for (const batch of batches.values()) {
            this.#last = this.#last.then(() => this.#publish(batch)).catch(this.#onError);
        }
    }

    #write({ id }: FlowLog, records: readonly FlowRecord[]): void {
        try {
            mkdirSync(this.#dir, { recursive: true });
            appendFileSync(join(this.#dir, `${id}.log`), records.map(({ text }) => `${text}\n`).join(""));
        } catch (error) {
            // Such as a disk that is full: the records still go to the log group.
            this.#onError(error);
        }
    }

    /** Publishes records; creates their log group and log stream if they do not exist, as AWS does. */
    async #publish({ log, logStreamName, records }: Batch): Promise<void> {
        const caller = { accessKeyId: await this.#clients.keyOf(log.accountId), region: log.region };
        const stream = { logGroupName: log.logGroup, logStreamName };
        // In the order of time. A record's time is that of its start. Source: Amazon VPC User Guide, "Publish flow logs to
        // CloudWatch Logs".
        const logEvents = records
            .map(({ start, text }) => ({ timestamp: start * 1000, message: text }))
            .sort((a, b) => a.timestamp - b.timestamp);
        const put = () => this.#clients.callLogs(caller, "PutLogEvents", { ...stream, logEvents });
        await put().catch(async (error: unknown) => {
            if (!isNamed(error, "ResourceNotFoundException")) {
                throw error;
            }
            const create = (action: string, input: object) =>
                this.#clients.callLogs(caller, action, input).catch((error: unknown) => {
                    if (!isNamed(error, "ResourceAlreadyExistsException")) {
                        throw error;
                    }
                });
            await create("CreateLogGroup", { logGroupName: log.logGroup });
            await create("CreateLogStream", stream);
            await put();
        });
    }
}

/**
 * The log stream of a network interface in the log group of one of its flow logs. Flow logs with the same log group have it in
 * common, and its name says which traffic they are for together.
 * Source: Amazon VPC User Guide, "Publish flow logs to CloudWatch Logs".
 */
function streamOf({ logGroup }: FlowLog, logs: readonly FlowLog[], { interfaceId }: FlowRecord): string {
    const types = new Set(logs.filter((log) => log.logGroup === logGroup).map(({ trafficType }) => trafficType));
    const [type = "ALL"] = types.size === 1 ? types : [];
    return `${interfaceId}-${type.toLowerCase()}`;
}

function isNamed(error: unknown, name: string): boolean {
    return error instanceof Error && error.name === name;
}
