import { createHash } from "node:crypto";
import { internet, type Link, type LinkEnd, type Setting } from "./network.ts";
import type { Instance, Peering, Vpc } from "./state.ts";

/** The link between the sandbox's own end and its internet. */
export const operatorLink: Link = { ends: [end(internet.name, "operator"), end(undefined, internet.name)] };

/** The link from an instance's router to the instance. */
export function instanceLink(instance: Instance): Link {
    const own = { namespace: instance.id, dev: "eth0", mac: instance.mac };
    return { ends: [{ ...end(instance.vpcId, portOf(instance)), proxyArp: true }, own] };
}

/** The link from a VPC's router to the internet, which is there when the VPC has an internet gateway. */
export function gatewayLink(vpc: Vpc): Link {
    return { ends: [end(vpc.id, "igw"), end(internet.name, devOf("v", vpc.id))] };
}

/** The link between two VPCs' routers. */
export function peeringLink({ id, requesterVpcId, accepterVpcId }: Peering): Link {
    return { ends: [end(requesterVpcId, peeringDev(id)), end(accepterVpcId, peeringDev(id))] };
}

/** The router's interface towards an instance. */
export function portOf({ interfaceId }: Instance): string {
    return devOf("e", interfaceId);
}

/** A router's interface towards the peer of a connection. */
export function peeringDev(peeringId: string): string {
    return devOf("p", peeringId);
}

/**
 * The next hop on every link between routers. Nobody has this address: who is meant is said by a permanent neighbor entry,
 * so that it can be the same on all links.
 */
const nextHop = "169.254.0.1";

/** Lets `near` send to the next hop on the link, which is whoever is at its far end. */
export function neighbor({ dev }: LinkEnd, { mac }: LinkEnd): Setting {
    return { object: "neighbor", args: `${nextHop} lladdr ${mac} dev ${dev} nud permanent`, dev };
}

/** A route's way over a link between routers. */
export function via(dev: string): string {
    return `via ${nextHop} dev ${dev} onlink`;
}

function end(namespace: string | undefined, dev: string): LinkEnd {
    return { namespace, dev, mac: macOf(`${namespace ?? ""} ${dev}`) };
}

/** An interface's name, of 15 characters at most, from an id: the kind's letter and the end of the id. */
function devOf(kind: "e" | "p" | "v", id: string): string {
    return kind + id.slice(-12);
}

/** A locally administered MAC address, always the same for the same text. */
function macOf(text: string): string {
    const octets = createHash("sha256").update(text).digest().subarray(0, 5);
    return ["02", ...[...octets].map((octet) => octet.toString(16).padStart(2, "0"))].join(":");
}
