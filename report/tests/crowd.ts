import { analyze } from "../../reachability/analysis.ts";
import { State } from "../../reachability/state.ts";
import { placesOf, type VpcSpec } from "../../reachability/tests/build.ts";
import type { Report } from "../page.ts";

/**
 * More than a picture can show: a hub with eight peers in three regions and two accounts, long names, long lists of rules, and
 * text that could be taken for HTML.
 */
export function crowd(): Report {
    const peers = Array.from({ length: 8 }, (_, index) => index + 1);
    const spoke = (index: number): VpcSpec => ({
        block: `10.${index}.0.0/16`,
        ...(index % 3 === 0 && { region: "eu-west-1" }),
        ...(index % 4 === 0 && { account: "222222222222" }),
        routes: { "10.100.0.0/16": `pcx-${index}`, "pl-0123456789abcdef0": "nat-0123456789abcdef0" },
        internet: true,
        ingress: Array.from(
            { length: 30 },
            (_, port) => `tcp/${8000 + port}-${9000 + port} 10.${index}.${port}.128/25`,
        ),
        subnets: {
            [`subnet-of-${index}`]: {
                block: `10.${index}.1.0/24`,
                hosts: { [`<b>server ${index} & its rather long name, which no box can hold`]: `10.${index}.1.10` },
                acl: [
                    "in 90 deny tcp/1024-65535 10.100.200.128/25",
                    "in 100 allow all 0.0.0.0/0",
                    "out 100 allow all 0.0.0.0/0",
                ],
            },
        },
    });
    const hosts = Object.fromEntries(peers.map((index) => [`hub ${index}`, `10.100.1.${index + 9}`]));
    const hub: VpcSpec = {
        block: "10.100.0.0/16",
        more: { "100.64.0.0/16": "associated", "100.65.0.0/16": "associated", "100.66.0.0/16": "associated" },
        routes: Object.fromEntries(peers.map((index) => [`10.${index}.0.0/16`, `pcx-${index}`])),
        subnets: {
            hub: {
                block: "10.100.1.0/24",
                hosts: { ...hosts, "hub 9": { address: "10.100.1.200", publicIp: "203.0.113.200" } },
            },
        },
    };
    const state = new State(
        placesOf(
            { hub, ...Object.fromEntries(peers.map((index) => [`spoke-${index}`, spoke(index)])) },
            Object.fromEntries(peers.map((index) => [`pcx-${index}`, ["hub", `spoke-${index}`, "active"] as const])),
        ),
    );
    const addresses = ["10.100.1.10", "10.100.1.200", "10.1.1.10", "10.2.1.10", "10.3.1.10", "10.4.1.10"];
    const analyses = addresses.flatMap((from) =>
        addresses.filter((to) => to !== from).map((to) => analyze(state, { from, to, protocol: "tcp", port: 80 })),
    );
    const outside = analyze(state, { from: "10.100.1.200", to: "198.51.100.7", protocol: "icmp" });
    return {
        title: "A crowd & <more>",
        summary: "More than a picture can show.",
        sections: [
            { title: "everyone to everyone", text: "", moments: [{ title: "all", state, analyses }], checks: [] },
            { title: "to the internet", text: "", moments: [{ title: "one", state, analyses: [outside] }], checks: [] },
            {
                title: "failed",
                text: "",
                moments: [{ title: "nothing", state: new State([]), analyses: [] }],
                checks: [{ what: "a check", expected: "</li>", seen: "<script>alert(1)</script>", why: "\"&'" }],
                error: "<b>an error</b>",
            },
        ],
    };
}
