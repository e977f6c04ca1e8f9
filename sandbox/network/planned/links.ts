import { createHash } from "node:crypto";
import { internet, own, type Link, type LinkEnd, type Setting } from "./network.ts";
import type { Instance, Peering, Vpc } from "../described/state.ts";

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
export function instanceLink(instance: Instance): Link {
    const far = { namespace: instance.id, dev: "eth0", mac: instance.mac };
    return { mtu: mtu.region, ends: [{ ...end(instance.vpcId, portOf(instance)), proxyArp: true }, far] };
}

/** The link from a VPC's router to the internet, for a VPC with an internet gateway. */
export function gatewayLink(vpc: Vpc): Link {
    return { mtu: mtu.internet, ends: [end(vpc.id, "igw"), end(internet.name, devOf("v", vpc.id))] };
}

/** The link between two VPCs' routers. */
export function peeringLink({ id, requesterVpcId, accepterVpcId }: Peering, vpcs: readonly Vpc[]): Link {
    const [one, other] = [requesterVpcId, accepterVpcId].map((end) => vpcs.find((vpc) => vpc.id === end)?.region);
    return {
        mtu: one === other ? mtu.region : mtu.regions,
        ends: [end(requesterVpcId, peeringDev(id)), end(accepterVpcId, peeringDev(id))],
    };
}

/** The link from a VPC's router to the name servers. */
export function nameServerLink({ id }: Vpc): Link {
    return { mtu: mtu.region, ends: [end(id, "dns"), end(own, devOf("d", id))] };
}

/** Name of the router's interface to an instance. */
export function portOf({ interfaceId }: Instance): string {
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

/** The neighbor entry that maps the next hop on `near` to the far end of the link. */
export function neighbor({ dev }: LinkEnd, { mac }: LinkEnd): Setting {
    return { object: "neighbor", args: `${nextHop} lladdr ${mac} dev ${dev} nud permanent`, dev };
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
    const octets = createHash("sha256").update(text).digest().subarray(0, 5);
    return ["02", ...[...octets].map((octet) => octet.toString(16).padStart(2, "0"))].join(":");
}
