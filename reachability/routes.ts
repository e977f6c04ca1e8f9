/** The step at a subnet's route table: where a packet goes, and whether that is where it is meant to. */
import type { Route } from "@aws-sdk/client-ec2";
import { route as makeRoute } from "./fixes.ts";
import { componentOf, notFollowed, unseen, type Passage } from "./hops.ts";
import { holds, lengthOf, matchingRoutes, privateRangeOf, shownRoute, targetOf, type Match } from "./rules.ts";
import { endsOf, type Located, type NetworkInterface, type State } from "./state.ts";
import type { Blocker, Code, Direction, Hop } from "./types.ts";

/** The route that leads to the other end. */
export interface Wanted {
    /** Its target's ID, if there is one. */
    readonly id: string | undefined;
    readonly blocks: readonly string[];
    /** The target as an option of `aws ec2 create-route`; undefined if there can't be such a route. */
    readonly option: string | undefined;
}

export function routeHop({ state, own, packet, direction }: Passage, wanted: Wanted): Hop | Blocker {
    const address = packet.destination;
    const { SubnetId } = own.item;
    const subnet = state.subnet(SubnetId)?.item;
    const table = subnet && state.tableOf(subnet);
    const { RouteTableId: id = `of ${SubnetId}`, Tags, VpcId = "" } = table?.item ?? {};
    const component = componentOf(own, "route table", id, Tags);
    if (!table) return { ...unseen(component, `the route table ${id}`, "RouteTables"), ...notFollowed };
    const matches = matchingRoutes(state, table.item.Routes ?? [], address);
    if ("unknown" in matches) {
        const end = matches.routes.every(isFollowed) ? {} : notFollowed;
        return { component, text: matches.unknown, isUnknown: true, ...end };
    }
    const which = table.main
        ? `the main table of ${VpcId}: ${SubnetId} has none of its own`
        : `associated with ${SubnetId}`;
    const [best] = matches;
    const target = best && targetOf(best.route);
    const detail = ` (${which})`;
    const shown = { component, detail, route: best && shownRoute(best.route) };
    if (best && target !== undefined && target === wanted.id) return { ...shown, text: `${best.block} -> ${target}` };
    const isBlackhole = best?.route.State === "blackhole";
    const end = !best || isFollowed(best.route) ? {} : notFollowed;
    const isKnown = (id: string) =>
        id === "local" ||
        (id.startsWith("igw-") && (own.place.InternetGateways ?? privateRangeOf(address))) ||
        state.connection(id);
    if (target !== undefined && !isBlackhole && !isKnown(target)) {
        return {
            component,
            route: shown.route,
            text: `where ${target || `the route to ${best?.block ?? ""}`} leads`,
            isUnknown: true,
            ...end,
        };
    }
    const block = wanted.blocks.find((one) => holds(one, address)) ?? `${address}/32`;
    const hasPriority = best && lengthOf(best.block) >= lengthOf(block);
    // A dead route of the same block is in the way; a live one serves others, and stays unless it is for this address alone.
    const free = !hasPriority || (isBlackhole && best.route.DestinationCidrBlock === block) ? block : `${address}/32`;
    const replaces = matches.some(({ route }) => route.DestinationCidrBlock === free);
    const { more = "", ...wrong } = wrongRoute(state, address, matches, wanted.id, direction);
    // A dead route to what is not followed was meant to lead there, unless there is a connection that can take its place.
    const isMeant = "isLast" in end && wanted.id?.startsWith("pcx-") !== true;
    return {
        ...shown,
        ...wrong,
        detail: `${more}${detail}`,
        direction,
        ...(isMeant && { isLast: true }),
        fixes: isMeant || wanted.option === undefined ? undefined : makeRoute(table, free, replaces, wanted.option),
    };
}

/**
 * Whether a packet can only reach what is meant behind a route, if anything. A transit gateway, an appliance, a NAT gateway and
 * others may lead anywhere and change addresses. A connection may not, even one that was not read.
 */
function isFollowed(route: Route): boolean {
    return /^(local$|igw-|pcx-)/.test(targetOf(route));
}

/** The target that an interface's packets to an address go to, or may go to, and are not followed; undefined if they are. */
export function unfollowed(state: State, own: Located<NetworkInterface>, address: string): string | undefined {
    const subnet = state.subnet(own.item.SubnetId)?.item;
    const table = subnet && state.tableOf(subnet);
    if (!table) return "something else";
    const matches = matchingRoutes(state, table.item.Routes ?? [], address);
    const routes = "unknown" in matches ? matches.routes : matches.slice(0, 1).map(({ route }) => route);
    const found = routes.find((route) => route.State !== "blackhole" && !isFollowed(route));
    return found && targetOf(found);
}

/** Why a route table leads a packet elsewhere than is meant. */
function wrongRoute(
    state: State,
    address: string,
    matches: readonly Match[],
    wanted: string | undefined,
    direction: Direction,
): { readonly code: Code; readonly text: string; readonly more?: string } {
    const [best] = matches;
    if (!best) return { code: "NO_ROUTE_TO_DESTINATION", text: `no route to ${address}` };
    const target = targetOf(best.route);
    const route = `${best.block} -> ${target}`;
    if (best.route.State === "blackhole") {
        return { code: "BAD_STATE_ROUTE", text: `${route} is a blackhole: its target is gone` };
    }
    const range = privateRangeOf(address);
    if (target.startsWith("igw-") && range) {
        return {
            code: `IGW_DESTINATION_ADDRESS_NOT_IN_${range}_EGRESS`,
            text: `no route to ${address}`,
            more: ` but ${route}, and an internet gateway takes no private address`,
        };
    }
    const connection = state.connection(target);
    const vpcs = connection && endsOf(connection);
    if (vpcs && !vpcs.some((id) => state.blocksOf(id).some((block) => holds(block, address)))) {
        return {
            code: "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR",
            text: `${route}, whose other VPC does not have ${address}: peering is not transitive`,
        };
    }
    if (direction === "forward" && wanted !== undefined && matches.some((one) => targetOf(one.route) === wanted)) {
        return { code: "MORE_SPECIFIC_ROUTE", text: `${route} is more specific than the route to ${wanted}` };
    }
    const where = vpcs ? ` (${vpcs.join(" - ")})` : "";
    const what = direction === "back" ? "the answer " : "";
    return { code: "ROUTE_WRONG_NETWORK", text: `${route}${where} leads ${what}to another network` };
}
