import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { constants } from "node:os";
import { basename, join } from "node:path";
import type { SandboxContext } from "../context.ts";
import { pendingOf } from "./names.ts";

/**
 * Bash's function `read_names`, which reads the variables. They follow a change within a moment, for which it waits, but not
 * forever.
 */
export const readNames = `read_names() {
    local try
    [ -e "$VPC_PEERING_LAB_NAMES" ] || return 0
    for try in {1..100}; do [ -e "${pendingOf("$VPC_PEERING_LAB_NAMES")}" ] && sleep 0.05 || break; done
    . "$VPC_PEERING_LAB_NAMES"
}`;

/** What an interactive Bash reads: the person's own file, and then a prompt and, before each prompt, the variables. */
const bashrc = `[ -f ~/.bashrc ] && . ~/.bashrc
PS1='(vpc-peering-lab) \\w \\$ '
${readNames}
PROMPT_COMMAND="\${PROMPT_COMMAND:+$PROMPT_COMMAND
}read_names"
`;

/** Runs a program, by default an interactive shell, and returns its exit code. */
export function runShell(command: readonly string[], context: SandboxContext): Promise<number> {
    return command.length > 0 ? runProgram(command, context) : openShell(context, introductionTo(context));
}

function runProgram([program = "", ...args]: readonly string[], { env, log }: SandboxContext): Promise<number> {
    return new Promise((resolve) => {
        const child = spawn(program, args, { env, stdio: "inherit" });
        child.on("error", (error) => {
            log(`${program}: ${error.message}`);
            resolve(127);
        });
        child.on("exit", (code, signal) => {
            resolve(signal ? 128 + constants.signals[signal] : (code ?? 1));
        });
    });
}

/** Runs the user's own shell after an introduction, and returns its exit code; Bash also gets the sandbox's prompt and variables. */
export function openShell(context: SandboxContext, introduction: string): Promise<number> {
    return runProgram(personsShell(context, introduction), context);
}

/**
 * Runs it on a terminal of its own. A shell gives its terminal back to the process group that had it before, which is none of
 * the sandbox's, and then nothing more could be read from it there.
 */
export function openShellAside(context: SandboxContext, introduction: string): Promise<number> {
    const shell = personsShell(context, introduction).map((word) => `'${word}'`);
    return runProgram(["script", "-qec", shell.join(" "), "/dev/null"], context);
}

function personsShell(context: SandboxContext, introduction: string): string[] {
    const { env, runDir, log } = context;
    const shell = env["SHELL"] ?? "bash";
    const isBash = basename(shell) === "bash";
    log(`${introduction}
  echo $VPC1 $RT1 $SG1 $IP1            the first VPC, its route table, its security group, its server's private address${
      isBash ? "" : `\n                                       after \`. $VPC_PEERING_LAB_NAMES\``
  }`);
    if (!isBash) {
        return [shell];
    }
    const rcFile = join(runDir, "bashrc");
    writeFileSync(rcFile, bashrc);
    return [shell, "--rcfile", rcFile, "-i"];
}

function introductionTo({ endpoint, engine }: SandboxContext): string {
    const pulumi = `
  pulumi up                            the two VPCs, apart
  pulumi config set peering true       and \`pulumi up\` again: peered
  check                                sends the packets now, both ways
  explain requester accepter           why a packet passes or not, hop by hop`;
    return `A fresh sandbox: EC2 at ${endpoint}. All of it is gone when this shell ends. Try:${engine.length > 0 ? pulumi : ""}
  aws ec2 describe-vpcs                or any other EC2 client
  ssh vpc1                             the server in the first VPC; another one by its name or public address`;
}
