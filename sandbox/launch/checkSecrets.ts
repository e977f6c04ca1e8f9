/** Run before a Pulumi command that opens a stack, with its arguments: fails if the stack's secrets can't be read here. */
import { refusal } from "./secrets.ts";

const message = refusal(process.cwd(), process.argv.slice(2), process.env["PULUMI_CONFIG_PASSPHRASE"] ?? "");
if (message !== undefined) {
    console.error(message);
    process.exitCode = 1;
}
