import { KeyPair } from "@pulumi/aws/ec2";
import type { LabVpc } from "./components/labVpc";
import { PeeredVpcPair } from "./components/peeredVpcPair";
import { ReachabilityCheck } from "./components/reachabilityCheck";
import { readPrivateKey, readSettings } from "./settings";

const settings = readSettings();

const keyName =
    "name" in settings.keyPair
        ? settings.keyPair.name
        : new KeyPair("lab-key", { publicKey: settings.keyPair.publicKey, tags: settings.pair.tags }).keyName;

const pair = new PeeredVpcPair("lab", { ...settings.pair, keyName });

const reachability =
    settings.check &&
    new ReachabilityCheck(
        "lab-check",
        {
            vpcs: [pair.requester, pair.accepter],
            expect: pair.expect,
            path: pair.path,
            ssh: { privateKey: readPrivateKey(settings.check.privateKey) },
            timeLimit: settings.check.timeLimit,
        },
        { dependsOn: pair },
    );

const identity = settings.check?.privateKey.kind === "path" ? `-i ${settings.check.privateKey.path} ` : "";

const describe = (vpc: LabVpc) => ({
    vpcId: vpc.vpcId,
    serverId: vpc.serverId,
    privateIp: vpc.privateIp,
    publicIp: vpc.publicIp,
    publicDns: vpc.publicDns,
    ssh: vpc.publicIp.apply((address) => `ssh ${identity}ec2-user@${address}`),
});

/** What a person needs next; `peering` and `check` only where there are such. */
export = {
    /** What the stage promises: `isolated` or `reachable`. */
    stage: pair.expect,
    /** The requester's ids and addresses, and how to log in to its server. */
    requester: describe(pair.requester),
    /** The accepter's ids and addresses, and how to log in to its server. */
    accepter: describe(pair.accepter),
    ...(pair.peeringConnectionId && { peering: { id: pair.peeringConnectionId, status: pair.peeringStatus } }),
    /** What the reachability check saw, a direction each. */
    ...(reachability && { check: reachability.results }),
};
