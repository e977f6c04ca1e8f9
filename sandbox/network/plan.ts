import { createHash } from "node:crypto";
import { firewall, type Port } from "./firewall.ts";
import { internet, type Link, type LinkEnd, type Namespace, type Network, type Setting } from "./network.ts";
import type { Instance, Peering, Route, RouteTable, State, Vpc } from "./state.ts";

/**
 * The next hop on every link between routers. Nobody has this address: who is meant is said by a permanent neighbor entry,
 * so that it can be the same on all links.
 */
const nextHop = "169.254.0.1";

/** Routing tables of a router: the VPC's own addresses, and from this number on the route tables'. */
const tables = { local: 1000, first: 2000 } as const;

/**
 * Plans the network for a state: what AWS's route tables, gateways, peering connections and security groups would let
 * pass is what its routes and rulesets let pass. Pure; the same state always gives the same network.
 */
export function plan(state: State): Network {
    const namespaces = new Map<string, Namespace>();
    const links: Link[] = [];
    const vpcs = state.vpcs
        .filter(({ id }) => state.instances.some(({ vpcId }) => vpcId === id))
        .sort((a, b) => a.id.localeCompare(b.id));

    for (const vpc of vpcs) {
        for (const instance of instancesOf(state, vpc)) {
            namespaces.set(instance.id, instanceNamespace(state, instance));
            links.push(instanceLink(instance));
        }
        namespaces.set(vpc.id, router(state, vpc));
        if (hasGateway(state, vpc)) {
            links.push(gatewayLink(vpc));
        }
    }
    links.push(...state.peerings.filter((peering) => carries(peering, vpcs)).map(peeringLink));

    namespaces.set(internet.name, internetNamespace(state, vpcs));
    links.push(operatorLink);
    return { namespaces, links };
}

// What is where

function instancesOf(state: State, vpc: Vpc): Instance[] {
    return state.instances.filter(({ vpcId }) => vpcId === vpc.id).sort((a, b) => a.id.localeCompare(b.id));
}

function hasGateway(state: State, vpc: Vpc): boolean {
    return state.internetGateways.some(({ vpcId }) => vpcId === vpc.id);
}

/** Whether packets can use the connection at all: it is active, and has somebody at both ends. */
function carries(peering: Peering, vpcs: readonly Vpc[]): boolean {
    const ends = [peering.requesterVpcId, peering.accepterVpcId];
    return peering.active && ends[0] !== ends[1] && ends.every((end) => vpcs.some(({ id }) => id === end));
}

/** The route table of a subnet: its own, or else the VPC's main one. */
function routeTableOf(state: State, subnetId: string, vpcId: string): RouteTable | undefined {
    const own = state.routeTables.filter((table) => table.vpcId === vpcId);
    return own.find(({ subnetIds }) => subnetIds.includes(subnetId)) ?? own.find(({ main }) => main);
}

// Links

/** An interface's name, of 15 characters at most, from an id: the kind's letter and the end of the id. */
function devOf(kind: "e" | "p" | "v", id: string): string {
    return kind + id.slice(-12);
}

/** A locally administered MAC address, always the same for the same text. */
function macOf(text: string): string {
    const octets = createHash("sha256").update(text).digest().subarray(0, 5);
    return ["02", ...[...octets].map((octet) => octet.toString(16).padStart(2, "0"))].join(":");
}

function end(namespace: string | undefined, dev: string): LinkEnd {
    return { namespace, dev, mac: macOf(`${namespace ?? ""} ${dev}`) };
}

const operatorLink: Link = { ends: [end(internet.name, "operator"), end(undefined, internet.name)] };

function instanceLink(instance: Instance): Link {
    const own = { namespace: instance.id, dev: "eth0", mac: instance.mac };
    return { ends: [{ ...end(instance.vpcId, devOf("e", instance.interfaceId)), proxyArp: true }, own] };
}

function gatewayLink(vpc: Vpc): Link {
    return { ends: [end(vpc.id, "igw"), end(internet.name, devOf("v", vpc.id))] };
}

function peeringLink({ id, requesterVpcId, accepterVpcId }: Peering): Link {
    return { ends: [end(requesterVpcId, devOf("p", id)), end(accepterVpcId, devOf("p", id))] };
}

/** Lets `near` send to the next hop on the link, which is whoever is at its far end. */
function neighbor({ dev }: LinkEnd, { mac }: LinkEnd): Setting {
    return { object: "neighbor", args: `${nextHop} lladdr ${mac} dev ${dev} nud permanent`, dev };
}

function via(dev: string): string {
    return `via ${nextHop} dev ${dev} onlink`;
}

// Namespaces

function instanceNamespace(state: State, { subnetId, privateIp }: Instance): Namespace {
    const block = state.subnets.find(({ id }) => id === subnetId)?.cidrBlock ?? `${privateIp}/32`;
    const config: Setting[] = [
        { object: "address", args: `${privateIp}/${block.split("/")[1] ?? ""} dev eth0`, dev: "eth0" },
        { object: "route", args: `default via ${gatewayOf(block)} dev eth0 onlink`, dev: "eth0" },
    ];
    return { router: false, config, firewall: "" };
}

