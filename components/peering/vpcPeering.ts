import * as ec2 from "@pulumi/aws/ec2";
import { getCallerIdentityOutput } from "@pulumi/aws/getCallerIdentity";
import { getRegionOutput } from "@pulumi/aws/getRegion";
import * as pulumi from "@pulumi/pulumi";
import { dependenciesOf } from "../ordering";
import { refuse, withoutStack } from "../problems";
import { checkVpcPeeringArgs, optionsOf, type PeeringSideArgs, type VpcPeeringArgs } from "./peeringArgs";
import { acceptersPart, sideParts, type Places } from "./peeringParts";
import { checkDeclared, checkPlaces, checkSelf } from "./peeringRules";
import { sides, type Place, type Side } from "./sides";

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

        const { manageAccepter, autoAccept } = optionsOf(args);
        const tags = { Name: name, ...args.tags };
        const places = this.places(args);
        const connection = new ec2.VpcPeeringConnection(
            `${name}-connection`,
            { ...this.ends(name, args, places), ...(autoAccept && { autoAccept }), tags },
            { ...this.child(args.requester), dependsOn: dependenciesOf(opts) },
        );
        this.connectionId = connection.id;

        if (manageAccepter) {
            const accepted = autoAccept ? connection : this.accept(name, args, connection, tags);
            const parts = this.complete(name, args, accepted, places, tags);
            // Across regions the requester sees the connection active a moment later, and some of the parts wait for that.
            const completed = pulumi.all([accepted.id, pulumi.all(parts.map(({ id }) => id))]).apply(([id]) => id);
            this.status = {
                requester: this.statusFrom(args.requester, completed),
                accepter: this.statusFrom(args.accepter, completed),
            };
            this.expires = pulumi.output(null);
            this.otherOwner = pulumi.output([]);
            this.path = pulumi.all([connection.id, ...parts.map(({ id }) => id)]);
        } else {
            const status = this.statusFrom(args.requester, connection.id).apply((seen) => this.unlessEnded(seen));
            const active = status.apply((seen) => seen === "active");
            // Rules by group and DNS options need an active connection, and only AWS knows whether the other owner has accepted
            // it: no argument can say so ahead, so these resources are made inside an apply, which previews of the update after
            // the acceptance show all the same, since the status is read then.
            const parts = active.apply((is) =>
                is ? this.complete(name, args, connection, places, tags).map(({ id }) => id) : [],
            );
            this.status = { requester: status, accepter: status };
            const expiry = this.expiry(name, connection.id);
            this.expires = pulumi.all([active, expiry]).apply(([is, time]) => (is ? null : time));
            const commands = acceptersPart(args, connection.id, places);
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

    private child({ provider }: PeeringSideArgs): pulumi.CustomResourceOptions {
        return { parent: this, ...(provider && { provider }) };
    }

    /**
     * Where the sides are, as their providers say; undefined where nothing depends on it. Another owner's side has no
     * provider: it is taken to be where it is declared to be, or else where the requester's is.
     */
    private places(args: VpcPeeringArgs): Places {
        const declared = sides.some((side) => args[side].region !== undefined || args[side].accountId !== undefined);
        const { manageAccepter } = optionsOf(args);
        if (manageAccepter && !declared && args.requester.provider === args.accepter.provider) {
            return pulumi.output(undefined);
        }
        const actual = (side: PeeringSideArgs): pulumi.Output<Place> =>
            pulumi
                .all([
                    getRegionOutput({}, this.child(side)).region,
                    getCallerIdentityOutput({}, this.child(side)).accountId,
                ])
                .apply(([region, accountId]) => ({ region, accountId }));
        const requester = actual(args.requester);
        const { region, accountId } = args.accepter;
        const accepter = manageAccepter
            ? actual(args.accepter)
            : requester.apply((own) => ({ region: region ?? own.region, accountId: accountId ?? own.accountId }));
        return pulumi.all([requester, accepter]).apply(([one, other]) => ({ requester: one, accepter: other }));
    }

    /** The two VPCs, and where the accepter's is. Fails for what ids and providers tell only now, before there is a connection. */
    private ends(name: string, args: VpcPeeringArgs, places: Places) {
        const [subject, outcome] = [`VpcPeering ${name}`, "no connection was requested"];
        const ends = pulumi
            .all([args.requester.vpcId, args.accepter.vpcId, places])
            .apply(([vpcId, peerVpcId, actual]) => {
                refuse(this, subject, checkSelf(vpcId, peerVpcId), outcome);
                if (actual === undefined) {
                    return { vpcId, peerVpcId, peerRegion: undefined, peerOwnerId: undefined };
                }
                const { requester, accepter } = actual;
                const problems = [
                    ...sides.flatMap((side) => checkDeclared(side, args[side], actual[side])),
                    ...checkPlaces(actual, optionsOf(args)),
                ];
                refuse(this, subject, problems, outcome);
                return {
                    vpcId,
                    peerVpcId,
                    peerRegion: accepter.region === requester.region ? undefined : accepter.region,
                    peerOwnerId: accepter.accountId === requester.accountId ? undefined : accepter.accountId,
                };
            });
        return {
            vpcId: ends.vpcId,
            peerVpcId: ends.peerVpcId,
            peerRegion: ends.apply(({ peerRegion }) => peerRegion),
            peerOwnerId: ends.apply(({ peerOwnerId }) => peerOwnerId),
        };
    }

    /** The acceptance, a resource of its own: the two sides may have two owners. */
    private accept(
        name: string,
        { accepter }: VpcPeeringArgs,
        connection: ec2.VpcPeeringConnection,
        tags: Record<string, string>,
    ): pulumi.CustomResource {
        return new ec2.VpcPeeringConnectionAccepter(
            `${name}-accepter`,
            { vpcPeeringConnectionId: connection.id, autoAccept: true, tags },
            this.child(accepter),
        );
    }

    /** Routes, rules and options of all sides that are managed, for an accepted connection. */
    private complete(
        name: string,
        args: VpcPeeringArgs,
        accepted: pulumi.CustomResource,
        places: Places,
        tags: Record<string, string>,
    ): pulumi.CustomResource[] {
        const managed = sides.filter((side) => side === "requester" || optionsOf(args).manageAccepter);
        return managed.flatMap((side) =>
            sideParts({
                name: `${name}-${side}`,
                side,
                args,
                places,
                connectionId: accepted.id,
                tags,
                opts: { ...this.child(args[side]), dependsOn: accepted },
            }),
        );
    }

    /** The connection's status as a side's owner sees it. */
    private statusFrom(side: PeeringSideArgs, id: pulumi.Output<string>): pulumi.Output<string> {
        return ec2.getVpcPeeringConnectionOutput({ id }, this.child(side)).status;
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
