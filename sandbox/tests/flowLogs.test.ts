import assert from "node:assert/strict";
import type { FlowLogsResourceType as ResourceType } from "@aws-sdk/client-ec2";
import { setTimeout as sleep } from "node:timers/promises";
import { entry, inReverse, Lab, permit, type Undo } from "./world/networkLab.ts";
import { operator, region, World, type Machine } from "./world/world.ts";

// Real packets, and the flow log records of them. Each case makes one fault in a working lab, sends one probe, and undoes the fault.

/** What is sent: an echo request, or an HTTP request to a port, or a DNS query. */
type Probe = "ping" | `http ${number}` | "dns";

/**
 * Records by the network interface that they are of, each with its sender and receiver, and what was done with it: `1>2 ACCEPT` is
 * a request or a ping of server 1, `2>1 ACCEPT` a response. Addresses are private, except for the internet's.
 */
type Records = Readonly<Record<string, readonly string[]>>;

/** An event of CloudWatch Logs. */
interface Event {
    readonly timestamp: number;
    readonly message: string;
}

interface Case {
    readonly name: string;
    /** The section of "Flow log record examples", or another page of the Amazon VPC User Guide. */
    readonly rule: string;
    readonly fault?: (lab: Lab) => Promise<Undo>;
    readonly probe: readonly [from: string, to: string, what: Probe];
    readonly records: Records;
}

const accepted = { "1": ["1>2 ACCEPT", "2>1 ACCEPT"], "2": ["1>2 ACCEPT", "2>1 ACCEPT"] };
/** Milliseconds in which records arrive. */
const aSecond = 1100;

const anywhere = "0.0.0.0/0";
const [blockOne, blockTwo] = ["10.41.0.0/16", "10.42.0.0/16"];

