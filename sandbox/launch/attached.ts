/** The part of another terminal that is inside a sandbox's namespaces: opens a shell there. */
import { chdir } from "node:process";
import { say } from "../cache/tool.mjs";
import { loadContext } from "./contextFile.ts";
import { openShell } from "./shell.ts";

const context = loadContext();
const { env, endpoint, checkout } = context;
const { TERM = "dumb", SHELL = "bash" } = process.env;
chdir(checkout);
process.exitCode = await openShell(
    { ...context, env: { ...env, TERM, SHELL }, ending: new AbortController().signal, log: say },
    `Another terminal in the sandbox with EC2 at ${endpoint}. Try:
  explain requester accepter           why a packet passes or not, hop by hop
  aws ec2 describe-vpcs                or any other EC2 client
  exit                                 leaves this terminal; the sandbox goes on`,
);
