import type { Input } from "@pulumi/pulumi";
import type { Problem } from "../problems";

/**
 * Who accepts the connection: this program, through the accepter's provider (`"own"`); the request itself, which AWS allows within
 * one account and region (`"automatic"`); another owner, within 7 days (`"otherOwner"`); or this program, the `request` of another
 * owner, by its id. Source: Amazon VPC Peering Guide, "Accept or reject a VPC peering connection".
 */
export type Acceptance = "own" | "automatic" | "otherOwner" | { readonly request: Input<string> };

/** The same as separate arguments, for settings and for languages that have no unions. */
export interface AcceptanceFlags<Id = Input<string>> {
    /**
     * Whether the accepter's side is managed too: `false`; true by default. If not, another owner has to accept the connection, within
     * 7 days; `otherOwner` says what they have to do; and the first update after that completes this side. In TypeScript write
     * `acceptance: "otherOwner"`.
     */
    readonly manageAccepter?: boolean | undefined;
    /**
     * Whether the requester's side is managed too: `false`; true by default. If not, its owner has requested the connection already, as
     * vendors of managed databases do, and only the accepter's side of that request is made. In TypeScript write
     * `acceptance: { request: "pcx-0123456789abcdef0" }`.
     */
    readonly manageRequester?: boolean | undefined;
    /**
     * Id of the request to accept where `manageRequester` is off: `"pcx-0123456789abcdef0"`; none by default. The request has to be
     * from the requester's VPC, account and region as far as they are declared, and for the accepter's VPC. In TypeScript write
     * `acceptance: { request: "pcx-0123456789abcdef0" }`.
     */
    readonly peeringConnectionId?: Id | undefined;
    /**
     * Whether the request accepts itself, which AWS allows within one account and region: `true`; false by default. Source:
     * Amazon EC2 API Reference, "AcceptVpcPeeringConnection". In TypeScript write `acceptance: "automatic"`.
     */
    readonly autoAccept?: boolean | undefined;
}

/** Arguments that say in either way who accepts. */
export interface AcceptanceArgs extends AcceptanceFlags {
    /**
     * Who accepts the connection: `"otherOwner"`, or `{ request: "pcx-0123456789abcdef0" }` for another owner's request, which has to
     * be from the requester's VPC, account and region as far as they are declared, and for the accepter's VPC; `"own"` by default.
     */
    readonly acceptance?: Acceptance | undefined;
}

const flags = ["manageAccepter", "manageRequester", "peeringConnectionId", "autoAccept"] as const;

/** The flags that are given. */
function given(args: AcceptanceArgs): (typeof flags)[number][] {
    return flags.filter((flag) => args[flag] !== undefined);
}

/** The arguments with the acceptance as flags, by which everything else goes. */
export function withFlags<Args extends AcceptanceArgs>(args: Args): Args {
    const { acceptance } = args;
    if (acceptance === undefined) {
        return args;
    }
    return {
        ...args,
        ...(acceptance === "automatic" && { autoAccept: true }),
        ...(acceptance === "otherOwner" && { manageAccepter: false }),
        ...(typeof acceptance === "object" && { manageRequester: false, peeringConnectionId: acceptance.request }),
    };
}

/** The arguments with flags, which have to be right, as an acceptance. */
export function withAcceptance<Args extends AcceptanceArgs>(args: Args): Omit<Args, keyof AcceptanceFlags> {
    const { manageAccepter, manageRequester, peeringConnectionId, autoAccept, ...rest } = args;
    if (args.acceptance !== undefined || given(args).length === 0) {
        return rest;
    }
    const ofBoth = autoAccept ? "automatic" : "own";
    const acceptance: Acceptance =
        manageRequester === false
            ? { request: peeringConnectionId ?? "" }
            : manageAccepter === false
              ? "otherOwner"
              : ofBoth;
    return { ...rest, acceptance };
}

/** The problems of an acceptance beside flags, and of one that is none. */
export function checkAcceptanceArgs(args: AcceptanceArgs): Problem[] {
    const { acceptance } = args;
    if (acceptance === undefined) {
        return [];
    }
    const isOne =
        typeof acceptance === "object"
            ? "request" in acceptance
            : ["own", "automatic", "otherOwner"].includes(acceptance);
    const none = `is none; write "own", "automatic", "otherOwner" or { request: "pcx-0123456789abcdef0" }`;
    return [
        ...(isOne ? [] : [{ path: "acceptance", value: acceptance, message: none }]),
        ...given(args).map((flag) => ({
            path: flag,
            message: "says the same as acceptance, in the older way; leave it out",
        })),
    ];
}

/** Problems of flags, told of the acceptance that they come from. */
export function toldOf({ acceptance }: AcceptanceArgs, problems: readonly Problem[]): Problem[] {
    if (acceptance === undefined) {
        return [...problems];
    }
    const paths: Readonly<Record<string, string>> = {
        autoAccept: "acceptance",
        peeringConnectionId: "acceptance.request",
    };
    return problems.map((problem) => {
        const path = paths[problem.path];
        const message = problem.message.replace("turn it off, and", "leave it out, and");
        return path === undefined
            ? problem
            : { ...problem, path, ...(path === "acceptance" && { value: acceptance }), message };
    });
}

/** Warnings of flags, with what takes their place. */
export function flagWarnings(args: AcceptanceArgs): string[] {
    const { acceptance } = withAcceptance(args) as AcceptanceArgs;
    const instead = typeof acceptance === "object" ? `{ request: … }` : `"${acceptance ?? "own"}"`;
    return given(args).length === 0 || args.acceptance !== undefined
        ? []
        : [`${given(args).join(", ")}: say who accepts by acceptance: ${instead}; the older arguments will go`];
}
