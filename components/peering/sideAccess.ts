import { Provider } from "@pulumi/aws";
import { getCallerIdentity } from "@pulumi/aws/getCallerIdentity";
import { getRegion } from "@pulumi/aws/getRegion";
import type { Place } from "./peeringRules";

/** How a side's region and account are come by. What is left out is as for every AWS tool: by the environment. */
export interface SideAccess extends Place {
    /** Named profile of the AWS configuration files. */
    readonly profile?: string | undefined;
    /** IAM role to assume, by its ARN. */
    readonly roleArn?: string | undefined;
    /** What the role's trust policy wants to hear, besides who asks. */
    readonly externalId?: string | undefined;
}

/**
 * A provider for a side that is reached in a way of its own; undefined for one that the default provider manages.
 *
 * Its name says where it leads. Another region or account is another provider then, and whatever the side has is made anew
 * there and deleted where it was; a provider that changed in place would look for it in the wrong place, and leave it.
 */
export function sideProvider(
    name: string,
    access: SideAccess,
    defaultRegion: string | undefined,
): Provider | undefined {
    const { profile, roleArn, externalId } = access;
    if (access.region === undefined && profile === undefined && roleArn === undefined) {
        return undefined;
    }
    const region = access.region ?? defaultRegion;
    const place = [name, region, roleArn === undefined ? profile : accountOf(roleArn)];
    return new Provider(place.filter((part) => part !== undefined).join("-"), {
        ...(region === undefined ? {} : { region }),
        ...(profile === undefined ? {} : { profile }),
        ...(roleArn === undefined
            ? {}
            : {
                  assumeRoles: [
                      { roleArn, sessionName: "vpc-peering-lab", ...(externalId === undefined ? {} : { externalId }) },
                  ],
              }),
    });
}

/** Where a provider leads to, as AWS says. Undefined is the default provider. */
export async function placeOf(provider: Provider | undefined): Promise<Required<Place>> {
    const opts = provider === undefined ? {} : { provider };
    const [region, identity] = await Promise.all([getRegion({}, opts), getCallerIdentity({}, opts)]);
    return { region: region.region, accountId: identity.accountId };
}

/** The account of a role: the fifth part of its ARN. */
export function accountOf(roleArn: string): string | undefined {
    return roleArn.split(":")[4];
}
