import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { EC2 } from "@aws-sdk/client-ec2";
import { credentialsOf } from "../../api/client/caller.ts";
import { messageOf } from "../../cache/process.ts";
import type { SandboxContext } from "../../context.ts";
import { pageOf, type Report } from "../../../report/page.ts";
import { Album } from "../album.ts";
import { answersOf, type Pair, type Seen } from "../probes.ts";
import { Scene } from "../scene.ts";
import { Stacks } from "../stacks.ts";
import type { OpenShell } from "../step.ts";
import { ActTelling } from "../telling.ts";
import { questionsBetween, readSandbox } from "../why.ts";
import { breakIt } from "./break.ts";
import { anyPuzzle, puzzleOf } from "./choose.ts";
import type { PuzzleCommand } from "./command.ts";
import type { Fault, Puzzle } from "./puzzle.ts";
import { puzzles } from "./puzzles.ts";
import { makeCommands } from "./commands.ts";
import type { Progress } from "./progress.ts";

/** What came of the packets in one direction. */
interface PacketReport extends Seen {
    readonly way: string;
}

/** How a puzzle went, as `--report` writes it. */
export interface PuzzleReport extends Progress {
    readonly puzzle: string;
    readonly solved: boolean;
    /** From the shell's first prompt to its end. */
    readonly seconds: number;
    readonly causes: readonly string[];
    readonly faults: readonly Fault[];
    /** What the packets did at the end; empty if they could not be sent. */
    readonly packets: readonly PacketReport[];
    /** Why they could not. */
    readonly error?: string;
}

/**
 * Brings the lab up peered, breaks it, and leaves it to the person in a shell. Prints at the end whether packets pass again;
 * returns the exit code, which is 0 only if all of them do.
 */
export async function playPuzzle(
    command: PuzzleCommand,
    context: SandboxContext,
    openShell: OpenShell,
): Promise<number> {
    const { log, ending } = context;
    context.engine.forEach(log);
    const puzzle = puzzleFor(command);
    log("Two VPCs are brought up and peered, which takes about a minute. Then something in them is changed.");
    const album = new Album();
    const pair = await setUp(puzzle, context, album);
    if (ending.aborted) {
        return 1;
    }

    const { files, env } = makeCommands(context, pair);
    const start = performance.now();
    await openShell({ ...context, env }, introductionTo(puzzle));
    const seconds = Math.round((performance.now() - start) / 1000);
    if (isCutOff(ending)) {
        return 1;
    }

    log("\nThe packets are sent once more.");
    const seen = await sendPackets(pair).catch((error: unknown) => messageOf(error));
    const packets = typeof seen === "string" ? [] : seen;
    const { name, causes, faults } = puzzle;
    const report: PuzzleReport = {
        puzzle: name,
        solved: packets.length > 0 && packets.every(({ ping, http }) => ping === "reply" && http === "page"),
        seconds,
        ...files.progress,
        causes,
        faults,
        packets,
        ...(typeof seen === "string" && { error: seen }),
    };
    console.log(`\n${describe(report)}`);
    if (command.report !== undefined) {
        writeFileSync(command.report, `${JSON.stringify(report, undefined, 2)}\n`);
    }
    if (command.html !== undefined) {
        album.add(
            await readSandbox(context.endpoint, [context.region]),
            questionsBetween(pair[0].serverId, pair[1].serverId),
            "how it was left",
        );
        writeFileSync(command.html, pageOf(pageReport(report, puzzle, album)));
        console.log(`pictures of it: ${resolve(command.html)}`);
    }
    return report.solved ? 0 : 1;
}

/** Whether a signal leaves no time for the result. Ctrl-C does leave it. */
function isCutOff({ aborted, reason }: AbortSignal): boolean {
    return aborted && reason !== "SIGINT";
}

function puzzleFor({ name, seed }: PuzzleCommand): Puzzle {
    if (seed !== undefined) {
        return puzzleOf(seed);
    }
    return puzzles.find((one) => one.name === name) ?? anyPuzzle();
}

/** How a puzzle went, for a page. */
function pageReport({ puzzle, packets, error, ...rest }: PuzzleReport, { complaint }: Puzzle, album: Album): Report {
    const [summary = "", , ...causes] = describe({ puzzle, packets: [], ...rest })
        .trim()
        .split("\n");
    return {
        title: `Puzzle ${puzzle}`,
        summary: `${summary}.`,
        sections: [
            {
                title: causes.map((cause) => cause.trim()).join(" "),
                text: complaint,
                moments: album.moments(),
                checks: packets.flatMap(({ way, ping, http }) => [
                    { what: `${way} ping`, expected: "reply", seen: ping },
                    { what: `${way} HTTP`, expected: "page", seen: http },
                ]),
                error,
            },
        ],
    };
}

async function setUp(puzzle: Puzzle, context: SandboxContext, album: Album): Promise<Pair> {
    const { endpoint, region } = context;
    const telling = new ActTelling("bringing them up", context.log, false);
    const scene = new Scene({ settings: { peering: true } }, context, new Stacks(context), telling);
    await scene.prepare().finally(() => {
        telling.end(false);
    });
    const [one, two] = scene.pair;
    // The scene's own client tells what it changes.
    const ec2 = new EC2({ endpoint, region, credentials: credentialsOf() });
    await breakIt(puzzle, ec2, await scene.state(), scene.pair);
    album.add(await scene.state(), questionsBetween(one.serverId, two.serverId), "broken");
    ec2.destroy();
    await scene.cleanUp();
    return scene.pair;
}

function introductionTo({ complaint }: Puzzle): string {
    return `
${complaint}

Find out why, and repair it so that ping and HTTP work in both directions. All of it is gone when this shell ends. Try:
  check                                sends the packets now, both ways
  aws ec2 describe-route-tables        or any other command of the AWS CLI, to look and to repair
  ssh vpc1                             the server in the first VPC; vpc2 is the other one's
  hint                                 where to look, a step closer each time
  solution                             what is wrong, and the commands that repair it
  explain requester accepter           all that the analysis says of HTTP from the first server to the second
  exit                                 ends the puzzle and tells how it went`;
}

/** Sends the packets of both directions. */
export async function sendPackets([one, two]: Pair): Promise<PacketReport[]> {
    const ways = [
        [one, two],
        [two, one],
    ] as const;
    return Promise.all(
        ways.map(async ([from, to]) => ({ way: `${from.label} -> ${to.label}`, ...(await answersOf(from, to)) })),
    );
}

function describe({ puzzle, solved, seconds, hints, solution, causes, packets, error }: PuzzleReport): string {
    const time = seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
    const used = hints === 0 ? "no hints" : hints === 1 ? "1 hint" : `${hints} hints`;
    const looked = solution ? "and a look at the solution" : "and without a look at the solution";
    return [
        ...(error === undefined ? [] : [`They could not be sent: ${error}`, ""]),
        ...packets.map(({ way, ping, http }) => `  ${way}  ping: ${ping}, HTTP: ${http}`),
        "",
        `${solved ? "SOLVED" : "NOT SOLVED"}  puzzle ${puzzle}, ${solved ? "in" : "after"} ${time}, with ${used} ${looked}`,
        "What it was:",
        ...causes.map((cause) => `  ${cause}`),
    ].join("\n");
}
