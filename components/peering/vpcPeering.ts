import * as ec2 from "@pulumi/aws/ec2";
import * as pulumi from "@pulumi/pulumi";
import { dependenciesOf } from "../ordering";
import { problemIf, refuse, type Problem } from "../problems";
import { claimParts } from "./claims";
import { unlessPeered } from "./existing";
import {
    argumentWarnings,
    checkVpcPeeringArgs,
    peeringWarnings,
    type PeeringSideArgs,
    type VpcPeeringArgs,
} from "./peeringArgs";
import { ownConnections, ownerOf, ownTag } from "./ownership";
import { defaultTagsOf, mergedTags } from "./mergedTags";
import { acceptersPart, peeringParts, wantedParts } from "./peeringParts";
import { checkPlaces, checkSelf } from "./peeringRules";
import { findPlaces } from "./places";
import { stackState } from "./stackState";
import { inRegion } from "./regions";
import { checkRequest, findConnection, findStatus, refuseEnded, requesterPlace, requestLifetime } from "./request";
import { placeOf } from "./sideAccess";
import { sides, type Side } from "./sides";
import { checkExchange, formerConnection } from "./stackParts";
import { checkThere } from "./moved";

/**
 * A peering connection between any two VPCs, with what it takes for packets to pass: its acceptance, a route for each
 * block in each route table, security group rules and DNS resolution. The two may be in different regions and accounts;
 * each side's parts are made in its region, through its own
 * provider. Routes and rules are named after their table or group, block and port, so
 * that the order of lists makes no difference.
 *
 * Either side may be another owner's. With `manageAccepter: false` this is the requester's half, and the request waits for them
 * to accept it. With `manageRequester: false` it is the accepter's half of a request that exists, such as one of a vendor:
 *
 * ```ts
 * new VpcPeering("database", {
 *     manageRequester: false,
 *     peeringConnectionId: "pcx-0123456789abcdef0",
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

        const { manageRequester = true, manageAccepter = true, autoAccept = false } = args;
        // True whatever else the program has made by then.
        const outcome = `no connection was ${manageRequester ? "requested" : "accepted"}`;
        const refused = (problems: readonly Problem[]) => {
            refuse(this, `VpcPeering ${name}`, problems, outcome);
        };
        refused(checkVpcPeeringArgs(args));
        this.warn(argumentWarnings(args));

        const tags = mergedTags({ Name: name }, args.tags);
        const owner = ownerOf(name, this);
        const state = stackState(owner.wasThere);
        // At once, while it is still that of before this update.
        void state();
        const child = ({ provider }: PeeringSideArgs) => ({ parent: this, ...(provider && { provider }) });
        const opened = {
            requester: manageRequester ? child(args.requester) : undefined,
            accepter: manageAccepter ? child(args.accepter) : undefined,
        };
        const theirs = pulumi
            .output(manageRequester ? undefined : args.peeringConnectionId)
            .apply(async (id) => (id === undefined ? undefined : this.theirRequest(name, id, args.accepter)));
        // Providers tell where they lead before any VPC has an id, so that previews find it.
        const declared = pulumi.output(findPlaces(args, opened, args)).apply((found) => {
            refused(found.problems);
            return found.places;
        });
        const places = pulumi
            .all([declared, theirs])
            .apply(([known, seen]) =>
                seen ? { ...known, requester: { ...known.requester, ...requesterPlace(seen) } } : known,
            );
        // Within one account and region the acceptance is the connection to AWS, and has the same tags.
        const ofBoth =
            args.requester.provider === args.accepter.provider || !manageRequester || !manageAccepter
                ? {}
                : places.apply(({ requester, accepter }) =>
                      requester.region === accepter.region && requester.accountId === accepter.accountId
                          ? defaultTagsOf(child(args.requester), child(args.accepter))
                          : {},
                  );
        const ofConnection = mergedTags(ofBoth, manageRequester ? mergedTags(tags, { [ownTag]: owner.tag }) : tags);
        const wanted = sides.filter((side) => opened[side]).flatMap((side) => wantedParts(name, args, side, places));
        const claimed = pulumi.output(claimParts(name, wanted)).apply(refused);
        // Ids tell the rest, before there is a connection.
        const { id, vpcId, peerVpcId, peerRegion, peerOwnerId } = pulumi
            .all([args.requester.vpcId, args.accepter.vpcId, places, theirs, claimed])
            .apply(async ([one, other, { requester, accepter }, seen]) => {
                const expected = { requester: { ...args.requester, vpcId: one }, accepter: { vpcId: other } };
                const ofRequest = seen
                    ? [...checkRequest(seen, expected), ...checkPlaces({ requester, accepter }, args)]
                    : [];
                const exchanged = checkExchange(
                    `${name}-connection`,
                    { requester: one, accepter: other },
                    await state(),
                );
                refused([...checkSelf(one, other), ...ofRequest, ...exchanged]);
                const vpcs = { requester: one, accepter: other };
                refused(await checkThere(`${name}-connection`, vpcs, args, opened, await state()));
                return {
                    id: seen?.id ?? "",
                    vpcId: one,
                    peerVpcId: other,
                    peerRegion: accepter.region === requester.region ? undefined : accepter.region,
                    peerOwnerId: accepter.accountId === requester.accountId ? undefined : accepter.accountId,
                };
            });
        const after = dependenciesOf(opts);
        const connection = manageRequester
            ? new ec2.VpcPeeringConnection(
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
                      ...unlessPeered(
                          { ...child(args.requester), aliases: [formerConnection(`${name}-connection`, state)] },
                          state,
                      ),
                      dependsOn: after,
                      // In place of a second connection of the same VPCs AWS returns the first, which would then be deleted.
                      deleteBeforeReplace: true,
                  },
              )
            : undefined;
        this.connectionId = connection?.id ?? id;
        this.warnOfQuotas(args, owner.tag, child(args.requester));
        const complete = (accepted: pulumi.CustomResource) =>
            peeringParts({ name, args, places, wanted, accepted, tags, opts: opened, state });

        if (manageAccepter || connection === undefined) {
            // A resource of its own, because the two sides may have two owners.
            const accepted =
                autoAccept && connection
                    ? connection
                    : new ec2.VpcPeeringConnectionAccepter(
                          `${name}-accepter`,
                          {
                              ...inRegion(args.accepter.region),
                              vpcPeeringConnectionId: this.connectionId,
                              autoAccept: true,
                              tags: ofConnection,
                          },
                          { ...child(args.accepter), ...(!connection && { dependsOn: after }) },
                      );
            const parts = complete(accepted);
            // All is done by then, so a connection that can't be read is no reason to fail.
            const statusFrom = (side: Side) =>
                pulumi.all([accepted.id, accepted.acceptStatus, parts]).apply(([known, last]) =>
                    findStatus(known, child(args[side]), args[side].region).then(
                        (seen) => seen ?? "deleted",
                        () => last,
                    ),
                );
            const status = statusFrom("accepter");
            this.status = { requester: manageRequester ? statusFrom("requester") : status, accepter: status };
            this.expires = pulumi.output(null);
            this.otherOwner = pulumi.output([]);
            this.path = pulumi.all([this.connectionId, parts]).apply(([own, ids]) => [own, ...ids]);
        } else {
            const status = connection.id.apply(async (known) => {
                const seen = (await findStatus(known, child(args.requester), args.requester.region)) ?? "deleted";
                refuseEnded(this, seen, "run 'pulumi up --refresh', which forgets it and asks again");
                return seen;
            });
            const active = status.apply((seen) => seen === "active");
            // Rules by group and DNS options need an active connection, and only AWS knows whether the other owner has accepted
            // it: no argument can say so ahead, so these resources are made inside an apply, which previews of the update after
            // the acceptance show all the same, since the status is read then.
            const parts = active.apply((is) => (is ? complete(connection) : []));
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

    /** Warns of quotas that the sides come near, in previews too; this connection counts once. */
    private warnOfQuotas(args: VpcPeeringArgs, owner: pulumi.Output<string>, opts: pulumi.InvokeOptions): void {
        if (peeringWarnings(args, []).length === 0) {
            return;
        }
        const theirs = args.peeringConnectionId;
        const own =
            theirs === undefined
                ? owner.apply((tag) => ownConnections(tag, opts, args.requester.region))
                : pulumi.output(theirs).apply((id) => [id]);
        pulumi.output(own).apply((ids) => {
            this.warn(peeringWarnings(args, ids));
        });
    }

    private warn(warnings: readonly string[]): void {
        for (const warning of warnings) {
            void pulumi.log.warn(warning, this);
        }
    }

    /** Another owner's request; throws a ResourceError if there is none or it has ended. */
    private async theirRequest(name: string, id: string, { provider, region }: PeeringSideArgs) {
        const opts = { parent: this, ...(provider && { provider }) };
        const { ofProvider } = await placeOf(opts);
        // The data source that reads a request takes no region.
        const unread = `is another region than that of the accepter's provider, ${ofProvider}, which can read a request in its own only; give the accepter a provider of that region, as in provider: new aws.Provider("accepter", { region: "${region ?? ""}" })`;
        const misplaced = problemIf(region !== undefined && region !== ofProvider, {
            path: "accepter.region",
            value: region,
            message: unread,
        });
        const seen = misplaced.length > 0 ? undefined : await findConnection(id, opts);
        const message =
            "is no request that AWS shows to the accepter's owner in that region; correct the id or the accepter's provider";
        const missing = problemIf(seen === undefined, { path: "peeringConnectionId", value: id, message });
        refuse(this, `VpcPeering ${name}`, misplaced.length > 0 ? misplaced : missing, "no connection was accepted");
        refuseEnded(this, seen?.status ?? "", "have its owner ask again, and set peeringConnectionId to the new id");
        return seen;
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
