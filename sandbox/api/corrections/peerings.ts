import type { Vpc } from "@aws-sdk/client-ec2";
import type { Element } from "@xmldom/xmldom";
import { childOf, fill, Refusal, rewrite, setText, withText, type Answer } from "../answers.ts";
import type { View } from "../client/view.ts";
import { blocksOf, isActive, isBetween, isPending, overlap, peerOf } from "../client/vpcs.ts";
import type { Call } from "../call.ts";
import { filtersIn, matches, type Filter } from "./filters.ts";

/** The accepter VPC that a request names. */
interface Accepter {
    readonly ownerId: string;
    readonly vpcId: string;
    readonly region: string;
}

/** A status in EC2's responses. */
type Status = Readonly<Record<"code" | "message", string>>;

/** What the API behind the gateway does not know of a connection. */
interface Known {
    readonly accepter: Accepter;
    /** When the request expires. */
    readonly expires: Date;
    /** A status that the API does not have, in place of `rejected`. */
    readonly status?: Status;
}

/** A connection that its requester still sees as it is set up. */
interface Held {
    readonly requester: { readonly account: string | undefined; readonly region: string | undefined };
    readonly until: number;
}

/**
 * The tag of a connection that says for how many seconds after its acceptance its requester sees it `provisioning`, while its
 * accepter sees it `active`: AWS tells two regions or accounts one after the other, and says no time for it.
 */
const HOLD = "vpc-peering-lab:provisioning-seconds";

/** Source: VPC Peering Guide, "VPC peering connection lifecycle" (Failed, Expired); the first message is the one that AWS returns. */
const FAILED = {
    code: "failed",
    message: "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range",
} as const;
const EXPIRED = { code: "expired", message: "Expired" } as const;
const PROVISIONING = { code: "provisioning", message: "Provisioning" } as const;

/** How long a request can be accepted, in milliseconds. Source: the same page (Pending-acceptance). */
const lifetime = 7 * 24 * 3600 * 1000;

/**
 * Creates peering connections as AWS does: invalid requests fail, which the API behind the gateway would allow, a pair of VPCs
 * gets no second connection in the same direction, and requests expire. That API has no failed or expired connections. The
 * gateway represents them as rejected ones, and one that failed at once as a connection from the requester's VPC to itself;
 * only the requester sees it.
 */
export class Peerings {
    /** By connection ID. */
    readonly #known = new Map<string, Known>();
    readonly #held = new Map<string, Held>();

