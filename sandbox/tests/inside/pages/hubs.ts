import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntilInstanceTerminated } from "@aws-sdk/client-ec2";
import { permit } from "../../world/networkLab.ts";
import { makeMachine } from "../../world/side.ts";
import { project, run, Stack } from "../pulumi.ts";
import { curl, on } from "../webServers.ts";
import type { Pages } from "./page.ts";
import { home } from "./vpcs.ts";

// A hub and spokes that a program makes, with packets between servers in every subnet.

/** A server in one of the program's subnets. */
interface Member {
    readonly id: string;
    readonly vpc: string;
    readonly address: string;
    /** The public address to log in to; empty where its subnet has no way to the internet. */
    readonly server: string;
}

/** A page at port 80 by a program of the machine's own: private subnets do not reach the package repositories. */
const UserData = Buffer.from("#!/bin/sh\nnohup python3 -m http.server 80 > /dev/null 2>&1 &\n").toString("base64");

/** Launches a server in the subnet of that block and in its VPC's group. */
async function launch(block: string, KeyName: string): Promise<Member> {
    const { Subnets } = await home.describeSubnets({ Filters: [{ Name: "cidr-block", Values: [block] }] });
    const { VpcId: vpcId = "", SubnetId: subnetId = "" } = Subnets?.[0] ?? {};
    const { SecurityGroups = [] } = await home.describeSecurityGroups({
        Filters: [{ Name: "vpc-id", Values: [vpcId] }],
    });
    const groupId = SecurityGroups.find(({ GroupName }) => GroupName !== "default")?.GroupId ?? "";
    const address = block.replace("0/24", "10");
    const { id = "", publicIp } = await makeMachine(
        home,
        { vpcId, subnetId, groupId, tableId: "", gatewayId: "" },
        address,
        {
            KeyName,
            UserData,
        },
    );
    const { Vpcs } = await home.describeVpcs({ VpcIds: [vpcId] });
    const vpc = Vpcs?.[0]?.Tags?.find(({ Key }) => Key === "Name")?.Value ?? "";
    const isPublic = block.endsWith(".1.0/24") && !block.startsWith("10.122.");
    if (isPublic) {
        await home.authorizeSecurityGroupIngress({ GroupId: groupId, IpPermissions: [permit.ssh("0.0.0.0/0")] });
    }
    return { id, vpc, address, server: isPublic ? publicIp : "" };
}

async function importKey(): Promise<string> {
    const file = (await new Stack().pulumi("config", "get", "sshPrivateKeyPath")).text.trim();
    const { text } = await run("ssh-keygen", ["-y", "-f", file]);
    const { KeyName = "" } = await home.importKeyPair({ KeyName: "hubs", PublicKeyMaterial: Buffer.from(text.trim()) });
    return KeyName;
}

/** Whether one server gets the other's page. */
async function isAnswered(from: Member, to: Member): Promise<boolean> {
    return (await on(from.server, curl(to.address))) === "200";
}

/** The routes and rules of peerings in a list of changes. */
function partsIn(changes: readonly string[]): string[] {
    return changes
        .filter((change) => / hub-\w+-(requester|accepter)-/.test(change))
        .map((change) => change.split(" ").at(-1) ?? "");
}

async function makesHub(program: string): Promise<void> {
    const stack = await project("made-hub", program, {});
    assert.deepEqual(partsIn(await stack.plan()).sort(), [
        ...["hub-jobs-accepter-private-10.122.0.0/16", "hub-jobs-accepter-private-10.22.0.0/16"],
        ...["hub-jobs-accepter-public-10.122.0.0/16", "hub-jobs-accepter-public-10.22.0.0/16"],
        ...["hub-jobs-accepter-servers-tcp-80-10.122.0.0/16", "hub-jobs-accepter-servers-tcp-80-10.22.0.0/16"],
        ...["hub-jobs-requester-batch-10.20.0.0/16", "hub-jobs-requester-public-10.20.0.0/16"],
        "hub-jobs-requester-servers-tcp-80-10.20.0.0/16",
        ...["hub-shop-accepter-private-10.21.0.0/16", "hub-shop-accepter-public-10.21.0.0/16"],
        "hub-shop-accepter-servers-tcp-80-10.21.0.0/16",
        ...["hub-shop-requester-private-10.20.0.0/16", "hub-shop-requester-public-10.20.0.0/16"],
        "hub-shop-requester-servers-tcp-80-10.20.0.0/16",
    ]);
    const { connections } = await stack.updated<{ connections: Record<string, string> }>();
    assert.deepEqual(Object.keys(connections).sort(), ["jobs", "shop"]);

    const key = await importKey();
    const blocks = ["10.20.1.0/24", "10.20.2.0/24", "10.21.1.0/24", "10.21.2.0/24", "10.22.1.0/24", "10.122.1.0/24"];
    const members = await Promise.all(blocks.map((block) => launch(block, key)));
    const [hub] = members;
    assert.ok(hub);
    for (const member of members.filter(({ vpc }) => vpc !== "hub")) {
        for (let tries = 0; tries < 50 && !(await isAnswered(hub, member)); tries++) {
            await sleep(200);
        }
    }
    for (const from of members.filter(({ server }) => server !== "")) {
        for (const to of members.filter(({ vpc }) => vpc !== from.vpc)) {
            const expected = from.vpc === "hub" || to.vpc === "hub";
            assert.equal(await isAnswered(from, to), expected, `${from.address} -> ${to.address}`);
        }
    }
    const ids = members.map(({ id }) => id);
    await home.terminateInstances({ InstanceIds: ids });
    await waitUntilInstanceTerminated({ client: home, maxWaitTime: 60, minDelay: 1 }, { InstanceIds: ids });

    // A spoke that goes leaves the other as it is.
    writeFileSync(join(stack.folder, "index.ts"), program.replace(/ {2}jobs: \{.+?\n {2}\},\n/s, ""));
    const changes = await stack.plan();
    assert.ok(changes.length > 0);
    assert.deepEqual(
        changes.filter((change) => !/^delete .*\bjobs\b/.test(change)),
        [],
    );
    await stack.destroy();
}

