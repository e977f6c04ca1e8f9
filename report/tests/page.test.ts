import assert from "node:assert/strict";
import { analyze } from "../../reachability/analysis.ts";
import { State } from "../../reachability/state.ts";
import { pair } from "../../reachability/tests/cases.ts";
import { describedOf, differenceOf } from "../described.ts";
import { pageOf, type Moment } from "../page.ts";
import { crowd } from "./crowd.ts";

function moment(title: string, ...places: Parameters<typeof pair>): Moment {
    const state = new State(pair(...places));
    const question = { from: "client", to: "server", protocol: "tcp", port: 80 } as const;
    return { title, state, analyses: [analyze(state, question)] };
}

describe("a page", () => {
    const page = pageOf({
        title: "Two acts",
        summary: "1 passed, 1 failed",
        sections: [
            {
                title: "apart",
                text: "nothing passes",
                source: "a page of AWS's",
                moments: [moment("before", {}, {}, {}), moment("after")],
                checks: [
                    { what: "ping", expected: "none", seen: "none", why: "no route" },
                    { what: "HTTP", expected: "none", seen: "page" },
                ],
            },
            { title: "broken", text: "", moments: [], checks: [], error: "\u001B[31mit failed\u001B[0m" },
        ],
    });

    it("has verdicts, what was expected and seen, why, and what to do", () => {
        assert.match(page, /<span class="ok">ok<\/span> ping: <strong>none<\/strong><p>no route<\/p>/);
        assert.match(page, /<span class="failed">failed<\/span> HTTP: <strong>page, expected none<\/strong>/);
        assert.match(page, /client to server, TCP 80: not reachable/);
        assert.match(page, /create-vpc-peering-connection/);
        assert.match(page, /<pre class="failed">it failed<\/pre>/);
    });

    it("links to its sections, with what they came to", () => {
        assert.match(page, /<a href="#s0">apart<\/a> <span class="failed">/);
        assert.match(page, /<a href="#s1">broken<\/a> <span class="failed">/);
        assert.match(page, /<section id="s1">/);
    });

    it("has each picture's sentence where the picture says that it is", () => {
        const labels = [...page.matchAll(/aria-labelledby="(\w+)"/g)].map(([, id]) => id);
        assert.deepEqual(labels, ["s0m0", "s0m1"]);
        assert.ok(labels.every((id) => page.includes(`<figcaption id="${id}">VPC vpc-one`)));
    });

    it("shows text that looks like HTML as text", () => {
        const text = pageOf(crowd());
        assert.doesNotMatch(text, /<b>|<script>alert/);
        assert.match(text, /&lt;script&gt;alert\(1\)&lt;\/script&gt;, expected &lt;\/li&gt;/);
        assert.match(text, /There is no VPC\./);
    });
});

describe("what AWS describes", () => {
    const vpcIds = ["vpc-one", "vpc-two"];

    it("is what belongs to the VPCs, by kind and ID", () => {
        const { state } = moment("");
        const described = describedOf(state, ["vpc-one"]);
        assert.deepEqual(
            Object.entries(described).map(([kind, items]) => [kind, Object.keys(items)]),
            [
                ["Vpcs", ["vpc-one"]],
                ["Subnets", ["subnet-client"]],
                ["RouteTables", ["rtb-one"]],
                ["NetworkAcls", ["acl-client"]],
                ["SecurityGroups", ["sg-one"]],
                ["NetworkInterfaces", ["eni-client"]],
                ["VpcPeeringConnections", ["pcx-1"]],
            ],
        );
    });

    it("lists only what is new or gone since the moment before", () => {
        const before = describedOf(moment("", { routes: {} }, {}, {}).state, vpcIds);
        const after = describedOf(moment("").state, vpcIds);
        const change = differenceOf(before, after);
        assert.deepEqual(
            Object.entries(change).map(([kind, items]) => [kind, Object.keys(items)]),
            [
                ["RouteTables", ["rtb-one"]],
                ["VpcPeeringConnections", ["pcx-1"]],
            ],
        );
        assert.deepEqual(differenceOf(after, before)["VpcPeeringConnections"], { "pcx-1": null });
        assert.deepEqual(differenceOf(after, after), {});
    });
});
