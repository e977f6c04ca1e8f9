import * as pulumi from "@pulumi/pulumi";
import { VpcPeering, type PeeringSideArgs, type Side } from "pulumi-vpc-peering";
import { describeProblems, sides } from "pulumi-vpc-peering/rules";

const config = new pulumi.Config();

/** A side as the stack's settings describe it. */
function peeringSide(side: Side): PeeringSideArgs {
    return {
        vpcId: config.require(`${side}Vpc`),
        cidrBlocks: [config.require(`${side}Block`)],
        routeTables: { main: config.require(`${side}Table`) },
        securityGroups: { server: config.require(`${side}Group`) },
    };
}

const peering = new VpcPeering("installed", {
    requester: peeringSide("requester"),
    accepter: peeringSide("accepter"),
    ports: ["tcp/80"],
});

export const connectionId = peering.connectionId;
export const status = peering.status.accepter;
export const nothing = describeProblems("Nothing", []);
export const order = [...sides];
