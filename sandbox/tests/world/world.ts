import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { EC2 } from "@aws-sdk/client-ec2";
import { credentialsOf, HOME_KEY } from "../../api/client/caller.ts";
import { prepareMoto } from "../../api/moto.ts";
import { internet } from "../../network/planned/network.ts";
import { namespaceOptions } from "../../launch/preflight.mjs";
import type { Answer, Request, Start } from "./process.ts";
import type { ServerSpec } from "../../serverSpec.ts";

/** A machine that sends and receives packets. */
export interface Machine {
    /** Instance ID; undefined for the user's machine on the internet. */
    readonly id?: string;
    readonly privateIp: string;
    readonly publicIp: string;
}

/** The user's machine. */
export const operator: Machine = { privateIp: internet.operator, publicIp: internet.operator };

/** An image that moto knows. */
export const image = "ami-12c6146b";

/** The default region. */
export const region = "ap-northeast-2";

/** The namespaces of a test, from outside: an EC2 API, its network and servers. */
export class World {
    /** The API through the gateway. */
    readonly api: EC2;
    /** The API without the gateway. */
    readonly bare: EC2;
    readonly #child: ChildProcess;
    readonly #dir: string;
    readonly #waiting: ((answer: Answer) => void)[] = [];

    constructor(child: ChildProcess, dir: string) {
        this.#child = child;
        this.#dir = dir;
        this.api = this.apiOf();
        this.bare = clientOf(join(dir, "moto"), region);
        child.on("message", ({ id, answer }: { id: number; answer: Answer }) => this.#waiting[id]?.(answer));
    }

    /**
     * Starts a world: without an API, with an API only, with an API and its network, which has web servers or none, or with an
     * API of which each change is read and compared.
     */
    static async start(
        has: "no API" | "an API" | "a network" | "a network without web servers" | "an API that is compared",
    ): Promise<World> {
        const dir = mkdtempSync(join(tmpdir(), "world-"));
        const api = {
            dir,
            region,
            network: has === "an API that is compared" ? ("compared" as const) : has !== "an API",
            webServers: has === "a network",
        };
        const start: Start = has === "no API" ? {} : { api: { ...api, moto: await prepareMoto(console.error) } };
        const script = [join(import.meta.dirname, "process.ts"), JSON.stringify(start)];
        const node = [process.execPath, "--disable-warning=ExperimentalWarning", ...script];
        const child = spawn("unshare", [...namespaceOptions, "--uts", ...node], {
            stdio: ["ignore", "inherit", "inherit", "ipc"],
            // As in preflight.mjs: not every user's PATH has the system programs.
            env: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` },
        });
        const [message] = (await Promise.race([once(child, "message"), once(child, "exit")])) as unknown[];
        if (message !== "ready") {
            throw new Error("the world did not start");
        }
        return new World(child, dir);
    }

    /** A client for a region and an access key's account. */
    apiOf(place = region, accessKeyId?: string): EC2 {
        return clientOf(join(this.#dir, "gateway"), place, accessKeyId);
    }

    /** An access key of another account. */
    async keyOf(account: string): Promise<string> {
        const RoleArn = `arn:aws:iam::${account}:role/test`;
        const form = { Action: "AssumeRole", Version: "2011-06-15", RoleArn, RoleSessionName: "test" };
        const [, key = ""] = /<AccessKeyId>(.+?)<\/AccessKeyId>/.exec(await this.query("sts", form)) ?? [];
        return key;
    }

    /** Calls the API of a service that has no client here; returns the response. */
    async query(service: string, form: Readonly<Record<string, string>>): Promise<string> {
        const scope = `${HOME_KEY}/20260101/${region}/${service}/aws4_request`;
        const answer = await new Promise<IncomingMessage>((resolve, reject) => {
            request({
                socketPath: join(this.#dir, "gateway"),
                method: "POST",
                headers: {
                    authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=any`,
                    "content-type": "application/x-www-form-urlencoded",
                },
            })
                .on("response", resolve)
                .on("error", reject)
                .end(new URLSearchParams(form).toString());
        });
        const found = await text(answer);
        assert.equal(answer.statusCode, 200, found);
        return found;
    }

    /** Has the network read everything again, which `bare` has changed unnoticed. */
    async refresh(): Promise<void> {
        await this.#ask({ refresh: true });
    }

    stop(): void {
        this.#child.kill("SIGKILL");
        rmSync(this.#dir, { recursive: true });
    }

    /** Runs a bash command on a machine; on the user's by default. */
    run(command: string, { id: machine }: Machine = operator): Promise<Answer> {
        return this.#ask({ command, ...(machine !== undefined && { machine }) });
    }

    /** Runs exactly these servers; they may still be booting when this resolves. */
    async serve(specs: readonly ServerSpec[]): Promise<void> {
        await this.#ask({ specs });
    }

    /** Lets days pass for the gateway. */
    async wait(days: number): Promise<void> {
        await this.#ask({ days });
    }

    #ask(request: Request): Promise<Answer> {
        return new Promise((resolve) => {
            this.#child.send({ id: this.#waiting.push(resolve) - 1, request });
        });
    }

    /** The protocols of `ping http ssh`, in this order, for which one machine gets a response from another. */
    async reach(from: Machine, to: Machine): Promise<string> {
        // The internet uses public addresses only.
        const outside = from === operator || to === operator;
        const address = outside ? to.publicIp : to.privateIp;
        const seen = `${to.id ?? internet.name} saw ${outside ? from.publicIp : from.privateIp}`;
        const get = (port: number): string =>
            `curl --silent --noproxy "*" --connect-timeout 0.5 --max-time 3 http://${address}:${port}/`;
        // The kernel answers pings and SYN packets, so half a second is enough even on a busy machine.
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

function clientOf(socket: string, region: string, accessKeyId?: string): EC2 {
    const httpAgent = new Agent({ keepAlive: true });
    httpAgent.createConnection = () => connect(socket);
    return new EC2({
        endpoint: "http://127.0.0.1",
        region,
        credentials: credentialsOf(accessKeyId),
        requestHandler: { httpAgent },
    });
}
