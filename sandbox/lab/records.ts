import { setTimeout as sleep } from "node:timers/promises";
import type { Side } from "./probes.ts";
import type { Verdict } from "./report.ts";
import type { Scene } from "./scene.ts";

/** Log group of the flow logs that an act creates. */
const logGroupName = "flow-logs";

/** Milliseconds after which what was sent is recorded. AWS takes minutes. */
const soon = 1200;

/** Packets between the two sides: echo requests and replies, or TCP with a port at either end. */
type Traffic = "ping" | number;

/** New flow log records. */
export interface Recorded {
    /** Which of them are for packets from one side to the other: `ACCEPT at VPC1, nothing at VPC2`; and these themselves. */
    of(from: Side, to: Side, traffic: Traffic): Pick<Verdict, "seen" | "why">;
}

/**
 * Creates flow logs of both VPCs, until the act ends. Returns a function that waits for the records of what was sent, and
 * gives those that are new.
 */
export async function flowLogsByHand(scene: Scene): Promise<() => Promise<Recorded>> {
    const { ec2, cleanup, pair } = scene;
    cleanup.add("the log group", () => scene.callLogs("DeleteLogGroup", { logGroupName }));
    const { FlowLogIds } = await ec2.createFlowLogs({
        ResourceType: "VPC",
        ResourceIds: pair.map(({ vpcId }) => vpcId),
        TrafficType: "ALL",
        LogGroupName: logGroupName,
        DeliverLogsPermissionArn: "arn:aws:iam::123456789012:role/flow-logs",
    });
    cleanup.add("the flow logs", () => ec2.deleteFlowLogs({ FlowLogIds }));
    const { Reservations = [] } = await ec2.describeInstances({ InstanceIds: pair.map(({ serverId }) => serverId) });
    const instances = Reservations.flatMap(({ Instances = [] }) => Instances);
    const places = pair.map(({ label, serverId }) => {
        const instance = instances.find(({ InstanceId }) => InstanceId === serverId);
        return { label, stream: `${instance?.NetworkInterfaces?.[0]?.NetworkInterfaceId ?? ""}-all` };
    });
    /** How many events of a stream were read. */
    const read = new Map<string, number>();
    return async () => {
        await sleep(soon);
        const found = await Promise.all(
            places.map(async ({ label, stream }) => {
                const texts = await eventsIn(scene, stream);
                const news = texts.slice(read.get(stream));
                read.set(stream, texts.length);
                return news.map((text) => recordAt(label, text));
            }),
        );
        const records = found.flat().filter(({ source, destination }) => {
            return [source, destination].every((address) => pair.some(({ privateIp }) => privateIp === address));
        });
        records.forEach(({ text }) => {
            scene.telling.say(text);
        });
        return { of: (from, to, traffic) => actionsOf(records, from, to, traffic) };
    };
}

interface FlowRecord {
    readonly label: string;
    readonly text: string;
    readonly source: string;
    readonly destination: string;
    readonly ports: readonly number[];
    readonly protocol: string;
    readonly action: string;
}

/** A record of a side's network interface, from its text. Source: Amazon VPC User Guide, "Flow log records" (Default format). */
function recordAt(label: string, text: string): FlowRecord {
    const fields = text.split(" ");
    const [, , , source = "", destination = "", sourcePort, destinationPort, protocol = ""] = fields;
    const [action = ""] = fields.slice(12);
    return { label, text, source, destination, ports: [Number(sourcePort), Number(destinationPort)], protocol, action };
}

function actionsOf(
    records: readonly FlowRecord[],
    from: Side,
    to: Side,
    traffic: Traffic,
): Pick<Verdict, "seen" | "why"> {
    const isFor = ({ source, destination, protocol, ports }: FlowRecord): boolean =>
        source === from.privateIp &&
        destination === to.privateIp &&
        (traffic === "ping" ? protocol === "1" : protocol === "6" && ports.includes(traffic));
    const found = records.filter(isFor);
    const seen = [from, to].map(({ label }) => {
        const actions = found.filter((record) => record.label === label).map(({ action }) => action);
        return `${actions.length === 0 ? "nothing" : [...new Set(actions)].join(" and ")} at ${label}`;
    });
    return { seen: seen.join(", "), why: found.map(({ label, text }) => `${label}: ${text}`).join("\n") };
}

/** The events of a log stream, which is created with the first one. */
async function eventsIn(scene: Scene, logStreamName: string): Promise<string[]> {
    const input = { logGroupName, logStreamName, startFromHead: true };
    const answer = await scene.callLogs("GetLogEvents", input).catch((error: unknown) => {
        if (error instanceof Error && error.name === "ResourceNotFoundException") {
            return {};
        }
        throw error;
    });
    const { events = [] } = answer as { events?: { message: string }[] };
    return events.map(({ message }) => message);
}
