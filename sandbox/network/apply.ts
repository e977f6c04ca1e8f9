import { spawn } from "node:child_process";
import { internet, type Link, type LinkEnd, type Namespace, type Network, type Setting } from "./network.ts";

/** The network of nothing, as a new sandbox has it. */
export const emptyNetwork: Network = { namespaces: new Map(), links: [] };

/**
 * Makes the kernel's network what `to` says, given that it is what `from` says. Touches only what differs, so that flows
 * elsewhere don't notice. Throws when the kernel refuses something.
 */
export async function apply(from: Network, to: Network): Promise<void> {
    const goneNamespaces = [...from.namespaces.keys()].filter((name) => !to.namespaces.has(name));
    const newNamespaces = [...to.namespaces.keys()].filter((name) => !from.namespaces.has(name));
    const kept = new Set(to.links.map(keyOf));
    const had = new Set(from.links.map(keyOf));
    const goneLinks = from.links.filter((link) => !kept.has(keyOf(link)));
    const newLinks = to.links.filter((link) => !had.has(keyOf(link)));

    // Removing one end removes the other, so a link whose namespace goes needs nothing more.
    const toDelete = goneLinks.filter(
        ({ ends }) => !ends.some(({ namespace }) => goneNamespaces.includes(namespace ?? "")),
    );
    await ip(undefined, [
        ...goneNamespaces.map((name) => `netns delete ${name}`),
        ...newNamespaces.map((name) => `netns add ${name}`),
    ]);
    await Promise.all(toDelete.map(({ ends: [end] }) => ip(end.namespace, [`link delete ${end.dev}`])));
    await Promise.all(newNamespaces.map((name) => prepare(name, to.namespaces.get(name)?.router ?? false)));
    await ip(undefined, newLinks.map(linkCommand));
    const newEnds = newLinks.flatMap(({ ends }) => ends);
    await Promise.all([...Map.groupBy(newEnds, ({ namespace }) => namespace)].map(([name, ends]) => raise(name, ends)));
    if (newEnds.some(({ namespace }) => namespace === undefined)) {
        await ip(undefined, operatorCommands);
    }

    const goneEnds = goneLinks.flatMap(({ ends }) => ends);
    await Promise.all(
        [...to.namespaces].map(async ([name, namespace]) => {
            const before = from.namespaces.get(name);
            const goneDevs = goneEnds.filter((end) => end.namespace === name).map(({ dev }) => dev);
            // What lets packets pass comes last, what stops them first.
            await ip(name, configCommands(before, namespace, goneDevs));
            if (namespace.firewall !== (before?.firewall ?? "")) {
                await run("nft", ["-f", "-"], `table ip lab\ndelete table ip lab\n${namespace.firewall}`, name);
            }
        }),
    );
}

function keyOf(link: Link): string {
    return JSON.stringify(link);
}

function linkCommand({ ends }: Link): string {
    const [one, other] = ends.map(
        ({ namespace, dev, mac }) => `name ${dev} address ${mac} ${namespace ? `netns ${namespace}` : ""}`,
    ) as [string, string];
    return `link add ${one} type veth peer ${other}`;
}

/** The sandbox's own end of the internet: everything that is not at home is out there. */
const operatorCommands = [
    `address add ${internet.operator}/${internet.prefix} dev ${internet.name}`,
    `route add default via ${internet.address}`,
];

const ipv4 = "/proc/sys/net/ipv4";

/** Settings that a namespace gets once, before it has interfaces, which then inherit them. */
async function prepare(name: string, router: boolean): Promise<void> {
    await ip(name, ["link set lo up"]);
    if (router) {
        const settings = {
            [`${ipv4}/ip_forward`]: 1,
            [`${ipv4}/conf/all/rp_filter`]: 0,
            [`${ipv4}/conf/default/rp_filter`]: 0,
            [`${ipv4}/conf/all/send_redirects`]: 0,
            [`${ipv4}/conf/default/send_redirects`]: 0,
        };
        await write(name, settings);
    }
}

/** Brings ends of links up; at those with proxy ARP the router answers for everybody that it knows the way to. */
async function raise(namespace: string | undefined, ends: readonly LinkEnd[]): Promise<void> {
    const settings = ends.flatMap(({ dev, proxyArp }) =>
        proxyArp ? [`${ipv4}/conf/${dev}/proxy_arp 1`, `${ipv4}/neigh/${dev}/proxy_delay 0`] : [],
    );
    if (settings.length > 0) {
        await write(
            namespace,
            Object.fromEntries(settings.map((setting) => setting.split(" "))) as Record<string, string>,
        );
    }
    await ip(
        namespace,
        ends.map(({ dev }) => `link set ${dev} up`),
    );
}

async function write(
    namespace: string | undefined,
    settings: Readonly<Record<string, number | string>>,
): Promise<void> {
    const script = Object.entries(settings).map(([file, value]) => `echo ${value} > ${file}`);
    await run("sh", ["-ec", script.join("\n")], "", namespace);
}

function configCommands(before: Namespace | undefined, after: Namespace, goneDevs: readonly string[]): string[] {
    const textOf = ({ object, args }: Setting): string => `${object} ${args}`;
    const now = (before?.config ?? []).filter(({ dev }) => dev === undefined || !goneDevs.includes(dev));
    const [old, wanted] = [now, after.config].map((config) => new Set(config.map(textOf))) as [
        Set<string>,
        Set<string>,
    ];
    const command = (text: string, verb: "add" | "delete"): string => text.replace(" ", ` ${verb} `);
    return [
        ...[...old].filter((text) => !wanted.has(text)).map((text) => command(text, "delete")),
        ...[...wanted].filter((text) => !old.has(text)).map((text) => command(text, "add")),
    ];
}

/** Runs lines of `ip` in a namespace, all of them in one process. */
async function ip(namespace: string | undefined, lines: readonly string[]): Promise<void> {
    if (lines.length > 0) {
        await run("ip", [...(namespace ? ["-n", namespace] : []), "-batch", "-"], lines.join("\n"));
    }
}

/** Runs a program in a network namespace, or in the sandbox's own; throws with its input and what it complained of. */
function run(program: string, args: readonly string[], input: string, namespace?: string): Promise<void> {
    const enter = namespace ? [`--net=/run/netns/${namespace}`, program, ...args] : args;
    return new Promise((resolve, reject) => {
        const child = spawn(namespace ? "nsenter" : program, enter, { stdio: ["pipe", "ignore", "pipe"] });
        let complaint = "";
        child.stderr.on("data", (data: Buffer) => (complaint += data.toString()));
        child.stdin.on("error", () => undefined);
        child.on("error", reject);
        child.on("close", (code) => {
            if (code === 0) {
                resolve();
            } else {
                reject(
                    new Error(
                        `${program} ${args.join(" ")} in ${namespace ?? "the sandbox"}: ${complaint.trim()}\n${input}`,
                    ),
                );
            }
        });
        child.stdin.end(input);
    });
}
