import { output, type Alias, type Input, type Output } from "@pulumi/pulumi";
import { problemIf, type Problem } from "../problems";
import { oncePerRun } from "./oncePerRun";
import type { RulePorts } from "./ports";
import type { Side } from "./sides";
import { valueIfKnown, type StackResource, type StackState } from "./stackState";

/** The type of a side's DNS resolution. */
export const dnsOptionType = "aws:ec2/peeringConnectionOptions:PeeringConnectionOptions";

/** The type of a connection. */
export const connectionType = "aws:ec2/vpcPeeringConnection:VpcPeeringConnection";

type Properties = Readonly<Record<string, unknown>>;

/** A kind of what AWS has once only, whatever Pulumi calls it, and so cannot make anew before the old one is deleted. */
export interface PartKind {
    /** Its type in the state. */
    readonly type: string;
    /** The property that has the id of the table or group that it is in. */
    readonly container: string;
    /** What a second one would do, as the beginning of a problem. */
    readonly describe: (source: string) => string;
    /** Whether what was found is the same to AWS as what is wanted. */
    readonly isSame: (wanted: Properties, found: Properties) => boolean;
}

/** How a rule names where packets come from: by a block, or by a security group, with its account where that is another one. */
export interface RuleSource {
    readonly cidrIpv4?: string;
    readonly referencedSecurityGroupId?: Output<string>;
}

/** A route or rule as it is wanted. */
export interface WantedPart {
    readonly kind: PartKind;
    readonly name: string;
    readonly side: Side;
    /** The argument that asks for it. */
    readonly path: string;
    /** What it is, except for where a route leads to and a rule's tags. */
    readonly properties:
        | { readonly routeTableId: Input<string>; readonly destinationCidrBlock: string }
        | ({ readonly securityGroupId: Input<string> } & RulePorts & RuleSource);
}

/** A route table has one route to a block. */
export const route: PartKind = {
    type: "aws:ec2/route:Route",
    container: "routeTableId",
    describe: (block) =>
        `has a route to ${block}, and a table has one to a block (Amazon VPC User Guide, "Route tables"),`,
    isSame: (wanted, found) => isEqual(wanted, found, ["routeTableId", "destinationCidrBlock"]),
};

/** A security group has one rule for inbound traffic of the same source and ports. AWS's provider reads empty texts for nothing. */
export const rule: PartKind = {
    type: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    container: "securityGroupId",
    describe: (source) =>
        `lets ${source} in on the same port, and a group has a rule once (Amazon VPC User Guide, "Security group rules"),`,
    isSame: (wanted, found) =>
        isEqual(wanted, found, ["securityGroupId", "ipProtocol", "cidrIpv4", "referencedSecurityGroupId"]) &&
        // Every protocol has no ports, whatever is read of them.
        (wanted["ipProtocol"] === "-1" || isEqual(wanted, found, ["fromPort", "toPort"])),
};

function isEqual(wanted: Properties, found: Properties, names: readonly string[]): boolean {
    return names.every((name) => (found[name] ?? "") === (wanted[name] ?? ""));
}

/** Whether a resource is of a kind, and the same to AWS as what is wanted. */
export function manages({ type, outputs }: StackResource, kind: PartKind, wanted: Properties): boolean {
    return type === kind.type && kind.isSame(wanted, outputs);
}

/** The name of a resource in the program. */
export function nameOf({ urn }: StackResource): string {
    return urn.split("::").slice(3).join("::");
}

/** Whether a resource has this id: not every plugin has that among the outputs, but then an ARN ends with it. */
export function hasId({ outputs }: StackResource, id: string): boolean {
    return outputs["id"] === id || String(outputs["arn"]).endsWith(`/${id}`);
}

/** Whether a resource is a connection of this id, or a part of it. */
export function isAbout({ outputs }: StackResource, connectionId: string): boolean {
    return outputs["id"] === connectionId || outputs["vpcPeeringConnectionId"] === connectionId;
}

/** Whether a resource is the connection between two VPCs, whichever requested it: such a pair has one. */
export function connects({ type, outputs }: StackResource, vpcIds: readonly string[]): boolean {
    return type === connectionType && ["vpcId", "peerVpcId"].every((end) => vpcIds.includes(String(outputs[end])));
}

/** Whether a resource is a component's part of this type and name. */
export function isPart({ urn }: StackResource, type: string, name: string): boolean {
    return urn.endsWith(`:VpcPeering$${type}::${name}`);
}

/** Whether a `VpcPeering` has made a resource. */
export function isOfPeering({ urn }: StackResource): boolean {
    return /:VpcPeering\$[^$]*$/.test(urn.split("::")[2] ?? "");
}

/**
 * The name by which the state has what a component now calls otherwise: its table or group was renamed, it changed from one
 * `VpcPeering` to another, or it was a list's. Pulumi then keeps it, where otherwise it would make it a second time, which AWS
 * refuses, and delete the first.
 */
export function formerName(
    name: string,
    kind: PartKind,
    wanted: WantedPart["properties"],
    state: StackState,
): Output<string | Alias> {
    const names = oncePerRun("names", () => new Set<string>());
    names.add(name);
    const find = async () => {
        const values = await Promise.all(
            Object.entries(wanted).map(
                async ([key, input]: [string, Input<unknown>]) => [key, await valueIfKnown(input)] as const,
            ),
        );
        // What has no id yet is not there yet.
        if (values.some(([, value]) => value === undefined)) {
            return { name };
        }
        const properties = Object.fromEntries(values);
        const resources = await state();
        // A name that the program still uses can't be the former name of another resource.
        const isFree = (one: StackResource) => !names.has(nameOf(one));
        const found = resources?.find((one) => isOfPeering(one) && isFree(one) && manages(one, kind, properties));
        return found?.urn ?? importedName(name, kind.type, resources) ?? { name };
    };
    return output(find());
}

/** The URN of what was imported before its component was there, at the top of the stack. */
function importedName(name: string, type: string, resources: readonly StackResource[] = []): string | undefined {
    return resources.find(({ urn }) => urn.endsWith(`::${type}::${name}`))?.urn;
}

/** The same for a component's connection, which it has by no other name. */
export function formerConnection(name: string, state: StackState): Output<string | Alias> {
    return output(state()).apply((resources) => importedName(name, connectionType, resources) ?? { name });
}

/** What is wrong with sides that have changed places since the connection `name` was made. */
export function checkExchange(
    connection: string,
    vpcs: Readonly<Record<Side, string>>,
    resources: readonly StackResource[] = [],
): Problem[] {
    const made = resources.find((one) => isPart(one, connectionType, connection))?.outputs;
    const message = `is the accepter's VPC of the existing connection. A connection carries packets both ways, whichever side requested it. To exchange the sides, it would be deleted and requested again, and packets would stop. Exchange requester and accepter back; requestsFrom says whose servers may open connections`;
    return problemIf(made?.["vpcId"] === vpcs.accepter && made["peerVpcId"] === vpcs.requester, {
        path: "requester.vpcId",
        value: vpcs.requester,
        message,
    });
}
