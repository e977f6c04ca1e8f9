import { createHash } from "node:crypto";
import type { Instance, Vpc } from "../described/state.ts";
import { internet, own, type Link, type LinkEnd, type Setting } from "./network.ts";

/**
 * MTUs in bytes: within a region, between regions, and to the internet.
 * Source: Amazon EC2 User Guide, "Network maximum transmission unit (MTU) for your EC2 instance".
 */
const mtu = { region: 9001, regions: 8500, internet: 1500 } as const;

/** The link between the sandbox's own namespace and its internet. */
export const operatorLink: Link = {
    mtu: mtu.internet,
    ends: [end(internet.name, "operator"), end(own, internet.name)],
};

/** The link from a VPC's router to an instance. */
export function instanceLink({ id, vpcId, interfaceId, mac }: Instance): Link {
    const near = { ...end(vpcId, devOf("e", interfaceId)), proxyArp: true };
    return { mtu: mtu.region, ends: [near, { namespace: id, dev: "eth0", mac }] };
}

/** The link from a VPC's router to the internet, for a VPC with an internet gateway. */
export function gatewayLink({ id }: Vpc): Link {
    return { mtu: mtu.internet, ends: [end(id, "igw"), end(internet.name, devOf("v", id))] };
}

/** The link between two VPCs' routers. */
export function peeringLink(id: string, one: Vpc, other: Vpc): Link {
    const dev = devOf("p", id);
    return {
        mtu: one.region === other.region ? mtu.region : mtu.regions,
        ends: [end(one.id, dev), end(other.id, dev)],
    };
}

/** The link from a VPC's router to the name servers. */
export function nameServerLink({ id }: Vpc): Link {
    return { mtu: mtu.region, ends: [end(id, "dns"), end(own, devOf("d", id))] };
}

/**
 * An interface name of at most 15 characters: the end of an ID after a letter for the kind of interface. A router has those to
 * network interfaces (e) and to peers (p); VPCs have one in the internet (v) and one at the name servers (d).
 */
export function devOf(kind: "d" | "e" | "p" | "v", id: string): string {
    return kind + id.slice(-12);
}

/**
 * The next hop on all links between routers. No interface has this address: on each link, a permanent neighbor entry maps
 * it to the MAC address of the far end.
 */
const nextHop = "169.254.0.1";

/** The neighbor entries of a namespace for the next hops on its links to other routers. */
export function neighborsIn(namespace: string, links: readonly Link[]): Setting[] {
    return links
        .flatMap(({ ends: [one, other] }) => [
            { near: one, far: other },
            { near: other, far: one },
        ])
        .filter(({ near }) => near.namespace === namespace)
        .map(({ near, far }) => `neighbor ${nextHop} lladdr ${far.mac} dev ${near.dev} nud permanent` as const);
}

/** The next hop part of a route over a link between routers. */
export function via(dev: string): string {
    return `via ${nextHop} dev ${dev} onlink`;
}

function end(namespace: string, dev: string): LinkEnd {
    return { namespace, dev, mac: macOf(`${namespace} ${dev}`) };
}

/** A locally administered MAC address, derived from a text. */
function macOf(text: string): string {
    const octets = createHash("sha256").update(text).digest("hex").slice(0, 10).match(/../g) ?? [];
    return ["02", ...octets].join(":");
}