const cases: readonly Case[] = [
    {
        name: "a ping that is answered",
        rule: "a flow is recorded at both ends, and its responses are a flow of their own",
        probe: ["1", "2", "ping"],
        records: accepted,
    },
    {
        name: "an HTTP request that is answered",
        rule: "responses to what a security group lets in are accepted",
        probe: ["1", "2", "http 80"],
        records: accepted,
    },
    {
        name: "an HTTP request to a port where nothing listens",
        rule: "a server's own refusal is traffic that its rules accept",
        fault: (lab) => lab.allow(lab.two, permit.tcp(8080, 8080, blockOne)),
        probe: ["1", "2", "http 8080"],
        records: accepted,
    },
    {
        name: "a port that the receiver's group does not allow",
        rule: "what the receiver's group rejects was accepted at the sender",
        probe: ["1", "2", "http 8080"],
        records: { "1": ["1>2 ACCEPT"], "2": ["1>2 REJECT"] },
    },
    {
        name: "no outbound rule of the sender's group",
        rule: "what the sender's group rejects is seen nowhere else",
        fault: (lab) => lab.revokeEgress(lab.one),
        probe: ["1", "2", "ping"],
        records: { "1": ["1>2 REJECT"], "2": [] },
    },
    {
        name: "no outbound rule of the sender's group, and no route",
        rule: "rules come before routes",
        fault: async (lab) =>
            inReverse(await lab.revokeEgress(lab.one), await lab.unroute(lab.one, blockTwo, lab.peering)),
        probe: ["1", "2", "ping"],
        records: { "1": ["1>2 REJECT"], "2": [] },
    },
    {
        name: "no outbound rule of the receiver's group",
        rule: "groups are stateful: responses need no rule",
        fault: (lab) => lab.revokeEgress(lab.two),
        probe: ["1", "2", "ping"],
        records: accepted,
    },
    {
        name: "an outbound rule that references the receiver's group",
        rule: "a rule by group is one by its members' addresses",
        fault: (lab) => lab.egress(lab.one, permit.all(blockOne), permit.httpFromGroup(lab.two.groupId)),
        probe: ["1", "2", "http 80"],
        records: accepted,
    },
    {
        name: "the receiver's network ACL denying what enters",
        rule: "what the receiver's network ACL rejects was accepted at the sender",
        fault: (lab) => lab.acl(lab.two, entry(100, "out", "allow", "all")),
        probe: ["1", "2", "http 80"],
        records: { "1": ["1>2 ACCEPT"], "2": ["1>2 REJECT"] },
    },
    {
        name: "the receiver's network ACL denying what leaves",
        rule: "network ACLs are stateless: the response to an accepted ping is rejected",
        fault: (lab) => lab.acl(lab.two, entry(100, "in", "allow", "all")),
        probe: ["1", "2", "ping"],
        records: { "1": ["1>2 ACCEPT"], "2": ["1>2 ACCEPT", "2>1 REJECT"] },
    },
    {
        name: "the sender's network ACL denying what leaves",
        rule: "what the sender's network ACL rejects is seen nowhere else",
        fault: (lab) => lab.acl(lab.one, entry(100, "in", "allow", "all")),
        probe: ["1", "2", "ping"],
        records: { "1": ["1>2 REJECT"], "2": [] },
    },
    {
        name: "an entry of the sender's network ACL denying what enters",
        rule: "network ACLs are stateless: the sender's rejects the response",
        fault: (lab) =>
            lab.acl(
                lab.one,
                entry(90, "in", "deny", "all", blockTwo),
                entry(100, "in", "allow", "all"),
                entry(100, "out", "allow", "all"),
            ),
        probe: ["1", "2", "ping"],
        records: { "1": ["1>2 ACCEPT", "2>1 REJECT"], "2": ["1>2 ACCEPT", "2>1 ACCEPT"] },
    },
    {
        name: "no route at the sender",
        rule: "what routes drop is accepted at the sender, and seen nowhere else",
        fault: (lab) => lab.unroute(lab.one, blockTwo, lab.peering),
        probe: ["1", "2", "ping"],
        records: { "1": ["1>2 ACCEPT"], "2": [] },
    },
    {
        name: "no route back",
        rule: "the response, too, is accepted where it is sent, and seen nowhere else",
        fault: (lab) => lab.unroute(lab.two, blockOne, lab.peering),
        probe: ["1", "2", "ping"],
        records: { "1": ["1>2 ACCEPT"], "2": ["1>2 ACCEPT", "2>1 ACCEPT"] },
    },
    {
        name: "the connection pending",
        rule: "a route to it is a blackhole",
        fault: (lab) => lab.peerAgain(false),
        probe: ["1", "2", "http 80"],
        records: { "1": ["1>2 ACCEPT"], "2": [] },
    },
    {
        name: "the connection deleted",
        rule: "a route to it is a blackhole",
        fault: (lab) => lab.unpeer("left"),
        probe: ["2", "1", "http 80"],
        records: { "1": [], "2": ["2>1 ACCEPT"] },
    },
    {
        name: "no transit",
        rule: "a VPC on the way has no network interface of the flow",
        probe: ["1", "3", "ping"],
        records: { "1": ["1>3 ACCEPT"], "2": [] },
    },
    {
        name: "within a subnet",
        rule: "each network interface has its own records",
        probe: ["2", "neighbor", "http 80"],
        records: { "2": ["2>neighbor ACCEPT"], neighbor: ["2>neighbor REJECT"] },
    },
    {
        name: "a ping to the internet",
        rule: "an instance's address is its private one, also of traffic with the internet",
        probe: ["1", "internet", "ping"],
        records: { "1": ["1>internet ACCEPT", "internet>1 ACCEPT"] },
    },
    {
        name: "a ping from the internet",
        rule: "an instance's address is its private one, also of traffic with the internet",
        probe: ["internet", "1", "ping"],
        records: { "1": ["1>internet ACCEPT", "internet>1 ACCEPT"] },
    },
    {
        name: "a request from the internet that the group does not allow",
        rule: "an instance's address is its private one, also of traffic with the internet",
        probe: ["internet", "1", "http 80"],
        records: { "1": ["internet>1 REJECT"] },
    },
    {
        name: "no route to the internet",
        rule: "what routes drop is accepted at the sender",
        fault: (lab) => lab.unroute(lab.one, anywhere, lab.one.gatewayId),
        probe: ["1", "internet", "ping"],
        records: { "1": ["1>internet ACCEPT"] },
    },
    {
        name: "a query to the VPC's name server",
        rule: 'the traffic of the VPC\'s own services is not recorded: "Flow log limitations"',
        probe: ["1", "2", "dns"],
        records: { "1": [], "2": [] },
    },
    {
        name: "traffic of a VPC without flow logs",
        rule: "only the peer's end is recorded",
        probe: ["3", "2", "ping"],
        records: { "2": ["2>3 ACCEPT", "3>2 ACCEPT"] },
    },
];

