import { spawn } from "node:child_process";
import { join } from "node:path";
import { firstLineOf } from "../../cache/process.ts";
import type { Engine } from "../engine.ts";

/**
 * Starts the sandbox's own plugins once, so that `pulumi` commands do not wait for them, and returns the environment that
 * makes `pulumi` attach to them. `env` is the plugins' environment, with the endpoint and the credentials of the EC2 API.
 * The vendor's plugins hold one configuration at a time, so each command still starts those itself.
 */
export async function startProviders(
    engine: Engine,
    env: NodeJS.ProcessEnv,
): Promise<{ readonly env: { readonly PULUMI_DEBUG_PROVIDERS: string } }> {
    const ports = engine.ownPlugins.map(async (name) => {
        const program = join(import.meta.dirname, name, "plugin.ts");
        const plugin = spawn("setpriv", ["--pdeathsig", "TERM", process.execPath, program], {
            env: { ...env, ...engine.env },
            stdio: ["ignore", "pipe", "inherit"],
        });
        return `${name}:${await firstLineOf(plugin, `the ${name} plugin`)}`;
    });
    return { env: { PULUMI_DEBUG_PROVIDERS: (await Promise.all(ports)).join(",") } };
}
