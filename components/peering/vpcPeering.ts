import type * as ec2 from "@pulumi/aws/ec2";
import * as pulumi from "@pulumi/pulumi";
import { warn } from "../problems";
import { ownConnections } from "./ownership";
import { argumentWarnings, peeringWarnings, type VpcPeeringArgs } from "./peeringArgs";
import { planPeering, type PeeringPlan } from "./plan";
import type { Side } from "./sides";
import { acceptanceOfTheirs, bothSides, requestToTheirs } from "./situations";

/**
 * A peering connection between any two VPCs, with what it takes for packets to pass: its acceptance, a route for each
 * block in each route table, security group rules and DNS resolution. The two may be in different regions and accounts;
 * each side's parts are made in its region, through its own
 * provider. Routes and rules are named after their table or group, block and port, so
 * that the order of lists makes no difference.
 *
 * Either side may be another owner's. With `acceptance: "otherOwner"` this is the requester's half, and the request waits for them
 * to accept it. With the id of a request that exists, such as one of a vendor, it is the accepter's half:
 *
 * ```ts
 * new VpcPeering("database", {
 *     acceptance: { request: "pcx-0123456789abcdef0" },
 *     requester: { vpcId: "vpc-0123456789abcdef0", accountId: "333333333333", cidrBlocks: ["192.168.248.0/21"] },
 *     accepter: await lookUpVpc("vpc-0fedcba9876543210"),
 *     requestsFrom: "accepter",
 * });
 * ```
 *
 * AWS's provider leaves an accepted connection alone when its acceptance is deleted: either owner may delete the connection.
 *
 * The connection is free, and so is its traffic within one availability zone; between zones and regions it is charged.
 *
 * The connection has the tag `pulumi-vpc-peering: PROJECT/STACK/NAME/ID`, by which this component knows it.
 *
 * Throws a ResourceError that lists everything that AWS would refuse or that would come to nothing, in previews already. A pair of
 * VPCs that is peered already is refused too, with the commands that take the connection over or delete it.
 */
export class VpcPeering extends pulumi.ComponentResource {
    /** The connection, or its acceptance where another owner has requested it, for `dependsOn`. */
    readonly connection: ec2.VpcPeeringConnection | ec2.VpcPeeringConnectionAccepter;
    /** The connection's id, known before it is accepted. */
    readonly connectionId: pulumi.Output<string>;
    /** The connection's status, as each side's owner sees it: `pending-acceptance`, `active`. */
    readonly status: Readonly<Record<Side, pulumi.Output<string>>>;
    /** Ids of the routes, each by its side, table and block: `routes["requester-main-10.42.0.0/16"]`. */
    readonly routes: pulumi.Output<Readonly<Record<string, string>>>;
    /** Ids of the rules, each by its side, group, port and source: `rules["accepter-web-tcp-80-10.41.0.0/16"]`. */
    readonly rules: pulumi.Output<Readonly<Record<string, string>>>;
    /** When the request expires unless it is accepted, in UTC: `2026-11-30T09:00:00.000Z`; null once it is, or where this program accepts it. */
    readonly expires: pulumi.Output<string | null>;
    /** What the accepter's owner still has to run, as commands of the AWS CLI; empty where `expires` is null. */
    readonly otherOwner: pulumi.Output<string[]>;
    /** Ids of everything here that packets depend on. */
    readonly path: pulumi.Output<string[]>;

    constructor(name: string, args: VpcPeeringArgs, opts?: pulumi.ComponentResourceOptions) {
        super("vpc-peering-lab:components:VpcPeering", name, {}, opts);
        const plan = planPeering(this, name, args, opts);
        warn(this, argumentWarnings(args));
        this.warnOfQuotas(plan);
        const { connection, connectionId, status, expires, otherOwner, parts } = situationOf(plan)(plan);
        this.connection = connection;
        this.connectionId = connectionId;
        this.status = status;
        this.routes = parts.routes;
        this.rules = parts.rules;
        this.expires = expires;
        this.otherOwner = otherOwner;
        this.path = pulumi.all([connectionId, parts.path]).apply(([id, ids]) => [id, ...ids]);
        this.registerOutputs({
            connectionId,
            status,
            routes: this.routes,
            rules: this.rules,
            expires,
            otherOwner,
            path: this.path,
        });
    }

    /** Warns of quotas that the sides come near, in previews too; this connection counts once. */
    private warnOfQuotas({ args, owner, child }: PeeringPlan): void {
        if (peeringWarnings(args, []).length === 0) {
            return;
        }
        const theirs = args.peeringConnectionId;
        const own =
            theirs === undefined
                ? owner.tag.apply((tag) => ownConnections(tag, child("requester"), args.requester.region))
                : pulumi.output(theirs).apply((id) => [id]);
        pulumi.output(own).apply((ids) => {
            warn(this, peeringWarnings(args, ids));
        });
    }
}

function situationOf({ isManaged }: PeeringPlan) {
    if (!isManaged("requester")) {
        return acceptanceOfTheirs;
    }
    return isManaged("accepter") ? bothSides : requestToTheirs;
}
