import * as ec2 from "@pulumi/aws/ec2";
import * as pulumi from "@pulumi/pulumi";
import { dependenciesOf } from "../ordering";
import { refuse, withoutStack } from "../problems";
import { checkVpcPeeringArgs, type PeeringSideArgs, type VpcPeeringArgs } from "./peeringArgs";
import { acceptersPart, sideParts } from "./peeringParts";
import { checkSelf } from "./peeringRules";
import { findPlaces } from "./places";
import { sides, type Side } from "./sides";

/** How long a request waits to be accepted, in days. Source: Amazon VPC Peering Guide, "VPC peering connection lifecycle". */
const requestLifetime = 7;

/** The states in which a connection has ended, and why. */
const ended: Readonly<Record<string, string>> = {
    failed: "AWS finds no such VPC or account there, or their blocks overlap",
    rejected: "the accepter's owner turned it down",
    expired: `the accepter's owner did not accept it within ${requestLifetime} days`,
    deleting: "one of the owners is deleting it",
    deleted: "one of the owners deleted it",
};

/**
 * A peering connection between any two VPCs, with what it takes for packets to pass: its acceptance, a route for each
 * block in each route table, security group rules and DNS resolution. The two may be in different regions and accounts;
 * each side's parts go through its own provider. Routes and rules are named after their table or group, block and port, so
 * that the order of lists makes no difference.
 *
 * The connection is free, and so is its traffic within one availability zone; between zones and regions it is charged.
 *
 * Throws a ResourceError that lists everything that AWS would refuse, before anything is created.
 */
export class VpcPeering extends pulumi.ComponentResource {
    /** The connection's id, known before it is accepted. */
    readonly connectionId: pulumi.Output<string>;
    /** The connection's status, as each side's owner sees it: `pending-acceptance`, `active`. */
    readonly status: Readonly<Record<Side, pulumi.Output<string>>>;
    /** When the request expires unless it is accepted, in UTC: `2026-11-30T09:00:00.000Z`; null once it is, or where this program accepts it. */
    readonly expires: pulumi.Output<string | null>;
    /** What the accepter's owner still has to run, as commands of the AWS CLI; empty where `expires` is null. */
    readonly otherOwner: pulumi.Output<string[]>;
    /** Ids of everything here that packets depend on. */
    readonly path: pulumi.Output<string[]>;

