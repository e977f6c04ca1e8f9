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
    const { env, log } = context;
    const [program = "", ...args] = command.length > 0 ? command : personsShell(context);
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

/** The user's own shell, after a short introduction; Bash also gets the sandbox's prompt and variables. */
function personsShell({ env, endpoint, engine, runDir, log }: SandboxContext): readonly string[] {
    const shell = env["SHELL"] ?? "bash";
    const isBash = basename(shell) === "bash";
    const pulumi = `
  pulumi up                            the two VPCs, apart
  pulumi config set peering true       and \`pulumi up\` again: peered
  check                                sends the packets now, both ways
  explain requester accepter           why a packet passes or not, hop by hop`;
    log(`A fresh sandbox: EC2 at ${endpoint}. All of it is gone when this shell ends. Try:${engine.length > 0 ? pulumi : ""}
  aws ec2 describe-vpcs                or any other EC2 client
  ssh vpc1                             the server in the first VPC; another one by its name or public address
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
