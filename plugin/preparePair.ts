import * as pulumi from "@pulumi/pulumi";
import type { PeeredVpcPairArgs as PairArgs, Port } from "pulumi-vpc-peering";
import type { SshAccess } from "pulumi-vpc-peering/check";
import {
    checkPeeredVpcPairArgs,
    privateKeyProblem,
    problemIf,
    sides,
    type Problem,
    type Side,
} from "pulumi-vpc-peering/rules";
import { findPairPlaces } from "pulumi-vpc-peering/internal";
import { checkSideAccess, providerOf } from "./access";
import { Ami, IngressFrom, RequestsFrom } from "./choices";
import { checkChoice, checkKnown, refuse, settled } from "./inputs";
import type { PeeredVpcPairArgs } from "./peeredVpcPairArgs";

/** What a pair of other languages is made of. */
export interface PreparedPair {
    readonly pair: PairArgs;
    /** How the check logs in; undefined where there is none. */
    readonly ssh: SshAccess | undefined;
    readonly timeLimit: number | undefined;
}

/** Arguments that resources are only made with. */
const passedOn = /^((requester\.|accepter\.)?keyName|peeringConnectionId|privateKey|tags(\..+)?)$/;

/**
 * The arguments of the pair that a `PeeredVpcPair` of other languages is, with a provider for each side. Throws an
 * InputPropertiesError that lists everything that AWS would refuse, before anything is created.
 */
export async function preparePair(
    name: string,
    args: PeeredVpcPairArgs,
    opts: pulumi.ComponentResourceOptions,
): Promise<PreparedPair> {
    const known = await settled(args);
    const subject = `PeeredVpcPair ${name}`;
    refuse(subject, checkKnown(known, passedOn));

    const access = sides.flatMap((own) => checkSideAccess(own, known[own]));
    // Where that is wrong AWS is not asked for anything: what it says of credentials would tell less.
    const asks = access.length === 0;
    const side = async (own: Side) => {
        const { extraPorts, ...rest } = known[own];
        const { keyName } = args[own];
        const provider = asks
            ? await providerOf(
                  `${name}-${own}`,
                  known[own],
                  opts,
                  own === "accepter" && known.manageRequester === false,
              )
            : undefined;
        return {
            ...rest,
            ...(extraPorts && { extraPorts: extraPorts as Port[] }),
            ...(keyName !== undefined && { keyName }),
            provider,
        };
    };
    const { extraPorts, ...rest } = known;
    const { peeringConnectionId } = args;
    const [requester, accepter] = await Promise.all([side("requester"), side("accepter")]);
    const pair: PairArgs = {
        ...rest,
        ...(extraPorts && { extraPorts: extraPorts as Port[] }),
        ...(args.tags && { tags: args.tags }),
        keyName: args.keyName,
        ...(peeringConnectionId !== undefined && { peeringConnectionId }),
        requester,
        accepter,
    };
    refuse(subject, [
        ...checkChoices(known),
        ...access,
        ...checkPeeredVpcPairArgs(pair),
        ...checkLogin(known),
        ...(asks ? (await findPairPlaces(pair, undefined)).problems : []),
    ]);
    return {
        pair,
        ssh: isChecked(known) ? { privateKey: args.privateKey, proxyCommand: known.sshProxyCommand } : undefined,
        timeLimit: known.timeLimit,
    };
}

type Known = pulumi.Unwrap<PeeredVpcPairArgs>;

function checkChoices(known: Known): Problem[] {
    return [
        ...checkChoice("requestsFrom", known.requestsFrom, RequestsFrom),
        ...checkChoice("ingressFrom", known.ingressFrom, IngressFrom),
        ...checkChoice("ami", known.ami, Ami),
        ...sides.flatMap((side) => checkChoice(`${side}.ami`, known[side].ami, Ami)),
    ];
}

/** Whether the check runs. */
function isChecked({ check, privateKey, sshAgent = false }: Known): boolean {
    return check ?? (privateKey !== undefined || sshAgent);
}

/** What is wrong with how the check logs in. The key itself is never shown. */
function checkLogin(known: Known): Problem[] {
    const { privateKey, sshAgent = false } = known;
    const missing =
        "has to log in to the servers; give it the private key in privateKey, or set sshAgent to true and load the key with 'ssh-add FILE'";
    const both = "is on, and there is a privateKey too, of which the check uses one; leave one of the two out";
    const message =
        privateKey === undefined || pulumi.isUnknown(privateKey)
            ? undefined
            : privateKeyProblem(privateKey, "leave privateKey out, and set sshAgent to true");
    return [
        ...problemIf(isChecked(known) && privateKey === undefined && !sshAgent, {
            path: "check",
            value: true,
            message: missing,
        }),
        ...problemIf(sshAgent && privateKey !== undefined, { path: "sshAgent", value: true, message: both }),
        ...(message === undefined ? [] : [{ path: "privateKey", message }]),
    ];
}
