import { spawn } from "node:child_process";
import { own, type Link, type LinkEnd, type Namespace, type Network, type Setting } from "../planned/network.ts";

/** The empty network of a new sandbox. */
export const emptyNetwork: Network = { namespaces: new Map(), links: [] };

/**
 * Changes the kernel's network from `from` to `to`. Changes only the differences, so that other flows are not affected.
 * Throws if the kernel refuses a change.
 */
export async function apply(from: Network, to: Network): Promise<void> {
    const goneNamespaces = [...from.namespaces.keys()].filter((name) => name !== own && !to.namespaces.has(name));
    const newNamespaces = [...to.namespaces.keys()].filter((name) => name !== own && !from.namespaces.has(name));
    const kept = new Set(to.links.map(keyOf));
    const had = new Set(from.links.map(keyOf));
    const goneLinks = from.links.filter((link) => !kept.has(keyOf(link)));
    const newLinks = to.links.filter((link) => !had.has(keyOf(link)));

    // Links are deleted explicitly: the kernel deletes a namespace's links too, but later, and their names may be reused now.
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
            // The ruleset comes first, so that no instance is reachable before its rules apply.
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

/** Brings link ends up. On those with proxy ARP, the router answers for every address that it has a route to. */
async function raise(namespace: string, ends: readonly LinkEnd[]): Promise<void> {
    const proxies = ends.filter(({ proxyArp }) => proxyArp);
    if (proxies.length > 0) {
        const settings = proxies.flatMap(({ dev }) => [`conf/${dev}/proxy_arp 1`, `neigh/${dev}/proxy_delay 0`]);
        await write(namespace, settings);
    }
    const up = ends.map(({ dev }) => `link set ${dev} up`);
    await ip(namespace, up);
}

/** Writes IPv4 kernel settings, each a file and its value. */
async function write(namespace: string, settings: readonly string[]): Promise<void> {
    const script = "while read -r file value; do echo $value > /proc/sys/net/ipv4/$file; done";
    await run("sh", ["-ec", script], `${settings.join("\n")}\n`, namespace);
}

/** The `ip` commands that update a namespace's configuration. Settings of deleted interfaces are already gone. */
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

/** Runs `ip` commands in a namespace, all in one process. */
async function ip(namespace: string, lines: readonly string[]): Promise<void> {
    if (lines.length > 0) {
        await run("ip", [...(namespace === own ? [] : ["-n", namespace]), "-batch", "-"], lines.join("\n"));
    }
}

/** Runs a program in a network namespace, or in the sandbox's own. If it fails, the error includes its input and stderr. */
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
