import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../cache/process.ts";

const STALL_SECONDS = 15;

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

/** Runs an installer that ends when it makes no progress, so that a site out of reach costs seconds only. */
async function download(dir: string, command: string, args: string[], env: Record<string, string>): Promise<void> {
    const temporary = join(dir, "tmp");
    mkdirSync(temporary);
    await run(command, args, {
        cwd: import.meta.dirname,
        env: { ...env, TMPDIR: temporary },
        stall: { folder: dir, seconds: STALL_SECONDS },
    });
    rmSync(temporary, { recursive: true, force: true });
}
