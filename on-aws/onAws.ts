/**
 * `npm run on-aws`: plays the lab in the caller's AWS account, leaves nothing there, and reports what AWS answered. `--help` has
 * the options, docs/on-aws.md the rest.
 */
import { execFileSync, spawnSync } from "child_process";
import { randomBytes } from "crypto";
import { mkdirSync, readFileSync, writeFileSync } from "fs";
import { dirname, join } from "path";
import { createInterface } from "readline/promises";
import { Account, callerAccount, profileRegion, runTag } from "./account";
import { readOptions, readSshCidr, usage, type Options } from "./options";
import { destroy, play, type Playing } from "./play";
import { baselineOf, isProven, readBaseline, reportOf } from "./report";
import { InputError, isRunning, messageOf, RunFolder, type Run } from "./run";
import { pulumiVersion, Stack } from "./stack";

const say = (line: string): void => {
    console.log(line);
};

/** What a run makes and costs. */
const announcement = (region: string, account: string) => `The lab in region ${region} of account ${account}:

  base         2 VPCs, each with an internet gateway, a route table, a subnet, a security group and a t3.micro server with an
               8 GiB volume and a public IPv4 address; and a key pair
  peering      a peering connection, its routes, rules and DNS options
  peering off  without them again
  destroy      nothing is left, which is looked up

All of it has the tag ${runTag}. It may take a quarter of an hour.

Cost: about 0.03 USD an hour in us-east-1, a little more or less elsewhere, as long as the servers stand: 2 x 0.0104 for
t3.micro (page "Amazon EC2 On-Demand Pricing"), 2 x 0.005 for public IPv4 addresses ("Amazon VPC pricing"), 2 x 0.001 for
volumes ("Amazon EBS pricing"). The connection is free.
`;

/** Asks a question on the terminal; throws an InputError with the remedy if there is none. */
async function ask(question: string, remedy: string): Promise<string> {
    if (!process.stdin.isTTY) {
        throw new InputError(`there is no terminal to ask on; ${remedy}`);
    }
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    try {
        return (await terminal.question(question)).trim();
    } finally {
        terminal.close();
    }
}

/** The Pulumi CLI's version. Throws an InputError that names a program that is missing. */
async function checkPrograms(): Promise<string> {
    for (const program of ["bash", "ps", "ssh", "ssh-keygen"]) {
        // Not all of them know this option; all that counts is whether they start.
        if (spawnSync(program, ["--version"], { stdio: "ignore" }).error) {
            throw new InputError(`${program} was not found on PATH: install it; a run needs bash, ps and OpenSSH`);
        }
    }
    return pulumiVersion().catch((error: unknown) => {
        throw new InputError(messageOf(error), { cause: error });
    });
}

/** Versions of what takes part, from the checkout's packages. */
function versionsOf(pulumi: string): Record<string, string> {
    const { dependencies } = JSON.parse(readFileSync(join(__dirname, "../package.json"), "utf8")) as {
        readonly dependencies: Readonly<Record<string, string>>;
    };
    const packages = ["@pulumi/pulumi", "@pulumi/aws", "@pulumi/command", "@aws-sdk/client-ec2"];
    const versions: Record<string, string> = { "Pulumi CLI": pulumi, "Node.js": process.versions.node };
    for (const name of packages) versions[name] = dependencies[name] ?? "";
    return versions;
}

/** Ends a run in good order on the first signal; later ones change nothing. */
function endings(): AbortSignal {
    const controller = new AbortController();
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
        process.on(signal, () => {
            say(
                controller.signal.aborted
                    ? `${signal}: it is ending already, and destroys what it made`
                    : `${signal}: ending what has begun, then destroying; this takes minutes`,
            );
            controller.abort(signal);
        });
    }
    // Without a terminal it still destroys.
    process.stdout.on("error", () => undefined);
    process.stderr.on("error", () => undefined);
    return controller.signal;
}

