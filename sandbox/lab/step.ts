import { createInterface } from "node:readline/promises";
import type { SandboxContext } from "../context.ts";

/** Opens an interactive shell after it has shown an introduction; resolves when the shell ends. */
export type OpenShell = (context: SandboxContext, introduction: string) => Promise<unknown>;

const introduction = `
All stands as the act has made it, until you go on. Try:
  explain requester accepter           why a packet passes or not, hop by hop
  aws ec2 describe-route-tables        or any other EC2 client
  ssh vpc1                             the server in the first VPC; vpc2 is the other one's
  exit                                 leaves the shell`;

/** Waits until the person goes on, or the run has to end. They may look around in a shell before. */
export async function waitForPerson(context: SandboxContext, openShell: OpenShell): Promise<void> {
    const { ending } = context;
    while (!ending.aborted) {
        // The terminal edits the line itself, so that Ctrl-C is a signal as at any other time.
        const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
        const closed = new Promise<string>((resolve) => {
            lines.on("close", () => {
                resolve("");
            });
        });
        const asked = lines.question("\n  Enter goes on, s opens a shell: ", { signal: ending }).catch(() => "");
        const answer = await Promise.race([asked, closed]);
        lines.close();
        if (answer.trim() !== "s") {
            return;
        }
        await openShell(context, introduction);
    }
}
