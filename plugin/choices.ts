// Literals by name, which is what the schema of other languages is made from; a union of literals alone has no names.

/** Whose servers may open connections to the other side's. */
export const RequestsFrom = {
    /** Those of both sides. */
    Both: "both",
    /** Those of the requester's side only. */
    Requester: "requester",
    /** Those of the accepter's side only. */
    Accepter: "accepter",
} as const;
export type RequestsFrom = (typeof RequestsFrom)[keyof typeof RequestsFrom];

/** What security group rules name as the source of packets. */
export const IngressFrom = {
    /** The other side's CIDR blocks. */
    Cidr: "cidr",
    /** The other side's security groups, which AWS allows within one region. */
    Group: "group",
} as const;
export type IngressFrom = (typeof IngressFrom)[keyof typeof IngressFrom];

/** The machine image of a lab server. */
export const Ami = {
    /** Amazon Linux 2023. */
    Al2023: "al2023",
    /** Amazon Linux 2, whose support ended on 2026-06-30. */
    Al2: "al2",
} as const;
export type Ami = (typeof Ami)[keyof typeof Ami];
