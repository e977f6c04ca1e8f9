/** The two sides of a peering connection. */
export const sides = ["requester", "accepter"] as const;

/** A side of a peering connection. */
export type Side = (typeof sides)[number];

/** The side across the connection. */
export function across(side: Side): Side {
    return side === "requester" ? "accepter" : "requester";
}

/** Whose servers may open connections to the other's: those of both sides, or of one only. */
export type RequestsFrom = "both" | Side;

/** Where a VPC is, as far as it is known. */
export interface Place {
    /** AWS region: `"ap-northeast-2"`; not known by default. */
    readonly region?: string | undefined;
    /** AWS account, 12 digits: `"222222222222"`; not known by default. */
    readonly accountId?: string | undefined;
}

/** The AWS partition of a region. Source: AWS General Reference, "ARNs". */
export function partitionOf(region: string): string {
    const named = /^(cn|us-gov|us-iso|us-isob|us-isof|eu-isoe|eusc)-/.exec(region)?.[1];
    return named === undefined ? "aws" : `aws-${named}`;
}

/** The account of an IAM role: the fifth part of its ARN. */
export function accountOf(roleArn: string): string | undefined {
    return roleArn.split(":")[4];
}
