import { overlap } from "../../api/client/vpcs.ts";
import type { Instance, Peering, Route, RouteTable, State, Vpc } from "../described/state.ts";
import {
    addressAmongNameServers,
    gatewayOf,
    linkLocalNameServer,
    nameServerOf,
    nameServersAddress,
} from "./addresses.ts";
import { firewall } from "./firewall.ts";
import {
    gatewayLink,
    instanceLink,
    nameServerLink,
    neighbor,
    operatorLink,
    peeringDev,
    peeringLink,
    portOf,
    via,
} from "./links.ts";
import { internet, own, type Link, type Namespace, type Network, type Setting } from "./network.ts";

/** Numbers of a router's routing tables: the VPC's own addresses, and the first for route tables. */
const tables = { local: 1000, first: 2000 } as const;

/** A VPC with running instances and the resources that its router depends on. */
interface Site {
    readonly vpc: Vpc;
    readonly instances: readonly Instance[];
    readonly hasGateway: boolean;
    /** Its peering connections that can carry packets. */
    readonly peerings: readonly Peering[];
}

/**
 * Plans the network for a state. Its routes and rulesets allow the traffic that AWS's route tables, gateways, peering
 * connections and security groups would allow. Pure: the same state always gives the same network.
 */
export function plan(described: State): Network {
    const state = {
        ...described,
        instances: sorted(described.instances),
        securityGroups: sorted(described.securityGroups),
    };
    const vpcs = sorted(state.vpcs).filter(({ id }) => state.instances.some(({ vpcId }) => vpcId === id));
    const peerings = sorted(state.peerings).filter((peering) => carries(peering, vpcs));
    const sites = vpcs.map((vpc): Site => ({
        vpc,
        instances: state.instances.filter(({ vpcId }) => vpcId === vpc.id),
        hasGateway: state.internetGateways.some(({ vpcId }) => vpcId === vpc.id),
        peerings: peerings.filter(({ requesterVpcId, accepterVpcId }) =>
            [requesterVpcId, accepterVpcId].includes(vpc.id),
        ),
    }));
    return {
        namespaces: new Map([
            [own, ownNamespace(sites)],
            [internet.name, internetNamespace(sites)],
            ...sites.map((site) => [site.vpc.id, router(state, site)] as const),
            ...sites.flatMap(({ instances }) =>
                instances.map((one) => [one.id, instanceNamespace(state, one)] as const),
            ),
        ]),
        links: [
            operatorLink,
            ...sites.filter(({ hasGateway }) => hasGateway).map(({ vpc }) => gatewayLink(vpc)),
            ...sites.filter(({ vpc }) => vpc.dnsSupport).map(({ vpc }) => nameServerLink(vpc)),
            ...peerings.map((peering) => peeringLink(peering, vpcs)),
            ...sites.flatMap(({ instances }) => instances.map(instanceLink)),
        ],
    };
}

