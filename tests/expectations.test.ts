import * as assert from "assert";
import {
    answersIn,
    expectedOutcomes,
    isolated,
    reachable,
    stageOf,
    type AskedSide,
    type Stage,
} from "../components/lab/expectations";
import type { RequestsFrom } from "../components/peering/sides";
import type { ProbeOutcome } from "../components/check/probe";
import { resultLine } from "../components/check/resultLine";

describe("stageOf", () => {
    const cases: [status: string | undefined, requestsFrom: RequestsFrom, stage: Stage][] = [
        [undefined, "both", "isolated"],
        [undefined, "requester", "isolated"],
        ["pending-acceptance", "both", "pending-acceptance"],
        ["provisioning", "accepter", "pending-acceptance"],
        ["active", "both", "reachable"],
        ["active", "requester", "one-way"],
        ["active", "accepter", "one-way"],
    ];
    for (const [status, requestsFrom, stage] of cases) {
        it(`is ${stage} with ${status ?? "no connection"} and requests from ${requestsFrom}`, () => {
            assert.strictEqual(stageOf(status, requestsFrom), stage);
        });
    }
});

describe("expectedOutcomes", () => {
    const open: AskedSide = { letsPing: true, opensPing: false, dnsHostnames: true, dnsResolution: true };
    const nothing: ProbeOutcome = { icmp: "none", http: "none", dns: "public" };
    const all: ProbeOutcome = { icmp: "reply", http: "page", dns: "private" };

    it("knows the two ends of it", () => {
        assert.deepStrictEqual([isolated, reachable], [nothing, all]);
    });

    interface Given {
        stage: Stage;
        requestsFrom?: RequestsFrom;
        requester?: Partial<AskedSide>;
        accepter?: Partial<AskedSide>;
    }
    const cases: [what: string, given: Given, fromRequester: ProbeOutcome, fromAccepter: ProbeOutcome][] = [
        ["isolated", { stage: "isolated" }, nothing, nothing],
        ["isolated, one way", { stage: "isolated", requestsFrom: "requester" }, nothing, nothing],
        ["pending", { stage: "pending-acceptance" }, nothing, nothing],
        ["pending, one way", { stage: "pending-acceptance", requestsFrom: "accepter" }, nothing, nothing],
        ["reachable", { stage: "reachable" }, all, all],
        ["one way from the requester", { stage: "one-way", requestsFrom: "requester" }, all, { ...all, http: "none" }],
        ["one way from the accepter", { stage: "one-way", requestsFrom: "accepter" }, { ...all, http: "none" }, all],
        [
            "reachable without DNS resolution",
            { stage: "reachable", requester: { dnsResolution: false }, accepter: { dnsResolution: false } },
            { ...all, dns: "public" },
            { ...all, dns: "public" },
        ],
        [
            "an accepter that lets no ping in",
            { stage: "reachable", accepter: { letsPing: false } },
            { ...all, icmp: "none" },
            all,
        ],
        [
            "a requester that lets no ping in",
            { stage: "one-way", requestsFrom: "requester", requester: { letsPing: false } },
            all,
            { icmp: "none", http: "none", dns: "private" },
        ],
        [
            "DNS resolution of the accepter's name only",
            { stage: "reachable", requester: { dnsResolution: false } },
            all,
            { ...all, dns: "public" },
        ],
        [
            "an accepter that lets pings in from the peer only",
            { stage: "reachable", accepter: { letsPing: false, opensPing: true } },
            all,
            all,
        ],
        [
            "a requester that would let pings in, if the accepter could ask",
            { stage: "one-way", requestsFrom: "requester", requester: { letsPing: false, opensPing: true } },
            all,
            { icmp: "none", http: "none", dns: "private" },
        ],
        [
            "pings that the peering would let in, isolated",
            { stage: "isolated", accepter: { letsPing: false, opensPing: true } },
            nothing,
            nothing,
        ],
        [
            "an accepter without a public name",
            { stage: "reachable", accepter: { dnsHostnames: false } },
            { ...all, dns: "none" },
            all,
        ],
        [
            "a requester without a public name, isolated",
            { stage: "isolated", requester: { dnsHostnames: false } },
            nothing,
            { ...nothing, dns: "none" },
        ],
    ];
    for (const [what, given, fromRequester, fromAccepter] of cases) {
        it(`promises the right outcomes for ${what}`, () => {
            const { stage, requestsFrom = "both", requester, accepter } = given;
            const asked = { requester: { ...open, ...requester }, accepter: { ...open, ...accepter } };
            assert.deepStrictEqual(expectedOutcomes(stage, requestsFrom, asked), [fromRequester, fromAccepter]);
        });
    }
});

describe("answersIn", () => {
    for (const [icmp, http, answers] of [
        ["reply", "page", { icmp: true, http: true }],
        ["none", "page", { icmp: false, http: true }],
        ["reply", "refused", { icmp: true, http: false }],
        ["none", "none", { icmp: false, http: false }],
    ] as const) {
        it(`tells that a ping came to ${icmp} and an HTTP request to ${http}`, () => {
            assert.deepStrictEqual(answersIn({ icmp, http, dns: "none" }), answers);
        });
    }
});

describe("a direction's line", () => {
    const expected = { icmp: "none", http: "none", dns: "public" };

    it("says what was seen, and that it was expected", () => {
        assert.strictEqual(
            resultLine("VPC1 -> VPC2", expected, { ...expected }),
            "VPC1 -> VPC2: ping none, HTTP none, name public, as expected",
        );
    });

    it("says what was expected instead", () => {
        assert.strictEqual(
            resultLine("VPC1 -> VPC2", expected, { ...expected, http: "refused" }),
            "VPC1 -> VPC2: ping none, HTTP refused, name public, expected ping none, HTTP none, name public",
        );
    });
});
