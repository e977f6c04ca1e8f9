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
    const near = { ...end(vpcId, portDev(interfaceId)), proxyArp: true };
    return { mtu: mtu.region, ends: [near, { namespace: id, dev: "eth0", mac }] };
}

/** The link from a VPC's router to the internet, for a VPC with an internet gateway. */
export function gatewayLink({ id }: Vpc): Link {
    return { mtu: mtu.internet, ends: [end(id, "igw"), end(internet.name, devOf("v", id))] };
}

/** The link between two VPCs' routers. */
export function peeringLink(id: string, one: Vpc, other: Vpc): Link {
    return {
        mtu: one.region === other.region ? mtu.region : mtu.regions,
        ends: [end(one.id, peeringDev(id)), end(other.id, peeringDev(id))],
    };
}

/** The link from a VPC's router to the name servers. */
export function nameServerLink({ id }: Vpc): Link {
    return { mtu: mtu.region, ends: [end(id, "dns"), end(own, devOf("d", id))] };
}

/** Name of the router's interface to an instance's network interface. */
export function portDev(interfaceId: string): string {
    return devOf("e", interfaceId);
}

/** Name of a router's interface to the peer VPC. */
export function peeringDev(peeringId: string): string {
    return devOf("p", peeringId);
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

/** An interface name of at most 15 characters: a letter for the kind and the end of the ID. */
function devOf(kind: "d" | "e" | "p" | "v", id: string): string {
    return kind + id.slice(-12);
}

/** A locally administered MAC address, derived from a text. */
function macOf(text: string): string {
    const octets = createHash("sha256").update(text).digest("hex").slice(0, 10).match(/../g) ?? [];
    return ["02", ...octets].join(":");
}
