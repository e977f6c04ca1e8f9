import type { EC2 } from "@aws-sdk/client-ec2";
import { permit } from "../world/networkLab.ts";
import { makeMachine, makeSide, type Side } from "../world/side.ts";
import { run, Stack } from "./pulumi.ts";

/** The key pair of the sandbox's SSH clients, for its servers. */
async function importKey(api: EC2, name: string): Promise<string> {
    const file = (await new Stack().pulumi("config", "get", "sshPrivateKeyPath")).text.trim();
    const { text } = await run("ssh-keygen", ["-y", "-f", file]);
    const { KeyName = "" } = await api.importKeyPair({ KeyName: name, PublicKeyMaterial: Buffer.from(text.trim()) });
    return KeyName;
}

/** Launches a web server that opens SSH; returns its public address. */
export async function makeServer(api: EC2, side: Side, privateIp: string): Promise<string> {
    await api.authorizeSecurityGroupIngress({ GroupId: side.groupId, IpPermissions: [permit.ssh("0.0.0.0/0")] });
    const UserData = Buffer.from("#!/bin/sh\nyum install -y httpd\nsystemctl enable --now httpd\n").toString("base64");
    const { publicIp } = await makeMachine(api, side, privateIp, {
        KeyName: await importKey(api, `servers-of-${side.vpcId}`),
        UserData,
    });
    return publicIp;
}

/** Runs a command on a server after it has booted; returns its output, or undefined if it failed. */
export async function on(address: string, command: string): Promise<string | undefined> {
    for (let tries = 0; tries < 50; tries++) {
        const { code, text } = await run("ssh", ["-o", "ConnectTimeout=1", address, command]);
        if (code !== 255) {
            return code === 0 ? text.trim() : undefined;
        }
    }
    throw new Error(`${address} did not boot`);
}

/** The command that asks a server for its page and prints the status: `200`, or fails. */
export const curl = (address: string): string =>
    `curl -sS -o /dev/null -w '%{http_code}' --max-time 2 http://${address}/`;

/** Two VPCs with a web server each, which are not peered: 10.1.0.0/16 and 10.2.0.0/16. */
export interface TwoSides {
    readonly requester: Side;
    readonly accepter: Side;
    /** The status of each server's page as the other one gets it, the requester's first; undefined where it doesn't. */
    readonly ways: () => Promise<(string | undefined)[]>;
}

export async function makeTwoSides(api: EC2): Promise<TwoSides> {
    const blocks = ["10.1.0.0/16", "10.2.0.0/16"] as const;
    const [requester, accepter] = await Promise.all([makeSide(api, blocks[0], "own"), makeSide(api, blocks[1], "own")]);
    const one = await makeServer(api, requester, "10.1.1.10");
    const other = await makeServer(api, accepter, "10.2.1.10");
    const ways = () => Promise.all([on(one, curl("10.2.1.10")), on(other, curl("10.1.1.10"))]);
    return { requester, accepter, ways };
}
