import { Provider, type ProviderArgs } from "@pulumi/aws/provider";
import { getCallerIdentity } from "@pulumi/aws/getCallerIdentity";
import { getRegion } from "@pulumi/aws/getRegion";
import { RunError, type InvokeOptions } from "@pulumi/pulumi";
import { describeProblems, withoutStack } from "../problems";
import { runsHooks } from "../ordering";
import { checkRegion } from "./regions";
import { accountOf, type Place } from "./sides";
import { stackState } from "./stackState";

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
 * settings of the stack's default provider, such as default tags and endpoints, besides what is the side's own. A side needs none for
 * its region alone, which is an argument of its own.
 *
 * Its name says where it leads, so that another region or account is another provider.
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
    return hasDefaultProvider(access)
        ? undefined
        : newProvider(name, access.region ?? defaultRegion, { access, defaultRegion, stack });
}

/**
 * The provider of a side whose resources take its region as an argument: one with the side's credentials, where it has some of its
 * own, or else the default one. A side that stands keeps the provider that a version before 0.6.0 made for its region, since AWS's
 * provider may replace what changes to another provider.
 *
 * @param readsRequest whether the side accepts another owner's request, which can be read in the provider's own region only.
 */
export async function providerFor(
    name: string,
    access: SideAccess,
    defaultRegion: string | undefined,
    stack: ProviderArgs,
    readsRequest: boolean,
): Promise<Provider | undefined> {
    if (hasDefaultProvider(access)) {
        return undefined;
    }
    if (readsRequest || (await isStanding(providerName(name, access, access.region ?? defaultRegion)))) {
        return sideProvider(name, access, defaultRegion, stack);
    }
    return access.profile === undefined && access.roleArn === undefined
        ? undefined
        : newProvider(name, undefined, { access, defaultRegion, stack });
}

/** Whether the stack may have a provider of this name: where its state can't be read, it may. */
async function isStanding(provider: string): Promise<boolean> {
    const state = runsHooks() ? await stackState(() => Promise.resolve(false))() : [];
    return state?.some(({ urn }) => urn.endsWith(`::pulumi:providers:aws::${provider}`)) ?? true;
}

/** The name of a side's provider, by where it leads. */
function providerName(name: string, { profile, roleArn }: SideAccess, region?: string): string {
    const place = [name, region, roleArn === undefined ? profile : accountOf(roleArn)];
    return place.filter((part) => part !== undefined).join("-");
}

interface Making {
    readonly access: SideAccess;
    readonly defaultRegion: string | undefined;
    readonly stack: ProviderArgs;
}

function newProvider(name: string, named: string | undefined, { access, defaultRegion, stack }: Making): Provider {
    const { profile, roleArn, externalId, region = defaultRegion } = access;
    const problems = checkRegion("region", region);
    if (problems.length > 0) {
        throw withoutStack(new RunError(describeProblems(`The provider ${name}`, problems)));
    }
    return new Provider(providerName(name, access, named), {
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

/**
 * Where AWS manages what has these options and this `region` argument: by default in the region of their provider, and in the account
 * that its credentials are of.
 */
export async function placeOf(opts: InvokeOptions, region?: string): Promise<PlaceOf> {
    const [ofProvider, { accountId }] = await Promise.all([regionOf(opts), getCallerIdentity({}, opts)]);
    return { region: region ?? ofProvider, accountId, ofProvider };
}

/** The region that a provider itself has. */
export async function regionOf(opts: InvokeOptions): Promise<string> {
    return (await getRegion({}, opts)).region;
}

/** Whether a `region` argument is another region than the provider's own, where it asks and makes less. */
export async function isElsewhere(region: string | undefined, opts: InvokeOptions): Promise<boolean> {
    return region !== undefined && region !== (await regionOf(opts));
}

/** A place, and the region that its provider itself has. */
export interface PlaceOf {
    readonly region: string;
    readonly accountId: string;
    readonly ofProvider: string;
}