/** Prepares a run: looks for what it needs, says what it makes and costs, and asks. */
async function prepare(options: Options): Promise<Run> {
    const pulumi = await checkPrograms();
    const region = options.region ?? (await profileRegion());
    const account = await callerAccount(region);
    say(announcement(region, account));
    const remedy = "say --yes and --ssh-cidr, as in 'npm run on-aws -- --yes --ssh-cidr 203.0.113.7/32'";
    const sshCidr =
        options.sshCidr ??
        readSshCidr(await ask("Your public address, which may log in to the servers (such as 203.0.113.7): ", remedy));
    if (!options.yes && !/^y(es)?$/i.test(await ask(`Log in from ${sshCidr}. Go on? (yes/no) `, remedy))) {
        throw new InputError("nothing was made");
    }
    const { AWS_ENDPOINT_URL_EC2, AWS_ENDPOINT_URL } = process.env;
    return {
        id: randomBytes(8).toString("hex"),
        pid: process.pid,
        started: new Date().toISOString(),
        region,
        account,
        sshCidr,
        endpoint: AWS_ENDPOINT_URL_EC2 ?? AWS_ENDPOINT_URL,
        versions: versionsOf(pulumi),
        acts: [],
        ids: [],
        swept: [],
    };
}

/** Makes the throw-away key pair and the stack with its settings. */
async function setUp({ run, folder, stack }: Playing): Promise<void> {
    const key = folder.file("id_ed25519");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "on-aws", "-f", key]);
    await stack.create();
    await stack.set({
        "aws:region": run.region,
        "aws:allowedAccountIds": JSON.stringify([run.account]),
        sshPublicKey: readFileSync(`${key}.pub`, "utf8").trim(),
        sshPrivateKeyPath: key,
        sshCidrs: JSON.stringify([run.sshCidr]),
        tags: JSON.stringify({ [runTag]: run.id }),
        prefix: "ljhOnAws",
    });
}

/** Takes over a run that was killed: it is only destroyed. */
async function takeOver(folder: RunFolder): Promise<Run> {
    const run = folder.load();
    if (isRunning(run.pid, "onAws")) {
        throw new InputError(
            `--folder ${folder.path}: its run goes on, pid ${run.pid}; wait for it, or end it with 'kill -INT ${run.pid}', which destroys what it made`,
        );
    }
    await checkPrograms();
    const account = await callerAccount(run.region);
    if (account !== run.account) {
        throw new InputError(
            `account ${account}: ${folder.path} has a run in account ${run.account} that was cut off; use credentials of that account, and it is destroyed first`,
        );
    }
    say(`${folder.path} has a run of ${run.started} in ${run.region} that was cut off. Now it is destroyed.`);
    run.pid = process.pid;
    const last = run.acts.at(-1);
    if (last && last.seconds === undefined) last.errors.push("cut off: the run was killed");
    folder.save(run);
    return run;
}

/** Writes the report, and says in a few lines how it ended. */
function conclude({ run, folder }: Playing, { report, record }: Options): void {
    const file = join(__dirname, "sandbox.json");
    const { json, page } = reportOf(run, readBaseline(readFileSync(file, "utf8"), file));
    mkdirSync(dirname(report), { recursive: true });
    writeFileSync(`${report}.json`, json);
    writeFileSync(`${report}.md`, page);
    if (record !== undefined && isProven(run)) writeFileSync(record, baselineOf(run));
    if (run.left?.length === 0) {
        folder.remove();
        say("Nothing is left in the account.");
    } else {
        const left = run.left?.join(", ") ?? "unknown, because the account could not be looked at";
        say(
            `Left in the account: ${left}. The state is in ${folder.path}: run this again, and it goes on with destroying.`,
        );
    }
    say(`The report is in ${report}.md and ${report}.json.`);
}

/** Runs the command, and resolves to its exit code: 0 if all acts were played and nothing is left, 2 for bad input. */
async function main(args: readonly string[]): Promise<number> {
    try {
        const options = readOptions(args, process.env);
        if (options.isHelp) {
            say(usage);
            return 0;
        }
        const folder = new RunFolder(options.folder);
        const isCutOff = folder.exists;
        const run = isCutOff ? await takeOver(folder) : await prepare(options);
        const stack = new Stack(folder, say);
        const account = new Account(run.region);
        const playing = { run, folder, stack, account, say, ending: endings() };
        if (isCutOff) {
            await destroy(playing);
        } else {
            folder.create(run);
            try {
                await setUp(playing);
            } catch (error) {
                folder.remove();
                throw error;
            }
            await play(playing);
        }
        conclude(playing, options);
        return isProven(run) ? 0 : 1;
    } catch (error) {
        console.error(messageOf(error));
        return error instanceof InputError ? 2 : 1;
    }
}

void main(process.argv.slice(2)).then((code) => {
    process.exitCode = code;
});
