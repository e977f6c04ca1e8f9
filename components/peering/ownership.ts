import { getVpcPeeringConnections } from "@pulumi/aws/ec2/getVpcPeeringConnections";
import { getProject, getStack, type InvokeOptions } from "@pulumi/pulumi";

/** Key of the tag by which a stack knows the connections that it has made, also while its state does not know their ids. */
export const ownTag = "pulumi-vpc-peering";

/** That tag's value for the connection of a component: the names of its project, stack and component, `shop/prod/database`. */
export function ownerOf(name: string): string {
    return `${getProject()}/${getStack()}/${name}`;
}

/** The component of this stack that a tag's value names; undefined where it names another stack's. */
export function componentOf(owner = ""): string | undefined {
    const stack = ownerOf("");
    return owner.startsWith(stack) ? owner.slice(stack.length) : undefined;
}

/** Ids of the active connections with this owner: one, or none where it is not made yet. */
export async function ownConnections(owner: string, opts: InvokeOptions): Promise<string[]> {
    const filters = [
        { name: `tag:${ownTag}`, values: [owner] },
        { name: "status-code", values: ["active"] },
    ];
    return (await getVpcPeeringConnections({ filters }, opts)).ids;
}
