import { Provider, type ProviderArgs } from "@pulumi/aws/provider";
import { getCallerIdentity } from "@pulumi/aws/getCallerIdentity";
import { getRegion } from "@pulumi/aws/getRegion";
import { RunError, type InvokeOptions } from "@pulumi/pulumi";
import { describeProblems, withoutStack } from "../problems";
import { checkRegion } from "./regions";
import { accountOf, type Place } from "./sides";

/**
 * Where a side's region and credentials come from; what is left out comes from the stack's `aws:*` settings, and then from the
 * environment, as for every AWS tool.
 */
export interface SideAccess extends Place {
    /** Named profile of the AWS configuration files, with credentials of its own: `"partner"`; none by default. */
    readonly profile?: string | undefined;
    /** IAM role to assume, by its ARN: `"arn:aws:iam::222222222222:role/peering"`; none by default. */
    readonly roleArn?: string | undefined;
    /** The external ID that the role's trust policy asks for: `"agreed-upon"`; none by default. */
    readonly externalId?: string | undefined;
}

/** Whether the stack's default provider manages a side: it has neither a region nor credentials of its own. */
export function hasDefaultProvider({ region, profile, roleArn }: SideAccess): boolean {
    return region === undefined && profile === undefined && roleArn === undefined;
}

/**
 * A provider for a side with a region or credentials of its own; undefined for one that the default provider manages. It has the
 * settings of the stack's default provider, such as default tags and endpoints, besides what is the side's own.
 *
 * Its name says where it leads, so that another region or account is another provider. If a provider's region changed in
 * place, the engine would look for the side's resources in the new region and leave them in the old one.
 *
 * Throws a RunError if no region has that name.
 *
 * @param name first part of the provider's name: `"accepter"`.
 * @param access the side's own: `{ region: "us-east-1", roleArn: "arn:aws:iam::222222222222:role/peering" }`.
 * @param defaultRegion the region of a side that has none of its own: `aws.config.region`.
 * @param stack what the stack's default provider is made with: `{ defaultTags: { tags: { team: "network" } } }`; nothing by default.
 */
export function sideProvider(
    name: string,
    access: SideAccess,
    defaultRegion: string | undefined,
    stack: ProviderArgs = {},
): Provider | undefined {
    const { profile, roleArn, externalId } = access;
    if (hasDefaultProvider(access)) {
        return undefined;
    }
    const region = access.region ?? defaultRegion;
    const problems = checkRegion("region", region);
    if (problems.length > 0) {
        throw withoutStack(new RunError(describeProblems(`The provider ${name}`, problems)));
    }
    const place = [name, region, roleArn === undefined ? profile : accountOf(roleArn)];
    return new Provider(place.filter((part) => part !== undefined).join("-"), {
        ...inherited(stack, access),
        region,
        ...(profile !== undefined && { profile }),
        ...(roleArn !== undefined && { assumeRoles: [{ roleArn, externalId, sessionName: "vpc-peering" }] }),
    });
}

/**
 * The stack's `aws:*` settings, as far as the side does not say otherwise: a profile has credentials of its own, a role is
 * assumed instead of the stack's with the same credentials, and an account that is declared for the side is allowed there.
 */
function inherited(stack: ProviderArgs, { profile, roleArn, accountId }: SideAccess): ProviderArgs {
    const { accessKey, secretKey, token, assumeRoles, assumeRoleWithWebIdentity, ...rest } = stack;
    return {
        ...rest,
        ...(profile === undefined && { accessKey, secretKey, token }),
        ...(profile === undefined && roleArn === undefined && { assumeRoles, assumeRoleWithWebIdentity }),
        ...(rest.allowedAccountIds !== undefined && accountId !== undefined && { allowedAccountIds: [accountId] }),
    };
}

/** The region and account that AWS is asked in with these options: those of their provider, or else of the default one. */
export async function placeOf(opts: InvokeOptions): Promise<Required<Place>> {
    const [region, identity] = await Promise.all([getRegion({}, opts), getCallerIdentity({}, opts)]);
    return { region: region.region, accountId: identity.accountId };
}
