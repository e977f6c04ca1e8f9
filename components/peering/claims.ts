import type { Input } from "@pulumi/pulumi";
import type { Problem } from "../problems";
import { oncePerRun } from "./oncePerRun";
import { across } from "./sides";
import type { WantedPart } from "./stackParts";
import { urnsOf, valueIfKnown } from "./stackState";

/** Who makes a route or rule. */
interface Claim {
    readonly component: string;
    readonly path: string;
}

/**
 * The problems of routes and rules that another `VpcPeering` of the program makes as well, or this one twice: AWS has each once,
 * and would refuse the second only after both connections are made. Each is claimed by who comes first.
 */
export async function claimParts(component: string, parts: readonly WantedPart[]): Promise<Problem[]> {
    const identities = await Promise.all(parts.map(identityOf));
    const claims = oncePerRun("claims", () => new Map<string, Claim>());
    return parts.flatMap((part, index) => {
        const identity = identities[index];
        const claim = identity && claims.get(identity.key);
        if (claim) {
            return [problemOf(part, identity.id, component, claim)];
        }
        if (identity) {
            claims.set(identity.key, { component, path: part.path });
        }
        return [];
    });
}

/** What tells a route or rule from others, and the id of its table or group; undefined where a preview can't tell yet. */
async function identityOf({
    kind,
    properties,
}: WantedPart): Promise<{ key: string; id: string | undefined } | undefined> {
    const sorted = Object.entries(properties).sort(([one], [other]) => one.localeCompare(other));
    const texts = await Promise.all(
        sorted.map(async ([name, value]: [string, Input<unknown>]) => [name, await textOf(value)] as const),
    );
    const id = await valueIfKnown("routeTableId" in properties ? properties.routeTableId : properties.securityGroupId);
    return texts.every(([, text]) => text !== undefined)
        ? { key: JSON.stringify([kind.type, ...texts]), id }
        : undefined;
}

/** A value, or the URN of the table, group or VPC that has it in the end. */
async function textOf(value: Input<unknown>): Promise<string | undefined> {
    const urns = await urnsOf(value, /:(Default)?(RouteTable|SecurityGroup)$|:Vpc$/);
    const plain = await valueIfKnown(value);
    return plain === undefined ? (urns.length === 1 ? urns[0] : undefined) : JSON.stringify(plain);
}

function problemOf(
    { kind, side, path, properties }: WantedPart,
    value: string | undefined,
    own: string,
    other: Claim,
): Problem {
    const block = "destinationCidrBlock" in properties ? properties.destinationCidrBlock : properties.cidrIpv4;
    const what = kind.describe(block ?? "that group");
    const message =
        other.component === own
            ? `${what} as ${other.path} already; leave one of the two out`
            : `${what} by VpcPeering ${other.component} (${other.path}) already; give each of the two a part of its own in ${across(side)}.routedCidrBlocks`;
    return { path, ...(value !== undefined && { value }), message };
}
