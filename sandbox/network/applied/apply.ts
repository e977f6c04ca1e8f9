import { readdir } from "node:fs/promises";
import { messageOf, run } from "../../cache/process.ts";
import { own, type Link, type LinkEnd, type Network, type Setting } from "../planned/network.ts";

/** The empty network of a new sandbox. */
export const emptyNetwork: Network = { namespaces: new Map(), links: [] };

/** Names of this network's namespaces; the user may have others. */
const names = /^(inet$|vpc-|i-)/;

/**
 * Empties the kernel's network, whatever has become of it, and returns what is left: namespaces remain, because the
 * servers' processes are in them.
 */
export async function empty(): Promise<Network> {
    const left = (await readdir("/run/netns")).filter((name) => names.test(name));
    await all([own, ...left].map(emptyNamespace));
    return { namespaces: new Map(left.map((name) => [name, { config: [] }])), links: [] };
}

async function emptyNamespace(name: string): Promise<void> {
    const links = "ip -o link show type veth | sed 's/^[0-9]*: //; s/[@:].*//'";
    const script = [
        "nft -f -",
        // A link goes with either end, so its other end's script may have deleted it first.
        `for dev in $(${links}); do ip link delete "$dev" 2> /dev/null || true; done`,
        // Settings that belong to no link.
        "ip route flush table all type blackhole",
        "ip address flush dev lo scope global",
        "ip rule flush",
        "ip rule add pref 32766 lookup main",
        "ip rule add pref 32767 lookup default",
    ];
    await execute(name, "sh", ["-ec", script.join("\n")], noFirewall);
}

/** Waits for all promises, then throws the first error: what follows a failure must not run beside what has not ended. */
async function all(promises: readonly Promise<unknown>[]): Promise<void> {
    const failed = (await Promise.allSettled(promises)).find((end) => end.status === "rejected");
    if (failed) {
        throw failed.reason;
    }
}

/** Commands that delete the ruleset, whether there is one or not. */
const noFirewall = "table ip lab\ndelete table ip lab\n";

/**
 * Changes the kernel's network from `from` to `to`. Changes only the differences, so that other flows are not affected.
 * Throws if the kernel refuses a change.
 */
export async function apply(from: Network, to: Network): Promise<void> {
    const newNamespaces = without(namesIn(to), namesIn(from));
    const goneLinks = without(from.links, to.links);
    const newLinks = without(to.links, from.links);

    // Links are deleted explicitly: the kernel deletes a namespace's links too, but later, and their names may be reused now.
    const deletions = Map.groupBy(goneLinks, ({ ends: [{ namespace }] }) => namespace);
    await all(
        [...deletions].map(([name, links]) => {
            const commands = links.map(({ ends: [{ dev }] }) => `link delete ${dev}`);
            return ip(name, commands);
        }),
    );
    await ip(own, [
        ...without(namesIn(from), namesIn(to)).map((name) => `netns delete ${name}`),
        ...newNamespaces.map((name) => `netns add ${name}`),
    ]);
    await all(
        [...to.namespaces]
            .filter(([name, { router = false }]) => {
                const before = from.namespaces.get(name);
                return name !== own && (!before || router !== (before.router ?? false));
            })
            .map(([name, { router = false }]) => prepare(name, router)),
    );
    await ip(own, newLinks.map(linkCommand));

    await all(
        [...to.namespaces].map(async ([name, { firewall, config }]) => {
            const before = from.namespaces.get(name);
            const goneDevs = endsIn(name, goneLinks).map(({ dev }) => dev);
            const kept = (before?.config ?? []).filter((setting) => !goneDevs.includes(devOf(setting)));
            const ends = endsIn(name, newLinks);
            // The ruleset comes first, so that no instance is reachable before its rules apply.
            if (firewall !== before?.firewall) {
                await execute(name, "nft", ["-f", "-"], `${noFirewall}${firewall ?? ""}`);
            }
            await write(
                name,
                // With proxy ARP, the router answers for every address that it has a route to.
                ends.flatMap(({ dev, proxyArp }) =>
                    proxyArp ? [`conf/${dev}/proxy_arp 1`, `neigh/${dev}/proxy_delay 0`] : [],
                ),
            );
            await ip(name, [
                ...ends.map(({ dev }) => `link set ${dev} up`),
                ...without(kept, config).map((setting) => setting.replace(" ", " delete ")),
                ...without(config, kept).map((setting) => setting.replace(" ", " add ")),
            ]);
        }),
    );
}

/** The items that are not among the others. */
function without<T>(items: readonly T[], others: readonly T[]): T[] {
    const texts = new Set(others.map((other) => JSON.stringify(other)));
    return items.filter((item) => !texts.has(JSON.stringify(item)));
}

function namesIn({ namespaces }: Network): string[] {
    return [...namespaces.keys()].filter((name) => name !== own);
}

function endsIn(name: string, links: readonly Link[]): LinkEnd[] {
    return links.flatMap(({ ends }) => ends).filter(({ namespace }) => namespace === name);
}

/** The interface whose deletion also deletes a setting; empty if there is none. */
function devOf(setting: Setting): string {
    return / dev (\S+)/.exec(setting)?.[1] ?? "";
}

function linkCommand({ ends, mtu }: Link): string {
    const [one, other] = ends.map(
        ({ namespace, dev, mac }) =>
            `name ${dev} mtu ${mtu} address ${mac} ${namespace === own ? "" : `netns ${namespace}`}`,
    ) as [string, string];
    return `link add ${one} type veth peer ${other}`;
}

/** Sets up a new namespace before it has interfaces, because interfaces inherit its settings. */
async function prepare(name: string, router: boolean): Promise<void> {
    await ip(name, ["link set lo up"]);
    if (router) {
        await write(name, [
            "ip_forward 1",
            ...["all", "default"].flatMap((dev) => [`conf/${dev}/rp_filter 0`, `conf/${dev}/send_redirects 0`]),
        ]);
    }
}

/** Writes IPv4 kernel settings of a namespace, each a file and its value. */
async function write(namespace: string, settings: readonly string[]): Promise<void> {
    if (settings.length > 0) {
        const script = "while read -r file value; do echo $value > /proc/sys/net/ipv4/$file; done";
        await execute(namespace, "sh", ["-ec", script], `${settings.join("\n")}\n`);
    }
}

/** Runs `ip` commands in a namespace, all in one process. */
async function ip(namespace: string, commands: readonly string[]): Promise<void> {
    if (commands.length > 0) {
        await execute(namespace, "ip", ["-batch", "-"], commands.join("\n"));
    }
}

/** Runs a program in a network namespace. If it fails, the error also has its input. */
async function execute(namespace: string, program: string, args: readonly string[], input: string): Promise<void> {
    const enter = namespace === own ? [] : ["nsenter", `--net=/run/netns/${namespace}`];
    await run("env", [...enter, program, ...args], { input }).catch((error: unknown) => {
        throw new Error(`${messageOf(error)}\n${input}`);
    });
}
