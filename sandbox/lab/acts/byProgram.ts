import type { VpcPeeringConnectionVpcInfo } from "@aws-sdk/client-ec2";
import { run } from "../../cache/process.ts";
import { LAST, type Act } from "../act.ts";
import { peerByHand } from "../hands.ts";
import { bothWays, isolated, nameVerdicts, reachable, sizeVerdicts } from "../probes.ts";
import type { Outputs } from "../pulumi.ts";
import { changesText, type LateVerdict, type Verdict } from "../report.ts";
import type { Scene } from "../scene.ts";
import type { StackName } from "../stacks.ts";

// Acts that change the program's settings.

/** The accepter's region and account in the acts that span two regions or accounts. */
const elsewhere = { region: "us-east-1", account: "222222222222" } as const;

/** The place that each stack has resources in beside the lab's own, and its name in a verdict. */
const places: Readonly<Record<StackName, { where: string; region?: string; account?: string }>> = {
    lab: { where: "account" },
    "other-region": { where: "other region", region: elsewhere.region },
    "other-account": { where: "other account", account: elsewhere.account },
};
const role = `arn:aws:iam::${elsewhere.account}:role/vpc-peering-lab`;

/** What keeps two VPCs apart if nothing is done about it. */
const apart = "client's routes, connection, server's group, server's routes";

export const base: Act = {
    name: "base",
    shows: "two VPCs with a web server each, and neither can reach the other",
    rule: 'Amazon VPC User Guide, "What is Amazon VPC?"',
    settings: {},
    play: (scene) => stageVerdicts(scene, false),
};

export const peering: Act = {
    name: "peering",
    shows: "a peering connection, routes and HTTP rules let each server reach the other",
    rule: 'Amazon VPC Peering Guide, "What is VPC peering?"',
    settings: { peering: true },
    play: (scene) => stageVerdicts(scene, true),
};

/** The same on the tour, with the MTU, which `otherRegion` compares. */
export const peered: Act = {
    ...peering,
    name: "peered",
    play: async (scene) => [...(await peering.play(scene)), ...(await sizeVerdicts(scene.pair, 9001))],
};

export const otherRegion: Act = {
    name: "other-region",
    shows: `VPC2 is in ${elsewhere.region}: everything works as within one region, except that the MTU is smaller`,
    rule: 'Amazon EC2 User Guide, "Network maximum transmission unit (MTU) for your EC2 instance"',
    stack: "other-region",
    settings: { peering: true, prefix: "far", accepter: { region: elsewhere.region } },
    play: async (scene) => [
        { what: "VPC2's region", expected: elsewhere.region, seen: (await accepterOf(scene)).Region ?? "none" },
        ...(await bothWays(scene.pair, reachable)),
        ...(await nameVerdicts(scene.pair, "private")),
        ...(await sizeVerdicts(scene.pair, 8500)),
    ],
};

export const otherAccount: Act = {
    name: "other-account",
    shows: "VPC2 belongs to another account: the program accepts the request and creates its side through a role there",
    rule: 'Amazon VPC Peering Guide, "Create a VPC peering connection" (VPCs in different accounts)',
    stack: "other-account",
    settings: { peering: true, prefix: "their", accepter: { roleArn: role, accountId: elsewhere.account } },
    play: async (scene) => [
        { what: "VPC2's owner", expected: elsewhere.account, seen: (await accepterOf(scene)).OwnerId ?? "none" },
        ...(await bothWays(scene.pair, reachable)),
        ...(await nameVerdicts(scene.pair, "private")),
    ],
};

export const oneWay: Act = {
    name: "one-way",
    shows: "VPC1 can send requests and VPC2 can only reply, because VPC1's security group allows no traffic in",
    rule: 'Amazon VPC User Guide, "Control traffic to your AWS resources using security groups"',
    settings: { peering: true, requestsFrom: "requester", icmpCidrs: ["10.41.0.0/16"] },
    play: ({ pair }) => bothWays(pair, reachable, isolated("server's group")),
};

export const someoneElse: Act = {
    name: "someone-else-accepts",
    awsCli: true,
    shows: "packets pass only after the other owner has run the commands that the program prints for them",
    rule: 'Amazon VPC Peering Guide, "Accept or reject a VPC peering connection"',
    settings: { peering: true, manageAccepter: false },
    play: async (scene) => {
        const { pair } = scene;
        // The program makes its own routes and rules when the connection is active.
        const before = [
            stageVerdict(scene, "pending-acceptance"),
            ...(await bothWays(pair, isolated(apart), isolated(apart), "requested")),
        ];
        const { otherOwner = [] } = scene.outputs["peering"] as { readonly otherOwner?: readonly string[] };
        for (const command of otherOwner) {
            scene.telling.say(`$ ${command}`);
            await run("sh", ["-c", command]);
        }
        await scene.up();
        return [
            ...before,
            stageVerdict(scene, "reachable"),
            ...(await bothWays(pair, reachable, reachable, "accepted")),
        ];
    },
};

