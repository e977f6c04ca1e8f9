import * as config from "@pulumi/aws/config";
import type { Provider, ProviderArgs } from "@pulumi/aws/provider";
import * as pulumi from "@pulumi/pulumi";
import { providerFor } from "pulumi-vpc-peering/internal";
import { checkAccess, checkRegion, type Problem, type Side } from "pulumi-vpc-peering/rules";

/** Where a side's region and credentials come from. What is left out comes from the stack's `aws:*` settings, as everywhere. */
export interface SideAccess {
    /** The side's AWS region: `us-east-1`; the stack's by default. */
    readonly region?: string;
    /** Named profile of the AWS configuration files: `production`; the stack's credentials by default. */
    readonly profile?: string;
    /** ARN of an IAM role to assume: `arn:aws:iam::222222222222:role/peering`; none by default. */
    readonly roleArn?: string;
    /** The external ID that the role's trust policy asks for: `agreed-upon`; none by default. */
    readonly externalId?: string;
    /** The account that the side has to be in, 12 digits: `222222222222`; any by default. Nothing is made in another one. */
    readonly accountId?: string;
}

/** What is wrong with a side's access, before AWS is asked. */
export function checkSideAccess(side: Side, access: SideAccess): Problem[] {
    const { roleArn: value, region } = access;
    const message =
        "is not the ARN of an IAM role; write one such as arn:aws:iam::222222222222:role/peering, as 'aws iam list-roles' shows it";
    const isRole = value === undefined || /^arn:[\w-]+:iam::\d{12}:role\/./.test(value);
    return [
        ...checkRegion(`${side}.region`, region),
        ...(isRole ? checkAccess(side, access) : [{ path: `${side}.roleArn`, value, message }]),
    ];
}

/**
 * What manages a side: a provider of its own if it has credentials of its own, or else the component's; undefined for the default
 * provider.
 *
 * @param readsRequest whether the side accepts another owner's request.
 */
export async function providerOf(
    name: string,
    access: SideAccess,
    { providers }: pulumi.ComponentResourceOptions,
    readsRequest: boolean,
): Promise<Provider | undefined> {
    const inherited = (providers as Record<string, pulumi.ProviderResource> | undefined)?.["aws"];
    return (
        (await providerFor(name, access, config.region, stackSettings(), readsRequest)) ??
        (inherited as Provider | undefined)
    );
}

/** The settings of the stack's default provider, `aws:*`. Whether the stack encrypts them is not known here, so credentials are secrets. */
function stackSettings(): ProviderArgs {
    const credentials = ["accessKey", "secretKey", "token"];
    const given = Object.entries(config).filter(([, value]) => value !== undefined);
    return Object.fromEntries(
        given.map(([key, value]) => [key, credentials.includes(key) ? pulumi.secret(value) : value]),
    );
}
