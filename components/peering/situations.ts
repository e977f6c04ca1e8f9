import * as ec2 from "@pulumi/aws/ec2";
import * as pulumi from "@pulumi/pulumi";
import { unlessPeered } from "./existing";
import { acceptersPart, peeringParts, type MadeParts } from "./peeringParts";
import type { PeeringPlan } from "./plan";
import { inRegion } from "./regions";
import { findStatus, refuseEnded, requestLifetime } from "./request";
import type { Side } from "./sides";
import { formerConnection } from "./stackParts";
import { settledStatus } from "./whenActive";

/** What a peering is, in each of the three situations: both sides are this program's, or one of them is another owner's. */
export interface Peering {
    /** The connection, or its acceptance where another owner has requested it. */
    readonly connection: ec2.VpcPeeringConnection | ec2.VpcPeeringConnectionAccepter;
    readonly connectionId: pulumi.Output<string>;
    readonly status: Readonly<Record<Side, pulumi.Output<string>>>;
    readonly expires: pulumi.Output<string | null>;
    readonly otherOwner: pulumi.Output<string[]>;
    readonly parts: pulumi.Output<MadeParts>;
}

const none: MadeParts = { path: [], routes: {}, rules: {} };

/** This program requests the connection and accepts it; the parts follow once it is active. */
export function bothSides(plan: PeeringPlan): Peering {
    const connection = request(plan);
    // An acceptance is a resource of its own, because the two sides may have two owners.
    const accepted = plan.args.autoAccept ? connection : acceptance(plan, connection.id, []);
    return { ...accepting(plan, accepted), connection, connectionId: connection.id };
}

/** This program accepts the request of another owner. */
export function acceptanceOfTheirs(plan: PeeringPlan): Peering {
    const id = plan.ends.apply((ends) => ends.id);
    const accepted = acceptance(plan, id, plan.after);
    return { ...accepting(plan, accepted), connection: accepted, connectionId: id };
}

/** This program requests the connection and another owner accepts it, between one update and the next. */
export function requestToTheirs(plan: PeeringPlan): Peering {
    const { args, component, child, name, places } = plan;
    const connection = request(plan);
    const status = connection.id.apply(async (known) => {
        const seen = (await findStatus(known, child("requester"), args.requester.region)) ?? "deleted";
        refuseEnded(component, seen, "run 'pulumi up --refresh', which forgets it and asks again");
        return seen;
    });
    const active = status.apply((seen) => seen === "active");
    // Rules by group and DNS options need an active connection, and only AWS knows whether the other owner has accepted
    // it: no argument can say so ahead, so these resources are made inside an apply, which previews of the update after
    // the acceptance show all the same, since the status is read then.
    const parts = active.apply((is) => (is ? partsOf(plan, connection) : pulumi.output(none)));
    const commands = acceptersPart(args, connection.id, places);
    const expiry = expiryOf(component, name, connection.id);
    return {
        connection,
        connectionId: connection.id,
        status: { requester: status, accepter: status },
        expires: pulumi.all([active, expiry]).apply(([is, time]) => (is ? null : time)),
        otherOwner: pulumi.all([active, commands]).apply(([is, all]) => (is ? [] : all)),
        parts,
    };
}

/** The connection, as this program requests it. */
function request({ name, args, ends, child, state, ofConnection, after }: PeeringPlan): ec2.VpcPeeringConnection {
    const { vpcId, peerVpcId, peerRegion, peerOwnerId } = ends;
    const { autoAccept } = args;
    return new ec2.VpcPeeringConnection(
        `${name}-connection`,
        {
            ...inRegion(args.requester.region),
            vpcId,
            peerVpcId,
            peerRegion,
            peerOwnerId,
            ...(autoAccept && { autoAccept }),
            tags: ofConnection,
        },
        {
            ...unlessPeered({ ...child("requester"), aliases: [formerConnection(`${name}-connection`, state)] }, state),
            dependsOn: after,
            // In place of a second connection of the same VPCs AWS returns the first, which would then be deleted, or makes a
            // request that can't be accepted.
            deleteBeforeReplace: true,
        },
    );
}

/** The acceptance of a connection, as this program makes it. */
function acceptance(
    { name, args, child, ofConnection }: PeeringPlan,
    vpcPeeringConnectionId: pulumi.Output<string>,
    after: pulumi.Resource[],
): ec2.VpcPeeringConnectionAccepter {
    return new ec2.VpcPeeringConnectionAccepter(
        `${name}-accepter`,
        { ...inRegion(args.accepter.region), vpcPeeringConnectionId, autoAccept: true, tags: ofConnection },
        { ...child("accepter"), ...(after.length > 0 && { dependsOn: after }) },
    );
}

/** All that follows an acceptance by this program. */
function accepting(
    plan: PeeringPlan,
    accepted: ec2.VpcPeeringConnection | ec2.VpcPeeringConnectionAccepter,
): Omit<Peering, "connection" | "connectionId"> {
    const { args, child, isManaged } = plan;
    const parts = partsOf(plan, accepted);
    // A preview waits for nothing.
    const readStatus = pulumi.runtime.isDryRun() ? findStatus : settledStatus;
    // All is done by then, so a connection that can't be read is no reason to fail.
    const statusFrom = (side: Side) =>
        pulumi.all([accepted.id, accepted.acceptStatus, parts]).apply(([known, last]) =>
            readStatus(known, child(side), args[side].region).then(
                (seen) => seen ?? "deleted",
                () => last,
            ),
        );
    const status = statusFrom("accepter");
    return {
        status: { requester: isManaged("requester") ? statusFrom("requester") : status, accepter: status },
        expires: pulumi.output(null),
        otherOwner: pulumi.output([]),
        parts,
    };
}

function partsOf(plan: PeeringPlan, accepted: pulumi.CustomResource): pulumi.Output<MadeParts> {
    const { child, isManaged } = plan;
    const opened = (side: Side) => (isManaged(side) ? child(side) : undefined);
    return peeringParts({ ...plan, accepted, opts: { requester: opened("requester"), accepter: opened("accepter") } });
}

/** When the request expires. A stash keeps its first value, which is the time of the request. */
function expiryOf(parent: pulumi.Resource, name: string, connectionId: pulumi.Output<string>): pulumi.Output<string> {
    const requested = new pulumi.Stash(
        `${name}-requested`,
        { input: connectionId.apply(() => new Date().toISOString()) },
        { parent, replacementTrigger: connectionId, ignoreChanges: ["input"] },
    );
    return requested.output.apply((time: string) => {
        const end = new Date(time);
        end.setUTCDate(end.getUTCDate() + requestLifetime);
        return end.toISOString();
    });
}
