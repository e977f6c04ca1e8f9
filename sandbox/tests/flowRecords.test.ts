import assert from "node:assert/strict";
import { Flows } from "../network/flowLogs/flows.ts";
import { packetIn, type Packet } from "../network/flowLogs/packet.ts";
import { isFor, recordOf, skippedRecord } from "../network/flowLogs/records.ts";

/** A line of nflog.py, of a packet from 10.41.1.100 to 10.42.1.100. */
function line({ time = "1700000000.25", what = "ACCEPT eni-1", protocol = 6, options = 0, ports = "bc800050" } = {}) {
    const hex = (number: number) => number.toString(16).padStart(2, "0");
    const header = `4${(5 + options).toString(16)}00003c0000400040${hex(protocol)}00000a2901640a2a0164`;
    return `${time} ${what} ${header}${"00000000".repeat(options)}${ports}`;
}

const flow = { interfaceId: "eni-1", source: "10.41.1.100", destination: "10.42.1.100", action: "ACCEPT" } as const;
const tcp = { ...flow, sourcePort: 48256, destinationPort: 80, protocol: 6 };

describe("Flow log records", () => {
    const packets: readonly (readonly [what: string, line: string, packet: Packet | undefined])[] = [
        ["a TCP packet", line(), { time: 1700000000.25, flow: tcp, bytes: 60 }],
        ["a header with options", line({ options: 3 }), { time: 1700000000.25, flow: tcp, bytes: 60 }],
        [
            "a rejected UDP packet",
            line({ what: "REJECT eni-2", protocol: 17 }),
            {
                time: 1700000000.25,
                flow: { ...tcp, interfaceId: "eni-2", protocol: 17, action: "REJECT" },
                bytes: 60,
            },
        ],
        [
            "an ICMP packet, which has no ports",
            line({ protocol: 1 }),
            { time: 1700000000.25, flow: { ...flow, sourcePort: 0, destinationPort: 0, protocol: 1 }, bytes: 60 },
        ],
        ["another message", "lost", undefined],
        ["an unknown rule", line({ what: "OTHER eni-1" }), undefined],
        ["a packet that is cut off", "1700000000.25 ACCEPT eni-1 4500", undefined],
    ];
    for (const [what, text, packet] of packets) {
        it(`know ${what}`, () => {
            assert.deepEqual(packetIn(text), packet);
        });
    }

    it("count packets and bytes by flow, of each interval anew", () => {
        const flows = new Flows<string>();
        const add = (text: string, to: string) => {
            flows.add(packetIn(text) ?? assert.fail(text), to);
        };
        add(line(), "one");
        add(line({ time: "1700000001.75" }), "two");
        add(line({ what: "REJECT eni-1" }), "one");
        assert.deepEqual(
            flows.next().map(({ count, to }) => [to, recordOf(count, "123456789012").text]),
            [
                [
                    "one",
                    "2 123456789012 eni-1 10.41.1.100 10.42.1.100 48256 80 6 2 120 1700000000 1700000001 ACCEPT OK",
                ],
                ["one", "2 123456789012 eni-1 10.41.1.100 10.42.1.100 48256 80 6 1 60 1700000000 1700000000 REJECT OK"],
            ],
        );
        assert.deepEqual(flows.next(), []);
    });

    it("are for the flow logs of their action, and those of lost packets for all", () => {
        const log = { id: "fl-1", accountId: "1", region: "eu-west-1", resourceId: "eni-1", logGroup: "flows" };
        const accepted = recordOf({ flow: tcp, packets: 1, bytes: 1, start: 0, end: 0 }, "1");
        const lost = skippedRecord("eni-1", "123456789012", 1700000000.9);
        assert.equal(lost.text, "2 123456789012 eni-1 - - - - - - - 1700000000 1700000000 - SKIPDATA");
        assert.deepEqual(
            (["ALL", "ACCEPT", "REJECT"] as const).map((trafficType) =>
                [accepted, lost].map((record) => isFor({ ...log, trafficType }, record)),
            ),
            [
                [true, true],
                [true, true],
                [false, true],
            ],
        );
    });
});
