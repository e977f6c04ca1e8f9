import { readFileSync } from "fs";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { LabVpc, PeeredVpcPair, sideProvider, VpcPeering } from "pulumi-vpc-peering";
import { ReachabilityCheck } from "pulumi-vpc-peering/check";

const config = new pulumi.Config();
const key = new aws.ec2.KeyPair("key", { publicKey: config.require("sshPublicKey") });

// Everything that the package makes. What has a default is given, since a version may change a default and say so; but for the
// instance type, of which a server keeps the default that it was made with.
const pair = new PeeredVpcPair("pair", {
    requester: { cidrBlock: "10.1.0.0/16", subnetCidrBlock: "10.1.1.0/24", privateIp: "10.1.1.10" },
    accepter: { cidrBlock: "10.2.0.0/16", subnetCidrBlock: "10.2.1.0/24", privateIp: "10.2.1.10" },
    peering: true,
    prefix: "own",
    ami: "al2023",
    keyName: key.keyName,
    sshCidrs: ["0.0.0.0/0"],
    icmpCidrs: ["10.1.0.0/16", "10.2.0.0/16"],
    requestsFrom: "both",
    ingressFrom: "group",
    extraPorts: ["tcp/443"],
    dnsResolution: true,
    tags: { team: "network" },
});
const privateKey = readFileSync(config.require("sshPrivateKeyPath"), "utf8");
new ReachabilityCheck(
    "check",
    { vpcs: [pair.requester, pair.accepter], expect: pair.expect, path: pair.path, ssh: { privateKey } },
    { dependsOn: pair },
);

// A request that another owner has yet to accept.
const third = new aws.ec2.Vpc("third", { cidrBlock: "10.3.0.0/16", enableDnsHostnames: true });
const request = new VpcPeering("request", {
    requester: { vpcId: pair.requester.vpcId, cidrBlocks: ["10.1.0.0/16"] },
    accepter: { vpcId: third.id, cidrBlocks: ["10.3.0.0/16"] },
    manageAccepter: false,
});

// A VPC of another region, with a provider of its own for that.
const region = "us-east-1";
const provider = sideProvider("far", { region }, aws.config.region);
const farKey = new aws.ec2.KeyPair("far-key", { publicKey: config.require("sshPublicKey") }, { provider });
const far = new LabVpc(
    "far",
    {
        side: 3,
        region,
        prefix: "own",
        keyName: farKey.keyName,
        cidrBlock: "10.4.0.0/16",
        subnetCidrBlock: "10.4.1.0/24",
        privateIp: "10.4.1.10",
    },
    { provider },
);
const distant = new VpcPeering("distant", {
    requester: {
        vpcId: pair.requester.vpcId,
        cidrBlocks: ["10.1.0.0/16"],
        routeTables: { main: pair.requester.routeTableId },
    },
    accepter: {
        vpcId: far.vpcId,
        cidrBlocks: ["10.4.0.0/16"],
        routeTables: { main: far.routeTableId },
        region,
        provider,
    },
    dnsResolution: true,
});

export const distantStatus = distant.status.accepter;
export const stage = pair.stage;
export const requested = request.status.requester;
