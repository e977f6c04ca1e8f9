import { AsyncResource } from "async_hooks";
import { randomUUID } from "crypto";
import { getRouteTable } from "@pulumi/aws/ec2/getRouteTable";
import { getVpcPeeringConnection } from "@pulumi/aws/ec2/getVpcPeeringConnection";
import { getVpcPeeringConnections } from "@pulumi/aws/ec2/getVpcPeeringConnections";
import {
    ResourceHook,
    runtime,
    type CustomResourceOptions,
    type Input,
    type InvokeOptions,
    type Resource,
    type ResourceHookArgs,
} from "@pulumi/pulumi";
import { known, runsHooks } from "../ordering";
import { withoutStack } from "../problems";
import { inboundRules } from "./inboundRules";
import { oncePerRun } from "./oncePerRun";
import { shellWord } from "../shell";
import { namesIn, orEmpty, ownerIn, ownTag } from "./ownership";
import { inRegion } from "./regions";
import { findStatus, standing } from "./request";
import { isElsewhere, regionOf } from "./sideAccess";
import { connects, hasId, isAbout, isOfPeering, manages, nameOf, route, rule, type PartKind } from "./stackParts";
import { urnsOf, type StackResource, type StackState } from "./stackState";

// AWS refuses a route or rule that is there already, made by hand or by an update that was cut off, and its error does not say
// what to do about it. So AWS is asked before each is created, in the preview already. An error hook would only be called after a
// refusal, but the engine looks for it when it fails to delete a resource too, and where the program does not run, as in a destroy,
// it reports that it has no such hook instead of AWS's error.
//
// A second connection of a pair of VPCs AWS does not refuse. In the same direction it returns the one that is there, which the stack
// would then have taken over unasked, and would delete; in the other one it makes a request, whose acceptance fails with
// VpcPeeringConnectionAlreadyExists.

/** What is there in place of a resource. */
interface Existing {
    /** As the beginning of a sentence: `A route to 10.42.0.0/16 is in rtb-1 already`. */
    readonly what: string;
    /** The id that Pulumi imports it by; undefined where the resource could not be made of it. */
    readonly id?: string | undefined;
    /** What removes it, as a command of `aws ec2`. */
    readonly removal: string;
    /** Which other stack made it, where that is known: `shop/prod/database`. */
    readonly owner?: string | undefined;
    /** The resource of this stack that manages it, where the state tells. */
    readonly managed?: StackResource | undefined;
}

type Inputs = Readonly<Record<string, unknown>>;

/** Where AWS is asked: through which provider, and in which region, by default the provider's. */
interface At {
    readonly opts: InvokeOptions;
    readonly region: string | undefined;
}

/** Looks for what would be made a second time by a resource of this URN. */
type Find = (inputs: Inputs, at: At, urn: string) => Promise<Existing | undefined>;

/**
 * Options of a connection, which is not created where its two VPCs have one already, whichever side requested it. One with the tag
 * {@link ownTag} of the new one was made by an update that was cut off.
 */
export function unlessPeered(opts: CustomResourceOptions, state: StackState): CustomResourceOptions {
    return unless(opts, state, async ({ vpcId, peerVpcId, tags = {} }, at, urn) => {
        if (typeof vpcId !== "string" || typeof peerVpcId !== "string") {
            return undefined;
        }
        const values = [vpcId, peerVpcId];
        const filters = [
            { name: "requester-vpc-info.vpc-id", values },
            { name: "accepter-vpc-info.vpc-id", values },
            { name: "status-code", values: [...standing] },
        ];
        const { ids } = await getVpcPeeringConnections({ ...inRegion(at.region), filters }, at.opts);
        const owner = ownerIn(tags as Readonly<Record<string, string>>);
        const found = await Promise.all(orEmpty(ids).map((id) => readPeering(id, values, owner, at)));
        const resources = await state();
        const managed = resources?.find((resource) => connects(resource, values));
        const other = found.find(
            ({ id, isOwn }) =>
                // A preview finds the one that is to be replaced, too.
                !isOwn && !(managed?.urn === urn && resources?.some((resource) => isAbout(resource, id))),
        );
        return other && existingConnection(other, vpcId, peerVpcId, managed?.urn === urn ? undefined : managed);
    });
}

/** A connection as far as the provider tells: in another region than its own it does not tell its owner and tags. */
interface Peering {
    readonly id: string;
    readonly status: string | undefined;
    /** The VPC that it was requested from. */
    readonly requester: string;
    /** The account of that VPC. */
    readonly accountId?: string;
    /** Whether it has the tag of the new one. */
    readonly isOwn: boolean;
    /** The value of its {@link ownTag}. */
    readonly owner?: string | undefined;
}

