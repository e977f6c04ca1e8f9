/** What was typed after `npm run on-aws --`. */
import { homedir } from "os";
import { join, resolve } from "path";
import { parseArgs } from "util";
import * as ipaddr from "ipaddr.js";
import { InputError } from "./run";

export const usage = `usage: npm run on-aws -- [--region REGION] [--ssh-cidr CIDR] [--yes]

Plays the lab in your AWS account: base, peering, peering off, destroy. It always destroys, also after an error or Ctrl-C, looks
whether anything is left, and writes what AWS answered, and how that differs from what the sandbox answers. Afterwards nothing of
it is in the account. The credentials are those of your environment, as for the AWS CLI: AWS_PROFILE=NAME chooses a profile.

  --region REGION   where; by default AWS_REGION, AWS_DEFAULT_REGION, or the profile's region
  --ssh-cidr CIDR   who may log in to the servers: your own public address, such as 203.0.113.7/32; asked if left out
  --yes             does not ask
  --report NAME     writes NAME.json and NAME.md; reports/on-aws by default
  --folder FOLDER   keeps the run's state there until the account is seen empty; ~/.vpc-peering-lab-on-aws by default
  --record FILE     also writes the answers there, if the run is proof, for other runs to be compared with`;

/** What a run is asked to do. */
export interface Options {
    readonly isHelp: boolean;
    /** Undefined if the environment is to say. */
    readonly region: string | undefined;
    /** Undefined if the person is to say. */
    readonly sshCidr: string | undefined;
    readonly yes: boolean;
    /** Path of the reports without their endings. */
    readonly report: string;
    /** Where the run's state is. */
    readonly folder: string;
    /** File to write the answers' shape to. */
    readonly record: string | undefined;
}

/** Ranges of addresses from which nothing comes over the internet, by ipaddr.js's names. */
const inner = ["private", "loopback", "linkLocal", "carrierGradeNat", "unspecified", "broadcast", "multicast"];

/** The shortest prefix of a block that counts as somebody's own. */
const shortestPrefix = 16;

/**
 * The block that may log in; an address alone is a block of one. Throws an InputError if it can't be the caller's own on the
 * internet.
 */
export function readSshCidr(value: string): string {
    const text = value.includes("/") ? value : `${value}/32`;
    const remedy =
        "give the public address that this machine has on the internet, as in '--ssh-cidr 203.0.113.7/32'; 'curl https://checkip.amazonaws.com' shows it";
    if (!ipaddr.IPv4.isValidCIDRFourPartDecimal(text)) {
        throw new InputError(`--ssh-cidr ${value}: is not an IPv4 address or CIDR block; ${remedy}`);
    }
    const [address, prefix] = ipaddr.IPv4.parseCIDR(text);
    if (prefix < shortestPrefix) {
        throw new InputError(
            `--ssh-cidr ${value}: lets more log in than /${shortestPrefix}, so it is not your own address; ${remedy}`,
        );
    }
    if (inner.includes(address.range())) {
        throw new InputError(`--ssh-cidr ${value}: is a ${address.range()} address, which AWS never sees; ${remedy}`);
    }
    return `${ipaddr.IPv4.networkAddressFromCIDR(text).toString()}/${prefix}`;
}

/** Returns the region; throws an InputError if it can't be the name of one. */
export function readRegion(value: string): string {
    if (!/^[a-z]{2,}(-[a-z]+)+-\d+$/.test(value)) {
        throw new InputError(
            `region '${value}': is not the name of an AWS region; give one, as in '--region ap-northeast-2'`,
        );
    }
    return value;
}

/** Reads the arguments; throws an InputError with all that is wrong about the first wrong one. */
export function readOptions(args: readonly string[], env: NodeJS.ProcessEnv): Options {
    const { values } = parsed(args);
    if (env["AWS_PROFILE"] !== undefined && env["AWS_ACCESS_KEY_ID"] !== undefined) {
        throw new InputError(
            `AWS_PROFILE=${env["AWS_PROFILE"]}: AWS_ACCESS_KEY_ID is set too, and not every program takes the same one of them; 'unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN', or 'unset AWS_PROFILE'`,
        );
    }
    const region = values.region ?? env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"];
    return {
        isHelp: values.help === true,
        region: region === undefined || region === "" ? undefined : readRegion(region),
        sshCidr: values["ssh-cidr"] === undefined ? undefined : readSshCidr(values["ssh-cidr"]),
        yes: values.yes === true,
        report: resolve(values.report ?? join(__dirname, "../reports/on-aws")),
        folder: resolve(values.folder ?? join(homedir(), ".vpc-peering-lab-on-aws")),
        record: values.record === undefined ? undefined : resolve(values.record),
    };
}

function parsed(args: readonly string[]) {
    try {
        return parseArgs({
            args: [...args],
            options: {
                help: { type: "boolean" },
                region: { type: "string" },
                "ssh-cidr": { type: "string" },
                yes: { type: "boolean" },
                report: { type: "string" },
                folder: { type: "string" },
                record: { type: "string" },
            },
        });
    } catch (error) {
        throw new InputError(`${(error as Error).message}\n\n${usage}`, { cause: error });
    }
}