    constructor(name: string, args: VpcPeeringArgs, opts?: pulumi.ComponentResourceOptions) {
        super("vpc-peering-lab:components:VpcPeering", name, {}, opts);
        const { problems, warnings } = checkVpcPeeringArgs(args);
        refuse(this, `VpcPeering ${name}`, problems);
        for (const warning of warnings) {
            void pulumi.log.warn(warning, this);
        }

        const { manageAccepter = true, autoAccept = false } = args;
        const tags = { Name: name, ...args.tags };
        const child = ({ provider }: PeeringSideArgs) => ({ parent: this, ...(provider && { provider }) });
        const asked = { requester: child(args.requester), accepter: manageAccepter ? child(args.accepter) : undefined };
        const found = pulumi.output(findPlaces(args, asked, args));
        // Ids and providers tell some problems only now, before there is a connection.
        const { vpcId, peerVpcId, peerRegion, peerOwnerId } = pulumi
            .all([args.requester.vpcId, args.accepter.vpcId, found])
            .apply(([one, other, { places: actual, problems: late }]) => {
                const all = [...checkSelf(one, other), ...late];
                refuse(this, `VpcPeering ${name}`, all, "no connection was requested");
                const { requester, accepter } = actual;
                return {
                    vpcId: one,
                    peerVpcId: other,
                    peerRegion: accepter.region === requester.region ? undefined : accepter.region,
                    peerOwnerId: accepter.accountId === requester.accountId ? undefined : accepter.accountId,
                };
            });
        const connection = new ec2.VpcPeeringConnection(
            `${name}-connection`,
            { vpcId, peerVpcId, peerRegion, peerOwnerId, ...(autoAccept && { autoAccept }), tags },
            { ...child(args.requester), dependsOn: dependenciesOf(opts) },
        );
        this.connectionId = connection.id;
        const statusFrom = (side: Side, id: pulumi.Output<string>) =>
            ec2.getVpcPeeringConnectionOutput({ id }, child(args[side])).status;
        /** Routes, rules and options of all sides that are managed, for an accepted connection. */
        const complete = (accepted: pulumi.CustomResource) =>
            sides
                .filter((side) => side === "requester" || manageAccepter)
                .flatMap((side) =>
                    sideParts({
                        name: `${name}-${side}`,
                        side,
                        args,
                        places: found.places,
                        connectionId: accepted.id,
                        tags,
                        opts: { ...child(args[side]), dependsOn: accepted },
                    }),
                )
                .map(({ id }) => id);

        if (manageAccepter) {
            // A resource of its own, because the two sides may have two owners.
            const accepted = autoAccept
                ? connection
                : new ec2.VpcPeeringConnectionAccepter(
                      `${name}-accepter`,
                      { vpcPeeringConnectionId: connection.id, autoAccept: true, tags },
                      child(args.accepter),
                  );
            const parts = complete(accepted);
            // Across regions the requester sees the connection active a moment later, and some of the parts wait for that.
            const completed = pulumi.all([accepted.id, pulumi.all(parts)]).apply(([id]) => id);
            this.status = {
                requester: statusFrom("requester", completed),
                accepter: statusFrom("accepter", completed),
            };
            this.expires = pulumi.output(null);
            this.otherOwner = pulumi.output([]);
            this.path = pulumi.all([connection.id, ...parts]);
        } else {
            const status = statusFrom("requester", connection.id).apply((seen) => this.unlessEnded(seen));
            const active = status.apply((seen) => seen === "active");
            // Rules by group and DNS options need an active connection, and only AWS knows whether the other owner has accepted
            // it: no argument can say so ahead, so these resources are made inside an apply, which previews of the update after
            // the acceptance show all the same, since the status is read then.
            const parts = active.apply((is) => (is ? complete(connection) : []));
            this.status = { requester: status, accepter: status };
            const expiry = this.expiry(name, connection.id);
            this.expires = pulumi.all([active, expiry]).apply(([is, time]) => (is ? null : time));
            const commands = acceptersPart(args, connection.id, found.places);
            this.otherOwner = pulumi.all([active, commands]).apply(([is, all]) => (is ? [] : all));
            this.path = pulumi.all([connection.id, parts]).apply(([id, ids]) => [id, ...ids]);
        }
        this.registerOutputs({
            connectionId: this.connectionId,
            status: this.status,
            expires: this.expires,
            otherOwner: this.otherOwner,
            path: this.path,
        });
    }

    /** The status; throws a ResourceError if the connection has ended. */
    private unlessEnded(status: string): string {
        const why = ended[status];
        if (why !== undefined) {
            const remedy = "run 'pulumi up --refresh', which forgets it and asks again";
            throw withoutStack(
                new pulumi.ResourceError(`The peering connection is ${status}: ${why}; ${remedy}`, this, true),
            );
        }
        return status;
    }

    /** When the request expires. A stash keeps its first value, which is the time of the request. */
    private expiry(name: string, connectionId: pulumi.Output<string>): pulumi.Output<string> {
        const requested = new pulumi.Stash(
            `${name}-requested`,
            { input: connectionId.apply(() => new Date().toISOString()) },
            { parent: this, replacementTrigger: connectionId, ignoreChanges: ["input"] },
        );
        return requested.output.apply((time: string) => {
            const end = new Date(time);
            end.setUTCDate(end.getUTCDate() + requestLifetime);
            return end.toISOString();
        });
    }
}