function sorted<T extends { readonly id: string }>(items: readonly T[]): T[] {
    return [...items].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/**
 * Whether a peering connection can carry packets: it is active and both VPCs have servers. On AWS, a connection between
 * overlapping VPCs never becomes active, but an emulator may allow it.
 */
function carries({ active, requesterVpcId, accepterVpcId }: Peering, vpcs: readonly Vpc[]): boolean {
    const [requester, accepter] = [requesterVpcId, accepterVpcId].map((end) => vpcs.find(({ id }) => id === end));
    return (
        active &&
        requester !== undefined &&
        accepter !== undefined &&
        !overlap(requester.cidrBlocks, accepter.cidrBlocks)
    );
}

/** The route table of an instance's subnet: the associated one, or the VPC's main route table. */
function routeTableOf(state: State, { subnetId, vpcId }: Instance): RouteTable | undefined {
    const tables = state.routeTables.filter((table) => table.vpcId === vpcId);
    return tables.find(({ subnetIds }) => subnetIds.includes(subnetId)) ?? tables.find(({ main }) => main);
}

function subnetBlock(state: State, { subnetId, privateIp }: Instance): string {
    return state.subnets.find(({ id }) => id === subnetId)?.cidrBlock ?? `${privateIp}/32`;
}

function instanceNamespace(state: State, instance: Instance): Namespace {
    const block = subnetBlock(state, instance);
    const config: Setting[] = [
        { object: "address", args: `${instance.privateIp}/${block.split("/")[1] ?? ""} dev eth0`, dev: "eth0" },
        { object: "route", args: `default via ${gatewayOf(block)} dev eth0 onlink`, dev: "eth0" },
    ];
    return { router: false, config, firewall: "" };
}

/** Routes from the sandbox's own namespace to the internet, and to each VPC that uses a name server. */
function ownNamespace(sites: readonly Site[]): Namespace {
    const config: Setting[] = [
        { object: "address", args: `${internet.operator}/${internet.prefix} dev ${internet.name}`, dev: internet.name },
        { object: "route", args: `default via ${internet.address}`, dev: internet.name },
        { object: "address", args: `${nameServersAddress}/32 dev lo` },
    ];
    for (const { vpc } of sites.filter(({ vpc }) => vpc.dnsSupport)) {
        const [router, end] = nameServerLink(vpc).ends;
        const route = `${addressAmongNameServers(vpc)}/32 ${via(end.dev)}`;
        config.push(neighbor(end, router), { object: "route", args: route, dev: end.dev });
    }
    return { router: false, config, firewall: "" };
}

/** Routes public addresses only, so that no packet to a private address crosses the internet. */
function internetNamespace(sites: readonly Site[]): Namespace {
    const { address, prefix, operator } = internet;
    const [{ dev }, far] = operatorLink.ends;
    const config: Setting[] = [
        { object: "address", args: `${address}/${prefix} dev ${dev}`, dev },
        { object: "neighbor", args: `${operator} lladdr ${far.mac} dev ${dev} nud permanent`, dev },
        { object: "route", args: "blackhole default metric 4242" },
    ];
    for (const { vpc, instances } of sites.filter(({ hasGateway }) => hasGateway)) {
        const [router, { dev, ...own }] = gatewayLink(vpc).ends;
        config.push(neighbor({ dev, ...own }, router));
        for (const { publicIp } of instances) {
            if (publicIp) {
                config.push({ object: "route", args: `${publicIp}/32 ${via(dev)}`, dev });
            }
        }
    }
    return { router: true, config, firewall: "" };
}

function router(state: State, site: Site): Namespace {
    const { vpc, instances, hasGateway, peerings } = site;
    const outside = [
        ...peerings.map((peering) => peeringLink(peering, state.vpcs)),
        ...(hasGateway ? [gatewayLink(vpc)] : []),
        ...(vpc.dnsSupport ? [nameServerLink(vpc)] : []),
    ].map(({ ends: [one, other] }): Link["ends"] => (one.namespace === vpc.id ? [one, other] : [other, one]));
    const used = new Set(instances.map((instance) => routeTableOf(state, instance)));
    const config: Setting[] = [
        // The local route takes precedence over the route tables.
        ...vpc.cidrBlocks.flatMap((block): Setting[] => [
            { object: "rule", args: `to ${block} lookup ${tables.local} pref 50` },
            { object: "route", args: `blackhole ${block} table ${tables.local}` },
        ]),
        ...outside.map(([near, far]) => neighbor(near, far)),
        ...(vpc.dnsSupport ? nameServerRoutes(vpc) : []),
        // Packets from an instance to other destinations use the subnet's route table.
        ...instances.flatMap((instance): Setting[] => {
            const dev = portOf(instance);
            const table = numberOf(routeTableOf(state, instance));
            return [
                { object: "address", args: `${gatewayOf(subnetBlock(state, instance))}/32 dev ${dev}`, dev },
                { object: "route", args: `${instance.privateIp}/32 dev ${dev} table ${tables.local}`, dev },
                { object: "rule", args: `iif ${dev} lookup ${table} pref 100` },
            ];
        }),
        ...[...used].flatMap((table) => (table ? routesOf(state, site, table) : [])),
        // No transit: packets from outside to other destinations are dropped.
        { object: "rule", args: "blackhole pref 32000" },
    ];
    // Rules can't reference groups of a peer in another region.
    const peers = peerings
        .map(({ requesterVpcId, accepterVpcId }) => (requesterVpcId === vpc.id ? accepterVpcId : requesterVpcId))
        .filter((peer) => state.vpcs.some(({ id, region }) => id === peer && region === vpc.region));
    return { router: true, config, firewall: firewall(state, vpc, peers) };
}

/**
 * Routes to the name servers. Rules cover the addresses outside the VPC. The address inside the VPC needs a route so that
 * proxy ARP answers for it in the instances' own subnet.
 */
function nameServerRoutes(vpc: Vpc): Setting[] {
    const { local } = tables;
    return [
        { object: "rule", args: `to ${nameServersAddress} lookup ${local} pref 40` },
        { object: "rule", args: `to ${linkLocalNameServer} lookup ${local} pref 40` },
        ...[nameServersAddress, nameServerOf(vpc), linkLocalNameServer].map((address): Setting => ({
            object: "route",
            args: `${address}/32 ${via("dns")} table ${local}`,
            dev: "dns",
        })),
    ];
}

/** The kernel's number for a route table; without a route table, only the local route applies. */
function numberOf(table: RouteTable | undefined): number {
    return table ? tables.first + (parseInt(table.id.slice(-7), 16) || 0) : tables.local;
}

/** The routes of a route table. Packets are dropped if the target of their route is not available or no route matches. */
function routesOf(state: State, { vpc, peerings }: Site, table: RouteTable): Setting[] {
    const number = numberOf(table);
    const devTo = ({ target }: Route): string | undefined => {
        if (state.internetGateways.some(({ id, vpcId }) => id === target && vpcId === vpc.id)) {
            return "igw";
        }
        return peerings.some(({ id }) => id === target) ? peeringDev(target) : undefined;
    };
    const routes = table.routes
        .filter(({ target }) => target !== "local")
        .map((route): Setting => {
            const dev = devTo(route);
            return dev === undefined
                ? { object: "route", args: `blackhole ${route.destination} table ${number}` }
                : { object: "route", args: `${route.destination} ${via(dev)} table ${number}`, dev };
        });
    return [...routes, { object: "route", args: `blackhole default metric 4242 table ${number}` }];
}
