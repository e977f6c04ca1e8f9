import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { commandsIn, destroy, up, type Drill, type Running } from "./drill.ts";
import { broken, throttled } from "./faultyApi.ts";

/** A fault, and what has to come of it. */
export interface Cell {
    readonly name: string;
    /** What is done, in one line. */
    readonly does: string;
    /** Makes the fault and does what the messages say; throws if anything is not as it should be. */
    readonly play: (drill: Drill) => Promise<void>;
}

/** A step of the lab that can be cut off. */
interface Step {
    readonly name: "base" | "peering" | "destroy";
    /** Brings the stack to where the step begins. */
    readonly prepare: (drill: Drill) => Promise<void>;
    readonly command: readonly string[];
    /** The call of EC2 by which it is under way. */
    readonly midway: string;
}

async function withoutCheck(drill: Drill, settings: Readonly<Record<string, string>> = {}): Promise<void> {
    await drill.set({ check: "false", ...settings });
}

async function base(drill: Drill): Promise<void> {
    await withoutCheck(drill);
    await drill.must(...up);
}

async function peered(drill: Drill): Promise<void> {
    await withoutCheck(drill, { peering: "true" });
    await drill.must(...up);
}

const steps: readonly Step[] = [
    { name: "base", prepare: withoutCheck, command: up, midway: "RunInstances" },
    {
        name: "peering",
        prepare: async (drill) => {
            await base(drill);
            await drill.set({ peering: "true" });
        },
        command: up,
        midway: "CreateVpcPeeringConnection",
    },
    { name: "destroy", prepare: peered, command: destroy, midway: "DeleteVpcPeeringConnection" },
];

/** Starts the step; when it is under way, calls `then`, and lets the call that it is at be answered. Returns the command. */
async function midway(
    drill: Drill,
    { command, midway: action }: Step,
    then: (command: Running) => Promise<void> | void,
) {
    const held = drill.api.hold(action);
    const running = drill.begin(...command);
    const early = running.ended.then(({ text }) => assert.fail(`it ended before ${action}: ${text}`));
    const { release } = await Promise.race([held, early]);
    early.catch(() => undefined);
    await then(running);
    release();
    return running.ended;
}

/** Ends an interrupted step as its messages say: the lock, what the state has not heard of, and the step once more. */
async function finish(drill: Drill, { name, command }: Step): Promise<void> {
    await drill.state();
    const shown = await drill.must("preview");
    const refresh = ["refresh", "--yes", "--skip-preview", "--clear-pending-creates"];
    if (shown.includes("pending operations")) {
        assert.match(shown, /`pulumi refresh`/);
    }
    const { code, text } = await drill.pulumi(...refresh);
    if (code !== 0) {
        assert.match(text, /currently locked[^]*`pulumi cancel`/);
        await drill.must("cancel", "--yes");
        await drill.must(...refresh);
    }
    await drill.removeLeftovers();
    await drill.must(...command);
    if (name === "destroy") {
        assert.deepEqual(await drill.standing(), []);
    } else {
        await stands(drill);
    }
}

/** The stack is as the program has it, and has nothing beside it; then it is destroyed. */
async function stands(drill: Drill): Promise<void> {
    const text = await drill.must("preview", "--refresh");
    const changes = text.match(/^ *[-+~]+ +\S+:\S+ \S+ (create|update|delete|replace)\b.*$/gm) ?? [];
    assert.deepEqual(changes, []);
    assert.deepEqual(await drill.leftovers(), []);
    await drill.destroyed();
}

const interruptions: readonly {
    readonly name: string;
    readonly does: string;
    /** Settings of the aws plugin, which a destroy takes from the state; none by default. */
    readonly settings?: Readonly<Record<string, string>>;
    readonly play: (drill: Drill, step: Step) => Promise<void>;
}[] = [
    {
        name: "cli-killed",
        does: "kill -9 of the CLI",
        play: async (drill, step) => {
            await midway(drill, step, async (running) => {
                running.signal("SIGKILL");
                await running.ended;
            });
            await drill.mustFail(/currently locked[^]*`pulumi cancel`/, ...step.command);
            await finish(drill, step);
        },
    },
    {
        name: "plugin-killed",
        does: "kill -9 of the aws plugin",
        play: async (drill, step) => {
            const { code, text } = await midway(drill, step, (running) => {
                running.killChild("aws");
            });
            assert.notEqual(code, 0, text);
            await finish(drill, step);
        },
    },
    {
        name: "throttled",
        does: "RequestLimitExceeded for 30 s",
        play: async (drill, step) => {
            const { code, text } = await midway(drill, step, () => {
                drill.api.failure = throttled;
                setTimeout(() => (drill.api.failure = undefined), 30_000);
            });
            assert.ok(drill.api.failures > 0);
            assert.equal(code, 0, text);
            await (step.name === "destroy" ? finish(drill, step) : stands(drill));
        },
    },
    {
        name: "api-broken",
        does: "InternalError until the command gives up",
        settings: { "aws:maxRetries": "2" },
        play: async (drill, step) => {
            const { code, text } = await midway(drill, step, () => {
                drill.api.failure = broken;
            });
            drill.api.failure = undefined;
            assert.notEqual(code, 0, text);
            assert.match(text, /InternalError/);
            await finish(drill, step);
        },
    },
    {
        name: "interrupted",
        does: "Ctrl-C",
        play: async (drill, step) => {
            const { code, text } = await midway(drill, step, async (running) => {
                running.signal("SIGINT");
                await sleep(1000);
            });
            assert.match(text, /\^C received; cancelling/);
            // The CLI ends a destroy that was cancelled with 0 and says that all is deleted, whether it is or not.
            assert.ok(code !== 0 || step.name === "destroy", text);
            await finish(drill, step);
        },
    },
    {
        name: "interrupted-twice",
        does: "Ctrl-C twice",
        play: async (drill, step) => {
            const { code, text } = await midway(drill, step, async (running) => {
                running.signal("SIGINT");
                await sleep(500);
                running.signal("SIGINT");
                await running.ended;
            });
            assert.notEqual(code, 0, text);
            await finish(drill, step);
        },
    },
    {
        name: "twice-at-once",
        does: "the same command beside it",
        play: async (drill, step) => {
            const { code, text } = await midway(drill, step, async () => {
                await drill.mustFail(/currently locked[^]*wait for the other process/, ...step.command);
            });
            assert.equal(code, 0, text);
            await (step.name === "destroy" ? finish(drill, step) : stands(drill));
        },
    },
];