    /**
     * Handles CreateVpcPeeringConnection. Sources: VPC Peering Guide, "VPC peering limitations" (one connection for a pair)
     * and "Create a VPC peering connection" (no overlap of IPv4 blocks); Terraform Registry, "aws_vpc_peering_connection"
     * (a second request returns the same ID).
     */
    async create({ parameters, view, forward }: Call): Promise<Answer> {
        const { Version = "", VpcId, PeerVpcId: vpcId, PeerOwnerId, PeerRegion, ...others } = parameters;
        const [vpc, peerings] = await Promise.all([view.vpc(VpcId), view.peerings()]);
        if (!VpcId || !vpc || vpcId === undefined) {
            return forward();
        }
        const existing = peerings.find(
            (one) => (isActive(one) || isPending(one)) && isBetween(one, VpcId, vpcId),
        )?.VpcPeeringConnectionId;
        if (existing !== undefined) {
            const Action = "DescribeVpcPeeringConnections";
            const described = await forward({ Action, Version, "VpcPeeringConnectionId.1": existing });
            return withText(described, async (xml) => createdFrom(await this.#rewrite(xml)));
        }
        const accepter = {
            ownerId: PeerOwnerId ?? vpc.OwnerId ?? "",
            vpcId,
            region: PeerRegion ?? view.caller.region,
        };
        const expires = new Date(Date.now() + lifetime);
        const idIn = (xml: string) => /<vpcPeeringConnectionId>(.+?)<\//.exec(xml)?.[1] ?? "";
        const peer = await find(accepter, view);
        if (peer && !overlap(blocksOf(vpc), blocksOf(peer))) {
            return withText(await forward(), (xml) => {
                this.#known.set(idIn(xml), { accepter, expires });
                return this.#rewrite(xml);
            });
        }
        return withText(await forward({ ...others, Version, VpcId, PeerVpcId: VpcId }), async (xml) => {
            const id = idIn(xml);
            await view.ec2.rejectVpcPeeringConnection({ VpcPeeringConnectionId: id });
            const message = `Initiating Request to ${accepter.ownerId}`;
            this.#known.set(id, { accepter, expires, status: { code: "initiating-request", message } });
            const created = await this.#rewrite(xml);
            this.#known.set(id, { accepter, expires, status: FAILED });
            return created;
        });
    }

    /**
     * Handles DescribeVpcPeeringConnections: shows failed and expired connections as AWS does and when requests expire, and
     * applies the filters, which the API behind the gateway ignores.
     */
    async describe({ parameters, view, forward }: Call): Promise<Answer> {
        const filters = filtersIn(parameters);
        const others = Object.entries(parameters).filter(([name]) => !name.startsWith("Filter."));
        const answer = await (filters.length === 0 ? forward() : forward(Object.fromEntries(others)));
        if (this.#known.size + this.#held.size + filters.length === 0) {
            return answer;
        }
        const held = new Set<string>();
        for (const id of this.#held.keys()) {
            if (await this.#holds(id, view)) {
                held.add(id);
            }
        }
        return withText(answer, (xml) => this.#rewrite(xml, filters, held));
    }

    /** Handles AcceptVpcPeeringConnection. */
    async accept({ parameters, view, forward }: Call): Promise<Answer> {
        const answer = await forward();
        const { VpcPeeringConnectionId: id = "" } = parameters;
        const { RequesterVpcInfo: info } = (answer.status === 200 && (await view.peering(id))) || {};
        const there = info?.OwnerId && info.Region ? await view.elsewhere(info.OwnerId, info.Region) : undefined;
        const tags = (await there?.peering(id))?.Tags ?? [];
        const seconds = Number(tags.find(({ Key }) => Key === HOLD)?.Value ?? 0);
        const requester = { account: info?.OwnerId, region: info?.Region };
        const isSelf = requester.region === view.caller.region && requester.account === (await view.account());
        if (seconds > 0 && !isSelf) {
            this.#held.set(id, { requester, until: Date.now() + seconds * 1000 });
        }
        return answer;
    }

    /** Handles ModifyVpcPeeringConnectionOptions, which AWS refuses a caller who does not see the connection active yet. */
    async modify({ parameters, view, forward }: Call): Promise<Answer> {
        const { VpcPeeringConnectionId: id = "" } = parameters;
        if (await this.#holds(id, view)) {
            const message = `Peering ${id} is not active. Peering options can be added only to active peerings.`;
            throw new Refusal("OperationNotPermitted", message);
        }
        return forward();
    }

    /** Whether a caller still sees the connection as it is set up. */
    async #holds(id: string, view: View): Promise<boolean> {
        const held = this.#held.get(id);
        if (!held || held.until <= Date.now()) {
            this.#held.delete(id);
            return false;
        }
        const { account, region } = held.requester;
        return region === view.caller.region && account === (await view.account());
    }

    /** Handles DeleteVpcPeeringConnection. Source: Amazon EC2 API Reference, "DeleteVpcPeeringConnection": not a failed or rejected one. */
    async delete({ parameters, view, forward }: Call): Promise<Answer> {
        const { VpcPeeringConnectionId: id = "" } = parameters;
        const state = this.#known.get(id)?.status?.code ?? (await view.peering(id))?.Status?.Code ?? "";
        if (["failed", "rejected", "expired"].includes(state)) {
            throw new Refusal(
                "InvalidStateTransition",
                `Invalid state transition for ${id}, attempted to transition from ${state} to deleting`,
            );
        }
        return forward();
    }

    /**
     * Handles AssociateVpcCidrBlock: a pending request fails if its accepter adds a block that overlaps one of the requester's.
     * Source: Amazon VPC User Guide, "VPC CIDR blocks" (manage IPv4 CIDR blocks for a VPC).
     */
    async associate({ parameters, view, forward }: Call): Promise<Answer> {
        const { VpcId, CidrBlock: block } = parameters;
        const answer = await forward();
        if (answer.status !== 200 || block === undefined) {
            return answer;
        }
        const asked = (await view.peerings()).filter((one) => isPending(one) && one.AccepterVpcInfo?.VpcId === VpcId);
        for (const one of asked) {
            const {
                VpcPeeringConnectionId: id = "",
                AccepterVpcInfo: info,
                ExpirationTime: expires = new Date(),
            } = one;
            const requester = await peerOf(one, VpcId, view);
            if (requester && overlap([block], blocksOf(requester))) {
                await view.ec2.rejectVpcPeeringConnection({ VpcPeeringConnectionId: id });
                const accepter = {
                    ownerId: info?.OwnerId ?? "",
                    vpcId: VpcId ?? "",
                    region: info?.Region ?? view.caller.region,
                };
                this.#known.set(id, { expires, accepter, ...this.#known.get(id), status: FAILED });
            }
        }
        return answer;
    }

    /** Lets requests expire whose time is over. Source: VPC Peering Guide, "VPC peering connection lifecycle" (Expired). */
    async expire(view: View): Promise<void> {
        const over = [...this.#known].filter(([, { status, expires }]) => !status && expires.getTime() <= Date.now());
        for (const [id, known] of over) {
            const { ownerId, region } = known.accepter;
            const { ec2 } = await view.elsewhere(ownerId, region);
            const isOver = await ec2.rejectVpcPeeringConnection({ VpcPeeringConnectionId: id }).then(
                () => true,
                // It has been accepted, rejected or deleted.
                () => false,
            );
            if (isOver) {
                this.#known.set(id, { ...known, status: EXPIRED });
            } else {
                this.#known.delete(id);
            }
        }
    }

    /** Adds what is known of connections, and removes those that don't match the filters. */
    #rewrite(xml: string, filters: readonly Filter[] = [], held: ReadonlySet<string> = new Set()): Promise<string> {
        return rewrite(xml, (document) => {
            for (const element of [...document.getElementsByTagName("vpcPeeringConnectionId")]) {
                const connection = element.parentNode as Element;
                const known = this.#known.get(element.textContent ?? "");
                const status = childOf(connection, "status");
                const code = known?.status?.code ?? (status && childOf(status, "code")?.textContent) ?? "";
                if (known?.status) {
                    fill(connection, "accepterVpcInfo", { ...known.accepter });
                    fill(connection, "status", known.status);
                }
                if (code === "active" && held.has(element.textContent ?? "")) {
                    fill(connection, "status", PROVISIONING);
                }
                if (known && ["initiating-request", "pending-acceptance"].includes(code)) {
                    setText(connection, "expirationTime", known.expires.toISOString());
                }
                if (!matches(connection, filters)) {
                    connection.parentNode?.removeChild(connection);
                }
            }
        });
    }
}

async function find({ ownerId, vpcId, region }: Accepter, view: View): Promise<Vpc | undefined> {
    // An account or a region that does not exist has no VPCs.
    return view
        .elsewhere(ownerId, region)
        .then((there) => there.vpc(vpcId))
        .catch(() => undefined);
}

/** Converts the description of a single connection to the response of CreateVpcPeeringConnection. */
function createdFrom(described: string): string {
    return described
        .replaceAll("DescribeVpcPeeringConnectionsResponse", "CreateVpcPeeringConnectionResponse")
        .replace(/<vpcPeeringConnectionSet>\s*<item>/, "<vpcPeeringConnection>")
        .replace(/<\/item>\s*<\/vpcPeeringConnectionSet>/, "</vpcPeeringConnection>");
}
