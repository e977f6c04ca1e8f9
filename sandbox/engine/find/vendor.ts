import { run } from "../../cache/process.ts";

/**
 * Seconds for a download. That is about what it takes to build the part instead, so a slower one is not worth waiting for:
 * the largest part, of 200 MB, passes at 6 Mbit/s. A site that refuses connections fails at once.
 */
const LIMIT = 300;

/** Downloads the Pulumi CLI into `dir/bin` by the Automation API's installer. */
export async function downloadPulumi(dir: string): Promise<void> {
    // The installer can't be interrupted, so it runs in a process that can.
    const script = `await (await import("@pulumi/pulumi/automation/cmd.js")).PulumiCommand.install({ root: process.argv[1] })`;
    await download(dir, process.execPath, ["--input-type=module", "--eval", script, dir], {});
}

/** Downloads a resource plugin into `dir/plugins`. */
export async function downloadPlugin(dir: string, pulumi: string, name: string, version: string): Promise<void> {
    const env = { PULUMI_HOME: dir, PULUMI_SKIP_UPDATE_CHECK: "true" };
    await download(dir, pulumi, ["plugin", "install", "resource", name, version], env);
}

/** Runs an installer whose temporary files go when `dir` does. */
async function download(dir: string, command: string, args: string[], env: Record<string, string>): Promise<void> {
    await run(command, args, { cwd: import.meta.dirname, env: { ...env, TMPDIR: dir }, timeout: LIMIT });
}