interface Side {
    readonly vpcId: string;
    readonly routeTableId: string;
    readonly securityGroupId: string;
    readonly serverId: string;
}

interface Outputs {
    readonly requester: Side;
    readonly accepter: Side;
    readonly peering: { readonly id: string };
}

const toAccepter = { DestinationCidrBlock: "10.42.0.0/16" };
const http = { IpProtocol: "tcp", FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: "10.42.0.0/16" }] };

/** What someone deletes from a peered stack. */
const deletions: Readonly<Record<string, (drill: Drill, outputs: Outputs) => Promise<unknown>>> = {
    route: ({ ec2 }, { requester: { routeTableId: RouteTableId } }) => ec2.deleteRoute({ RouteTableId, ...toAccepter }),
    rule: ({ ec2 }, { requester: { securityGroupId: GroupId } }) =>
        ec2.revokeSecurityGroupIngress({ GroupId, IpPermissions: [http] }),
    connection: ({ ec2 }, { peering: { id } }) => ec2.deleteVpcPeeringConnection({ VpcPeeringConnectionId: id }),
    server: ({ ec2 }, { requester: { serverId } }) => ec2.terminateInstances({ InstanceIds: [serverId] }),
};

async function peerByHand({ ec2 }: Drill, { requester, accepter }: Outputs): Promise<string> {
    const asked = await ec2.createVpcPeeringConnection({ VpcId: requester.vpcId, PeerVpcId: accepter.vpcId });
    const VpcPeeringConnectionId = asked.VpcPeeringConnection?.VpcPeeringConnectionId ?? "";
    await ec2.acceptVpcPeeringConnection({ VpcPeeringConnectionId });
    return VpcPeeringConnectionId;
}

/** What someone has made already before peering is turned on, and what the error about it says. */
const additions: Readonly<
    Record<string, { said: RegExp; make: (drill: Drill, outputs: Outputs) => Promise<unknown> }>
> = {
    peering: { said: /The connection pcx-\w+ between vpc-\w+ and vpc-\w+ is there already/, make: peerByHand },
    route: {
        said: /A route to 10\.42\.0\.0\/16 is in rtb-\w+ already/,
        make: async (drill, outputs) => {
            const VpcPeeringConnectionId = await peerByHand(drill, outputs);
            const { routeTableId: RouteTableId } = outputs.requester;
            await drill.ec2.createRoute({ RouteTableId, ...toAccepter, VpcPeeringConnectionId });
            // The route outlives its connection, as a blackhole.
            await drill.ec2.deleteVpcPeeringConnection({ VpcPeeringConnectionId });
        },
    },
    rule: {
        said: /The rule sgr-\w+ of sg-\w+ lets the same in already/,
        make: ({ ec2 }, { requester: { securityGroupId: GroupId } }) =>
            ec2.authorizeSecurityGroupIngress({ GroupId, IpPermissions: [http] }),
    },
};

function additionCell(what: string, remedy: "import" | "removal"): Cell {
    const { said, make } = additions[what] ?? assert.fail(what);
    return {
        name: `${what}-by-hand-${remedy}`,
        does: `the ${what} is there before; the message's ${remedy}`,
        play: async (drill) => {
            await base(drill);
            await make(drill, await drill.outputs<Outputs>());
            await drill.set({ peering: "true" });
            const text = await drill.mustFail(said, ...up);
            const program = remedy === "import" ? "pulumi import" : "aws ec2";
            const command = commandsIn(text).find((one) => one.startsWith(program)) ?? assert.fail(text);
            await drill.type(remedy === "import" ? `${command} --yes --skip-preview` : command);
            await drill.must(...up);
            await stands(drill);
        },
    };
}

