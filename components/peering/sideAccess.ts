import { Provider } from "@pulumi/aws/provider";
import { getCallerIdentity } from "@pulumi/aws/getCallerIdentity";
import { getRegion } from "@pulumi/aws/getRegion";
import { accountOf, type Place } from "./sides";

/** Where a side's region and credentials come from; what is left out comes from the environment, as for every AWS tool. */
export interface SideAccess extends Place {
    /** Named profile of the AWS configuration files. */
    readonly profile?: string | undefined;
    /** IAM role to assume, by its ARN. */
    readonly roleArn?: string | undefined;
    /** The external ID that the role's trust policy asks for. */
    readonly externalId?: string | undefined;
}

/**
 * A provider for a side with a region or credentials of its own; undefined for one that the default provider manages.
 *
 * Its name says where it leads, so that another region or account is another provider. If a provider's region changed in
 * place, the engine would look for the side's resources in the new region and leave them in the old one.
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
