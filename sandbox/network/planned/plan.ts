import type { RouteTable, Vpc } from "../described/state.ts";
import {
    addressAmongNameServers,
    gatewayOf,
    linkLocalNameServer,
    nameServerOf,
    nameServersAddress,
} from "./addresses.ts";
import { firewall } from "./firewall.ts";
import {
    devOf,
    gatewayLink,
    instanceLink,
    nameServerLink,
    neighborsIn,
    operatorLink,
    peeringLink,
    via,
} from "./links.ts";
import { internet, own, type Link, type Namespace, type Network, type Setting } from "./network.ts";
import type { Port, Site } from "./sites.ts";

/** Numbers of a router's routing tables: the VPC's own addresses, and the first for route tables. */
const tables = { local: 1000, first: 2000 } as const;

/**
 * Plans the network for the sites of a state. Its routes and rulesets allow the traffic that AWS's route tables, gateways,
 * peering connections and security groups would allow. Pure: the same sites always give the same network.
 */
export function plan(sites: readonly Site[]): Network {
    const withGateway = sites.filter(({ gatewayId }) => gatewayId !== undefined);
    const withNameServer = sites.filter(({ vpc }) => vpc.dnsSupport);
    const ports = sites.flatMap((site) => site.ports);
    const routerLinks = [
        ...withGateway.map(({ vpc }) => gatewayLink(vpc)),
        ...withNameServer.map(({ vpc }) => nameServerLink(vpc)),
        // Each connection is a connection of two sites.
        ...sites.flatMap(({ vpc, peerings }) =>
            peerings.filter(({ peer }) => vpc.id < peer.id).map(({ id, peer }) => peeringLink(id, vpc, peer)),
        ),
    ];
    return {
        namespaces: new Map([
            [own, ownNamespace(withNameServer, routerLinks)],
            [internet.name, internetNamespace(withGateway, routerLinks)],
            ...sites.map((site) => [site.vpc.id, router(site, routerLinks)] as const),
            ...ports.map((port) => [port.id, instanceNamespace(port)] as const),
        ]),
        links: [operatorLink, ...routerLinks, ...ports.map(instanceLink)],
    };
}

function instanceNamespace({ privateIp, block }: Port): Namespace {
    return {
        config: [
            `address ${privateIp}/${block.split("/")[1] ?? ""} dev eth0`,
            `route default via ${gatewayOf(block)} dev eth0 onlink`,
        ],
    };
}

/** Routes from the sandbox's own namespace to the internet, and to each VPC that uses a name server. */
function ownNamespace(sites: readonly Site[], links: readonly Link[]): Namespace {
    return {
        config: [
            `address ${internet.operator}/${internet.prefix} dev ${internet.name}`,
            `route default via ${internet.address} dev ${internet.name}`,
            `address ${nameServersAddress}/32 dev lo`,
            ...neighborsIn(own, links),
            ...sites.map(({ vpc }): Setting => `route ${addressAmongNameServers(vpc)}/32 ${via(devOf("d", vpc.id))}`),
        ],
    };
}

/** Routes public addresses only, so that no packet to a private address crosses the internet. */
function internetNamespace(sites: readonly Site[], links: readonly Link[]): Namespace {
    const { address, prefix, operator } = internet;
    const [{ dev }, far] = operatorLink.ends;
    const config: Setting[] = [
        `address ${address}/${prefix} dev ${dev}`,
        `neighbor ${operator} lladdr ${far.mac} dev ${dev} nud permanent`,
        "route blackhole default metric 4242",
        ...neighborsIn(internet.name, links),
        ...sites.flatMap(({ vpc, ports }) =>
            ports.flatMap(({ publicIp }): Setting[] =>
                publicIp ? [`route ${publicIp}/32 ${via(devOf("v", vpc.id))}`] : [],
            ),
        ),
    ];
    return { router: true, config };
}

function router(site: Site, links: readonly Link[]): Namespace {
    const { vpc, ports } = site;
    const routeTables = new Set(ports.flatMap(({ routeTable }) => routeTable ?? []));
    const config: Setting[] = [
        // The local route takes precedence over the route tables.
        ...vpc.cidrBlocks.flatMap((block): Setting[] => [
            `rule to ${block} lookup ${tables.local} pref 50`,
            `route blackhole ${block} table ${tables.local}`,
        ]),
        ...neighborsIn(vpc.id, links),
        ...(vpc.dnsSupport ? nameServerRoutes(vpc) : []),
        // Packets from an instance to other destinations use the subnet's route table.
        ...ports.flatMap(({ dev, block, privateIp, routeTable }): Setting[] => [
            `address ${gatewayOf(block)}/32 dev ${dev}`,
            `route ${privateIp}/32 dev ${dev} table ${tables.local}`,
            `rule iif ${dev} lookup ${routeTable ? numberOf(routeTable) : tables.local} pref 100`,
        ]),
        ...[...routeTables].flatMap((table) => routesOf(site, table)),
        // No transit: packets from outside to other destinations are dropped.
        "rule blackhole pref 32000",
    ];
    return { router: true, config, firewall: firewall(site) };
}

/**
 * Routes to the name servers. Rules cover the addresses outside the VPC. The address inside the VPC needs a route so that
 * proxy ARP answers for it in the instances' own subnet.
 */
function nameServerRoutes(vpc: Vpc): Setting[] {
    return [
        `rule to ${nameServersAddress} lookup ${tables.local} pref 40`,
        `rule to ${linkLocalNameServer} lookup ${tables.local} pref 40`,
        ...[nameServersAddress, nameServerOf(vpc), linkLocalNameServer].map(
            (address): Setting => `route ${address}/32 ${via("dns")} table ${tables.local}`,
        ),
    ];
}

/** The kernel's number for a route table. */
function numberOf({ id }: RouteTable): number {
    return tables.first + (parseInt(id.slice(-7), 16) || 0);
}

/** The routes of a route table. Packets are dropped if the target of their route is not available or no route matches. */
function routesOf({ gatewayId, peerings }: Site, table: RouteTable): Setting[] {
    const devs = new Map(peerings.map(({ id }) => [id, devOf("p", id)]));
    if (gatewayId !== undefined) {
        devs.set(gatewayId, "igw");
    }
    const number = numberOf(table);
    const routes = table.routes
        .filter(({ target }) => target !== "local")
        .map(({ destination, target }): Setting => {
            const dev = devs.get(target);
            return dev === undefined
                ? `route blackhole ${destination} table ${number}`
                : `route ${destination} ${via(dev)} table ${number}`;
        });
    return [...routes, `route blackhole default metric 4242 table ${number}`];
}
