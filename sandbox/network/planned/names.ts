import type { Instance, State, Vpc } from "../described/state.ts";
import { addressAmongNameServers } from "./addresses.ts";

/** The domain of a region's private DNS names. Source: Amazon VPC User Guide, "DNS attributes for your VPC". */
export function searchDomainOf(region: string): string {
    return region === "us-east-1" ? "ec2.internal" : `${region}.compute.internal`;
}

/** An A or PTR record. */
interface Found {
    readonly type: "A" | "PTR";
    readonly data: string;
}

/** Looks up the record of a name; undefined if the name does not exist. */
export type Lookup = (name: string) => Found | undefined;

/** The lookups of all VPCs, by the addresses that identify them to the name servers. */
export function lookupsIn(state: State): ReadonlyMap<string, Lookup> {
    return new Map(state.vpcs.map((vpc) => [addressAmongNameServers(vpc), lookupIn(state, vpc)]));
}

/**
 * The lookup of a VPC's name server. Public names of the VPC's own instances, and those of a peer that allows it, resolve to
 * private addresses; other public names resolve to public addresses. Private names resolve only in their own VPC, as do
 * PTR records, which exist if DNS hostnames are enabled.
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

/** The name of an address's PTR record. */
function reverse(address: string): string {
    return `${address.split(".").reverse().join(".")}.in-addr.arpa`;
}

/** Whether `owner`'s public names resolve to private addresses in `asking`: `owner`'s side of an active connection allows it. */
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
