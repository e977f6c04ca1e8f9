import type { Provider } from "@pulumi/aws/provider";
import * as ec2 from "@pulumi/aws/ec2";
import { placeOf } from "./sideAccess";
import type { PeeringSideArgs } from "./peeringArgs";

/** What `lookUpVpc` takes besides the VPC's id. */
export interface LookUpOptions {
    /** What may read the VPC, and will manage its side: `new aws.Provider("virginia", { region: "us-east-1" })`; the default provider by default. */
    readonly provider?: Provider | undefined;
    /** Ids of the route tables that are to get routes: `["rtb-0123456789abcdef0"]`; by default all that the VPC has. */
    readonly routeTableIds?: readonly string[] | undefined;
    /** The security groups that are to open ports, as a side of `VpcPeering` has them: `{ web: group.id }`; none by default. */
    readonly securityGroups?: PeeringSideArgs["securityGroups"];
}

/**
 * A side for a `VpcPeering`, from a VPC that exists already: asks AWS for its blocks, route tables, DNS attributes, place, and
 * how much of its quotas it uses. Await it before you make the component, so that previews know the name of everything that is
 * made: have the program export an async function.
 *
 * Fails when there is no such VPC.
 */
export async function lookUpVpc(vpcId: string, options: LookUpOptions = {}): Promise<PeeringSideArgs> {
    const { provider, securityGroups } = options;
    const opts = provider === undefined ? {} : { provider };
    const connections = (end: "requester" | "accepter") =>
        ec2.getVpcPeeringConnections(
            {
                filters: [
                    { name: `${end}-vpc-info.vpc-id`, values: [vpcId] },
                    { name: "status-code", values: ["active"] },
                ],
            },
            opts,
        );
    const [found, place, all, requested, accepted] = await Promise.all([
        ec2.getVpc({ id: vpcId }, opts),
        placeOf(opts),
        options.routeTableIds ?? ec2.getRouteTables({ vpcId }, opts).then(({ ids }) => ids),
        connections("requester"),
        connections("accepter"),
    ]);
    const ids = [...all].sort();
    const tables = await Promise.all(ids.map((routeTableId) => ec2.getRouteTable({ routeTableId }, opts)));
    return {
        vpcId,
        cidrBlocks: associated(found.cidrBlockAssociations).map(({ cidrBlock }) => cidrBlock),
        ipv6CidrBlocks: associated(found.ipv6CidrBlockAssociations).map(({ ipv6CidrBlock }) => ipv6CidrBlock),
        routeTables: Object.fromEntries(ids.map((id) => [id, id])),
        securityGroups,
        dns: found.enableDnsSupport && found.enableDnsHostnames,
        usage: {
            activePeerings: [...requested.ids, ...accepted.ids],
            routes: Object.fromEntries(
                tables.map(({ routes }, index) => [
                    ids[index] ?? "",
                    routes.map((route) => route.cidrBlock || route.ipv6CidrBlock || route.destinationPrefixListId),
                ]),
            ),
        },
        region: place.region,
        accountId: place.accountId,
        provider,
    };
}

/** The blocks that are associated by now; terraform-provider-aws 5.100.0, which the sandbox may use, leaves IPv6 out. */
function associated<Association extends { state: string }>(associations: readonly Association[] = []): Association[] {
    return associations.filter(({ state }) => state === "associated");
}
