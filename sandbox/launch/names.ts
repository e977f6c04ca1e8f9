import { renameSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Instance, RouteTable, SecurityGroup, Tag, Vpc } from "@aws-sdk/client-ec2";
import type { Caller } from "../api/client/caller.ts";
import { Clients } from "../api/client/clients.ts";
import { View } from "../api/client/view.ts";

/** VPCs and the resources in them, as EC2 describes them. */
export interface Described {
    readonly vpcs: readonly Vpc[];
    readonly instances: readonly Instance[];
    readonly routeTables: readonly RouteTable[];
    readonly securityGroups: readonly SecurityGroup[];
}

/** Files that give VPCs and servers names in the user's programs. */
export interface NameFiles {
    /** Hosts for SSH clients. */
    readonly hosts: string;
    /** Variables for POSIX shells. */
    readonly variables: string;
}

/** How long the API has to be quiet before it is asked, in milliseconds: about what a command takes to end after its last change. */
const QUIET = 100;

/** Begins the files, and gives what is to be called after each change by a caller: it updates them once the API is quiet. */
export function keepNames(endpoint: string, files: NameFiles): (caller: Caller) => Promise<void> {
    const clients = new Clients(endpoint);
    const callers = new Map<string, Caller>();
    let changes = 0;
    let most = 0;
    write(files.hosts, "");
    write(files.variables, "");
    return async (caller) => {
        callers.set(`${caller.accessKeyId} ${caller.region}`, caller);
        const change = ++changes;
        // A prompt waits while this file is there; the change's caller is answered after it is.
        writeFileSync(pendingOf(files.variables), "");
        await sleep(QUIET);
        if (change !== changes) {
            return;
        }
        const described = await Promise.all([...callers.values()].map((one) => describe(new View(clients, one))));
        if (change !== changes) {
            return;
        }
        const vpcs = namedVpcs(described.flat());
        // The variables of deleted VPCs are unset.
        most = Math.max(most, vpcs.length);
        write(files.hosts, hostsOf(vpcs));
        write(files.variables, variablesOf(vpcs, most));
        rmSync(pendingOf(files.variables), { force: true });
    };
}

/** The file that is there while the variables are not those of the last change. */
export function pendingOf(variables: string): string {
    return `${variables}.pending`;
}

/** A VPC that the user created, and the values of its variables. */
interface NamedVpc {
    readonly vpcId: string;
    readonly routeTableId: string;
    readonly securityGroupId: string;
    /** Its first server's private address; undefined where it has none. */
    readonly privateIp: string | undefined;
    /** Its servers that have a public address, by their Name tags. */
    readonly servers: readonly { readonly name: string; readonly publicIp: string }[];
}

/**
 * The VPCs in the order of their names (1, 2, … 10), those without a name last; and what is in them: the route table of the
 * first server's subnet and that server's group, or the VPC's main route table and default group where it has no server.
 */
export function namedVpcs(described: readonly Described[]): NamedVpc[] {
    // Two access keys of one account see the same VPCs.
    const seen = new Map<string, NamedVpc & { readonly name: string }>();
    for (const { vpcs, instances, routeTables, securityGroups } of described) {
        for (const { VpcId: vpcId = "", Tags } of vpcs.filter(({ IsDefault }) => !IsDefault)) {
            const running = byName(
                instances.filter(({ VpcId, State }) => VpcId === vpcId && State?.Name === "running"),
                ({ Tags }) => nameIn(Tags),
            );
            const [first] = running;
            const tables = routeTables.filter(({ VpcId }) => VpcId === vpcId);
            const tableWhere = (holds: (one: NonNullable<RouteTable["Associations"]>[number]) => boolean) =>
                tables.find(({ Associations = [] }) => Associations.some(holds))?.RouteTableId;
            const subnetTable = first && tableWhere(({ SubnetId }) => SubnetId === first.SubnetId);
            const group = securityGroups.find(({ VpcId, GroupName }) => VpcId === vpcId && GroupName === "default");
            seen.set(vpcId, {
                name: nameIn(Tags),
                vpcId,
                routeTableId: subnetTable ?? tableWhere(({ Main }) => Main === true) ?? "",
                securityGroupId: first?.NetworkInterfaces?.[0]?.Groups?.[0]?.GroupId ?? group?.GroupId ?? "",
                privateIp: first?.PrivateIpAddress,
                servers: running.flatMap(({ Tags, PublicIpAddress: publicIp }) =>
                    publicIp ? [{ name: nameIn(Tags), publicIp }] : [],
                ),
            });
        }
    }
    return byName([...seen.values()], ({ name }) => name);
}

/** Hosts for an SSH client: `vpc1` is the first server of the first VPC, and each server goes by its Name tag too. */
export function hostsOf(vpcs: readonly NamedVpc[]): string {
    const hosts = vpcs.flatMap(({ servers }, index) =>
        servers.map(({ name, publicIp }, nth) => ({
            publicIp,
            // A name with a space or a wildcard would be another name to SSH, or many.
            names: [...(nth === 0 ? [`vpc${index + 1}`] : []), ...(/^[\w.-]+$/.test(name) ? [name] : [])],
        })),
    );
    return hosts
        .filter(({ names }) => names.length > 0)
        .map(({ names, publicIp }) => `Host ${names.join(" ")}\n    HostName ${publicIp}\n`)
        .join("");
}

/** Assignments for a shell: `$VPC1 $RT1 $SG1 $IP1` and so on, up to number `most`; variables without a value are unset. */
export function variablesOf(vpcs: readonly NamedVpc[], most: number): string {
    const lines = Array.from({ length: most }, (_, index) => {
        const { vpcId, routeTableId, securityGroupId, privateIp } = vpcs[index] ?? {};
        const values = { VPC: vpcId, RT: routeTableId, SG: securityGroupId, IP: privateIp };
        return Object.entries(values).map(([name, value]) =>
            value ? `export ${name}${index + 1}=${value}\n` : `unset ${name}${index + 1}\n`,
        );
    });
    return lines.flat().join("");
}

async function describe(view: View): Promise<Described[]> {
    try {
        const [vpcs, instances, routeTables, securityGroups] = await Promise.all([
            view.vpcs(),
            view.instances(),
            view.routeTables(),
            view.groups(),
        ]);
        return [{ vpcs, instances, routeTables, securityGroups }];
    } catch {
        // The access key or the region does not exist.
        return [];
    }
}

function nameIn(tags: readonly Tag[] = []): string {
    return tags.find(({ Key }) => Key === "Name")?.Value ?? "";
}

function byName<Item>(items: readonly Item[], nameOf: (item: Item) => string): Item[] {
    const compare = new Intl.Collator("en", { numeric: true }).compare;
    return [...items].sort((one, other) => {
        const [a, b] = [nameOf(one), nameOf(other)];
        return Number(a === "") - Number(b === "") || compare(a, b);
    });
}

/** Replaces the file atomically, because a program may be reading it. */
function write(file: string, text: string): void {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
}
