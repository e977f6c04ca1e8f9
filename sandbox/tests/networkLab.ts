import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { Agent } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as ec2 from "@aws-sdk/client-ec2";
import { prepareMoto } from "../control/moto.ts";
import { internet } from "../network/network.ts";
import { namespaceOptions } from "../preflight.mjs";
import type { Answer, Start } from "./networkWorld.ts";

const region = "ap-northeast-2";

/** A world of networkWorld.ts, seen from outside: an EC2 API, and what packets do behind it. */
export class World {
    /** The API as everybody uses it. */
    readonly api: ec2.EC2Client;
    /** The API behind the gateway's back. */
    readonly bare: ec2.EC2Client;
    readonly #child: ChildProcess;
    readonly #dir: string;
    readonly #waiting: ((answer: Answer) => void)[] = [];

    constructor(child: ChildProcess, dir: string) {
        this.#child = child;
        this.#dir = dir;
        this.api = clientOf(join(dir, "gateway"));
        this.bare = clientOf(join(dir, "moto"));
        child.on("message", ({ id, answer }: { id: number; answer: Answer }) => this.#waiting[id]?.(answer));
    }

    static async start(): Promise<World> {
        const dir = mkdtempSync(join(tmpdir(), "network-test-"));
        const start: Start = { moto: await prepareMoto(console.error), dir, region };
        const script = [join(import.meta.dirname, "networkWorld.ts"), JSON.stringify(start)];
        const node = [process.execPath, "--disable-warning=ExperimentalWarning", ...script];
        const child = spawn("unshare", [...namespaceOptions, ...node], {
            stdio: ["ignore", "inherit", "inherit", "ipc"],
        });
        const [message] = (await Promise.race([once(child, "message"), once(child, "exit")])) as unknown[];
        if (message !== "ready") {
            throw new Error("the world did not come up");
        }
        return new World(child, dir);
    }

    stop(): void {
        this.#child.kill("SIGKILL");
        rmSync(this.#dir, { recursive: true });
    }

    /** Runs a command of bash in the world, on a machine or outside of them all. */
    run(command: string, machine?: Machine): Promise<Answer> {
        const id = this.#waiting.length;
        const enter = machine?.id ? `nsenter --net=/run/netns/${machine.id} ` : "";
        return new Promise((resolve) => {
            this.#waiting.push(resolve);
            this.#child.send({ id, command: `${enter}bash -c '${command}'` });
        });
    }

    /** What gets through from one machine to another and is answered by that one: of `ping http ssh`, in this order. */
    async reach(from: Machine, to: Machine): Promise<string> {
        // On the internet only public addresses are known, and everybody there is seen by his own.
        const outside = from === operator || to === operator;
        const address = outside ? to.publicIp : to.privateIp;
        const seen = `${to.id ?? internet.name} saw ${outside ? from.publicIp : from.privateIp}`;
        const get = (port: number): string =>
            `curl --silent --noproxy "*" --connect-timeout 0.5 --max-time 3 http://${address}:${port}/`;
        // The kernel answers both a ping and a connection's first packet, so half a second is plenty on a busy machine too.
        const [ping, http, ssh] = await Promise.all([
            this.run(`ping -n -q -c 1 -W 0.5 ${address}`, from),
            this.run(get(80), from),
            this.run(get(22), from),
        ]);
        const page = ({ code, output }: Answer, name: string): string => {
            if (code !== 0) {
                return "";
            }
            return output === seen ? name : `${name}: ${output}`;
        };
        return [ping.code === 0 ? "ping" : "", page(http, "http"), page(ssh, "ssh")].filter(Boolean).join(" ");
    }
}

function clientOf(socket: string): ec2.EC2Client {
    const httpAgent = new Agent({ keepAlive: true });
    httpAgent.createConnection = () => connect(socket);
    return new ec2.EC2Client({
        endpoint: "http://127.0.0.1",
        region,
        credentials: { accessKeyId: "test", secretAccessKey: "test" },
        requestHandler: { httpAgent },
    });
}

/** Something that sends and answers packets. */
export interface Machine {
    /** Its instance id; the person's own machine, out on the internet, has none. */
    readonly id?: string;
    readonly privateIp: string;
    readonly publicIp: string;
    readonly interfaceId?: string;
}

/** The person's own machine. */
export const operator: Machine = { privateIp: internet.operator, publicIp: internet.operator };

/** A VPC with an internet gateway, one subnet, its route table, and one security group without rules to let in. */
export interface Side {
    readonly vpcId: string;
    readonly subnetId: string;
    readonly tableId: string;
    readonly gatewayId: string;
    readonly groupId: string;
}

/** Makes a VPC 10.N.0.0/16 with a subnet 10.N.1.0/24, which is served by the main route table or by one of its own. */
export async function makeSide({ api }: World, n: number, table: "main" | "own"): Promise<Side> {
    const { Vpc } = await api.send(new ec2.CreateVpcCommand({ CidrBlock: `10.${n}.0.0/16` }));
    const VpcId = Vpc?.VpcId ?? "";
    const [{ Subnet }, { InternetGateway }, { GroupId = "" }, { RouteTables }] = await Promise.all([
        api.send(new ec2.CreateSubnetCommand({ VpcId, CidrBlock: `10.${n}.1.0/24` })),
        api.send(new ec2.CreateInternetGatewayCommand({})),
        api.send(new ec2.CreateSecurityGroupCommand({ VpcId, GroupName: "servers", Description: "servers" })),
        api.send(new ec2.DescribeRouteTablesCommand({ Filters: [{ Name: "vpc-id", Values: [VpcId] }] })),
    ]);
    const SubnetId = Subnet?.SubnetId ?? "";
    const InternetGatewayId = InternetGateway?.InternetGatewayId ?? "";
    await api.send(new ec2.AttachInternetGatewayCommand({ VpcId, InternetGatewayId }));
    let RouteTableId = RouteTables?.[0]?.RouteTableId ?? "";
    if (table === "own") {
        const { RouteTable } = await api.send(new ec2.CreateRouteTableCommand({ VpcId }));
        RouteTableId = RouteTable?.RouteTableId ?? "";
        await api.send(new ec2.AssociateRouteTableCommand({ RouteTableId, SubnetId }));
    }
    await api.send(
        new ec2.CreateRouteCommand({ RouteTableId, DestinationCidrBlock: "0.0.0.0/0", GatewayId: InternetGatewayId }),
    );
    return { vpcId: VpcId, subnetId: SubnetId, tableId: RouteTableId, gatewayId: InternetGatewayId, groupId: GroupId };
}

/** Runs a server with a public address in a side's subnet. */
export async function makeMachine({ api }: World, side: Side, privateIp: string, groupId: string): Promise<Machine> {
    const { Instances } = await api.send(
        new ec2.RunInstancesCommand({
            ImageId: "ami-12c6146b",
            InstanceType: "t2.micro",
            MinCount: 1,
            MaxCount: 1,
            NetworkInterfaces: [
                {
                    DeviceIndex: 0,
                    SubnetId: side.subnetId,
                    PrivateIpAddress: privateIp,
                    AssociatePublicIpAddress: true,
                    Groups: [groupId],
                },
            ],
        }),
    );
    const id = Instances?.[0]?.InstanceId ?? "";
    const { Reservations } = await api.send(new ec2.DescribeInstancesCommand({ InstanceIds: [id] }));
    const [nic] = Reservations?.[0]?.Instances?.[0]?.NetworkInterfaces ?? [];
    return {
        id,
        privateIp,
        publicIp: nic?.Association?.PublicIp ?? "",
        interfaceId: nic?.NetworkInterfaceId ?? "",
    };
}
