import * as pulumi from "@pulumi/pulumi";
import { dependenciesOf, timeoutsOf } from "../ordering";
import { problemIf, refuse, type Problem } from "../problems";
import { withFlags } from "./acceptance";
import { claimParts } from "./claims";
import { defaultTagsOf, mergedTags } from "./mergedTags";
import { checkMoved, checkRegions } from "./moved";
import { ownerOf, ownTag, type Owner } from "./ownership";
import { checkVpcPeeringArgs, type PeeringSideArgs, type VpcPeeringArgs } from "./peeringArgs";
import { wantedParts, type Places } from "./peeringParts";
import { checkPlaces, checkSelf } from "./peeringRules";
import { findPlaces } from "./places";
import { checkRequest, findConnection, refuseEnded, requesterPlace, type SeenRequest } from "./request";
import { regionOf } from "./sideAccess";
import { sides, type Side } from "./sides";
import { checkExchange, type WantedPart } from "./stackParts";
import { stackState, type StackState } from "./stackState";
import type { Tags } from "./tags";

/** The arguments of the connection that name its two ends. They are known once everything is checked. */
export interface Ends {
    /** Id of the request that is to be accepted; empty for one that is yet to be made. */
    readonly id: string;
    readonly vpcId: string;
    readonly peerVpcId: string;
    /** The accepter's region and account, where they are not the requester's. */
    readonly peerRegion: string | undefined;
    readonly peerOwnerId: string | undefined;
}

/** Everything that the three situations make a peering from. */
export interface PeeringPlan {
    readonly component: pulumi.ComponentResource;
    readonly name: string;
    /** The arguments, with the acceptance as flags. */
    readonly args: VpcPeeringArgs;
    readonly owner: Owner;
    readonly state: StackState;
    /** Where the parts of a side belong, and what makes or asks for them. */
    readonly child: (side: Side) => { readonly parent: pulumi.Resource; readonly provider?: pulumi.ProviderResource };
    readonly isManaged: (side: Side) => boolean;
    readonly places: Places;
    readonly ends: pulumi.Output<Ends>;
    /** The routes and rules of the managed sides. */
    readonly wanted: readonly WantedPart[];
    /** Tags of the rules. */
    readonly tags: Tags;
    /** Tags of the connection and its acceptance. */
    readonly ofConnection: Tags;
    /** What has to be there before the connection. */
    readonly after: pulumi.Resource[];
}

/**
 * Checks all that can be checked and asks AWS what it has to tell; what is wrong fails the component, or, where only AWS could tell,
 * the outputs of the plan, and so everything that would be made by them.
 */
export function planPeering(
    component: pulumi.ComponentResource,
    name: string,
    given: VpcPeeringArgs,
    opts: pulumi.ComponentResourceOptions | undefined,
): PeeringPlan {
    const args = withFlags(given);
    const { manageRequester = true, manageAccepter = true } = args;
    const isManaged = (side: Side) => (side === "requester" ? manageRequester : manageAccepter);
    const refused = (problems: readonly Problem[]) => {
        // True whatever else the program has made by then.
        refuse(
            component,
            `VpcPeering ${name}`,
            problems,
            `no connection was ${manageRequester ? "requested" : "accepted"}`,
        );
    };
    refused(checkVpcPeeringArgs(given));
    const child = (side: Side) => {
        const { provider } = args[side];
        return { parent: component, ...(provider && { provider }), ...timeoutsOf(opts) };
    };
    const opened = (side: Side) => (isManaged(side) ? child(side) : undefined);
    const tags = mergedTags({ Name: name }, args.tags);
    const owner = ownerOf(name, component);
    const state = stackState(owner.wasThere);
    // At once, while it is still that of before this update.
    void state();
    const theirs = pulumi
        .output(manageRequester ? undefined : args.peeringConnectionId)
        .apply(async (id) => (id === undefined ? undefined : theirRequest(component, id, args.accepter, refused)));
    // Providers tell where they lead before any VPC has an id, so that previews find it.
    const asked = { requester: opened("requester"), accepter: opened("accepter") };
    const declared = pulumi.output(findPlaces(args, asked, args)).apply(async (found) => {
        refused(found.problems);
        refused(await checkRegions({ args, asked }));
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
                      ? defaultTagsOf(child("requester"), child("accepter"))
                      : {},
              );
    const wanted = sides.filter(isManaged).flatMap((side) => wantedParts(name, args, side, places));
    const claimed = pulumi.output(claimParts(name, wanted)).apply(refused);
    // Ids tell the rest, before there is a connection.
    const ends = pulumi
        .all([args.requester.vpcId, args.accepter.vpcId, places, theirs, claimed])
        .apply(async ([one, other, { requester, accepter }, seen]) => {
            const vpcs = { requester: one, accepter: other };
            const expected = { requester: { ...args.requester, vpcId: one }, accepter: { vpcId: other } };
            const resources = await state();
            refused([
                ...checkSelf(one, other),
                ...(seen ? [...checkRequest(seen, expected), ...checkPlaces({ requester, accepter }, args)] : []),
                ...checkExchange(`${name}-connection`, vpcs, resources),
            ]);
            refused(await checkMoved(`${name}-connection`, vpcs, { args, asked }, resources));
            return {
                id: seen?.id ?? "",
                vpcId: one,
                peerVpcId: other,
                peerRegion: accepter.region === requester.region ? undefined : accepter.region,
                peerOwnerId: accepter.accountId === requester.accountId ? undefined : accepter.accountId,
            };
        });
    const own = manageRequester ? mergedTags(tags, { [ownTag]: owner.tag }) : tags;
    return {
        component,
        name,
        args,
        owner,
        state,
        child,
        isManaged,
        places,
        ends,
        wanted,
        tags,
        ofConnection: mergedTags(ofBoth, own),
        after: dependenciesOf(opts),
    };
}

/** Another owner's request; throws a ResourceError if there is none or it has ended. */
async function theirRequest(
    component: pulumi.ComponentResource,
    id: string,
    { provider, region }: PeeringSideArgs,
    refused: (problems: readonly Problem[]) => void,
): Promise<SeenRequest | undefined> {
    const opts = { parent: component, ...(provider && { provider }) };
    const ofProvider = await regionOf(opts);
    // The data source that reads a request takes no region.
    const unread = `is another region than that of the accepter's provider, ${ofProvider}, which can read a request in its own only; give the accepter a provider of that region, as in provider: new aws.Provider("accepter", { region: "${region ?? ""}" })`;
    refused(
        problemIf(region !== undefined && region !== ofProvider, {
            path: "accepter.region",
            value: region,
            message: unread,
        }),
    );
    const seen = await findConnection(id, opts);
    const message =
        "is no request that AWS shows to the accepter's owner in that region; correct the id or the accepter's provider";
    refused(problemIf(seen === undefined, { path: "acceptance.request, peeringConnectionId", value: id, message }));
    refuseEnded(component, seen?.status ?? "", "have its owner ask again, and accept the new request by its id");
    return seen;
}
