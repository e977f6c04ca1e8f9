import { log, type Output } from "@pulumi/pulumi";
import type { LabVpc } from "pulumi-vpc-peering";
import { answersIn, shellWord, sides, type Side } from "pulumi-vpc-peering/rules";
import { readPrivateKey, readProviderSettings, readSettings, refusal } from "./settings";

/** The whole lab; its outputs are what a person needs next, `peering`, `check` and `checkResults` only where there are such. */
export = async () => {
    const settings = readSettings();
    const { pair: args, access, defaultRegion, publicKey } = settings;
    const privateKey = settings.check && readPrivateKey(settings.check.privateKey);
    // Loaded only now, so that a refusal of settings does not wait for AWS's SDK.
    const [
        { KeyPair },
        { PeeredVpcPair },
        { findPairPlaces, providerFor, vpcQuotaWarnings, withAcceptance },
        { ReachabilityCheck, resultLine },
    ] = await Promise.all([
        import("@pulumi/aws/ec2/keyPair"),
        import("pulumi-vpc-peering"),
        import("pulumi-vpc-peering/internal"),
        import("pulumi-vpc-peering/check"),
    ]);
    const stack = readProviderSettings();
    const provider = (side: Side) =>
        providerFor(
            `lab-${side}`,
            access[side],
            defaultRegion,
            stack,
            side === "accepter" && args.manageRequester === false,
        );
    const [requesterProvider, accepterProvider] = await Promise.all([provider("requester"), provider("accepter")]);
    const providers = { requester: requesterProvider, accepter: accepterProvider };
    const where = (side: Side) => ({
        ...args[side],
        region: access[side].region,
        accountId: access[side].accountId,
        provider: providers[side],
    });
    const asked = { ...args, requester: where("requester"), accepter: where("accepter") };
    const { places, problems } = await findPairPlaces(
        asked,
        defaultRegion,
        (path, type) => `, as in 'pulumi config set --path ${path} ${type}'`,
    );
    if (problems.length > 0) {
        throw refusal(problems);
    }
    for (const warning of await vpcQuotaWarnings(asked, places, defaultRegion)) {
        void log.warn(warning);
    }

    /** The keys that were imported: key pairs are of one region of one account, so a side elsewhere imports its own. */
    const imported = new Map<string, Output<string>>();
    const importKey = (side: Side): Output<string> => {
        const at = providers[side];
        const { region: wanted } = access[side];
        const region = wanted === defaultRegion ? undefined : wanted;
        const { region: there, accountId } = places[side];
        const name = at === undefined ? [region && side] : [side, there, accountId];
        const place = at === undefined ? (region ?? "") : side;
        const key = { ...(region !== undefined && { region }), publicKey: publicKey ?? "", tags: args.tags ?? {} };
        const keyName =
            imported.get(place) ??
            new KeyPair(["lab-key", ...name].filter(Boolean).join("-"), key, at && { provider: at }).keyName;
        imported.set(place, keyName);
        return keyName;
    };
    const side = (own: Side) => ({
        ...where(own),
        // What a provider of its own leads to is part of what the side is known by.
        ...(providers[own] && places[own]),
        keyName: args[own].keyName ?? args.keyName ?? importKey(own),
    });
    const requester = side("requester");
    const pair = new PeeredVpcPair("lab", {
        ...withAcceptance(args),
        keyName: requester.keyName,
        requester,
        accepter: side("accepter"),
    });

    /** Where AWS describes each side, for the explanation of a broken promise. */
    const sources = sides.map((own) => ({
        ...access[own],
        region: access[own].region ?? defaultRegion,
        profile: access[own].profile ?? (typeof stack.profile === "string" ? stack.profile : undefined),
    }));
    const reachability =
        settings.check &&
        new ReachabilityCheck(
            "lab-check",
            {
                vpcs: [pair.requester, pair.accepter],
                expect: pair.expect,
                path: pair.path,
                ssh: { privateKey, proxyCommand: settings.check.proxyCommand },
                timeLimit: settings.check.timeLimit,
                explain: async ({ from, to, expected }) => {
                    const [{ explainAgainst }, { readState }] = await Promise.all([
                        import("./reachability/text"),
                        import("./reachability/read"),
                    ]);
                    return explainAgainst(await readState(sources), { from, to, ...answersIn(expected) });
                },
            },
            { dependsOn: pair },
        );

    const identity =
        settings.check?.privateKey.kind === "path" ? `-i ${shellWord(settings.check.privateKey.path)} ` : "";

    const describe = (side: Side, vpc: LabVpc) => ({
        region: access[side].region ?? defaultRegion,
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
        /** What the reachability check saw: a line for each direction, and all that was measured. */
        ...(reachability && {
            check: reachability.results.apply((results) =>
                results.map(({ direction, expected, seen }) => resultLine(direction, expected, seen)),
            ),
            checkResults: reachability.results,
        }),
    };
};
