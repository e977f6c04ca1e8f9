import assert from "node:assert/strict";
import { EC2, type VpcPeeringConnection } from "@aws-sdk/client-ec2";
import { Clients } from "../../../api/client/clients.ts";
import { makeSide, type Side } from "../../world/side.ts";
import { curl, makeServer, on } from "../webServers.ts";

const endpoint = process.env["AWS_ENDPOINT_URL"] ?? "";
const region = process.env["AWS_REGION"] ?? "";
const clients = new Clients(endpoint);

/** The sandbox's own account, in the default region and in another one. */
export const home = new EC2({ endpoint, region });
export const virginia = new EC2({ endpoint, region: "us-east-1" });

/** Another account: its access key, and what asks the API with it in a region. */
export const partner = {
    account: "222222222222",
    key: () => clients.keyOf(partner.account),
    api: async (place = region) => clients.of({ accessKeyId: await partner.key(), region: place }),
};

/** A VPC with a web server. */
export interface Served extends Side {
    /** The server's private address. */
    readonly address: string;
    /** The server's public address, by which the tests log in. */
    readonly server: string;
}

/** Makes a VPC that has DNS hostnames, which DNS resolution needs. */
export async function makeVpc(api: EC2, block: string): Promise<Side> {
    const side = await makeSide(api, block, "own");
    await api.modifyVpcAttribute({ VpcId: side.vpcId, EnableDnsHostnames: { Value: true } });
    return side;
}

/** Makes such a VPC with a web server. */
export async function serve(api: EC2, block: string): Promise<Served> {
    const side = await makeVpc(api, block);
    const address = block.replace("0.0/16", "1.10");
    return { ...side, address, server: await makeServer(api, side, address) };
}

const made = new Map<string, Promise<unknown>>();

/** What was made under that name before, or else is made now: a server takes long to boot, and a peering leaves nothing behind. */
function once<Made>(name: string, make: () => Promise<Made>): Promise<Made> {
    const known = made.get(name) ?? make();
    made.set(name, known);
    return known as Promise<Made>;
}

/** Two VPCs of the default region with a web server each, and a third one without, which all tests share. */
export const shared = {
    one: () => once("one", () => serve(home, "10.1.0.0/16")),
    two: () => once("two", () => serve(home, "10.2.0.0/16")),
    three: () => once("three", () => makeVpc(home, "10.3.0.0/16")),
};

/** Asserts that one server gets an answer of the other, or none. */
export async function answers(from: Served, to: Served, expected: boolean): Promise<void> {
    const status = await on(from.server, curl(to.address));
    assert.equal(/^[234]\d\d$/.test(status ?? ""), expected, `${from.address} -> ${to.address}: ${status ?? "none"}`);
}

/** A connection as AWS describes it. */
export async function connectionOf(id: string): Promise<VpcPeeringConnection> {
    const { VpcPeeringConnections = [] } = await home.describeVpcPeeringConnections({ VpcPeeringConnectionIds: [id] });
    return VpcPeeringConnections[0] ?? {};
}