const commands: Readonly<Record<string, (machine: Machine, port: string) => string>> = {
    ping: ({ privateIp }) => `ping -n -q -c 1 -W 0.3 ${privateIp}`,
    http: ({ privateIp }, port) => `curl --silent --noproxy '*' --connect-timeout 0.5 http://${privateIp}:${port}/`,
    dns: () =>
        `echo 'AAABAAABAAAAAAAAAWEAAAEAAQ==' | base64 -d > /dev/udp/10.41.0.2/53; ping -c 1 -W 0.2 10.41.0.2; ping -c 1 -W 0.2 10.41.1.1; ping -c 1 -W 0.2 169.254.169.254; ping -b -c 1 -W 0.2 255.255.255.255`,
};

describe("Flow logs", function () {
    this.timeout(30_000);
    let world: World;
    let lab: Lab;
    let logs: string[];

    before(async function () {
        // moto may have to be installed first.
        this.timeout(300_000);
        world = await World.start("a network");
        lab = await Lab.make(world);
        const { FlowLogIds = [] } = await world.api.createFlowLogs({
            ResourceType: "VPC",
            ResourceIds: [lab.one.vpcId, lab.two.vpcId],
            TrafficType: "ALL",
            LogGroupName: "flows",
            DeliverLogsPermissionArn: "arn:aws:iam::123456789012:role/flows",
        });
        logs = FlowLogIds;
    });

    after(() => {
        world.stop();
    });

    const machine = (name: string) => lab.machines[name] ?? assert.fail(`there is no machine ${name}`);
    const files = () => logs.map((id) => `/run/flow-logs/${id}.log`).join(" ");

    /** The names of network interfaces and addresses. */
    async function names(): Promise<Map<string, string>> {
        const { Reservations = [] } = await world.api.describeInstances({});
        const instances = Reservations.flatMap(({ Instances = [] }) => Instances);
        return new Map([
            [operator.publicIp, "internet"],
            ...Object.entries(lab.machines).flatMap(([name, { id, privateIp }]): [string, string][] => {
                const instance = instances.find(({ InstanceId }) => InstanceId === id);
                const interfaceId = instance?.NetworkInterfaces?.[0]?.NetworkInterfaceId ?? "";
                // The twin has the address of server 1.
                return name === "twin"
                    ? []
                    : [
                          [interfaceId, name],
                          [privateIp, name],
                      ];
            }),
        ]);
    }

    async function recordsOf(lines: readonly string[]): Promise<Record<string, string[]>> {
        const known = await names();
        const records: Record<string, string[]> = {};
        for (const line of lines) {
            const [, , nic = "", source = "", destination = "", , , , , , , , action = ""] = line.split(" ");
            const of = (records[known.get(nic) ?? nic] ??= []);
            const text = `${known.get(source) ?? source}>${known.get(destination) ?? destination} ${action}`;
            of.push(...(of.includes(text) ? [] : [text]));
            of.sort();
        }
        return records;
    }

    /** Sends a probe, and returns the lines that the flow logs have of it. */
    async function linesOf([from, to, what]: Case["probe"]): Promise<string[]> {
        await world.run(`for file in ${files()}; do : > $file; done`);
        const [name = "", port = ""] = what.split(" ");
        const target = machine(to);
        const address = from === "internet" ? target.publicIp : target.privateIp;
        await world.run(commands[name]?.({ ...target, privateIp: address }, port) ?? "", machine(from));
        await sleep(aSecond);
        return (await world.run(`cat ${files()}`)).output.split("\n").filter(Boolean);
    }

    for (const { name, rule, fault, probe, records } of cases) {
        it(`of ${name}: ${rule}`, async () => {
            const undo = await fault?.(lab);
            try {
                const wanted = Object.entries(records).filter(([, lines]) => lines.length > 0);
                assert.deepEqual(await recordsOf(await linesOf(probe)), Object.fromEntries(wanted));
            } finally {
                await undo?.();
            }
        });
    }

    it("are in AWS's default format, with the packets and bytes of each flow, and ports if its protocol has some", async () => {
        const seconds = Math.floor(Date.now() / 1000);
        const [ping = ""] = await linesOf(["1", "2", "ping"]);
        const format = /^2 123456789012 (eni-\w+) 10\.41\.1\.100 10\.42\.1\.100 0 0 1 1 84 (\d+) (\d+) ACCEPT OK$/;
        const [, nic = "", start, end] = format.exec(ping) ?? assert.fail(ping);
        assert.equal((await names()).get(nic), "1");
        assert.ok(Number(start) >= seconds && Number(end) >= Number(start) && Number(end) <= seconds + 2, ping);
        const [request = ""] = await linesOf(["1", "2", "http 80"]);
        assert.match(request, / 10\.41\.1\.100 10\.42\.1\.100 \d{4,5} 80 6 \d+ \d+ \d+ \d+ ACCEPT OK$/);
    });

    /** Calls CloudWatch Logs through the gateway; returns the response. */
    async function askLogs(action: string, input: object): Promise<unknown> {
        const scope = `test/20260101/${region}/logs/aws4_request`;
        const headers = [
            `Authorization: AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=any`,
            `X-Amz-Target: Logs_20140328.${action}`,
            "Content-Type: application/x-amz-json-1.1",
        ].map((header) => `-H '${header}'`);
        const request = `curl -s --noproxy '*' ${headers.join(" ")} -d '${JSON.stringify(input)}' $AWS_ENDPOINT_URL`;
        return JSON.parse((await world.run(request)).output);
    }

    const role = { DeliverLogsPermissionArn: "arn:aws:iam::123456789012:role/flows" };
    const nicOf = async (name: string) => [...(await names())].find(([, known]) => known === name)?.[0] ?? "";

    // Amazon VPC User Guide, "Publish flow logs to CloudWatch Logs".
    it("go to a log stream for each network interface, which the flow logs with the same log group have in common", async () => {
        const [one, two] = [await nicOf("1"), await nicOf("2")];
        const group = { logGroupName: "some/flows" };
        const made: string[] = [];
        const make = async (ResourceType: ResourceType, id: string, TrafficType: "ACCEPT" | "REJECT") => {
            const what = { ResourceType, ResourceIds: [id], TrafficType, LogGroupName: group.logGroupName };
            made.push(...((await world.api.createFlowLogs({ ...role, ...what })).FlowLogIds ?? []));
        };
        /** The last record of a stream, and how many there are. */
        const streamOf = async (logStreamName: string) => {
            const { events } = (await askLogs("GetLogEvents", { ...group, logStreamName })) as { events: Event[] };
            assert.ok(events.every(({ timestamp, message }) => timestamp === Number(message.split(" ")[10]) * 1000));
            return [events.length, events.at(-1)?.message];
        };
        await make("Subnet", lab.two.subnetId, "REJECT");
        await make("NetworkInterface", one, "ACCEPT");
        const [sent, refused] = await linesOf(["1", "2", "http 8080"]);
        assert.deepEqual(await streamOf(`${one}-accept`), [1, sent]);
        assert.deepEqual(await streamOf(`${two}-reject`), [1, refused]);
        await make("Subnet", lab.two.subnetId, "ACCEPT");
        await make("NetworkInterface", two, "ACCEPT");
        const [, , , reply] = await linesOf(["1", "2", "ping"]);
        assert.deepEqual(await streamOf(`${two}-all`), [2, reply]);
        assert.deepEqual((await streamOf(`${two}-reject`))[0], 1);
        await world.api.deleteFlowLogs({ FlowLogIds: made });
    });

    it("create their log group again if it was deleted", async () => {
        await linesOf(["1", "2", "ping"]);
        await askLogs("DeleteLogGroup", { logGroupName: "flows" }).catch(() => undefined);
        const lines = await linesOf(["1", "2", "ping"]);
        const stream = { logGroupName: "flows", logStreamName: `${await nicOf("2")}-all` };
        const { events } = (await askLogs("GetLogEvents", stream)) as { events: Event[] };
        assert.deepEqual(events.map(({ message }) => message).sort(), lines.slice(2).sort());
    });

    it("go on after the network was rebuilt from nothing", async () => {
        await world.run(`ip netns delete ${lab.one.vpcId}`);
        const undo = await lab.unpeer();
        await undo();
        assert.deepEqual(await recordsOf(await linesOf(["1", "2", "ping"])), accepted);
    });

    it("leave nothing behind when they are deleted", async () => {
        const ruleset = async () => (await world.run(`ip netns exec ${lab.one.vpcId} nft list ruleset`)).output;
        const readers = async () => (await world.run("pgrep -fc '[n]flog.py'")).output.trim();
        assert.match(await ruleset(), / log prefix /);
        assert.equal(await readers(), "2");
        await world.api.deleteFlowLogs({ FlowLogIds: logs });
        assert.doesNotMatch(await ruleset(), / log |judge_/);
        assert.equal(await readers(), "0");
        assert.deepEqual(await linesOf(["1", "2", "ping"]), []);
        assert.deepEqual((await world.api.describeFlowLogs({})).FlowLogs, []);
    });
});
