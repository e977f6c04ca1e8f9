import { KeyPair } from "@pulumi/aws/ec2";
import type { LabVpc } from "./components/lab/labVpc";
import { PeeredVpcPair } from "./components/lab/peeredVpcPair";
import type { Side } from "./components/peering/peeringRules";
import { ReachabilityCheck } from "./components/check/reachabilityCheck";
import { sideProvider } from "./components/peering/sideAccess";
import { readPrivateKey, readSettings, verifyPlaces } from "./settings";

/** The whole lab; what it gives is what a person needs next, `peering` and `check` only where there are such. */
export = async () => {
    const settings = readSettings();
    const provider = (side: Side) => sideProvider(`lab-${side}`, settings.access[side], settings.defaultRegion);
    const providers = { requester: provider("requester"), accepter: provider("accepter") };
    const places = await verifyPlaces(settings, providers);

    /** Key pairs are of one region of one account, so a side elsewhere imports its own. */
    const keyName = (side: Side) => {
        if ("name" in settings.keyPair) {
            return settings.keyPair.name;
        }
        const { publicKey } = settings.keyPair;
        const at = providers[side];
        const { region, accountId } = places[side];
        const name = at === undefined ? "lab-key" : ["lab-key", side, region, accountId].join("-");
        return new KeyPair(name, { publicKey, tags: settings.pair.tags }, at && { provider: at }).keyName;
    };
    const shared = keyName("requester");

    const pair = new PeeredVpcPair("lab", {
        ...settings.pair,
        requester: { ...settings.pair.requester, ...places.requester, provider: providers.requester },
        accepter: {
            ...settings.pair.accepter,
            ...places.accepter,
            provider: providers.accepter,
            ...(providers.accepter !== providers.requester && { keyName: keyName("accepter") }),
        },
        keyName: shared,
    });

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

    const describe = (side: Side, vpc: LabVpc) => ({
        region: settings.access[side].region ?? settings.defaultRegion,
        vpcId: vpc.vpcId,
        routeTableId: vpc.routeTableId,
        securityGroupId: vpc.securityGroupId,
        serverId: vpc.serverId,
        privateIp: vpc.privateIp,
        publicIp: vpc.publicIp,
        publicDns: vpc.publicDns,
        ssh: vpc.publicIp.apply((address) => `ssh ${identity}ec2-user@${address}`),
    });

    return {
        /** How far the two VPCs are connected. */
        stage: pair.stage,
        /** Each side's ids and addresses, and how to log in to its server. */
        requester: describe("requester", pair.requester),
        accepter: describe("accepter", pair.accepter),
        ...(pair.peering && {
            peering: {
                id: pair.peering.connectionId,
                status: pair.peering.status,
                /** When the request expires, and what its other owner has still to run; only while that is awaited. */
                expires: pair.peering.expires,
                otherOwner: pair.peering.otherOwner,
            },
        }),
        /** What the reachability check saw, a direction each. */
        ...(reachability && { check: reachability.results }),
    };
};