/** What `Vpc` of awsx makes of the page's arguments, as `awsx/ec2/vpc.ts` of pulumi/pulumi-awsx orders it. */
const standIn = `
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
class Vpc extends pulumi.ComponentResource {
    readonly vpcId: pulumi.Output<string>;
    readonly routeTables: pulumi.Output<aws.ec2.RouteTable[]>;
    constructor(name: string, { cidrBlock, numberOfAvailabilityZones, subnetSpecs, enableDnsHostnames }: any) {
        super("awsx:ec2:Vpc", name);
        const vpc = new aws.ec2.Vpc(name, { cidrBlock, enableDnsHostnames }, { parent: this });
        const tables: aws.ec2.RouteTable[] = [];
        for (let zone = 1; zone <= numberOfAvailabilityZones; zone++) {
            for (const { type } of subnetSpecs) {
                const own = \`\${name}-\${type.toLowerCase()}-\${zone}\`;
                const block = cidrBlock.replace("0.0/16", \`\${tables.length}.0/24\`);
                const tags = { Name: own };
                const subnet = new aws.ec2.Subnet(own, { vpcId: vpc.id, cidrBlock: block, tags }, { parent: vpc });
                const table = new aws.ec2.RouteTable(own, { vpcId: vpc.id, tags }, { parent: subnet });
                new aws.ec2.RouteTableAssociation(own, { subnetId: subnet.id, routeTableId: table.id }, { parent: table });
                tables.push(table);
            }
        }
        this.vpcId = vpc.id;
        this.routeTables = pulumi.output(Promise.resolve(tables)) as any;
        this.registerOutputs({ vpcId: this.vpcId, routeTables: this.routeTables });
    }
}
export const ec2 = { Vpc };
`;

async function peersAwsxVpcs(_made = "", program = ""): Promise<void> {
    const stack = await project("awsx-hub", program.replace('"@pulumi/awsx"', '"./awsx"'), {});
    writeFileSync(join(stack.folder, "awsx.ts"), standIn);
    const tables = ["public-1", "private-1", "public-2", "private-2"];
    const routes = ["shop", "jobs"].flatMap((spoke) => {
        const block = spoke === "shop" ? "10.31.0.0/16" : "10.32.0.0/16";
        return tables.flatMap((table) => [
            `hub-${spoke}-accepter-${table}-${block}`,
            `hub-${spoke}-requester-${table}-10.30.0.0/16`,
        ]);
    });
    assert.deepEqual(partsIn(await stack.plan()).sort(), routes.sort());
    const { connections } = await stack.updated<{ connections: Record<string, string> }>();
    const { RouteTables = [] } = await home.describeRouteTables({});
    const routed = RouteTables.filter(({ Routes = [] }) =>
        Routes.some(({ VpcPeeringConnectionId: id }) => id !== undefined && id === connections["shop"]),
    );
    const names = routed.map(({ Tags = [] }) => Tags.find(({ Key }) => Key === "Name")?.Value ?? "");
    assert.deepEqual(names.sort(), ["hub", "shop"].flatMap((vpc) => tables.map((table) => `${vpc}-${table}`)).sort());
    assert.deepEqual(await stack.plan(), []);
    await stack.destroy();
}

export const hubs: Pages = {
    "docs/package/new-hub-and-spokes.md": {
        programs: 2,
        tests: {
            "makes a hub and spokes: each spoke reaches the hub, and no spoke another": makesHub,
            "peers the VPCs of awsx, here of a stand-in for it": peersAwsxVpcs,
        },
    },
};