/** Reads a connection between two VPCs, the first of which is to be its requester; `owner` is the tag that the new one is to have. */
async function readPeering(
    id: string,
    [vpcId = "", peerVpcId = ""]: readonly string[],
    owner: string | undefined,
    { opts, region }: At,
): Promise<Peering> {
    if (!(await isElsewhere(region, opts))) {
        const { status, ownerId, vpcId: requester, tags } = await getVpcPeeringConnection({ id }, opts);
        const own = ownerIn(tags);
        return { id, status, requester, accountId: ownerId, isOwn: own !== undefined && own === owner, owner: own };
    }
    const is = async (name: string, value: string) => {
        const filters = [
            { name: "vpc-peering-connection-id", values: [id] },
            { name, values: [value] },
        ];
        return orEmpty((await getVpcPeeringConnections({ ...inRegion(region), filters }, opts)).ids).length > 0;
    };
    const [status, isSame, isOwn] = await Promise.all([
        findStatus(id, opts, region),
        is("requester-vpc-info.vpc-id", vpcId),
        owner !== undefined && is(`tag:${ownTag}`, owner),
    ]);
    return { id, status, requester: isSame ? vpcId : peerVpcId, isOwn };
}

/** A connection in place of one from `vpcId` to `peerVpcId`; throws if another component of this stack manages it. */
function existingConnection(
    { id, status = "", requester, accountId, owner }: Peering,
    vpcId: string,
    peerVpcId: string,
    managed: StackResource | undefined,
): Existing {
    const connection = `The connection ${id} between ${vpcId} and ${peerVpcId}`;
    if (managed && isOfPeering(managed)) {
        const sibling = nameOf(managed).replace(/-connection$/, "");
        const renamed = `if it was renamed, give it the option aliases: [{ name: "${sibling}" }]`;
        throw withoutStack(
            new Error(
                `${connection} is that of ${sibling} in this stack; ${renamed}; if not, leave one of the two out`,
            ),
        );
    }
    const sameDirection = requester === vpcId;
    // Only its requester may delete a request that waits to be accepted.
    const verb = sameDirection || status !== "pending-acceptance" ? "delete" : "reject";
    return {
        what: `${connection} is there already (${status}, requested from ${requester}${accountId === undefined ? "" : ` by account ${accountId}`})`,
        id: sameDirection ? id : undefined,
        removal: `${verb}-vpc-peering-connection --vpc-peering-connection-id ${id}`,
        owner: namesIn(owner),
        managed,
    };
}

/** Options of a route, which is not created where its table has one to that block already. */
export function unlessRouted(
    opts: CustomResourceOptions,
    table: Input<string>,
    state: StackState,
): CustomResourceOptions {
    return unlessThere(opts, route, table, state, async (id, at) => {
        const { routes } = await getRouteTable({ ...inRegion(at.region), routeTableId: id }, at.opts);
        return orEmpty(routes).map(({ cidrBlock }) => ({
            properties: { routeTableId: id, destinationCidrBlock: cidrBlock },
            existing: {
                what: `A route to ${cidrBlock} is in ${id} already`,
                id: `${id}_${cidrBlock}`,
                removal: `delete-route --route-table-id ${id} --destination-cidr-block ${cidrBlock}`,
            },
        }));
    });
}

/** Options of a rule for inbound traffic, which is not created where its group has one for that source and port already. */
export function unlessAllowed(
    opts: CustomResourceOptions,
    group: Input<string>,
    state: StackState,
): CustomResourceOptions {
    return unlessThere(opts, rule, group, state, async (id, at) => {
        const rules = await inboundRules(id, at.opts, at.region);
        return rules.map((properties) => ({
            properties: { ...properties, securityGroupId: id },
            existing: {
                what: `The rule ${properties.securityGroupRuleId} of ${id} lets the same in already`,
                id: properties.securityGroupRuleId,
                removal: `revoke-security-group-ingress --group-id ${id} --security-group-rule-ids ${properties.securityGroupRuleId}`,
            },
        }));
    });
}

/** What a table or group has. */
type Standing = readonly { readonly properties: Inputs; readonly existing: Existing }[];

/** Options of a part of a table or group, which is asked about its parts once for all that are to be created there. */
function unlessThere(
    opts: CustomResourceOptions,
    kind: PartKind,
    container: Input<string>,
    state: StackState,
    read: (id: string, at: At) => Promise<Standing>,
): CustomResourceOptions {
    return unless(opts, state, async (inputs, at) => {
        const id = inputs[kind.container];
        if (typeof id !== "string" || (await isMadeNow(id, container, state))) {
            return undefined;
        }
        const found = await oncePerRun(`parts of ${id}`, () => read(id, at));
        const same = found.find(({ properties }) => kind.isSame(inputs, properties));
        const managed = (await state())?.find((one) => manages(one, kind, inputs));
        return same && { ...same.existing, managed };
    });
}

