import { spawn } from "node:child_process";
import { own, type Link, type LinkEnd, type Namespace, type Network, type Setting } from "../planned/network.ts";

/** The network that a new sandbox has: nothing. */
export const emptyNetwork: Network = { namespaces: new Map(), links: [] };

/**
 * Makes the kernel's network what `to` says, given that it is what `from` says. Touches only what differs, so that flows
 * elsewhere don't notice. Throws when the kernel refuses something.
 */
export async function apply(from: Network, to: Network): Promise<void> {
    const goneNamespaces = [...from.namespaces.keys()].filter((name) => name !== own && !to.namespaces.has(name));
    const newNamespaces = [...to.namespaces.keys()].filter((name) => name !== own && !from.namespaces.has(name));
    const kept = new Set(to.links.map(keyOf));
    const had = new Set(from.links.map(keyOf));
    const goneLinks = from.links.filter((link) => !kept.has(keyOf(link)));
    const newLinks = to.links.filter((link) => !had.has(keyOf(link)));

    // Each by its name, although a namespace takes its links with it: that takes the kernel a while, and names may be used again.
    const toDelete = byNamespace(goneLinks.map(({ ends: [end] }) => end));
    await Promise.all(
        toDelete.map(([name, ends]) =>
            ip(
                name,
                ends.map(({ dev }) => `link delete ${dev}`),
            ),
        ),
    );
    await ip(own, [
        ...goneNamespaces.map((name) => `netns delete ${name}`),
        ...newNamespaces.map((name) => `netns add ${name}`),
    ]);
    await Promise.all(newNamespaces.map((name) => prepare(name, to.namespaces.get(name)?.router ?? false)));
    await ip(own, newLinks.map(linkCommand));
    const newEnds = newLinks.flatMap(({ ends }) => ends);
    await Promise.all(byNamespace(newEnds).map(([name, ends]) => raise(name, ends)));

    const goneEnds = goneLinks.flatMap(({ ends }) => ends);
    await Promise.all(
        [...to.namespaces].map(async ([name, namespace]) => {
            const before = from.namespaces.get(name);
            const goneDevs = goneEnds.filter((end) => end.namespace === name).map(({ dev }) => dev);
            // The ruleset first, so that no instance can be reached before its rules are there.
            if (namespace.firewall !== (before?.firewall ?? "")) {
                await run("nft", ["-f", "-"], `table ip lab\ndelete table ip lab\n${namespace.firewall}`, name);
            }
            await ip(name, configCommands(before, namespace, goneDevs));
        }),
    );
}

function keyOf(link: Link): string {
    return JSON.stringify(link);
}

function byNamespace(ends: readonly LinkEnd[]): [string, LinkEnd[]][] {
    return [...Map.groupBy(ends, ({ namespace }) => namespace)];
}

function linkCommand({ ends, mtu }: Link): string {
    const [one, other] = ends.map(
        ({ namespace, dev, mac }) =>
            `name ${dev} mtu ${mtu} address ${mac} ${namespace === own ? "" : `netns ${namespace}`}`,
    ) as [string, string];
    return `link add ${one} type veth peer ${other}`;
}

/** Settings that a namespace gets once, before it has interfaces, which then inherit them. */
async function prepare(name: string, router: boolean): Promise<void> {
    await ip(name, ["link set lo up"]);
    if (router) {
        await write(name, [
            "ip_forward 1",
            ...["all", "default"].flatMap((dev) => [`conf/${dev}/rp_filter 0`, `conf/${dev}/send_redirects 0`]),
        ]);
    }
}

/** Brings ends of links up; at those with proxy ARP the router answers for every address that it has a route to. */
async function raise(namespace: string, ends: readonly LinkEnd[]): Promise<void> {
    const proxies = ends.filter(({ proxyArp }) => proxyArp);
    if (proxies.length > 0) {
        const settings = proxies.flatMap(({ dev }) => [`conf/${dev}/proxy_arp 1`, `neigh/${dev}/proxy_delay 0`]);
        await write(namespace, settings);
    }
    const up = ends.map(({ dev }) => `link set ${dev} up`);
    await ip(namespace, up);
}

/** Writes kernel settings of IPv4, each a file and its value. */
async function write(namespace: string, settings: readonly string[]): Promise<void> {
    const script = "while read -r file value; do echo $value > /proc/sys/net/ipv4/$file; done";
    await run("sh", ["-ec", script], `${settings.join("\n")}\n`, namespace);
}

/** What makes a namespace's configuration the wanted one; what went with its interfaces is no longer there. */
function configCommands(before: Namespace | undefined, after: Namespace, goneDevs: readonly string[]): string[] {
    const old = (before?.config ?? []).filter(({ dev }) => dev === undefined || !goneDevs.includes(dev));
    const [has, wants] = [new Set(old.map(textOf)), new Set(after.config.map(textOf))];
    return [
        ...old.filter((setting) => !wants.has(textOf(setting))).map(({ object, args }) => `${object} delete ${args}`),
        ...after.config
            .filter((setting) => !has.has(textOf(setting)))
            .map(({ object, args }) => `${object} add ${args}`),
    ];
}

function textOf({ object, args }: Setting): string {
    return `${object} ${args}`;
}

/** Runs lines of `ip` in a namespace, all of them in one process. */
async function ip(namespace: string, lines: readonly string[]): Promise<void> {
    if (lines.length > 0) {
        await run("ip", [...(namespace === own ? [] : ["-n", namespace]), "-batch", "-"], lines.join("\n"));
    }
}

/** Runs a program in a network namespace, or in the sandbox's own; throws with its input and its error output. */
function run(program: string, args: readonly string[], input: string, namespace?: string): Promise<void> {
    const enter = namespace ? [`--net=/run/netns/${namespace}`, program, ...args] : args;
    return new Promise((resolve, reject) => {
        const child = spawn(namespace ? "nsenter" : program, enter, { stdio: ["pipe", "ignore", "pipe"] });
        let errors = "";
        child.stderr.on("data", (data: Buffer) => (errors += data.toString()));
        child.stdin.on("error", () => undefined);
        child.on("error", reject);
        child.on("close", (code) => {
            if (code === 0) {
                resolve();
            } else {
                reject(
                    new Error(
                        `${program} ${args.join(" ")} in ${namespace ?? "the sandbox"}: ${errors.trim()}\n${input}`,
                    ),
                );
            }
        });
        child.stdin.end(input);
    });
}
