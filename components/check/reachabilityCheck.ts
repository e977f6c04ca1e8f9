import * as local from "@pulumi/command/local";
import * as pulumi from "@pulumi/pulumi";
import { dependenciesOf, known, runsHooks, timeoutsOf } from "../ordering";
import { messageOf } from "../problems";
import { overSsh, overSshEnvironment } from "./overSsh";
import {
    accessLogScript,
    defaultTimeLimit,
    probeScript,
    probeTimeLimit,
    readyScript,
    type AccessLogReport,
    type ProbedServer,
    type ProbeOutcome,
    type ProbeReport,
} from "./probe";

/** How the check logs in to the servers. */
export interface SshAccess {
    /** Login name: `"admin"`; `"ec2-user"` by default. */
    readonly user?: string | undefined;
    /**
     * Private key in OpenSSH or PEM form and without a passphrase, kept as a secret; it is the only one that is tried:
     * `readFileSync("/home/me/.ssh/id_ed25519", "utf8")`. By default this machine's SSH configuration and agent count, as for `ssh`
     * by hand.
     */
    readonly privateKey?: pulumi.Input<string> | undefined;
    /**
     * OpenSSH's ProxyCommand, where a server is not reached by its public address; `{instanceId}` in it is the server's id:
     * `"aws ec2-instance-connect open-tunnel --instance-id {instanceId}"`; none by default. Sources: ssh_config(5); Amazon EC2 User
     * Guide, "Connect to your instances using EC2 Instance Connect Endpoint"; AWS Systems Manager User Guide, "Allow and control
     * permissions for SSH connections through Session Manager".
     */
    readonly proxyCommand?: string | undefined;
}

/** A VPC with a server that can be probed, as `LabVpc` is one. */
export interface ProbedVpc {
    /** What a probe needs to know of the server ahead: `{ label: "VPC1", privateIp: "10.41.1.100", page: "<html>1</html>" }`. */
    readonly probed: ProbedServer;
    /** The server's public address, by which the check logs in: `instance.publicIp`. */
    readonly publicIp: pulumi.Output<string>;
    /** The server's public DNS name: `instance.publicDns`; empty where the VPC has no DNS hostnames. */
    readonly publicDns: pulumi.Output<string>;
    /** The server's instance id: `instance.id`. */
    readonly serverId: pulumi.Output<string>;
}

/** What was expected of packets from one instance to another, and did not come. */
export interface BrokenPromise {
    /** Id of the asking instance. */
    readonly from: string;
    /** Id of the instance that was asked. */
    readonly to: string;
    /** What the asking one's probes had to come to. */
    readonly expected: ProbeOutcome;
}

/** How a {@link ReachabilityCheck} is made. */
export interface ReachabilityCheckArgs {
    /** The two VPCs whose servers are to be probed, each from the other: `[pair.requester, pair.accepter]`. */
    readonly vpcs: readonly [ProbedVpc, ProbedVpc];
    /**
     * What the first server's probes have to come to, and the second's: `pair.expect`, or of each
     * `{ icmp: "reply", http: "page", dns: "private" }`.
     */
    readonly expect: pulumi.Input<readonly [ProbeOutcome, ProbeOutcome]>;
    /** Ids of what the packets depend on: `pair.path`. The check runs again whenever any of it changes. */
    readonly path: pulumi.Input<pulumi.Input<string>[]>;
    /** How it logs in: `{ user: "admin", privateKey }`; `{}` leaves it to this machine's SSH configuration and agent. */
    readonly ssh: SshAccess;
    /** How long a server may take to boot and to run its user data, in seconds: `600`; 300 by default. */
    readonly timeLimit?: number | undefined;
    /**
     * Says why packets between two servers do not do what is expected: `({ from, to }) => myAnalysis(from, to)`. It is asked when a
     * promise is broken, and what it says is part of the failure. If it fails itself, the failure is only without it. By default
     * nothing is asked.
     */
    readonly explain?: ((broken: BrokenPromise) => Promise<string>) | undefined;
}

/** What was seen in one direction. */
export interface DirectionResult {
    /** The asking and the asked server: `VPC1 -> VPC2`. */
    readonly direction: string;
    /** When it was measured, in UTC: `2026-01-31T12:00:00Z`. It stays so until something of the stack changes; `npm run check` measures now. */
    readonly measured: string;
    /** What the probes had to come to. */
    readonly expected: ProbeOutcome;
    /** What they came to. */
    readonly seen: ProbeOutcome;
    /** The asked server's public DNS name; empty where its VPC has no DNS hostnames. */
    readonly publicName: string;
    /** The address that the asking server was given for that name; null when none. */
    readonly resolved: string | null;
    /** Round-trip time of the ping in milliseconds; null when no reply came. */
    readonly roundTripMs: number | null;
    /** The asking server's address as the asked one saw it; null when no request arrived. */
    readonly clientSeen: string | null;
}