/** The VPC router's address in a subnet: the first after the network's. Source: Amazon VPC User Guide, "Subnet CIDR blocks". */
function gatewayOf(block: string): string {
    const octets = (block.split("/")[0] ?? "").split(".").map(Number);
    octets[3] = (octets[3] ?? 0) + 1;
    return octets.join(".");
}

function router(state: State, vpc: Vpc): Namespace {
    const instances = instancesOf(state, vpc);
    const peerings = state.peerings
        .filter((peering) =>
            carries(
                peering,
                state.vpcs.filter((other) => instancesOf(state, other).length > 0),
            ),
        )
        .filter(({ requesterVpcId, accepterVpcId }) => [requesterVpcId, accepterVpcId].includes(vpc.id));
    const gateway = hasGateway(state, vpc);
    const outside = [...peerings.map(peeringLink), ...(gateway ? [gatewayLink(vpc)] : [])].map(({ ends }) =>
        ends[0].namespace === vpc.id ? ends : ([ends[1], ends[0]] as const),
    );
    const used = [...new Set(instances.map(({ subnetId }) => routeTableOf(state, subnetId, vpc.id)))].filter(
        (table) => table !== undefined,
    );
    const number = (table: RouteTable | undefined): number =>
        table ? tables.first + (parseInt(table.id.slice(-7), 16) || 0) : tables.local;
    const config: Setting[] = [
        // The local route comes first, whatever the route tables say.
        ...vpc.cidrBlocks.flatMap((block): Setting[] => [
            { object: "rule", args: `to ${block} lookup ${tables.local} pref 50` },
            { object: "route", args: `blackhole ${block} table ${tables.local}` },
        ]),
        ...instances.map(({ interfaceId, privateIp }): Setting => {
            const dev = devOf("e", interfaceId);
            return { object: "route", args: `${privateIp}/32 dev ${dev} table ${tables.local}`, dev };
        }),
        // No transit: what comes from outside is for this VPC, or for nobody.
        ...outside.flatMap(([near, far]): Setting[] => [
            { object: "rule", args: `iif ${near.dev} blackhole pref 60` },
            neighbor(near, far),
        ]),
        // What an instance sends outside goes by the route table of its subnet.
        ...instances.flatMap(({ interfaceId, subnetId }): Setting[] => {
            const dev = devOf("e", interfaceId);
            const block = state.subnets.find(({ id }) => id === subnetId)?.cidrBlock;
            const table = number(routeTableOf(state, subnetId, vpc.id));
            return [
                { object: "rule", args: `iif ${dev} lookup ${table} pref 100` },
                ...(block ? [{ object: "address" as const, args: `${gatewayOf(block)}/32 dev ${dev}`, dev }] : []),
            ];
        }),
        ...used.flatMap((table) => routesOf(state, vpc, table, peerings, number(table))),
        { object: "rule", args: "blackhole pref 32000" },
    ];
    const ports = instances.map((instance): Port => ({ dev: devOf("e", instance.interfaceId), instance }));
    const peers = peerings.map(({ requesterVpcId, accepterVpcId }) =>
        requesterVpcId === vpc.id ? accepterVpcId : requesterVpcId,
    );
    return { router: true, config, firewall: firewall(state, vpc, ports, peers) };
}

/** A route table's routes; one whose target can't be reached swallows its packets, and so does what has no route. */
function routesOf(state: State, vpc: Vpc, table: RouteTable, peerings: readonly Peering[], number: number): Setting[] {
    const devTo = ({ target }: Route): string | undefined => {
        if (state.internetGateways.some(({ id, vpcId }) => id === target && vpcId === vpc.id)) {
            return "igw";
        }
        return peerings.some(({ id }) => id === target) ? devOf("p", target) : undefined;
    };
    const routes = table.routes.filter(({ target }) => target !== "local");
    const byDefault: Setting = { object: "route", args: `blackhole default metric 4242 table ${number}` };
    return [
        ...routes.map((route): Setting => {
            const dev = devTo(route);
            return dev === undefined
                ? { object: "route", args: `blackhole ${route.destination} table ${number}` }
                : { object: "route", args: `${route.destination} ${via(dev)} table ${number}`, dev };
        }),
        byDefault,
    ];
}

/** Knows every public address and nothing else, so that nobody gets across it to a private one. */
function internetNamespace(state: State, vpcs: readonly Vpc[]): Namespace {
    const { address, prefix, operator } = internet;
    const [near, far] = operatorLink.ends;
    return {
        router: true,
        config: [
            { object: "address", args: `${address}/${prefix} dev ${near.dev}`, dev: near.dev },
            { object: "neighbor", args: `${operator} lladdr ${far.mac} dev ${near.dev} nud permanent`, dev: near.dev },
            { object: "route", args: "blackhole default metric 4242" },
            ...vpcs
                .filter((vpc) => hasGateway(state, vpc))
                .flatMap((vpc): Setting[] => {
                    const [router, own] = gatewayLink(vpc).ends;
                    return [
                        neighbor(own, router),
                        ...instancesOf(state, vpc).flatMap(({ publicIp }): Setting[] =>
                            publicIp ? [{ object: "route", args: `${publicIp}/32 ${via(own.dev)}`, dev: own.dev }] : [],
                        ),
                    ];
                }),
        ],
        firewall: "",
    };
}
