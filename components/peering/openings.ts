import { problemIf, type Problem } from "../problems";
import type { PeeringOptions } from "./peeringRules";
import { across, sides, type RequestsFrom, type Side } from "./sides";

/** What is said of a side's security groups and of what they let in. */
export interface Opening {
    /** What the side's groups let in from the other side, where that may send requests; and the path of the argument that says so. */
    readonly ports: { readonly path: string; readonly value: readonly string[] };
    /** How many security groups the side names. */
    readonly groups: number;
}

/** The options that decide which side's groups rules are about. */
export interface OpeningOptions extends Pick<PeeringOptions, "manageRequester" | "manageAccepter" | "ingressFrom"> {
    readonly requestsFrom?: RequestsFrom | undefined;
}

/** What is said of opening ports. */
export interface Openings extends OpeningOptions {
    readonly requester: Opening;
    readonly accepter: Opening;
}

/** Arguments that would leave ports closed on every side, without a word. */
export function checkOpenings(openings: Openings): Problem[] {
    const { path, value } = openings[openers(openings)[0] ?? "requester"].ports;
    const own = openers(openings).filter((side) => isManaged(openings, side));
    const none = openers(openings).every((side) => openings[side].groups === 0);
    // Where both sides have groups both can be named, so that no rule at all is left where one can't.
    const sourceless = withGroups(openings)
        .map(across)
        .filter((side) => !isNamed(openings, side));
    return [
        ...problemIf(own.length > 0 && none, {
            path,
            value,
            message: `is opened by no security group; name the groups in ${groupsOf(own)}, or leave ${path} out`,
        }),
        ...sourceless.map((side) => ({
            path: "ingressFrom",
            value: openings.ingressFrom,
            message: `leaves the ports closed, because no group is there to be the rules' source; name groups in ${side}.securityGroups, or choose cidr`,
        })),
    ];
}

/** Warnings of ports that stay closed on one side, and of security groups that no rule is about. */
export function openingWarnings(openings: Openings): string[] {
    const rules = withGroups(openings);
    const used = new Set(rules.flatMap((side) => (openings.ingressFrom === "group" ? [side, across(side)] : [side])));
    return [
        ...openers(openings)
            .filter((side) => isManaged(openings, side) && openings[side].groups === 0)
            .map((side) => {
                const { path, value } = openings[side].ports;
                return `${path} = ${JSON.stringify(value)}: stays closed on the ${side}'s side; name groups in ${side}.securityGroups, or set requestsFrom to ${side} if only its servers send requests`;
            }),
        ...sides
            .filter((side) => openings[side].groups > 0 && !used.has(side))
            .map(
                (side) =>
                    `${side}.securityGroups: are used by no rule: nothing opens ports in these groups or names them as a source; set ports and requestsFrom so that something does, or leave the groups out`,
            ),
    ];
}

/** Whether rules are about a side's security groups, as those that let requests in or as a source. */
export function usesGroups(options: OpeningOptions, side: Side): boolean {
    return opens(options, side) || (options.ingressFrom === "group" && opens(options, across(side)));
}

/**
 * Whether a side is to open ports, by rules of this program or by the commands for the accepter's owner. What the requester's
 * owner opens is not said here at all.
 */
function opens({ requestsFrom, manageRequester = true }: OpeningOptions, side: Side): boolean {
    return requestsFrom !== side && (side === "accepter" || manageRequester);
}

/** The sides that open ports. */
function openers(openings: Openings): Side[] {
    return sides.filter((side) => opens(openings, side) && openings[side].ports.value.length > 0);
}

/** Those of them that have groups to open the ports in. */
function withGroups(openings: Openings): Side[] {
    return openers(openings).filter((side) => openings[side].groups > 0);
}

/** Whether rules can name a side as their source. */
function isNamed({ ingressFrom, ...openings }: Openings, side: Side): boolean {
    return ingressFrom !== "group" || openings[side].groups > 0;
}

function isManaged({ manageRequester = true, manageAccepter = true }: OpeningOptions, side: Side): boolean {
    return side === "requester" ? manageRequester : manageAccepter;
}

function groupsOf(some: readonly Side[]): string {
    return some.map((side) => `${side}.securityGroups`).join(" or ");
}
