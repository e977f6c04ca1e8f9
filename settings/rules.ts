import {
    across,
    checkAccess,
    checkRegion,
    contains,
    parseAddress,
    parseCidr,
    problemIf,
    readable,
    sides,
    type Cidr,
    type Parsed,
    type Problem,
} from "pulumi-vpc-peering/rules";
import type { Values } from "./schema";

/** What the rules between settings need to know besides the values. */
export interface Surroundings {
    /** Whether the setting's value is encrypted in the stack's settings file. */
    readonly isSecret: (key: string) => boolean;
    /** Whether the file can be read. */
    readonly fileExists: (path: string) => boolean;
}

const orNoCheck = "or turn the check off with 'pulumi config set check false'";

/** What is wrong with settings among themselves, beyond what AWS would refuse of the pair. */
export function checkSettings(values: Values, surroundings: Surroundings): Problem[] {
    return [
        ...checkKeyPair(values),
        ...checkSsh(values),
        ...checkPrivateKey(values, surroundings),
        ...(values.check ? [...checkPings(values), ...checkRoutes(values), ...checkNames(values)] : []),
        ...sides.flatMap((side) => checkAccess(side, values[side])),
    ];
}

function checkKeyPair({ keyName, sshPublicKey, requester, accepter }: Values): Problem[] {
    const found = keyName === undefined ? "neither is" : "both are";
    const ownNames = [requester, accepter].every((side) => side.keyName !== undefined);
    const message = `one of the two must be set, and ${found}: the name of an existing EC2 key pair, or a public key to import, as in 'pulumi config set sshPublicKey "$(cat ~/.ssh/id_ed25519.pub)"'`;
    return (keyName === undefined) !== (sshPublicKey === undefined) || (keyName === undefined && ownNames)
        ? []
        : [{ path: "keyName, sshPublicKey", message }];
}

/** Nothing is opened to the whole internet unless told to. */
function checkSsh({ sshCidrs, requester, accepter }: Values): Problem[] {
    const isSaid = sshCidrs !== undefined || [requester, accepter].every((side) => side.sshCidrs !== undefined);
    const message = `must be set: who may log in to the servers, which is your own public address for the check, as in "pulumi config set --path 'sshCidrs[0]' YOUR-ADDRESS/32"`;
    return problemIf(!isSaid, { path: "sshCidrs", message });
}

function checkPrivateKey(values: Values, { isSecret, fileExists }: Surroundings): Problem[] {
    const { sshPrivateKey, sshPrivateKeyPath: file, sshAgent, check } = values;
    const given = [sshPrivateKey, file, sshAgent || undefined].filter((one) => one !== undefined).length;
    const found = given === 0 ? "none" : "more than one";
    return [
        ...problemIf(sshPrivateKey !== undefined && !isSecret("sshPrivateKey"), {
            path: "sshPrivateKey",
            message:
                "is in the settings file in plain text; encrypt it with 'pulumi config set --secret sshPrivateKey < FILE', and stop using the key if the file was shared",
        }),
        ...problemIf(check && given !== 1, {
            path: "sshPrivateKey, sshPrivateKeyPath, sshAgent",
            message: `the check logs in to the servers, so one of the three must be set, and ${found} is: the private key as a secret, the path of its file, or 'true' for the SSH agent; ${orNoCheck}`,
        }),
        ...problemIf(check && file !== undefined && !fileExists(file), {
            path: "sshPrivateKeyPath",
            value: file,
            message:
                "can't be read; give the path of the private key's file, absolute or relative to the project's folder",
        }),
    ];
}

/** The check pings the servers that it probes, so their groups must let it in; otherwise they would always seem isolated. */
function checkPings(values: Values): Problem[] {
    const asking = sides.filter((side) => values.requestsFrom === "both" || values.requestsFrom === side);
    return asking.flatMap((side) => {
        const { cidrBlock } = values[side];
        const own = values[across(side)].icmpCidrs;
        const value = own ?? values.icmpCidrs;
        const path = own === undefined ? "icmpCidrs" : `${across(side)}.icmpCidrs`;
        const message = `does not cover ${side}.cidrBlock, ${cidrBlock}, whose server the check lets ping the other; add that block, ${orNoCheck}`;
        return isCovered(parseCidr(cidrBlock), value) ? [] : [{ path, value, message }];
    });
}

/** The check's packets need a route to the servers, whatever else is not routed. */
function checkRoutes(values: Values): Problem[] {
    return sides.flatMap((side) => {
        const { routedCidrBlocks: value, privateIp } = values[side];
        const path = `${side}.routedCidrBlocks`;
        const message = `does not cover ${side}.privateIp, ${privateIp}, to which the check sends packets; add a block that does, ${orNoCheck}`;
        return value.length === 0 || isCovered(parseAddress(privateIp), value) ? [] : [{ path, value, message }];
    });
}

/** The requester's owner can set its DNS option only after the acceptance, and the check runs right after that. */
function checkNames({ manageRequester, dnsResolution }: Values): Problem[] {
    const message = `is on, and the check would expect it of the requester's side too, whose owner can set it only once the connection is active (manageRequester is off); turn it off, ${orNoCheck}`;
    return dnsResolution && !manageRequester ? [{ path: "dnsResolution", value: true, message }] : [];
}

/** Whether one of the blocks has all of `part`; so it is taken to be where any of them can't be read, which is reported elsewhere. */
function isCovered(part: Parsed<Cidr>, blocks: readonly string[]): boolean {
    const read = readable(blocks);
    return !part.ok || read.length < blocks.length || read.some((block) => contains(block, part.value));
}

/** Names that no region has, which AWS would be asked in for minutes. */
export function checkRegions(
    values: Values,
    {
        defaultRegion,
        regionVariable,
    }: { readonly defaultRegion: string | undefined; readonly regionVariable?: string | undefined },
): Problem[] {
    const setDefault = regionVariable === undefined ? "pulumi config set aws:region " : `export ${regionVariable}=`;
    return [
        ...checkRegion(regionVariable ?? "aws:region", defaultRegion, setDefault),
        ...sides.flatMap((side) =>
            checkRegion(`${side}.region`, values[side].region, `pulumi config set --path ${side}.region `),
        ),
    ];
}
