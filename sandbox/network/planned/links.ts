import { createHash } from "node:crypto";
import { internet, own, type Link, type LinkEnd, type Setting } from "./network.ts";
import type { Instance, Peering, Vpc } from "../described/state.ts";

/**
 * The largest packets that get through, in bytes: within a region, between regions, and to the internet.
 * Source: Amazon EC2 User Guide, "Network maximum transmission unit (MTU) for your EC2 instance".
 */
const mtu = { region: 9001, regions: 8500, internet: 1500 } as const;

/** The link between the sandbox's own end and its internet. */
export const operatorLink: Link = {
    mtu: mtu.internet,
    ends: [end(internet.name, "operator"), end(own, internet.name)],
};

/** The link from an instance's router to the instance. */
export function instanceLink(instance: Instance): Link {
    const far = { namespace: instance.id, dev: "eth0", mac: instance.mac };
    return { mtu: mtu.region, ends: [{ ...end(instance.vpcId, portOf(instance)), proxyArp: true }, far] };
}

/** The link from a VPC's router to the internet, which is there when the VPC has an internet gateway. */
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

/** The router's interface towards an instance. */
export function portOf({ interfaceId }: Instance): string {
    return devOf("e", interfaceId);
}

/** A router's interface towards the peer of a connection. */
export function peeringDev(peeringId: string): string {
    return devOf("p", peeringId);
}

/**
 * The next hop on every link between routers. No interface has this address: a permanent neighbor entry maps it to the
 * link's far end, so that it can be the same on all links.
 */
const nextHop = "169.254.0.1";

/** Lets `near` send to the next hop on the link, which is its far end. */
export function neighbor({ dev }: LinkEnd, { mac }: LinkEnd): Setting {
    return { object: "neighbor", args: `${nextHop} lladdr ${mac} dev ${dev} nud permanent`, dev };
}

/** A route's way over a link between routers. */
export function via(dev: string): string {
    return `via ${nextHop} dev ${dev} onlink`;
}

function end(namespace: string, dev: string): LinkEnd {
    return { namespace, dev, mac: macOf(`${namespace} ${dev}`) };
}

/** An interface's name, of 15 characters at most, from an id: the kind's letter and the end of the id. */
function devOf(kind: "d" | "e" | "p" | "v", id: string): string {
    return kind + id.slice(-12);
}

/** A locally administered MAC address, always the same for the same text. */
function macOf(text: string): string {
    const octets = createHash("sha256").update(text).digest().subarray(0, 5);
    return ["02", ...[...octets].map((octet) => octet.toString(16).padStart(2, "0"))].join(":");
}
