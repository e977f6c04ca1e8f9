import type { Provider } from "@pulumi/aws/provider";
import { log, type Output } from "@pulumi/pulumi";
import type { LabVpc } from "pulumi-vpc-peering";
import { answersIn, labVpcDefaults, shellWord, sides, type Problem, type Side } from "pulumi-vpc-peering/rules";
import { readPrivateKey, readProviderSettings, readSettings, refusal } from "./settings";
import { remembered } from "./settings/remembered";
import { checkDefaultRegion } from "./settings/rules";

/** The whole lab; its outputs are what a person needs next, `peering`, `check` and `checkResults` only where there are such. */
export = async () => {
    const settings = readSettings();
    const { pair: args, access, defaultRegion, publicKey } = settings;
    const privateKey = settings.check && readPrivateKey(settings.check.privateKey);
    // Loaded only now, so that a refusal of settings does not wait for AWS's SDK.
    const [
        { KeyPair },
        { PeeredVpcPair, findPlaces, findZone, hasDefaultProvider, sideProvider, unaskedProblem, vpcQuotaWarnings },
        { ReachabilityCheck, resultLine },
    ] = await Promise.all([
        import("@pulumi/aws/ec2/keyPair"),
        import("pulumi-vpc-peering"),
        import("pulumi-vpc-peering/check"),
    ]);
    if (sides.some((side) => hasDefaultProvider(access[side]))) {
        // Asked before the default provider is used: the engine would have the new region in its state by then, and `pulumi
        // destroy` would look for everything there.
        const moved = checkDefaultRegion(await remembered("lab-default-region", defaultRegion ?? ""), defaultRegion);
        if (moved.length > 0) {
            throw refusal(moved);
        }
    }
    const stack = readProviderSettings();
    const provider = (side: Side) => sideProvider(`lab-${side}`, access[side], defaultRegion, stack);
    const providers = { requester: provider("requester"), accepter: provider("accepter") };
    const via = (at: Provider | undefined) => (at === undefined ? {} : { provider: at });
    const asked = { requester: via(providers.requester), accepter: via(providers.accepter) };
    const { places, problems: misplaced } = await findPlaces(access, asked, args);
    // A side may be where its instance type is not offered, and by then the other one would be created.
    const checkType = async (side: Side): Promise<Problem[]> => {
        const { instanceType: own } = args[side];
        const path = own === undefined ? "instanceType" : `${side}.instanceType`;
        const value = own ?? args.instanceType ?? labVpcDefaults.instanceType;
        const found = await findZone(value, asked[side]).catch((error: unknown) =>
            unaskedProblem(side, access[side].region ?? defaultRegion, error),
        );
        if ("path" in found) {
            return [found];
        }
        return found.zone === undefined
            ? [{ path, value, message: `${found.message}, as in 'pulumi config set --path ${path} ${found.instead}'` }]
            : [];
    };
    // Asked once where both sides have the same type in the same place.
    const isShared =
        providers.requester === providers.accepter && sides.every((side) => args[side].instanceType === undefined);
    const differing: readonly Side[] = isShared ? ["requester"] : sides;
    const unoffered = misplaced.length > 0 ? [] : await Promise.all(differing.map(checkType));
    const problems = [...misplaced, ...unoffered.flat()];
    if (problems.length > 0) {
        throw refusal(problems);
    }
    for (const warning of await vpcQuotaWarnings(args, places, asked, defaultRegion)) {
        void log.warn(warning);
    }

    /** The keys that were imported: key pairs are of one region of one account, so a side elsewhere imports its own. */
    const imported = new Map<Provider | undefined, Output<string>>();
    const importKey = (side: Side): Output<string> => {
        const at = providers[side];
        const { region, accountId } = places[side];
        const name = at === undefined ? "lab-key" : ["lab-key", side, region, accountId].join("-");
        const key = { publicKey: publicKey ?? "", tags: args.tags ?? {} };
        const keyName = imported.get(at) ?? new KeyPair(name, key, via(at)).keyName;
        imported.set(at, keyName);
        return keyName;
    };
    const side = (own: Side) => ({
        ...args[own],
        ...places[own],
        provider: providers[own],
        keyName: args[own].keyName ?? args.keyName ?? importKey(own),
    });
    const requester = side("requester");
    const pair = new PeeredVpcPair("lab", {
        ...args,
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
                ssh: { privateKey },
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
