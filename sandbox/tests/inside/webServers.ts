import type { EC2 } from "@aws-sdk/client-ec2";
import { permit } from "../world/networkLab.ts";
import { makeMachine, type Side } from "../world/side.ts";
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
