import assert from "node:assert/strict";
import { DOMParser } from "@xmldom/xmldom";
import { State } from "../../reachability/state.ts";
import { placesOf, type VpcSpec } from "../../reachability/tests/build.ts";
import { ask, cases, pair } from "../../reachability/tests/cases.ts";
import { isBlocker, type Analysis } from "../../reachability/types.ts";
import { limits, type Node } from "../boxes.ts";
import { drawingOf } from "../drawing.ts";
import { sentenceOf } from "../page.ts";
import { svgOf } from "../svg.ts";
import { interfacesOf } from "../ways.ts";
import { crowd } from "./crowd.ts";

/** The picture as elements; throws if it is not well-formed XML. */
function elementsOf(svg: string) {
    const parser = new DOMParser({
        onError: (level, message) => {
            throw new Error(`${level}: ${message}`);
        },
    });
    const document = parser.parseFromString(svg, "image/svg+xml");
    const all = [...document.getElementsByTagName("*")];
    return (name: string, kind: string) =>
        all.filter((one) => one.tagName === name && (one.getAttribute("class") ?? "").split(" ").includes(kind));
}

function pictureOf(state: State, ...analyses: readonly Analysis[]) {
    return elementsOf(svgOf(drawingOf(state, analyses), "label"));
}

/** Titles and rows, with what they do. */
function linesOf(nodes: readonly Node[]): string[] {
    return nodes.flatMap(({ title, rows, children }) => [
        title,
        ...rows.map(({ text, mark }) => (mark === undefined ? text : `${text} [${mark}]`)),
        ...linesOf(children),
    ]);
}

