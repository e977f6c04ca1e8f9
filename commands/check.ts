/**
 * `npm run check`: sends the packets now, from the servers of the selected stack, whatever made the state, and says per direction
 * what came, what the stage promises, and why it is so. `pulumi up` measures only when something of the stack has changed.
 * `--no-why` leaves out why, for those who want to find out.
 */
import { spawn } from "child_process";
import { readFileSync } from "fs";
import { parseArgs } from "util";
import { overSsh, overSshEnvironment, type OverSsh } from "../components/check/overSsh";
import { probeScript, probeTimeLimit, type ProbeReport } from "../components/check/probe";
import { resultLine } from "../components/check/resultLine";
import { answersIn } from "../components/lab/expectations";
import { labVpcNames } from "../components/lab/names";
import { messageOf } from "../components/problems";
import { readState } from "../reachability/read";
import type { State } from "../reachability/state";
import { explainAgainst } from "../reachability/text";
import { readStack, sourcesOf, type SideOutput } from "./stack";

/** Runs a script on a server as the check does; resolves to what it said and whether it succeeded. */
function runOn(label: string, server: SideOutput, script: string, how: OverSsh<string>) {
    const [program, ...args] = [...overSsh(how.privateKey !== undefined), `ec2-user@${server.publicIp}`];
    const proxyCommand = how.proxyCommand?.replaceAll("{instanceId}", server.serverId);
    const env = { ...process.env, ...overSshEnvironment(label, probeTimeLimit, { ...how, proxyCommand }) };
    return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve, reject) => {
        const child = spawn(program, args, { env, stdio: "pipe" });
        let [stdout, stderr] = ["", ""];
        child.stdout.on("data", (data: Buffer) => (stdout += data.toString()));
        child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
        child.on("error", reject).on("close", (code) => {
            resolve({ code, stdout, stderr });
        });
        child.stdin.end(script);
    });
}

async function main(): Promise<boolean> {
    const { values } = parseArgs({ options: { "no-why": { type: "boolean" } } });
    const stack = await readStack({ name: "check", args: process.argv.slice(2), env: process.env });
    const { requester, accepter, checkResults } = stack.outputs;
    if (!checkResults) {
        throw new Error("The stack has no check: run 'pulumi up', with the setting 'check' as it is by default.");
    }
    const path = await stack.setting("sshPrivateKeyPath");
    const privateKey =
        typeof path === "string"
            ? readFileSync(path, "utf8")
            : ((await stack.setting("sshPrivateKey")) as string | undefined);
    const proxyCommand = (await stack.setting("sshProxyCommand")) as string | undefined;
    // Read only if a promise is broken, and once for both directions.
    let state: Promise<State> | undefined;
    const described = () => (state ??= sourcesOf(stack).then((sources) => readState(sources)));
    const ends = [
        [requester, accepter],
        [accepter, requester],
    ] as const;
    // Both are measured at once, and told in the order of the directions.
    const measured = checkResults.map(async ({ direction, expected }, index) => {
        const [from, to] = ends[index] ?? ends[0];
        const [fromLabel = "", toLabel = ""] = direction.split(" -> ");
        const probed = (label: string, { privateIp, publicIp, publicDns }: SideOutput) => {
            const { page } = labVpcNames("", 0, label);
            return { label, privateIp, publicIp, publicDns, page };
        };
        // What is now counts, not what it settles to.
        const script = `SECONDS=1000\n${probeScript(probed(fromLabel, from), probed(toLabel, to), expected)}`;
        const { code, stdout, stderr } = await runOn(fromLabel, from, script, { privateKey, proxyCommand });
        if (code === 0) {
            return { isKept: true, line: resultLine(direction, expected, JSON.parse(stdout) as ProbeReport) };
        }
        if (values["no-why"] === true) return { isKept: false, line: stderr.trimEnd() };
        const question = { from: from.serverId, to: to.serverId, ...answersIn(expected) };
        const why = await described()
            .then((state) => explainAgainst(state, question))
            .catch((error: unknown) => `Why is not known: ${messageOf(error)}`);
        return { isKept: false, line: `${stderr.trimEnd()}\n${why}` };
    });
    const told = await Promise.all(measured);
    for (const { line } of told) {
        console.log(line);
    }
    return told.every(({ isKept }) => isKept);
}

main().then(
    (areKept) => {
        process.exitCode = areKept ? 0 : 1;
    },
    (error: unknown) => {
        console.error(messageOf(error));
        process.exitCode = 2;
    },
);