/** Whether a table or group is made by this very update, so that nothing can be there. */
async function isMadeNow(id: string, container: Input<string>, state: StackState): Promise<boolean> {
    // A preview knows no id of what is yet to be made.
    if (runtime.isDryRun() || (await urnsOf(container, /:(Default)?(RouteTable|SecurityGroup)$/)).length === 0) {
        return false;
    }
    return !(await state())?.some((resource) => hasId(resource, id));
}

function unless(
    opts: CustomResourceOptions & { readonly parent?: Resource },
    state: StackState,
    find: Find,
): CustomResourceOptions {
    const beforeCreate = async ({ name, type, urn, newInputs = {} }: ResourceHookArgs): Promise<void> => {
        const { parent } = opts;
        const provider = opts.provider ?? parent?.getProvider(type);
        const asked = { ...(parent && { parent }), ...(provider && { provider }) };
        const { region: wanted } = newInputs as { readonly region?: string };
        const existing = await find(newInputs, { opts: asked, region: wanted }, urn);
        if (existing === undefined) {
            return;
        }
        const ofProvider = await regionOf(asked);
        const region = wanted ?? ofProvider;
        const resources = await state();
        const id = region === ofProvider ? existing.id : `${existing.id}@${region}`;
        const command = await importCommand(`${type} ${name} ${id ?? ""}`, { parent, provider }, resources);
        const removing = `aws ec2 ${existing.removal} --region ${region}`;
        const isItself = existing.managed?.urn === urn;
        const told = isItself ? unreplaced(removing) : remedy(existing, resources !== undefined, command, removing);
        throw withoutStack(new Error(`${existing.what}, ${told}`));
    };
    if (!runsHooks()) {
        return opts;
    }
    // Where the component is part of a package for other languages, the SDK knows the engine only in the calls that it makes it in.
    const bound = AsyncResource.bind(beforeCreate);
    // Hooks need names that are unique in the program.
    const hook = new ResourceHook(`unless-${randomUUID()}`, bound, { onDryRun: true });
    return { ...opts, hooks: { beforeCreate: [hook] } };
}

/** The command that imports something; what is not in the state yet can't be named in it. */
async function importCommand(
    what: string,
    { parent, provider }: { readonly parent?: Resource | undefined; readonly provider?: Resource | undefined },
    resources: readonly StackResource[] | undefined,
): Promise<string> {
    const is = (urn: string) => resources?.some((one) => one.urn === urn) ?? true;
    const [owner, through] = await Promise.all([parent, provider].map(async (one) => one && known(one.urn)));
    const first =
        through === undefined || is(through) ? "" : `pulumi up --target ${shellWord(through)} --yes --skip-preview && `;
    // Without its parent it is imported at the top of the stack, where the component then finds it.
    const options = [
        ...(owner !== undefined && is(owner) ? [`--parent ${shellWord(`parent=${owner}`)}`] : []),
        ...(through === undefined ? [] : [`--provider ${shellWord(`provider=${through}`)}`]),
    ];
    return `${first}${["pulumi import", what, ...options, "--protect=false --generate-code=false"].join(" ")}`;
}

/** What to do about a resource that is to be replaced, and that AWS can't have twice. */
function unreplaced(removing: string): string {
    return `and this stack manages it under this name. AWS can't have it twice, so it can't be replaced: leave out --replace; or remove it with "${removing}" and run 'pulumi up --refresh', which creates it again`;
}

/** Whose it is, as far as the state is known, and what to do about it. */
function remedy({ id, owner, managed }: Existing, isKnown: boolean, importing: string, removing: string): string {
    const again = "then run 'pulumi up' again";
    if (managed && isOfPeering(managed)) {
        return `and this stack manages it as ${nameOf(managed)}. Names of tables and groups may change, but not be exchanged: give this one the name that it had, or one that none had`;
    }
    if (managed) {
        const release = `pulumi state delete ${shellWord(managed.urn)} --yes`;
        return `and this stack manages it as ${nameOf(managed)}. Leave that resource out of the program, and hand it over with "${release} && ${importing}"; ${again}`;
    }
    const takeOver = id === undefined ? "remove" : `have the stack take it over with "${importing}", or remove`;
    const either = `${takeOver} it with "${removing}"; ${again}`;
    if (owner !== undefined) {
        return `and belongs to ${owner}, which may use it. Leave this one out; or, if ${owner} gives it up, ${either}`;
    }
    return isKnown
        ? `and this stack does not manage it. ${either.replace(/^./, (first) => first.toUpperCase())}`
        : `and the stack's state can't be read. If this stack manages it by another name, use that name again; if not, ${either}`;
}