/**
 * Shows with real packets what two servers promise: ping and HTTP by private address, and what a public DNS name gives,
 * both ways. It logs in to each server over SSH by its public address, with this machine's OpenSSH and bash. It first waits
 * until each serves its own page to itself, then probes, and then looks into the access log of the server that was asked.
 * Give it everything that carries the packets as `dependsOn`.
 *
 * A broken promise fails the deployment, and says in which direction and protocol, what was expected, what was seen, and
 * what to look at. It creates nothing on AWS and costs nothing.
 */
export class ReachabilityCheck extends pulumi.ComponentResource {
    /** What was seen, a direction each. */
    readonly results: pulumi.Output<DirectionResult[]>;

    constructor(name: string, args: ReachabilityCheckArgs, opts?: pulumi.ComponentResourceOptions) {
        super("vpc-peering-lab:components:ReachabilityCheck", name, {}, opts);
        const timeLimit = args.timeLimit ?? defaultTimeLimit;
        const { user = "ec2-user", privateKey, proxyCommand } = args.ssh;
        const secretKey = privateKey === undefined ? undefined : pulumi.secret(privateKey);
        const run = (
            role: string,
            on: ProbedVpc,
            limit: number,
            script: pulumi.Input<string>,
            dependsOn: pulumi.Resource[] = [],
            hooks: pulumi.ResourceHookBinding = {},
        ) =>
            new local.Command(
                `${name}-${role}`,
                {
                    // A failure shows the command and what it printed: where it ran, and not the script.
                    create: pulumi.interpolate`${user}@${on.publicIp}`,
                    interpreter: overSsh(privateKey !== undefined),
                    stdin: script,
                    environment: overSshEnvironment(on.probed.label, limit, {
                        privateKey: secretKey,
                        proxyCommand:
                            proxyCommand && on.serverId.apply((id) => proxyCommand.replaceAll("{instanceId}", id)),
                    }),
                    triggers: pulumi.output(args.path),
                    logging: local.Logging.Stderr,
                    // Nothing of the run before counts.
                    addPreviousOutputInEnv: false,
                },
                { parent: this, dependsOn: [...dependenciesOf(opts), ...dependsOn], hooks, ...timeoutsOf(opts) },
            );

        const ready = args.vpcs.map((vpc) => run(`${vpc.probed.label}-ready`, vpc, timeLimit, readyScript(vpc.probed)));
        const [first, second] = args.vpcs;
        const expect = pulumi.output(args.expect);
        const results = [
            { from: first, to: second, expected: expect[0] },
            { from: second, to: first, expected: expect[1] },
        ].map(({ from, to, expected }) => {
            const role = `${from.probed.label}-to-${to.probed.label}`;
            const script = pulumi
                .all([to.publicIp, to.publicDns, expected])
                .apply(([publicIp, publicDns, outcome]) =>
                    probeScript(from.probed, { ...to.probed, publicIp, publicDns }, outcome),
                );
            const broken = pulumi.output({ from: from.serverId, to: to.serverId, expected });
            const onError =
                args.explain && runsHooks() ? this.#onBroken(`${name}-${role}`, args.explain, broken) : undefined;
            const probe = run(role, from, probeTimeLimit, script, ready, onError && { onError: [onError] });
            const report = reportOf<ProbeReport>(probe);
            const log = run(
                `${role}-access-log`,
                to,
                probeTimeLimit,
                pulumi
                    .all([report, expected])
                    .apply(([{ mark }, outcome]) => accessLogScript(from.probed, to.probed, outcome, mark)),
            );
            return pulumi.output({
                direction: `${from.probed.label} -> ${to.probed.label}`,
                measured: report.measured,
                expected,
                seen: report.apply(({ icmp, http, dns }) => ({ icmp, http, dns })),
                publicName: to.publicDns,
                resolved: report.apply(({ resolved }) => (resolved === "" ? null : resolved)),
                roundTripMs: report.roundTripMs,
                clientSeen: reportOf<AccessLogReport>(log).client,
            });
        });

        this.results = pulumi.all(results);
        this.registerOutputs({ results: this.results });
    }

    /**
     * Has a broken promise explained. Nothing has to be done when such a command is deleted, so the engine never looks for the hook
     * where the program does not run.
     */
    #onBroken(
        name: string,
        explain: NonNullable<ReachabilityCheckArgs["explain"]>,
        broken: pulumi.Output<BrokenPromise>,
    ): pulumi.ErrorHook {
        return new pulumi.ErrorHook(name, async () => {
            try {
                await pulumi.log.error(await explain(await known(broken)), this);
            } catch (error) {
                await pulumi.log.warn(`Why is not known: ${messageOf(error)}`, this);
            }
            return false;
        });
    }
}

/**
 * The command's printed report. It holds nothing of the private key that the command was given, so it is not a secret,
 * whatever the provider makes of it.
 */
function reportOf<Report>(command: local.Command): pulumi.Output<Report> {
    return pulumi.unsecret(command.stdout).apply((text) => JSON.parse(text) as Report);
}