describe("a picture", () => {
    for (const { what, places, ask: text } of cases) {
        it(`of "${what}" has an arrow for each way that arrives, and a cross at each blocker`, () => {
            const state = new State(places);
            const analysis = ask(state, text);
            const find = pictureOf(state, analysis);
            const { forward, back } = analysis;
            const stopped = [forward, back].filter((hops) => hops.some(isBlocker)).length;
            const ways = [forward, back].filter(({ length }) => length > 0).length;
            assert.equal(find("path", "head").length, ways - stopped);
            assert.equal(find("path", "beyond").length, stopped);
            assert.equal(find("path", "cross").length, [...forward, ...back].filter(isBlocker).length);
        });
    }

    it("has both servers where the way between them is not followed", () => {
        const state = new State(pair({ routes: { "10.2.0.0/16": "tgw-1" } }));
        const analysis = ask(state, "client server tcp/80");
        assert.equal(analysis.verdict, "unknown");
        assert.deepEqual(interfacesOf(analysis), ["eni-client", "eni-server"]);
        const lines = linesOf(drawingOf(state, [analysis]).nodes);
        assert.ok(lines.includes("instance client") && lines.includes("instance server"), lines.join("\n"));
        assert.ok(
            lines.some((line) => line.endsWith("tgw-1 [unknown]")),
            lines.join("\n"),
        );
    });

    it("nests accounts, regions, VPCs and subnets, and marks what decided", () => {
        const state = new State(pair());
        const lines = linesOf(drawingOf(state, [ask(state, "client server tcp/80")]).nodes);
        assert.deepEqual(lines, [
            "account 111111111111",
            "region eu-north-1",
            "VPC vpc-one 10.1.0.0/16",
            "subnet 10.1.1.0/24",
            "instance client",
            "10.1.1.10",
            "security group group of one",
            "in  all      0.0.0.0/0",
            "out all      0.0.0.0/0 [passes]",
            "network ACL acl-client",
            "in  100 allow all 0.0.0.0/0 [passes]",
            "out 100 allow all 0.0.0.0/0 [passes]",
            "route table routes of one",
            "10.1.0.0/16    -> local",
            "10.2.0.0/16    -> pcx-1 [passes]",
            "peering connection pcx-1",
            "vpc-one - vpc-two",
            "active [passes]",
            "VPC vpc-two 10.2.0.0/16",
            "route table routes of two",
            "10.2.0.0/16    -> local",
            "10.1.0.0/16    -> pcx-1 [passes]",
            "subnet 10.2.1.0/24",
            "network ACL acl-server",
            "in  100 allow all 0.0.0.0/0 [passes]",
            "out 100 allow all 0.0.0.0/0 [passes]",
            "security group group of two",
            "in  all      0.0.0.0/0 [passes]",
            "out all      0.0.0.0/0",
            "instance server",
            "10.2.1.10",
        ]);
    });

    it("shows what is missing where it is missed", () => {
        const state = new State(
            pair({ routes: {} }, { routes: { "10.1.0.0/16": "pcx-1!" }, ingress: ["tcp/443 10.1.0.0/16"] }, {}),
        );
        const lines = linesOf(drawingOf(state, [ask(state, "client server tcp/80")]).nodes);
        const marked = lines.filter((line) => line.endsWith("[stopped]") || line.includes("connection"));
        assert.deepEqual(marked, [
            "no route to 10.2.1.10 [stopped]",
            "no peering connection",
            "10.1.0.0/16    -> blackhole, pcx-1 [stopped]",
            "lets no TCP 80 in from 10.1.1.10 [stopped]",
        ]);
    });

    it("puts connections between VPCs of two regions or accounts between their frames", () => {
        const there = { region: "eu-west-1" };
        const regions = new State(pair({}, there));
        const accounts = new State(pair({}, { account: "222222222222" }));
        const children = (state: State) => drawingOf(state, [ask(state, "client server")]).nodes;
        assert.deepEqual(
            children(regions).flatMap((one) => one.children.map(({ kind }) => kind)),
            ["region", "connection", "region"],
        );
        assert.deepEqual(
            children(accounts).map(({ kind }) => kind),
            ["account", "connection", "account"],
        );
    });

    it("puts a VPC between the two that it is peered with, and leaves out what is gone", () => {
        const vpc = (own: number): VpcSpec => ({
            block: `10.${own}.0.0/16`,
            subnets: { [`host${own}`]: { block: `10.${own}.1.0/24`, hosts: { [`host${own}`]: `10.${own}.1.10` } } },
        });
        const vpcs = { one: vpc(1), two: vpc(2), three: vpc(3) };
        const connections = {
            "pcx-1": ["one", "two", "active"],
            "pcx-2": ["three", "two", "active"],
            "pcx-3": ["one", "three", "failed"],
            "pcx-4": ["one", "four", "failed"],
            "pcx-5": ["two", "one", "deleted"],
        } as const;
        const state = new State(placesOf(vpcs, connections));
        const lines = linesOf(drawingOf(state, [ask(state, "host2 host1")]).nodes);
        assert.deepEqual(
            lines.filter((line) => line.startsWith("VPC") || line.startsWith("peering connection")),
            [
                "VPC vpc-one 10.1.0.0/16",
                "peering connection pcx-1",
                "peering connection pcx-3",
                "VPC vpc-two 10.2.0.0/16",
                "peering connection pcx-2",
                "VPC vpc-three 10.3.0.0/16",
            ],
        );
    });

    it("draws a ping and an HTTP request that go the same way as one, and others apart", () => {
        const same = new State(pair());
        const other = new State(pair({}, { ingress: ["icmp 0.0.0.0/0"] }));
        const ways = (state: State) =>
            drawingOf(state, [ask(state, "client server icmp"), ask(state, "client server tcp/80")]).ways;
        assert.deepEqual(
            ways(same).map(({ analyses }) => analyses.length),
            [2],
        );
        assert.deepEqual(
            ways(other).map(({ analyses: [{ verdict }] }) => verdict),
            ["reachable", "not reachable"],
        );
    });

    it("says in words what it shows", () => {
        const state = new State(pair({ routes: {} }));
        const analyses = [ask(state, "client server icmp"), ask(state, "client server tcp/80")];
        assert.equal(
            sentenceOf(drawingOf(state, analyses)),
            "VPC vpc-one 10.1.0.0/16 and VPC vpc-two 10.2.0.0/16, with peering connection pcx-1. 1: ping and TCP 80 from client to server: not reachable.",
        );
        assert.equal(sentenceOf({ nodes: [], ways: [] }), "Nothing stands.");
    });

    it("of more than fits says what it leaves out", () => {
        const [moment] = crowd().sections[0]?.moments ?? [];
        assert.ok(moment);
        const { nodes, omitted, ways } = drawingOf(moment.state, moment.analyses);
        const vpcs = linesOf(nodes).filter((line) => line.startsWith("VPC "));
        assert.equal(vpcs.length, limits.vpcs);
        assert.deepEqual(omitted, ["3 more VPCs", "1 more servers in vpc-hub"]);
        assert.ok(linesOf(nodes).some((line) => /^… \d+ more$/.test(line)));
        // So many ways are shown one at a time.
        assert.equal(elementsOf(svgOf({ nodes, ways, omitted }, "label"))("g", "quiet").length, ways.length);
    });
});
