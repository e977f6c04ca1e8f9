import { addressAmongNameServers } from "./addresses.ts";
import type { Site } from "./sites.ts";

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
export function lookupsIn(sites: readonly Site[]): ReadonlyMap<string, Lookup> {
    return new Map(sites.map((site) => [addressAmongNameServers(site.vpc), lookupIn(site, sites)]));
}

/**
 * The lookup of a VPC's name server. Public names of the VPC's own instances, and those of a peer that allows it, resolve to
 * private addresses; other public names resolve to public addresses. Private names resolve only in their own VPC, as do
 * PTR records, which exist if DNS hostnames are enabled.
 * Sources: Amazon VPC User Guide, "DNS attributes for your VPC"; Amazon VPC Peering Guide, "Enable DNS resolution for a VPC
 * peering connection"; Amazon Route 53 Developer Guide, "Domain names that VPC Resolver creates autodefined system rules for".
 */
function lookupIn({ vpc, ports, peerings }: Site, sites: readonly Site[]): Lookup {
    const names = new Map<string, Found>();
    for (const { vpc: owner, ports } of sites.filter(({ vpc }) => vpc.dnsHostnames && vpc.dnsSupport)) {
        const across = vpc.dnsHostnames && peerings.some(({ peer, resolved }) => peer === owner && resolved);
        for (const { publicDns, publicIp, privateIp } of ports) {
            if (publicDns !== "" && publicIp) {
                names.set(publicDns, { type: "A", data: across || owner === vpc ? privateIp : publicIp });
            }
        }
    }
    for (const { privateIp, privateDns } of ports) {
        for (const name of [privateDns, `ip-${privateIp.replaceAll(".", "-")}.${searchDomainOf(vpc.region)}`]) {
            names.set(name, { type: "A", data: privateIp });
        }
        if (vpc.dnsHostnames) {
            const name = `${privateIp.split(".").reverse().join(".")}.in-addr.arpa`;
            names.set(name, { type: "PTR", data: privateDns });
        }
    }
    return (name) => names.get(name.toLowerCase().replace(/\.$/, ""));
}
