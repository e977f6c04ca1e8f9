import type { Instance, State, Vpc } from "../described/state.ts";
import { addressAmongNameServers } from "./addresses.ts";

/** The domain of a region's private names. Source: Amazon VPC User Guide, "DNS attributes for your VPC". */
export function searchDomainOf(region: string): string {
    return region === "us-east-1" ? "ec2.internal" : `${region}.compute.internal`;
}

/** A record: the address of a name, or the name of an address. */
interface Found {
    readonly type: "A" | "PTR";
    readonly data: string;
}

/** What a name server knows about a name; undefined for a name that it does not know. */
export type Lookup = (name: string) => Found | undefined;

/** What the name servers of all VPCs know, by the addresses by which they know the VPCs. */
export function lookupsIn(state: State): ReadonlyMap<string, Lookup> {
    return new Map(state.vpcs.map((vpc) => [addressAmongNameServers(vpc), lookupIn(state, vpc)]));
}

/**
 * What the name server of a VPC answers. A public name of one of the VPC's own instances, and of those of a peer that allows
 * it, gives the private address, and any other the public one; private names, and the names of addresses, which a VPC with
 * DNS hostnames has, are the VPC's own.
 * Sources: Amazon VPC User Guide, "DNS attributes for your VPC"; Amazon VPC Peering Guide, "Enable DNS resolution for a VPC
 * peering connection"; Amazon Route 53 Developer Guide, "Domain names that VPC Resolver creates autodefined system rules for".
 */
function lookupIn(state: State, vpc: Vpc): Lookup {
    const names = new Map<string, Found>();
    for (const instance of state.instances) {
        const owner = state.vpcs.find(({ id }) => id === instance.vpcId);
        if (owner?.dnsHostnames && owner.dnsSupport && instance.publicDns !== "" && instance.publicIp) {
            const inside = owner.id === vpc.id || resolvesAcross(state, owner, vpc);
            names.set(instance.publicDns, { type: "A", data: inside ? instance.privateIp : instance.publicIp });
        }
        if (owner?.id === vpc.id) {
            for (const name of privateNames(instance, vpc)) {
                names.set(name, { type: "A", data: instance.privateIp });
            }
            if (vpc.dnsHostnames) {
                names.set(reverse(instance.privateIp), { type: "PTR", data: instance.privateDns });
            }
        }
    }
    return (name) => names.get(name.toLowerCase().replace(/\.$/, ""));
}

function privateNames({ privateIp, privateDns }: Instance, { region }: Vpc): string[] {
    return [privateDns, `ip-${privateIp.replaceAll(".", "-")}.${searchDomainOf(region)}`];
}

/** The name by which the name of an address is asked for. */
function reverse(address: string): string {
    return `${address.split(".").reverse().join(".")}.in-addr.arpa`;
}

/** Whether a VPC's public names give private addresses in another one: the owner's side of an active connection allows it. */
function resolvesAcross({ peerings }: State, owner: Vpc, asking: Vpc): boolean {
    return (
        asking.dnsHostnames &&
        peerings.some(
            ({ active, requesterVpcId, accepterVpcId, resolvedVpcIds }) =>
                active &&
                resolvedVpcIds.includes(owner.id) &&
                [requesterVpcId, accepterVpcId].includes(owner.id) &&
                [requesterVpcId, accepterVpcId].includes(asking.id),
        )
    );
}
