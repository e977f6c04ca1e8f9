import { randomUUID } from "crypto";
import { getVpcPeeringConnections } from "@pulumi/aws/ec2/getVpcPeeringConnections";
import { getProject, getStack, Stash, type InvokeOptions, type Output, type Resource } from "@pulumi/pulumi";
import { inRegion } from "./regions";
import { valueIfKnown } from "./stackState";

/** Key of the tag by which a component knows the connection that it has made, also while the state does not know its id. */
export const ownTag = "pulumi-vpc-peering";

/** How long a tag's value may be. Source: Amazon EC2 User Guide, "Tag your Amazon EC2 resources", "Tag restrictions". */
const longest = 256;

/** By what a component knows what is its own. */
export interface Owner {
    /** The value of its connection's {@link ownTag}. */
    readonly tag: Output<string>;
    /** Tells whether the component was there before this update. */
    readonly wasThere: () => Promise<boolean>;
}

/**
 * How a component knows its connection. The tag has the names of its project, stack and component, and an id that no other component
 * has: `shop/prod/database/0b6f…`. Another backend or organization may have a stack of the same names. The names are for people, and
 * are cut off where they would be too long.
 */
export function ownerOf(name: string, parent: Resource): Owner {
    const fresh: string = randomUUID();
    // A stash keeps its first value.
    const stash = new Stash(`${name}-owner`, { input: fresh }, { parent, ignoreChanges: ["input"] });
    // Mocks keep nothing.
    const id = (stash.output as Output<string | undefined>).apply((kept = fresh) => kept);
    const names = `${getProject()}/${getStack()}/${name}`;
    return {
        tag: id.apply((kept) => `${names.slice(0, longest - 1 - kept.length)}/${kept}`),
        wasThere: async () => ((await valueIfKnown(id)) ?? fresh) !== fresh,
    };
}

/** The owner that tags tell of; AWS's provider may read no tags at all where there are none. */
export function ownerIn(tags: Readonly<Record<string, string>> | undefined): string | undefined {
    return tags?.[ownTag];
}

/** The names in such a value; a version before 0.6.0 had nothing else in it. */
export function namesIn(owner: string | undefined): string | undefined {
    return owner?.replace(/\/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/, "");
}

/** Ids of the active connections with this owner: one, or none where it is not made yet. */
export async function ownConnections(
    owner: string,
    opts: InvokeOptions,
    region: string | undefined,
): Promise<readonly string[]> {
    const filters = [
        { name: `tag:${ownTag}`, values: [owner] },
        { name: "status-code", values: ["active"] },
    ];
    return orEmpty((await getVpcPeeringConnections({ ...inRegion(region), filters }, opts)).ids);
}

/** A list of an answer: AWS's provider leaves some out where they are empty, whatever its types say. */
export function orEmpty<Item>(list: readonly Item[] | undefined): readonly Item[] {
    return list ?? [];
}