export const theyRequest: Act = {
    name: "they-request",
    shows: "another owner has requested the connection: packets pass once the program has accepted it and made its own side",
    rule: 'Amazon VPC Peering Guide, "Accept or reject a VPC peering connection"',
    settings: {},
    play: async (scene) => {
        const { pair } = scene;
        const [requester] = pair;
        const id = await peerByHand(scene, { accepted: false, routes: [requester], rules: [requester] });
        const before = await bothWays(
            pair,
            isolated("connection", "server's group", "server's routes"),
            isolated("client's routes", "connection"),
            "requested",
        );
        await scene.up({ peering: true, manageRequester: false, peeringConnectionId: id, dnsResolution: false });
        return [
            ...before,
            { what: "the connection that was accepted", expected: id, seen: scene.peeringId },
            stageVerdict(scene, "reachable"),
            ...(await bothWays(pair, reachable, reachable, "accepted")),
        ];
    },
};

export const destroy: Act = {
    name: LAST,
    shows: "the peering connection and its routes go first, then the rest, and nothing is left",
    rule: 'Amazon VPC Peering Guide, "Delete a VPC peering connection"',
    play: async (scene) => {
        const names = new Set<StackName>(["lab", ...(await scene.destroy())]);
        return Promise.all(
            [...names].map(async (name) => {
                const { where, ...place } = places[name];
                const left = await scene.inventory(place);
                return { what: `left in the ${where}`, expected: "nothing", seen: left.join(", ") || "nothing" };
            }),
        );
    },
};

/** The accepter's VPC, according to the connection. */
async function accepterOf(scene: Scene): Promise<VpcPeeringConnectionVpcInfo> {
    return (await scene.connection(scene.peeringId))?.AccepterVpcInfo ?? {};
}

function stageVerdict({ outputs }: Scene, expected: string): Verdict {
    return { what: "the program's stage output", expected, seen: String(outputs["stage"]) };
}

/** One direction of the `check` output: the fields that the lab reads. */
interface DirectionResult {
    readonly direction: string;
    readonly seen: { readonly icmp: string; readonly http: string; readonly dns: string };
    readonly clientSeen: string | null;
}

/** Compares a stage's packets with what AWS's rules require, and checks that a second update would change nothing. */
async function stageVerdicts(scene: Scene, isReachable: boolean): Promise<(Verdict | LateVerdict)[]> {
    const packets = packetVerdicts(scene.outputs, isReachable);
    const [one, other] = scene.pair;
    const whys = await Promise.all([one.why(other), other.why(one)]);
    const culprits = whys.map(({ stoppedBy, text }, index) => ({
        what: `${["VPC1 -> VPC2", "VPC2 -> VPC1"][index]} HTTP is stopped by`,
        expected: isReachable ? "nothing" : apart,
        seen: stoppedBy,
        why: text,
    }));
    const wouldChange = scene.keep();
    const again = async () => ({
        what: "a second pulumi up (preview)",
        expected: "no change",
        seen: changesText(await wouldChange()),
    });
    return [...packets, ...culprits, again];
}

/** Verdicts on the `checkResults` output. The program's own expectations are ignored, so that it can't lower the bar. */
export function packetVerdicts(outputs: Outputs, isReachable: boolean): Verdict[] {
    const results = outputs["checkResults"] as readonly DirectionResult[] | undefined;
    if (results?.length !== 2) {
        return [{ what: "check", expected: "two directions", seen: `${results?.length ?? 0} directions` }];
    }
    const addresses = ["requester", "accepter"].map((side) => (outputs[side] as { privateIp: string }).privateIp);
    const { ping, http } = isReachable ? reachable : isolated(apart);
    return results.flatMap(({ direction, seen, clientSeen }, index) => [
        { what: `${direction} ping`, expected: ping, seen: seen.icmp },
        { what: `${direction} HTTP`, expected: http, seen: seen.http },
        { what: `${direction} public name`, expected: isReachable ? "private" : "public", seen: seen.dns },
        {
            what: `${direction} client in the log`,
            expected: (isReachable ? addresses[index] : undefined) ?? "none",
            seen: clientSeen ?? "none",
        },
    ]);
}