/** Makes a key pair in a folder of its own; returns the private key's path. */
async function keyPair(drill: Drill, passphrase: string): Promise<string> {
    const path = join(mkdtempSync(join(tmpdir(), "key-")), "key");
    await drill.type(`ssh-keygen -q -t ed25519 -N '${passphrase}' -f ${path}`);
    return path;
}

const keyCells: readonly Cell[] = [
    {
        name: "key-wrong",
        does: "the private key of another pair",
        play: async (drill) => {
            const own = (await drill.must("config", "get", "sshPrivateKeyPath")).trim();
            await drill.set({ sshPrivateKeyPath: await keyPair(drill, "") });
            await drill.mustFail(/refuses the login[^]*sshPrivateKeyPath[^]*sshPublicKey/, ...up);
            await drill.set({ sshPrivateKeyPath: own });
            await drill.must(...up);
            await stands(drill);
        },
    },
    {
        name: "key-locked",
        does: "a private key with a passphrase",
        play: async (drill) => {
            const path = await keyPair(drill, "secret");
            await drill.type(`pulumi config set sshPublicKey "$(cat ${path}.pub)" --stack dev`);
            await drill.set({ sshPrivateKeyPath: path });
            const text = await drill.mustFail(/passphrase[^]*'ssh-add FILE', remove this setting/, ...up);
            assert.deepEqual(await drill.standing(), []);
            const ask = join(mkdtempSync(join(tmpdir(), "ask-")), "ask");
            writeFileSync(ask, "#!/bin/sh\necho secret\n", { mode: 0o755 });
            const [, turnOn = ""] = /'(pulumi config set sshAgent true)'/.exec(text) ?? [];
            const add = `SSH_ASKPASS=${ask} SSH_ASKPASS_REQUIRE=force DISPLAY=: ssh-add ${path}`;
            await drill.type(
                `pulumi config rm sshPrivateKeyPath --stack dev && ${turnOn} --stack dev && ssh-agent sh -c '${add} && pulumi ${up.join(" ")} --stack dev --non-interactive'`,
            );
            await drill.destroyed();
        },
    },
    {
        name: "key-missing",
        does: "no file at the private key's path",
        play: async (drill) => {
            const own = (await drill.must("config", "get", "sshPrivateKeyPath")).trim();
            await drill.set({ sshPrivateKeyPath: "/nowhere/key" });
            await drill.mustFail(/sshPrivateKeyPath = "\/nowhere\/key"/, ...up);
            assert.deepEqual(await drill.standing(), []);
            await drill.set({ sshPrivateKeyPath: own });
            await drill.must(...up);
            await stands(drill);
        },
    },
];

/** Cuts a server's network or restores it. */
const link = (state: "up" | "down") =>
    `for id in $(ip netns | grep -o '^i-[0-9a-f]*'); do for name in $(ip -n $id -o link | grep -v ' lo:' | sed -E 's/^[0-9]+: ([^:@]+).*/\\1/'); do ip -n $id link set $name ${state}; done; done`;

const silentServer: Cell = {
    name: "server-silent",
    does: "servers that never answer",
    play: async (drill) => {
        await drill.set({ checkTimeLimit: "10" });
        const running = drill.begin(...up);
        const cut = setInterval(() => void drill.type(link("down")).catch(() => undefined), 500);
        const { code, text } = await running.ended;
        clearInterval(cut);
        assert.notEqual(code, 0, text);
        assert.match(text, /VPC1's server: not done after 10 s\. If it did not answer, look at whether it runs/);
        // User data runs at the first boot only, which failed without a network, so the README says to replace the servers.
        await drill.set({ checkTimeLimit: "60" });
        await drill.must(...up, "--replace", "**::lab-*-server");
        await drill.destroyed();
    },
};

/** All cells. */
export const cells: readonly Cell[] = [
    ...steps.flatMap((step) =>
        interruptions.map(({ name, does, settings = {}, play }) => ({
            name: `${step.name}-${name}`,
            does: `${does} at ${step.midway}`,
            play: async (drill: Drill) => {
                await drill.set(settings);
                await step.prepare(drill);
                await play(drill, step);
            },
        })),
    ),
    ...Object.entries(deletions).map(([what, remove]) => ({
        name: `${what}-deleted`,
        does: `the ${what} is deleted by hand; up --refresh`,
        play: async (drill: Drill) => {
            await peered(drill);
            await remove(drill, await drill.outputs<Outputs>());
            await drill.must(...up, "--refresh");
            await stands(drill);
        },
    })),
    ...Object.entries(deletions).map(([what, remove]) => ({
        name: `${what}-deleted-destroy`,
        does: `the ${what} is deleted by hand; destroy --refresh`,
        play: async (drill: Drill) => {
            await peered(drill);
            await remove(drill, await drill.outputs<Outputs>());
            await drill.destroyed("--refresh");
        },
    })),
    additionCell("peering", "import"),
    additionCell("peering", "removal"),
    additionCell("route", "import"),
    additionCell("route", "removal"),
    additionCell("rule", "import"),
    additionCell("rule", "removal"),
    ...keyCells,
    silentServer,
];
