import { run } from "../cache/process.ts";
import type { Verdict } from "./report.ts";

/** A VPC of a pair and its server, as the program's outputs give them; the block as EC2 does. */
export interface Side {
    readonly label: string;
    readonly cidrBlock: string;
    readonly region: string;
    readonly vpcId: string;
    readonly serverId: string;
    readonly privateIp: string;
    readonly publicIp: string;
    readonly publicDns: string;
    readonly routeTableId: string;
    readonly securityGroupId: string;
}

/** The requester's and the accepter's side. */
export type Pair = readonly [Side, Side];

/** What comes back of a ping and of a request for a page. */
export interface Answers {
    readonly ping: "reply" | "none";
    readonly http: "page" | "none";
}

/** All that was asked for comes back. */
export const reachable: Answers = { ping: "reply", http: "page" };

/** Nothing comes back. */
export const isolated: Answers = { ping: "none", http: "none" };

/** Runs a command in a shell on a side's server, and gives what it printed. */
export async function onServer({ publicIp }: Pick<Side, "publicIp">, command: string): Promise<string> {
    return (await run("ssh", ["-o", "ConnectTimeout=10", publicIp, command])).trim();
}

/** Whether a ping is answered within a second; `size` is that of the whole packet in bytes, which may not be fragmented. */
export async function ping(from: Side, address: string, size?: number): Promise<Answers["ping"]> {
    // The IP header has 20 bytes, the ICMP header 8.
    const whole = size === undefined ? "" : `-M do -s ${size - 28} `;
    const seen = await onServer(from, `ping -c 1 -W 1 ${whole}${address} > /dev/null 2>&1 && echo reply || echo none`);
    return seen === "reply" ? "reply" : "none";
}

/** Asks another side's server by private address, and compares what comes back. */
export async function verdictsOf(from: Side, to: Side, expected: Answers): Promise<Verdict[]> {
    const get = `curl -s --noproxy '*' --max-time 1 http://${to.privateIp}/`;
    const [icmp, page] = await Promise.all([ping(from, to.privateIp), onServer(from, `${get} || true`)]);
    const http = page === "" ? "none" : page.includes(`${to.label} Web Server`) ? "page" : "another page";
    const way = `${from.label} -> ${to.label}`;
    return [
        { what: `${way} ping`, expected: expected.ping, seen: icmp },
        { what: `${way} HTTP`, expected: expected.http, seen: http },
    ];
}

/** Asks both ways; `back` is what comes of the accepter's questions, by default the same. */
export async function bothWays([one, other]: Pair, there: Answers, back = there): Promise<Verdict[]> {
    return (await Promise.all([verdictsOf(one, other, there), verdictsOf(other, one, back)])).flat();
}

/** Whether a side's ping gets to the other's server, answered or not: that one's kernel counts the requests (InEchos). */
export async function arrivalVerdict(from: Side, to: Side, expected: "arrives" | "does not arrive"): Promise<Verdict> {
    const column = `awk '$1 == "Icmp:" { if (n) print $n; for (i = 2; i <= NF; i++) if ($i == "InEchos") n = i }'`;
    const count = async (): Promise<number> => Number(await onServer(to, `${column} /proc/net/snmp`));
    const before = await count();
    await ping(from, to.privateIp);
    const seen = (await count()) > before ? "arrives" : "does not arrive";
    return { what: `${from.label}'s ping at ${to.label}'s server`, expected, seen };
}

/** The largest packet that gets through: one of `size` bytes does, one with a byte more does not. */
export async function sizeVerdicts([from, to]: Pair, size: number): Promise<Verdict[]> {
    const [fits, tooLarge] = await Promise.all([ping(from, to.privateIp, size), ping(from, to.privateIp, size + 1)]);
    return [
        { what: `a packet of ${size} bytes`, expected: "reply", seen: fits },
        { what: `a packet of ${size + 1} bytes`, expected: "none", seen: tooLarge },
    ];
}

/** What each side is given for the other's public DNS name: its `private` or its `public` address, or what else it was. */
export async function nameVerdicts(pair: Pair, expected: "private" | "public", when?: string): Promise<Verdict[]> {
    const [one, other] = pair;
    const ask = async (from: Side, to: Side): Promise<Verdict> => {
        const found = await onServer(from, `getent ahostsv4 ${to.publicDns} | awk '{ print $1; exit }'`);
        const seen = { [to.privateIp]: "private", [to.publicIp]: "public", "": "nothing" }[found] ?? found;
        return { what: `${when === undefined ? "" : `${when}, `}${to.label}'s name in ${from.label}`, expected, seen };
    };
    return Promise.all([ask(one, other), ask(other, one)]);
}
