import type { Instance, State, Vpc } from "./state.ts";

/** The domain of a region's private names. Source: Amazon VPC User Guide, "DNS attributes for your VPC". */
export function searchDomainOf(region: string): string {
    return region === "us-east-1" ? "ec2.internal" : `${region}.compute.internal`;
}

/** What a name server knows of a name: its address, or undefined for a name that it does not know. */
export type Lookup = (name: string) => string | undefined;

/**
 * What the name server of a VPC answers. A public name of one of the VPC's own instances, and of those of a peer that allows
 * it, gives the private address, and any other the public one; private names are the VPC's own.
 * Sources: Amazon VPC User Guide, "DNS attributes for your VPC"; Amazon VPC Peering Guide, "Enable DNS resolution for a VPC
 * peering connection".
 */
export function lookupIn(state: State, vpc: Vpc): Lookup {
    const names = new Map<string, string | undefined>();
    for (const instance of state.instances) {
        const owner = state.vpcs.find(({ id }) => id === instance.vpcId);
        if (owner?.dnsHostnames && owner.dnsSupport && instance.publicDns !== "" && instance.publicIp) {
            const inside = owner.id === vpc.id || resolvesAcross(state, owner, vpc);
            names.set(instance.publicDns, inside ? instance.privateIp : instance.publicIp);
        }
        if (owner?.id === vpc.id) {
            for (const name of privateNames(instance, vpc)) {
                names.set(name, instance.privateIp);
            }
        }
    }
    return (name) => names.get(name.toLowerCase().replace(/\.$/, ""));
}

function privateNames({ privateIp, privateDns }: Instance, { region }: Vpc): string[] {
    return [privateDns, `ip-${privateIp.replaceAll(".", "-")}.${searchDomainOf(region)}`];
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
