import { run } from "../cache/process.ts";
import type { Verdict } from "./report.ts";
import type { Why } from "./why.ts";

/** One VPC and its server, from the program's outputs; the CIDR block comes from EC2. */
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
    /** What the reachability analysis says of an HTTP request to another side's server; `when` that is, for people. */
    readonly why: (to: Side, when?: string) => Promise<Why>;
}

/** The requester's and the accepter's side. */
export type Pair = readonly [Side, Side];

/** The results of a ping and of an HTTP request. */
export interface Answers {
    readonly ping: "reply" | "none";
    readonly http: "page" | "none";
    /** What has to stop the HTTP request according to the reachability analysis, and nothing else; see {@link Why}. */
    readonly stoppedBy: string;
}

/** What came of a ping and of an HTTP request. */
export interface Seen extends Pick<Answers, "ping"> {
    readonly http: Answers["http"] | "another page";
}

/** Both requests are answered. */
export const reachable: Answers = { ping: "reply", http: "page", stoppedBy: "nothing" };

/** Neither request is answered. */
export function isolated(...stoppedBy: readonly string[]): Answers {
    return { ping: "none", http: "none", stoppedBy: stoppedBy.join(", ") };
}

/** A server that commands can run on. */
export type Server = Pick<Side, "label" | "publicIp">;

/** Runs a shell command on a server and returns its output; waits some seconds for a server that is still booting. */
async function onServer({ publicIp }: Server, command: string): Promise<string> {
    return (await run("ssh", ["-o", "ConnectTimeout=10", "-o", "ConnectionAttempts=10", publicIp, command])).trim();
}

/** Whether a ping is answered within a second. `size` is the whole packet's size in bytes; such a packet is not fragmented. */
export async function ping(from: Server, address: string, size?: number): Promise<Answers["ping"]> {
    // The IP header has 20 bytes, the ICMP header 8.
    const whole = size === undefined ? "" : `-M do -s ${size - 28} `;
    const seen = await onServer(from, `ping -c 1 -W 1 ${whole}${address} > /dev/null 2>&1 && echo reply || echo none`);
    return seen === "reply" ? "reply" : "none";
}

/** The page that an HTTP request to a port gets within a second; an empty text if it gets none. */
export async function http(from: Server, address: string, port = 80): Promise<string> {
    return onServer(from, `curl -s --noproxy '*' --max-time 1 http://${address}:${port}/ || true`);
}

/** Pings the other side's server and requests its page, both by private address. */
export async function answersOf(from: Side, to: Side): Promise<Seen> {
    const [icmp, page] = await Promise.all([ping(from, to.privateIp), http(from, to.privateIp)]);
    const seen = page === "" ? "none" : page.includes(`${to.label} Web Server`) ? "page" : "another page";
    return { ping: icmp, http: seen };
}

/** Compares the answers of the other side's server with the expected ones. */
export async function oneWay(from: Side, to: Side, expected: Answers, when?: string): Promise<Verdict[]> {
    const [seen, why] = await Promise.all([answersOf(from, to), from.why(to, when)]);
    const way = `${when === undefined ? "" : `${when}, `}${from.label} -> ${to.label}`;
    return [
        { what: `${way} ping`, expected: expected.ping, seen: seen.ping },
        { what: `${way} HTTP`, expected: expected.http, seen: seen.http },
        { what: `${way} HTTP is stopped by`, expected: expected.stoppedBy, seen: why.stoppedBy, why: why.text },
    ];
}

/** Tests both directions; `back` is what the accepter's requests should get, by default the same as `there`. */
export async function bothWays([one, other]: Pair, there: Answers, back = there, when?: string): Promise<Verdict[]> {
    return (await Promise.all([oneWay(one, other, there, when), oneWay(other, one, back, when)])).flat();
}

/** Whether a ping arrives at the other side's server, answered or not: the kernel there counts echo requests (InEchos). */
export async function arrivalVerdict(
    from: Server,
    to: Side,
    expected: "arrives" | "does not arrive",
): Promise<Verdict> {
    const column = `awk '$1 == "Icmp:" { if (n) print $n; for (i = 2; i <= NF; i++) if ($i == "InEchos") n = i }'`;
    const count = async (): Promise<number> => Number(await onServer(to, `${column} /proc/net/snmp`));
    const before = await count();
    await ping(from, to.privateIp);
    const seen = (await count()) > before ? "arrives" : "does not arrive";
    return { what: `${from.label}'s ping at ${to.label}'s server`, expected, seen };
}

/** Whether the path MTU is `size`: a packet of that many bytes passes, one byte more does not. */
export async function sizeVerdicts([from, to]: Pair, size: number): Promise<Verdict[]> {
    const [fits, tooLarge] = await Promise.all([ping(from, to.privateIp, size), ping(from, to.privateIp, size + 1)]);
    return [
        { what: `a packet of ${size} bytes`, expected: "reply", seen: fits },
        { what: `a packet of ${size + 1} bytes`, expected: "none", seen: tooLarge },
    ];
}

/** Which address each side resolves the other's public DNS name to: `private`, `public`, or the address itself. */
export async function nameVerdicts(pair: Pair, expected: "private" | "public", when?: string): Promise<Verdict[]> {
    const [one, other] = pair;
    const ask = async (from: Side, to: Side): Promise<Verdict> => {
        const found = await onServer(from, `getent ahostsv4 ${to.publicDns} | awk '{ print $1; exit }'`);
        const seen = { [to.privateIp]: "private", [to.publicIp]: "public", "": "nothing" }[found] ?? found;
        return { what: `${when === undefined ? "" : `${when}, `}${to.label}'s name in ${from.label}`, expected, seen };
    };
    return Promise.all([ask(one, other), ask(other, one)]);
}
