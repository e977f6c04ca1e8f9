import { existsSync, readFileSync } from "fs";
import { homedir } from "os";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { PeeredVpcPair } from "pulumi-vpc-peering";
import { ReachabilityCheck } from "pulumi-vpc-peering/check";
import { misplacedSettings } from "pulumi-vpc-peering/rules";

const config = new pulumi.Config();
const names = ["sshPublicKey", "sshPrivateKeyPath", "sshCidr", "peering"];
for (const warning of misplacedSettings(pulumi.getProject(), Object.keys(pulumi.runtime.allConfig()), names)) {
    void pulumi.log.warn(warning);
}

const keyFile = config.require("sshPrivateKeyPath").replace(/^~(?=\/)/, homedir());
if (!existsSync(keyFile)) {
    throw new pulumi.RunError(
        `sshPrivateKeyPath = ${keyFile}: no such file; 'pulumi config set sshPrivateKeyPath FILE'`,
    );
}
const privateKey = readFileSync(keyFile, "utf8");

const keyPair = new aws.ec2.KeyPair("lab", { publicKey: config.require("sshPublicKey") });

// Two VPCs with a web server each. Their blocks must not overlap, or AWS refuses the peering connection.
const pair = new PeeredVpcPair("lab", {
    requester: { cidrBlock: "10.41.0.0/16", subnetCidrBlock: "10.41.1.0/24", privateIp: "10.41.1.100" },
    accepter: { cidrBlock: "10.42.0.0/16", subnetCidrBlock: "10.42.1.0/24", privateIp: "10.42.1.100" },
    peering: config.getBoolean("peering") ?? false,
    keyName: keyPair.keyName,
    sshCidrs: [config.require("sshCidr")],
    icmpCidrs: ["10.41.0.0/16", "10.42.0.0/16"],
});

// Logs in to each server and shows what reaches the other: nothing while `peering` is off; ping, HTTP and names while it is on.
const check = new ReachabilityCheck(
    "check",
    { vpcs: [pair.requester, pair.accepter], expect: pair.expect, path: pair.path, ssh: { privateKey } },
    { dependsOn: pair },
);

export const stage = pair.stage;
export const addresses = { requester: pair.requester.publicIp, accepter: pair.accepter.publicIp };
export const seen = check.results;
